// Samples of images at given points. An op for the samples, one for the gradient of the images, to which it is linear, and one for that of
// the points; a recorded gradient of the points is a formula.
#include <array>
#include <cmath>
#include <cstring>

#include "tensor/cpu/wide.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/create.h"
#include "tensor/ops/index.h"
#include "tensor/ops/join.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/resize.h"
#include "tensor/ops/rounding.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 32768;  // numbers read that are worth a thread

struct Sampling {
  bool nearest, border, corners;
  std::string attributes() const {
    return std::string(nearest ? "nearest" : "bilinear") + (border ? " border" : " zeros") + (corners ? " align_corners" : "");
  }
  // How many pixels a grid's unit is, and between which places a point is kept: far outside stays outside, and within what an integer holds.
  double unit(int64_t extent) const { return 0.5 * double(corners ? extent - 1 : extent); }
  double low() const { return border ? 0 : -2; }
  double high(int64_t extent) const { return double(border ? extent - 1 : extent + 1); }
};

// Images of a whole batch are so many more images: [batch, n, ...] as [batch * n, ...], and back.
template <class O> Tensor over_batch(const O& op, const Batch& b) {
  Tensors in;
  for (int i = 0; i < b.inputs(); ++i) {
    Tensor x = b.whole(i);
    const Shape& s = x.shape();
    in.push_back(reshape(x, {s[0] * s[1], s[2], s[3], s[4]}, b.where()));
  }
  Tensor y = apply(op, in, b.where());
  const Shape& s = y.shape();
  return reshape(y, {b.size(), s[0] / std::max<int64_t>(1, b.size()), s[1], s[2], s[3]}, b.where());
}

// Inputs x and grid, of one dtype.
struct GridSample : Sampling {
  static constexpr const char* name = "grid_sample";
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const {
    const Shape &x = in[0].shape(), &grid = in[1].shape();
    return {Shape{grid[0], grid[1], grid[2], x[3]}, in[0].dtype()};
  }
  Tensor batch(const Batch& b) const { return over_batch(*this, b); }
  Grads vjp(const Vjp& v) const;
};
// Inputs grid and gy: each point's gradient to the pixels it was made of.
struct GridSpread : Sampling {
  static constexpr const char* name = "grid_sample_grad";
  static constexpr Keep keep = kIn;
  int64_t height, width;
  Spec infer(Inputs in) const { return {Shape{in[1].shape()[0], height, width, in[1].shape()[3]}, in[1].dtype()}; }
  Tensor batch(const Batch& b) const { return over_batch(*this, b); }
  Grads vjp(const Vjp& v) const;
};
// Inputs x, grid and gy: the gradient of the grid.
struct GridSlope : Sampling {
  static constexpr const char* name = "grid_sample_slope";
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const { return {in[1].shape(), in[1].dtype()}; }
  Tensor batch(const Batch& b) const { return over_batch(*this, b); }
  Grads vjp(const Vjp&) const { throw TapeError("grid_sample_slope: is not recorded; a recorded replay uses its formula"); }
};

// The same in ops that have gradients.
Tensor slope_formula(const Sampling& o, const Tensor& x, const Tensor& grid, const Tensor& gy) {
  int64_t n = x.shape()[0], h = x.shape()[1], w = x.shape()[2], c = x.shape()[3], cells = grid.shape()[1] * grid.shape()[2];
  Tensor points = reshape(reel::where(isnan(grid), -1, grid), {n, cells, 2}), pixels = reshape(x, {n, h * w, c}), g = reshape(gy, {n, cells, c});
  Tensor known = reshape(logical_not(isnan(grid)), {n, cells, 2});
  struct Axis {
    Tensor floor, part, slope;
  };
  auto axis = [&](int64_t k, int64_t extent) {
    Tensor g = slice_axis(points, 2, k, 1) + 1, at = o.corners ? g * o.unit(extent) : (g * double(extent) - 1) * 0.5;
    Axis a;
    {
      NoGrad no_grad;
      a.floor = floor(clip(at, o.low(), o.high(extent)));
      Tensor moves = logical_and(slice_axis(known, 2, k, 1), logical_and(at >= o.low(), at <= o.high(extent)));
      a.slope = cast(moves, grid.dtype()) * o.unit(extent);
    }
    a.part = clip(at, o.low(), o.high(extent)) - a.floor;
    return a;
  };
  Axis across = axis(0, w), down = axis(1, h);
  auto pick = [&](const Tensor& row, const Tensor& column) {
    Tensor inside = logical_and(logical_and(row >= 0, row < h), logical_and(column >= 0, column < w));
    Tensor place = cast(clip(row, 0, double(h - 1)), int64) * w + cast(clip(column, 0, double(w - 1)), int64);
    return reel::where(inside, take_along_axis(pixels, place, 1), 0);
  };
  Tensor a = pick(down.floor, across.floor), b = pick(down.floor, across.floor + 1), d = pick(down.floor + 1, across.floor),
         e = pick(down.floor + 1, across.floor + 1);
  Tensor by_x = sum(g * ((b - a) * (1 - down.part) + (e - d) * down.part), 2, true), by_y = sum(g * ((d - a) * (1 - across.part) + (e - b) * across.part), 2, true);
  return reshape(concat({by_x * across.slope, by_y * down.slope}, 2), grid.shape());
}
Tensor slope(const Sampling& o, const Tensor& x, const Tensor& grid, const Tensor& gy) {
  return recording() ? slope_formula(o, x, grid, gy) : apply(GridSlope{o}, x, grid, gy, {});
}

