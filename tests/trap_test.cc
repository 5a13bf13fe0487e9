// Semantic traps: corners where engines disagree, each with the behaviour chosen here. Names begin with the numbers of the list of test
// cases (3.4.n) and of traps (4.n) that they stand for. Of those that concern gradients, these have no test because there is nothing to
// test yet: 3.4.53 and 4.38 (there is no inference mode), 3.4.69 and 4.58 (no complex numbers), 4.7 (no norm op), 4.50, 4.51 and 4.68
// (no autocast, loss scaling or master gradients), 4.49 (gradients of several streams), 4.59 and 4.60 (no decompositions). 3.4.50 and
// 4.25 ask that updates of a split's parts throw: here each part is a view like any other, and its siblings throw when they are used.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "reel.h"

using namespace reel;

namespace {
const double kNan = NAN, kInf = INFINITY;
Tensor f64(Nested values) { return tensor(values, float64); }
template <class F> Tensor gradient_of(F&& f, Nested at) {
  Tensor x = variable(tensor(at, float64));
  return grad(sum(f(x)), {x})[0];
}
bool is(const Tensor& x, std::vector<double> expected) {
  Tensor flat = contiguous(reshape(cast(x, float64), {-1}));
  if (flat.size() != int64_t(expected.size())) return false;
  for (size_t i = 0; i < expected.size(); ++i) {
    double v = flat.raw<double>()[i];
    if (!(v == expected[i] || (std::isnan(v) && std::isnan(expected[i])) || std::fabs(v - expected[i]) < 1e-12 * std::fabs(expected[i]))) return false;
  }
  return true;
}
}  // namespace

TEST_CASE("4.5 4.9 an exactly zero gradient stays zero through functions of limited domain") {
  auto masked = [](auto f) { return [f](const Tensor& x) { return where(x > 0, f(x), 0); }; };
  CHECK(is(gradient_of(masked([](const Tensor& x) { return sqrt(x); }), {0., 4.}), {0, 0.25}));
  CHECK(is(gradient_of(masked([](const Tensor& x) { return log(x); }), {0., 4.}), {0, 0.25}));
  CHECK(is(gradient_of(masked([](const Tensor& x) { return log(x); }), {-1., 4.}), {0, 0.25}));
  CHECK(is(gradient_of(masked([](const Tensor& x) { return 1 / x; }), {0., 2.}), {0, -0.25}));
  CHECK(is(gradient_of(masked([](const Tensor& x) { return reciprocal(x); }), {0., 2.}), {0, -0.25}));
  CHECK(is(gradient_of(masked([](const Tensor& x) { return rsqrt(x); }), {0., 4.}), {0, -0.0625}));
  CHECK(is(gradient_of(masked([](const Tensor& x) { return pow(x, 0.3); }), {0., 1.}), {0, 0.3}));
  CHECK(is(gradient_of(masked([](const Tensor& x) { return log1p(-x); }), {-1., 0.5}), {0, -2}));
  CHECK(is(gradient_of([](const Tensor& x) { return arctan2(x, x) * 0; }, {0., 1.}), {0, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return sqrt(x); }, {0., 1.}), {kInf, 0.5}));
}

TEST_CASE("4.6 powers at zero") {
  CHECK(is(pow(f64({0., kNan, kInf}), 0), {1, 1, 1}));
  CHECK(is(gradient_of([](const Tensor& x) { return pow(x, 0); }, {0., 3., kNan}), {0, 0, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return pow(x, 1); }, {0., 3.}), {1, 1}));
  CHECK(is(gradient_of([](const Tensor& x) { return pow(x, 3); }, {0., 2.}), {0, 12}));
  CHECK(is(gradient_of([](const Tensor& e) { return pow(0., e); }, {0., 2.}), {0, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return pow(x, x); }, {0., 1.}), {0, 1}));
}

