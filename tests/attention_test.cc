// Attention against stored numbers of PyTorch, its formula and its corners.
#include "nn/attention.h"

#include <cmath>

#include "autograd/gradcheck.h"
#include "op_samples.h"
#include "stored_cases.h"
#include "tensor/ops/attention.h"

using namespace reel;
using namespace reel::test;

namespace {

// softmax(q k^T scale) v of [queries, depth], [keys, depth], [keys, width].
Array attended(const Arrays& a, bool causal) {
  Array y({a[0].dims[0], a[2].dims[1]});
  for (int64_t i = 0; i < a[0].dims[0]; ++i) {
    std::vector<double> p;
    double total = 0;
    int64_t seen = causal ? std::min(i + 1, a[1].dims[0]) : a[1].dims[0];
    for (int64_t j = 0; j < seen; ++j) {
      double s = 0;
      for (int64_t d = 0; d < a[0].dims[1]; ++d) s += a[0]({i, d}) * a[1]({j, d});
      p.push_back(std::exp(s / std::sqrt(double(a[0].dims[1]))));
      total += p.back();
    }
    for (int64_t j = 0; j < seen; ++j)
      for (int64_t d = 0; d < a[2].dims[1]; ++d) y({i, d}) += p[size_t(j)] / total * a[2]({j, d});
  }
  return y;
}
const AddRows here({
    {.name = "scaled_dot_product_attention", .shapes = {{3, 4}, {5, 4}, {5, 2}},
     .call = [](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2]); },
     .formula = [](const Arrays& a) { return attended(a, false); }, .answers = float_of, .atol = 32},
    {.name = "causal attention", .shapes = {{4, 3}, {4, 3}, {4, 3}},
     .call = [](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.causal = true}); },
     .formula = [](const Arrays& a) { return attended(a, true); }, .answers = float_of, .atol = 32},
    {.name = "dot_product_attention", .shapes = {{1, 3, 1, 4}, {1, 5, 1, 4}, {1, 5, 1, 2}},
     .call = [](const Tensors& x) { return dot_product_attention(x[0], x[1], x[2]); },
     .formula = [](Arrays a) {
       for (Array& x : a) x.dims = {x.dims[1], x.dims[3]};
       Array y = attended(a, false);
       y.dims = {1, 3, 1, 2};
       return y;
     }, .answers = float_of, .atol = 32},
});

}  // namespace

TEST_CASE("attention agrees with PyTorch, values and gradients") {
  StoredCases s("attention");
  s.check("plain", [](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2]); });
  s.check("causal", [](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.causal = true}); });
  s.check("long", [](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.causal = true}); });
  s.check("mask", [](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.mask = x[3], .scale = 0.3}); });
  s.check("added", [](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.mask = x[3]}); });
  auto keras = [](const Tensor& x) { return transpose(x, {0, 2, 1, 3}); };
  s.check("plain", [&](const Tensors& x) { return keras(dot_product_attention(keras(x[0]), keras(x[1]), keras(x[2]))); });
}

TEST_CASE("gradients of attention, twice, with masks and several heads") {
  Tensor q = samples({2, 3, 2, 2}, float64, -1, 1, 1), k = samples({2, 4, 2, 2}, float64, -1, 1, 2), v = samples({2, 4, 2, 3}, float64, -1, 1, 3);
  Tensor mask = tensor({{true, false, true, true}, {false, false, false, false}, {true, true, true, false}});
  for (const AttentionOptions& o : {AttentionOptions{}, AttentionOptions{.mask = mask}, AttentionOptions{.mask = mask, .causal = true}})
    CHECK(gradcheck([&](const Tensors& x) { return square(dot_product_attention(x[0], x[1], x[2], o)); }, {q, k, v}, {.rtol = 1e-5, .atol = 1e-7, .second_order = true}) == "");
}

TEST_CASE("a query that may attend to nothing gives zeros with zero gradients") {
  Tensor q = variable(ones({2, 3})), k = variable(ones({2, 3})), v = variable(ones({2, 3}));
  Tensor y = scaled_dot_product_attention(q, k, v, {.mask = tensor({{false, false}, {true, false}})});
  CHECK(y.at<float>(0, 1) == 0);
  CHECK(y.at<float>(1, 1) == 1);
  backward(sum(y));
  CHECK(max(isnan(gradient(q))).item() == 0);
  CHECK(max(abs(gradient(q)[0])).item() == 0);
  CHECK(scaled_dot_product_attention(ones({0, 3}), ones({2, 3}), ones({2, 3})).shape() == Shape{0, 3});
  CHECK(max(abs(scaled_dot_product_attention(ones({2, 3}), empty({0, 3}), empty({0, 4})))).item() == 0);
}

