#pragma once
// Reading and adding along an axis in the name of the function that asks: errors about an index name it.
#include "tensor/op.h"

namespace reel {

// take_along_axis and add_along_axis; the axis from 0, all other axes of the same extents.
Tensor take_along(const char* op, const Tensor& x, const Tensor& indices, int axis);
Tensor add_along(const char* op, const Tensor& base, const Tensor& indices, const Tensor& updates, int axis);

}  // namespace reel
