// Pooling of other ranks, resizing and sampling, against stored numbers of PyTorch.
#include "tensor/ops/pool_nd.h"

#include <cmath>

#include "autograd/gradcheck.h"
#include "op_samples.h"
#include "stored_cases.h"
#include "tensor/ops/resize.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("poolings agree with PyTorch") {
  StoredCases s("pooling");
  s.check("max1", [](const Tensors& x) { return max_pool1d(x[0], 3, {.strides = 2, .padding = {1, 1}}); });
  s.check("average1", [](const Tensors& x) { return average_pool1d(x[0], 3, {.strides = 2, .padding = {1, 1}}); });
  Pool3dOptions o{.strides = {2, 1, 2}, .padding = {AxisPadding(1, 1), AxisPadding(1, 1), AxisPadding(0, 0)}};
  s.check("max3", [&](const Tensors& x) { return max_pool3d(x[0], {2, 3, 2}, o); });
  s.check("average3", [&](const Tensors& x) { return average_pool3d(x[0], {2, 3, 2}, o); });
  s.check("lp", [](const Tensors& x) { return lp_pool2d(x[0], 3, 2); });
  s.check("adaptive_average", [](const Tensors& x) { return adaptive_average_pool(x[0], {3, 4}); });
  s.check("adaptive_max", [](const Tensors& x) { return adaptive_max_pool(x[0], {2, 3, 1}); });
  s.check("unpool", [](const Tensors& x) { return max_unpool2d(x[0], x[1], {6, 7}); });
  MaxPoolResult m = max_pool2d_with_indices(s("unpool/x"), 2);
  CHECK(same_bits(m.values, s("unpool/0")));
  CHECK(same_bits(m.indices, s("unpool/1")));
}

TEST_CASE("resizing and sampling agree with PyTorch") {
  StoredCases s("pooling");
  const std::array<int64_t, 2> sizes[] = {{7, 3}, {3, 11}};
  for (const char* mode : {"nearest", "linear", "cubic", "area"})
    for (int i = 0; i < 2; ++i) {
      std::string name = std::string("resize_") + mode;
      s.check(name + "_" + std::to_string(i), [&](const Tensors& x) { return interpolate(x[0], sizes[i], {.mode = mode}); });
      if (s.has(name + "_corners_0/0")) s.check(name + "_corners_" + std::to_string(i), [&](const Tensors& x) { return interpolate(x[0], sizes[i], {.mode = mode, .align_corners = true}); });
    }
  s.check("resize1", [](const Tensors& x) { return interpolate(x[0], {9}, {.mode = "linear"}); });
  s.check("resize3", [](const Tensors& x) { return interpolate(x[0], {3, 4, 5}, {.mode = "linear"}); });
  for (bool corners : {false, true}) {
    for (const char* padding : {"zeros", "border"})
      s.check(std::string("sample_") + padding + "_" + std::to_string(corners),
              [&](const Tensors& x) { return grid_sample(x[0], x[1], {.padding_mode = padding, .align_corners = corners}); });
    s.check("affine_" + std::to_string(corners), [&](const Tensors& x) { return affine_grid(x[0], 4, 5, corners); });
  }
  s.check("sample_nearest", [](const Tensors& x) { return grid_sample(x[0], x[1], {.mode = "nearest"}); });
  s.check("shuffle", [](const Tensors& x) { return pixel_shuffle(x[0], 3); });
  s.check("unshuffle", [](const Tensors& x) { return pixel_unshuffle(x[0], 2); });
}

TEST_CASE("windows rounded up and counted padding agree with PyTorch") {
  StoredCases s("resampling");
  const struct { HeightWidth size, strides; Padding padding; } windows[] = {{{3, 2}, {2, 3}, {1, 1, 1, 1}}, {{2, 4}, {3, 3}, {0, 0, 2, 2}}, {3, 2, "valid"}};
  for (int k = 0; k < 3; ++k) {
    auto [size, strides, padding] = windows[k];
    std::string of = "_" + std::to_string(k);
    s.check("max_ceil" + of, [&](const Tensors& x) { return max_pool2d(x[0], size, {strides, padding, true}); });
    for (bool ceil : {false, true})
      for (bool whole : {false, true})
        s.check("average_" + std::to_string(ceil) + std::to_string(whole) + of,
                [&](const Tensors& x) { return average_pool2d(x[0], size, {strides, padding, ceil, whole}); });
  }
  s.check("average1_ceil", [](const Tensors& x) { return average_pool1d(x[0], 3, {2, {1, 1}, true, true}); });
  Pool3dOptions o{.strides = {2, 2, 3}, .padding = {AxisPadding(1, 1), AxisPadding(1, 1), AxisPadding(0, 0)}, .ceil_mode = true};
  s.check("max3_ceil", [&](const Tensors& x) { return max_pool3d(x[0], {2, 3, 2}, o); });
  o.count_include_pad = true;
  s.check("average3_ceil", [&](const Tensors& x) { return average_pool3d(x[0], {2, 3, 2}, o); });
  s.check("small_ceil", [](const Tensors& x) { return max_pool2d(x[0], 3, {.strides = 2, .ceil_mode = true}); });
}