TEST_CASE("what cannot attend says why") {
  Tensor x = ones({2, 3, 4});
  CHECK_THROWS_WITH_AS(scaled_dot_product_attention(x, ones({2, 3, 5}), x), doctest::Contains("queries have depth 4, keys 5"), ShapeError);
  CHECK_THROWS_WITH_AS(scaled_dot_product_attention(x, ones({2, 5, 4}), x), doctest::Contains("at attention_test.cc:"), ShapeError);
  CHECK_THROWS_WITH_AS(scaled_dot_product_attention(x, x, x, {.mask = ones({2, 2}, boolean)}), doctest::Contains("the mask [2, 2] does not broadcast to [2, 3, 3]"), ShapeError);
  CHECK_THROWS_AS(scaled_dot_product_attention(x, x, x, {.mask = ones({3, 3}, int64)}), DTypeError);
  CHECK_THROWS_AS(scaled_dot_product_attention(x, x, x, {.dropout = 1.5}), Error);
  CHECK_THROWS_AS(dot_product_attention(x, x, x), ShapeError);
}

TEST_CASE("dropout of attention keeps the mean and is drawn again for the gradient") {
  Tensor q = zeros({1, 1, 2}), k = zeros({1, 2000, 2}), v = variable(ones({1, 2000, 1}));
  Tensor y = scaled_dot_product_attention(q, k, v, {.dropout = 0.5});
  CHECK(y.item() == doctest::Approx(1).epsilon(0.15));
  backward(sum(y));
  Tensor g = gradient(v);
  CHECK(sum(g).item() == doctest::Approx(y.item()).epsilon(1e-5));
}

TEST_CASE("MultiHeadAttention is its formula, with Keras's weights") {
  nn::MultiHeadAttention layer(2, 3, {.value_dim = 4, .output_dim = 5});
  Tensor x = samples({2, 6, 7}, float32, -1, 1, 4), y = samples({2, 3, 7}, float32, -1, 1, 5);
  CHECK(layer(x, y).shape() == Shape{2, 6, 5});
  auto w = nn::weights(layer);
  REQUIRE(w.size() == 8);
  CHECK(w[0].second.name == "query/kernel");
  CHECK(w[4].second.value.shape() == Shape{7, 2, 4});
  CHECK(w[6].second.value.shape() == Shape{2, 4, 5});
  {
    NoGrad no_grad;
    for (size_t i = 0; i < 8; ++i) assign(w[i].second.value, samples(w[i].second.value.shape(), float32, -1, 1, 10 + i));
  }
  Tensor total = broadcast_to(w[7].second.value, {2, 6, 5});
  for (int64_t h = 0; h < 2; ++h) {
    auto part = [&](size_t i, const Tensor& t) { return matmul(t, w[i].second.value[{slice(), h}]) + w[i + 1].second.value[h]; };
    Tensor p = softmax(matmul(part(0, x), swapaxes(part(2, y), 1, 2)) / std::sqrt(3.));
    total = total + matmul(matmul(p, part(4, y)), w[6].second.value[h]);
  }
  CHECK(StoredCases::distance(layer(x, y), total) < 1e-5);
  CHECK(StoredCases::distance(layer(Tensors{x, y}), total) < 1e-5);
  // A causal first query sees one key, which a mask can say, too.
  Tensor first = layer(x, x, {.use_causal_mask = true}), mask = expand_dims(arange(6), 1) >= arange(6);
  CHECK(StoredCases::distance(first, layer(x, x, {.attention_mask = mask})) < 1e-6);
  CHECK_THROWS_WITH_AS(layer(ones({2, 7}), y), doctest::Contains("MultiHeadAttention: needs sequences"), ShapeError);
  CHECK_THROWS_AS(layer(Tensors{x}), Error);
  auto in = nn::Input({6, 7});
  nn::Model model(in, nn::MultiHeadAttention(2, 3)(Tensors{in, in}));
  CHECK(model(x).shape() == Shape{2, 6, 7});
}
