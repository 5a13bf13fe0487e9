#include "tensor/ops/resize.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/index.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/pool_nd.h"
#include "tensor/ops/trigonometric.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// The sum of taps of one axis: place[t][i] and weight[t][i] say what output i takes. Places outside are those of the edge.
Tensor resampled(const Tensor& x, int axis, const std::vector<std::vector<int64_t>>& places, const std::vector<std::vector<double>>& weights, Where where) {
  Tensor total;
  Shape s;
  for (int i = 0; i < x.rank(); ++i) s.push(i == axis ? int64_t(places[0].size()) : 1);
  for (size_t t = 0; t < places.size(); ++t) {
    std::vector<int64_t> inside = places[t];
    for (int64_t& p : inside) p = std::clamp<int64_t>(p, 0, x.shape()[axis] - 1);
    Tensor part = take(x, tensor(inside), axis, where);
    if (!weights.empty()) part = part * cast(tensor(weights[t], s), x.dtype());
    total = total ? total + part : part;
  }
  return total;
}

// What a cell `d` cells away counts: a triangle, or Keys's cubic convolution.
double triangle(double d) { return std::max(0., 1 - std::fabs(d)); }
double cubic(double d, double a) {
  d = std::fabs(d);
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

// The axis of x resized to `out` cells, `step` of x's cells apart.
Tensor resized(const Tensor& x, int axis, int64_t out, double step, const InterpolateOptions& o, Where where) {
  int64_t n = x.shape()[axis];
  if (o.mode == "nearest") {
    std::vector<int64_t> places;
    bool exact = step == double(n) / double(out);  // then in integers, which do not round
    for (int64_t i = 0; i < out; ++i) places.push_back(exact ? i * n / out : int64_t(double(i) * step));
    return resampled(x, axis, {places}, {}, where);
  }
  bool linear = o.mode == "linear", inside = o.exclude_outside.value_or(o.antialias);
  double a = o.cubic_a.value_or(o.antialias ? -0.5 : -0.75), wide = o.antialias ? std::max(step, 1.) : 1, reach = wide * (linear ? 1 : 2);
  size_t taps = size_t(2 * std::ceil(reach));
  std::vector<std::vector<int64_t>> places(taps);
  std::vector<std::vector<double>> weights(taps);
  for (int64_t i = 0; i < out; ++i) {
    double at = o.align_corners ? double(i) * step : (double(i) + 0.5) * step - 0.5, total = 0;
    int64_t first = int64_t(std::floor(at - reach)) + 1;
    for (size_t t = 0; t < taps; ++t) {
      int64_t place = first + int64_t(t);
      double distance = (double(place) - at) / wide, weight = linear ? triangle(distance) : cubic(distance, a);
      if (inside && (place < 0 || place >= n)) weight = 0;
      places[t].push_back(place);
      weights[t].push_back(weight);
      total += weight;
    }
    if (inside || o.antialias)
      for (auto& w : weights) w.back() /= total;
  }
  return resampled(x, axis, places, weights, where);
}

// One step for each axis, in cells of x; empty: what the sizes say.
Tensor interpolated(const char* op, const Tensor& x, std::span<const int64_t> sizes, const std::vector<double>& steps, const InterpolateOptions& o,
                    Where where) {
  const Tensor* at[] = {&x};
  Inputs in(at, 1);
  if (!is_floating(x.dtype())) fail<DTypeError>(op, "is defined for floats", in);
  if (o.mode != "nearest" && o.mode != "linear" && o.mode != "cubic" && o.mode != "area") unknown_name("mode", o.mode, {"nearest", "linear", "cubic", "area"});
  bool weighted = o.mode == "linear" || o.mode == "cubic";
  if (o.antialias && (!weighted || o.align_corners)) fail<Error>(op, "antialias goes with \"linear\" and \"cubic\", without align_corners", in);
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] < 1 || x.shape()[int(i) + 1] < 1)
      fail(op, "cannot make " + std::to_string(sizes[i]) + " cells of " + std::to_string(x.shape()[int(i) + 1]), in);
  if (o.mode == "area") return adaptive_average_pool(x, sizes, where);
  Tensor y = x;
  for (int axis = 1; axis + 1 < x.rank(); ++axis) {
    int64_t n = x.shape()[axis], out = sizes[size_t(axis - 1)];
    bool corners = o.align_corners && weighted;
    double step = corners ? (out > 1 ? double(n - 1) / double(out - 1) : 0) : steps.empty() ? double(n) / double(out) : steps[size_t(axis - 1)];
    if (n != out || step != 1) y = resized(y, axis, out, step, o, where);
  }
  return y;
}
void check_axes(const char* op, const Tensor& x, size_t given, const char* what) {
  const Tensor* in[] = {&x};
  if (x.rank() != int(given) + 2) fail(op, std::string("needs as many ") + what + " as x has axes between batch and channels", Inputs(in, 1));
}

}  // namespace

