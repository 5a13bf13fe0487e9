// Convolution against seven plain loops in float64.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;

namespace {

Tensor filled(const Shape& shape, uint64_t seed) {
  Generator g{seed};
  return uniform(shape, -1, 1, float64, g);
}

struct Case {
  int64_t n, h, w, c, filters, kh, kw, groups;
  int64_t sy, sx, dy, dx, top, bottom, left, right;
  int64_t out_h() const { return (h + top + bottom - ((kh - 1) * dy + 1)) / sy + 1; }
  int64_t out_w() const { return (w + left + right - ((kw - 1) * dx + 1)) / sx + 1; }
  Conv2dOptions options() const {
    return {.strides = {sy, sx}, .padding = {top, bottom, left, right}, .dilation = {dy, dx}, .groups = groups};
  }
  std::string text() const {
    std::string s;
    for (int64_t v : {n, h, w, c, filters, kh, kw, groups, sy, sx, dy, dx, top, bottom, left, right}) s += std::to_string(v) + " ";
    return s;
  }
};

// sum over everything of gy * conv(x, k) taken apart: y, d/dx and d/dk.
void naive(const Case& q, const Tensor& x, const Tensor& k, const Tensor& gy, Tensor& y, Tensor& gx, Tensor& gk) {
  y = zeros({q.n, q.out_h(), q.out_w(), q.filters}, float64), gx = zeros(x.shape(), float64), gk = zeros(k.shape(), float64);
  auto X = x.view<double, 4>(), K = k.view<double, 4>(), G = gy.view<double, 4>(), Y = y.view<double, 4>(), GX = gx.view<double, 4>(), GK = gk.view<double, 4>();
  int64_t cg = q.c / q.groups, fg = q.filters / q.groups;
  for (int64_t n = 0; n < q.n; ++n)
    for (int64_t oy = 0; oy < q.out_h(); ++oy)
      for (int64_t ox = 0; ox < q.out_w(); ++ox)
        for (int64_t f = 0; f < q.filters; ++f)
          for (int64_t ky = 0; ky < q.kh; ++ky)
            for (int64_t kx = 0; kx < q.kw; ++kx)
              for (int64_t c = 0; c < cg; ++c) {
                int64_t iy = oy * q.sy + ky * q.dy - q.top, ix = ox * q.sx + kx * q.dx - q.left, ic = f / fg * cg + c;
                if (iy < 0 || iy >= q.h || ix < 0 || ix >= q.w) continue;
                Y(n, oy, ox, f) += X(n, iy, ix, ic) * K(ky, kx, c, f);
                GX(n, iy, ix, ic) += G(n, oy, ox, f) * K(ky, kx, c, f);
                GK(ky, kx, c, f) += G(n, oy, ox, f) * X(n, iy, ix, ic);
              }
}
double distance(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  if (a.size() == 0) return 0;
  return max(abs(cast(a, float64) - b)).item() / std::max(1., max(abs(b)).item());
}

// Both dtypes, with and without a bias, against the plain loops.
void check(const Case& q) {
  CAPTURE(q.text());
  Tensor x = filled({q.n, q.h, q.w, q.c}, 1), k = filled({q.kh, q.kw, q.c / q.groups, q.filters}, 2), b = filled({q.filters}, 4);
  Tensor gy = filled({q.n, q.out_h(), q.out_w(), q.filters}, 3), y, gx, gk;
  naive(q, x, k, gy, y, gx, gk);
  for (DType t : {float32, float64}) {
    double tolerance = t == float32 ? 2e-6 : 1e-14;
    Tensor vx = variable(cast(x, t)), vk = variable(cast(k, t)), vb = variable(cast(b, t));
    Tensor got = conv2d(vx, vk, q.options());
    CHECK(distance(got, y) < tolerance);
    backward(got, {.gradient = cast(gy, t)});
    CHECK(distance(gradient(vx), gx) < tolerance);
    CHECK(distance(gradient(vk), gk) < tolerance);
    Tensor biased = conv2d(vx, vk, vb, q.options());
    CHECK(distance(biased, y + b) < tolerance);
    backward(biased, {.gradient = cast(gy, t)});
    CHECK(distance(gradient(vb), sum(gy, {0, 1, 2})) < tolerance);
  }
}

}  // namespace

