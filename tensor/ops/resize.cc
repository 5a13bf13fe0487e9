#include "tensor/ops/resize.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/index.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/pool_nd.h"
#include "tensor/ops/rounding.h"
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

// Keys's cubic convolution (1981) with a = -0.75.
double cubic(double d) {
  constexpr double a = -0.75;
  d = std::fabs(d);
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

}  // namespace

Tensor interpolate(const Tensor& x, std::span<const int64_t> sizes, const InterpolateOptions& o, Where where) {
  const char* op = "interpolate";
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    if (x.rank() != int(sizes.size()) + 2) fail(op, "needs as many sizes as x has axes between batch and channels", Inputs(in, 1));
    if (!is_floating(x.dtype())) fail<DTypeError>(op, "is defined for floats", Inputs(in, 1));
    if (o.mode != "nearest" && o.mode != "linear" && o.mode != "cubic" && o.mode != "area") unknown_name("mode", o.mode, {"nearest", "linear", "cubic", "area"});
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] < 1 || x.shape()[int(i) + 1] < 1)
        fail(op, "cannot make " + std::to_string(sizes[i]) + " cells of " + std::to_string(x.shape()[int(i) + 1]), Inputs(in, 1));
    if (o.mode == "area") return adaptive_average_pool(x, sizes, where);
    Tensor y = x;
    for (int axis = 1; axis + 1 < x.rank(); ++axis) {
      int64_t n = x.shape()[axis], out = sizes[size_t(axis - 1)];
      if (n == out) continue;
      size_t taps = o.mode == "nearest" ? 1 : o.mode == "linear" ? 2 : 4;
      std::vector<std::vector<int64_t>> places(taps);
      std::vector<std::vector<double>> weights(taps == 1 ? 0 : taps);
      for (int64_t i = 0; i < out; ++i) {
        if (taps == 1) {
          places[0].push_back(i * n / out);
          continue;
        }
        double at = o.align_corners ? (out > 1 ? double(i) * double(n - 1) / double(out - 1) : 0) : (double(i) + 0.5) * double(n) / double(out) - 0.5;
        if (taps == 2) at = std::max(at, 0.);
        int64_t first = int64_t(std::floor(at)) - (taps == 4);
        for (size_t t = 0; t < taps; ++t) {
          double distance = at - double(first + int64_t(t));
          places[t].push_back(first + int64_t(t));
          weights[t].push_back(taps == 2 ? 1 - std::fabs(distance) : cubic(distance));
        }
      }
      y = resampled(y, axis, places, weights, where);
    }
    return y;
  });
}
Tensor interpolate(const Tensor& x, std::initializer_list<int64_t> sizes, const InterpolateOptions& o, Where where) {
  return interpolate(x, std::span<const int64_t>(sizes.begin(), sizes.size()), o, where);
}

Tensor grid_sample(const Tensor& x, const Tensor& given, const GridSampleOptions& o, Where where) {
  const char* op = "grid_sample";
  return formula(where, [&] {
    const Tensor* in[] = {&x, &given};
    if (x.rank() != 4 || given.rank() != 4 || given.shape()[3] != 2 || given.shape()[0] != x.shape()[0])
      fail(op, "x must be [n, height, width, channels] and the grid [n, out height, out width, 2]", Inputs(in, 2));
    if (!is_floating(x.dtype()) || !is_floating(given.dtype())) fail<DTypeError>(op, "is defined for floats", Inputs(in, 2));
    if (o.mode != "bilinear" && o.mode != "nearest") unknown_name("mode", o.mode, {"bilinear", "nearest"});
    if (o.padding_mode != "zeros" && o.padding_mode != "border") unknown_name("padding_mode", o.padding_mode, {"zeros", "border"});
    int64_t n = x.shape()[0], h = x.shape()[1], w = x.shape()[2], c = x.shape()[3], cells = given.shape()[1] * given.shape()[2];
    if (h < 1 || w < 1) fail(op, "the image has no pixels", Inputs(in, 2));
    Tensor grid = reshape(reel::where(isnan(given), -1, given), {n, cells, 2}, where), pixels = reshape(x, {n, h * w, c}, where);
    auto coordinate = [&](int64_t k, int64_t extent) {
      Tensor g = slice_axis(grid, 2, k, 1, where);
      Tensor at = o.align_corners ? (g + 1) * (0.5 * double(extent - 1)) : ((g + 1) * double(extent) - 1) * 0.5;
      // Far outside stays outside, and within what an integer holds.
      return o.padding_mode == "border" ? clip(at, 0, double(extent - 1), where) : clip(at, -2, double(extent) + 1, where);
    };
    Tensor across = coordinate(0, w), down = coordinate(1, h);
    auto pick = [&](const Tensor& row, const Tensor& column) {
      Tensor inside = logical_and(logical_and(row >= 0, row < h), logical_and(column >= 0, column < w));
      Tensor place = cast(clip(row, 0, double(h - 1)), int64) * w + cast(clip(column, 0, double(w - 1)), int64);
      Tensor value = take_along_axis(pixels, place, 1, where);
      return reel::where(inside, value, 0);
    };
    Tensor y;
    if (o.mode == "nearest") {
      NoGrad no_grad;
      across = round(across), down = round(down);
    }
    if (o.mode == "nearest") {
      y = pick(down, across);
    } else {
      Tensor left, top;
      {
        NoGrad no_grad;
        left = floor(across), top = floor(down);
      }
      Tensor fx = across - left, fy = down - top;
      y = pick(top, left) * ((1 - fy) * (1 - fx)) + pick(top, left + 1) * ((1 - fy) * fx) + pick(top + 1, left) * (fy * (1 - fx)) +
          pick(top + 1, left + 1) * (fy * fx);
    }
    return reshape(y, {n, given.shape()[1], given.shape()[2], c}, where);
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
