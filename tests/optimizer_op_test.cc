// The fused updates against numbers that Keras 3.15.1 (NumPy backend, float32) gave: one variable [1, -2], three steps with the
// gradients [g, 2 g] for g = 0.5, -0.2, 0.1; and against float64 loops.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;

namespace {

// step(t, params, grads) three times; w after the first and the third.
void check_steps(const std::function<void(int, const Tensors&, const Tensors&)>& step, double a1, double b1, double a3, double b3, DType dtype = float32) {
  Tensors w{variable(tensor({1., -2.}, dtype), "w")};
  const double g[] = {0.5, -0.2, 0.1};
  double tolerance = dtype == float16 ? 2e-3 : 2e-7;
  for (int t = 1; t <= 3; ++t) {
    step(t, w, {tensor({g[t - 1], 2 * g[t - 1]}, dtype)});
    if (t == 2) continue;
    CHECK(cast(w[0], float64).at<double>(0) == doctest::Approx(t == 1 ? a1 : a3).epsilon(tolerance).scale(1));
    CHECK(cast(w[0], float64).at<double>(1) == doctest::Approx(t == 1 ? b1 : b3).epsilon(tolerance).scale(1));
  }
}
Tensors state(DType dtype = float32, double value = 0) { return {full({2}, value, dtype)}; }

}  // namespace

TEST_CASE("the updates give Keras's numbers") {
  for (DType t : {float32, float64}) {
    Tensors a = state(t), b = state(t), c = state(t), d = state(t), e = state(t);
    check_steps([&](int, auto& w, auto& g) { sgd_update(w, g, {}, {.learning_rate = 0.1}); }, .95, -2.1, .96, -2.08, t);
    check_steps([&](int, auto& w, auto& g) { sgd_update(w, g, a, {.learning_rate = 0.1, .momentum = 0.9}); }, .95, -2.1, .8925, -2.215, t);
    check_steps([&](int, auto& w, auto& g) { sgd_update(w, g, b, {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}); }, .905, -2.19, .86325,
                -2.2735, t);
    check_steps([&](int, auto& w, auto& g) { sgd_update(w, g, {}, {.learning_rate = 0.1, .weight_decay = 0.01}); }, .949, -2.098, .9570829,
                -2.0738461, t);
    a = state(t), b = state(t);
    check_steps([&](int s, auto& w, auto& g) { adam_update(w, g, a, b, {.learning_rate = 0.01, .step = s}); }, .9900001, -2.01, .9827502,
                -2.0172501, t);
    a = state(t), b = state(t);
    check_steps([&](int s, auto& w, auto& g) { adam_update(w, g, a, b, {.learning_rate = 0.01, .step = s, .weight_decay = 0.004}); }, .9899601,
                -2.0099199, .9826312, -2.017009, t);
    a = state(t, 0.1);
    check_steps([&](int, auto& w, auto& g) { adagrad_update(w, g, a, {.learning_rate = 0.1}); }, .9154846, -2.0953462, .9316989, -2.0772526, t);
    a = state(t);
    check_steps([&](int, auto& w, auto& g) { rmsprop_update(w, g, a, {}, {}, {.learning_rate = 0.01}); }, .9683773, -2.0316226, .9743196, -2.0256803,
                t);
    a = state(t);
    check_steps([&](int, auto& w, auto& g) { rmsprop_update(w, g, a, {}, c, {.learning_rate = 0.01, .momentum = 0.9}); }, .9683773, -2.0316226,
                .931302, -2.0686979, t);
    a = state(t);
    check_steps([&](int, auto& w, auto& g) { rmsprop_update(w, g, a, d, {}, {.learning_rate = 0.01}); }, .9666668, -2.0333333, .9726172, -2.0273829,
                t);
  }
}

TEST_CASE("16-bit parameters with float or 16-bit state") {
  for (DType states : {float32, float16}) {
    Tensors a = state(states), b = state(states);
    check_steps([&](int s, auto& w, auto& g) { adam_update(w, g, a, b, {.learning_rate = 0.01, .step = s}); }, .99, -2.01, .98275, -2.01725, float16);
  }
}

TEST_CASE("amsgrad keeps the largest second moment") {
  Tensors m = state(), v = state(), top = state(), w{tensor({1., 1.})};
  for (int t = 1; t <= 3; ++t) adam_update(w, {tensor({t == 1 ? 1. : 0., 0.})}, m, v, {.step = t}, top);
  CHECK(top[0].at<float>(0) == doctest::Approx(0.001));
  CHECK(v[0].at<float>(0) < 0.001f);
  CHECK(w[0].at<float>(1) == 1);
}

