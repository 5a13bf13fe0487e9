// Losses against stored numbers of PyTorch, and their corners.
#include "tensor/ops/loss_nd.h"

#include <cmath>

#include "autograd/gradcheck.h"
#include "op_samples.h"
#include "stored_cases.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("losses agree with PyTorch, values and gradients") {
  StoredCases s("loss");
  Tensor t = s("l1/t"), u = s("l1/u"), sign = s("l1/sign"), labels = s("l1/labels"), weight = s("l1/weight"), bits = s("focal/bits");
  auto like = [](const Tensor& x, const Tensor& to) { return cast(x, to.dtype()); };
  s.check("l1", [&](const Tensors& x) { return absolute_error(x[0], like(t, x[0])); });
  s.check("huber", [&](const Tensors& x) { return huber_loss(x[0], like(t, x[0]), 0.7); });
  s.check("smooth", [&](const Tensors& x) { return smooth_l1_loss(x[0], like(t, x[0]), 0.7); });
  s.check("binary", [&](const Tensors& x) { return binary_cross_entropy(x[0], u); });
  s.check("cross_0", [&](const Tensors& x) { return cross_entropy(x[0], labels); });
  s.check("cross_1", [&](const Tensors& x) { return cross_entropy(x[0], labels, {.weight = weight}); });
  s.check("cross_2", [&](const Tensors& x) { return cross_entropy(x[0], labels, {.weight = weight, .label_smoothing = 0.2}); });
  s.check("nll", [&](const Tensors& x) { return nll_loss(x[0], labels, {.weight = weight}); });
  s.check("kl", [&](const Tensors& x) { return kl_divergence(x[0], like(u, x[0])); });
  s.check("embedding", [&](const Tensors& x) { return hinge_embedding_loss(x[0], sign, 0.8); });
  s.check("ranking", [&](const Tensors& x) { return margin_ranking_loss(x[0], x[1], like(sign, x[0]), 0.3); });
  s.check("triplet", [&](const Tensors& x) { return triplet_margin_loss(x[0], x[1], x[2], 0.9); });
  s.check("cosine", [&](const Tensors& x) { return cosine_embedding_loss(x[0], x[1], sign, 0.1); });
  s.check("poisson", [&](const Tensors& x) { return poisson_nll_loss(x[0], like(u, x[0])); });
  s.check("poisson_plain", [&](const Tensors& x) { return poisson_nll_loss(x[0], like(u, x[0]), false); });
  s.check("gaussian", [&](const Tensors& x) { return gaussian_nll_loss(x[0], like(t, x[0]), x[1]); });
  s.check("focal", [&](const Tensors& x) { return sigmoid_focal_loss(x[0], bits); });
  s.check("ctc", [&](const Tensors& x) { return ctc_loss(log_softmax(x[0]), s("ctc/words"), s("ctc/lengths"), s("ctc/sizes")); });
}

TEST_CASE("corners of the losses") {
  CHECK(std::isnan(cross_entropy(ones({2, 3}), full({2}, -100, int64)).item()));
  CHECK(std::isnan(cross_entropy(ones({0, 3}), zeros({0}, int64)).item()));
  // Small integers do not wrap.
  Tensor large = tensor({20, 100}, int8);
  CHECK(to_string(hinge_loss(large, large)) == "[0. 0.]");
  CHECK(poisson_nll_loss(tensor({1.}), tensor({100}, int8)).item() == doctest::Approx(std::exp(1.) - 100));
  CHECK(cosine_embedding_loss(reshape(large, {1, 2}), reshape(large, {1, 2}), tensor({1})).item() == doctest::Approx(0).epsilon(1e-6));
  CHECK(kl_divergence(tensor({-INFINITY}), tensor({0.})).item() == 0);
  CHECK(binary_cross_entropy(tensor({0.}), tensor({1.})).item() == 100);
  CHECK(to_string(hinge_loss(tensor({0.5, -2.}), tensor({1., 1.}))) == "[0.5 3. ]");
  CHECK(to_string(squared_error(tensor({0.5, -2.}), tensor({1., 1.}))) == "[0.25 9.  ]");
  // Two equal labels need a blank between them: three steps, not two.
  Tensor p = log_softmax(zeros({1, 2, 3}));
  CHECK(ctc_loss(p, tensor({{1, 1}}), tensor({2}), tensor({2})).item() == INFINITY);
  CHECK(ctc_loss(p, tensor({{1, 2}}), tensor({2}), tensor({2})).item() == doctest::Approx(2 * std::log(3.)));
  CHECK(ctc_loss(empty({0, 2, 3}), empty({0, 2}, int64), empty({0}, int64), empty({0}, int64)).shape() == Shape{0});
}

TEST_CASE("gradients of the losses with labels, twice") {
  GradcheckOptions twice{.second_order = true};
  Tensor x = samples({3, 4}, float64, -1, 1, 1), labels = tensor({2, -100, 1});
  CHECK(gradcheck([&](const Tensors& v) { return square(cross_entropy(v[0], labels, {.label_smoothing = 0.1})); }, {x}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return square(ctc_loss(log_softmax(v[0]), tensor({{1, 2}}), tensor({4}), tensor({2}))); },
                  {samples({1, 4, 3}, float64, -1, 1, 2)}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return gaussian_nll_loss(v[0], x, exp(v[1])); }, {x * 2, x}, twice) == "");
}

TEST_CASE("labels and lengths out of range are errors") {
  Tensor x = ones({2, 3});
  CHECK_THROWS_WITH_AS(cross_entropy(x, tensor({0, 3})), doctest::Contains("cross_entropy: a label is outside the 3 classes"), IndexError);
  CHECK_THROWS_AS(cross_entropy(x, tensor({0, -1})), IndexError);
  CHECK_THROWS_WITH_AS(cross_entropy(x, tensor({0., 1.})), doctest::Contains("at loss_nd_test.cc:"), DTypeError);
  CHECK_THROWS_AS(cross_entropy(x, tensor({0, 1}), {.weight = ones({2})}), ShapeError);
  CHECK_THROWS_AS(nll_loss(x, tensor({0, 1}), {.label_smoothing = 0.1}), Error);
  CHECK_THROWS_AS(huber_loss(x, x, 0), Error);
  Tensor p = zeros({1, 2, 3});
  CHECK_THROWS_AS(ctc_loss(p, tensor({{1, 3}}), tensor({2}), tensor({2})), IndexError);
  CHECK_THROWS_AS(ctc_loss(p, tensor({{1, 2}}), tensor({3}), tensor({2})), IndexError);
  CHECK_THROWS_AS(ctc_loss(p, tensor({{1, 2}}), tensor({2}), tensor({2}), 5), IndexError);
}
