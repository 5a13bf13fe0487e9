// Layers, losses, metrics, optimizers and whole training steps against stored numbers of Keras and NumPy (tests/data/nn/make.py).
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "reel.h"

using namespace reel;

namespace {

std::map<std::string, Tensor> load(const char* name) {
  std::map<std::string, Tensor> m;
  for (auto& [path, x] : load_npz(std::string(REEL_TEST_DATA) + "/nn/" + name)) m[path] = x;
  return m;
}
const std::map<std::string, Tensor>& reference() {
  static const std::map<std::string, Tensor> m = load("reference.npz");
  return m;
}
Tensor stored(const std::string& name) { return reference().at(name); }

// The largest difference, relative where the numbers are large.
double distance(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  Tensor x = cast(a, float64), y = cast(b, float64);
  return max(abs(x - y) / (1 + abs(y))).item();
}
constexpr double kRounding = 2e-6;  // some tens of float32's

template <class L> void set_weights(const L& layer, const std::string& name) {
  NoGrad no_grad;
  for (auto& [path, w] : nn::weights(layer)) assign(w.value, stored(name + "/" + w.name));
}
template <class L> void check_layer(const L& layer, const std::string& name) {
  CAPTURE(name);
  Tensor x = stored(name + "/x");
  layer(x);
  set_weights(layer, name);
  CHECK(distance(layer(x), stored(name + "/y")) < kRounding);
}

}  // namespace

TEST_CASE("Dense with each activation agrees with Keras") {
  for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "softmax", "gelu", "silu", "elu", "selu", "softplus", "softsign", "hard_sigmoid",
                                 "leaky_relu", "relu6", "log_softmax", "exponential"})
    check_layer(nn::Dense(4, {.activation = activation}), std::string("dense_") + activation);
  check_layer(nn::Dense(4, {.use_bias = false}), "dense_rank3");
}

TEST_CASE("Conv2D and the poolings agree with Keras: strides, padding, dilation, groups") {
  check_layer(nn::Conv2D(4, 3), "conv_0");
  check_layer(nn::Conv2D(4, 3, {.padding = "same"}), "conv_1");
  check_layer(nn::Conv2D(4, 3, {.strides = 2, .padding = "same"}), "conv_2");
  check_layer(nn::Conv2D(4, {2, 4}, {.strides = {2, 3}, .padding = "same"}), "conv_3");
  check_layer(nn::Conv2D(4, 3, {.strides = 2}), "conv_4");
  check_layer(nn::Conv2D(4, 3, {.padding = "same", .dilation_rate = 2}), "conv_5");
  check_layer(nn::Conv2D(4, {3, 2}, {.dilation_rate = {2, 3}}), "conv_6");
  check_layer(nn::Conv2D(4, 3, {.padding = "same", .groups = 2}), "conv_7");
  const std::pair<HeightWidth, nn::PoolingOptions> pools[] = {
      {2, {}}, {2, {.padding = "same"}}, {3, {.strides = 2, .padding = "same"}}, {{3, 2}, {.strides = {1, 2}}}, {3, {.strides = 1, .padding = "same"}}};
  int i = 0;
  for (auto& [size, options] : pools) {
    check_layer(nn::MaxPooling2D(size, options), "max_" + std::to_string(i));
    check_layer(nn::AveragePooling2D(size, options), "average_" + std::to_string(i++));
  }
}

