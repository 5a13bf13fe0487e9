#include "nn/loader.h"

#include <algorithm>

#include "tensor/held.h"
#include "tensor/ops/index.h"
#include "tensor/ops/random.h"
#include "tensor/ops/view.h"

namespace reel::data {

Loader::Loader(datasets::Dataset data, LoaderOptions options, Where where) : data_(std::move(data)), options_(options), order_{options.seed} {
  held("Loader", data_.x, where), held("Loader", data_.y, where);
  auto refuse = [&](const std::string& why) {
    fail_at(ShapeError("Loader: " + why + "\n  x  " + describe(data_.x) + "\n  y  " + describe(data_.y)), where);
  };
  if (data_.x.rank() < 1 || data_.y.rank() < 1 || data_.x.shape()[0] != data_.y.shape()[0]) refuse("x and y need the same number of samples on their first axis");
  if (options_.batch_size < 1) refuse("batch_size must be at least 1, got " + std::to_string(options_.batch_size));
}

int64_t Loader::size() const {
  int64_t n = data_.x.shape()[0];
  return n / options_.batch_size + (!options_.drop_last && n % options_.batch_size != 0);
}

Loader::Iterator Loader::begin() const { return {this, options_.shuffle ? permutation(data_.x.shape()[0], order_) : Tensor(), 0}; }

Batch Loader::batch(const Tensor& order, int64_t at) const {
  int64_t begin = at * options_.batch_size, count = std::min(options_.batch_size, data_.x.shape()[0] - begin);
  if (!order) return {slice_axis(data_.x, 0, begin, count), slice_axis(data_.y, 0, begin, count)};
  Tensor rows = slice_axis(order, 0, begin, count);
  return {take(data_.x, rows, 0), take(data_.y, rows, 0)};
}

}  // namespace reel::data
