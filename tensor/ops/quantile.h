#pragma once
// Order statistics: medians, quantiles and the most frequent value. All by sorting; gradients go to the elements between which the answer lies.
#include "tensor/ops/sort.h"

namespace reel {

// The middle element, or the mean of the two; a NaN makes it NaN, of nothing it is NaN. Integers give float32.
Tensor median(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// The same of what is not NaN.
Tensor nanmedian(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// Where a share q in [0, 1] of the elements lies below, by any of NumPy's methods: "linear", "lower", "higher", "midpoint", "nearest",
// "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased",
// "normal_unbiased" (Hyndman and Fan 1996). Several q make a first axis.
Tensor quantile(const Tensor& x, double q, Axes axes = {}, std::string_view method = "linear", bool keepdims = false, Where where = {});
Tensor quantile(const Tensor& x, const std::vector<double>& q, Axes axes = {}, std::string_view method = "linear", bool keepdims = false, Where where = {});
// The same of what is not NaN.
Tensor nanquantile(const Tensor& x, double q, Axes axes = {}, std::string_view method = "linear", bool keepdims = false, Where where = {});
// quantile with q in percent.
Tensor percentile(const Tensor& x, double q, Axes axes = {}, std::string_view method = "linear", bool keepdims = false, Where where = {});
Tensor percentile(const Tensor& x, const std::vector<double>& q, Axes axes = {}, std::string_view method = "linear", bool keepdims = false, Where where = {});
Tensor nanpercentile(const Tensor& x, double q, Axes axes = {}, std::string_view method = "linear", bool keepdims = false, Where where = {});

// The most frequent value along axis (of equally frequent ones the smallest) and how often it stands there (int64).
struct MostFrequent {
  Tensor values, counts;
};
MostFrequent mode(const Tensor& x, int axis = -1, bool keepdims = false, Where where = {});

}  // namespace reel
