#pragma once
// Axes and elements in other places: moved, rolled, turned, cut and seen through windows. Those marked "view" share their input's storage.
#include "tensor/ops/reduce.h"

namespace reel {

Tensor moveaxis(const Tensor& x, int from, int to, Where where = {});                                        // view
Tensor moveaxis(const Tensor& x, const std::vector<int>& from, const std::vector<int>& to, Where where = {});  // view
Tensor rollaxis(const Tensor& x, int axis, int start = 0, Where where = {});  // view; axis moves to before `start`
Tensor ravel(const Tensor& x, Where where = {});                             // one axis; a view where the strides allow it
// One axis as several, one extent may be -1 (view).
Tensor unflatten(const Tensor& x, int axis, const std::vector<int64_t>& extents, Where where = {});
// With axes of 1 put around up to one, two or three: a vector becomes a row, a matrix [m, n, 1] (views).
Tensor atleast_1d(const Tensor& x, Where where = {});
Tensor atleast_2d(const Tensor& x, Where where = {});
Tensor atleast_3d(const Tensor& x, Where where = {});
// All at their common shape (views).
Tensors broadcast_arrays(const Tensors& tensors, Where where = {});

// Reversed along several axes, all when none is named (view). Left to right is axis 1, up and down axis 0.
Tensor flip(const Tensor& x, Where where = {});
Tensor flip(const Tensor& x, const std::vector<int>& axes, Where where = {});
Tensor fliplr(const Tensor& x, Where where = {});
Tensor flipud(const Tensor& x, Where where = {});
// Turned by k quarters from the first towards the second axis (view).
Tensor rot90(const Tensor& x, int k = 1, std::pair<int, int> axes = {0, 1}, Where where = {});
// Elements moved on by `shift`, those that fall off coming in at the front; of the flattened tensor without an axis.
Tensor roll(const Tensor& x, int64_t shift, Where where = {});
Tensor roll(const Tensor& x, int64_t shift, int axis, Where where = {});
Tensor roll(const Tensor& x, const std::vector<int64_t>& shifts, const std::vector<int>& axes, Where where = {});

// The slices along axis, without it (views).
Tensors unstack(const Tensor& x, int axis = 0, Where where = {});
// At most `chunks` parts of equal size but for the last, as PyTorch's chunk; exactly `sections` parts, the first ones larger by one (views).
Tensors chunk(const Tensor& x, int64_t chunks, int axis = 0, Where where = {});
Tensors array_split(const Tensor& x, int64_t sections, int axis = 0, Where where = {});
// split along axis 1 (0 of a vector), 0 and 2 (views).
Tensors hsplit(const Tensor& x, int sections, Where where = {});
Tensors vsplit(const Tensor& x, int sections, Where where = {});
Tensors dsplit(const Tensor& x, int sections, Where where = {});

// The elements [.., i, .., i + offset, ..] of two axes as a last axis (view).
Tensor diagonal(const Tensor& x, int64_t offset = 0, int axis1 = 0, int axis2 = 1, Where where = {});
// A matrix with x on a diagonal, or the diagonal of a matrix (then a view).
Tensor diag(const Tensor& x, int64_t offset = 0, Where where = {});
Tensor diagflat(const Tensor& x, int64_t offset = 0, Where where = {});
// The last axis on the diagonal of two new axes.
Tensor diag_embed(const Tensor& x, int64_t offset = 0, int axis1 = -2, int axis2 = -1, Where where = {});
// The sum of a diagonal; integers in int64.
Tensor trace(const Tensor& x, int64_t offset = 0, int axis1 = 0, int axis2 = 1, Where where = {});
// The lower (upper) triangle of the last two axes up to (from) diagonal k, zeros elsewhere.
Tensor tril(const Tensor& x, int64_t k = 0, Where where = {});
Tensor triu(const Tensor& x, int64_t k = 0, Where where = {});

// Every window of the given extents: the axes get shorter by extent - 1 and the windows' axes come last (view). Without axes all.
Tensor sliding_window_view(const Tensor& x, const std::vector<int64_t>& window, const std::vector<int>& axes = {}, Where where = {});
// Element [i, j ...] is element offset + i * strides[0] + j * strides[1] ... of x in row-major order, checked to lie in x (a view of a
// contiguous x, else of a copy). Strides and offset count elements; elements seen twice add up their gradients.
Tensor as_strided(const Tensor& x, const Shape& shape, const std::vector<int64_t>& strides, int64_t offset = 0, Where where = {});

}  // namespace reel
