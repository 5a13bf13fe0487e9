#pragma once
// Batches of a data set, for loops of one's own: for (auto [x, y] : data::Loader(train, {.batch_size = 64, .shuffle = true})) ...
#include "nn/datasets.h"
#include "tensor/random.h"

namespace reel::data {

struct LoaderOptions {
  int64_t batch_size = 32;
  bool shuffle = false;
  bool drop_last = false;  // leave out a last batch that is not full
  uint64_t seed = 0;       // of the order; each pass over the loader has another, the same from run to run
};
struct Batch {
  Tensor x, y;
};

// The last batch holds what is left. Rows are copied when shuffled, otherwise they are views.
class Loader {
 public:
  Loader(datasets::Dataset data, LoaderOptions options = {}, Where where = {});
  Loader(const Tensor& x, const Tensor& y, LoaderOptions options = {}, Where where = {}) : Loader(datasets::Dataset{x, y}, options, where) {}

  class Iterator {
   public:
    Batch operator*() const { return of_->batch(order_, at_); }
    Iterator& operator++() { ++at_; return *this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    friend class Loader;
    Iterator(const Loader* of, Tensor order, int64_t at) : of_(of), order_(std::move(order)), at_(at) {}
    const Loader* of_;
    Tensor order_;
    int64_t at_;
  };
  Iterator begin() const;
  Iterator end() const { return {this, {}, size()}; }
  int64_t size() const;  // batches

 private:
  Batch batch(const Tensor& order, int64_t at) const;
  datasets::Dataset data_;
  LoaderOptions options_;
  mutable Generator order_;
};

}  // namespace reel::data
