#include "tensor/ops/activation.h"

#include "tensor/ops/copy.h"
#include "tensor/ops/trigonometric.h"
#include "tensor/ops/view.h"

namespace reel {

Tensor celu(const Tensor& x, double alpha, Where where) {
  if (alpha == 0) fail_at(Error("celu: alpha must not be 0"), where);
  return formula(where, [&] { return reel::where(x > 0, x, alpha * expm1(minimum(x, 0) * (1 / alpha))); });
}
Tensor threshold(const Tensor& x, double threshold, double value, Where where) {
  return formula(where, [&] { return reel::where(x > threshold, x, value); });
}
Tensor hard_shrink(const Tensor& x, double lambda, Where where) {
  return formula(where, [&] { return reel::where(abs(x) <= lambda, 0, x); });
}
Tensor soft_shrink(const Tensor& x, double lambda, Where where) {
  return formula(where, [&] { return reel::where(x > lambda, x - lambda, reel::where(x < -lambda, x + lambda, 0 * x)); });
}
Tensor prelu(const Tensor& x, const Tensor& slope, Where where) {
  return formula(where, [&] { return reel::where(x > 0, x, slope * x); });
}
Tensor sparse_plus(const Tensor& x, Where where) {
  return formula(where, [&] { return reel::where(x >= 1, x, 0.25 * square(relu(minimum(x, 1) + 1))); });
}
Tensor squareplus(const Tensor& x, double b, Where where) {
  return formula(where, [&] { return 0.5 * (x + sqrt(square(x) + b)); });
}
Tensor logit(const Tensor& x, double eps, Where where) {
  return formula(where, [&] {
    Tensor p = is_floating(x.dtype()) ? x : cast(x, float32);
    if (eps > 0) p = clip(p, eps, 1 - eps);
    return log(p) - log1p(-p);
  });
}
Tensor glu(const Tensor& x, int axis, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    int along = normalize_axis("glu", axis, x.rank(), Inputs(in, 1));
    int64_t extent = x.shape()[along];
    if (extent % 2) fail("glu", "axis " + std::to_string(axis) + " is " + std::to_string(extent) + ", it must be even", Inputs(in, 1));
    return slice_axis(x, along, 0, extent / 2) * sigmoid(slice_axis(x, along, extent / 2, extent / 2));
  });
}
Tensor entr(const Tensor& x, Where where) {
  return formula(where, [&] { return reel::where(x < 0, -std::numeric_limits<double>::infinity(), -xlogy(x, x)); });
}

}  // namespace reel
