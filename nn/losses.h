#pragma once
// Losses, as functions of (y_true, y_pred) and as objects or names for compile. Definitions and reductions are Keras 3's.
#include <string>

#include "tensor/tensor.h"

namespace reel::nn {

struct CrossentropyOptions {
  bool from_logits = false;
  double label_smoothing = 0;  // not for sparse labels
};

// Each returns the mean over the batch (and any axes between batch and classes) as one number, ready for backward.
// Labels [n] or [n, 1] of integers against [n, classes]; a label outside [0, classes) throws.
Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, CrossentropyOptions options = {}, Where where = {});
// Probabilities [n, classes] against [n, classes].
Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, CrossentropyOptions options = {}, Where where = {});
// 0 or 1 against a probability, or a logit.
Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, CrossentropyOptions options = {}, Where where = {});
Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred, Where where = {});
Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred, Where where = {});

// What compile takes: a loss object, one of Keras's names ("mse", "sparse_categorical_crossentropy", "hinge", "huber", "kl_divergence",
// "log_cosh", "poisson", "cosine_similarity", "mape", "msle" ...), or any function returning one loss a sample.
class Loss {
 public:
  // Unreduced: one number a sample (and inner axis).
  using Function = Tensor (*)(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& options, Where where);

  Loss() = default;
  Loss(const char* name);
  Loss(const std::string& name) : Loss(name.c_str()) {}
  template <class F>
    requires std::is_convertible_v<F, Tensor (*)(const Tensor&, const Tensor&)>
  Loss(F function) : custom_(function), name_("custom") {}
  Loss(std::string name, Function function, CrossentropyOptions options = {}) : function_(function), options_(options), name_(std::move(name)) {}

  explicit operator bool() const { return function_ || custom_; }
  // The mean over all samples; with weights [n], the weighted sum over the number of samples ("sum_over_batch_size").
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}, Where where = {}) const;
  const std::string& name() const { return name_; }
  const CrossentropyOptions& options() const { return options_; }

 private:
  Function function_ = nullptr;
  Tensor (*custom_)(const Tensor&, const Tensor&) = nullptr;
  CrossentropyOptions options_;
  std::string name_;
};

struct SparseCategoricalCrossentropy : Loss { SparseCategoricalCrossentropy(CrossentropyOptions options = {}); };
struct CategoricalCrossentropy : Loss { CategoricalCrossentropy(CrossentropyOptions options = {}); };
struct BinaryCrossentropy : Loss { BinaryCrossentropy(CrossentropyOptions options = {}); };
struct MeanSquaredError : Loss { MeanSquaredError(); };
struct MeanAbsoluteError : Loss { MeanAbsoluteError(); };

}  // namespace reel::nn
