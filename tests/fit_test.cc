// The training loop: the same numbers from every way of writing it, and the corners of fit, evaluate, predict, callbacks and files.
#include <doctest/doctest.h>

#include <cmath>

#include "io/npy.h"
#include "nn/loader.h"
#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {

bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && all(a == b).item<bool>(); }
template <class A, class B> bool same_weights(const A& a, const B& b) {
  auto x = nn::weights(a), y = nn::weights(b);
  bool equal = x.size() == y.size();
  for (size_t i = 0; equal && i < x.size(); ++i) equal = same(x[i].second.value, y[i].second.value);
  return equal;
}

struct Points {
  Tensor x, y;
};
// Two noisy classes.
Points points(int64_t n = 70) {
  Generator g{5};
  Tensor x = normal({n, 6}, 0, 1, float32, g);
  return {x, cast(sum(x, 1) + 0.3 * normal({n}, 0, 1, float32, g) > 0, int64)};
}

nn::Sequential sequential() {
  return nn::Sequential{nn::Dense(8, {.activation = "relu"}), nn::Dropout(0.25), nn::Dense(2)};
}
nn::Model functional() {
  Tensor x = nn::Input({6});
  return nn::Model(x, nn::Dense(2)(nn::Dropout(0.25)(nn::Dense(8, {.activation = "relu"})(x))));
}
struct Net {
  nn::Dense body{8, {.activation = "relu"}};
  nn::Dropout dropout{0.25};
  nn::Dense head{2};
  Tensor operator()(const Tensor& x) const { return head(dropout(body(x))); }
};
nn::CompileOptions options() {
  return {.optimizer = nn::Adam({.learning_rate = 0.01}), .loss = nn::SparseCategoricalCrossentropy({.from_logits = true}), .metrics = {"accuracy"}};
}
// Trained with the random numbers of seed 3, whatever was drawn before.
template <class M> nn::History train(M& model, nn::FitOptions o = {.batch_size = 16, .epochs = 3}) {
  auto [x, y] = points();
  set_random_seed(2);
  model(x);  // makes the weights
  set_random_seed(3);
  o.verbose = 0;
  model.compile(options());
  return model.fit(x, y, o);
}

