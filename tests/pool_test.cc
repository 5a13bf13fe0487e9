// Pooling against plain loops in float64.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;

namespace {

struct Case {
  int64_t n, h, w, c, kh, kw, sy, sx, top, bottom, left, right;
  int64_t out_h() const { return (h + top + bottom - kh) / sy + 1; }
  int64_t out_w() const { return (w + left + right - kw) / sx + 1; }
};
// The pooled values, and the gradient of sum(gy * y).
void naive(bool largest, const Case& q, const Tensor& x, const Tensor& gy, Tensor& y, Tensor& gx) {
  y = zeros({q.n, q.out_h(), q.out_w(), q.c}, float64), gx = zeros(x.shape(), float64);
  auto X = x.view<double, 4>(), G = gy.view<double, 4>(), Y = y.view<double, 4>(), GX = gx.view<double, 4>();
  for (int64_t n = 0; n < q.n; ++n)
    for (int64_t oy = 0; oy < q.out_h(); ++oy)
      for (int64_t ox = 0; ox < q.out_w(); ++ox)
        for (int64_t c = 0; c < q.c; ++c) {
          std::vector<std::pair<int64_t, int64_t>> cells;
          for (int64_t ky = 0; ky < q.kh; ++ky)
            for (int64_t kx = 0; kx < q.kw; ++kx) {
              int64_t iy = oy * q.sy + ky - q.top, ix = ox * q.sx + kx - q.left;
              if (iy >= 0 && iy < q.h && ix >= 0 && ix < q.w) cells.push_back({iy, ix});
            }
          REQUIRE(!cells.empty());
          auto best = cells[0];
          double total = 0;
          for (auto [iy, ix] : cells) {
            total += X(n, iy, ix, c);
            if (X(n, iy, ix, c) > X(n, best.first, best.second, c)) best = {iy, ix};
          }
          Y(n, oy, ox, c) = largest ? X(n, best.first, best.second, c) : total / double(cells.size());
          if (largest) GX(n, best.first, best.second, c) += G(n, oy, ox, c);
          else
            for (auto [iy, ix] : cells) GX(n, iy, ix, c) += G(n, oy, ox, c) / double(cells.size());
        }
}
double distance(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  return max(abs(cast(a, float64) - b)).item();
}
Tensor pool(bool largest, const Tensor& x, HeightWidth size, const Pool2dOptions& o) { return largest ? max_pool2d(x, size, o) : average_pool2d(x, size, o); }

}  // namespace

TEST_CASE("random pools, forward and gradient") {
  std::mt19937 r(7);
  auto any = [&](int64_t low, int64_t high) { return low + int64_t(r() % uint64_t(high - low + 1)); };
  for (int done = 0; done < 100;) {
    Case q{any(1, 4), any(1, 10), any(1, 10), any(1, 20), any(1, 4), any(1, 4), any(1, 3), any(1, 3), 0, 0, 0, 0};
    q.top = any(0, q.kh / 2), q.bottom = any(0, q.kh / 2), q.left = any(0, q.kw / 2), q.right = any(0, q.kw / 2);
    if (q.h + q.top + q.bottom < q.kh || q.w + q.left + q.right < q.kw) continue;
    ++done;
    Generator g{uint64_t(done)};
    // Few different values, so that largest ones tie.
    Tensor x = cast(randint({q.n, q.h, q.w, q.c}, -3, 4, int64, g), float64) - 4, gy = uniform({q.n, q.out_h(), q.out_w(), q.c}, -1, 1, float64, g), y, gx;
    for (bool largest : {true, false}) {
      naive(largest, q, x, gy, y, gx);
      for (DType t : {float32, float64}) {
        Tensor v = variable(cast(x, t)), got = pool(largest, v, {q.kh, q.kw}, {.strides = {q.sy, q.sx}, .padding = {q.top, q.bottom, q.left, q.right}});
        backward(got, {.gradient = cast(gy, t)});
        CHECK(distance(got, y) < (t == float32 ? 2e-6 : 1e-14));
        CHECK(distance(gradient(v), gx) < (t == float32 ? 2e-6 : 1e-14));
      }
    }
  }
}

TEST_CASE("pooling defaults, same padding and NaN") {
  Tensor x = reshape(tensor({-5., -1., -2., -4., -3.}), {1, 1, 5, 1});
  CHECK(to_string(reshape(max_pool2d(x, {1, 2}), {-1})) == to_string(tensor({-1., -2.})));
  CHECK(to_string(reshape(max_pool2d(x, {1, 2}, {.padding = "same"}), {-1})) == to_string(tensor({-1., -2., -3.})));
  CHECK(to_string(reshape(average_pool2d(x, {1, 2}, {.padding = "same"}), {-1})) == to_string(tensor({-3., -3., -3.})));
  CHECK(to_string(reshape(max_pool2d(x, {1, 3}, {.strides = 1, .padding = "same"}), {-1})) == to_string(tensor({-1., -1., -1., -2., -3.})));
  double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  Tensor odd = variable(reshape(tensor({1., nan, nan, 9., -inf, -inf}), {1, 1, 6, 1}));
  Tensor y = max_pool2d(odd, {1, 3});
  CHECK(std::isnan(y.at<float>(0, 0, 0, 0)));
  CHECK(y.at<float>(0, 0, 1, 0) == 9);
  backward(sum(y));
  CHECK(gradient(odd).at<float>(0, 0, 1, 0) == 1);
  CHECK(gradient(odd).at<float>(0, 0, 2, 0) == 0);
  Tensor low = max_pool2d(full({1, 2, 2, 1}, -inf), 2);
  CHECK(low.at<float>(0, 0, 0, 0) == -inf);
  CHECK(global_average_pool2d(reshape(arange(12.), {1, 2, 3, 2})).at<float>(0, 1) == 6);
  CHECK(global_average_pool2d(ones({2, 3, 4, 5}), true).shape() == Shape{2, 1, 1, 5});
}

