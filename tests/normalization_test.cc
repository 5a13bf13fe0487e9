// Normalizations against stored numbers of PyTorch, at corners, and as layers.
#include <cmath>

#include "autograd/gradcheck.h"
#include "op_samples.h"
#include "stored_cases.h"

using namespace reel;
using namespace reel::test;

namespace {
const StoredCases& stored() {
  static const StoredCases cases("normalization");
  return cases;
}
}  // namespace

TEST_CASE("normalizations agree with PyTorch, values and gradients") {
  const StoredCases& s = stored();
  for (const char* n : {"batch2", "batch4"}) {
    s.check(n, [](const Tensors& x) { return batch_norm(x[0], x[1], x[2], {}, {}, {.training = true}); });
    Tensor mean = clone(s(std::string(n) + "/mean")), var = clone(s(std::string(n) + "/var"));
    batch_norm(s(std::string(n) + "/0"), {}, {}, mean, var, {.momentum = 0.9, .training = true});
    CHECK(StoredCases::distance(mean, s(std::string(n) + "/new_mean")) < 1e-12);
    CHECK(StoredCases::distance(var, s(std::string(n) + "/new_var")) < 1e-12);
    std::string inference = std::string(n) + "_inference";
    s.check(inference, [&](const Tensors& x) { return batch_norm(x[0], x[1], x[2], cast(s(inference + "/mean"), x[0].dtype()), cast(s(inference + "/var"), x[0].dtype())); });
  }
  s.check("layer", [](const Tensors& x) { return layer_norm(x[0], x[1], x[2], -1, 1e-5); });
  s.check("layer2", [](const Tensors& x) { return layer_norm(x[0], x[1], x[2], {1, 2}); });
  s.check("rms", [](const Tensors& x) { return rms_norm(x[0], x[1]); });
  s.check("group", [](const Tensors& x) { return group_norm(x[0], 3, x[1], x[2]); });
  s.check("instance", [](const Tensors& x) { return instance_norm(x[0]); });
  s.check("response", [](const Tensors& x) { return local_response_norm(x[0], 4, 0.3, 0.6, 1.5); });
  s.check("unit", [](const Tensors& x) { return unit_norm(x[0]); });
}

// Widths around those of the vectors and strips that the loops work in.
TEST_CASE("values and fused gradients of a normalization are those of its formula") {
  for (int64_t n : {1, 7, 15, 16, 17, 19, 33, 64, 100, 133}) {
    Tensor x = variable(samples({700, n}, float64, -1, 3, 1)), gamma = variable(samples({n}, float64, -1, 1, 2)), beta = variable(zeros({n}, float64));
    Tensor gy = samples({700, n}, float64, -1, 1, 3);
    for (bool batch : {true, false}) {
      CAPTURE(n);
      CAPTURE(batch);
      auto f = [&](const Tensor& x, const Tensor& gamma, const Tensor& beta) {
        return batch ? batch_norm(x, gamma, beta, {}, {}, {.training = true}) : layer_norm(x, gamma, beta);
      };
      Tensor d = x - mean(x, batch ? 0 : 1, true), y = d * rsqrt(mean(square(d), batch ? 0 : 1, true) + 1e-3) * gamma + beta;
      Tensors formula = grad(f(x, gamma, beta), {x, gamma, beta}, {.gradient = gy, .create_graph = true});
      for (DType t : {float64, float32}) {
        double most = t == float64 ? 1e-12 : 2e-5;
        Tensors in{variable(cast(detach(x), t)), variable(cast(detach(gamma), t)), variable(cast(detach(beta), t))};
        Tensor z = f(in[0], in[1], in[2]);
        Tensors fused = grad(z, in, {.gradient = cast(gy, t)});
        CHECK(StoredCases::distance(z, y) < most);
        for (size_t i = 0; i < 3; ++i) CHECK(StoredCases::distance(fused[i], formula[i]) < most);
      }
    }
  }
}