TEST_CASE("losses agree with Keras: logits, clipped probabilities, smoothing, sample weights") {
  auto check = [](const char* name, const nn::Loss& loss, const char* y_true, const char* y_pred) {
    CAPTURE(name);
    Tensor t = stored(y_true), p = stored(y_pred), expected = stored(std::string("loss_") + name);
    CHECK(distance(loss(t, p), expected[0]) < kRounding);
    CHECK(distance(loss(t, p, stored("weight")), expected[1]) < kRounding);
  };
  check("sparse", "sparse_categorical_crossentropy", "labels", "probabilities");
  check("sparse_logits", nn::SparseCategoricalCrossentropy({.from_logits = true}), "labels", "logits");
  check("categorical", "categorical_crossentropy", "onehot", "probabilities");
  check("categorical_smooth", nn::CategoricalCrossentropy({.label_smoothing = 0.1}), "onehot", "probabilities");
  check("categorical_logits", nn::CategoricalCrossentropy({.from_logits = true}), "soft", "logits");
  check("categorical_logits_smooth", nn::CategoricalCrossentropy({.from_logits = true, .label_smoothing = 0.2}), "onehot", "logits");
  check("binary", "binary_crossentropy", "bits", "chances");
  check("binary_smooth", nn::BinaryCrossentropy({.label_smoothing = 0.1}), "bits", "chances");
  check("binary_logits", nn::BinaryCrossentropy({.from_logits = true}), "bits", "logits");
  check("binary_logits_smooth", nn::BinaryCrossentropy({.from_logits = true, .label_smoothing = 0.1}), "bits", "logits");
  check("binary_focal", "binary_focal_crossentropy", "bits", "chances");
  check("binary_focal_balanced", nn::BinaryFocalCrossentropy({.apply_class_balancing = true, .alpha = 0.4, .gamma = 1.5, .label_smoothing = 0.1}), "bits", "chances");
  check("binary_focal_logits", nn::BinaryFocalCrossentropy({.gamma = 3, .from_logits = true}), "bits", "logits");
  check("categorical_focal", "categorical_focal_crossentropy", "onehot", "probabilities");
  check("categorical_focal_smooth", nn::CategoricalFocalCrossentropy({.alpha = 0.6, .gamma = 1.5, .label_smoothing = 0.1}), "onehot", "probabilities");
  check("categorical_focal_logits", nn::CategoricalFocalCrossentropy({.gamma = 3, .from_logits = true}), "soft", "logits");
  check("dice", "dice", "bits", "chances");
  check("dice_rows", nn::Dice({.axis = {1}}), "bits", "chances");
  check("tversky", "tversky", "bits", "chances");
  check("tversky_rows", nn::Tversky({.alpha = 0.3, .beta = 0.8, .axis = -1}), "bits", "chances");
  check("squared", "mse", "soft", "logits");
  check("absolute", "mae", "soft", "logits");
}

TEST_CASE("accuracies agree with Keras, chosen by the shapes, of integer and float labels") {
  auto result = [](nn::Metric m, const Tensor& t, const Tensor& p) {
    m.update(t, p);
    return m.result();
  };
  Tensor expected = stored("accuracies"), labels = stored("labels"), p = stored("probabilities");
  for (const char* name : {"accuracy", "acc", "sparse_categorical_accuracy"}) {
    CHECK(result(name, labels, p) == doctest::Approx(expected.at(0)));
    CHECK(result(name, expand_dims(labels, 1), p) == doctest::Approx(expected.at(0)));
    CHECK(result(name, cast(labels, float32), p) == doctest::Approx(expected.at(0)));
  }
  for (const char* name : {"accuracy", "categorical_accuracy"}) CHECK(result(name, stored("soft"), stored("logits")) == doctest::Approx(expected.at(1)));
  CHECK(result("binary_accuracy", stored("bits"), stored("chances")) == doctest::Approx(expected.at(2)));
  Tensor bits = reshape(stored("bits"), {-1}), chances = reshape(stored("chances"), {-1, 1});
  CHECK(result("accuracy", bits, chances) == doctest::Approx(expected.at(2)));
  CHECK(result("accuracy", cast(bits, int32), chances) == doctest::Approx(expected.at(2)));
}

TEST_CASE("each step of each optimizer agrees with Keras") {
  auto check = [](const char* name, nn::Optimizer optimizer) {
    std::string path = std::string("optimizer_") + name;
    Tensor v = variable(stored(path + "/start")), steps = stored(path + "/steps"), gradients = stored(path + "/gradients");
    for (int64_t i = 0; i < steps.dim(0); ++i) {
      CAPTURE(name);
      CAPTURE(i);
      set_gradient(v, gradients[i]);
      optimizer.step({v});
      CHECK(distance(v, steps[i]) < kRounding);
    }
  };
  check("sgd", nn::SGD({.learning_rate = 0.1}));
  check("momentum", nn::SGD({.learning_rate = 0.1, .momentum = 0.9}));
  check("nesterov", nn::SGD({.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}));
  check("adam", nn::Adam({.learning_rate = 0.01}));
  check("adam_betas", nn::Adam({.learning_rate = 0.02, .beta_1 = 0.8, .beta_2 = 0.95, .epsilon = 1e-3}));
  check("adamw", nn::Adam({.learning_rate = 0.01, .weight_decay = 0.004}));
  check("adagrad", nn::Adagrad({.learning_rate = 0.1}));
  check("rmsprop", nn::RMSprop({.learning_rate = 0.01}));
  check("rmsprop_momentum", nn::RMSprop({.learning_rate = 0.01, .rho = 0.8, .momentum = 0.9}));
}

