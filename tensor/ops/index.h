#pragma once
// Gathering and scattering by integer tensors. Indices are of any integer dtype, negative ones count from the end (once), one out of
// range throws IndexError before anything is written; duplicates add up in index order, so results do not depend on threads.
#include "tensor/op.h"

namespace reel {

// The rows of one axis that indices name: the shape of indices stands in place of that axis. Any dtype.
Tensor take(const Tensor& x, const Tensor& indices, int axis = 0, Where where = {});
// take(table, ids, 0) for a [rows, width] table: the shape of ids, then width. An id below 0 is an error: ids do not count from the end.
Tensor embedding(const Tensor& table, const Tensor& ids, Where where = {});
// One element along `axis` for each index; x and indices have the same number of axes, the others broadcast.
Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis, Where where = {});

// Zeros of `shape`, or base, plus updates at the rows of `axis` that indices name: updates has the shape that take would give.
// Numbers only; f16 and bf16 add up in float.
Tensor scatter_add(const Shape& shape, const Tensor& indices, const Tensor& updates, int axis = 0, Where where = {});
Tensor scatter_add(const Tensor& base, const Tensor& indices, const Tensor& updates, int axis = 0, Where where = {});
// base plus updates at one position along `axis` for each index; updates has the shape of indices, whose other axes are base's.
Tensor add_along_axis(const Tensor& base, const Tensor& indices, const Tensor& updates, int axis, Where where = {});

}  // namespace reel