Grads GridSample::vjp(const Vjp& v) const {
  Tensor x = v.in(0), grid = v.in(1), gy = v.gy();
  return {v.needs(0) ? apply(GridSpread{*this, x.shape()[1], x.shape()[2]}, grid, gy, {}) : Tensor{},
          v.needs(1) && !nearest ? slope(*this, x, grid, gy) : Tensor{}};
}
// What is spread by gy and multiplied by gx is what gx is sampled to and multiplied by gy.
Grads GridSpread::vjp(const Vjp& v) const {
  Tensor grid = v.in(0), gy = v.in(1), gx = v.gy();
  return {v.needs(0) && !nearest ? slope(*this, gx, grid, gy) : Tensor{}, v.needs(1) ? apply(GridSample{*this}, gx, grid, {}) : Tensor{}};
}

// Where a point lies: the pixels around it row by row (-1: outside of the image), how far it is from the first, and how fast it moves with
// the grid.
template <class T> struct Spot {
  int64_t at[4];
  T part[2], slope[2];
  Spot(const Sampling& o, const T* grid, int64_t height, int64_t width) {
    int64_t first[2], extents[2] = {width, height};
    for (int i = 0; i < 2; ++i) {
      T g = grid[i] == grid[i] ? grid[i] : T(-1), unit = T(o.unit(extents[i])), low = T(o.low()), high = T(o.high(extents[i]));
      T place = o.corners ? (g + 1) * unit : ((g + 1) * T(extents[i]) - 1) * T(0.5);
      slope[i] = grid[i] == grid[i] && place >= low && place <= high ? unit : 0;
      place = place > low ? place < high ? place : high : low;
      if (o.nearest) place = std::nearbyint(place);
      first[i] = int64_t(place);
      if (T(first[i]) > place) --first[i];
      part[i] = place - T(first[i]);
    }
    for (int k = 0; k < 4; ++k) {
      int64_t column = first[0] + k % 2, row = first[1] + k / 2;
      bool inside = column >= 0 && column < width && row >= 0 && row < height;
      at[k] = inside ? row * width + column : -1;
    }
  }
  std::array<T, 4> weights() const {
    return {(1 - part[1]) * (1 - part[0]), (1 - part[1]) * part[0], part[1] * (1 - part[0]), part[1] * part[0]};
  }
};

// f(number of the point, its spot, the four pixels there: zeros outside of the image) for points in parallel.
template <class T, class F> void each_point(const Sampling& o, const Tensor& x, const Tensor& grid, F&& f) {
  const int64_t h = x.shape()[1], w = x.shape()[2], c = x.shape()[3], cells = grid.shape()[1] * grid.shape()[2];
  const std::vector<T> outside(size_t(c), T(0));
  parallel_for(grid.shape()[0] * cells, std::max<int64_t>(1, kWork / (4 * std::max<int64_t>(1, c))), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Spot<T> s(o, grid.raw<const T>() + 2 * i, h, w);
      const T *image = x.raw<const T>() + i / cells * h * w * c, *pixel[4];
      for (int k = 0; k < 4; ++k) pixel[k] = s.at[k] < 0 ? outside.data() : image + s.at[k] * c;
      f(i, s, pixel);
    }
  });
}

REEL_KERNEL(GridSample, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  Tensor x = wide(in[0]), grid = wide(in[1]);
  WideAnswer answer(out[0]);
  visit_wide(out[0].dtype(), [&]<class T>(T) {
    each_point<T>(op, x, grid, [&, n = x.shape()[3]](int64_t i, const Spot<T>& s, const T* const (&pixel)[4]) {
      T* y = answer.data<T>() + i * n;
      const auto [p0, p1, p2, p3] = pixel;
      if (op.nearest) {
        std::memcpy(y, p0, size_t(n) * sizeof(T));
        return;
      }
      const auto [w0, w1, w2, w3] = s.weights();
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) y[k] = p0[k] * w0 + p1[k] * w1 + p2[k] * w2 + p3[k] * w3;
    });
  });
  answer.finish();
}

