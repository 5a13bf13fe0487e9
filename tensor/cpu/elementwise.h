#pragma once
// The strided, broadcasting, threaded walk that feeds the elementwise loops.
#include "tensor/cpu/loop.h"
#include "tensor/op.h"

namespace reel {

// out (already allocated, any strides) = op(in...); inputs broadcast to out's shape.
void run_elementwise(const LoopInfo& info, const void* op, Inputs in, const Tensor& out);

// to = from with to's dtype, broadcast to to's shape; both on the host.
void copy_values(const Tensor& to, const Tensor& from);

template <class O> void elementwise_kernel(const void* op, Inputs in, Tensor* out) { run_elementwise(Loops<O>::info, op, in, out[0]); }

}  // namespace reel

// Gives a user's elementwise op its CPU kernel, compiled with the flags of that file.
#define REEL_ELEMENTWISE(O)                                                                     \
  [[maybe_unused]] static const bool elementwise_kernel_of_##O##_is_there =                     \
      (::reel::install_loops<O>(),                                                              \
       ::reel::Kernels<O>::on[int(::reel::DeviceType::kCpu)] = &::reel::elementwise_kernel<O>, true)
