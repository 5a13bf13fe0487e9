#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/storage.h"

using namespace reel;

// Functions of numbers as ops: their values and derivatives against the same formula in ops.

#define CHECK_CLOSE(a, b, tolerance) CHECK(max(abs((a) - (b))).item<double>() <= (tolerance))

TEST_CASE("map: a function of one number, forward and backward, in every float dtype") {
  auto swish = map([](auto x) { return x / (1.f + exp(-x)); });
  for (DType t : {float32, float64}) {
    Tensor x = variable(cast(linspace(-6, 6, 101), t));
    Tensor y = swish(x), expected = x * sigmoid(x);
    CHECK(y.dtype() == t);
    double tolerance = t == float32 ? 2e-6 : 1e-14;
    CHECK_CLOSE(y, expected, tolerance);
    CHECK_CLOSE(grad(sum(y), {x})[0], grad(sum(expected), {x})[0], tolerance);
  }
  for (DType t : {float16, bfloat16}) {
    Tensor x = cast(linspace(-6, 6, 101), t), y = swish(x);
    CHECK(y.dtype() == t);
    CHECK_CLOSE(cast(y, float32), cast(cast(swish(cast(x, float32)), t), float32), 0);
  }
  CHECK(swish(arange(3)).dtype() == float32);
  CHECK(swish(zeros({0, 4})).shape() == Shape{0, 4});
  CHECK(swish(full({}, 0.)).rank() == 0);
  CHECK(std::isnan(swish(full({}, NAN)).item<float>()));
}

TEST_CASE("map: where a GPU has no kernel of a function, the message says how to get one") {
  Tensor x = ones({2});
  CHECK_THROWS_WITH_AS(detail::map_without_kernel(nullptr, OneInput(x).in, nullptr),
                       doctest::Contains("map: no cuda kernel (has: cpu): for one, give map a plain struct instead of a lambda, in a file that nvcc compiles"), DeviceError);
}

TEST_CASE("map: two operands that broadcast, captured numbers, strides") {
  double scale = 3;
  auto f = map([scale](auto a, auto b) { return where(a > b, a * sin(b), pow(a, 3) / (scale + b * b)); });
  Tensor a = variable(linspace(-2, 2, 5, float64)), b = variable(reshape(linspace(-1.9, 1.7, 4, float64), {4, 1}));
  Tensor expected = where(a > b, a * sin(b), pow(a, 3) / (3 + b * b));
  CHECK_CLOSE(f(a, b), expected, 1e-14);
  Tensors g = grad(sum(f(a, b)), {a, b}), h = grad(sum(expected), {a, b});
  CHECK(g[0].shape() == a.shape());
  CHECK_CLOSE(g[0], h[0], 1e-13);
  CHECK_CLOSE(g[1], h[1], 1e-13);
  Tensor wide = reshape(arange(0., 24.), {4, 6}) / 24;
  CHECK_CLOSE(f(transpose(wide), flip(transpose(wide), 1)), f(contiguous(transpose(wide)), contiguous(flip(transpose(wide), 1))), 0);
}

TEST_CASE("map: derivatives to the third order, forward mode and batches") {
  auto f = map([](auto x, auto y) { return tanh(x * y) + log(1 + x * x) * sqrt(2 + sin(y)) - hypot(x, y) * atan2(y, x); });
  Tensor x = uniform({3, 2}, 0.3, 1.5, float64), y = uniform({2}, 0.3, 1.5, float64);
  auto once = [&](const Tensor& a, const Tensor& b) { return f(a, b); };
  auto formula = [](const Tensor& x, const Tensor& y) { return tanh(x * y) + log(1 + x * x) * sqrt(2 + sin(y)) - hypot(x, y) * arctan2(y, x); };
  CHECK_CLOSE(once(x, y), formula(x, y), 1e-14);
  CHECK(gradcheck([&](const Tensors& v) { return f(v[0], v[1]); }, {x, y}) == "");
  CHECK(gradcheck([&](const Tensors& v) { return f(v[0], v[1]); }, {x, y}, {.second_order = true}) == "");
  auto third = [](auto&& g, const Tensor& x, const Tensor& y) {
    Tensor a = variable(x), b = variable(y), d = g(a, b);
    for (int i = 0; i < 3; ++i) d = sum(grad(sum(d), {i == 1 ? b : a}, {.create_graph = true})[0] * (i + 2.));
    return d;
  };
  CHECK_CLOSE(third(once, x, y), third(formula, x, y), 1e-10);
  Tensor a = variable(x);
  Tensor d = f(a, y);
  for (int i = 0; i < 3; ++i) d = grad(sum(d), {a}, {.create_graph = true})[0];
  CHECK_THROWS_WITH_AS(grad(sum(d), {a}), doctest::Contains("map: derivatives of the fourth order"), TapeError);
  Dual along = jvp([&](const Tensor& v) { return f(v, y); }, {x}, {ones({3, 2}, float64)});
  CHECK_CLOSE(along.tangent[0], grad(sum(f(a, y)), {a})[0], 1e-13);
  CHECK_CLOSE(vmap([&](const Tensor& row) { return f(row, y); })({x})[0], f(x, y), 0);
}

