// What the rows of elementwise ops and formulas cannot say: corner values, dtypes, errors and lines.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "autograd/backward.h"
#include "op_samples.h"

using namespace reel;
using namespace reel::test;

namespace {
template <class E = Error, class F> std::string message(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "no error";
}
const double kInf = std::numeric_limits<double>::infinity(), kNan = std::nan("");
}  // namespace

TEST_CASE("a formula's ops carry the line of its caller, in errors and on the tape") {
  Tensor a = variable(ones({2, 3})), b = ones({4});
  std::string said = message<ShapeError>([&] { lerp(a, b, 0.5); });
  CHECK(said.find("elementwise_test.cc:" + std::to_string(__LINE__ - 1)) != std::string::npos);
  CHECK(said.find("arithmetic.cc") == std::string::npos);
  std::string listing = tape(squareplus(a));
  CHECK(listing.find("elementwise_test.cc:" + std::to_string(__LINE__ - 1)) != std::string::npos);
  CHECK(listing.find("activation.cc") == std::string::npos);
  // The caller's own ops keep their own lines afterwards.
  CHECK(tape(exp(a)).find("elementwise_test.cc:" + std::to_string(__LINE__)) != std::string::npos);
}

TEST_CASE("extremes beside NaN: maximum carries it, fmax passes over it, gradients follow") {
  Tensor a = variable(tensor({1., kNan, 3., kNan})), b = variable(tensor({2., 5., kNan, kNan}));
  CHECK(array_equal(fmax(a, b), tensor({2., 5., 3., kNan}), true));
  CHECK(array_equal(fmin(a, b), tensor({1., 5., 3., kNan}), true));
  CHECK(array_equal(maximum(a, b), tensor({2., kNan, kNan, kNan}), true));
  backward(sum(fmax(a, b)));
  CHECK(array_equal(gradient(a)[{slice(0, 3)}], tensor({0., 0., 1.})));
  CHECK(array_equal(gradient(b)[{slice(0, 3)}], tensor({1., 1., 0.})));
}

TEST_CASE("fmod and remainder of floats are exact, whatever the quotient") {
  // Quotients next to integers, small and large, among zeros, infinities and NaN.
  const float specials[] = {0.f, -0.f, 1e-45f, 3e-39f, 1e38f, float(kInf), float(-kInf), float(kNan)};
  const int64_t n = 1 << 14;
  Tensor a = empty({n}), b = empty({n});
  for (int64_t i = 0; i < n; ++i) {
    float y = std::ldexp(1.f + float(i % 1013) * 0x1.03p-10f, int(i % 61) - 30), x = y * float(i * i % 300000007);
    if (i % 3 == 1) x = std::nextafter(x, 0.f);
    if (i % 3 == 2) x = std::nextafter(x, 1e38f);
    if (i % 7 == 0) x = -x;
    if (i % 5 == 0) y = -y;
    if (i > n / 2 && i % 97 == 0) x = specials[size_t(i / 97) % 8], y = specials[size_t(i / 776) % 8];
    a.raw<float>()[i] = x, b.raw<float>()[i] = y;
  }
  Tensor rest = fmod(a, b), turned = remainder(a, b);
  int wrong = 0;
  for (int64_t i = 0; i < n; ++i) {
    float x = a.raw<float>()[i], y = b.raw<float>()[i], r = std::fmod(x, y), s = r != 0 && (r < 0) != (y < 0) ? r + y : r;
    auto is = [](float got, float e) { return std::isnan(e) ? std::isnan(got) : got == e && std::signbit(got) == std::signbit(e); };
    wrong += !is(rest.raw<float>()[i], r) || !is(turned.raw<float>()[i], s);
  }
  CHECK(wrong == 0);
}

TEST_CASE("integer-only ops refuse floats, by name and dtype") {
  Tensor x = tensor({1.5f}), n = tensor({6});
  CHECK(message<DTypeError>([&] { gcd(x, n); }).find("gcd: is defined for integers, not float32") == 0);
  CHECK(message<DTypeError>([&] { x & x; }).find("bitwise_and: is defined for integers and bool, not float32") == 0);
  CHECK(message([&] { fmod(n, 0); }).find("fmod: integer division by zero") == 0);
}

