#include <array>

#include "io/download.h"
#include "io/file.h"
#include "io/idx.h"
#include "io/npy.h"
#include "nn/datasets.h"
#include "nn/places.h"
#include "tensor/mode.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/view.h"

namespace reel::datasets {
namespace {

const std::string kBucket = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/";
constexpr const char* kMnistSum = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1";

const std::vector<std::string> kIdxFiles = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
                                            "t10k-labels-idx1-ubyte.gz"};
// Of Zalando's originals.
constexpr std::array<const char*, 4> kFashionSums = {
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"};

Dataset prepared(const Tensor& images, const Tensor& labels, const std::string& path) {
  auto fail = [&](const std::string& problem) { throw FileError(path + ": " + problem + "\n  images  " + describe(images) + "\n  labels  " + describe(labels)); };
  if (images.rank() != 3 || images.dim(1) != 28 || images.dim(2) != 28 || images.dtype() != uint8) fail("the images are not uint8[n, 28, 28]");
  if (labels.rank() != 1 || labels.dim(0) != images.dim(0) || labels.dtype() != uint8) fail("the labels are not uint8, one for each image");
  for (uint8_t label : labels.values<uint8_t>())
    if (label > 9) fail("the label " + std::to_string(label) + " is none of 0 .. 9");
  return {reshape(cast(images, float32) / 255.f, {images.dim(0), 28, 28, 1}), cast(labels, int64)};
}

Split from_idx(const std::string& folder) {
  std::array<Tensor, 4> x;
  for (size_t i = 0; i < 4; ++i) x[i] = load_idx(folder + "/" + kIdxFiles[i]);
  return {prepared(x[0], x[1], folder + "/train-*"), prepared(x[2], x[3], folder + "/t10k-*")};
}

Split from_npz(const std::string& path) {
  NamedTensors all = load_npz(path);
  for (const char* key : {"x_train", "y_train", "x_test", "y_test"}) {
    bool found = false;
    for (const auto& t : all) found |= t.first == key;
    if (!found) throw FileError(path + ": it has no array \"" + key + "\"");
  }
  return {prepared(named(all, "x_train"), named(all, "y_train"), path), prepared(named(all, "x_test"), named(all, "y_test"), path)};
}

// False, and noted, when it did not come.
bool fetched(Places& places, const std::string& url, const std::string& path, const char* sum) {
  try {
    download(url, path, sum);
    return true;
  } catch (const FileError& e) {
    places.note(e.what());
    return false;
  }
}

}  // namespace

Split mnist(Where where) {
  return located(where, [&] {
    NoGrad no_grad;
    Places places;
    const std::string file = "mnist.npz";
    if (std::string data = data_folder(places); !data.empty() && places.has(data + "/mnist", kIdxFiles)) return from_idx(data + "/mnist");
    if (std::string keras = keras_folder(places); !keras.empty() && places.has(keras, {file})) return from_npz(keras + "/" + file);
    if (std::string cache = cache_folder(places); !cache.empty()) {
      if (places.has(cache, {file}) || fetched(places, kBucket + file, cache + "/" + file, kMnistSum)) return from_npz(cache + "/" + file);
    }
    places.fail("mnist: not found (datasets::synthetic_digits needs no file); looked in");
  });
}

Split fashion_mnist(Where where) {
  return located(where, [&] {
    NoGrad no_grad;
    Places places;
    std::string data = data_folder(places), keras = keras_folder(places), cache = cache_folder(places);
    for (const std::string& folder : {data, keras, cache})
      if (!folder.empty() && places.has(folder + "/fashion-mnist", kIdxFiles)) return from_idx(folder + "/fashion-mnist");
    bool all = !cache.empty();
    for (size_t i = 0; all && i < 4; ++i) all = fetched(places, kBucket + kIdxFiles[i], cache + "/fashion-mnist/" + kIdxFiles[i], kFashionSums[i]);
    if (all) return from_idx(cache + "/fashion-mnist");
    places.fail("fashion_mnist: not found; looked in");
  });
}

}  // namespace reel::datasets
