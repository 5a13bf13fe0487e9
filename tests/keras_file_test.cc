// .keras files: those of Keras 3 (tests/data/keras/make.py), our own there and back, damaged and foreign ones.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "io/hdf5.h"
#include "io/zip.h"
#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {

std::string keras_sample(const std::string& name) { return std::string(REEL_TEST_DATA) + "/keras/" + name; }
std::map<std::string, Tensor> values_of(const std::string& path) {
  std::map<std::string, Tensor> m;
  for (auto& [name, x] : load_npz(path)) m[name] = x;
  return m;
}
Tensors inputs_of(const std::map<std::string, Tensor>& values) {
  Tensors x;
  while (values.count("x" + std::to_string(x.size()))) x.push_back(values.at("x" + std::to_string(x.size())));
  return x;
}
double distance(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  Tensor x = cast(a, float64), y = cast(b, float64);
  return max(abs(x - y) / (1 + abs(y))).item();
}
std::string message(const auto& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}
// One training step on these inputs; the loss before it.
double step(nn::Model& model, const Tensors& x, const Tensor& labels, const nn::Loss& loss) {
  Training on;
  Tensor value = loss(labels, model(x));
  backward(value);
  model.optimizer().step(model.trainable_variables());
  return value.item();
}
std::string content(const std::string& path, const std::string& name) {
  ZipReader zip(path);
  for (const auto& e : zip.entries())
    if (e.name == name) {
      ZipSource source(zip, e);
      std::string s(size_t(e.bytes), '\0');
      source.read(s.data(), e.bytes);
      source.finish();
      return s;
    }
  return "";
}
// A .keras file with another config.json.
std::string with_config(const TemporaryFolder& folder, const std::string& from, const std::string& config) {
  std::string path = folder / "changed.keras";
  ZipWriter zip(path);
  zip.add("config.json", config);
  zip.add("model.weights.h5", content(from, "model.weights.h5"));
  zip.commit();
  return path;
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const nn::Loss& loss_of(const std::string& name) {
  static const std::map<std::string, nn::Loss> losses{{"cnn", nn::SparseCategoricalCrossentropy({.from_logits = true})},
                                                      {"functional", nn::CategoricalCrossentropy()},
                                                      {"words", nn::BinaryCrossentropy()}};
  return losses.at(name);
}
constexpr double kRounding = 2e-6;      // of one forward pass in float32
constexpr double kAfterStep = 1e-5;     // and of a training step, which divides by small square roots

nn::Sequential small_cnn() {
  return nn::Sequential{nn::Conv2D(4, 3, {.padding = "same", .activation = "relu"}), nn::MaxPooling2D(2), nn::Conv2D(3, {2, 3}, {.strides = 2, .use_bias = false}),
                        nn::AveragePooling2D({2, 1}), nn::Flatten(), nn::Dropout(0.25), nn::Activation("tanh"), nn::Dense(3, {.kernel_initializer = "he_normal"})};
}
nn::Model two_towers() {
  Tensor a = nn::Input({4}), b = nn::Input({3});
  nn::Dense shared(6, {.activation = "tanh", .name = "shared"});
  Tensor first = shared(a), second = shared(nn::Dense(4)(b));
  nn::Sequential block({nn::Dense(7, {.activation = "elu"}), nn::Dense(6)}, {.name = "block"});
  Tensor joined = nn::concatenate({first, second, b});
  return nn::Model({a, b}, {nn::Dense(2, {.activation = "softmax"})(nn::concatenate({block(joined), shared(a)}))}, {.name = "two_towers"});
}

struct Own {
  nn::Dense first{2}, second{3};
  Tensor operator()(const Tensor& x) const { return second(first(x)); }
};

}  // namespace

TEST_CASE("keras: files of Keras 3 predict what Keras predicts and continue its training") {
  for (const char* name : {"cnn", "functional", "words", "many"}) {
    CAPTURE(name);
    auto values = values_of(keras_sample(std::string(name) + ".npz"));
    nn::Model model = nn::load_model(keras_sample(std::string(name) + ".keras"));
    Tensors x = inputs_of(values);
    CHECK(distance(model(x), values["y"]) < kRounding);
    if (!values.count("labels")) continue;
    CHECK(model.optimizer().iterations() == 3);
    CHECK(step(model, x, values["labels"], loss_of(name)) == doctest::Approx(values["loss"].item()).epsilon(1e-5));
    CHECK(distance(model(x), values["next"]) < kAfterStep);
    CHECK(model.optimizer().iterations() == 4);
  }
}

