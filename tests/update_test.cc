// x += y and its kind: values, history, and everything they must refuse.
#include <doctest/doctest.h>

#include "autograd/gradcheck.h"
#include "reel.h"

using namespace reel;

TEST_CASE("compound assignment writes into the tensor and every handle sees it") {
  Tensor x = tensor({1., 2., 3.}), alias = x;
  x += 1;
  x *= tensor({2., 2., 0.5});
  x -= 0.5;
  x /= 2;
  CHECK(to_string(alias) == "[1.75 2.75 0.75]");
  CHECK(alias.get() == x.get());
  x += x;
  CHECK(x.at<float>(1) == 5.5f);
}

TEST_CASE("compound assignment through indexing expressions, with broadcasting and overlap") {
  Tensor x = tensor({{1., 2.}, {3., 4.}});
  x[0] += 10;
  x[{ellipsis, 1}] *= 2;
  CHECK(to_string(x) == "[[11. 24.]\n [ 3.  8.]]");
  x += tensor({100., 200.});
  CHECK(x.at<float>(1, 1) == 208);
  x += x[0];  // the operand is read before it is overwritten
  CHECK(x.at<float>(0, 0) == 222);
  CHECK(x.at<float>(1, 0) == 103 + 111);
  Tensor line = arange(5000);
  line[{slice(1, {})}] += line[{slice(0, -1)}];
  for (int64_t i = 1; i < 5000; ++i) REQUIRE(line.at<int64_t>(i) == 2 * i - 1);
}

TEST_CASE("compound assignment keeps the dtype: narrower floats round, a higher kind throws") {
  Tensor h = ones({3}, float16);
  h += tensor({0.5, 1., 2.}, float64);
  CHECK(h.dtype() == float16);
  CHECK(h.at<Half>(2) == 3.f);
  Tensor n = tensor({1, 2});
  n *= 3;
  CHECK(n.at<int64_t>(1) == 6);
  CHECK_THROWS_WITH_AS(n += 0.5, doctest::Contains("the result is float32 and is not written into int64"), DTypeError);
  CHECK_THROWS_AS(n /= 2, DTypeError);
  Tensor u = tensor({1, 2}, uint8);
  CHECK_THROWS_AS(u += 300, DTypeError);
  u += tensor({1000, 0}, int64);  // as a cast: wraps
  CHECK(u.dtype() == uint8);
  CHECK(n.at<int64_t>(0) == 3);
}

TEST_CASE("compound assignment refuses to grow its target") {
  Tensor x = ones({3});
  CHECK_THROWS_WITH_AS(x += ones({2, 3}), doctest::Contains("the result is [2, 3] and is not written into a"), ShapeError);
  CHECK_THROWS_AS(x += ones({4}), ShapeError);
  CHECK_THROWS_AS(broadcast_to(ones({1}), {3}) += 1, ShapeError);
  Tensor nothing;
  CHECK_THROWS_AS(nothing += 1, Error);
  CHECK_THROWS_AS(x += nothing, Error);
  CHECK(to_string(x) == "[1. 1. 1.]");
}

TEST_CASE("y += z on a recorded value: the gradient is that of the expression, to second order") {
  Tensors points{tensor({0.5, -1., 2.}, float64), tensor({1.5, 0.7, -0.3}, float64)};
  GradcheckOptions options{.rtol = 1e-5, .atol = 1e-7, .second_order = true};
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; y += x[1]; return y * y; }, points, options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; y -= x[1] * x[0]; return y; }, points, options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; y *= x[1]; y *= y; return y; }, points, options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; y /= x[1]; y += y; return y; }, points, options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] + 0; y *= y[0]; return y; }, points, options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 1; y += sum(x[1]); return exp(y); }, points, options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor total = zeros({3}, float64); for (int i = 0; i < 3; ++i) total += x[0] * x[1]; return total; }, points, options) == "");
}

TEST_CASE("a value saved before y += z is caught, with both lines") {
  Tensor w = variable(tensor({1., 2.}));
  Tensor y = w * 2;
  Tensor loss = sum(y * y);                                             const int recorded = __LINE__;
  y += 1;                                                               const int written = __LINE__;
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains(("multiply (recorded at update_test.cc:" + std::to_string(recorded) +
                                                         ") was overwritten in place at update_test.cc:" + std::to_string(written)).c_str()), TapeError);
  backward(sum(y * y));
  CHECK(gradient(w).at<float>(0) == 2 * 3 * 2);
}

TEST_CASE("an output saved by its op and then updated is caught") {
  Tensor w = variable(tensor({1., 2.}));
  Tensor y = tanh(w);
  y *= 2;
  CHECK_THROWS_WITH_AS(backward(sum(y)), doctest::Contains("the saved output of tanh"), TapeError);
}

TEST_CASE("3.4.49 y += z on variables, their views and shared storage while recording throws and changes nothing") {
  Tensor w = variable(tensor({1., 2.}), "w"), y = w * 2;
  CHECK_THROWS_WITH_AS(w += 1, doctest::Contains("a variable is written in place while recording"), TapeError);
  CHECK_THROWS_WITH_AS(w[0] += 1, doctest::Contains("a view of a variable is written in place while recording"), TapeError);
  CHECK_THROWS_WITH_AS(reshape(w, {2, 1})[0] += y[0], doctest::Contains("a view of a variable"), TapeError);
  Tensor plain = zeros({2}), row = plain[{slice(0, 1)}];
  CHECK_THROWS_AS(plain[0] += y[0], TapeError);
  CHECK_THROWS_WITH_AS(plain += y, doctest::Contains("shares its storage"), TapeError);
  row = Tensor();
  plain += y;
  CHECK(plain.has_history());
  CHECK(y.at<float>(0) == 2);
  NoGrad no_grad;
  w += 1;
  w[1] -= 1;
  CHECK(to_string(w) == "[2. 2.]");
  CHECK(is_variable(w));
}

TEST_CASE("a stale value stays refused by +=") {
  Tensor w = variable(tensor({1., 2.})), y = w * 2;
  {
    NoGrad no_grad;
    y += 1;
  }
  CHECK_THROWS_WITH_AS(y += 1, doctest::Contains("was overwritten at update_test.cc"), TapeError);
}

TEST_CASE("4.25 views taken before y += z do not enter the tape with values they never had") {
  Tensor w = variable(tensor({1., 2.})), y = w * 2, first = y[0];
  y += 1;
  CHECK_THROWS_AS(first * 2, TapeError);
}
