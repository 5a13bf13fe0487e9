#pragma once
// Grids and ranges: coordinates of rows, columns and triangles, and numbers evenly spaced on a scale.
#include "tensor/ops/elementwise.h"

namespace reel {

// Tensors of the shape of others; dtype as given.
Tensor full_like(const Tensor& x, Scalar value, Where where = {});
Tensor empty_like(const Tensor& x, Where where = {});  // uninitialised
// base^start ... base^stop; and from start to stop by a constant factor (both of one sign). Ends included.
Tensor logspace(double start, double stop, int64_t count = 50, double base = 10, DType dtype = float32, Where where = {});
Tensor geomspace(double start, double stop, int64_t count = 50, DType dtype = float32, Where where = {});

// Coordinate i of every point of the grid that vectors span, one tensor for each: indexing "xy" lets the first vector run along axis 1, "ij"
// along axis 0 (views).
Tensors meshgrid(const Tensors& vectors, std::string_view indexing = "xy", Where where = {});
// int64 [rank of shape, shape...]: coordinate i of every element at i.
Tensor indices(const Shape& shape, Where where = {});
// 1 where column <= row + k, else 0.
Tensor tri(int64_t rows, int64_t columns = -1, int64_t k = 0, DType dtype = float32, Where where = {});
// Rows and columns of the lower (upper) triangle up to (from) diagonal k, in row-major order.
Tensors tril_indices(int64_t rows, int64_t columns = -1, int64_t k = 0, Where where = {});
Tensors triu_indices(int64_t rows, int64_t columns = -1, int64_t k = 0, Where where = {});

}  // namespace reel
