#pragma once
// Scans: running sums, products and extremes along an axis, and their differences.
#include "tensor/ops/sort.h"

namespace reel {

// Element i is the sum of x[0] ... x[i] along axis. Integers and bools add up in int64, 16-bit floats in float32.
Tensor cumsum(const Tensor& x, int axis, Where where = {});
Tensor cumsum(const Tensor& x, Where where = {});  // of the flattened tensor
// Running products, dtypes as in cumsum. The gradient divides by nothing: zeros in x are exact.
Tensor cumprod(const Tensor& x, int axis, Where where = {});
Tensor cumprod(const Tensor& x, Where where = {});
// Running extremes and where they stood, of equal ones the last; once a NaN has come it stays.
Ranked cummax(const Tensor& x, int axis, Where where = {});
Ranked cummin(const Tensor& x, int axis, Where where = {});
// log(sum(exp(x[0]) ... exp(x[i]))) without overflow; floats.
Tensor logcumsumexp(const Tensor& x, int axis, Where where = {});
// s[i] = b[i] + a[i] * s[i - 1] along axis, starting from 0; from the last element on with reverse. Floats of one shape.
Tensor linear_recurrence(const Tensor& a, const Tensor& b, int axis, bool reverse = false, Where where = {});

// x[1:] - x[:-1] along axis, n times; bools compare by !=. An empty prepend or append is none.
Tensor diff(const Tensor& x, int n = 1, int axis = -1, const Tensor& prepend = {}, const Tensor& append = {}, Where where = {});
// Differences of the flattened tensor, between what to_begin and to_end hold.
Tensor ediff1d(const Tensor& x, const Tensor& to_end = {}, const Tensor& to_begin = {}, Where where = {});
// The integral over axis by the trapezoidal rule: samples dx apart, or at positions x (one axis, or the shape of y).
Tensor trapezoid(const Tensor& y, double dx = 1, int axis = -1, Where where = {});
Tensor trapezoid(const Tensor& y, const Tensor& x, int axis = -1, Where where = {});

}  // namespace reel
