// Cross entropies against float64 loops and finite differences.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;

namespace {

Tensor filled(const Shape& shape, unsigned seed, double spread = 2) {
  std::mt19937 r(seed);
  std::uniform_real_distribution<double> d(-spread, spread);
  Tensor x = empty(shape, float64);
  for (int64_t i = 0; i < x.size(); ++i) x.raw<double>()[i] = d(r);
  return x;
}
double naive_loss(const double* x, int64_t n, int64_t label) {
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t i = 0; i < n; ++i) top = std::max(top, x[i]);
  for (int64_t i = 0; i < n; ++i) sum += std::exp(x[i] - top);
  return std::log(sum) - (x[label] - top);
}
constexpr double kInf = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("sparse_softmax_cross_entropy agrees with a loop in every float dtype") {
  for (int64_t n : {1, 2, 10, 63, 64, 1000}) {
    Tensor x = filled({7, n}, unsigned(n), 6), labels = empty({7}, int64);
    for (int64_t i = 0; i < 7; ++i) labels.raw<int64_t>()[i] = (i * 31) % n;
    for (DType t : {float64, float32, float16, bfloat16}) {
      Tensor given = cast(x, t), as_seen = cast(given, float64);
      Tensor y = sparse_softmax_cross_entropy(given, cast(labels, t == float32 ? int32 : int64));
      CHECK(y.dtype() == (t == float64 ? float64 : float32));
      for (int64_t i = 0; i < 7; ++i) {
        double expected = naive_loss(as_seen.raw<double>() + i * n, n, labels.raw<int64_t>()[i]);
        CHECK(cast(y, float64).raw<double>()[i] == doctest::Approx(expected).epsilon(t == float64 ? 1e-13 : 2e-6).scale(1));
      }
    }
  }
}

TEST_CASE("its axis may be any, and its batch empty or several axes") {
  Tensor x = filled({3, 4, 5}, 1), labels = tensor({{0, 1, 2, 3, 0}, {3, 2, 1, 0, 3}, {1, 1, 1, 1, 1}});
  Tensor y = sparse_softmax_cross_entropy(x, labels, 1), z = sparse_softmax_cross_entropy(contiguous(transpose(x, {0, 2, 1})), labels);
  CHECK(y.shape() == Shape{3, 5});
  CHECK(std::memcmp(contiguous(y).raw(), z.raw(), size_t(z.bytes())) == 0);
  CHECK(sparse_softmax_cross_entropy(empty({0, 4}), empty({0}, int64)).shape() == Shape{0});
  CHECK(sparse_softmax_cross_entropy(tensor({1., 2.}), tensor(1)).rank() == 0);
}

TEST_CASE("extreme logits stay finite, and what cannot is NaN or infinite") {
  Tensor x = variable(tensor({{1000., 0.}, {-1000., 1000.}, {10000.25, 10000.}}));
  Tensor y = sparse_softmax_cross_entropy(x, tensor({0, 0, 1}));
  CHECK(y.at<float>(0) == 0);
  CHECK(y.at<float>(1) == 2000);
  CHECK(y.at<float>(2) == doctest::Approx(std::log1p(std::exp(0.25))).epsilon(1e-6));
  backward(sum(y));
  CHECK(gradient(x).at<float>(0, 0) == 0);
  CHECK(gradient(x).at<float>(1, 0) == -1);
  CHECK(gradient(x).at<float>(1, 1) == 1);
  CHECK(sparse_softmax_cross_entropy(tensor({{-kInf, 0.}}), tensor({0})).item() == kInf);
  CHECK(std::isnan(sparse_softmax_cross_entropy(tensor({{-kInf, -kInf}}), tensor({0})).item()));
}

TEST_CASE("a label out of range names itself, its row and the classes") {
  Tensor x = filled({2, 3}, 1);
  CHECK_THROWS_WITH_AS(sparse_softmax_cross_entropy(x, tensor({0, 3})),
                       doctest::Contains("sparse_softmax_cross_entropy: label 3 of row 1 is outside the 3 classes"), IndexError);
  CHECK_THROWS_WITH_AS(sparse_softmax_cross_entropy(x, tensor({0, 3})), doctest::Contains("at loss_op_test.cc:"), IndexError);
  CHECK_THROWS_AS(sparse_softmax_cross_entropy(x, tensor({-1, 0})), IndexError);
  CHECK_THROWS_AS(sparse_softmax_cross_entropy(empty({2, 0}), tensor({0, 0})), IndexError);
  CHECK_THROWS_AS(sparse_softmax_cross_entropy(x, tensor({0., 1.})), DTypeError);
  CHECK_THROWS_AS(sparse_softmax_cross_entropy(x, tensor({{0}, {1}})), ShapeError);
  CHECK_THROWS_AS(sparse_softmax_cross_entropy(x, tensor({0, 1}), 2), IndexError);
  CHECK_THROWS_AS(sparse_softmax_cross_entropy(tensor(1.), tensor(0)), IndexError);
  CHECK_THROWS_AS(softmax_cross_entropy(x, filled({2, 2}, 1)), ShapeError);
}

