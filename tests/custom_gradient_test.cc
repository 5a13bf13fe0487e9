// A user's function with the user's gradient.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/storage.h"

using namespace reel;

namespace {
auto smooth_step = custom_gradient([](const Tensor& x) { return cast(x > 0, x.dtype()); },
                                   [](const Tensor& gy, const Tensor& x) { return gy * exp(-x * x); });
}

TEST_CASE("a custom gradient is what it says, of every order") {
  Tensor x = variable(tensor({0.5, -1.}, float64));
  Tensor y = smooth_step(x);
  CHECK(to_string(y) == "[1. 0.]");
  Tensor g = grad(sum(y), {x}, {.create_graph = true})[0];
  CHECK(g.at<double>(1) == doctest::Approx(std::exp(-1)));
  Tensor h = grad(sum(g), {x}, {.create_graph = true})[0];
  CHECK(h.at<double>(0) == doctest::Approx(-2 * 0.5 * std::exp(-0.25)));
  CHECK(tape(y).find("custom_gradient") != std::string::npos);
}

TEST_CASE("gradients alone, with inputs, with outputs: by what backward takes") {
  Tensors points{tensor({0.3, 1.2}, float64)};
  auto twice = custom_gradient([](const Tensor& x) { return 2 * x; }, [](const Tensor& gy) { return 2 * gy; });
  auto cube = custom_gradient([](const Tensor& x) { return x * x * x; }, [](const Tensor& gy, const Tensor& x) { return 3 * gy * x * x; });
  auto exponential = custom_gradient([](const Tensor& x) { return exp(x); }, [](const Tensor& gy, const Tensor&, const Tensor& y) { return gy * y; });
  CHECK(gradcheck([&](const Tensors& x) { return twice(cube(exponential(x[0]))); }, points, {.second_order = true}) == "");
}

TEST_CASE("several inputs and outputs; an output unused; an input without gradient") {
  auto f = custom_gradient([](const Tensor& a, const Tensor& b) { return Tensors{a * b, a + b, cast(a > b, int64)}; },
                           [](const Tensors& g, const Tensors& x) { return Tensors{g[0] * x[1] + g[1], g[0] * x[0] + g[1]}; });
  Tensors points{tensor({0.5, 2.}, float64), tensor({1.5, -1.}, float64)};
  CHECK(gradcheck([&](const Tensors& x) { return f(x[0], x[1])[0] * f(x[0], x[1])[1]; }, points, {.second_order = true}) == "");
  CHECK(gradcheck([&](const Tensors& x) { return f(x[0], x[1])[1]; }, points) == "");
  Tensor a = variable(points[0]);
  Tensors y = f(a, points[1]);
  CHECK(!y[2].has_history());
  CHECK(y[2].dtype() == int64);
  auto half = custom_gradient([](const Tensor& p, const Tensor& q) { return p * q; }, [](const Tensors& g, const Tensors& x) { return Tensors{g[0] * x[1], Tensor()}; });
  Tensor b = variable(points[1]);
  backward(sum(half(a, b)));
  CHECK(gradient(a).at<double>(1) == -1);
  CHECK(!gradient(b));
}

TEST_CASE("custom gradients nest") {
  auto inner = custom_gradient([](const Tensor& x) { return sin(x); }, [](const Tensor& gy, const Tensor& x) { return gy * cos(x); });
  auto outer = custom_gradient([inner](const Tensor& x) { return inner(x) * x; },
                               [inner](const Tensor& gy, const Tensor& x) { return gy * (inner(x) + x * cos(x)); });
  CHECK(gradcheck([&](const Tensors& x) { return outer(outer(x[0])); }, {tensor({0.4, -0.9}, float64)}, {.second_order = true}) == "");
}

TEST_CASE("3.4.59 what a custom function may get wrong") {
  Tensor x = variable(tensor({1., 2.})), z = variable(tensor({3., 4.}));
  int64_t before = memory_stats().live_bytes;
  auto missing = custom_gradient([](const Tensor& a, const Tensor& b) { return a * b; }, [](const Tensors& g) { return Tensors{g[0]}; });
  CHECK_THROWS_WITH_AS(backward(sum(missing(x, z))), doctest::Contains("backward answered 1 gradient for 2 inputs"), TapeError);
  auto extra = custom_gradient([](const Tensor& a) { return a * 1; }, [](const Tensors& g) { return Tensors{g[0], g[0]}; });
  CHECK_THROWS_WITH_AS(backward(sum(extra(x))), doctest::Contains("backward answered 2 gradients for 1 input"), TapeError);
  auto shape = custom_gradient([](const Tensor& a) { return sum(a); }, [](const Tensor& g) { return g; });
  CHECK_THROWS_WITH_AS(backward(shape(x)), doctest::Contains("must have its shape [2]"), ShapeError);
  auto nothing = custom_gradient([](const Tensor&) { return Tensor(); }, [](const Tensor& g) { return g; });
  CHECK_THROWS_WITH_AS(nothing(x), doctest::Contains("result 0 is an empty Tensor"), TapeError);
  auto forward_throws = custom_gradient([](const Tensor&) -> Tensor { throw Error("forward"); }, [](const Tensor& g) { return g; });
  CHECK_THROWS_AS(forward_throws(x), Error);
  auto backward_throws = custom_gradient([](const Tensor& a) { return a * 1; }, [](const Tensor&) -> Tensor { throw Error("backward"); });
  CHECK_THROWS_WITH_AS(backward(sum(backward_throws(x)) + sum(z)), doctest::Contains("in the gradient of custom_gradient at custom_gradient_test.cc"), Error);
  CHECK(!gradient(x));
  CHECK(!gradient(z));
  CHECK(memory_stats().live_bytes == before);
  backward(sum(x * z));
  CHECK(gradient(x).at<float>(0) == 3);
}

TEST_CASE("a custom function that answers its input, and one whose input is overwritten") {
  auto clipped = custom_gradient([](const Tensor& x) { return x; }, [](const Tensor& gy) { return clip(gy, -1, 1); });
  Tensor x = variable(tensor({1., 2.}));
  backward(clipped(x), {.gradient = tensor({5., 0.5})});
  CHECK(to_string(gradient(x)) == "[1.  0.5]");
  Tensor c = tensor({1., 2.});
  Tensor w = variable(tensor({1., 1.}));
  auto product = custom_gradient([](const Tensor& a, const Tensor& b) { return a * b; }, [](const Tensors& g, const Tensors& in) { return Tensors{g[0] * in[1], g[0] * in[0]}; });
  Tensor y = product(w, c);
  assign(c, 0);
  CHECK_THROWS_WITH_AS(backward(sum(y)), doctest::Contains("was overwritten in place"), TapeError);
}

TEST_CASE("stop_gradient passes values only") {
  Tensor x = variable(tensor({3.}));
  backward(x * stop_gradient(x));
  CHECK(gradient(x).item() == 3);
}
