#pragma once
// Larger tensors from smaller ones: stacks, blocks, repetitions, insertions and padding by what is there.
#include "tensor/op.h"

namespace reel {

// concat along axis 1 (0 of vectors), 0 and 2, after atleast_1d, atleast_2d and atleast_3d; vectors as columns of a matrix.
Tensor hstack(const Tensors& parts, Where where = {});
Tensor vstack(const Tensors& parts, Where where = {});
Tensor dstack(const Tensors& parts, Where where = {});
Tensor column_stack(const Tensors& parts, Where where = {});
// Nested lists of tensors: the innermost join along the last axis, those around them along the one before: block({{a, b}, {c, d}}).
struct NestedTensors {
  Tensor tensor;
  std::vector<NestedTensors> list;
  NestedTensors(const Tensor& t) : tensor(t) {}
  NestedTensors(std::initializer_list<NestedTensors> l) : list(l) {}
};
Tensor block(std::initializer_list<NestedTensors> blocks, Where where = {});

// x repeated reps[i] times along axis i; missing axes on either side are 1.
Tensor tile(const Tensor& x, const std::vector<int64_t>& reps, Where where = {});
// Every element (or slice along axis) `count` times, or each as often as `counts` says; of the flattened tensor without an axis.
Tensor repeat(const Tensor& x, int64_t count, Where where = {});
Tensor repeat(const Tensor& x, int64_t count, int axis, Where where = {});
Tensor repeat(const Tensor& x, const Tensor& counts, int axis, Where where = {});

// values before the positions of x along axis, in x's dtype: positions of one axis, from the end when negative, at most the extent; values
// broadcast to one slice for each.
Tensor insert(const Tensor& x, const Tensor& positions, const Tensor& values, int axis, Where where = {});
// x without the slices at positions (NumPy's delete, which is a word of C++). A bool vector marks them.
Tensor delete_at(const Tensor& x, const Tensor& positions, int axis, Where where = {});
// concat of the two along axis, or of both flattened.
Tensor append(const Tensor& x, const Tensor& values, Where where = {});
Tensor append(const Tensor& x, const Tensor& values, int axis, Where where = {});
// A vector without its leading ("f") and trailing ("b") zeros (view).
Tensor trim_zeros(const Tensor& x, std::string_view trim = "fb", Where where = {});

// x continued {before, after} elements on each axis by "reflect" (without the edge), "symmetric" (with it), "edge" (also "replicate") or
// "wrap" (also "circular"); wider than x it goes on alternating. "constant" is pad with 0.
Tensor pad(const Tensor& x, std::span<const std::pair<int64_t, int64_t>> widths, std::string_view mode, Where where = {});
Tensor pad(const Tensor& x, std::initializer_list<std::pair<int64_t, int64_t>> widths, std::string_view mode, Where where = {});

}  // namespace reel