TEST_CASE("shifts by more than the dtype holds, and by negative counts, are defined") {
  Tensor x = tensor({1, -1, 64}, int8);
  CHECK(array_equal(left_shift(x, 7), tensor({-128, -128, 0}, int8)));
  CHECK(array_equal(left_shift(x, 8), tensor({0, 0, 0}, int8)));
  CHECK(array_equal(right_shift(x, 9), tensor({0, -1, 0}, int8)));
  CHECK(array_equal(right_shift(x, -1), tensor({0, -1, 0}, int8)));
  CHECK(array_equal(gcd(tensor({-12, 0, 0}), tensor({18, -5, 0})), tensor({6, 5, 0})));
  CHECK(array_equal(lcm(tensor({-4, 0}), tensor({6, 3})), tensor({12, 0})));
  CHECK(array_equal(~tensor({true, false}), tensor({false, true})));
}

TEST_CASE("tests of floats: signs of zero and infinity") {
  Tensor x = tensor({0., -0., kInf, -kInf, kNan, -1.});
  CHECK(array_equal(signbit(x)[{slice(0, 4)}], tensor({false, true, false, true})));
  CHECK(array_equal(isinf(x), tensor({false, false, true, true, false, false})));
  CHECK(array_equal(isposinf(cast(x, float16)), tensor({false, false, true, false, false, false})));
  CHECK(array_equal(isneginf(x), tensor({false, false, false, true, false, false})));
  CHECK(array_equal(isinf(tensor({1, 2})), tensor({false, false})));
}

TEST_CASE("isclose, allclose and array_equal") {
  CHECK(allclose(tensor({1., kInf}), tensor({1. + 1e-9, kInf})));
  CHECK(!allclose(tensor({kInf}), tensor({-kInf})));
  CHECK(!allclose(tensor({1e300}, float64), tensor({kInf}, float64)));
  CHECK(!allclose(tensor({kNan}), tensor({kNan})));
  CHECK(allclose(tensor({kNan}), tensor({kNan}), 1e-5, 1e-8, true));
  CHECK(allclose(zeros({0, 3}), 1.));
  CHECK(allclose(tensor({9007199254740993}), tensor({9007199254740993})));
  CHECK(!array_equal(ones({2}), ones({2, 1})));
  CHECK(array_equal(tensor({1, 2}), tensor({1., 2.})));
}

TEST_CASE("NaN and infinities replaced") {
  Tensor x = variable(tensor({kNan, kInf, -kInf, 2.}, float32));
  const double most = std::numeric_limits<float>::max();
  CHECK(array_equal(nan_to_num(x), tensor({0., most, -most, 2.}, float32)));
  CHECK(array_equal(nan_to_num(cast(x, float16)), tensor({0., 65504., -65504., 2.}, float16)));
  backward(sum(nan_to_num(x, 7, 8, 9)));
  CHECK(array_equal(gradient(x), tensor({0., 0., 0., 1.}, float32)));
}

TEST_CASE("functions at the ends of their domains") {
  CHECK(array_equal(logaddexp(tensor({-kInf, 1000.}), tensor({-kInf, 1000.})), tensor({-kInf, 1000. + std::log(2.)})));
  CHECK(array_equal(xlogy(tensor({0., 0.}), tensor({0., kNan})), tensor({0., kNan}), true));
  Tensor x = variable(tensor({0.}, float64)), y = variable(tensor({0.}, float64));
  backward(sum(hypot(x, y)));
  CHECK(gradient(x).item<double>() == 0);
  CHECK(array_equal(entr(tensor({-1., 0., 1.})), tensor({-kInf, 0., 0.})));
  CHECK(array_equal(round(tensor({1234.5, -1250.}), -2), tensor({1200., -1200.})));
  CHECK(array_equal(round(tensor({1234, 1250}), -2), tensor({1200, 1200})));
  CHECK(array_equal(modf(tensor({kInf, -2.5})).first, tensor({0., -0.5})));
  CHECK_THROWS_AS(celu(x, 0), Error);
  CHECK(message<ShapeError>([] { glu(ones({2, 3})); }).find("glu: axis -1 is 3, it must be even") == 0);
}