TEST_CASE("random configurations, forward and both gradients, in float32 and float64") {
  std::mt19937 r(2024);
  auto any = [&](int64_t low, int64_t high) { return low + int64_t(r() % uint64_t(high - low + 1)); };
  int done = 0;
  while (done < 150) {
    Case q;
    q.n = any(1, 5), q.h = any(1, 12), q.w = any(1, 12), q.kh = any(1, 5), q.kw = any(1, 5);
    q.groups = any(0, 3) ? 1 : any(1, 4);
    q.c = q.groups * any(1, any(0, 2) ? 8 : 24), q.filters = q.groups * any(1, 9);
    q.sy = any(1, 3), q.sx = any(1, 3), q.dy = any(0, 2) ? 1 : any(1, 3), q.dx = any(0, 2) ? 1 : any(1, 3);
    q.top = any(0, 2), q.bottom = any(0, 3), q.left = any(0, 2), q.right = any(0, 3);
    if (q.h + q.top + q.bottom < (q.kh - 1) * q.dy + 1 || q.w + q.left + q.right < (q.kw - 1) * q.dx + 1) continue;
    ++done;
    check(q);
  }
}

TEST_CASE("few images of more work, which threads share by bands of rows, forward and both gradients") {
  for (const Case& q : {Case{1, 30, 31, 17, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 64, 9, 20, 24, 5, 3, 1, 2, 1, 1, 1, 2, 2, 1, 1},
                        {3, 33, 20, 16, 24, 3, 3, 1, 1, 1, 2, 1, 0, 4, 0, 0}, {2, 41, 17, 24, 20, 3, 1, 1, 3, 2, 2, 1, 4, 3, 0, 0},
                        {1, 24, 24, 48, 40, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, {1, 40, 40, 3, 20, 7, 7, 1, 2, 2, 1, 1, 3, 2, 3, 2},
                        {1, 36, 36, 20, 3, 5, 5, 1, 1, 1, 1, 1, 2, 2, 2, 2}, {1, 25, 12, 32, 32, 3, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1},
                        {1, 12, 90, 20, 20, 3, 3, 1, 1, 1, 5, 1, 5, 5, 1, 1}, {1, 3, 40, 40, 40, 3, 3, 1, 1, 1, 1, 1, 3, 3, 3, 3}})
    check(q);
}

TEST_CASE("three by three kernels over many channels, which need fewer multiplications, forward and both gradients") {
  for (const Case& q : {Case{4, 16, 16, 16, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {4, 15, 17, 32, 16, 3, 3, 1, 1, 1, 1, 1, 0, 0, 0, 0},
                        {2, 30, 21, 48, 32, 3, 3, 1, 1, 1, 1, 1, 2, 1, 0, 2}, {9, 9, 9, 32, 48, 3, 3, 1, 1, 1, 1, 1, 2, 2, 2, 2},
                        {1, 40, 33, 16, 64, 3, 3, 1, 1, 1, 1, 1, 5, 0, 0, 4}, {32, 6, 6, 64, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                        {70, 4, 4, 32, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {2, 31, 26, 16, 48, 3, 3, 1, 1, 1, 2, 3, 2, 2, 3, 3},
                        {1, 36, 40, 48, 16, 3, 3, 1, 1, 1, 1, 5, 0, 1, 7, 5}, {130, 3, 3, 16, 32, 3, 3, 1, 1, 1, 1, 1, 2, 2, 2, 2}})
    check(q);
}

TEST_CASE("three by three kernels over many channels: numbers that are not finite stay where they meet something") {
  const float inf = std::numeric_limits<float>::infinity(), huge = std::numeric_limits<float>::max();
  Case q{1, 20, 20, 32, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  for (auto [one, other] : {std::pair<float, float>{inf, 1.f}, {std::nanf(""), 1.f}, {huge, -huge}}) {
    CAPTURE(one);
    Tensor x = filled({1, 20, 20, 32}, 1), k = 1e-3 * filled({3, 3, 32, 32}, 2), gy = 0.25 * filled({1, 20, 20, 32}, 3);
    auto vx = x.view<double, 4>(), vg = gy.view<double, 4>();
    vx(0, 7, 8, 5) = one, vx(0, 7, 10, 5) = other;  // their difference, in a transform, would overflow
    if (one != huge) vg(0, 7, 8, 5) = one;
    Tensor y, gx, gk;
    naive(q, x, k, gy, y, gx, gk);
    Tensor fx = variable(cast(x, float32)), fk = variable(cast(k, float32)), got = conv2d(fx, fk, q.options());
    backward(got, {.gradient = cast(gy, float32)});
    for (const auto& [a, exact] : {std::pair<Tensor, Tensor>{got, y}, {gradient(fx), gx}, {gradient(fk), gk}}) {
      Tensor e = cast(cast(exact, float32), float64), found = cast(a, float64), same = isfinite(e);
      CHECK(all(isfinite(found) == same).item<bool>());
      CHECK(all(isnan(found) == isnan(e)).item<bool>());
      CHECK(sum(cast(same, float64)).item() > 0);
      // Where the huge numbers meet something, to their scale; a window elsewhere is not to know of them.
      Tensor far = where(same & (abs(e) < 1e3), abs(found - e), zeros({}, float64));
      CHECK(max(far).item() < 1e-5);
    }
  }
}

TEST_CASE("same padding is Keras's: ceil(n / stride), the odd cell at the end") {
  Tensor x = reshape(arange(1., 6.), {1, 1, 5, 1}), k = reshape(tensor({1., 10., 100., 1000.}), {1, 4, 1, 1});
  CHECK(to_string(reshape(conv2d(x, k, {.padding = "same"}), {-1})) == to_string(tensor({3210., 4321., 5432., 543., 54.})));
  CHECK(array_equal(conv2d(x, k, Tensor{}, {.padding = "same"}), conv2d(x, k, {.padding = "same"})));  // no bias
  Tensor y = conv2d(reshape(arange(1., 5.), {1, 1, 4, 1}), ones({1, 3, 1, 1}), {.strides = 2, .padding = "same"});
  CHECK(to_string(reshape(y, {-1})) == to_string(tensor({6., 7.})));  // windows 1 2 3 and 3 4 _
  for (int64_t n = 1; n < 9; ++n)
    for (int64_t s = 1; s < 4; ++s)
      CHECK(conv2d(ones({1, n, 2 * n, 1}), ones({3, 2, 1, 1}), {.strides = s, .padding = "same"}).shape() == Shape{1, (n + s - 1) / s, (2 * n + s - 1) / s, 1});
}

TEST_CASE("convolution of nothing") {
  CHECK(conv2d(empty({0, 5, 5, 2}), ones({3, 3, 2, 4})).shape() == Shape{0, 3, 3, 4});
  CHECK(conv2d(empty({2, 5, 5, 3}), empty({3, 3, 3, 0})).shape() == Shape{2, 3, 3, 0});
  Tensor none = conv2d(empty({2, 5, 5, 0}), empty({3, 3, 0, 4})), bias = conv2d(empty({2, 5, 5, 0}), empty({3, 3, 0, 4}), tensor({1., 2., 3., 4.}));
  CHECK(max(abs(none)).item() == 0);
  CHECK(bias.at<float>(1, 2, 2, 3) == 4);
  Tensor x = variable(ones({2, 5, 5, 3})), k = variable(ones({3, 3, 3, 0})), x0 = variable(empty({0, 5, 5, 3})), k1 = variable(ones({3, 3, 3, 2}));
  backward(sum(conv2d(x, k)));
  CHECK(max(abs(gradient(x))).item() == 0);
  backward(sum(conv2d(x0, k1)));
  CHECK(max(abs(gradient(k1))).item() == 0);
}

TEST_CASE("other dtypes and layouts") {
  Tensor x = filled({2, 6, 5, 3}, 1), k = filled({3, 2, 3, 4}, 2);
  Tensor expected = conv2d(x, k);
  for (DType t : {float16, bfloat16}) {
    Tensor y = conv2d(cast(x, t), cast(k, t));
    CHECK(y.dtype() == t);
    CHECK(distance(y, conv2d(cast(cast(x, t), float64), cast(cast(k, t), float64))) < (t == float16 ? 1e-3 : 5e-3));
  }
  CHECK(conv2d(cast(x, int32), cast(k, float32)).dtype() == float32);
  CHECK(conv2d(cast(x, float32), k).dtype() == float64);
  Tensor planes = transpose(contiguous(transpose(x, {0, 3, 1, 2})), {0, 2, 3, 1});
  CHECK(distance(conv2d(planes, k), expected) == 0);
}

TEST_CASE("what cannot be convolved says why, with numbers") {
  Tensor x = ones({2, 5, 6, 4}), k = ones({3, 3, 4, 8});
  CHECK_THROWS_WITH_AS(conv2d(x, ones({6, 3, 4, 8})), doctest::Contains("conv2d: the window 6 x 3 is larger than the padded input 5 x 6"), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, k, {.dilation = 3}), doctest::Contains("3 x 3 (dilated 7 x 7) is larger"), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, k, {.strides = {1, 0}}), doctest::Contains("strides must be at least 1, got 1 x 0"), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, k, {.dilation = 0}), doctest::Contains("dilation must be at least 1, got 0 x 0"), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, k, {.padding = {0, -1, 0, 0}}), doctest::Contains("padding must not be negative, got top 0, bottom -1"), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, k, {.groups = 3}), doctest::Contains("groups 3 do not divide 4 channels and 8 filters"), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, k, {.groups = 2}), doctest::Contains("the kernel sees 4 channels, x has 4 in 2 groups"), ShapeError);
  CHECK_THROWS_AS(conv2d(x, k, {.groups = 0}), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, ones({3, 3, 5, 8})), doctest::Contains("the kernel sees 5 channels, x has 4"), ShapeError);
  CHECK_THROWS_AS(conv2d(x, k, ones({4})), ShapeError);
  CHECK_THROWS_AS(conv2d(ones({5, 6, 4}), k), ShapeError);
  CHECK_THROWS_AS(conv2d(x, ones({3, 4, 8})), ShapeError);
  CHECK_THROWS_AS(conv2d(x, ones({0, 3, 4, 8})), ShapeError);
  CHECK_THROWS_AS(conv2d(empty({2, 0, 6, 4}), k, {.padding = "same"}), ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, k, {.padding = "full"}), doctest::Contains("unknown padding \"full\"; valid: \"valid\", \"same\""), Error);
  CHECK_THROWS_WITH_AS(conv2d(x, ones({6, 3, 4, 8})), doctest::Contains("at conv_test.cc:"), ShapeError);
}

