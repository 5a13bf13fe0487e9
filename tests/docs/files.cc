// The programs of docs/files.md.
#include <doctest/doctest.h>

#include <filesystem>

#include <reel.h>

#include "tests/files.h"

using namespace reel;

namespace {
struct Net {
  nn::Dense first{8, {.activation = "relu"}}, second{2};
  Tensor operator()(const Tensor& x) const { return second(first(x)); }
};
class Inside {
 public:
  explicit Inside(const TemporaryFolder& folder) : old_(std::filesystem::current_path()) { std::filesystem::current_path(folder.path()); }
  ~Inside() { std::filesystem::current_path(old_); }

 private:
  std::filesystem::path old_;
};
}  // namespace

TEST_CASE("files: a model saved and trained on") {
  TemporaryFolder folder;
  Inside inside(folder);
  auto [train, test] = datasets::synthetic_digits(256, 64);
nn::Sequential model{nn::Conv2D(8, 3, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(), nn::Dense(10)};
model.compile({.optimizer = nn::Adam({.learning_rate = 1e-3}),
               .loss = nn::SparseCategoricalCrossentropy({.from_logits = true}), .metrics = {"accuracy"}});
model.fit(train.x, train.y, {.batch_size = 64});
model.save("digits.keras");

nn::Model again = nn::load_model("digits.keras");    // predicts the same ...
again.fit(train.x, train.y, {.batch_size = 64});     // ... and is trained on from where it stood
  CHECK(again.optimizer().iterations() == 8);
  model.fit(train.x, train.y, {.batch_size = 64, .verbose = 0});
  CHECK(all(again.predict(test.x) == model.predict(test.x)).item<bool>());
}

TEST_CASE("files: weights alone") {
  TemporaryFolder folder;
  Inside inside(folder);
nn::Model net{Net{}};
net(ones({1, 4}));                      // the first call makes the weights
net.save_weights("net.safetensors");    // or .npz, or .weights.h5 as Keras lays it out
net.load_weights("net.safetensors");
  CHECK(folder.files() == 1);
}
