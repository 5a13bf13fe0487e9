// The programs a newcomer sees first, as they are printed, on drawn digits where MNIST is not at hand.
#include <doctest/doctest.h>

#include <reel.h>

#include "nn/loader.h"
#include "tests/files.h"

using namespace reel;

namespace {

datasets::Split digits() {
  datasets::Split all = std::getenv("REEL_DATA") ? datasets::mnist() : datasets::synthetic_digits(1200, 200);
  auto first = [](const datasets::Dataset& d, int64_t n) { return datasets::Dataset{slice_axis(d.x, 0, 0, n), slice_axis(d.y, 0, 0, n)}; };
  return {first(all.train, 1200), first(all.test, 200)};
}

struct TreeLstm {
  nn::Embedding words{20000, 300};
  nn::Dense leaf{150}, join{150};
  nn::Dense label{5};
  Tensor operator()(const Tree& t) const {
    if (t.leaf()) return tanh(leaf(words(t.word)));
    return tanh(join(concat({(*this)(t.left()), (*this)(t.right())}, -1)));
  }
};

}  // namespace

TEST_CASE("front page: compile, fit, evaluate, save") {
  TemporaryFolder folder;
  auto [train, test] = digits();
  nn::Sequential model{nn::Conv2D(32, 3, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(),
                       nn::Dropout(0.5), nn::Dense(10)};
  model.compile({.optimizer = nn::Adam({.learning_rate = 1e-3}),
                 .loss = nn::SparseCategoricalCrossentropy({.from_logits = true}), .metrics = {"accuracy"}});
  nn::History history = model.fit(train.x, train.y, {.batch_size = 128, .epochs = 3, .verbose = 0, .validation_split = 0.1,
                                  .callbacks = {nn::EarlyStopping({.patience = 2})}});
  CHECK(history["loss"].back() < history["loss"].front());
  double accuracy = model.evaluate(test.x, test.y, {.verbose = 0})["accuracy"];
  CHECK(accuracy > 0.5);
  auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  model.save("mnist.keras");                                    // Python Keras opens this file
  std::filesystem::current_path(here);
  nn::Model loaded = nn::load_model(folder / "mnist.keras");
  CHECK(all(loaded.predict(test.x) == model.predict(test.x)).item<bool>());
  CHECK(loaded.evaluate(test.x, test.y, {.verbose = 0})["accuracy"] == accuracy);
  CHECK(loaded.optimizer().iterations() == model.optimizer().iterations());
  model.save_weights(folder / "mnist.safetensors");
  nn::Sequential again{nn::Conv2D(32, 3, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(), nn::Dropout(0.5), nn::Dense(10)};
  again(slice_axis(test.x, 0, 0, 1));
  CHECK(again.load_weights(folder / "mnist.safetensors").complete());
  Tensor a = model.predict(test.x), b = again.predict(test.x);
  CHECK(all(a == b).item<bool>());
}

TEST_CASE("front page: the imperative loop") {
  auto [train, test] = digits();
  nn::Sequential model{nn::Flatten(), nn::Dense(32, {.activation = "relu"}), nn::Dense(10)};
  double first = 0, last = 0;
  nn::Adam adam({.learning_rate = 1e-3});
  for (auto [x, y] : data::Loader(train, {.batch_size = 64, .shuffle = true})) {
    Tensor loss = nn::sparse_categorical_crossentropy(y, model(x), {.from_logits = true});
    backward(loss);
    adam.step(model.trainable_variables());
    last = loss.item();
    if (first == 0) first = last;
  }
  CHECK(last < first);
  CHECK(adam.iterations() == 19);

  Tensor w = variable(ones({2})), b = variable(tensor(3.));
  Tensor loss = sum(w * w * b);
  Tensors g = grad(loss, {w, b});
  CHECK(to_string(g[0]) == "[6. 6.]");
  CHECK(g[1].item() == 2);
}

TEST_CASE("front page: a model is a struct you can call") {
  TreeLstm model;
  Tree t({{2, -1, -1, 1}, {1, -1, -1, 2}, {0, -1, -1, 7}, {4, 1, 2}, {3, 0, 3}});  // (3 (2 one) (4 (1 two) (0 seven)))
  Tensor scores = model.label(model(t));
  CHECK(scores.shape() == Shape{5});
  backward(nn::sparse_categorical_crossentropy(tensor(int64_t(3)), scores, {.from_logits = true}));
  Tensors variables = nn::trainable_variables(model);
  CHECK(variables.size() == 7);
  nn::SGD({.learning_rate = 0.1}).step(variables);
  CHECK(model.words(7).shape() == Shape{300});
  CHECK(model.label(model(t)).at<float>(3) > scores.at<float>(3));
}

TEST_CASE("front page: the same layers on symbolic inputs") {
  auto x = nn::Input({10});
  auto h = nn::Dense(20, {.activation = "relu"})(x);
  nn::Model wide(x, nn::Dense(10)(nn::concatenate({h, x})));
  CHECK(wide.count_params() == 10 * 20 + 20 + 30 * 10 + 10);
  CHECK(wide(ones({3, 10})).shape() == Shape{3, 10});
}

TEST_CASE("front page: a mistake names the operands, the line and the layers") {
  nn::Sequential model({nn::Flatten(), nn::Dense(2, {.name = "head"})}, {.name = "classifier"});
  model(ones({4, 8}));
  std::string text;
  const int line = __LINE__ + 2;
  try {
    model(ones({4, 3, 1}));
  } catch (const ShapeError& e) {
    text = e.what();
  }
  const std::string at = "front_page_test.cc:" + std::to_string(line);
  CHECK(text == "Dense: expects 8 on the last axis (it was built so), got 3\n  x  float32[4, 3] cpu   reshape at " + at + "\n  at " + at +
                    ", in Sequential \"classifier\" > Dense \"head\"");
}
