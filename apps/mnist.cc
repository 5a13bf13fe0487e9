// Trains, evaluates and uses a small network on handwritten digits: `mnist --help`.
#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>

#include "io/image.h"
#include "io/npy.h"
#include "nn/datasets.h"
#include "reel.h"

using namespace reel;

namespace {

struct Flags {
  std::string model = "lenet", device = "cpu", save, load, predict;
  int epochs = 4;
  int64_t batch_size = 64;
  uint64_t seed = 0;
  double learning_rate = 2e-3;
  bool demo = false;
};

nn::Sequential make_model(const std::string& name) {
  if (name == "mlp")
    return nn::Sequential{nn::Flatten(), nn::Dense(512, {.activation = "relu"}), nn::Dropout(0.2), nn::Dense(512, {.activation = "relu"}), nn::Dropout(0.2),
                          nn::Dense(10)};
  return nn::Sequential{nn::Conv2D(16, 5, {.padding = "same", .activation = "relu"}),
                        nn::MaxPooling2D(2),
                        nn::Conv2D(32, 5, {.activation = "relu"}),
                        nn::MaxPooling2D(2),
                        nn::Flatten(),
                        nn::Dense(120, {.activation = "relu"}),
                        nn::Dropout(0.3),
                        nn::Dense(84, {.activation = "relu"}),
                        nn::Dense(10)};
}

void compile(nn::Sequential& model, const Flags& flags) {
  model.compile({.optimizer = nn::Adam({.learning_rate = flags.learning_rate}),
                 .loss = nn::SparseCategoricalCrossentropy({.from_logits = true}),
                 .metrics = {"accuracy"}});
}

// Halves the learning rate each epoch after the first, which the last tenths of a percent need.
struct Decay {
  double first;
  void on_epoch_begin(nn::Model& model, int epoch) const { model.optimizer().set_learning_rate(first * std::pow(0.5, epoch)); }
};

datasets::Split load_digits(bool& real) {
  try {
    real = true;
    return datasets::mnist();
  } catch (const FileError& e) {
    real = false;
    spdlog::warn("NO MNIST: {}", e.what());
    spdlog::warn("TRAINING ON GENERATED DIGITS INSTEAD (datasets::synthetic_digits)");
    return datasets::synthetic_digits(20000, 4000);
  }
}

// A digit as text: five shades, one row of characters for two rows of pixels.
std::string drawing(const Tensor& image) {
  static constexpr const char* kShades[] = {" ", "\u2591", "\u2592", "\u2593", "\u2588"};
  auto v = image.view<float, 3>();
  std::string s;
  for (int64_t i = 0; i + 1 < v.dim(0); i += 2) {
    s += "    ";
    for (int64_t j = 0; j < v.dim(1); ++j) s += kShades[int(2 * (v(i, j, 0) + v(i + 1, j, 0)) + 0.5)];
    s += '\n';
  }
  return s;
}

void show_curve(const nn::History& history) {
  std::printf("\nvalidation accuracy\n");
  for (size_t i = 0; i < history.logs.size(); ++i) {
    double a = history.logs[i]["val_accuracy"];
    int bar = int(std::max(0., (a - 0.9) * 10) * 50);
    std::printf("  epoch %2zu  %.4f  ", i + 1, a);
    for (int k = 0; k < bar; ++k) std::printf("\u2588");
    std::printf("\n");
  }
}

void show_predictions(nn::Sequential& model, const datasets::Dataset& test) {
  Tensor images = slice_axis(test.x, 0, 0, 3);
  Tensor p = softmax(model.predict(images), -1);
  Tensor guess = argmax(p, 1);
  for (int64_t i = 0; i < 3; ++i) {
    int64_t digit = guess.at<int64_t>(i);
    std::printf("\n%s    a %lld, read as %lld with probability %.3f\n", drawing(images[i]).c_str(), static_cast<long long>(test.y.at<int64_t>(i)),
                static_cast<long long>(digit), double(p.at<float>(i, digit)));
  }
}

// An image file as one sample: grey, 28 by 28, white on black as MNIST has it.
Tensor load_image(const std::string& path) {
  bool npy = path.size() > 4 && path.substr(path.size() - 4) == ".npy";
  Tensor x = npy ? load_npy(path) : load_png(path);
  bool bytes = x.dtype() == uint8;
  x = cast(x, float32);
  if (bytes) x = x / 255;
  if (!npy && x.shape()[-1] > 1) x = mean(x[{ellipsis, slice(x.shape()[-1] >= 3 ? 3 : 1)}], -1);
  if (x.size() != 28 * 28) throw ShapeError(path + ": an image of 28 by 28 is needed\n  image  " + describe(x));
  return reshape(x, {1, 28, 28, 1});
}

int run(const Flags& flags) {
  if (flags.device != "cpu")
    throw DeviceError("mnist: convolutions run on the cpu only so far (--device " + flags.device + ")");
  set_random_seed(flags.seed);
  nn::Sequential model = make_model(flags.model);
  compile(model, flags);

  if (!flags.predict.empty()) {
    if (flags.load.empty()) throw Error("mnist: --predict needs --load FILE with trained weights");
    Tensor x = load_image(flags.predict);
    model(x);
    model.load_weights(flags.load);
    Tensor p = softmax(model.predict(x), -1);
    int64_t digit = argmax(p, 1).item<int64_t>();
    std::printf("%s%lld (probability %.3f)\n", drawing(x[0]).c_str(), static_cast<long long>(digit), double(p.at<float>(0, digit)));
    return 0;
  }

  bool real;
  auto [train, test] = load_digits(real);
  model(slice_axis(train.x, 0, 0, 1));  // the first call shows the layers their shapes
  std::printf("%s\n", model.summary().c_str());

  if (flags.load.empty()) {
    auto start = std::chrono::steady_clock::now();
    nn::History history = model.fit(train.x, train.y, {.batch_size = flags.batch_size, .epochs = flags.epochs,
                                                       .validation_split = 0.05, .callbacks = {Decay{flags.learning_rate}}, .seed = flags.seed});
    spdlog::info("trained for {:.1f} s", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    show_curve(history);
  } else {
    model.load_weights(flags.load);
    spdlog::info("weights from {}", flags.load);
  }
  double accuracy = model.evaluate(test.x, test.y, {.batch_size = 256})["accuracy"];

  if (!flags.save.empty()) {
    model.save_weights(flags.save);
    spdlog::info("weights written to {}", flags.save);
    nn::Sequential fresh = make_model(flags.model);
    compile(fresh, flags);
    fresh(slice_axis(train.x, 0, 0, 1));
    fresh.load_weights(flags.save);
    double again = fresh.evaluate(test.x, test.y, {.batch_size = 256, .verbose = 0})["accuracy"];
    spdlog::info("read into a fresh model: test accuracy {:.4f} ({})", again, again == accuracy ? "the same" : "DIFFERENT");
    if (again != accuracy) return 1;
  }
  show_predictions(model, test);
  if (flags.demo && !real) std::printf("\n(generated digits, not MNIST)");
  std::printf("\ntest accuracy %.4f\n", accuracy);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stdout_color_mt("mnist"));
  spdlog::set_pattern("%v");
  Flags flags;
  CLI::App app{"Trains a network on MNIST (looked for in $REEL_DATA and Keras's cache, else downloaded), evaluates it, shows what it reads."};
  app.add_option("--model", flags.model, "lenet: two convolutions; mlp: two dense layers")->check(CLI::IsMember({"lenet", "mlp"}))->capture_default_str();
  app.add_option("--epochs", flags.epochs, "passes over the training images")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--batch-size", flags.batch_size, "images a step")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--learning-rate", flags.learning_rate, "of Adam, halved after each epoch")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--device", flags.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}))->capture_default_str();
  app.add_option("--seed", flags.seed, "of weights, order and dropout: the same seed gives the same digits")->capture_default_str();
  app.add_option("--save", flags.save, "write the weights (.safetensors or .npz), read them back into a fresh model and compare");
  app.add_option("--load", flags.load, "start from these weights instead of training");
  app.add_option("--predict", flags.predict, "read one image (.png or .npy, 28 by 28, white on black); needs --load");
  app.add_flag("--demo", flags.demo, "what ./dev demo runs: train, save, load, evaluate again, show");
  CLI11_PARSE(app, argc, argv);
  if (flags.demo && flags.save.empty()) flags.save = (std::filesystem::temp_directory_path() / "reel-mnist.safetensors").string();
  try {
    return run(flags);
  } catch (const std::exception& e) {
    spdlog::error("{}", e.what());
    return 1;
  }
}