TEST_CASE("map: every function of numbers against its op") {
  Tensor x = linspace(0.1, 0.9, 33, float64), large = x + 1;
  auto check = [](auto f, const Tensor& x) {
    Tensor v = variable(x), y = map(f)(v), expected = f(v);
    CHECK_CLOSE(y, expected, 1e-13);
    CHECK_CLOSE(grad(sum(y), {v})[0], grad(sum(expected), {v})[0], 1e-12);
  };
  check([](auto v) { return exp(v); }, x), check([](auto v) { return exp2(v); }, x), check([](auto v) { return expm1(v); }, x);
  check([](auto v) { return log(v); }, x), check([](auto v) { return log2(v); }, x), check([](auto v) { return log10(v); }, x);
  check([](auto v) { return log1p(v); }, x), check([](auto v) { return sqrt(v); }, x), check([](auto v) { return cbrt(v); }, x);
  check([](auto v) { return sin(v); }, x), check([](auto v) { return cos(v); }, x), check([](auto v) { return tan(v); }, x);
  check([](auto v) { return sinh(v); }, x), check([](auto v) { return cosh(v); }, x), check([](auto v) { return tanh(v); }, x);
  check([](auto v) { return erf(v); }, x), check([](auto v) { return erfc(v); }, x), check([](auto v) { return sigmoid(v); }, x);
  check([](auto v) { return softplus(v); }, x), check([](auto v) { return abs(v); }, -x), check([](auto v) { return square(v); }, x);
  check([](auto v) { return relu(v); }, x - 0.5), check([](auto v) { return rsqrt(v); }, x), check([](auto v) { return floor(v) * v; }, large);
  check([](auto v) { return maximum(v, 0.4) + minimum(v, 0.6); }, x + 0.001), check([](auto v) { return pow(v, -2.5); }, x);
  check([](auto v) { return clip(v, 0.3, 0.5) * v; }, x + 0.001);
  CHECK_CLOSE(map([](auto v) { return asin(v) + acos(v) + atan(v) + asinh(v) + atanh(v) + acosh(v + 1); })(x),
              arcsin(x) + arccos(x) + arctan(x) + arcsinh(x) + arctanh(x) + arccosh(x + 1), 1e-13);
}

TEST_CASE("map: one pass and one node") {
  Tensor x = variable(uniform({1000, 100}, -1, 1));
  auto f = map([](auto v) { return v * tanh(v) + 0.5 * v; });
  f(x);
  reset_peak_memory();
  int64_t before = memory_stats().live_bytes;
  Tensor y = f(x);
  CHECK(memory_stats().peak_bytes - before < x.bytes() * 11 / 10);
  CHECK(tape(y).find("map %0") != std::string::npos);
}

TEST_CASE("map: the same bits wherever an element stands") {
  auto f = map([](auto v) { return v * exp(v) - 1 / (2 + v * v); });
  Tensor x = uniform({1003}, -3, 3), whole = f(x);
  for (int64_t i = 0; i < 1003; i += 7) CHECK(f(x[i]).item<float>() == whole[i].item<float>());
  set_num_threads(1);
  Tensor big = uniform({300001}, -3, 3), alone = f(big);
  set_num_threads(0);
  CHECK(array_equal(alone, f(big)));
}
