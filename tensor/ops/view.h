#pragma once
// Ops that rearrange without computing. Those marked "view" share their input's storage: no value moves.
#include "tensor/op.h"

namespace reel {

// The same values in row-major order under another shape; one extent may be -1. A view where the strides allow it, else a copy.
Tensor reshape(const Tensor& x, std::initializer_list<int64_t> shape, Where where = {});
Tensor reshape(const Tensor& x, const Shape& shape, Where where = {});
// One axis: reshape(x, {-1}). From `axis` on: flatten(x, 1) keeps the batch.
Tensor flatten(const Tensor& x, int axis = 0, Where where = {});
// Axes in a new order (view); without one reversed.
Tensor transpose(const Tensor& x, Where where = {});
Tensor transpose(const Tensor& x, std::initializer_list<int> axes, Where where = {});
Tensor transpose(const Tensor& x, std::span<const int> axes, Where where = {});
Tensor swapaxes(const Tensor& x, int a, int b, Where where = {});             // view
Tensor expand_dims(const Tensor& x, int axis, Where where = {});              // view, a new axis of 1 at `axis`
Tensor squeeze(const Tensor& x, Where where = {});                            // view, without any axis of 1
Tensor squeeze(const Tensor& x, int axis, Where where = {});                  // view; throws when that axis is not 1
Tensor broadcast_to(const Tensor& x, const Shape& shape, Where where = {});   // view with strides of 0
Tensor flip(const Tensor& x, int axis, Where where = {});                     // view with a negative stride
// The elements start, start + 1 ... of one axis (view); bounds are checked.
Tensor slice_axis(const Tensor& x, int axis, int64_t start, int64_t count, Where where = {});

// Joins along an existing axis; other axes must agree. Dtypes promote.
Tensor concat(const Tensors& parts, int axis = 0, Where where = {});
// Joins along a new axis; all shapes must agree.
Tensor stack(const Tensors& parts, int axis = 0, Where where = {});
// `sections` equal parts (views), or parts of the given sizes.
Tensors split(const Tensor& x, int sections, int axis = 0, Where where = {});
Tensors split(const Tensor& x, std::span<const int64_t> sizes, int axis = 0, Where where = {});
Tensors split(const Tensor& x, std::initializer_list<int64_t> sizes, int axis = 0, Where where = {});
// `value` around x: {before, after} for each axis.
Tensor pad(const Tensor& x, std::span<const std::pair<int64_t, int64_t>> widths, double value = 0, Where where = {});
Tensor pad(const Tensor& x, std::initializer_list<std::pair<int64_t, int64_t>> widths, double value = 0, Where where = {});

// x[...] of integers, slices, newaxis and ellipsis.
namespace detail {
Tensor basic_index(const Tensor& x, std::span<const Index> index, Where where);
}

}  // namespace reel
