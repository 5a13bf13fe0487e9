#pragma once
// Indexing by tensors: what x[ids], x[{rows, columns}] and x[mask] = 0 are made of, and its forms that add up or have gradients. NumPy's
// rules: index tensors and integers broadcast together; the axes they make stand where the indices stood, or first when something else
// stands between two of them. An index out of range is an IndexError with its value, the axis and its extent. On the CPU.
#include "tensor/ops/elementwise.h"

namespace reel {

// x with `values` (broadcast, cast to x's dtype) at the elements that the indices name; x itself stays. Named more than once: the last
// value stays and has the gradient, or with `accumulate` all of them are added to x.
Tensor index_put(const Tensor& x, const AnyIndices& indices, const Tensor& values, bool accumulate = false, Where where = {});
// Adds values to the named elements of x in place, once for each time they are named (NumPy's add.at).
void add_at(const Tensor& x, const AnyIndices& indices, const Tensor& values, Where where = {});
// Writes values to positions of flattened x in place: x.flat[positions] = values; values repeat when there are too few of them.
void put(const Tensor& x, const Tensor& positions, const Tensor& values, Where where = {});
// Writes values to x in place where mask is true: x[mask] = values without reading first, values broadcast to x.
void putmask(const Tensor& x, const Tensor& mask, const Tensor& values, Where where = {});

// Coordinates (one tensor for each axis of shape, any integer dtype, broadcast) as int64 row-major positions.
Tensor ravel_multi_index(const Tensors& coordinates, const Shape& shape, Where where = {});
// Row-major positions as coordinates, one int64 tensor for each axis of shape.
Tensors unravel_index(const Tensor& positions, const Shape& shape, Where where = {});

}  // namespace reel