TEST_CASE("keras: what compile was given is read") {
  nn::Model cnn = nn::load_model(keras_sample("cnn.keras"));
  auto values = values_of(keras_sample("cnn.npz"));
  nn::Logs logs = cnn.evaluate(values["x0"], values["labels"], {.verbose = 0});
  CHECK(logs["loss"] == doctest::Approx(values["loss"].item()).epsilon(1e-5));
  CHECK(logs.find("accuracy") != nullptr);
  CHECK(cnn.optimizer().name() == "adam");
  CHECK(cnn.optimizer().learning_rate() == doctest::Approx(0.01));
  nn::Model bare = nn::load_model(keras_sample("cnn.keras"), {.compile = false});
  CHECK_THROWS_AS(bare.optimizer(), Error);
  CHECK(nn::load_model(keras_sample("functional.keras")).optimizer().name() == "rmsprop");
  // The frozen layer stays frozen.
  nn::Model words = nn::load_model(keras_sample("words.keras"));
  CHECK(words.trainable_variables().size() == 2);
  CHECK(words.weights().size() == 3);
}

TEST_CASE("keras: a model comes back as it was saved, and is trained on as if nothing had happened") {
  TemporaryFolder folder;
  set_random_seed(3);
  struct Case {
    std::string name;
    nn::Model model;
    Tensors x;
    Tensor labels;
    nn::Loss loss;
    nn::Optimizer optimizer;
  };
  Tensor classes = tensor({int64_t(0), int64_t(2), int64_t(1), int64_t(1)}), pairs = tensor({{0., 1.}, {1., 0.}, {1., 0.}, {0., 1.}});
  Tensors towers{normal({4, 4}, 0, 1), normal({4, 3}, 0, 1)};
  Tensor images = normal({4, 8, 9, 2}, 0, 1);
  std::vector<Case> cases{{"adam", small_cnn(), {images}, classes, nn::SparseCategoricalCrossentropy({.from_logits = true}), nn::Adam({.learning_rate = 0.003, .weight_decay = 0.01})},
                          {"sgd", small_cnn(), {images}, classes, nn::SparseCategoricalCrossentropy({.from_logits = true}), nn::SGD()},
                          {"momentum", two_towers(), towers, pairs, nn::CategoricalCrossentropy({.label_smoothing = 0.1}), nn::SGD({.learning_rate = 0.1, .momentum = 0.9, .nesterov = true})},
                          {"adagrad", two_towers(), towers, pairs, nn::MeanSquaredError(), nn::Adagrad()},
                          {"rmsprop", two_towers(), towers, pairs, nn::BinaryCrossentropy(), nn::RMSprop({.momentum = 0.5})}};
  for (Case& c : cases) {
    CAPTURE(c.name);
    c.model(c.x);
    c.model.compile({.optimizer = c.optimizer, .loss = c.loss, .metrics = {"accuracy", "mae"}});
    std::string path = folder / c.name + ".keras";
    for (int i = 0; i < 2; ++i) {
      // Before the first step, and after three.
      c.model.save(path);
      nn::Model again = nn::load_model(path);
      CHECK(again.name() == c.model.name());
      CHECK(all(again(c.x) == c.model(c.x)).item<bool>());
      CHECK(again.optimizer().iterations() == 3 * i);
      CHECK(again.optimizer().learning_rate() == c.optimizer.learning_rate());
      auto before = c.model.weights(), after = again.weights();
      REQUIRE(before.size() == after.size());
      for (size_t k = 0; k < before.size(); ++k) CHECK(before[k].first == after[k].first);
      // Dropout draws the same.
      for (int n = 0; n < 3; ++n) {
        set_random_seed(n);
        double expected = step(c.model, c.x, c.labels, c.loss);
        set_random_seed(n);
        CHECK(step(again, c.x, c.labels, c.loss) == expected);
      }
      CHECK(all(again(c.x) == c.model(c.x)).item<bool>());
    }
  }
  CHECK(folder.files() == 5);
}

