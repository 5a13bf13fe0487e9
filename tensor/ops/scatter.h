#pragma once
// Writing along an axis by integer tensors, as values: each function answers a new tensor and leaves its operands. Indices are of any
// integer dtype, negative ones count from the end, one out of range is an IndexError; several updates of one element meet in index
// order, so that the bits do not depend on threads.
#include "tensor/ops/reduce.h"

namespace reel {

// x with its rows of `axis` that indices name replaced by updates, which has the shape take would give. Named twice: the last one stays,
// and has the gradient.
Tensor index_copy(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis = 0, Where where = {});
// x with updates added to the rows that indices name, once for each time: scatter_add.
Tensor index_add(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis = 0, Where where = {});
// x with value in all elements of the rows that indices name.
Tensor index_fill(const Tensor& x, const Tensor& indices, Scalar value, int axis = 0, Where where = {});
// x with one value along `axis` for each index; indices and values broadcast against x's other axes. Unlike NumPy's it answers a new tensor.
Tensor put_along_axis(const Tensor& x, const Tensor& indices, const Tensor& values, int axis, Where where = {});

// PyTorch's gather: out[i, j, k] = x[index[i, j, k], j, k] for axis 0; index may be smaller than x along the other axes.
Tensor gather(const Tensor& x, int axis, const Tensor& index, Where where = {});
// PyTorch's scatter: out[index[i, j, k], j, k] = source[i, j, k] for axis 0, else x; index may be smaller than x and source.
Tensor scatter(const Tensor& x, int axis, const Tensor& index, const Tensor& source, Where where = {});
Tensor scatter(const Tensor& x, int axis, const Tensor& index, Scalar value, Where where = {});
// The same, folded by "sum", "prod", "mean", "amax" or "amin" with what x holds there, or without include_self among the sources only.
// Ties of amax and amin share the gradient; that of prod is exact with zeros, to every order.
Tensor scatter_reduce(const Tensor& x, int axis, const Tensor& index, const Tensor& source, std::string_view fold, bool include_self = true,
                      Where where = {});

// The rows of x folded by segment: row i goes to segment ids[i] of `segments` (-1: the largest id and one more). The ids need not be
// sorted. A segment without rows is 0, of prod 1.
Tensor segment_sum(const Tensor& x, const Tensor& ids, int64_t segments = -1, Where where = {});
Tensor segment_mean(const Tensor& x, const Tensor& ids, int64_t segments = -1, Where where = {});
Tensor segment_prod(const Tensor& x, const Tensor& ids, int64_t segments = -1, Where where = {});
Tensor segment_max(const Tensor& x, const Tensor& ids, int64_t segments = -1, Where where = {});
Tensor segment_min(const Tensor& x, const Tensor& ids, int64_t segments = -1, Where where = {});

// Rows of a table folded by bags with "sum", "mean" or "max": ids [bags, n], or ids [n] with bag i from offsets[i] up to the next offset.
// An empty bag is 0. `weights`, of the shape of ids, multiply the rows of a sum.
Tensor embedding_bag(const Tensor& table, const Tensor& ids, std::string_view fold = "mean", Where where = {});
Tensor embedding_bag(const Tensor& table, const Tensor& ids, const Tensor& offsets, std::string_view fold = "mean", const Tensor& weights = {},
                     Where where = {});

}  // namespace reel
