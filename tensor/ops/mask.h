#pragma once
// Choosing by truth: where a tensor is not zero, and the elements that a mask picks or replaces. On the CPU.
#include "tensor/op.h"

namespace reel {

// int64 positions of the elements of flattened x that are not zero (or false), ascending.
Tensor flatnonzero(const Tensor& x, Where where = {});
// int64 [count, rank of x]: one row of coordinates for each element that is not zero, in row-major order.
Tensor argwhere(const Tensor& x, Where where = {});
// The columns of argwhere, one int64 tensor for each axis: x[nonzero(x)[0]] style indices. A tensor of no axes throws.
Tensors nonzero(const Tensor& x, Where where = {});

// The elements of flattened x at which flattened condition is not zero; both have the same number of elements.
Tensor extract(const Tensor& condition, const Tensor& x, Where where = {});
// The elements of x where mask is true, flattened; the two broadcast.
Tensor masked_select(const Tensor& x, const Tensor& mask, Where where = {});
// The rows of one axis at which the bool vector condition is true; a condition shorter than the axis leaves the rest out.
Tensor compress(const Tensor& condition, const Tensor& x, int axis, Where where = {});
// x with value where mask is true; the mask broadcasts to x, and value to both when it is a tensor.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Where where = {});
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value, Where where = {});
// x with the first elements of flattened source where mask is true, in row-major order; too few throw.
Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source, Where where = {});

}  // namespace reel