TEST_CASE("keras: shapes left open, doubles, embeddings, a Sequential in a Sequential") {
  TemporaryFolder folder;
  nn::Sequential inner{nn::Dense(3), nn::Activation("relu")};
  nn::Sequential outer({inner, nn::Dense(2, {.name = "head"})}, {.name = "outer"});
  Tensor x = ones({2, 4});
  outer(x);
  outer.save(folder / "nested.keras");
  nn::Model again = nn::load_model(folder / "nested.keras");
  CHECK(again.record()->type == "Sequential");
  CHECK(all(again(x) == outer(x)).item<bool>());
  CHECK(again.weights()[2].first == "head/kernel");

  nn::Sequential words{nn::Embedding(5, 2), nn::Flatten(), nn::Dense(1)};
  Tensor ids = tensor({{int64_t(1), int64_t(4)}});
  words(ids);
  words.save(folder / "words.keras");
  CHECK(all(nn::load_model(folder / "words.keras")(ids) == words(ids)).item<bool>());

  std::string config = replaced(content(keras_sample("many.keras"), "config.json"), "\"batch_shape\": [null, 3]", "\"batch_shape\": [null, null, 3]");
  nn::Model open = nn::load_model(with_config(folder, keras_sample("many.keras"), config));
  CHECK(open(ones({2, 5, 3})).shape() == Shape{2, 5, 3});
}

TEST_CASE("keras: weights alone, in Keras's layout") {
  TemporaryFolder folder;
  auto values = values_of(keras_sample("cnn.npz"));
  nn::Model cnn = nn::load_model(keras_sample("cnn.keras"));
  {
    NoGrad no_grad;
    for (auto& [path, w] : cnn.weights()) assign(w.value, 0);
  }
  cnn.optimizer().set_iterations(0);
  CHECK(cnn.load_weights(keras_sample("cnn.weights.h5")).complete());
  CHECK(distance(cnn(values["x0"]), values["y"]) < kRounding);
  CHECK(cnn.optimizer().iterations() == 3);
  cnn.save_weights(folder / "mine.weights.h5");
  auto mine = open_hdf5(folder / "mine.weights.h5"), keras = open_hdf5(keras_sample("cnn.weights.h5"));
  for (const char* group : {"layers", "layers/conv2d_1/vars", "layers/flatten/vars", "optimizer/vars"}) CHECK(mine->members(group) == keras->members(group));
  CHECK(all(mine->read("optimizer/vars/6").numbers == keras->read("optimizer/vars/6").numbers).item<bool>());
  CHECK(mine->attribute("layers/dense/vars", "name").text("name") == "dense");

  nn::Sequential other{nn::Dense(2)};
  other(ones({1, 3}));
  CHECK(message([&] { other.load_weights(folder / "mine.weights.h5"); }).find("unexpected in the file: layers/conv2d/vars/0") != std::string::npos);
  CHECK_FALSE(other.load_weights(folder / "mine.weights.h5", false).complete());

  nn::Model own{Own{}}, twin{Own{}};
  own(ones({1, 2}));
  twin(ones({1, 2}));
  own.save_weights(folder / "own.weights.h5");
  CHECK(twin.load_weights(folder / "own.weights.h5").complete());
  CHECK(all(own(ones({1, 2})) == twin(ones({1, 2}))).item<bool>());
  CHECK(open_hdf5(folder / "own.weights.h5")->kind("second/vars/1") == Hdf5Reader::Kind::kDataset);
}

