#pragma once
// For formulas that look at values on the way: they have to be in host memory.
#include "tensor/op.h"

namespace reel {

// x, after throwing DeviceError when its values cannot be read here.
inline const Tensor& on_host(const char* op, const Tensor& x) {
  if (x.device() != cpu()) throw DeviceError(std::string(op) + ": reads values in host memory (to(x, cpu()) copies)\n  a  " + describe(x));
  return x;
}

}  // namespace reel
