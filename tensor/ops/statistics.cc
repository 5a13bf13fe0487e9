#include "tensor/ops/statistics.h"

#include <cmath>
#include <limits>

#include "tensor/autocast.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/host.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/reduce_ops.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

const double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::numeric_limits<double>::quiet_NaN();

// x with `value` for NaN.
Tensor without_nan(const Tensor& x, double value) { return is_inexact(x.dtype()) ? reel::where(isnan(x), value, x) : x; }
// How many are not NaN, as floats wide enough to count.
Tensor present(const Tensor& x, const Axes& axes, bool keepdims, DType t) { return cast(sum(logical_not(isnan(x)), axes, keepdims), t); }
Tensor floats(const Tensor& x) { return is_floating(x.dtype()) ? x : cast(x, float32); }
Tensor wide(const Tensor& x) { return x.dtype() == float64 ? x : cast(x, float32); }
DType float_of(const Tensor& x) { return is_floating(x.dtype()) ? x.dtype() : float32; }

Tensor wide_nanvar(const Tensor& x, const Axes& axes, bool keepdims, double ddof) {
  Tensor f = wide(x), n = present(f, axes, true, f.dtype());
  Tensor away = reel::where(isnan(f), 0, f - sum_of_numbers(f, axes, true) / n);
  Tensor freedom = present(f, axes, keepdims, f.dtype()) - ddof;
  Tensor v = sum(square(away), axes, keepdims) / freedom;
  return reel::where(freedom > 0, v, kNan);
}
template <class F> Tensor nan_extreme(const Tensor& x, const Axes& axes, bool keepdims, double worst, F&& f) {
  if (!is_floating(x.dtype())) return f(x);
  return reel::where(all(isnan(x), axes, keepdims), kNan, f(without_nan(x, worst)));
}
template <class F> Tensor nan_arg(const char* op, const Tensor& x, int axis, double worst, F&& f) {
  NoGrad no_grad;
  on_host(op, x);
  if (is_floating(x.dtype()) && any(all(isnan(x), axis)).item<bool>())
    throw Error(std::string(op) + ": a row of nothing but NaN\n  a  " + describe(x));
  return f(without_nan(x, worst));
}

// x with the named axes last and as one; how to bring it back.
struct Joined {
  Tensor x;
  Shape moved;  // before they were made one
  std::vector<int> back;
  Shape kept, rest;
};
Joined join_last(const char* op, const Tensor& x, const Axes& axes) {
  const Tensor* in[] = {&x};
  unsigned mask = axes.count ? 0 : (1u << x.rank()) - 1;
  for (int i = 0; i < axes.count; ++i) {
    int a = normalize_axis(op, axes.at[i], x.rank(), Inputs(in, 1));
    if (mask >> a & 1) fail<IndexError>(op, "axis " + std::to_string(int(axes.at[i])) + " is named twice", Inputs(in, 1));
    mask |= 1u << a;
  }
  Joined j;
  j.back.resize(size_t(x.rank()));
  std::vector<int> order;
  Shape flat;
  int64_t n = 1;
  for (int pass = 0; pass < 2; ++pass)
    for (int i = 0; i < x.rank(); ++i)
      if (int(mask >> i & 1) == pass) {
        j.back[size_t(i)] = int(order.size());
        order.push_back(i);
        j.moved.push(x.shape()[i]);
        if (pass) n *= x.shape()[i];
        else flat.push(x.shape()[i]), j.rest.push(x.shape()[i]);
      }
  for (int i = 0; i < x.rank(); ++i) j.kept.push(mask >> i & 1 ? 1 : x.shape()[i]);
  flat.push(n);
  j.x = reshape(transpose(x, order), flat);
  return j;
}
template <class F> Tensor over_axes(const char* op, const Tensor& x, const Axes& axes, F&& f) {
  if (x.rank() == 0 && axes.count == 0) return reshape(f(reshape(x, {1})), {});
  Joined j = join_last(op, x, axes);
  return transpose(reshape(f(j.x), j.moved), j.back);
}

}  // namespace

Tensor nansum(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return sum_of_numbers(x, axes, keepdims); });
}
Tensor nanprod(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return prod(without_nan(x, 1), axes, keepdims); });
}
Tensor nanmean(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] {
    Tensor f = wide(x);
    return cast(sum_of_numbers(f, axes, keepdims) / present(f, axes, keepdims, f.dtype()), float_of(x));
  });
}
Tensor nanvar(const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  return formula(where, [&] { return cast(wide_nanvar(x, axes, keepdims, ddof), float_of(x)); });
}
Tensor nanstd(const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  return formula(where, [&] { return cast(sqrt(wide_nanvar(x, axes, keepdims, ddof)), float_of(x)); });
}
Tensor nanmax(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return nan_extreme(x, axes, keepdims, -kInf, [&](const Tensor& t) { return max(t, axes, keepdims); }); });
}
Tensor nanmin(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return nan_extreme(x, axes, keepdims, kInf, [&](const Tensor& t) { return min(t, axes, keepdims); }); });
}
Tensor nanargmax(const Tensor& x, int axis, bool keepdims, Where where) {
  return formula(where, [&] { return nan_arg("nanargmax", x, axis, -kInf, [&](const Tensor& t) { return argmax(t, axis, keepdims); }); });
}
Tensor nanargmin(const Tensor& x, int axis, bool keepdims, Where where) {
  return formula(where, [&] { return nan_arg("nanargmin", x, axis, kInf, [&](const Tensor& t) { return argmin(t, axis, keepdims); }); });
}