TEST_CASE("groups of any size, in one block of rows or several, agree with their formula and have the same bits for one and two threads") {
  for (auto [inner, c] : {std::pair<int64_t, int64_t>{1, 6}, {900, 6}, {70, 96}})
    for (int64_t groups : {int64_t(1), int64_t(3), c})
      for (int axis : {-1, 1})
        for (DType t : {float64, float32}) {
          CAPTURE(inner);
          CAPTURE(groups);
          CAPTURE(axis);
          Shape s = axis == 1 ? Shape{3, c, inner} : Shape{3, inner, c};
          Tensor wide = samples(s, float64, 99, 103, 1), gamma = samples({c}, float64, -1, 1, 2), beta = samples({c}, float64, -1, 1, 3);
          Tensor gy = cast(samples(s, float64, -1, 1, 4), t), x = cast(wide, t);
          auto formula = [&](const Tensors& in) {
            Tensor rows = axis == 1 ? swapaxes(in[0], 1, 2) : in[0], split = reshape(rows, {3, inner, groups, c / groups});
            Tensor d = split - mean(split, {1, 3}, true), normal = d * rsqrt(mean(square(d), {1, 3}, true) + 1e-3);
            Tensor y = reshape(normal, {3, inner, c}) * in[1] + in[2];
            return axis == 1 ? swapaxes(y, 1, 2) : y;
          };
          Tensors exact{variable(cast(x, float64)), variable(cast(cast(gamma, t), float64)), variable(cast(cast(beta, t), float64))};
          Tensor expected = formula(exact);
          Tensors slopes = grad(expected, exact, {.gradient = cast(gy, float64)}), first;
          for (int threads = 1; threads <= 2; ++threads) {
            set_num_threads(threads);
            Tensors in{variable(x), variable(cast(gamma, t)), variable(cast(beta, t))};
            Tensor y = group_norm(in[0], groups, in[1], in[2], axis);
            Tensors got = grad(y, in, {.gradient = gy});
            got.push_back(detach(y));
            set_num_threads(0);
            for (size_t i = 0; threads == 2 && i < got.size(); ++i) CHECK(same_bits(got[i], first[i]));
            first = got;
          }
          double most = t == float64 ? 1e-10 : 2e-3;  // in float32 a mean of 100 is known to 2^-17, an element to 2^-18, both beside deviations near 1
          CHECK(StoredCases::distance(first[3], expected) < most);
          for (size_t i = 0; i < 3; ++i) CHECK(StoredCases::distance(first[i], slopes[i]) < most);
        }
}

TEST_CASE("large means and long batches keep their variance") {
  // A thousand standard deviations from zero, where one pass of sums and squares in float32 would keep nothing.
  Tensor base = samples({5000, 7}, float64, -1, 1, 4), x = cast(base + 1000, float32);
  Tensor exact = cast(x, float64), d = exact - mean(exact, 0), expected = d * rsqrt(mean(square(d), 0) + 1e-3);
  CHECK(StoredCases::distance(batch_norm(x, {}, {}, {}, {}, {.training = true}), expected) < 4e-4);  // rounding the mean moves it by 2^-15, a value by 2^-14
  Tensor rows = transpose(exact)[0], e = rows - mean(rows);
  CHECK(StoredCases::distance(layer_norm(cast(rows, float32)), e * rsqrt(mean(square(e)) + 1e-3)) < 4e-4);
}

TEST_CASE("normalizations of nothing, of one value and of constants") {
  Tensor mean = ones({4}), var = ones({4});
  Tensor x = variable(empty({0, 4})), gamma = variable(ones({4}));
  Tensor y = batch_norm(x, gamma, {}, mean, var, {.training = true});
  CHECK(y.shape() == Shape{0, 4});
  CHECK(min(mean == 1).item() == 1);
  backward(sum(y));
  CHECK(max(abs(gradient(gamma))).item() == 0);
  CHECK(layer_norm(empty({0, 4})).shape() == Shape{0, 4});
  CHECK(layer_norm(empty({3, 0})).shape() == Shape{3, 0});
  CHECK(group_norm(empty({0, 2, 4}), 2).shape() == Shape{0, 2, 4});
  // One value a channel: the answer is beta, the gradient 0.
  Tensor one = variable(tensor({{3., -2.}})), beta = tensor({0.5, 0.25});
  Tensor z = batch_norm(one, {}, beta, {}, {}, {.training = true});
  CHECK(z.at<float>(0, 0) == 0.5f);
  backward(sum(z * z));
  CHECK(max(abs(gradient(one))).item() == 0);
  Tensor flat = variable(full({2, 8}, 3.f));
  Tensor w = layer_norm(flat);
  CHECK(max(abs(w)).item() == 0);
  backward(sum(w));
  CHECK(max(isnan(gradient(flat))).item() == 0);
}

