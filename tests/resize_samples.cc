// Rows of tensor/ops/resize.h.
#include <algorithm>
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

double hat(double d) { return std::max(0., 1 - std::fabs(d)); }
double keys(double d) {
  d = std::fabs(d);
  return d < 1 ? 1.25 * d * d * d - 2.25 * d * d + 1 : d < 2 ? -0.75 * d * d * d + 3.75 * d * d - 6 * d + 3 : 0;
}
// Output i of `out` as a point among n cells.
double half_pixel(int64_t i, int64_t n, int64_t out) { return (double(i) + 0.5) * double(n) / double(out) - 0.5; }
double corners(int64_t i, int64_t n, int64_t out) { return double(i) * double(n - 1) / double(out - 1); }

// Height and width resized: every cell of the image, its edge continued by three cells, with the weight of its distance.
std::function<Array(const Arrays&)> resized(int64_t height, int64_t width, double (*weight)(double), double (*point)(int64_t, int64_t, int64_t)) {
  return [=](const Arrays& a) {
    const Array& x = a[0];
    int64_t h = x.dims[1], w = x.dims[2];
    Array y({x.dims[0], height, width, x.dims[3]});
    y.each([&](const Ints& o) {
      for (int64_t i = -3; i < h + 3; ++i)
        for (int64_t j = -3; j < w + 3; ++j)
          y(o) += weight(point(o[1], h, height) - double(i)) * weight(point(o[2], w, width) - double(j)) *
                  x({o[0], std::clamp<int64_t>(i, 0, h - 1), std::clamp<int64_t>(j, 0, w - 1), o[3]});
    });
    return y;
  };
}

// x at grid: each pixel with its weight; pixels around the image are 0, or with `border` those of the edge.
std::function<Array(const Arrays&)> sampled(bool border, bool align_corners) {
  return [=](const Arrays& a) {
    const Array &x = a[0], &grid = a[1];
    int64_t h = x.dims[1], w = x.dims[2];
    auto point = [&](double g, int64_t n) {
      double at = align_corners ? (g + 1) / 2 * double(n - 1) : ((g + 1) * double(n) - 1) / 2;
      return border ? std::clamp(at, 0., double(n - 1)) : at;
    };
    Array y({x.dims[0], grid.dims[1], grid.dims[2], x.dims[3]});
    y.each([&](const Ints& o) {
      double across = point(grid({o[0], o[1], o[2], 0}), w), down = point(grid({o[0], o[1], o[2], 1}), h);
      for (int64_t i = 0; i < h; ++i)
        for (int64_t j = 0; j < w; ++j) y(o) += hat(down - double(i)) * hat(across - double(j)) * x({o[0], i, j, o[3]});
    });
    return y;
  };
}

std::function<Array(const Arrays&)> mapped(int64_t height, int64_t width, bool align_corners) {
  return [=](const Arrays& a) {
    auto line = [&](int64_t i, int64_t n) { return align_corners ? 2 * double(i) / double(n - 1) - 1 : (2 * double(i) + 1) / double(n) - 1; };
    Array y({a[0].dims[0], height, width, 2});
    y.each([&](const Ints& o) {
      auto t = [&](int64_t k) { return a[0]({o[0], o[3], k}); };
      y(o) = t(0) * line(o[2], width) + t(1) * line(o[1], height) + t(2);
    });
    return y;
  };
}

#define REEL_CALL(value) [](const Tensors& x) { return value; }

