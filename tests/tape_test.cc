// Recording, replay and release.
#include <doctest/doctest.h>

#include "reel.h"
#include "tensor/storage.h"

using namespace reel;

TEST_CASE("backward leaves gradients on the variables") {
  Tensor w = variable(tensor({1., 2., 3.}), "w");
  backward(sum(w * w + w));
  CHECK(gradient(w).at<float>(0) == 3);
  CHECK(gradient(w).at<float>(2) == 7);
}

TEST_CASE("a second replay of a released tape names both lines") {
  Tensor w = variable(tensor({1., 2.}), "w");
  Tensor loss = sum(w * w);
  backward(loss);
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("this tape was replayed before, at tape_test.cc"), TapeError);
  CHECK(gradient(w).at<float>(0) == 2);
}

TEST_CASE("third derivatives") {
  Tensor x = variable(tensor({0.5}, float64));
  Tensor y = sum(x * x * x * x);
  for (int i = 0; i < 3; ++i) y = grad(y, {x}, {.create_graph = true})[0];
  CHECK(y.item() == doctest::Approx(24 * 0.5));
}