// A task has some channels of an image: every pixel meets its points in their order, whatever the threads.
REEL_KERNEL(GridSpread, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  constexpr int64_t kChannels = 16;
  Tensor grid = wide(in[0]), gy = wide(in[1]);
  WideAnswer answer(out[0]);
  int64_t c = gy.shape()[3], cells = grid.shape()[1] * grid.shape()[2], blocks = (c + kChannels - 1) / kChannels;
  visit_wide(out[0].dtype(), [&]<class T>(T) {
    std::memset(answer.tensor().raw(), 0, size_t(answer.tensor().bytes()));
    int64_t work = std::max<int64_t>(1, cells * 4 * std::min(c, kChannels));
    parallel_for(gy.shape()[0] * blocks, std::max<int64_t>(1, kWork / work), [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t image = task / blocks, first = task % blocks * kChannels, n = std::min(kChannels, c - first);
        T* pixels = answer.data<T>() + image * op.height * op.width * c + first;
        for (int64_t i = image * cells; i < (image + 1) * cells; ++i) {
          Spot<T> s(op, grid.raw<const T>() + 2 * i, op.height, op.width);
          const T* g = gy.raw<const T>() + i * c + first;
          std::array<T, 4> weights = op.nearest ? std::array<T, 4>{1} : s.weights();
          for (int k = 0; k < (op.nearest ? 1 : 4); ++k) {
            if (s.at[k] < 0) continue;
            T *to = pixels + s.at[k] * c, weight = weights[size_t(k)];
#pragma GCC ivdep
            for (int64_t j = 0; j < n; ++j) to[j] += g[j] * weight;
          }
        }
      }
    });
  });
  answer.finish();
}

REEL_KERNEL(GridSlope, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  Tensor x = wide(in[0]), grid = wide(in[1]), gy = wide(in[2]);
  WideAnswer answer(out[0]);
  visit_wide(out[0].dtype(), [&]<class T>(T) {
    each_point<T>(op, x, grid, [&, c = x.shape()[3]](int64_t i, const Spot<T>& s, const T* const (&pixel)[4]) {
      const auto [p0, p1, p2, p3] = pixel;
      const T *g = gy.raw<const T>() + i * c, fx = s.part[0], fy = s.part[1];
      constexpr int64_t kLanes = 8;  // sums side by side: the compiler keeps the order of one
      T by_x[kLanes] = {}, by_y[kLanes] = {};
      auto add = [&](int64_t k, int64_t lane) {
        by_x[lane] += g[k] * ((p1[k] - p0[k]) * (1 - fy) + (p3[k] - p2[k]) * fy);
        by_y[lane] += g[k] * ((p2[k] - p0[k]) * (1 - fx) + (p3[k] - p1[k]) * fx);
      };
      int64_t k = 0;
      for (; k + kLanes <= c; k += kLanes)
        for (int64_t lane = 0; lane < kLanes; ++lane) add(k + lane, lane);
      for (int64_t lane = 0; k < c; ++k, ++lane) add(k, lane);
      T total[2] = {};
      for (int64_t lane = 0; lane < kLanes; ++lane) total[0] += by_x[lane], total[1] += by_y[lane];
      for (int a = 0; a < 2; ++a) answer.data<T>()[2 * i + a] = total[a] * s.slope[a];
    });
  });
  answer.finish();
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o, Where where) {
  const char* op = GridSample::name;
  return formula(where, [&] {
    const Tensor* in[] = {&x, &grid};
    if (x.rank() != 4 || grid.rank() != 4 || grid.shape()[3] != 2 || grid.shape()[0] != x.shape()[0])
      fail(op, "x must be [n, height, width, channels] and the grid [n, out height, out width, 2]", Inputs(in, 2));
    if (!is_floating(x.dtype()) || !is_floating(grid.dtype())) fail<DTypeError>(op, "is defined for floats", Inputs(in, 2));
    if (o.mode != "bilinear" && o.mode != "nearest") unknown_name("mode", o.mode, {"bilinear", "nearest"});
    if (o.padding_mode != "zeros" && o.padding_mode != "border") unknown_name("padding_mode", o.padding_mode, {"zeros", "border"});
    if (x.shape()[1] < 1 || x.shape()[2] < 1) fail(op, "the image has no pixels", Inputs(in, 2));
    bool nearest = o.mode == "nearest";
    DType t = promote(x.dtype(), grid.dtype());
    Tensor y = apply(GridSample{{nearest, o.padding_mode == "border", o.align_corners}}, cast(x, t, where), cast(grid, t, where), where);
    return nearest ? cast(y, x.dtype(), where) : y;
  });
}

}  // namespace reel
