// Convolutions of few channels or filters, or with a filter for each channel, which have loops of their own, against the plain loops of
// float64.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;

namespace {

struct Convolved {
  Tensor y, x, k;
};
Convolved convolved(const Tensor& x, const Tensor& k, const Tensor& bias, const Tensor& gy, const Conv2dOptions& o) {
  Tensor vx = variable(x), vk = variable(k), y = conv2d(vx, vk, bias, o);
  backward(y, {.gradient = gy});
  return {y, gradient(vx), gradient(vk)};
}

// A sum of `terms` products in any order, fused or not, is off by at most terms * u / (1 - terms * u) times the sum of their absolute values;
// float64's own error is nothing beside it. The least number allows for products that vanish.
bool within(const Tensor& got, const Tensor& exact, const Tensor& absolute, int64_t terms) {
  double u = std::ldexp(1., -24), factor = double(terms) * u / (1 - double(terms) * u);
  return all(abs(cast(got, float64) - exact) <= absolute * factor + double(terms) * std::ldexp(1., -149)).item() != 0;
}

void check(const Tensor& x, const Tensor& k, const Tensor& bias, const Conv2dOptions& o) {
  auto wide = [](const Tensor& t) { return cast(t, float64); };
  Generator g{9};
  Tensor gy = uniform(conv2d(x, k, o).shape(), -1, 1, float32, g);
  Convolved got = convolved(x, k, bias, gy, o), again = convolved(x, k, bias, gy, o);
  Convolved exact = convolved(wide(x), wide(k), wide(bias), wide(gy), o);
  Convolved absolute = convolved(abs(wide(x)), abs(wide(k)), abs(wide(bias)), abs(wide(gy)), o);
  int64_t cells = k.dim(0) * k.dim(1);
  CHECK(within(got.y, exact.y, absolute.y, cells * k.dim(2) + 1));
  CHECK(within(got.x, exact.x, absolute.x, cells * k.dim(3) / o.groups));
  CHECK(within(got.k, exact.k, absolute.k, gy.size() / gy.dim(3)));
  for (auto [a, b] : {std::pair{got.y, again.y}, {got.x, again.x}, {got.k, again.k}})
    CHECK(std::memcmp(a.raw(), b.raw(), size_t(a.bytes())) == 0);
}

}  // namespace

namespace {

// x, kernel and options for so many channels and filters with everything else drawn.
void check_any(std::mt19937& r, int64_t c, int64_t f, int64_t groups, int64_t widest) {
  auto any = [&](int64_t low, int64_t high) { return low + int64_t(r() % uint64_t(high - low + 1)); };
  int64_t n = any(0, 20) ? any(1, 3) : 65, h = any(1, n == 65 ? 6 : 20), w = any(0, 4) ? any(1, n == 65 ? 20 : 36) : 1, kh = any(1, 5), kw = any(1, widest);
  int64_t dy = any(0, 3) ? 1 : 2, dx = any(0, 3) ? 1 : 2, kind = any(0, 2);
  Conv2dOptions o{.strides = {any(0, 3) ? 1 : any(1, 3), any(0, 3) ? 1 : any(1, 3)}, .dilation = {dy, dx}, .groups = groups};
  int64_t short_y = std::max<int64_t>(0, (kh - 1) * dy + 1 - h), short_x = std::max<int64_t>(0, (kw - 1) * dx + 1 - w);
  if (kind == 0) o.padding = "same";
  else if (kind == 1 || short_y || short_x) o.padding = Padding(any(0, 4), any(0, 4) + short_y, any(0, 9) + short_x, any(0, 9));
  std::string shape;
  for (int64_t v : {n, h, w, c, f, kh, kw, kind}) shape += std::to_string(v) + " ";
  CAPTURE(shape);
  Generator g{r()};
  check(uniform({n, h, w, c}, -1, 1, float32, g), uniform({kh, kw, c / groups, f}, -1, 1, float32, g), uniform({f}, -1, 1, float32, g), o);
}

}  // namespace