TEST_CASE("pooling of nothing, of other dtypes and of views") {
  CHECK(max_pool2d(empty({0, 4, 4, 3}), 2).shape() == Shape{0, 2, 2, 3});
  CHECK(average_pool2d(empty({2, 4, 4, 0}), 2).shape() == Shape{2, 2, 2, 0});
  Tensor none = variable(empty({0, 4, 4, 3}));
  backward(sum(max_pool2d(none, 2)) + sum(average_pool2d(none, 2)));
  CHECK(gradient(none).shape() == none.shape());
  Generator g{1};
  Tensor x = uniform({2, 6, 6, 3}, -1, 1, float64, g);
  for (bool largest : {true, false}) {
    Tensor y = pool(largest, x, 3, {.strides = 2});
    for (DType t : {float16, bfloat16}) {
      Tensor v = variable(cast(x, t)), z = pool(largest, v, 3, {.strides = 2});
      CHECK(z.dtype() == t);
      CHECK(distance(z, y) < 0.005);
      backward(sum(cast(z, float32)));
      CHECK(gradient(v).dtype() == t);
    }
    CHECK(distance(pool(largest, transpose(contiguous(transpose(x, {0, 3, 1, 2})), {0, 2, 3, 1}), 3, {.strides = 2}), y) == 0);
  }
}

TEST_CASE("padding may leave a window a single cell of the image") {
  Tensor x = reshape(arange(1., 5.), {1, 1, 4, 1});
  Pool2dOptions options{.strides = 1, .padding = {0, 0, 2, 2}};
  CHECK(to_string(reshape(max_pool2d(x, {1, 3}, options), {-1})) == to_string(tensor({1., 2., 3., 4., 4., 4.})));
  CHECK(to_string(reshape(average_pool2d(x, {1, 3}, options), {-1})) == to_string(tensor({1., 1.5, 2., 3., 3.5, 4.})));
}

TEST_CASE("what cannot be pooled says why, with numbers") {
  Tensor x = ones({2, 5, 6, 4});
  CHECK_THROWS_WITH_AS(max_pool2d(x, 6), doctest::Contains("max_pool2d: the window 6 x 6 is larger than the padded input 5 x 6"), ShapeError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 2, {.padding = {0, 2, 0, 0}}), doctest::Contains("padding 2 must be less than the window's 2"), ShapeError);
  CHECK_THROWS_WITH_AS(average_pool2d(x, 0), doctest::Contains("average_pool2d: the window must be at least 1, got 0 x 0"), ShapeError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 2, {.strides = {1, -1}}), doctest::Contains("strides must be at least 1, got 1 x -1"), ShapeError);
  CHECK_THROWS_AS(max_pool2d(ones({5, 6, 4}), 2), ShapeError);
  CHECK_THROWS_AS(max_pool2d(ones({2, 5, 6, 4}, int32), 2), DTypeError);
  CHECK_THROWS_AS(global_average_pool2d(ones({5, 6, 4})), ShapeError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 6), doctest::Contains("at pool_test.cc:"), ShapeError);
}

TEST_CASE("gradients of pools, twice") {
  GradcheckOptions twice{.second_order = true};
  Generator g{3};
  Tensor x = cast(reshape(permutation(2 * 5 * 4 * 2, g), {2, 5, 4, 2}), float64) * 0.1;  // no two values close
  for (bool largest : {true, false})
    for (const Pool2dOptions& o : {Pool2dOptions{}, Pool2dOptions{.strides = {2, 1}, .padding = "same"}})
      CHECK(gradcheck([&](const Tensors& v) { return square(pool(largest, v[0], {3, 2}, o)); }, {x}, twice) == "");
}

TEST_CASE("pools have the same bits for one and two threads") {
  Generator g{4};
  Tensor x = uniform({33, 28, 28, 6}, -1, 1, float32, g);
  for (bool largest : {true, false}) {
    Tensor at[2][2];
    for (int threads = 1; threads <= 2; ++threads) {
      set_num_threads(threads);
      Tensor v = variable(x), y = pool(largest, v, 3, {.strides = 2, .padding = "same"});
      backward(sum(square(y)));
      at[threads - 1][0] = y, at[threads - 1][1] = gradient(v);
    }
    set_num_threads(0);
    for (int i = 0; i < 2; ++i) CHECK(std::memcmp(at[0][i].raw(), at[1][i].raw(), size_t(at[0][i].bytes())) == 0);
  }
}
