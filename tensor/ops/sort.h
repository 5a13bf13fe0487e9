#pragma once
// Order along an axis: sorting, the positions that sort, the largest and the unique. Stable; NaN stands last in either direction, and 0 equals
// -0. Gradients go to the elements that were chosen. On the CPU.
#include "tensor/ops/reduce.h"

namespace reel {

// Values and where they stood.
struct Ranked {
  Tensor values, indices;  // indices are int64
};

// x in ascending (or descending) order along axis; bools count as 0 and 1. A tensor of no axes throws.
Tensor sort(const Tensor& x, int axis = -1, bool descending = false, Where where = {});
// The int64 positions along axis that sort x; equal elements keep their order in both directions.
Tensor argsort(const Tensor& x, int axis = -1, bool descending = false, Where where = {});
// Both of them.
Ranked sort_with_indices(const Tensor& x, int axis = -1, bool descending = false, Where where = {});
// sort along the first axis.
Tensor msort(const Tensor& x, Where where = {});
// The positions that sort by the last key, ties by the one before it and so on; keys have one shape.
Tensor lexsort(const Tensors& keys, int axis = -1, Where where = {});
// The k largest (or smallest) along axis in order, of equal ones the first; NaN counts as largest, as for argmax.
Ranked topk(const Tensor& x, int64_t k, int axis = -1, bool largest = true, Where where = {});
// The k-th smallest along axis, counted from 1, and its position.
Ranked kthvalue(const Tensor& x, int64_t k, int axis = -1, bool keepdims = false, Where where = {});
// The kth element (from 0, negative from the end) where sorting would put it, none before it larger, none after it smaller; the others
// are in the order of sort. argpartition gives the positions.
Tensor partition(const Tensor& x, int64_t kth, int axis = -1, Where where = {});
Tensor argpartition(const Tensor& x, int64_t kth, int axis = -1, Where where = {});

// Distinct values ascending (NaN once), where each stands first, which of them each element is (the shape of x), and how many of each.
struct Uniques {
  Tensor values, index, inverse, counts;
};
// Of all elements; of the slices along axis, in lexicographic order (inverse is then one number for each slice).
Tensor unique(const Tensor& x, Where where = {});
Uniques unique_all(const Tensor& x, Where where = {});
Uniques unique_all(const Tensor& x, int axis, Where where = {});
// Without repetitions of the element (or slice along axis) just before.
Uniques unique_consecutive(const Tensor& x, Where where = {});
Uniques unique_consecutive(const Tensor& x, int axis, Where where = {});

}  // namespace reel
