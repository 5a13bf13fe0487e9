#pragma once
// Reading and adding along an axis in the name of the function that asks: errors about an index name it.
#include "tensor/op.h"

namespace reel {

// take_along_axis and add_along_axis; the axis from 0, all other axes of the same extents.
Tensor take_along(const char* op, const Tensor& x, const Tensor& indices, int axis);
Tensor add_along(const char* op, const Tensor& base, const Tensor& indices, const Tensor& updates, int axis);

// The gradient of input 0 of a rule, a table of which `indices` named rows along an axis, and what each of them gets. A few rows are added
// to it where it stands, or wait for others; the answer is absent then.
Tensor rows_gradient(const Vjp& v, const Tensor& indices, const Tensor& updates, int axis);

}  // namespace reel