TEST_CASE("ten training steps of a small LeNet agree with float64") {
  auto data = load("lenet.npz");
  nn::Sequential model{nn::Conv2D(4, 3, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Conv2D(6, 3, {.activation = "tanh"}), nn::MaxPooling2D(2),
                       nn::Flatten(), nn::Dense(12, {.activation = "relu"}), nn::Dense(5)};
  model(data["x"][0]);
  {
    NoGrad no_grad;
    for (auto& [path, w] : model.weights()) assign(w.value, data.at("start/" + path));
  }
  model.compile({.optimizer = nn::SGD({.learning_rate = 0.1, .momentum = 0.9}), .loss = nn::SparseCategoricalCrossentropy({.from_logits = true})});
  for (int64_t step = 0; step < 10; ++step) {
    CAPTURE(step);
    CHECK(model.train_on_batch(data["x"][step], data["y"][step])["loss"] == doctest::Approx(data["losses"].at<double>(step)).epsilon(1e-5));
  }
  // Ten steps of momentum multiply a rounding of 6e-8 by some hundred.
  for (auto& [path, w] : model.weights()) {
    CAPTURE(path);
    CHECK(distance(w.value, data.at("end/" + path)) < 2e-5);
  }
}

TEST_CASE("initializers have Keras's limits and spreads") {
  set_random_seed(11);
  // Fans of a 3 by 3 kernel: 9 * 40 in, 9 * 60 out. A quarter of a million numbers: their variance is known to half a percent.
  const Shape shape{3, 3, 170, 170};
  const double fan = 9 * 170;
  struct Case { const char* name; double variance, limit; };
  const double u = 0.87962566103423978;  // the spread left to a normal cut at two deviations
  for (Case c : {Case{"glorot_uniform", 1 / fan, std::sqrt(3 / fan)}, Case{"he_uniform", 2 / fan, std::sqrt(6 / fan)}, Case{"lecun_uniform", 1 / fan, std::sqrt(3 / fan)},
                 Case{"glorot_normal", 1 / fan, 2 / u * std::sqrt(1 / fan)}, Case{"he_normal", 2 / fan, 2 / u * std::sqrt(2 / fan)},
                 Case{"lecun_normal", 1 / fan, 2 / u * std::sqrt(1 / fan)}, Case{"uniform", 0.0025 / 3, 0.05}, Case{"random_uniform", 0.0025 / 3, 0.05},
                 Case{"truncated_normal", 0.0025 * u * u, 0.1}, Case{"normal", 0.0025, 0.05 * 6}, Case{"random_normal", 0.0025, 0.05 * 6}}) {
    CAPTURE(c.name);
    Tensor w = cast(nn::Initializer(c.name)(shape), float64);
    CHECK(std::fabs(mean(w).item()) < 5 * std::sqrt(c.variance / double(w.size())));
    CHECK(mean(w * w).item() == doctest::Approx(c.variance).epsilon(0.02));
    double largest = max(abs(w)).item();
    CHECK(largest <= c.limit * (1 + 1e-6));
    if (std::string(c.name).find("normal") == std::string::npos || std::string(c.name).find("runcated") != std::string::npos) CHECK(largest > 0.99 * c.limit);
  }
  // Different fans, in both orders, and the plain ones.
  CHECK(max(abs(nn::Initializer("glorot_uniform")({100, 300}))).item() == doctest::Approx(std::sqrt(6. / 400)).epsilon(0.01));
  CHECK(max(abs(nn::Initializer("he_uniform")({100, 300}))).item() == doctest::Approx(std::sqrt(6. / 100)).epsilon(0.01));
  CHECK(to_string(nn::Initializer("zeros")({2})) == "[0. 0.]");
  CHECK(to_string(nn::Initializer("ones")({2})) == "[1. 1.]");
  CHECK(to_string(nn::Initializer(0.5)({2})) == "[0.5 0.5]");
  CHECK(to_string(nn::Initializer(0)({2})) == "[0. 0.]");
  CHECK(to_string(nn::Initializer([](const Shape& s) { return full(s, 3); })({2})) == "[3. 3.]");
}
