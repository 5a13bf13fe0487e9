// MNIST where it stands, the error where it does not, and the drawn digits.
#include "nn/datasets.h"

#include <algorithm>
#include <vector>

#include "io/npy.h"
#include "reel.h"
#include "tensor/parallel.h"
#include "tests/files.h"

using namespace reel;

namespace {

std::vector<int64_t> counts(const Tensor& labels) {
  std::vector<int64_t> n(10);
  for (int64_t label : labels.values<int64_t>()) ++n[size_t(label)];
  return n;
}

NamedTensors small_mnist() {
  Tensor images = cast(full({3, 28, 28}, 51), uint8), labels = cast(arange(3), uint8);
  return {{"x_train", images}, {"y_train", labels}, {"x_test", images}, {"y_test", labels}};
}

}  // namespace

TEST_CASE("MNIST has its known counts and mean") {
  if (real_data("mnist").empty()) return;
  auto [train, test] = datasets::mnist();
  CHECK(train.x.shape() == Shape{60000, 28, 28, 1});
  CHECK(test.x.shape() == Shape{10000, 28, 28, 1});
  CHECK(counts(train.y) == std::vector<int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});
  CHECK(counts(test.y) == std::vector<int64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});
  CHECK(mean(train.x).item() == doctest::Approx(0.1307).epsilon(0.001));
  CHECK(max(train.x).item() == 1);
}

TEST_CASE("Fashion-MNIST has its known counts and mean") {
  if (real_data("fashion-mnist").empty()) return;
  auto [train, test] = datasets::fashion_mnist();
  CHECK(counts(train.y) == std::vector<int64_t>(10, 6000));
  CHECK(counts(test.y) == std::vector<int64_t>(10, 1000));
  CHECK(mean(train.x).item() == doctest::Approx(0.2860).epsilon(0.001));
}

TEST_CASE("mnist is found in Keras's folder and in our cache, and a damaged file is not passed over") {
  TemporaryFolder folder;
  Setting data("REEL_DATA", nullptr), home("HOME", folder.path().c_str()), cache("XDG_CACHE_HOME", (folder / "cache").c_str());
  std::filesystem::create_directories(folder / "cache/reel");
  std::filesystem::create_directories(folder / ".keras/datasets");
  NamedTensors arrays = small_mnist();
  save_npz(folder / "cache/reel/mnist.npz", arrays);
  datasets::Split found = datasets::mnist();
  CHECK(found.train.x.shape() == Shape{3, 28, 28, 1});
  CHECK(found.train.x.at<float>(2, 27, 27, 0) == 51.f / 255.f);
  CHECK(found.test.y.at<int64_t>(2) == 2);

  arrays[1].second = cast(full({3}, 10), uint8);
  save_npz(folder / ".keras/datasets/mnist.npz", arrays);
  CHECK_THROWS_WITH_AS(datasets::mnist(), doctest::Contains("the label 10 is none of 0 .. 9"), FileError);
  arrays[1].second = cast(arange(2), uint8);
  save_npz(folder / ".keras/datasets/mnist.npz", arrays);
  CHECK_THROWS_WITH_AS(datasets::mnist(), doctest::Contains("one for each image"), FileError);
  arrays.pop_back();
  save_npz(folder / ".keras/datasets/mnist.npz", arrays);
  CHECK_THROWS_WITH_AS(datasets::mnist(), doctest::Contains("no array \"y_test\""), FileError);
  write_file(folder / ".keras/datasets/mnist.npz", "cut");
  CHECK_THROWS_WITH_AS(datasets::mnist(), doctest::Contains(".keras/datasets/mnist.npz: is not a zip archive"), FileError);
}

TEST_CASE("without files and network the error lists every place") {
  TemporaryFolder folder;
  // The proxy that nobody serves keeps the test from the network.
  Setting proxy("https_proxy", "http://127.0.0.1:1"), all("no_proxy", nullptr);
  Setting data("REEL_DATA", (folder / "data").c_str()), home("HOME", folder.path().c_str()), cache("XDG_CACHE_HOME", nullptr);
  for (bool fashion : {false, true}) {
    try {
      fashion ? datasets::fashion_mnist() : datasets::mnist();
      FAIL("it was found");
    } catch (const FileError& e) {
      std::string what = e.what();
      CAPTURE(what);
      for (const char* part : {"/data/", "/.keras/datasets", "/.cache/reel", "download: https://storage.googleapis.com", "at datasets_test.cc:"})
        CHECK(what.find(part) != std::string::npos);
    }
  }
}

TEST_CASE("drawn digits depend on the seed and the number alone, and every ten hold each digit") {
  auto [train, test] = datasets::synthetic_digits(200, 50, 7);
  CHECK(train.x.shape() == Shape{200, 28, 28, 1});
  CHECK(test.x.shape() == Shape{50, 28, 28, 1});
  CHECK(counts(train.y) == std::vector<int64_t>(10, 20));
  CHECK(min(train.x).item() >= 0);
  CHECK(max(train.x).item() <= 1);
  set_num_threads(1);
  auto again = datasets::synthetic_digits(30, 0, 7);
  set_num_threads(0);
  CHECK(again.test.x.shape() == Shape{0, 28, 28, 1});
  auto same = [](const Tensor& a, const Tensor& b, size_t n) { return std::equal(a.values<float>().begin(), a.values<float>().begin() + long(n), b.values<float>().begin()); };
  CHECK(same(again.train.x, train.x, 30 * 784));
  CHECK(!same(datasets::synthetic_digits(30, 0, 8).train.x, train.x, 784));
  CHECK(!same(test.x, train.x, 784));
  CHECK_THROWS_WITH_AS(datasets::synthetic_digits(-1), doctest::Contains("-1 and 1000"), ShapeError);
}

TEST_CASE("drawn digits can be told apart by their nearest neighbour, yet not by their mean figures alone") {
  auto [train, test] = datasets::synthetic_digits(2000, 200, 0);
  const float *a = train.x.values<float>().data(), *b = test.x.values<float>().data();
  std::vector<float> means(10 * 784);
  for (int64_t i = 0; i < 2000; ++i)
    for (int64_t p = 0; p < 784; ++p) means[size_t(train.y.at<int64_t>(i) * 784 + p)] += a[i * 784 + p] / 200;
  auto nearest = [](const float* x, const float* rows, int64_t n) {
    int64_t best = 0;
    float least = 1e30f;
    for (int64_t i = 0; i < n; ++i) {
      float d = 0;
      for (int64_t p = 0; p < 784; ++p) d += (x[p] - rows[i * 784 + p]) * (x[p] - rows[i * 784 + p]);
      if (d < least) least = d, best = i;
    }
    return best;
  };
  int by_neighbour = 0, by_mean = 0;
  for (int64_t i = 0; i < 200; ++i) {
    by_neighbour += train.y.at<int64_t>(nearest(b + i * 784, a, 2000)) == test.y.at<int64_t>(i);
    by_mean += nearest(b + i * 784, means.data(), 10) == test.y.at<int64_t>(i);
  }
  MESSAGE("of 200 digits " << by_neighbour << " by neighbour, " << by_mean << " by mean");
  CHECK(by_neighbour > 180);
  CHECK(by_mean < 180);
}
