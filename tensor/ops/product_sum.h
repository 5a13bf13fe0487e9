#pragma once
// The gradient of a weight matrix that a tape multiplies a few rows with, again and again.
#include "tensor/op.h"

namespace reel {

// Leaves a^T b, of a [rows, m] and b [rows, n], with what waits for input i of a rule; false where it may not or is not worth it.
bool defer_product(const Vjp& v, int i, const Tensor& a, const Tensor& b);

}  // namespace reel
