// grad and backward of several losses, their gradients, and inputs that do not matter.
#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include "reel.h"

using namespace reel;

TEST_CASE("grad of several losses is that of their weighted sum") {
  Tensor x = variable(tensor({1., 2.}, float64)), y = exp(x), z = sum(x * x);
  Tensor w = tensor({3., -1.}, float64);
  Tensors g = grad(Tensors{y, z}, {x}, {.gradients = {w, tensor(2., float64)}, .retain_tape = true});
  Tensor expected = w * exp(detach(x)) + 4 * detach(x);
  for (int i = 0; i < 2; ++i) CHECK(g[0].at<double>(i) == doctest::Approx(expected.at<double>(i)).epsilon(1e-14));
  backward(Tensors{y, z}, {.gradients = {w, Tensor()}});
  for (int i = 0; i < 2; ++i) CHECK(gradient(x).at<double>(i) == doctest::Approx(expected.at<double>(i) - 2 * x.at<double>(i)).epsilon(1e-14));
}

TEST_CASE("several losses: one that is behind another, one twice, a variable itself") {
  Tensor x = variable(tensor({2.}, float64)), y = x * x, z = y * x;
  Tensors g = grad(Tensors{z, y, y, x}, {x, y}, {});
  CHECK(g[0].item() == 12 + 4 + 4 + 1);
  CHECK(g[1].item() == 2 + 1 + 1);
}

TEST_CASE("several losses: mistakes name the one") {
  Tensor x = variable(tensor({1., 2.})), y = sum(x), c = tensor({1.});
  CHECK_THROWS_WITH_AS(grad(Tensors{y, c}, {x}), doctest::Contains("loss 1 has no history"), TapeError);
  CHECK_THROWS_WITH_AS(grad(Tensors{y, x * 2}, {x}), doctest::Contains("loss 1 has 2 elements"), ShapeError);
  CHECK_THROWS_WITH_AS(grad(Tensors{y, x * 2}, {x}, {.gradients = {ones({})}}), doctest::Contains("1 .gradients for 2 losses"), ShapeError);
  CHECK_THROWS_WITH_AS(grad(Tensors{}, {x}), doctest::Contains("no losses given"), TapeError);
  CHECK_THROWS_AS(backward(Tensors{y, Tensor()}), Error);
  CHECK(!gradient(x));
}

TEST_CASE("3.4.56 an unused input: error, empty or zeros") {
  Tensor a = variable(tensor({1., 2.}, float64), "a"), b = variable(ones({3}, float16), "b"), c = tensor({1.});
  Tensor loss = sum(a * a);
  CHECK_THROWS_WITH_AS(grad(loss, {a, b}, {.retain_tape = true}), doctest::Contains("does not depend on input 1"), TapeError);
  Tensors none = grad(loss, {a, b, c}, {.retain_tape = true, .allow_unused = true});
  CHECK(none[0]);
  CHECK(!none[1]);
  CHECK(!none[2]);
  Tensors zero = grad(loss, {a, b, c}, {.zeros_for_unused = true});
  CHECK(zero[0].at<double>(1) == 4);
  CHECK(zero[1].shape() == Shape{3});
  CHECK(zero[1].dtype() == float16);
  CHECK(sum(zero[1]).item() == 0);
  CHECK(zero[2].shape() == Shape{1});
}

TEST_CASE("grad does not run, nor give back, what lies behind its inputs") {
  Tensor x = variable(tensor({0.5}, float64)), y = exp(x), z = y * y;
  CHECK(grad(z, {y})[0].item() == doctest::Approx(2 * std::exp(0.5)));
  CHECK(grad(y, {x})[0].item() == doctest::Approx(std::exp(0.5)));
}

TEST_CASE("3.4.54 gradients of the wrong shape, dtype or kind") {
  Tensor x = variable(tensor({1., 2.}));
  CHECK_THROWS_AS(backward(x * 2), ShapeError);
  CHECK_THROWS_AS(backward(x * 2, {.gradient = ones({3})}), ShapeError);
  CHECK_THROWS_AS(backward(x * 2, {.gradient = ones({2}, float64)}), ShapeError);
  CHECK_THROWS_AS(variable(tensor({1, 2})), DTypeError);
}

TEST_CASE("3.4.57 one tensor used 100000 times gets one gradient") {
  Tensor x = variable(tensor({2.}, float64)), total = x * 1;
  for (int i = 0; i < 100000; ++i) total = total + x;
  backward(total);
  CHECK(gradient(x).item() == 100001);
}

TEST_CASE("4.29 a gradient is nobody else's memory") {
  Tensor x = variable(tensor({1., 2.})), seed = tensor({1., 1.});
  backward(x + 0, {.gradient = seed});
  CHECK(gradient(x).get() != seed.get());
  NoGrad no_grad;
  gradient(x) *= 7;
  CHECK(seed.at<float>(0) == 1);
}

TEST_CASE("4.30 accumulation with create_graph leaves what was handed out alone") {
  Tensor x = variable(tensor({3.}, float64));
  backward(x * x, {.create_graph = true});
  Tensor first = gradient(x);
  backward(x * x, {.create_graph = true});
  CHECK(first.item() == 6);
  CHECK(gradient(x).item() == 12);
  CHECK(grad(gradient(x), {x})[0].item() == 4);
  clear_gradient(x);
}

TEST_CASE("4.32 an absent gradient stays absent") {
  Tensor x = variable(tensor({1., 2.})), y = variable(tensor({1., 2.}));
  backward(sum(x) + sum(detach(y) * 2));
  CHECK(gradient(x));
  CHECK(!gradient(y));
}

TEST_CASE("3.4.66 4.37 threads that add to the same variables: every gradient arrives") {
  Tensor w = variable(zeros({5}, float64), "w"), v = variable(ones({5}, float64), "v");
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) backward(sum(w * 2 + v * v));
    });
  for (std::thread& t : threads) t.join();
  for (int i = 0; i < 5; ++i) {
    CHECK(gradient(w).at<double>(i) == 8 * 200 * 2);
    CHECK(gradient(v).at<double>(i) == 8 * 200 * 2);
  }
}