TEST_CASE("few channels and filters, each with each, within the error of their sums") {
  std::mt19937 r(7);
  for (int64_t c = 1; c <= 9; ++c)
    for (int64_t f = 1; f <= 21; ++f) check_any(r, c, f, 1, 7);
}

TEST_CASE("a filter for each channel, within the error of their sums") {
  std::mt19937 r(8);
  for (int64_t c = 15; c <= 50; ++c)
    for (int i = 0; i < 2; ++i) check_any(r, c, c, c, 11);
  for (int64_t c : {16, 17, 33, 47, 48, 64, 65})
    for (int i = 0; i < 8; ++i) check_any(r, c, c, c, 5);
}

TEST_CASE("few channels and filters of images that take several bands of rows") {
  Generator g{4};
  for (auto [c, f, stride] : {std::array<int64_t, 3>{3, 5, 1}, {8, 6, 2}, {1, 20, 1}, {70, 2, 1}})
    check(uniform({2, 61, 303, c}, -1, 1, float32, g), uniform({3, 5, c, f}, -1, 1, float32, g), uniform({f}, -1, 1, float32, g),
          {.strides = stride, .padding = "same"});
}

TEST_CASE("few channels and filters: strides, dilation and padding of any size take no more room than the result") {
  int64_t far = int64_t(1) << 30;
  Generator g{7};
  Tensor x = uniform({1, 3, 3, 1}, -1, 1, float32, g), k = uniform({2, 2, 1, 2}, -1, 1, float32, g), bias = uniform({2}, -1, 1, float32, g);
  check(x, k, bias, {.strides = far});
  check(x, k, bias, {.strides = far, .padding = Padding(far, far, far, far)});
  check(x, k, bias, {.strides = far, .padding = Padding(0, far, far, 0), .dilation = far});
}

TEST_CASE("few channels and filters: numbers that are not finite stay where they meet something") {
  Generator g{5};
  for (float bad : {INFINITY, NAN})
    for (int64_t corner : {0, 1}) {
      Tensor x = uniform({2, 20, 20, 2}, -1, 1, float32, g), k = uniform({3, 3, 2, 3}, -1, 1, float32, g), gy = uniform({2, 20, 20, 3}, -1, 1, float32, g);
      for (Tensor* t : {&x, &k, &gy}) {
        Tensor before = *t + 0.f;
        t->raw<float>()[corner ? t->size() - 1 : 0] = bad;
        Tensor none = zeros({3});
        Convolved got = convolved(x, k, none, gy, {.padding = "same"});
        Convolved exact = convolved(cast(x, float64), cast(k, float64), cast(none, float64), cast(gy, float64), {.padding = "same"});
        CHECK(array_equal(isfinite(got.y), isfinite(exact.y)));
        CHECK(array_equal(isfinite(got.x), isfinite(exact.x)));
        CHECK(array_equal(isfinite(got.k), isfinite(exact.k)));
        *t = before;
      }
    }
}

TEST_CASE("few channels and filters, or a filter for each: the same bits for one and two threads") {
  Generator g{6};
  for (auto [n, size, c, f, k] : {std::array<int64_t, 5>{65, 28, 1, 6, 5}, {33, 33, 3, 5, 3}, {31, 14, 6, 18, 5}, {7, 64, 8, 3, 7}, {9, 31, 24, 24, 5}, {3, 40, 33, 33, 3}}) {
    Conv2dOptions o{.padding = "same", .groups = c == f ? c : 1};
    Tensor x = uniform({n, size, size, c}, -1, 1, float32, g), w = uniform({k, k, c / o.groups, f}, -1, 1, float32, g), bias = uniform({f}, -1, 1, float32, g);
    Tensor gy = uniform({n, size, size, f}, -1, 1, float32, g);
    set_num_threads(1);
    Convolved one = convolved(x, w, bias, gy, o);
    set_num_threads(2);
    Convolved two = convolved(x, w, bias, gy, o);
    set_num_threads(0);
    for (auto [a, b] : {std::pair{one.y, two.y}, {one.x, two.x}, {one.k, two.k}}) CHECK(std::memcmp(a.raw(), b.raw(), size_t(a.bytes())) == 0);
  }
}
