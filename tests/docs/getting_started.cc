// The programs of docs/getting_started.md, compiled and run on drawn digits.
#include <doctest/doctest.h>

#include <filesystem>

#include <reel.h>

#include "nn/loader.h"

using namespace reel;

TEST_CASE("getting started: tensors and gradients") {
Tensor x = tensor({{1., 2.}, {3., 4.}});
Tensor w = variable(ones({2, 2}), "w");
Tensor y = sum(square(matmul(x, w)));
backward(y);
print(gradient(w));        // [[48. 48.] [68. 68.]]: 2 xᵀ(x w)
  CHECK(to_string(gradient(w)) == "[[48. 48.]\n [68. 68.]]");
}

TEST_CASE("getting started: indexing") {
Tensor table = reshape(arange(12.), {3, 4});
Tensor column = table[{slice(), 1}];                 // a view: [1. 5. 9.]
column += 0.5;                                       // table has changed too
Tensor rows = tensor({0, 2}), columns = tensor({1, 3});
print(table[rows]);                                  // [[ 0.   1.5  2.   3. ] [ 8.   9.5 10.  11. ]]: a copy
print(table[{rows, columns}]);                       // [ 1.5 11. ]: one element for each pair
table[{rows, columns}] += 1;                         // writes into table
table[table > 9] = 0;                                // where the mask is true
  CHECK(to_string(column) == "[2.5 5.5 0. ]");
  CHECK(to_string(table) == "[[0.  2.5 2.  3. ]\n [4.  5.5 6.  7. ]\n [8.  0.  0.  0. ]]");
}

TEST_CASE("getting started: fit") {
  auto [train, test] = datasets::synthetic_digits(600, 100);
nn::Sequential model{nn::Conv2D(32, 3, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(),
                     nn::Dropout(0.5), nn::Dense(10)};
model.compile({.optimizer = nn::Adam({.learning_rate = 1e-3}),
               .loss = nn::SparseCategoricalCrossentropy({.from_logits = true}), .metrics = {"accuracy"}});
nn::History history = model.fit(train.x, train.y, {.batch_size = 128, .epochs = 3, .validation_split = 0.1,
                                .callbacks = {nn::EarlyStopping({.patience = 2})}});
double accuracy = model.evaluate(test.x, test.y)["accuracy"];
Tensor probabilities = softmax(model.predict(test.x), -1);

  CHECK(history.logs.size() == 3);
  CHECK(accuracy > 0.3);
  CHECK(probabilities.shape() == Shape{100, 10});
  auto old = std::filesystem::current_path();
  auto folder = std::filesystem::temp_directory_path() / "reel-getting-started";
  std::filesystem::create_directories(folder);
  std::filesystem::current_path(folder);
model.save_weights("digits.safetensors");

nn::Sequential again{nn::Conv2D(32, 3, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(),
                     nn::Dropout(0.5), nn::Dense(10)};
again(test.x[{slice(0, 1)}]);            // the first call makes the weights
again.load_weights("digits.safetensors");
  std::filesystem::current_path(old);
  std::filesystem::remove_all(folder);
  CHECK(all(again.predict(test.x) == model.predict(test.x)).item<bool>());
}

TEST_CASE("getting started: a loop of one's own") {
  datasets::Dataset train = datasets::synthetic_digits(600, 1).train;
  nn::Sequential model{nn::Flatten(), nn::Dropout(0.1), nn::Dense(10)};
  auto loss_now = [&] { return nn::sparse_categorical_crossentropy(train.y, model(train.x), {.from_logits = true}).item(); };
  double before = loss_now();
nn::Adam adam({.learning_rate = 1e-3});
for (auto [x, y] : data::Loader(train, {.batch_size = 64, .shuffle = true})) {
  Training on;                                     // Dropout drops
  Tensor loss = nn::sparse_categorical_crossentropy(y, model(x), {.from_logits = true});
  backward(loss);                                  // gradients land on the variables
  adam.step(model.trainable_variables());          // and are consumed
}
  CHECK(loss_now() < before);
}

TEST_CASE("getting started: 16 bits") {
  datasets::Dataset train = datasets::synthetic_digits(600, 1).train;
  nn::Sequential model{nn::Flatten(), nn::Dense(10)};
  auto loss_now = [&](const nn::Model& m) { return nn::sparse_categorical_crossentropy(train.y, m(train.x), {.from_logits = true}).item(); };
  double before = loss_now(model);
nn::LossScaleOptimizer scaled("adam");             // float16 needs it; bfloat16 has float32's range
for (auto [x, y] : data::Loader(train, {.batch_size = 64})) {
  Tensor loss;
  {
    Autocast scope(float16);
    loss = nn::sparse_categorical_crossentropy(y, model(x), {.from_logits = true});
  }
  backward(scaled.scale_loss(loss));
  scaled.step(model.trainable_variables());        // takes the scale out, or skips a step that overflowed
}
int64_t skipped = scaled.skipped_steps();          // how often that was
  CHECK(loss_now(model) < before);
  CHECK(scaled.iterations() + skipped == 10);
nn::set_dtype_policy("mixed_bfloat16");
nn::Sequential fast{nn::Flatten(), nn::Dense(64, {.activation = "relu"}), nn::Dense(10)};
nn::set_dtype_policy("float32");
  CHECK(fast(train.x).dtype() == bfloat16);
}

TEST_CASE("getting started: symbolic inputs") {
auto x = nn::Input({10});
auto h = nn::Dense(20, {.activation = "relu"})(x);
nn::Model wide(x, nn::Dense(10)(nn::concatenate({h, x})));
print(wide.summary());
  CHECK(wide.count_params() == 530);
}
