// Dtype policies and scaled losses: models that train in 16 bits.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "autograd/variable.h"
#include "reel.h"
#include "tensor/deferred.h"
#include "tests/files.h"

using namespace reel;

namespace {

bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && a.dtype() == b.dtype() && all(a == b).item<bool>(); }
constexpr float kInf = std::numeric_limits<float>::infinity();

nn::Sequential classifier() {
  return nn::Sequential{nn::Conv2D(8, 3, {.strides = 2, .activation = "relu"}), nn::BatchNormalization(), nn::Flatten(),
                        nn::Dense(32, {.activation = "relu"}), nn::Dropout(0.1), nn::Dense(10, {.activation = "softmax"})};
}

// All that a step may change: the variables and the optimizer's averages.
Tensors copies(nn::Optimizer& optimizer, const Tensors& variables) {
  Tensors all;
  for (const Tensor& v : variables) all.push_back(clone(detach(v)));
  for (const Tensor& s : optimizer.state(variables)) all.push_back(clone(s));
  return all;
}
bool equal(const Tensors& a, const Tensors& b) {
  bool yes = a.size() == b.size();
  for (size_t i = 0; yes && i < a.size(); ++i) yes = same(a[i], b[i]);
  return yes;
}

}  // namespace

TEST_CASE("3.4.80 keras-1.11: a model made under a mixed policy computes in 16 bits and learns as in float32") {
  auto [train, test] = datasets::synthetic_digits(1500, 300, 3);
  double exact = 0;
  for (const char* policy : {"float32", "mixed_bfloat16", "mixed_float16"}) {
    set_random_seed(5);
    nn::DtypePolicyScope scope(policy);
    DType low = nn::policy_dtype();
    nn::Sequential model = classifier();
    nn::set_dtype_policy("float32");  // the layers know theirs
    model.compile({.optimizer = nn::Adam({.learning_rate = 3e-3}), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    CHECK(model.optimizer().scales_losses() == (low == float16));
    nn::History h = model.fit(train.x, train.y, {.batch_size = 25, .epochs = 6, .verbose = 0});
    for (auto& [path, w] : model.weights()) CHECK_MESSAGE(w.value.dtype() == float32, path);
    double reached = model.evaluate(test.x, test.y, {.verbose = 0})["accuracy"];
    if (low == float32) exact = reached;
    INFO(policy, " ", reached);
    CHECK(reached > 0.9);
    CHECK(std::fabs(reached - exact) < 0.05);  // of 300 samples: 15 that other roundings decide
    CHECK(model.layers()[0](test.x).dtype() == low);
    Tensor y = model.predict(slice_axis(test.x, 0, 0, 4));
    CHECK(y.dtype() == float32);  // softmax is computed in float32
    CHECK(autocast_dtype() == float32);
  }
}

TEST_CASE("keras-1.11: policies by name, one of each thread, and a layer's own") {
  CHECK(std::string(nn::dtype_policy()) == "float32");
  CHECK_THROWS_WITH_AS(nn::set_dtype_policy("mixed_int8"), doctest::Contains("mixed_bfloat16"), Error);
  nn::Dense plain(3);
  nn::set_dtype_policy("mixed_bfloat16");
  nn::Dense low(3);
  nn::LSTM recurrent(4);
  nn::MultiHeadAttention attention(2, 4);
  nn::set_dtype_policy("float32");
  Tensor x = uniform({2, 5, 3});
  CHECK(plain(x).dtype() == float32);
  CHECK(low(x).dtype() == bfloat16);
  CHECK(recurrent(x).dtype() == bfloat16);
  CHECK(recurrent.with_state(x)[1].dtype() == bfloat16);
  CHECK(attention(x, x).dtype() == bfloat16);
  // A layer of the policy float32 among others computes in float32, as Keras advises for the last one.
  CHECK(nn::Sequential{low, plain}(x).dtype() == float32);
  // One without a policy of its own does as its caller says.
  Autocast scope(float16);
  CHECK(plain(x).dtype() == float16);
  CHECK(low(x).dtype() == bfloat16);
  // Initial weights are made in float32, whatever the scope.
  nn::Dense orthogonal(8, {.kernel_initializer = "orthogonal"});
  orthogonal(uniform({2, 8}));
  Tensor k = orthogonal.record()->weights[0].value;
  Autocast off(float32);
  CHECK(float(max(abs(matmul(k, transpose(k)) - eye(8))).item()) < 1e-5f);
}

TEST_CASE("keras-1.11: policies in files") {
  TemporaryFolder folder;
  nn::set_dtype_policy("mixed_float16");
  Tensor in = nn::Input({6});
  nn::Dense hidden(5);
  nn::set_dtype_policy("float32");
  nn::Dense last(2, {.activation = "softmax"});
  nn::set_dtype_policy("mixed_float16");
  nn::Model functional(in, last(hidden(in)));
  nn::Sequential sequential{nn::Dense(4), nn::Dense(2)};
  nn::set_dtype_policy("float32");
  Tensor x = uniform({3, 6});
  sequential(x);
  int i = 0;
  for (nn::Model model : {functional, nn::Model(sequential)}) {
    model.compile({.optimizer = "adam", .loss = "mse"});
    std::string path = folder / ("m" + std::to_string(i++) + ".keras");
    model.save(path);
    nn::Model again = nn::load_model(path);
    CHECK(std::string(nn::dtype_policy()) == "float32");
    CHECK(same(again(x), model(x)));
    CHECK(again.layers()[0](x).dtype() == float16);
    CHECK(again.optimizer().scales_losses());
    CHECK(again.optimizer().name() == "adam");
    for (auto& [name, w] : again.weights()) CHECK(w.value.dtype() == float32);
  }
}

TEST_CASE("3.4.81 loss scaling: a step that is not finite changes nothing but the scale") {
  for (const char* name : {"sgd", "adam", "rmsprop", "adagrad"}) {
    set_random_seed(2);
    Tensor w = variable(uniform({300, 70})), b = variable(uniform({70})), x = uniform({4, 300});
    Tensors variables{w, b};
    nn::LossScaleOptimizer optimizer(name, {.initial_scale = 1024, .dynamic_growth_steps = 3});
    nn::Optimizer plain(name);
    auto loss = [&](const Tensor& v, const Tensor& c, float factor) { return sum(factor * square(matmul(x, v) + c)); };
    CHECK(optimizer.loss_scale() == 1024);
    CHECK(optimizer.scale_loss(full({}, 2.f)).item() == 2048);

    // The scale is a power of two: steps are those of the plain optimizer to the bit.
    Tensor w2 = variable(clone(detach(w))), b2 = variable(clone(detach(b)));
    backward(optimizer.scale_loss(loss(w, b, 1)));
    optimizer.step(variables);
    backward(loss(w2, b2, 1));
    plain.step({w2, b2});
    CHECK(same(detach(w), detach(w2)));
    CHECK(same(detach(b), detach(b2)));

    Tensors before = copies(optimizer, variables);
    int64_t iterations = optimizer.iterations();
    int skipped = 0;
    for (float bad : {kInf, -kInf, std::nanf("")}) {
      for (size_t i = 0; i < 2; ++i) {  // in one place of one gradient
        backward(optimizer.scale_loss(loss(w, b, 1)));
        Tensor g = clone(gradient(variables[i]));
        g.raw<float>()[g.size() - 1] = bad;
        set_gradient(variables[i], g);
        optimizer.step(variables);
        ++skipped;
        CHECK(equal(copies(optimizer, variables), before));
        CHECK(optimizer.iterations() == iterations);
        CHECK(optimizer.skipped_steps() == skipped);
        CHECK(optimizer.loss_scale() == std::ldexp(1024., -skipped));
        CHECK(!gradient(w));  // consumed: the next backward starts anew
      }
    }
    // Good steps in a row double it; a bad one between starts the count again.
    double scale = optimizer.loss_scale();
    auto good = [&] {
      backward(optimizer.scale_loss(loss(w, b, 1e-3f)));
      optimizer.step(variables);
    };
    good(), good();
    CHECK(optimizer.loss_scale() == scale);
    backward(optimizer.scale_loss(loss(w, b, kInf)));
    optimizer.step(variables);
    good(), good();
    CHECK(optimizer.loss_scale() == scale / 2);
    good();
    CHECK(optimizer.loss_scale() == scale);
    CHECK(!equal(copies(optimizer, variables), before));
    CHECK_THROWS_WITH_AS(optimizer.step(variables), doctest::Contains("none of the 2 variables has a gradient"), TapeError);
    CHECK(optimizer.skipped_steps() == skipped + 1);
  }
  CHECK_THROWS_WITH_AS(nn::LossScaleOptimizer("adam", {.initial_scale = 0}), doctest::Contains("initial_scale must be positive"), Error);
  CHECK_THROWS_WITH_AS(nn::LossScaleOptimizer("adam", {.dynamic_growth_steps = 0}), doctest::Contains("dynamic_growth_steps must be at least 1"), Error);
}

TEST_CASE("3.4.81 loss scaling: gradients that wait are looked through and scaled as they are") {
  for (const char* name : {"sgd", "adam"}) {
    set_random_seed(4);
    Tensor start = uniform({1000, 40}), ids = randint({32}, 0, 1000);
    nn::LossScaleOptimizer optimizer(name, {.initial_scale = 256});
    nn::Optimizer plain(name);
    Tensor a = variable(clone(start)), b = variable(clone(start));
    for (int i = 0; i < 3; ++i) {
      backward(optimizer.scale_loss(sum(square(embedding(a, ids)))));
      CHECK(gradient_as_left(a).deferred);
      optimizer.step({a});
      backward(sum(square(embedding(b, ids))));
      plain.step({b});
      CHECK(same(detach(a), detach(b)));
    }
    Tensors before = copies(optimizer, {a});
    backward(optimizer.scale_loss(kInf * sum(square(embedding(a, ids)))));
    CHECK(gradient_as_left(a).deferred);
    optimizer.step({a});
    CHECK(equal(copies(optimizer, {a}), before));
    CHECK(optimizer.skipped_steps() == 1);
  }
}

TEST_CASE("3.4.81 loss scaling: small gradients survive float16, and fit passes over an overflow") {
  // Between the two products stands a gradient of 2^-26, less than half of float16's smallest number.
  const float small = std::ldexp(1.f, -13);
  Tensor w = variable(ones({1, 1})), one = ones({1, 1}), tiny = full({1, 1}, small);
  auto step = [&](nn::Optimizer optimizer) {
    clear_gradient(w);
    Autocast scope(float16);
    backward(optimizer.scale_loss(sum(small * cast(matmul(matmul(one, w), tiny), float32))));
    return float(gradient(w).item());
  };
  CHECK(step("sgd") == 0);
  CHECK(step(nn::LossScaleOptimizer("sgd")) == std::ldexp(1.f, 15 - 26));

  // 70000 is no number of float16.
  nn::DtypePolicyScope scope("mixed_float16");
  nn::Sequential model{nn::Dense(4), nn::Dense(1)};
  Tensor in = uniform({8, 3}), bad = clone(in);
  bad.raw<float>()[5] = 70000;
  model(in);
  model.compile({.optimizer = "sgd", .loss = "mse"});
  Tensors before;
  for (auto& [path, v] : model.weights()) before.push_back(clone(detach(v.value)));
  CHECK_NOTHROW(model.fit(bad, ones({8, 1}), {.batch_size = 8, .epochs = 2, .verbose = 0}));
  CHECK(model.optimizer().skipped_steps() == 2);
  CHECK(model.optimizer().loss_scale() == 8192);
  size_t i = 0;
  for (auto& [path, v] : model.weights()) CHECK(same(detach(v.value), before[i++]));
  model.fit(in, ones({8, 1}), {.batch_size = 8, .verbose = 0});
  CHECK(model.optimizer().iterations() == 1);
  CHECK(!same(detach(model.weights()[0].second.value), before[0]));
}
