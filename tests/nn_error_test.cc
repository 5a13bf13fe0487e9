// The mistakes of a first hour with layers and models, with the whole text of their errors.
#include <doctest/doctest.h>

#include "nn/loader.h"
#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {
// "LINE" in the expected text stands for the line of the call.
template <class E, class F> void check_message(F&& call, std::string expected, int line) {
  for (size_t at; (at = expected.find("LINE")) != std::string::npos;) expected.replace(at, 4, "nn_error_test.cc:" + std::to_string(line));
  std::string text = "nothing was thrown";
  try {
    call();
  } catch (const E& e) {
    text = e.what();
  } catch (const std::exception& e) {
    text = std::string("another kind: ") + e.what();
  }
  CHECK(text == expected);
}
#define MESSAGE_OF(E, call, text) check_message<E>([&] { call; }, text, __LINE__)
}  // namespace

TEST_CASE("layers on wrong inputs") {
  nn::Dense dense(2, {.name = "head"});
  MESSAGE_OF(ShapeError, dense(tensor(1.)), "Dense: needs at least one axis\n  x  float32[] cpu   made at LINE\n  at LINE, in Dense \"head\"");
  CHECK_FALSE(dense.record()->built);
  dense(ones({4, 8}));
  MESSAGE_OF(ShapeError, dense(ones({4, 3})),
             "Dense: expects 8 on the last axis (it was built so), got 3\n  x  float32[4, 3] cpu   full at LINE\n  at LINE, in Dense \"head\"");
  nn::Conv2D conv(4, 3, {.name = "c"});
  MESSAGE_OF(ShapeError, conv(ones({5, 28, 28})),
             "Conv2D: needs images [n, height, width, channels] (expand_dims(x, -1) adds a channel axis)\n  x  float32[5, 28, 28] cpu   full at LINE\n"
             "  at LINE, in Conv2D \"c\"");
  CHECK_THROWS_WITH_AS(conv(ones({1, 2, 2, 1})), doctest::Contains("in Conv2D \"c\""), ShapeError);
  MESSAGE_OF(ShapeError, nn::Conv2D(4, 3, {.groups = 3, .name = "g"})(ones({1, 5, 5, 2})),
             "Conv2D: groups 3 do not divide 2 channels and 4 filters\n  x  float32[1, 5, 5, 2] cpu   full at LINE\n  at LINE, in Conv2D \"g\"");
  MESSAGE_OF(Error, nn::Dense(0), "Dense: units must be at least 1, got 0");
  MESSAGE_OF(Error, nn::Dropout(1.5), "Dropout: rate must be in [0, 1], got 1.500000");
  CHECK_THROWS_WITH_AS(nn::Embedding(10, 2)(tensor({3, 10})), doctest::Contains("10"), IndexError);
  CHECK_THROWS_WITH_AS(nn::Embedding(10, 2)(-11), doctest::Contains("-11"), IndexError);  // down to -10 counts from the end, as in NumPy
  CHECK_THROWS_WITH_AS(nn::MaxPooling2D(2)(ones({2, 2})), doctest::Contains("in MaxPooling2D"), ShapeError);
  CHECK_THROWS_AS(nn::Dense(2)(Tensor()), Error);
}