TEST_CASE("gradients of convolution, twice") {
  GradcheckOptions twice{.second_order = true};
  for (const Conv2dOptions& o : {Conv2dOptions{}, Conv2dOptions{.strides = {2, 1}, .padding = "same"}, Conv2dOptions{.padding = {1, 0, 0, 2}, .dilation = {1, 2}}})
    CHECK(gradcheck([&](const Tensors& v) { return square(conv2d(v[0], v[1], v[2], o)); }, {filled({2, 3, 4, 2}, 1), filled({2, 2, 2, 2}, 2), filled({2}, 3)},
                    twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return square(conv2d(v[0], v[1], {.groups = 2})); }, {filled({1, 3, 3, 4}, 1), filled({2, 2, 2, 2}, 2)}, twice) == "");
}

TEST_CASE("convolution has the same bits for one and two threads") {
  Generator g{5};
  for (auto [n, size, c, f, k] : {std::array<int64_t, 5>{64, 28, 1, 6, 5}, {37, 14, 6, 16, 5}, {9, 16, 32, 32, 3}, {1, 40, 32, 48, 3}, {2, 48, 64, 40, 1}}) {
    Tensor x = uniform({n, size, size, c}, -1, 1, float32, g), w = uniform({k, k, c, f}, -1, 1, float32, g);
    Tensor result[2][3];
    for (int threads = 1; threads <= 2; ++threads) {
      set_num_threads(threads);
      Tensor vx = variable(x), vw = variable(w), y = conv2d(vx, vw, {.padding = "same"});
      backward(sum(square(y)));
      Tensor* at = result[threads - 1];
      at[0] = y, at[1] = gradient(vx), at[2] = gradient(vw);
    }
    set_num_threads(0);
    for (int i = 0; i < 3; ++i) CHECK(std::memcmp(result[0][i].raw(), result[1][i].raw(), size_t(result[0][i].bytes())) == 0);
  }
}