const AddRows sizes({
    {.name = "interpolate nearest", .shapes = {{2, 4, 5, 2}}, .call = REEL_CALL(interpolate(x[0], {7, 3})),
     .formula = [](const Arrays& a) {
       Array y({2, 7, 3, 2});
       y.each([&](const Ints& o) { y(o) = a[0]({o[0], o[1] * 4 / 7, o[2] * 5 / 3, o[3]}); });
       return y;
     }, .types = kFloats, .ulps = 0, .atol = 0},
    {.name = "interpolate linear", .shapes = {{2, 4, 5, 2}}, .call = REEL_CALL(interpolate(x[0], {7, 3}, {.mode = "linear"})),
     .formula = resized(7, 3, hat, half_pixel), .types = kFloats},
    {.name = "interpolate linear, corners kept", .shapes = {{2, 4, 5, 2}},
     .call = REEL_CALL(interpolate(x[0], {3, 8}, {.mode = "linear", .align_corners = true})), .formula = resized(3, 8, hat, corners), .types = kFloats},
    {.name = "interpolate cubic", .shapes = {{1, 4, 5, 2}}, .call = REEL_CALL(interpolate(x[0], {7, 3}, {.mode = "cubic"})),
     .formula = resized(7, 3, keys, half_pixel), .types = kFloats, .atol = 64},  // the place between two pixels is rounded, times the slope
    {.name = "interpolate cubic, corners kept", .shapes = {{1, 4, 5, 2}},
     .call = REEL_CALL(interpolate(x[0], {3, 8}, {.mode = "cubic", .align_corners = true})), .formula = resized(3, 8, keys, corners), .types = kFloats, .atol = 16},
    {.name = "interpolate area", .shapes = {{1, 4, 6, 2}}, .call = REEL_CALL(interpolate(x[0], {2, 3}, {.mode = "area"})),
     .formula = [](const Arrays& a) {
       Array y({1, 2, 3, 2});
       a[0].each([&](const Ints& i) { y({0, i[1] / 2, i[2] / 2, i[3]}) += a[0](i) / 4; });
       return y;
     }, .types = kFloats},
});

const AddRows grids({
    {.name = "grid_sample", .shapes = {{2, 4, 5, 2}, {2, 3, 2, 2}}, .call = REEL_CALL(grid_sample(x[0], x[1])),
     .formula = sampled(false, false), .low = -1.4, .high = 1.4, .types = kFloats},
    {.name = "grid_sample with border and corners", .shapes = {{2, 4, 5, 2}, {2, 3, 2, 2}},
     .call = REEL_CALL(grid_sample(x[0], x[1], {.padding_mode = "border", .align_corners = true})),
     .formula = sampled(true, true), .low = -1.4, .high = 1.4, .types = kFloats},
    {.name = "grid_sample of the nearest", .shapes = {{2, 4, 5, 2}},
     .call = REEL_CALL(grid_sample(x[0], cast(reshape(tensor({0.1, 0.9, -0.9, -0.3}), {2, 1, 1, 2}), x[0].dtype()), {.mode = "nearest"})),
     .formula = [](const Arrays& a) {
       Array y({2, 1, 1, 2});
       y.each([&](const Ints& o) { y(o) = o[0] ? a[0]({1, 1, 0, o[3]}) : a[0]({0, 3, 2, o[3]}); });
       return y;
     }, .types = kFloats, .ulps = 0, .atol = 0},
    {.name = "affine_grid", .shapes = {{2, 2, 3}}, .call = REEL_CALL(affine_grid(x[0], 3, 4)), .formula = mapped(3, 4, false), .types = kFloats},
    {.name = "affine_grid of corners", .shapes = {{2, 2, 3}}, .call = REEL_CALL(affine_grid(x[0], 3, 4, true)), .formula = mapped(3, 4, true), .types = kFloats},
    {.name = "pixel_shuffle", .shapes = {{2, 2, 3, 8}}, .call = REEL_CALL(pixel_shuffle(x[0], 2)),
     .formula = [](const Arrays& a) {
       Array y({2, 4, 6, 2});
       y.each([&](const Ints& o) { y(o) = a[0]({o[0], o[1] / 2, o[2] / 2, o[3] * 4 + o[1] % 2 * 2 + o[2] % 2}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "pixel_unshuffle", .shapes = {{2, 4, 6, 2}}, .call = REEL_CALL(pixel_unshuffle(x[0], 2)),
     .formula = [](const Arrays& a) {
       Array y({2, 2, 3, 8});
       y.each([&](const Ints& o) { y(o) = a[0]({o[0], 2 * o[1] + o[3] / 2 % 2, 2 * o[2] + o[3] % 2, o[3] / 4}); });
       return y;
     }, .ulps = 0, .atol = 0},
});

}  // namespace
}  // namespace reel::test