TEST_CASE("integer inputs are converted, not refused") {
  nn::Dense dense(2);
  CHECK(dense(tensor({{1, 2}})).dtype() == float32);
  nn::Sequential model{nn::Flatten(), nn::Dense(3, {.activation = "softmax"})};
  model.compile({.loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
  Tensor x = cast(ones({8, 2, 2}), uint8);
  CHECK(model.fit(x, zeros({8}, uint8), {.verbose = 0}).logs.size() == 1);
  CHECK(model.fit(x, zeros({8}, float32), {.verbose = 0}).logs.size() == 1);
}

TEST_CASE("labels that do not fit") {
  Tensor p = ones({3, 4});
  nn::CrossentropyOptions logits{.from_logits = true};
  CHECK_THROWS_WITH_AS(nn::sparse_categorical_crossentropy(tensor({0, 4, 1}), p, logits), doctest::Contains("4"), IndexError);
  CHECK_THROWS_WITH_AS(nn::sparse_categorical_crossentropy(tensor({0, -1, 1}), p), doctest::Contains("-1"), IndexError);
  MESSAGE_OF(ShapeError, nn::sparse_categorical_crossentropy(ones({3, 4}), p),
             "sparse_categorical_crossentropy: labels of shape [3, 4] for predictions [3, 4] (expected one label for each row: [3])\n"
             "  y_true  float32[3, 4] cpu   full at LINE\n  y_pred  float32[3, 4] cpu   full at nn_error_test.cc:" + std::to_string(__LINE__ - 6) + "\n  at LINE");
  MESSAGE_OF(ShapeError, nn::categorical_crossentropy(zeros({3}), ones({3, 4})),
             "categorical_crossentropy: shapes differ: [3] and [3, 4]\n  y_true  float32[3] cpu   full at LINE\n  y_pred  float32[3, 4] cpu   full at LINE\n  at LINE");
  MESSAGE_OF(ShapeError, nn::mean_squared_error(ones({3, 4}), ones({4})),
             "mean_squared_error: shapes differ: [3, 4] and [4]\n  y_true  float32[3, 4] cpu   full at LINE\n  y_pred  float32[4] cpu   full at LINE\n  at LINE");
  CHECK_THROWS_AS(nn::MeanSquaredError()(ones({3, 1}), ones({3, 1}), ones({4})), ShapeError);
}

TEST_CASE("misspelt names list the valid ones") {
  MESSAGE_OF(Error, nn::Dense(1, {.activation = "rleu"}),
             "unknown activation \"rleu\"; valid: \"linear\", \"relu\", \"sigmoid\", \"tanh\", \"softmax\", \"log_softmax\", \"gelu\", \"silu\", \"swish\", \"elu\", "
             "\"selu\", \"leaky_relu\", \"relu6\", \"softplus\", \"softsign\", \"hard_sigmoid\", \"log_sigmoid\", \"exponential\"");
  MESSAGE_OF(Error, nn::Dense(1, {.kernel_initializer = "glorot"}),
             "unknown initializer \"glorot\"; valid: \"zeros\", \"ones\", \"uniform\", \"random_uniform\", \"normal\", \"random_normal\", \"truncated_normal\", "
             "\"glorot_uniform\", \"glorot_normal\", \"he_uniform\", \"he_normal\", \"lecun_uniform\", \"lecun_normal\", \"orthogonal\"");
  nn::Sequential model{nn::Dense(1)};
  MESSAGE_OF(Error, model.compile({.optimizer = "adma", .loss = "mse"}), "unknown optimizer \"adma\"; valid: \"sgd\", \"adam\", \"adagrad\", \"rmsprop\"");
  MESSAGE_OF(Error, model.compile({.loss = "crossentropy"}),
             "unknown loss \"crossentropy\"; valid: \"sparse_categorical_crossentropy\", \"categorical_crossentropy\", \"binary_crossentropy\", "
             "\"binary_focal_crossentropy\", \"categorical_focal_crossentropy\", \"dice\", \"tversky\", "
             "\"mean_squared_error\", \"mse\", \"mean_absolute_error\", \"mae\", \"mean_absolute_percentage_error\", \"mape\", "
             "\"mean_squared_logarithmic_error\", \"msle\", \"hinge\", \"squared_hinge\", \"categorical_hinge\", \"log_cosh\", \"logcosh\", \"huber\", "
             "\"kl_divergence\", \"kld\", \"kullback_leibler_divergence\", \"poisson\", \"cosine_similarity\", \"cosine_proximity\"");
  MESSAGE_OF(Error, model.compile({.loss = "mse", .metrics = {"acuracy"}}),
             "unknown metric \"acuracy\"; valid: \"accuracy\", \"acc\", \"binary_accuracy\", \"sparse_categorical_accuracy\", \"categorical_accuracy\", \"mse\", "
             "\"mean_squared_error\", \"mae\", \"mean_absolute_error\"");
  MESSAGE_OF(Error, model.compile({}), "compile: no loss given (.loss = \"sparse_categorical_crossentropy\", \"mse\", ...)");
  MESSAGE_OF(Error, nn::Conv2D(1, 3, {.padding = "sane"}), "unknown padding \"sane\"; valid: \"valid\", \"same\"");
  CHECK_THROWS_WITH(nn::EarlyStopping({.mode = "down"}), "unknown EarlyStopping mode \"down\"; valid: \"auto\", \"min\", \"max\"");
}

TEST_CASE("training too early, on nothing, or on halves that do not match") {
  nn::Sequential model({nn::Dense(1, {.name = "d"})}, {.name = "m"});
  Tensor x = ones({4, 2}), y = ones({4, 1});
  const std::string made = "nn_error_test.cc:" + std::to_string(__LINE__ - 1);
  MESSAGE_OF(Error, model.fit(x, y), "fit: the model is not compiled: call compile({.optimizer = ..., .loss = ...}) first\n  at LINE");
  MESSAGE_OF(Error, model.evaluate(x, y), "evaluate: the model is not compiled: call compile({.optimizer = ..., .loss = ...}) first\n  at LINE");
  MESSAGE_OF(Error, model.trainable_variables(), "the layer \"d\" has no weights yet: it learns their shapes from its first input; call the model on data first");
  TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(model.save_weights(folder / "w.npz"), doctest::Contains("has no weights yet"), Error);
  CHECK(folder.files() == 0);

  model.compile({.loss = "mse"});
  MESSAGE_OF(ShapeError, model.fit(zeros({0, 2}), zeros({0, 1})),
             "fit: there are no samples\n  x  float32[0, 2] cpu   full at LINE\n  y  float32[0, 1] cpu   full at LINE\n  at LINE");
  MESSAGE_OF(ShapeError, model.fit(x, ones({3, 1})),
             "fit: x has 4 samples, y has 3\n  x  float32[4, 2] cpu   full at " + made + "\n  y  float32[3, 1] cpu   full at LINE\n  at LINE");
  CHECK_THROWS_WITH_AS(model.fit(x, Tensor()), doctest::Contains("fit: y is an empty Tensor"), Error);
  CHECK_THROWS_WITH_AS(model.evaluate(Tensor(), y), doctest::Contains("evaluate: x is an empty Tensor"), Error);
  CHECK_THROWS_WITH_AS(model.predict(Tensor()), doctest::Contains("predict: x is an empty Tensor"), Error);
  CHECK_THROWS_AS(model.train_on_batch(x, ones({3, 1})), ShapeError);
  CHECK_THROWS_WITH_AS(model.fit(x, y, {.sample_weight = ones({3})}), doctest::Contains("sample_weight needs one entry a sample"), ShapeError);
  CHECK_THROWS_WITH_AS(model.fit(x, y, {.class_weight = {{0, 1.}}, .sample_weight = ones({4})}), doctest::Contains("exclude each other"), Error);
  CHECK_THROWS_WITH_AS(model.fit(x, y, {.batch_size = 0}), doctest::Contains("batch_size must be at least 1"), Error);
  CHECK_THROWS_WITH_AS(model.evaluate(x, y, {.batch_size = 0}), doctest::Contains("batch_size must be at least 1"), Error);
  CHECK_THROWS_WITH_AS(model.predict(x, {.batch_size = 0}), doctest::Contains("batch_size must be at least 1"), Error);
  CHECK_THROWS_WITH_AS(model.fit(slice_axis(x, 0, 0, 1), slice_axis(y, 0, 0, 1), {.validation_split = 0.1}), doctest::Contains("leaves one side empty"), Error);
  CHECK_THROWS_WITH_AS(model.fit(x, y, {.validation_split = 1.5}), doctest::Contains("validation_split 1.5"), Error);
  CHECK_THROWS_AS(data::Loader(x, ones({3, 1})), ShapeError);
  MESSAGE_OF(Error, data::Loader(x, Tensor()), "Loader: an operand is an empty Tensor (default-constructed or moved from)\n  at LINE");
  CHECK_THROWS_AS(nn::Sequential()(x), Error);
  MESSAGE_OF(Error, nn::Dense(1, {.name = "d"})(Tensor()), "Dense: an operand is an empty Tensor (default-constructed or moved from)\n  at LINE, in Dense \"d\"");
  MESSAGE_OF(ShapeError, nn::Dense(1, {.name = "d"})(tensor(1.)), "Dense: needs at least one axis\n  x  float32[] cpu   made at LINE\n  at LINE, in Dense \"d\"");
  model.fit(x, y, {.verbose = 0});
  MESSAGE_OF(ShapeError, model(tensor(1.)), "Dense: needs at least one axis\n  x  float32[] cpu   made at LINE\n  at LINE, in Sequential \"m\" > Dense \"d\"");
  MESSAGE_OF(ShapeError, model.predict(ones({2})), "predict: the model answers [1] for 2 samples\n  x  float32[2] cpu   full at LINE\n  at LINE");
}

TEST_CASE("what the user hands to fit and gets wrong names fit's line") {
  nn::Sequential model{nn::Dense(1)};
  Tensor x = ones({4, 2}), y = ones({4, 1});
  auto nothing = [](const Tensor&, const Tensor&) { return Tensor(); };
  MESSAGE_OF(Error, nn::Loss()(x, y), "Loss: none was chosen (nn::Loss(\"mse\"), nn::MeanSquaredError() ...)\n  at LINE");
  MESSAGE_OF(Error, nn::mean_squared_error(x, Tensor()), "mean_squared_error: an operand is an empty Tensor (default-constructed or moved from)\n  at LINE");
  model.compile({.loss = nothing});
  MESSAGE_OF(Error, model.fit(x, y, {.verbose = 0}), "Loss \"custom\": the function answered an empty Tensor\n  at LINE");
  model.compile({.loss = "mse", .metrics = {nn::Metric("mine", nothing)}});
  MESSAGE_OF(Error, model.fit(x, y, {.verbose = 0}), "metric \"mine\": the function answered an empty Tensor\n  at LINE");
  model.compile({.loss = "mse"});
  MESSAGE_OF(Error, model.fit(x, y, {.verbose = 0, .callbacks = {nn::EarlyStopping({.monitor = "los"})}}),
             "unknown EarlyStopping monitor \"los\"; valid: \"loss\"\n  at LINE");
  MESSAGE_OF(FileError, model.load_weights("/nowhere/w.npz"), "/nowhere/w.npz: cannot open: No such file or directory\n  at LINE");
  MESSAGE_OF(FileError, model.save_weights("w.bin"), "w.bin: weights are kept in .safetensors, .npz or .weights.h5 files, by the file's ending\n  at LINE");
}

TEST_CASE("a step without gradients") {
  Tensor w = variable(ones({2}));
  nn::SGD sgd;
  MESSAGE_OF(TapeError, sgd.step({w}), "sgd: none of the 1 variables has a gradient (call backward on a loss that depends on them first)\n  at LINE");
  CHECK(sgd.iterations() == 0);
}

TEST_CASE("functional models: inputs that are missing, too many, or of another shape") {
  Tensor a = nn::Input({3}), b = nn::Input({2});
  Tensor y = nn::Dense(1)(nn::concatenate({a, b}));
  CHECK_THROWS_WITH_AS(nn::Model(a, y), doctest::Contains("the outputs depend on an Input that is not among the inputs\n  x  float32["), Error);
  CHECK_THROWS_WITH_AS(nn::Model(ones({2, 3}), y), doctest::Contains("an input must come from nn::Input"), Error);
  CHECK_THROWS_WITH_AS(nn::Model(a, ones({2, 3})), doctest::Contains("an output must be computed from nn::Input"), Error);
  nn::Model m({a, b}, {y}, {.name = "two"});
  MESSAGE_OF(Error, m(ones({4, 3})), "Model: takes 2 inputs, got 1\n  at LINE, in Functional \"two\"");
  MESSAGE_OF(ShapeError, m({ones({4, 3}), ones({4, 5})}),
             "Model: input 1 should be (None, 2)\n  x  float32[4, 5] cpu   full at LINE\n  at LINE, in Functional \"two\"");
  MESSAGE_OF(Error, nn::Layer(nn::Dense(1))({a, b}), "Dense: takes one tensor, got 2\n  at LINE");
  CHECK_THROWS_AS(a.item(), Error);
  CHECK(to_string(a).find("<symbolic float32") == 0);
  MESSAGE_OF(Error, nn::Sequential({nn::Dense(1, {.name = "a"}), nn::Dense(1, {.name = "a"})}, {.name = "m"}), "the model \"m\" has two layers named \"a\"");
}

TEST_CASE("weights files that are not") {
  TemporaryFolder folder;
  nn::Sequential model({nn::Dense(2)}, {.name = "m"});
  model(ones({1, 3}));
  CHECK_THROWS_WITH_AS(model.save_weights(folder / "w.h5"), doctest::Contains("weights are kept in .safetensors, .npz or .weights.h5 files"), FileError);
  CHECK_THROWS_WITH_AS(model.load_weights(folder / "none.npz"), doctest::Contains("none.npz"), FileError);
  for (const char* name : {"w.safetensors", "w.npz"}) {
    std::string path = folder / name;
    model.save_weights(path);
    std::string good = read_file(path);
    Tensor before = clone(model.weights()[0].second.value);
    for (size_t n : {size_t(0), size_t(3), good.size() / 2, good.size() - 1}) {
      std::ofstream(path, std::ios::binary) << good.substr(0, n);
      CHECK_THROWS_WITH_AS(model.load_weights(path), doctest::Contains(name), FileError);
    }
    std::ofstream(path, std::ios::binary) << std::string(4096, 'x');
    CHECK_THROWS_AS(model.load_weights(path), FileError);
    CHECK(all(before == model.weights()[0].second.value).item<bool>());
  }
}