TEST_CASE("keras: what cannot be saved says so and writes nothing") {
  TemporaryFolder folder;
  auto fails = [&](const nn::Model& m, const char* why) {
    std::string text = message([&] { m.save(folder / "m.keras"); });
    CAPTURE(text);
    CHECK(text.find(why) != std::string::npos);
    CHECK(text.find("keras_file_test.cc:") != std::string::npos);
    CHECK(folder.files() == 0);
  };
  Tensor x = ones({2, 4});
  nn::Model own{Own{}};
  own(x);
  fails(own, "is a struct of one's own, and a file cannot hold what it computes: save_weights keeps its weights");
  nn::Sequential with_own{nn::Dense(2), Own{}};
  with_own(x);
  fails(with_own, "Own: it is no layer of the library, and a file cannot hold what it computes: save_weights keeps its weights");
  fails(nn::Sequential{nn::Dense(2)}, "has no weights yet");
  nn::Sequential custom{nn::Dense(2, {.activation = [](const Tensor& t) { return t * 2.; }, .name = "odd"})};
  custom(x);
  fails(custom, "Dense \"odd\": a function of one's own");
  nn::Sequential slash{nn::Dense(2, {.name = "a/b"})};
  slash(x);
  fails(slash, "Keras allows no \"/\"");
  Tensor in = nn::Input({4});
  fails(nn::Model(in, in + 1.), "was called on a symbolic tensor directly");
  nn::Sequential model{nn::Dense(2)};
  model(x);
  CHECK(message([&] { model.save(folder / "m.h5"); }).find("a model is kept in a .keras file") != std::string::npos);
  CHECK(message([&] { model.save(folder / "no/m.keras"); }).find("cannot write") != std::string::npos);
  model.compile({.optimizer = "sgd", .loss = [](const Tensor& t, const Tensor& p) { return t - p; }});
  fails(model, "is a function of one's own, which a file cannot hold: save with {.include_optimizer = false}");
  model.save(folder / "m.keras", {.include_optimizer = false});
  CHECK_THROWS_AS(nn::load_model(folder / "m.keras").optimizer(), Error);
}

TEST_CASE("keras: a loss keeps its options in the file") {
  TemporaryFolder folder;
  set_random_seed(5);
  Tensor x = normal({6, 4}, 0, 1), y = tensor({{0., 1.}, {1., 0.}, {1., 0.}, {0., 1.}, {1., 1.}, {0., 0.}});
  const nn::Loss losses[] = {nn::BinaryFocalCrossentropy({.apply_class_balancing = true, .alpha = 0.4, .gamma = 1.5}),
                             nn::BinaryFocalCrossentropy({.from_logits = true, .label_smoothing = 0.1}),
                             nn::CategoricalFocalCrossentropy({.alpha = 0.6, .gamma = 3}),
                             nn::Dice(),
                             nn::Dice({.axis = {0, 1}}),
                             nn::Tversky({.alpha = 0.3, .beta = 0.8, .axis = -1}),
                             "tversky"};
  for (const nn::Loss& loss : losses) {
    CAPTURE(loss.name());
    nn::Sequential model{nn::Dense(2, {.activation = "sigmoid"})};
    model.compile({.optimizer = "sgd", .loss = loss});
    double expected = model.evaluate(x, y)["loss"];
    CHECK(expected == doctest::Approx(loss(y, model(x)).item()));
    model.save(folder / "loss.keras");
    CHECK(nn::load_model(folder / "loss.keras").evaluate(x, y)["loss"] == expected);
  }
}

