#include "tensor/ops/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/host.h"
#include "tensor/ops/index.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// x with the reduced axes as one last axis, and the shape that is left.
struct Moved {
  Tensor x;
  Shape rest, kept;  // kept: with the reduced axes as 1
};
Moved reduced_last(const char* op, const Tensor& x, const Axes& axes) {
  const Tensor* in[] = {&x};
  unsigned mask = axes.count ? 0 : (1u << x.rank()) - 1;
  for (int i = 0; i < axes.count; ++i) {
    int a = normalize_axis(op, axes.at[i], x.rank(), Inputs(in, 1));
    if (mask >> a & 1) fail<IndexError>(op, "axis " + std::to_string(int(axes.at[i])) + " is named twice", Inputs(in, 1));
    mask |= 1u << a;
  }
  Moved m;
  std::vector<int> order;
  int64_t n = 1;
  for (int pass = 0; pass < 2; ++pass)
    for (int i = 0; i < x.rank(); ++i)
      if (int(mask >> i & 1) == pass) {
        order.push_back(i);
        if (pass) n *= x.shape()[i];
      }
  for (int i = 0; i < x.rank(); ++i) {
    m.kept.push(mask >> i & 1 ? 1 : x.shape()[i]);
    if (!(mask >> i & 1)) m.rest.push(x.shape()[i]);
  }
  Tensor f = is_floating(x.dtype()) ? x : cast(x, float32);
  m.x = reshape(transpose(f, order), {m.rest.size(), n});
  return m;
}

// Between which elements of n sorted ones the quantile lies, and how far from the first.
struct Place {
  int64_t low, high;
  double weight;
};
const std::vector<std::string> kMethods{"linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf",
                                        "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"};
Place place(std::string_view method, double q, int64_t n) {
  double last = double(n - 1);
  auto at = [&](double v) { return int64_t(std::clamp(v, 0., last)); };
  auto between = [&](double v) {
    v = std::clamp(v, 0., last);
    double low = std::floor(v);
    return Place{at(low), at(low + 1), v - low};
  };
  // Virtual position for plotting parameters alpha and beta, counted from 0.
  auto virtual_at = [&](double alpha, double beta) { return between(double(n) * q + (alpha + q * (1 - alpha - beta)) - 1); };
  if (method == "lower") return {at(std::floor(last * q)), at(std::floor(last * q)), 0};
  if (method == "higher") return {at(std::ceil(last * q)), at(std::ceil(last * q)), 0};
  if (method == "midpoint") return {at(std::floor(last * q)), at(std::ceil(last * q)), 0.5};
  if (method == "nearest") return {at(std::nearbyint(last * q)), at(std::nearbyint(last * q)), 0};
  if (method == "inverted_cdf") {
    double v = double(n) * q - 1;
    return {at(std::ceil(v)), at(std::ceil(v)), 0};
  }
  if (method == "averaged_inverted_cdf") {
    double v = double(n) * q - 1, low = std::floor(v);
    return v == low ? Place{at(low), at(low + 1), 0.5} : Place{at(low + 1), at(low + 1), 0};
  }
  if (method == "closest_observation") {
    double v = double(n) * q - 1.5, low = std::floor(v);  // halfway: the even one, counted from 1
    double k = v == low && std::fmod(low, 2) == 1 ? low : low + 1;
    return {at(k), at(k), 0};
  }
  if (method == "interpolated_inverted_cdf") return virtual_at(0, 1);
  if (method == "hazen") return virtual_at(0.5, 0.5);
  if (method == "weibull") return virtual_at(0, 0);
  if (method == "median_unbiased") return virtual_at(1 / 3., 1 / 3.);
  if (method == "normal_unbiased") return virtual_at(3 / 8., 3 / 8.);
  return between(last * q);
}

// Quantiles [q, rest] of the rows of x; rows with a NaN give NaN, or leave it out.
Tensor of_rows(const Tensor& x, const std::vector<double>& q, std::string_view method, bool skip_nan) {
  int64_t rows = x.shape()[0], n = x.shape()[1], count = int64_t(q.size());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (n == 0) return full({count, rows}, nan, x.dtype());
  Tensor sorted = sort(x), low(new_body({rows, count}, int64, cpu(), {})), high(new_body({rows, count}, int64, cpu(), {})),
         weight(new_body({rows, count}, float64, cpu(), {})), lost(new_body({rows, count}, boolean, cpu(), {}));
  Tensor missing;
  {
    NoGrad no_grad;
    missing = contiguous(sum(isnan(sorted), 1));
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < count; ++k) {
      int64_t nans = missing.raw<int64_t>()[r], m = n - nans, i = r * count + k;
      bool none = skip_nan ? m == 0 : nans > 0;
      Place p = place(method, q[size_t(k)], none ? 1 : m);
      low.raw<int64_t>()[i] = p.low;
      high.raw<int64_t>()[i] = p.high;
      weight.raw<double>()[i] = p.weight;
      lost.raw<bool>()[i] = none;
    }
  Tensor a = take_along_axis(sorted, low, 1), b = take_along_axis(sorted, high, 1), w = cast(weight, x.dtype() == float64 ? float64 : float32);
  // Equal ends, infinite ones too, are the answer.
  Tensor wide_a = cast(a, w.dtype()), wide_b = cast(b, w.dtype()), same = logical_or(a == b, w == 0);
  Tensor y = wide_a + reel::where(same, 0, wide_b - wide_a) * w;
  return transpose(cast(reel::where(lost, nan, y), x.dtype()));
}