TEST_CASE("many parameters in one pass, skipping those without a gradient, the same bits for any thread count") {
  Tensors result[2];
  for (int threads = 1; threads <= 2; ++threads) {
    set_num_threads(threads);
    Tensors w, g, m, v;
    for (int64_t k = 0; k < 40; ++k) {
      Shape s{k % 5, 1 + 797 * k};
      w.push_back(variable(linspace(-1, 1, s.size())));
      w.back() = variable(reshape(w.back(), s));
      g.push_back(k % 7 == 3 ? Tensor() : transpose(reshape(linspace(2, -1, s.size()), {s[1], s[0]})));
      m.push_back(zeros(s));
      v.push_back(zeros(s));
    }
    for (int t = 1; t <= 2; ++t) adam_update(w, g, m, v, {.step = t, .gradient_scale = 0.5});
    CHECK(max(m[3]).item() == 0);
    for (int64_t k = 0; k < 40; k += 7) {
      if (w[size_t(k)].size() == 0 || !g[size_t(k)]) continue;
      Tensor start = reshape(linspace(-1, 1, w[size_t(k)].size()), w[size_t(k)].shape());
      double x = cast(contiguous(g[size_t(k)]), float64).raw<double>()[5] * 0.5, p = start.raw<float>()[5], mm = 0, vv = 0;
      for (int t = 1; t <= 2; ++t) {
        mm += (x - mm) * 0.1, vv += (x * x - vv) * 0.001;
        p -= 0.001 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t)) * mm / (std::sqrt(vv) + 1e-7);
      }
      CHECK(w[size_t(k)].raw<float>()[5] == doctest::Approx(p).epsilon(1e-6));
    }
    result[threads - 1] = w;
  }
  set_num_threads(0);
  bool same = true;
  for (size_t k = 0; k < 40; ++k) same &= std::memcmp(result[0][k].raw(), result[1][k].raw(), size_t(result[0][k].bytes())) == 0;
  CHECK(same);
  sgd_update({}, {}, {}, {});
}

TEST_CASE("subnormal state becomes zero") {
  Tensors m{tensor({1e-38, 1.})}, v{tensor({2e-38, 1.})}, w{tensor({1., 1.})};
  adam_update(w, {zeros({2})}, m, v, {});
  CHECK(m[0].at<float>(0) == 0);
  adam_update(w, {zeros({2})}, m, v, {.beta_2 = 0.5});
  CHECK(v[0].at<float>(0) == 0);
  CHECK(m[0].at<float>(1) == doctest::Approx(0.81));
}

TEST_CASE("an update moves the version, so that a tape that saved the old values refuses to replay") {
  Tensor w = variable(tensor({1., 2.}), "w");
  Tensor loss = sum(w * w);
  sgd_update({w}, {ones({2})}, {}, {});
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("overwritten"), TapeError);
}

TEST_CASE("a mismatch throws and changes nothing") {
  Tensor w = variable(tensor({1., 2.}), "w"), other = variable(tensor({3.}), "other");
  Tensor g = ones({2});
  CHECK_THROWS_WITH_AS(sgd_update({w, other}, {g, g}, {}, {}), doctest::Contains("sgd_update: gradients[1] must have the parameter's shape [1]"), ShapeError);
  CHECK_THROWS_WITH_AS(sgd_update({w}, {}, {}, {}), doctest::Contains("1 parameters, 0 gradients"), ShapeError);
  CHECK_THROWS_WITH_AS(sgd_update({w}, {g}, {}, {.momentum = 0.9}), doctest::Contains("0 momenta"), ShapeError);
  CHECK_THROWS_WITH_AS(sgd_update({w, w}, {g, g}, {}, {}), doctest::Contains("shares its values with parameters[0]"), ShapeError);
  CHECK_THROWS_WITH_AS(sgd_update({w, other}, {g, ones({1}, int32)}, {}, {}), doctest::Contains("must be a float"), DTypeError);
  CHECK_THROWS_AS(sgd_update({transpose(ones({2, 3}))}, {ones({3, 2})}, {}, {}), ShapeError);
  CHECK_THROWS_WITH_AS(adam_update({w}, {g}, {zeros({2})}, {zeros({2})}, {.step = 0}), doctest::Contains("step counts from 1"), Error);
  CHECK_THROWS_WITH_AS(adam_update({w}, {g}, {Tensor()}, {zeros({2})}, {}), doctest::Contains("m[0] is an empty Tensor"), Error);
  CHECK_THROWS_WITH_AS(sgd_update({w}, {}, {}, {}), doctest::Contains("at optimizer_op_test.cc:"), ShapeError);
  CHECK(w.at<float>(0) == 1);
  CHECK(other.at<float>(0) == 3);
}

TEST_CASE("all_finite: every dtype, every place, and gradients that are none") {
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(all_finite({}));
  CHECK(all_finite({Tensor(), zeros({0}), ones({3}, int32)}));
  for (DType t : {float16, bfloat16, float32, float64}) {
    Tensor x = cast(uniform({40000}, -1e4, 1e4), t);
    CHECK(all_finite({x, Tensor(), transpose(reshape(x, {200, 200}))}));
    CHECK(all_finite({full({3}, t == float16 ? 65504. : 3e38, t)}));
    for (float bad : {inf, -inf, std::nanf("")})
      for (int64_t at : {0, 17, 20000, 39999}) {
        Tensor y = clone(x);
        assign(slice_axis(y, 0, at, 1), bad);
        CHECK(!all_finite({x, y}));
        CHECK(!all_finite({transpose(reshape(y, {200, 200}))}));
      }
  }
}