TEST_CASE("keras: files that do not fit are FileErrors that say why") {
  TemporaryFolder folder;
  const std::string good = keras_sample("cnn.keras"), config = content(good, "config.json");
  auto fails = [&](const std::string& path, const char* why, nn::LoadOptions options = {}) {
    std::string text;
    try {
      nn::load_model(path, options);
    } catch (const FileError& e) {
      text = e.what();
    }
    CAPTURE(text);
    CHECK(text.find(why) != std::string::npos);
    CHECK(text.find(path) == 0);
  };
  auto changed = [&](const std::string& from, const std::string& to) { return with_config(folder, good, replaced(config, from, to)); };
  fails(keras_sample("unknown.keras"), "unknown layer class \"LSTM\"; valid: \"Activation\", \"AveragePooling2D\", \"Concatenate\"");
  fails(folder / "absent.keras", "cannot open");
  write_file(folder / "text.keras", "text");
  fails(folder / "text.keras", "is not a zip archive");
  fails(with_config(folder, good, "{"), "config.json: is no JSON");
  fails(with_config(folder, good, std::string(1000, '[') + std::string(1000, ']')), "nested more than 200 deep");
  fails(with_config(folder, good, "[]"), "unknown model class");
  fails(with_config(folder, good, "{\"class_name\": \"Sequential\"}"), "without a config");
  fails(changed("\"units\": 5", "\"units\": 6"), "layers/dense/vars/0 (Dense \"dense\", kernel) has the shape [32, 5], the architecture needs [32, 6]");
  // Gigabytes that the file does not hold are not allocated.
  fails(changed("\"units\": 5", "\"units\": 4000000000"), "has the shape [32, 5], the architecture needs [32, 4000000000]");
  fails(changed("\"units\": 5", "\"units\": 9000000000000000000"), "");
  fails(changed("\"units\": 5", "\"units\": -5"), "units must be at least 1");
  fails(changed("\"units\": 5", "\"units\": \"many\""), "Dense \"dense\": \"units\": should be an integer, got \"many\"");
  fails(changed("\"units\": 5", "\"unit\": 5"), "Dense \"dense\": lacks \"units\"");
  fails(changed("\"activation\": \"gelu\"", "\"activation\": \"jelu\""), "unknown activation \"jelu\"");
  fails(changed("\"data_format\": \"channels_last\"", "\"data_format\": \"channels_first\""), "\"data_format\" is \"channels_first\", which has no counterpart here");
  fails(changed("\"class_name\": \"Flatten\"", "\"class_name\": \"Activation\""), "lacks \"activation\"");
  fails(changed("\"amsgrad\": false", "\"amsgrad\": true"), "load_model(path, {.compile = false}) leaves this out");
  CHECK(nn::load_model(changed("\"amsgrad\": false", "\"amsgrad\": true"), {.compile = false}).weights().size() == 5);
  std::string regularized = changed("\"kernel_regularizer\": null", "\"kernel_regularizer\": {\"class_name\": \"L2\"}");
  fails(regularized, "\"kernel_regularizer\" is");
  CHECK(nn::load_model(regularized, {.compile = false}).weights().size() == 5);
  fails(changed("\"class_name\": \"Adam\"", "\"class_name\": \"SGD\""), "has no counterpart here");
  fails(changed("\"batch_shape\": [null, 12, 12, 1]", "\"batch_shape\": [null, 12, 12, 2]"), "has the shape [3, 3, 1, 3], the architecture needs [3, 3, 2, 3]");
  fails(changed("\"batch_shape\": [null, 12, 12, 1]", "\"batch_shape\": [null, 12, 12]"), "needs images");
  fails(changed("\"batch_shape\": [null, 12, 12, 1]", "\"batch_shape\": 12"), "should be a list");
  const std::string graph = content(keras_sample("functional.keras"), "config.json");
  auto graph_changed = [&](const std::string& from, const std::string& to) { return with_config(folder, keras_sample("functional.keras"), replaced(graph, from, to)); };
  fails(graph_changed("\"keras_history\": [\"right\", 0, 0]", "\"keras_history\": [\"wrong\", 0, 0]"), "there is no layer \"wrong\"");
  fails(graph_changed("\"keras_history\": [\"right\", 0, 0]", "\"keras_history\": [\"right\", 1, 0]"), "has no output 0 of call 1");
  fails(graph_changed("\"keras_history\": [\"right\", 0, 0]", "\"keras_history\": [\"shared\", 1, 0]"), "is called on what no other layer makes");

  std::string all_of_it = read_file(good);
  for (size_t n = 0; n < all_of_it.size(); n += 997) {
    write_file(folder / "short.keras", all_of_it.substr(0, n));
    CHECK_THROWS_AS(nn::load_model(folder / "short.keras"), FileError);
  }
  for (size_t i = 0; i < all_of_it.size(); i += 499) {
    std::string damaged = all_of_it;
    damaged[i] = char(damaged[i] ^ 4);
    write_file(folder / "damaged.keras", damaged);
    try {
      nn::load_model(folder / "damaged.keras");
    } catch (const FileError&) {
    }
  }
}

TEST_CASE("keras: trained models of others predict as they should") {
  std::string folder = real_data("keras");
  if (folder.empty()) return;
  for (const char* name : {"keras-v3/art_784-4-10.keras", "keras-v3/iris_mlp.keras", "keras-v3/spectroscopy_autoencoder.keras", "mnist-cnn-moonflower/mnist_model.keras"}) {
    CAPTURE(name);
    std::string path = folder + "/" + name;
    auto values = values_of(path + ".numpy_ref.npz");
    nn::Model model = nn::load_model(path);
    CHECK(distance(model(values["input_0"]), values["output_0"]) < 1e-5);
    TemporaryFolder mine;
    model.save(mine / "again.keras");
    nn::Model again = nn::load_model(mine / "again.keras");
    CHECK(all(again(values["input_0"]) == model(values["input_0"])).item<bool>());
    CHECK(again.weights()[0].second.value.dtype() == (std::string(name).find("art") == std::string::npos ? float32 : float64));
  }
  CHECK(message([&] { nn::load_model(folder + "/keras-v3/lstm_stack.keras"); }).find("unknown layer class \"LSTM\"") != std::string::npos);
}

