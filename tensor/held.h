#pragma once
// For functions that look at a tensor before any op does: an empty handle is an error that names the function and the user's line.
#include "tensor/tensor.h"

namespace reel {

// x itself.
const Tensor& held(const char* function, const Tensor& x, Where where);

}  // namespace reel