TEST_CASE("what cannot be normalized says why") {
  Tensor x = ones({2, 6});
  CHECK_THROWS_WITH_AS(batch_norm(x, {}, {}, {}, {}), doctest::Contains("batch_norm: outside training it needs the running mean"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, ones({5}), {}, {}, {}, {.training = true}), doctest::Contains("gamma must be [6]"), ShapeError);
  CHECK_THROWS_WITH_AS(layer_norm(x, ones({2})), doctest::Contains("at normalization_test.cc:"), ShapeError);
  CHECK_THROWS_WITH_AS(layer_norm(x, {}, {}, {1, -1}), doctest::Contains("axis 1 appears twice"), IndexError);
  CHECK_THROWS_AS(layer_norm(x, {}, {}, 2), IndexError);
  CHECK_THROWS_WITH_AS(group_norm(x, 4), doctest::Contains("groups 4 do not divide 6 channels"), ShapeError);
  CHECK_THROWS_AS(group_norm(x, 0), ShapeError);
  CHECK_THROWS_AS(group_norm(x, 1, {}, {}, 0), IndexError);
  CHECK_THROWS_AS(local_response_norm(x, 0), ShapeError);
  CHECK_THROWS_AS(layer_norm(x, {}, {}, -1, -1.), Error);
  CHECK_THROWS_AS(batch_norm(x, {}, {}, ones({6}, int64), ones({6}), {}), DTypeError);
}

TEST_CASE("batch and layer normalization have the same bits for one and two threads") {
  Tensor x = samples({3000, 33}, float32, -1, 2, 6), gy = samples({3000, 33}, float32, -1, 1, 7), g = samples({33}, float32, 0, 1, 8);
  for (bool batch : {true, false}) {
    Tensors result[2];
    for (int threads = 1; threads <= 2; ++threads) {
      set_num_threads(threads);
      Tensor vx = variable(x), vg = variable(g), y = batch ? batch_norm(vx, vg, {}, {}, {}, {.training = true}) : layer_norm(vx, vg);
      backward(y, {.gradient = gy});
      result[threads - 1] = {y, gradient(vx), gradient(vg)};
    }
    set_num_threads(0);
    for (size_t i = 0; i < 3; ++i) CHECK(same_bits(result[0][i], result[1][i]));
  }
}

TEST_CASE("normalization layers: weights, training and inference") {
  nn::BatchNormalization bn;
  Tensor x = samples({64, 3}, float32, 1, 5, 9);
  bn(x);
  auto w = nn::weights(bn);
  REQUIRE(w.size() == 4);
  CHECK(w[0].second.name == "gamma");
  CHECK(w[3].second.name == "moving_variance");
  CHECK(!w[2].second.trainable);
  CHECK(StoredCases::distance(bn(x), x / std::sqrt(1.001)) < 1e-6);  // moving mean 0, variance 1
  Tensor trained;
  {
    Training training;
    trained = bn(x);
  }
  CHECK(StoredCases::distance(mean(trained, 0), zeros({3})) < 1e-5);
  CHECK(StoredCases::distance(w[2].second.value, 0.01 * mean(x, 0)) < 1e-6);
  CHECK(StoredCases::distance(w[3].second.value, 0.99 + 0.01 * var(x, 0)) < 1e-6);
  CHECK_THROWS_WITH_AS(bn(ones({2, 4})), doctest::Contains("BatchNormalization: expects 3 on axis -1"), ShapeError);

  CHECK(nn::weights([] { nn::LayerNormalization l({.axis = {1, 2}, .center = false}); l(ones({2, 3, 4})); return l; }())[0].second.value.shape() == Shape{3, 4});
  nn::GroupNormalization group({.groups = -1});
  CHECK(StoredCases::distance(group(stored()("instance/0")), stored()("instance/y")) < 1e-5);
  nn::RMSNormalization rms;
  CHECK(rms(ones({2, 5})).at<float>(0, 0) == doctest::Approx(1));
  CHECK(StoredCases::distance(nn::UnitNormalization()(stored()("unit/0")), stored()("unit/y")) < 1e-6);
  auto in = nn::Input({5, 8});
  nn::Model model(in, nn::LayerNormalization()(nn::BatchNormalization()(in)));
  CHECK(model(ones({2, 5, 8})).shape() == Shape{2, 5, 8});
  CHECK_THROWS_AS(nn::GroupNormalization({.groups = 0}), Error);
}