Tensor interpolate(const Tensor& x, std::span<const int64_t> sizes, const InterpolateOptions& o, Where where) {
  return formula(where, [&] {
    check_axes("interpolate", x, sizes.size(), "sizes");
    return interpolated("interpolate", x, sizes, {}, o, where);
  });
}
Tensor interpolate(const Tensor& x, std::initializer_list<int64_t> sizes, const InterpolateOptions& o, Where where) {
  return interpolate(x, std::span<const int64_t>(sizes.begin(), sizes.size()), o, where);
}

Tensor interpolate_by(const Tensor& x, const std::vector<double>& scales, const InterpolateOptions& o, Where where) {
  const char* op = "interpolate_by";
  return formula(where, [&] {
    check_axes(op, x, scales.size(), "scales");
    const Tensor* in[] = {&x};
    std::vector<int64_t> sizes;
    std::vector<double> steps;
    for (size_t i = 0; i < scales.size(); ++i) {
      double size = std::floor(double(x.shape()[int(i) + 1]) * scales[i]);
      if (!(scales[i] > 0) || !(size < 0x1p31)) fail(op, "cannot scale " + std::to_string(x.shape()[int(i) + 1]) + " cells by " + std::to_string(scales[i]), Inputs(in, 1));
      sizes.push_back(int64_t(size));
      steps.push_back(1 / scales[i]);
    }
    return interpolated(op, x, sizes, steps, o, where);
  });
}

Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, bool align_corners, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&theta};
    if (theta.rank() != 3 || theta.shape()[1] != 2 || theta.shape()[2] != 3) fail("affine_grid", "theta must be [n, 2, 3]", Inputs(in, 1));
    if (!is_floating(theta.dtype())) fail<DTypeError>("affine_grid", "is defined for floats", Inputs(in, 1));
    if (height < 1 || width < 1) fail("affine_grid", "the image must have at least one pixel", Inputs(in, 1));
    auto line = [&](int64_t n) {
      double edge = align_corners ? 1 : 1 - 1 / double(n);
      return n == 1 ? zeros({1}, theta.dtype()) : linspace(-edge, edge, n, theta.dtype());
    };
    Shape s{height, width, 1};
    Tensor x = broadcast_to(reshape(line(width), {1, width, 1}), s), y = broadcast_to(reshape(line(height), {height, 1, 1}), s);
    Tensor points = reshape(concat({x, y, ones(s, theta.dtype())}, 2), {height * width, 3});
    return reshape(matmul(points, swapaxes(theta, 1, 2), where), {theta.shape()[0], height, width, 2}, where);
  });
}

Tensor pixel_shuffle(const Tensor& x, int64_t r, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    if (x.rank() != 4 || r < 1 || r > (1 << 20) || x.shape()[3] % (r * r))
      fail("pixel_shuffle", "x must be [n, height, width, channels * " + std::to_string(r) + "^2]", Inputs(in, 1));
    const Shape& s = x.shape();
    int64_t c = s[3] / (r * r);
    return reshape(transpose(reshape(x, {s[0], s[1], s[2], c, r, r}, where), {0, 1, 4, 2, 5, 3}, where), {s[0], s[1] * r, s[2] * r, c}, where);
  });
}
Tensor pixel_unshuffle(const Tensor& x, int64_t r, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    if (x.rank() != 4 || r < 1 || r > (1 << 20) || x.shape()[1] % r || x.shape()[2] % r)
      fail("pixel_unshuffle", "x must be [n, height, width, channels] with both divisible by " + std::to_string(r), Inputs(in, 1));
    const Shape& s = x.shape();
    int64_t h = s[1] / r, w = s[2] / r;
    return reshape(transpose(reshape(x, {s[0], h, r, w, r, s[3]}, where), {0, 1, 3, 5, 2, 4}, where), {s[0], h, w, s[3] * r * r}, where);
  });
}

}  // namespace reel