TEST_CASE("4.3 4.4 slopes at kinks") {
  CHECK(is(gradient_of([](const Tensor& x) { return abs(x); }, {0., -2.}), {0, -1}));
  CHECK(is(gradient_of([](const Tensor& x) { return relu(x); }, {0., 2.}), {0, 1}));
  CHECK(is(gradient_of([](const Tensor& x) { return leaky_relu(x, 0.2); }, {0., 2.}), {0.2, 1}));
  CHECK(is(gradient_of([](const Tensor& x) { return clip(x, 0, 1); }, {0., 1., 2., -1.}), {1, 1, 0, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return sign(x) + round(x) + floor(x) + ceil(x) + trunc(x); }, {0.3, -1.7}), {0, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return maximum(x, 1); }, {1., 2., 0.}), {0.5, 1, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return minimum(x, 1); }, {1., 2., 0.}), {0.5, 0, 1}));
}

TEST_CASE("4.2 ties share the gradient of max and min") {
  CHECK(is(gradient_of([](const Tensor& x) { return max(x); }, {1., 3., 3.}), {0, 0.5, 0.5}));
  CHECK(is(gradient_of([](const Tensor& x) { return min(x, 1); }, {{1., 1.}, {2., 3.}}), {0.5, 0.5, 1, 0}));
}

TEST_CASE("NaN wins in max, min, maximum, minimum, argmax and argmin; the first counts") {
  Tensor x = f64({1., kNan, 5., kNan});
  CHECK(std::isnan(max(x).item()));
  CHECK(std::isnan(min(x).item()));
  CHECK(argmax(x).item<int>() == 1);
  CHECK(argmin(x).item<int>() == 1);
  CHECK(is(maximum(x, 2), {2, kNan, 5, kNan}));
  CHECK(is(minimum(2, x), {1, kNan, 2, kNan}));
  CHECK(is(sign(x), {1, kNan, 1, kNan}));
  CHECK(is(relu(x), {1, kNan, 5, kNan}));
  // Wherever it stands among the lanes.
  for (int64_t n : {1, 3, 64, 65, 1000, 5000})
    for (int64_t at : {int64_t(0), n / 2, n - 1}) {
      Tensor row = ones({n});
      row[at] = NAN;
      CHECK(std::isnan(max(row).item()));
      CHECK(argmax(row).item<int64_t>() == at);
      CHECK(std::isnan(sum(row).item()));
    }
}

TEST_CASE("argmax takes the first of equals") {
  CHECK(argmax(tensor({1, 3, 3, 2})).item<int>() == 1);
  CHECK(argmin(zeros({1000})).item<int>() == 0);
  CHECK(argmax(full({70}, -INFINITY)).item<int>() == 0);
  CHECK(to_string(argmax(tensor({{1, 5}, {5, 5}}), 0)) == "[1 0]");
}

TEST_CASE("argmax and argmin: every dtype, every place, rows of any length") {
  for (DType t : {boolean, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64})
    for (int64_t n : {1, 2, 15, 16, 17, 31, 63, 64, 65, 127, 130, 255, 257, 300, 1000, 4095, 4096, 4097, 9000}) {
      Tensor plain = zeros({4, n}, t), high = ones({4, n}, t);
      // The one beyond, one like it later, and in every row at another place.
      for (int64_t row = 0; row < 4; ++row)
        for (int64_t at : {row * (n - 1) / 3, n - 1}) plain[row][at] = 1, high[row][at] = 0;
      Tensor most = argmax(plain, 1), least = argmin(high, 1), down = argmax(transpose(plain), 0);
      CAPTURE(name(t));
      CAPTURE(n);
      for (int64_t row = 0; row < 4; ++row) {
        CHECK(most[row].item<int64_t>() == row * (n - 1) / 3);
        CHECK(least[row].item<int64_t>() == row * (n - 1) / 3);
        CHECK(down[row].item<int64_t>() == row * (n - 1) / 3);
      }
    }
}

