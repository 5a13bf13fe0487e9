// The programs of docs/debugging.md, compiled and run.
#include <doctest/doctest.h>

#include <reel.h>

#include "tests/files.h"

using namespace reel;

TEST_CASE("debugging: an error names the layer") {
  std::string text;
  try {
nn::Sequential model({nn::Dense(8, {.activation = "relu"}), nn::Dense(2, {.name = "head"})}, {.name = "classifier"});
model(ones({4, 3}));
model(ones({4, 5}));
  } catch (const Error& e) {
    text = e.what();
  }
  CHECK(text.find("Dense: expects 3 on the last axis (it was built so), got 5\n  x  float32[4, 5] cpu   full at debugging.cc:") == 0);
  CHECK(text.find(", in Sequential \"classifier\" > Dense \"dense") != std::string::npos);
}

TEST_CASE("debugging: the tape as a listing") {
  Tensor x = ones({4, 3});
Tensor w = variable(ones({3, 2}), "w");
Tensor loss = mean(square(tanh(matmul(x, w))));
print(tape(loss));
  CHECK(tape(loss).find("matmul") < tape(loss).find("tanh"));
}

TEST_CASE("debugging: where the time goes") {
  TemporaryFolder folder;
  std::filesystem::current_path(folder.path());
  Tensor x = ones({4, 3}), w = variable(ones({3, 2}), "w");
Profile p = profile([&] { backward(mean(square(tanh(matmul(x, w))))); });
print(p);
save_trace("step.json", p);
  CHECK(p.ops.size() > 4);
  CHECK(std::filesystem::exists("step.json"));
  std::filesystem::current_path("/");
}

TEST_CASE("debugging: values that are not finite") {
  Tensor x = tensor({1., 0.});
  std::string text;
  try {
ModeScope check(kCheckNan, 0);
Tensor y = log(x);
  } catch (const Error& e) {
    text = e.what();
  }
  CHECK(text.find("log: the result is not finite at element 1") == 0);
}

namespace {
struct Watch {
  void on_batch_end(nn::Model&, int64_t batch, const nn::Logs& logs) const {
    if (logs["loss"] > 100) print("step " + std::to_string(batch) + ": " + std::to_string(logs["loss"]) + "\n");
  }
};
}  // namespace

TEST_CASE("debugging: a callback that watches") {
  nn::Sequential model{nn::Dense(1)};
  Tensor x = ones({8, 2}), y = zeros({8, 1});
model.compile({.optimizer = "sgd", .loss = "mse"});
nn::History history = model.fit(x, y, {.epochs = 2, .callbacks = {Watch{}}});
  CHECK(history["loss"].size() == 2);
}