Tensor quantiles(const char* op, const Tensor& x, const std::vector<double>& q, bool many, const Axes& axes, std::string_view method,
    bool keepdims, bool skip_nan) {
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) unknown_name("method of quantile", method, kMethods);
  for (double p : q)
    if (!(p >= 0 && p <= 1)) throw Error(std::string(op) + ": a share of " + std::to_string(p) + " is outside [0, 1]\n  a  " + describe(x));
  Moved m = reduced_last(op, on_host(op, x), axes);
  Tensor y = of_rows(m.x, q, method, skip_nan);
  Shape s;
  if (many) s.push(int64_t(q.size()));
  if ((keepdims ? m.kept : m.rest).rank() + s.rank() > kMaxRank)
    throw ShapeError(std::string(op) + ": the result has more than 8 axes\n  a  " + describe(x));
  for (int64_t d : keepdims ? m.kept : m.rest) s.push(d);
  return reshape(y, s);
}
std::vector<double> shares(std::vector<double> percents) {
  for (double& p : percents) p /= 100;
  return percents;
}

}  // namespace

Tensor median(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("median", x, {0.5}, false, axes, "linear", keepdims, false); });
}
Tensor nanmedian(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("nanmedian", x, {0.5}, false, axes, "linear", keepdims, true); });
}
Tensor quantile(const Tensor& x, double q, Axes axes, std::string_view method, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("quantile", x, {q}, false, axes, method, keepdims, false); });
}
Tensor quantile(const Tensor& x, const std::vector<double>& q, Axes axes, std::string_view method, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("quantile", x, q, true, axes, method, keepdims, false); });
}
Tensor nanquantile(const Tensor& x, double q, Axes axes, std::string_view method, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("nanquantile", x, {q}, false, axes, method, keepdims, true); });
}
Tensor percentile(const Tensor& x, double q, Axes axes, std::string_view method, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("percentile", x, shares({q}), false, axes, method, keepdims, false); });
}
Tensor percentile(const Tensor& x, const std::vector<double>& q, Axes axes, std::string_view method, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("percentile", x, shares(q), true, axes, method, keepdims, false); });
}
Tensor nanpercentile(const Tensor& x, double q, Axes axes, std::string_view method, bool keepdims, Where where) {
  return formula(where, [&] { return quantiles("nanpercentile", x, shares({q}), false, axes, method, keepdims, true); });
}

MostFrequent mode(const Tensor& x, int axis, bool keepdims, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    int a = normalize_axis("mode", axis, on_host("mode", x).rank(), Inputs(in, 1));
    int64_t n = x.shape()[a];
    if (n == 0) fail("mode", "axis " + std::to_string(a) + " is empty", Inputs(in, 1));
    Tensor last = swapaxes(x, a, -1), order = contiguous(argsort(last));
    Tensor ranked = contiguous(take_along_axis(detach(last), order, -1));
    Shape s = ranked.shape();
    s[-1] = 1;
    Tensor at(new_body(s, int64, cpu(), {})), counts(new_body(s, int64, cpu(), {}));
    visit(x.dtype(), [&]<class T>(T*) {
      for (int64_t r = 0; r < s.size(); ++r) {
        const T* v = ranked.raw<const T>() + r * n;
        int64_t best = 0, where_best = 0;
        for (int64_t i = 0, start = 0; i < n; ++i) {
          if (v[i] != v[start] && !(v[i] != v[i] && v[start] != v[start])) start = i;
          if (i - start + 1 > best) best = i - start + 1, where_best = start;
        }
        at.raw<int64_t>()[r] = order.raw<int64_t>()[r * n + where_best];
        counts.raw<int64_t>()[r] = best;
      }
    });
    MostFrequent m{swapaxes(take_along_axis(last, at, -1), a, -1), swapaxes(counts, a, -1)};
    return keepdims ? m : MostFrequent{squeeze(m.values, a), squeeze(m.counts, a)};
  });
}

}  // namespace reel