// What the text of an error contains.
template <class F> std::string error_of(F&& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("every way of writing a training gives bitwise the same weights") {
  auto [x, y] = points();
  nn::Sequential by_fit = sequential();
  nn::History history = train(by_fit);

  set_random_seed(2);
  nn::Model graph = functional();
  train(graph);
  CHECK(same_weights(by_fit, graph));

  nn::Model model(Net{});
  train(model);
  CHECK(same_weights(by_fit, model));

  Net net;
  set_random_seed(2);
  net(x);
  set_random_seed(3);
  nn::Adam adam({.learning_rate = 0.01});
  data::Loader loader(x, y, {.batch_size = 16, .shuffle = true});
  for (int epoch = 0; epoch < 3; ++epoch)
    for (auto [bx, by] : loader) {
      Training on;
      Tensor loss = nn::sparse_categorical_crossentropy(by, net(bx), {.from_logits = true});
      backward(loss);
      adam.step(nn::trainable_variables(net));
    }
  CHECK(same_weights(by_fit, net));

  nn::Sequential by_batch = sequential();
  set_random_seed(2);
  by_batch(x);
  set_random_seed(3);
  by_batch.compile(options());
  data::Loader again(x, y, {.batch_size = 16, .shuffle = true});
  for (int epoch = 0; epoch < 3; ++epoch) {
    double loss = 0;
    for (auto [bx, by] : again) loss += by_batch.train_on_batch(bx, by)["loss"] * double(bx.dim(0));
    CHECK(loss / 70 == doctest::Approx(history["loss"][size_t(epoch)]).epsilon(1e-12));
  }
  CHECK(same_weights(by_fit, by_batch));
}

TEST_CASE("fit is identical from run to run, and with one and two threads") {
  nn::Sequential a = sequential(), b = sequential(), c = sequential(), d = sequential();
  train(a);
  train(b);
  CHECK(same_weights(a, b));
  int before = num_threads();
  set_num_threads(1);
  train(c);
  set_num_threads(2);
  train(d);
  set_num_threads(before);
  CHECK(same_weights(a, c));
  CHECK(same_weights(a, d));
  nn::Sequential other = sequential();
  train(other, {.batch_size = 16, .epochs = 3, .seed = 1});
  CHECK_FALSE(same_weights(a, other));
}

TEST_CASE("validation_split takes the last part, before shuffling, and leaves the training to the rest") {
  auto [x, y] = points();
  nn::Sequential split = sequential(), given = sequential();
  nn::History a = train(split, {.batch_size = 16, .epochs = 2, .validation_split = 0.3});
  set_random_seed(2);
  given(x);
  set_random_seed(3);
  given.compile(options());
  // 70 * 0.7 is a hair below 49 in binary: Keras's floor would say 48.
  int64_t kept = int64_t(std::floor(70 * (1 - 0.3)));
  nn::History b = given.fit(slice_axis(x, 0, 0, kept), slice_axis(y, 0, 0, kept),
                            {.batch_size = 16, .epochs = 2, .verbose = 0, .validation_data = {slice_axis(x, 0, kept, 70 - kept), slice_axis(y, 0, kept, 70 - kept)}});
  CHECK(same_weights(split, given));
  for (const char* name : {"loss", "accuracy", "val_loss", "val_accuracy"}) CHECK(a[name] == b[name]);
  CHECK(error_of([&] { a["val_los"]; }) == "unknown log entry \"val_los\"; valid: \"loss\", \"accuracy\", \"val_loss\", \"val_accuracy\"");
}

TEST_CASE("evaluate and predict by batches equal the whole, the last batch weighted by its size") {
  auto [x, y] = points();
  nn::Sequential model = sequential();
  train(model);
  nn::Logs whole = model.evaluate(x, y, {.batch_size = 70, .verbose = 0});
  for (int64_t batch : {1, 16, 69, 1000}) {
    nn::Logs parts = model.evaluate(x, y, {.batch_size = batch, .verbose = 0});
    CHECK(parts["loss"] == doctest::Approx(whole["loss"]).epsilon(1e-6));
    CHECK(parts["accuracy"] == doctest::Approx(whole["accuracy"]).epsilon(1e-12));
    Tensor p = model.predict(x, {.batch_size = batch});
    CHECK(max(abs(p - model.predict(x, {.batch_size = 70}))).item() < 1e-6);
    CHECK_FALSE(p.has_history());
  }
  CHECK(model.predict(zeros({0, 6})).shape() == Shape{0, 2});
  Tensor logits = model.predict(x);
  CHECK(whole["loss"] == doctest::Approx(nn::sparse_categorical_crossentropy(y, logits, {.from_logits = true}).item()).epsilon(1e-6));
  CHECK(whole["accuracy"] == doctest::Approx(mean(cast(argmax(logits, 1) == y, float32)).item()));
}

TEST_CASE("class_weight is sample_weight by label, on the training part alone") {
  auto [x, y] = points();
  nn::Sequential by_class = sequential(), by_sample = sequential(), plain = sequential();
  nn::FitOptions o{.batch_size = 16, .epochs = 2, .validation_data = {x, y}};
  nn::FitOptions c = o, s = o;
  c.class_weight = {{1, 3.}};
  s.sample_weight = 1 + 2 * cast(y, float32);
  nn::History a = train(by_class, c), b = train(by_sample, s), p = train(plain, o);
  CHECK(same_weights(by_class, by_sample));
  CHECK(a["val_loss"] == b["val_loss"]);
  CHECK_FALSE(same_weights(by_class, plain));
  CHECK(by_class.evaluate(x, y, {.verbose = 0})["loss"] == doctest::Approx(a["val_loss"].back()).epsilon(1e-6));

  // With a split, validation is weighted by sample but not by class.
  nn::Sequential model = sequential();
  nn::History split = train(model, {.batch_size = 16, .epochs = 1, .validation_split = 0.5, .class_weight = {{0, 7.}, {1, 5.}}});
  CHECK(split["val_loss"][0] == doctest::Approx(model.evaluate(slice_axis(x, 0, 35, 35), slice_axis(y, 0, 35, 35), {.verbose = 0})["loss"]).epsilon(1e-6));
  // Weights of zero take samples out.
  nn::Sequential half = sequential();
  Tensor w = concat({ones({35}), zeros({35})}, 0);
  train(half, {.batch_size = 16, .epochs = 1, .sample_weight = w});
  CHECK(half.evaluate(x, y, {.verbose = 0, .sample_weight = w})["loss"] ==
        doctest::Approx(half.evaluate(slice_axis(x, 0, 0, 35), slice_axis(y, 0, 0, 35), {.verbose = 0})["loss"] / 2).epsilon(1e-6));
}

namespace {
// Makes an exact course of a monitored number: the only weight is set after each epoch, before EarlyStopping looks.
struct Course {
  std::vector<double> values;
  Tensor weight;
  void on_batch_end(nn::Model&, int64_t, const nn::Logs&) const {
    NoGrad no_grad;
    assign(weight, std::sqrt(values[size_t((*epoch)++)]));
  }
  std::shared_ptr<int> epoch = std::make_shared<int>(0);
};
struct Stopped {
  size_t epochs;
  double weight;
};
// The validation loss is weight * weight: as given, epoch by epoch.
Stopped stop(std::vector<double> values, nn::EarlyStoppingOptions o) {
  nn::Sequential model{nn::Dense(1, {.use_bias = false})};
  Tensor x = ones({1, 1}), y = zeros({1, 1});
  model(x);
  model.compile({.optimizer = nn::SGD({.learning_rate = 0}), .loss = "mse"});
  Tensor w = model.trainable_variables()[0];
  nn::History h = model.fit(x, y, {.epochs = int(values.size()), .verbose = 0, .validation_data = {x, y}, .callbacks = {Course{values, w}, nn::EarlyStopping(o)}});
  return {h.logs.size(), w.item() * w.item()};
}
}  // namespace

TEST_CASE("EarlyStopping: patience, min_delta, baseline, start, and the best weights") {
  const std::vector<double> v{4, 3, 2, 2.5, 2.4, 1, 5, 6};
  CHECK(stop(v, {}).epochs == 4);
  CHECK(stop(v, {.patience = 1}).epochs == 4);
  CHECK(stop(v, {.patience = 2}).epochs == 5);
  CHECK(stop(v, {.patience = 3}).epochs == 8);
  CHECK(stop(v, {.patience = 3}).weight == doctest::Approx(6));
  CHECK(stop(v, {.patience = 2, .restore_best_weights = true}).weight == doctest::Approx(2));
  CHECK(stop(v, {.patience = 5, .restore_best_weights = true}).weight == doctest::Approx(1));  // also when it was never stopped
  CHECK(stop(v, {.min_delta = 1.5}).epochs == 2);
  CHECK(stop(v, {.min_delta = 1.5, .patience = 2}).epochs == 5);
  CHECK(stop(v, {.patience = 2, .baseline = 0.5}).epochs == 4);  // as Keras: not while it improves
  CHECK(stop(v, {.patience = 2, .baseline = 3.5}).epochs == 5);
  CHECK(stop(v, {.patience = 2, .start_from_epoch = 3}).epochs == 8);
  CHECK(stop({1, 2, 3, 4}, {.mode = "max"}).epochs == 4);
  CHECK(stop({3, 2, 1}, {.mode = "max"}).epochs == 2);
  // A number that is none is no best one.
  nn::Sequential model{nn::Dense(1)};
  model(ones({1, 1}));
  nn::EarlyStopping early({.patience = 2});
  early.on_train_begin(model);
  int epoch = 0;
  for (double value : {double(NAN), 3., 4., 2., 4., 5.}) {
    CHECK(early.stopped_epoch() == -1);
    nn::Logs logs;
    logs.set("val_loss", value);
    early.on_epoch_end(model, epoch++, logs);
  }
  CHECK(early.stopped_epoch() == 5);
  CHECK(error_of([] { stop({1, 2}, {.monitor = "val_acc"}); }) ==
        "unknown EarlyStopping monitor \"val_acc\"; valid: \"loss\", \"val_loss\"\n  at fit_test.cc:216");
}

namespace {
struct Diary {
  std::shared_ptr<std::string> text = std::make_shared<std::string>();
  void on_train_begin(nn::Model&) { *text += "begin "; }
  void on_epoch_begin(nn::Model&, int epoch) { *text += "epoch" + std::to_string(epoch) + " "; }
  void on_batch_end(nn::Model& m, int64_t batch, const nn::Logs& logs) {
    *text += std::to_string(batch) + " ";
    if (logs.values.size() != 2) *text += "? ";
    if (text->find("epoch2") != std::string::npos && batch == 1) m.stop_training() = true;
  }
  void on_epoch_end(nn::Model&, int epoch, const nn::Logs& logs) { *text += "end" + std::to_string(epoch) + "/" + std::to_string(logs.values.size()) + " "; }
  void on_train_end(nn::Model&) { *text += "done"; }
};
struct Thrower {
  void on_batch_end(nn::Model&, int64_t batch, const nn::Logs&) const {
    if (batch == 1) throw std::runtime_error("mine");
  }
};
}  // namespace

TEST_CASE("a user's callback sees everything in order, and may stop") {
  nn::Sequential model = sequential();
  Diary diary;
  train(model, {.batch_size = 32, .epochs = 5, .validation_split = 0.1, .callbacks = {diary}, .initial_epoch = 1});
  CHECK(*diary.text == "begin epoch1 0 1 end1/4 epoch2 0 1 end2/4 done");
  CHECK(train(model, {.batch_size = 32, .epochs = 2}).logs.size() == 2);  // the wish to stop was for that time
}

TEST_CASE("an exception in a callback reaches the caller and leaves the model usable") {
  auto [x, y] = points();
  nn::Sequential model = sequential(), plain = sequential();
  CHECK(error_of([&] { train(model, {.batch_size = 16, .callbacks = {Thrower{}}}); }) == "mine");
  CHECK_FALSE(training());
  CHECK(model.predict(x).shape() == Shape{70, 2});
  CHECK(model(x).has_history());
  CHECK(model.fit(x, y, {.verbose = 0}).logs.size() == 1);
}

TEST_CASE("a loss that is not finite names epoch and step, and stops before the weights are harmed") {
  auto [x, y] = points();
  nn::Sequential model = sequential();
  model(x);
  model.compile(options());
  Tensor bad = clone(x);
  bad[40] = NAN;
  Tensor before = clone(model.weights()[0].second.value);
  std::string text = error_of([&] { model.fit(bad, y, {.batch_size = 70, .verbose = 0}); });
  CHECK(text.find("fit: the loss is nan at epoch 1, step 1 of 1") == 0);
  CHECK(same(before, model.weights()[0].second.value));
  text = error_of([&] { model.fit(bad, y, {.batch_size = 16, .epochs = 4, .verbose = 0, .shuffle = false, .initial_epoch = 2}); });
  CHECK(text.find("at epoch 3, step 3 of 5") != std::string::npos);
}

TEST_CASE("the summary, whole") {
  nn::Sequential model({nn::Conv2D(8, 3, {.name = "conv"}), nn::Flatten({.name = "flat"}), nn::Dense(10, {.name = "head"})}, {.name = "digits"});
  CHECK(model.summary().find("0 (unbuilt)") != std::string::npos);
  model(zeros({2, 28, 28, 1}));
  CHECK(model.summary() ==
        "Model: \"digits\"\n"
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
        "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
        "│ conv (Conv2D)                   │ (None, 26, 26, 8)      │            80 │\n"
        "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
        "│ flat (Flatten)                  │ (None, 5408)           │             0 │\n"
        "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
        "│ head (Dense)                    │ (None, 10)             │        54,090 │\n"
        "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
        " Total params: 54,170 (211.60 KB)\n"
        " Trainable params: 54,170 (211.60 KB)\n"
        " Non-trainable params: 0 (0.00 B)\n");
}

TEST_CASE("weights travel through both formats into a fresh model, and nothing half-way") {
  auto [x, y] = points();
  TemporaryFolder folder;
  nn::Sequential model = sequential();
  train(model);
  for (const char* name : {"w.safetensors", "w.npz"}) {
    model.save_weights(folder / name);
    nn::Sequential fresh = sequential();
    fresh(x);
    CHECK(fresh.load_weights(folder / name).complete());
    CHECK(same_weights(model, fresh));
    CHECK(same(model.predict(x), fresh.predict(x)));
  }
  NamedTensors other = load_npz(folder / "w.npz");
  CHECK(other[0].first == "dense/kernel");
  other[0].second = ones({6, 9});
  other[1].first = "stranger/bias";
  save_npz(folder / "other.npz", other);
  nn::Sequential fresh({nn::Dense(8), nn::Dense(2)}, {.name = "fresh"});
  fresh(x);
  Tensor before = clone(fresh.weights()[2].second.value);
  CHECK(error_of([&] { fresh.load_weights(folder / "other.npz"); }) ==
        folder / "other.npz" + ": does not fit the model \"fresh\"; nothing was changed\n  missing in the file: dense/bias\n  unexpected in the file: stranger/bias\n"
                               "  of another shape: dense/kernel: file [6, 9], model [6, 8]\n  at fit_test.cc:348");
  CHECK(same(before, fresh.weights()[2].second.value));
  nn::LoadReport report = fresh.load_weights(folder / "other.npz", false);
  CHECK(report.missing == std::vector<std::string>{"dense/bias"});
  CHECK(report.unexpected == std::vector<std::string>{"stranger/bias"});
  CHECK(report.mismatched == std::vector<std::string>{"dense/kernel: file [6, 9], model [6, 8]"});
  CHECK(same(fresh.weights()[2].second.value, model.weights()[2].second.value));
}

TEST_CASE("Loader: the order follows the seed, every sample once a pass, views without shuffling") {
  Tensor x = arange(10), y = arange(10);
  auto order = [&](data::LoaderOptions o, int passes = 1) {
    data::Loader loader(x, y, o);
    std::string s;
    while (passes--)
      for (auto [bx, by] : loader) {
        CHECK(same(bx, by));
        s += to_string(bx);
      }
    return s;
  };
  CHECK(order({.batch_size = 4}) == "[0 1 2 3][4 5 6 7][8 9]");
  CHECK(order({.batch_size = 4, .drop_last = true}) == "[0 1 2 3][4 5 6 7]");
  CHECK(order({.batch_size = 100}) == "[0 1 2 3 4 5 6 7 8 9]");
  std::string first = order({.batch_size = 10, .shuffle = true}), two = order({.batch_size = 10, .shuffle = true}, 2);
  CHECK(two.substr(0, first.size()) == first);
  CHECK(two.substr(first.size()) != first);
  CHECK(order({.batch_size = 10, .shuffle = true, .seed = 1}) != first);
  for (auto [bx, by] : data::Loader(x, y, {.batch_size = 10, .shuffle = true})) CHECK(sum(bx).item() + sum(bx * bx).item() == 45 + 285);
  for (auto [bx, by] : data::Loader(x, y, {.batch_size = 5})) CHECK(bx.body().storage == x.body().storage);
  CHECK(data::Loader(zeros({0, 2}), zeros({0})).size() == 0);
  CHECK(data::Loader(x, y, {.batch_size = INT64_MAX}).size() == 1);
  CHECK(data::Loader(x, y, {.batch_size = INT64_MAX, .drop_last = true}).size() == 0);
}
