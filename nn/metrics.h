#pragma once
// Metrics: sums over batches that give one number for an epoch, weighted by the true batch sizes.
#include <string>

#include "nn/losses.h"

namespace reel::nn {

// By name: "accuracy" (or "acc", chosen by the shapes as Keras does: one output binary, labels without class axis sparse, else categorical),
// "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "mse", "mae"; or a function giving one number a sample.
class Metric {
 public:
  using Function = Tensor (*)(const Tensor& y_true, const Tensor& y_pred);

  Metric(const char* name);
  Metric(const std::string& name) : Metric(name.c_str()) {}
  Metric(std::string name, Function per_sample) : name_(std::move(name)), function_(per_sample) {}

  void reset() { total_ = 0, count_ = 0; }
  void update(const Tensor& y_true, const Tensor& y_pred);
  double result() const { return count_ ? total_ / double(count_) : 0; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  Function function_ = nullptr;
  double total_ = 0;
  int64_t count_ = 0;
};

}  // namespace reel::nn
