#pragma once
// Looking up and counting: places in sorted values, bins, membership. On the CPU; the answers carry no gradient, weights aside.
#include "tensor/ops/reduce.h"

namespace reel {

// Where each value would be inserted to keep `sorted` (ascending, one axis; NaN last) in order, int64 of values' shape: before equal
// elements, or with side "right" after them. `sorter`: argsort of `sorted` when that is not in order itself.
Tensor searchsorted(const Tensor& sorted, const Tensor& values, std::string_view side = "left", const Tensor& sorter = {}, Where where = {});
// The bin of each element between ascending bins: i with bins[i - 1] <= x < bins[i], or with `right` bins[i - 1] < x <= bins[i]. Descending
// bins: i with bins[i - 1] > x >= bins[i], or with `right` bins[i - 1] >= x > bins[i].
Tensor digitize(const Tensor& x, const Tensor& bins, bool right = false, Where where = {});
// PyTorch's spelling of searchsorted: boundaries[i - 1] < x <= boundaries[i], or with `right` <= x <.
Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right = false, Where where = {});
// Whether each element of x is among those of `test` (NaN is not); bool of x's shape.
Tensor isin(const Tensor& x, const Tensor& test, bool invert = false, Where where = {});

// How often each of 0, 1, 2 ... is in x (integers, not negative, one axis), at least minlength numbers; int64, or sums of weights.
Tensor bincount(const Tensor& x, const Tensor& weights = {}, int64_t minlength = 0, Where where = {});
// Counts in bins of equal width from low to high (by default the extremes of x), the last one closed; what lies outside or is NaN is left
// out. counts: int64, sums of the weights' dtype, or with density float. edges: one more than counts, float64 of float64 x, else float32.
struct Histogram {
  Tensor counts, edges;
};
Histogram histogram(const Tensor& x, int64_t bins = 10, std::optional<std::pair<double, double>> range = {}, const Tensor& weights = {}, bool density = false,
                    Where where = {});
// Bins between ascending edges.
Histogram histogram(const Tensor& x, const Tensor& edges, const Tensor& weights = {}, bool density = false, Where where = {});

}  // namespace reel