TEST_CASE("resizing with antialias and by scales agrees with PyTorch") {
  StoredCases s("resampling");
  const std::array<int64_t, 2> sizes[] = {{7, 3}, {2, 11}, {4, 6}};
  for (const char* mode : {"linear", "cubic"}) {
    std::string name = std::string("antialias_") + mode;
    for (int i = 0; i < 3; ++i)
      s.check(name + "_" + std::to_string(i), [&](const Tensors& x) { return interpolate(x[0], sizes[i], {.mode = mode, .antialias = true}); });
    s.check(name + "_by", [&](const Tensors& x) { return interpolate_by(x[0], {0.4, 0.7}, {.mode = mode, .antialias = true}); });
  }
  for (const char* mode : {"nearest", "linear", "cubic", "area"})
    s.check(std::string("by_") + mode, [&](const Tensors& x) { return interpolate_by(x[0], {0.7, 1.7}, {.mode = mode}); });
  s.check("by_corners", [](const Tensors& x) { return interpolate_by(x[0], {0.7, 1.7}, {.mode = "linear", .align_corners = true}); });
  // Where the size stays, PyTorch's gradient forgets the scale: the value is its, the gradient is checked against differences.
  auto same_size = [](const Tensors& x) { return interpolate_by(x[0], {1.2, 1.2}, {.mode = "cubic"}); };
  CHECK(StoredCases::distance(same_size({s("by_same_size/0")}), s("by_same_size/y")) < 1e-11);
  CHECK(gradcheck(same_size, {s("by_same_size/0")}) == "");
}

TEST_CASE("pooling of no images, and grids far outside or not a number") {
  CHECK(max_pool1d(empty({0, 4, 2}), 2).shape() == Shape{0, 2, 2});
  CHECK(average_pool3d(empty({0, 4, 4, 4, 2}), {2, 2, 2}).shape() == Shape{0, 2, 2, 2, 2});
  CHECK(interpolate(empty({0, 4, 2}), {3}).shape() == Shape{0, 3, 2});
  Tensor x = ones({1, 2, 2, 1}), grid = reshape(tensor({1e30, 0., NAN, NAN, -INFINITY, INFINITY, 0., 0.}), {1, 1, 4, 2});
  Tensor y = reshape(grid_sample(x, grid, {.align_corners = true}), {-1});
  CHECK(to_string(y) == "[0. 1. 0. 1.]");
}

TEST_CASE("gradients of resizing and sampling, twice") {
  GradcheckOptions twice{.second_order = true};
  Tensor x = samples({1, 3, 4, 2}, float64, -1, 1, 1), grid = samples({1, 2, 2, 2}, float64, -0.7, 0.7, 2);
  CHECK(gradcheck([](const Tensors& v) { return square(grid_sample(v[0], v[1])); }, {x, grid}, twice) == "");
  Tensor wide = grid * 2;  // some of it outside
  for (bool corners : {false, true})
    for (const char* padding : {"zeros", "border"}) {
      GridSampleOptions o{.padding_mode = padding, .align_corners = corners};
      CHECK(gradcheck([&](const Tensors& v) { return square(grid_sample(v[0], v[1], o)); }, {x, wide}, twice) == "");
    }
  CHECK(gradcheck([&](const Tensors& v) { return square(grid_sample(v[0], wide, {.mode = "nearest"})); }, {x}, twice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(interpolate(v[0], {5, 2}, {.mode = "cubic"})); }, {x}, twice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(interpolate(v[0], {2, 3}, {.mode = "cubic", .antialias = true})); }, {x}, twice) == "");
  Pool2dOptions counted{.strides = 2, .padding = {1, 1, 1, 1}, .ceil_mode = true, .count_include_pad = true};
  CHECK(gradcheck([&](const Tensors& v) { return square(average_pool2d(v[0], 2, counted)); }, {x}, twice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(max_pool3d(v[0], {2, 2, 1})); }, {samples({1, 3, 4, 2, 1}, float64, -1, 1, 3)}, twice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(adaptive_average_pool(v[0], {2, 3})); }, {x}, twice) == "");
}