// Run by hand, with -ns: tests/data/keras/check.py opens what it writes.
TEST_CASE("keras: files for Python" * doctest::skip()) {
  const char* out = std::getenv("REEL_KERAS_OUT");
  REQUIRE(out != nullptr);
  std::filesystem::create_directories(out);
  set_random_seed(5);
  auto keep = [&](const char* name, nn::Model model, Tensors x, Tensor labels, nn::CompileOptions options) {
    model(x);
    nn::Loss loss = options.loss;
    model.compile(options);
    for (int i = 0; i < 3; ++i) step(model, x, labels, loss);
    std::string path = std::string(out) + "/" + name;
    model.save(path + ".keras");
    model.save_weights(path + ".weights.h5");
    NamedTensors values{{"y", model(x)}, {"labels", labels}, {"iterations", full({}, model.optimizer().iterations())}};
    for (size_t i = 0; i < x.size(); ++i) values.emplace_back("x" + std::to_string(i), x[i]);
    values.emplace_back("loss", full({}, step(model, x, labels, loss), float32));
    values.emplace_back("next", model(x));
    model.save_weights(path + ".after.weights.h5");
    auto after = open_hdf5(path + ".after.weights.h5");
    size_t slots = after->members("optimizer/vars").size() - 2;
    for (size_t i = 0; i < slots; ++i) values.emplace_back("slot" + std::to_string(i), after->read("optimizer/vars/" + std::to_string(i + 2)).numbers);
    for (auto& [n, v] : values) v = detach(v);
    save_npz(path + ".npz", values);
  };
  Tensor classes = tensor({int64_t(0), int64_t(2), int64_t(1), int64_t(1)}), pairs = tensor({{0., 1.}, {1., 0.}, {1., 0.}, {0., 1.}});
  Tensors towers{normal({4, 4}, 0, 1), normal({4, 3}, 0, 1)};
  nn::Sequential cnn{nn::Conv2D(4, 3, {.padding = "same", .activation = "relu"}), nn::MaxPooling2D(2), nn::Conv2D(3, {2, 3}, {.strides = 2, .use_bias = false}),
                     nn::AveragePooling2D({2, 1}), nn::Flatten(), nn::Dropout(0), nn::Activation("tanh"), nn::Dense(3, {.kernel_initializer = 0.1})};
  keep("cnn_adam", cnn, {normal({4, 8, 9, 2}, 0, 1)}, classes,
       {.optimizer = nn::Adam({.learning_rate = 0.003, .weight_decay = 0.01}), .loss = nn::SparseCategoricalCrossentropy({.from_logits = true}), .metrics = {"accuracy"}});
  keep("towers_momentum", two_towers(), towers, pairs,
       {.optimizer = nn::SGD({.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}), .loss = nn::CategoricalCrossentropy({.label_smoothing = 0.1}), .metrics = {"acc", "mse"}});
  keep("towers_adagrad", two_towers(), towers, pairs, {.optimizer = nn::Adagrad(), .loss = "mse"});
  keep("towers_rmsprop", two_towers(), towers, pairs, {.optimizer = nn::RMSprop({.momentum = 0.5}), .loss = "binary_crossentropy", .metrics = {"mae"}});
  keep("towers_focal", two_towers(), towers, pairs, {.optimizer = "sgd", .loss = nn::BinaryFocalCrossentropy({.apply_class_balancing = true, .gamma = 1.5})});
  keep("towers_tversky", two_towers(), towers, pairs, {.optimizer = "sgd", .loss = nn::Tversky({.alpha = 0.3, .axis = {0, 1}})});
  nn::Sequential words{nn::Embedding(7, 3), nn::Flatten(), nn::Dense(1, {.activation = "sigmoid"})};
  keep("words_sgd", words, {tensor({{int32_t(1), int32_t(6)}, {int32_t(0), int32_t(3)}})}, tensor({{0.}, {1.}}), {.optimizer = "sgd", .loss = "mae"});
}