TEST_CASE("convolutions of bfloat16 sum in float, with and without the processor's own products") {
  struct Case {
    int64_t n, size, channels, filters, kernel;
    Conv2dOptions options;
  };
  const Case cases[] = {{3, 9, 16, 32, 3, {.padding = "same"}},
                        {2, 11, 32, 16, 3, {.strides = 2}},
                        {1, 12, 48, 24, 3, {.dilation = 2}},
                        {5, 6, 64, 64, 1, {}},
                        {1, 40, 32, 48, 3, {.padding = "same"}},
                        {2, 8, 32, 32, 3, {.groups = 4}},
                        {2, 9, 3, 20, 5, {.padding = "same"}},
                        {2, 9, 20, 5, 2, {}}};
  for (const Case& c : cases) {
    CAPTURE(c.channels);
    CAPTURE(c.filters);
    auto rounded = [](const Shape& s) { return cast(cast(normal(s), bfloat16), float32); };
    Tensor x = variable(rounded({c.n, c.size, c.size, c.channels})), k = variable(rounded({c.kernel, c.kernel, c.channels / c.options.groups, c.filters})),
           b = variable(rounded({c.filters}));
    Tensor exact = conv2d(x, k, b, c.options), y;
    {
      Autocast scope(bfloat16);
      y = conv2d(x, k, b, c.options);
    }
    REQUIRE(y.dtype() == bfloat16);
    // Products of bfloat16 numbers are exact in float, and the two sums differ in their order alone: some 2^-20 of the largest; then
    // one rounding to 8 bits.
    auto near = [](const Tensor& a, const Tensor& e, double bits) {
      return float(max(abs(cast(a, float32) - e)).item()) <= (std::ldexp(1., -20) + std::ldexp(1., -int(bits))) * float(max(abs(e)).item());
    };
    CHECK(near(y, exact, 8));
    Tensor gy = rounded(y.shape());
    Tensors found = grad(y, {x, k, b}, {.gradient = cast(gy, bfloat16)}), expected = grad(exact, {x, k, b}, {.gradient = gy});
    for (const Tensor& g : found) CHECK(g.dtype() == float32);
    CHECK(near(found[0], expected[0], 8));
    CHECK(near(found[1], expected[1], 20));  // a weight's gradient is not rounded on its way to float32
    CHECK(near(found[2], expected[2], 8));
  }
}