TEST_CASE("images sampled over a batch of batches, gradients too") {
  Tensor x = samples({3, 2, 3, 4, 2}, float64, -1, 1, 1), grid = samples({3, 2, 2, 3, 2}, float64, -1.2, 1.2, 2);
  auto slopes = [](const Tensors& v) {
    Tensors at{variable(v[0]), variable(v[1])};
    return grad(sum(square(grid_sample(at[0], at[1]))), at);
  };
  Tensors all = vmap(slopes)({x, grid});
  for (int64_t i = 0; i < 3; ++i) {
    Tensors one = slopes({x[i], grid[i]});
    for (size_t k = 0; k < 2; ++k) CHECK(max(abs(all[k][i] - one[k])).item() < 1e-12);
  }
}

TEST_CASE("a p-norm of nothing but zeros is 0 with a gradient of 0, and NaN stays") {
  Tensor x = variable(reshape(tensor({0., 0., 3., 4., 1., NAN}), {1, 1, 6, 1}));
  Tensor y = lp_pool2d(x, 2, {1, 2});
  CHECK(to_string(reshape(y, {-1})) == "[ 0.  5. nan]");
  backward(sum(y[{slice(), slice(), slice(0, 2)}]));
  CHECK(sum(abs(gradient(x)[{slice(), slice(), slice(0, 2)}])).item() == 0);
  CHECK(gradient(x)[0][0][2].item() == doctest::Approx(0.6));
}

TEST_CASE("what cannot be pooled or resized says why") {
  Tensor x = ones({1, 4, 4, 2});
  CHECK_THROWS_WITH_AS(max_pool1d(x, 2), doctest::Contains("max_pool1d: x must be [n, steps, channels]"), ShapeError);
  CHECK_THROWS_WITH_AS(adaptive_max_pool(x, {2}), doctest::Contains("as many sizes"), ShapeError);
  CHECK_THROWS_WITH_AS(interpolate(x, {2, 0}), doctest::Contains("cannot make 0 cells of 4"), ShapeError);
  CHECK_THROWS_WITH_AS(interpolate(x, {2, 2}, {.mode = "bilinear"}), doctest::Contains("unknown mode"), Error);
  CHECK_THROWS_AS(interpolate(ones({1, 4, 2}, int64), {2}), DTypeError);
  CHECK_THROWS_WITH_AS(interpolate(x, {2, 2}, {.antialias = true}), doctest::Contains("antialias goes with \"linear\""), Error);
  CHECK_THROWS_AS(interpolate(x, {2, 2}, {.mode = "linear", .align_corners = true, .antialias = true}), Error);
  CHECK_THROWS_WITH_AS(interpolate_by(x, {2}), doctest::Contains("as many scales"), ShapeError);
  CHECK_THROWS_WITH_AS(interpolate_by(x, {1, 0.2}), doctest::Contains("cannot make 0 cells of 4"), ShapeError);
  for (double scale : {-1., 0., 1e300, double(NAN)}) CHECK_THROWS_WITH_AS(interpolate_by(x, {1, scale}), doctest::Contains("cannot scale 4 cells by"), ShapeError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 2, {.count_include_pad = true}), doctest::Contains("count_include_pad is of averages"), Error);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 6, {.strides = 2, .ceil_mode = true}), doctest::Contains("is larger than the padded input 4 x 4"), ShapeError);
  CHECK_THROWS_AS(grid_sample(x, ones({2, 1, 1, 2})), ShapeError);
  CHECK_THROWS_AS(max_unpool2d(x, full({1, 4, 4, 2}, 100, int64), {4, 4}), IndexError);
  CHECK_THROWS_AS(pixel_shuffle(x, 2), ShapeError);
  CHECK_THROWS_AS(pixel_unshuffle(x, 3), ShapeError);
  CHECK_THROWS_AS(pixel_shuffle(x, int64_t(1) << 32), ShapeError);  // its square would be 0
  CHECK_THROWS_AS(pixel_unshuffle(empty({1, 0, 0, 2}), int64_t(1) << 32), ShapeError);
  CHECK_THROWS_AS(affine_grid(ones({1, 2, 3}, int64), 2, 2), DTypeError);
  CHECK_THROWS_AS(lp_pool2d(x, 0, 2), Error);
}
