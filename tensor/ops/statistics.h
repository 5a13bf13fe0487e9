#pragma once
// Reductions written in others: without NaN, norms, weighted means, covariance, and softmax over several axes.
#include "tensor/ops/softmax.h"

namespace reel {

// The reductions of what is not NaN; of nothing but NaN: 0, 1, NaN, NaN, NaN. Integers as in sum, prod and mean.
Tensor nansum(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor nanprod(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor nanmean(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor nanvar(const Tensor& x, Axes axes = {}, bool keepdims = false, double ddof = 0, Where where = {});
Tensor nanstd(const Tensor& x, Axes axes = {}, bool keepdims = false, double ddof = 0, Where where = {});
// NaN only where there is nothing else.
Tensor nanmax(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor nanmin(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// Positions of the first extreme that is not NaN; a row of NaN throws.
Tensor nanargmax(const Tensor& x, int axis, bool keepdims = false, Where where = {});
Tensor nanargmin(const Tensor& x, int axis, bool keepdims = false, Where where = {});

// max - min.
Tensor ptp(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// How many elements are not zero; int64.
Tensor count_nonzero(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// (sum |x|^p)^(1/p); p may be infinity (the largest |x|), -infinity (the smallest), 0 (how many are not zero). The gradient where all are
// 0 is 0. Integers give float32.
Tensor norm(const Tensor& x, double p = 2, Axes axes = {}, bool keepdims = false, Where where = {});
// sum(weights * x) / sum(weights); weights have x's shape, or one axis when `axes` names one. Without weights the mean.
Tensor average(const Tensor& x, const Tensor& weights = {}, Axes axes = {}, bool keepdims = false, Where where = {});
// Variance (or standard deviation), mean.
std::pair<Tensor, Tensor> var_mean(const Tensor& x, Axes axes = {}, bool keepdims = false, double ddof = 0, Where where = {});
std::pair<Tensor, Tensor> std_mean(const Tensor& x, Axes axes = {}, bool keepdims = false, double ddof = 0, Where where = {});
// Covariances of the rows of x (of the columns without rowvar), one row and column for each, normalized by n - ddof. frequencies count
// observations more than once, weights are relative; both have one axis.
Tensor cov(const Tensor& x, bool rowvar = true, double ddof = 1, const Tensor& frequencies = {}, const Tensor& weights = {}, Where where = {});
// Pearson's correlations, cov scaled to a diagonal of 1.
Tensor corrcoef(const Tensor& x, bool rowvar = true, Where where = {});

// Over all named axes together.
Tensor softmax(const Tensor& x, Axes axes, Where where = {});
Tensor log_softmax(const Tensor& x, Axes axes, Where where = {});
Tensor logsumexp(const Tensor& x, Axes axes, bool keepdims = false, Where where = {});

}  // namespace reel