TEST_CASE("the other cross entropies agree with loops") {
  Tensor x = filled({4, 6}, 3), t = softmax(filled({4, 6}, 4));
  Tensor y = softmax_cross_entropy(x, t), columns = softmax_cross_entropy(transpose(x), transpose(t), 0);
  for (int64_t i = 0; i < 4; ++i) {
    double expected = 0;
    for (int64_t k = 0; k < 6; ++k) expected += t.raw<double>()[i * 6 + k] * naive_loss(x.raw<double>() + i * 6, 6, k);
    CHECK(y.raw<double>()[i] == doctest::Approx(expected));
    CHECK(columns.raw<double>()[i] == doctest::Approx(expected));
  }
  CHECK(softmax_cross_entropy(tensor({{-kInf, 1., 1.}}), tensor({{0., 0.5, 0.5}})).item() == doctest::Approx(std::log(2.)));

  Tensor s = sigmoid_cross_entropy(tensor({1000., -1000., 50., 0., 1.}, float64), tensor({1., 0., 1., 0.5, 0.25}, float64));
  CHECK(s.at<double>(0) == 0);
  CHECK(s.at<double>(1) == 0);
  CHECK(s.at<double>(2) == doctest::Approx(std::exp(-50.)).epsilon(1e-12).scale(0));
  CHECK(s.at<double>(3) == doctest::Approx(std::log(2.)));
  CHECK(s.at<double>(4) == doctest::Approx(-0.25 * std::log(1 / (1 + std::exp(-1.))) - 0.75 * std::log(1 - 1 / (1 + std::exp(-1.)))));
  CHECK(sigmoid_cross_entropy(cast(s, bfloat16), s).dtype() == float64);
  CHECK(sigmoid_cross_entropy(cast(s, bfloat16), tensor({1, 0, 1, 0, 1})).dtype() == float32);
}

TEST_CASE("gradients of the losses, twice") {
  GradcheckOptions twice{.second_order = true};
  Tensor labels = tensor({2, 0, 1}), x = filled({3, 4}, 5), t = softmax(filled({3, 4}, 6));
  CHECK(gradcheck([&](const Tensors& v) { return square(sparse_softmax_cross_entropy(v[0], labels)); }, {x}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return sparse_softmax_cross_entropy(v[0], labels, 0); }, {filled({4, 3}, 7)}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return square(softmax_cross_entropy(v[0], v[1])); }, {x, t}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return square(sigmoid_cross_entropy(v[0], v[1])); }, {x, t}, twice) == "");
}

TEST_CASE("a third derivative of the cross entropy") {
  // Of two classes: loss = softplus(-d) for d = x0 - x1; its third derivative by x0 is -s(1 - s)(1 - 2s) at s = sigmoid(-d), negated.
  Tensor x = variable(tensor({{0.3, -0.4}}, float64));
  Tensor y = sum(sparse_softmax_cross_entropy(x, tensor({0})));
  for (int i = 0; i < 3; ++i) y = sum(grad(y, {x}, {.create_graph = true})[0][{0, 0}]);
  double s = 1 / (1 + std::exp(0.7));
  CHECK(y.item() == doctest::Approx(-s * (1 - s) * (1 - 2 * s)));
}

TEST_CASE("the loss has the same bits for one and two threads") {
  Tensor x = cast(filled({3000, 50}, 8), float32), labels = zeros({3000}, int32);
  Tensor at_1[2], at_2[2];
  for (int threads = 1; threads <= 2; ++threads) {
    set_num_threads(threads);
    Tensor v = variable(x), y = sparse_softmax_cross_entropy(v, labels);
    backward(sum(y));
    Tensor* at = threads == 1 ? at_1 : at_2;
    at[0] = y, at[1] = gradient(v);
  }
  set_num_threads(0);
  for (int k = 0; k < 2; ++k) CHECK(std::memcmp(at_1[k].raw(), at_2[k].raw(), size_t(at_1[k].bytes())) == 0);
}