Tensor ptp(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return max(x, axes, keepdims) - min(x, axes, keepdims); });
}
Tensor count_nonzero(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return sum(x.dtype() == boolean ? x : x != 0, axes, keepdims); });
}
Tensor norm(const Tensor& x, double p, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] {
    Tensor f = wide(x), y;
    if (std::isnan(p)) throw Error("norm: p is NaN\n  a  " + describe(x));
    if (p == kInf) y = max(abs(f), axes, keepdims);
    else if (p == -kInf) y = min(abs(f), axes, keepdims);
    else if (p == 0) y = cast(sum(f != 0, axes, keepdims), f.dtype());
    else if (p == 1) y = sum(abs(f), axes, keepdims);
    else {
      // A root at 0 has no slope: there the answer is a constant 0.
      Tensor total = p == 2 ? sum_of_squares(f, axes, keepdims) : sum(pow(abs(f), p), axes, keepdims), none = total == 0, safe = reel::where(none, 1, total);
      y = reel::where(none, 0, p == 2 ? sqrt(safe) : pow(safe, 1 / p));
    }
    return cast(y, float_of(x));
  });
}
Tensor average(const Tensor& x, const Tensor& weights, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] {
    if (!weights) return mean(x, axes, keepdims);
    const Tensor* at[] = {&x, &weights};
    Inputs in(at, 2);
    Tensor w = weights, f = floats(x);
    if (!(w.shape() == x.shape())) {
      if (axes.count != 1 || w.rank() != 1) fail("average", "weights must have the shape of x, or one axis for a single axis of x", in);
      int a = normalize_axis("average", axes.at[0], x.rank(), in);
      if (w.shape()[0] != x.shape()[a])
        fail("average", std::to_string(w.shape()[0]) + " weights for axis " + std::to_string(a) + " of " + std::to_string(x.shape()[a]), in);
      Shape s;
      for (int i = 0; i < x.rank(); ++i) s.push(i == a ? w.shape()[0] : 1);
      w = broadcast_to(reshape(w, s), x.shape());
    }
    w = floats(w);
    return sum(w * f, axes, keepdims) / sum(w, axes, keepdims);
  });
}
std::pair<Tensor, Tensor> var_mean(const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  return {var(x, axes, keepdims, ddof, where), mean(x, axes, keepdims, where)};
}
std::pair<Tensor, Tensor> std_mean(const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  return {reel::std(x, axes, keepdims, ddof, where), mean(x, axes, keepdims, where)};
}

Tensor cov(const Tensor& x, bool rowvar, double ddof, const Tensor& frequencies, const Tensor& weights, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&x};
    Inputs in(at, 1);
    if (x.rank() > 2) fail("cov", "needs at most two axes", in);
    Tensor f = floats(x), rows = x.rank() == 2 ? (rowvar ? f : transpose(f)) : reshape(f, {1, -1});
    Autocast exactly(float32);
    int64_t n = rows.shape()[1];
    for (const Tensor* w : {&frequencies, &weights})
      if (*w && !(w->shape() == Shape{n}))
        fail("cov", "weights of shape " + to_string(w->shape()) + " for " + std::to_string(n) + " observations", in);
    Tensor w = ones({n}, f.dtype());
    if (frequencies) w = w * cast(frequencies, f.dtype());
    if (weights) w = w * cast(weights, f.dtype());
    Tensor total = sum(w), away = rows - sum(rows * w, 1, true) / total;
    Tensor freedom = weights ? total - ddof * sum(w * cast(weights, f.dtype())) / total : total - ddof;
    Tensor c = matmul(away * w, transpose(away)) / maximum(freedom, 0);
    return x.rank() == 2 && c.shape()[0] != 1 ? c : squeeze(c);
  });
}
Tensor corrcoef(const Tensor& x, bool rowvar, Where where) {
  return formula(where, [&] {
    Tensor c = cov(x, rowvar);
    if (c.rank() == 0) return c / c;
    Tensor scale = sqrt(c[{arange(c.shape()[0]), arange(c.shape()[0])}]);
    return c / expand_dims(scale, 1) / expand_dims(scale, 0);
  });
}

Tensor softmax(const Tensor& x, Axes axes, Where where) {
  return formula(where, [&] { return over_axes("softmax", x, axes, [](const Tensor& t) { return softmax(t, -1); }); });
}
Tensor log_softmax(const Tensor& x, Axes axes, Where where) {
  return formula(where, [&] { return over_axes("log_softmax", x, axes, [](const Tensor& t) { return log_softmax(t, -1); }); });
}
Tensor logsumexp(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] {
    if (x.rank() == 0 && axes.count == 0) return logsumexp(reshape(x, {1}), 0);
    Joined j = join_last("logsumexp", x, axes);
    return reshape(logsumexp(j.x, -1), keepdims ? j.kept : j.rest);
  });
}

}  // namespace reel
