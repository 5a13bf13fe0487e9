// The elementwise op of docs/writing_an_op.md, compiled and checked.
#include <reel.h>

#include "tensor/cpu/elementwise.h"

namespace mine {

using namespace reel;

// x * sigmoid(beta * x)
struct Swish : Elementwise<Swish> {
  static constexpr const char* name = "swish";
  static constexpr Keep keep = kIn;  // the gradient rule looks at x again
  static constexpr int cost = 6;     // about six additions an element: how soon threads pay
  float beta = 1;
  template <class T> REEL_HD T value(T x) const { return x * math::sigmoid(T(beta) * x); }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), s = sigmoid(beta * x);
    return {v.gy() * (s + beta * x * s * (1 - s))};
  }
};
REEL_ELEMENTWISE(Swish);

Tensor swish(const Tensor& x, float beta = 1, Where where = {}) {
  Swish op;
  op.beta = beta;
  return apply(op, x, where);
}

}  // namespace mine

#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradcheck.h"

namespace {
struct Softsign {
  REEL_HD auto operator()(auto x) const { return x / (1.f + abs(x)); }
};
}  // namespace

TEST_CASE("the mapped functions of the documentation") {
  using namespace reel;
  Tensor x = tensor({-1., 0.5, 2.}, float64);
auto swish = map([](auto x) { return x / (1.f + exp(-x)); });
Tensor y = swish(x);
  CHECK(y.at<double>(2) == doctest::Approx(2 / (1 + std::exp(-2.))));
  CHECK(map(Softsign())(x).at<double>(0) == -0.5);
}

TEST_CASE("the elementwise op of the documentation") {
  using namespace reel;
  Tensor x = tensor({-1., 0.5, 2.}, float64);
  CHECK(mine::swish(x, 3).at<double>(2) == doctest::Approx(2 / (1 + std::exp(-6.))));
  CHECK(mine::swish(transpose(ones({2, 3}, float16))).shape() == Shape{3, 2});
  CHECK(gradcheck([](const Tensors& in) { return mine::swish(in[0], 3); }, {x}, {.second_order = true}) == "");
  CHECK_THROWS_WITH_AS(mine::swish(x) + ones({2}), doctest::Contains("swish at elementwise_op.cc"), ShapeError);
}