TEST_CASE("argmax of infinities, zeros of both signs and NaN in any block") {
  for (DType t : {float16, float32, float64})
    for (int64_t n : {40, 200, 5000}) {
      Tensor x = full({n}, -INFINITY, t);
      CHECK(argmax(x).item<int64_t>() == 0);
      x[n / 2] = INFINITY;
      CHECK(argmax(x).item<int64_t>() == n / 2);
      CHECK(argmin(x).item<int64_t>() == 0);
      CHECK(argmin(-x).item<int64_t>() == n / 2);
      x[n - 1] = kNan;
      CHECK(argmax(x).item<int64_t>() == n - 1);
      x[n - 7] = kNan;
      CHECK(argmax(x).item<int64_t>() == n - 7);
      CHECK(argmin(x).item<int64_t>() == n - 7);
      Tensor zero = full({n}, -0., t);
      zero[n / 3] = 0.;
      CHECK(argmax(zero).item<int64_t>() == 0);
    }
}

TEST_CASE("reductions of nothing") {
  CHECK(sum(zeros({0})).item() == 0);
  CHECK(prod(zeros({0})).item() == 1);
  CHECK(std::isnan(mean(zeros({0})).item()));
  CHECK(std::isnan(var(zeros({0})).item()));
  CHECK(!any(zeros({0})).item<bool>());
  CHECK(all(zeros({0})).item<bool>());
  CHECK(logsumexp(zeros({0})).item() == -INFINITY);
  CHECK_THROWS_AS(max(zeros({0})), ShapeError);
  CHECK_THROWS_AS(min(zeros({2, 0}), 1), ShapeError);
  CHECK_THROWS_AS(argmax(zeros({0})), ShapeError);
  CHECK(max(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(argmax(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(to_string(sum(zeros({0, 3}), 0)) == "[0. 0. 0.]");
  CHECK(to_string(prod(zeros({0, 2}, int32), 0)) == "[1 1]");
  CHECK(softmax(zeros({3, 0})).shape() == Shape{3, 0});
  CHECK(softmax(zeros({0, 3})).shape() == Shape{0, 3});
  CHECK(logsumexp(zeros({2, 0})).shape() == Shape{2});
  for (auto f : {+[](const Tensor& x) { return sum(x); }, +[](const Tensor& x) { return mean(x); }, +[](const Tensor& x) { return prod(x); }}) {
    Tensor x = variable(zeros({2, 0}));
    backward(f(x));
    CHECK(gradient(x).shape() == Shape{2, 0});
  }
}

TEST_CASE("4.8 one element has no sample variance") {
  CHECK(std::isnan(var(f64({3.}), {}, false, 1).item()));
  CHECK(gradient_of([](const Tensor& x) { return var(x, {}, false, 1); }, {3.}).shape() == Shape{1});
  CHECK(var(f64({3.})).item() == 0);
}

TEST_CASE("4.15 the gradient of a product with zeros needs no division") {
  CHECK(is(gradient_of([](const Tensor& x) { return prod(x); }, {2., 3., 4.}), {12, 8, 6}));
  CHECK(is(gradient_of([](const Tensor& x) { return prod(x); }, {2., 0., 4.}), {0, 8, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return prod(x); }, {0., 0., 4.}), {0, 0, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return prod(x, 0); }, {{2., 0.}, {3., 5.}}), {3, 5, 2, 0}));
  CHECK(gradcheck([](const Tensors& x) { return prod(x[0], {0, 2}); }, {f64({{{1., 0.}, {2., 3.}}, {{4., 0.}, {-1., 2.}}})}, {.second_order = true}) == "");
}

TEST_CASE("4.11 4.12 softmax, its logarithm and logsumexp with large and infinite entries") {
  CHECK(is(log_softmax(f64({1000., 0.})), {0, -1000}));
  CHECK(is(gradient_of([](const Tensor& x) { return log_softmax(x)[0]; }, {1000., 0.}), {0, 0}));
  CHECK(is(softmax(f64({1000., 1000.})), {0.5, 0.5}));
  CHECK(is(softmax(f64({-kInf, 0.})), {0, 1}));
  CHECK(is(softmax(f64({-kInf, -kInf})), {kNan, kNan}));
  CHECK(is(logsumexp(f64({-kInf, -kInf})), {-kInf}));
  CHECK(is(gradient_of([](const Tensor& x) { return logsumexp(x); }, {-kInf, -kInf}), {0, 0}));
  CHECK(is(logsumexp(f64({kInf, 0.})), {kInf}));
  CHECK(is(gradient_of([](const Tensor& x) { return logsumexp(x); }, {kInf, 0.}), {1, 0}));
  CHECK(is(gradient_of([](const Tensor& x) { return logsumexp(x); }, {0., -kInf}), {1, 0}));
  CHECK(is(softmax(cast(f64({1000., 999.}), float32)) + 0 * softmax(tensor({1., 1.})), {0.7310585975646973, 0.2689414322376251}));
}

TEST_CASE("4.13 the stable branches of sigmoid, softplus and log_sigmoid") {
  for (DType t : {float32, float64}) {
    Tensor x = tensor({1000., -1000.}, t);
    CHECK(is(sigmoid(x), {1, 0}));
    CHECK(is(softplus(x), {1000, 0}));
    CHECK(is(log_sigmoid(x), {0, -1000}));
    CHECK(is(tanh(x), {1, -1}));
    CHECK(is(silu(x), {1000, 0}));
    CHECK(is(elu(x), {1000, -1}));
  }
  CHECK(is(gradient_of([](const Tensor& x) { return log_sigmoid(x); }, {-1000., 1000.}), {1, 0}));
  CHECK(expm1(f64({1e-18})).item() == 1e-18);
  CHECK(log1p(f64({1e-18})).item() == 1e-18);
}

TEST_CASE("rounding goes to even, and keeps the sign of zero") {
  CHECK(is(round(f64({0.5, 1.5, 2.5, -0.5})), {0, 2, 2, 0}));
  CHECK(std::signbit(round(f64({-0.5})).item()));
}

TEST_CASE("a sum that cancels loses no more than pairwise addition does") {
  Tensor row = tensor({1e8, 1., -1e8});
  Tensor x = reshape(broadcast_to(row, {100000, 3}), {-1});
  // Exact: 1e5. One float32 addition at 1e8 rounds to multiples of 8; the lanes hold a third of a million such terms.
  CHECK(std::fabs(sum(cast(x, float64)).item() - 1e5) < 1e-3);
  Tensor small = full({10000000}, 0.1);
  CHECK(sum(small).item() == doctest::Approx(1e6).epsilon(1e-6));
  CHECK(mean(full({1 << 24}, 1. / 3)).item() == doctest::Approx(1. / 3).epsilon(1e-6));
}

TEST_CASE("4.9 4.10 where hands no gradient, and no NaN, to the branch not taken") {
  CHECK(is(gradient_of([](const Tensor& x) { return where(x > 0, x * 2, 0 / x); }, {1., 2.}), {2, 2}));
  CHECK(is(gradient_of([](const Tensor& x) { return where(x > 1, log(x - 1), x); }, {0.5, 2.}), {1, 1}));
}

TEST_CASE("3.4.46 4.1 broadcast operands: gradients are summed to exact shapes, halves in float32") {
  Tensor a = variable(ones({3, 1}, float16)), b = variable(ones({1, 4}, float16)), c = variable(tensor(2.f));
  backward(sum(a * b * c));
  CHECK(gradient(a).shape() == Shape{3, 1});
  CHECK(gradient(b).shape() == Shape{1, 4});
  CHECK(gradient(c).shape() == Shape{});
  CHECK(gradient(a).dtype() == float16);
  CHECK(gradient(c).item() == 12);
}

TEST_CASE("3.4.67 the check for NaN names the op and line, forward and backward") {
  Tensor x = variable(f64({0., 1.}));
  ModeScope check(kCheckNan, 0);
  CHECK_THROWS_WITH_AS(log(x), doctest::Contains("log: the result is not finite at element 0"), Error);
  Tensor y = sum(sqrt(x));                                              const int line = __LINE__;
  CHECK_THROWS_WITH_AS(backward(y), doctest::Contains(("in the gradient of sqrt at trap_test.cc:" + std::to_string(line)).c_str()), Error);
  CHECK(!gradient(x));
}

TEST_CASE("4.74 gradcheck takes float64 only") {
  CHECK(gradcheck([](const Tensors& x) { return x[0] * 2; }, {ones({2})}) != "");
}
