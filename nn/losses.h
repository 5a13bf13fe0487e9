#pragma once
// Losses, as functions of (y_true, y_pred) and as objects or names for compile. Definitions and reductions are Keras 3's.
#include <string>
#include <variant>

#include "tensor/ops/reduce.h"

namespace reel::nn {

struct CrossentropyOptions {
  bool from_logits = false;
  double label_smoothing = 0;  // not for sparse labels
};
struct BinaryFocalCrossentropyOptions {
  bool apply_class_balancing = false;  // weights alpha for ones and 1 - alpha for zeros
  double alpha = 0.25, gamma = 2;
  bool from_logits = false;
  double label_smoothing = 0;
};
struct CategoricalFocalCrossentropyOptions {
  double alpha = 0.25, gamma = 2;  // alpha is a factor of the whole
  bool from_logits = false;
  double label_smoothing = 0;
};
struct DiceOptions {
  Axes axis = {};  // summed over; none: over everything, samples included
};
struct TverskyOptions {
  double alpha = 0.5, beta = 0.5;
  Axes axis = {};
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
// "log_cosh", "poisson", "cosine_similarity", "mape", "msle", "binary_focal_crossentropy", "dice", "tversky" ...), or any function returning one loss a sample.
class Loss {
 public:
  // What the loss was made with; CrossentropyOptions where it has none.
  using Options = std::variant<CrossentropyOptions, BinaryFocalCrossentropyOptions, CategoricalFocalCrossentropyOptions, DiceOptions, TverskyOptions>;
  // Unreduced: one number a sample (and inner axis).
  using Function = Tensor (*)(const Tensor& y_true, const Tensor& y_pred, const Options& options, Where where);

  Loss() = default;
  Loss(const char* name);
  Loss(const std::string& name) : Loss(name.c_str()) {}
  template <class F>
    requires std::is_convertible_v<F, Tensor (*)(const Tensor&, const Tensor&)>
  Loss(F function) : custom_(function), name_("custom") {}
  Loss(std::string name, Function function, Options options = {}) : function_(function), options_(options), name_(std::move(name)) {}

  explicit operator bool() const { return function_ || custom_; }
  // The mean over all samples; with weights [n], the weighted sum over the number of samples ("sum_over_batch_size").
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}, Where where = {}) const;
  const std::string& name() const { return name_; }
  const Options& options() const { return options_; }

 private:
  Function function_ = nullptr;
  Tensor (*custom_)(const Tensor&, const Tensor&) = nullptr;
  Options options_;
  std::string name_;
};

struct SparseCategoricalCrossentropy : Loss { SparseCategoricalCrossentropy(CrossentropyOptions options = {}); };
struct CategoricalCrossentropy : Loss { CategoricalCrossentropy(CrossentropyOptions options = {}); };
struct BinaryCrossentropy : Loss { BinaryCrossentropy(CrossentropyOptions options = {}); };
// Cross entropy times (1 - p)^gamma, p being the probability given to the truth: what is easily told counts less. Lin et al., 2017.
struct BinaryFocalCrossentropy : Loss { BinaryFocalCrossentropy(BinaryFocalCrossentropyOptions options = {}); };
struct CategoricalFocalCrossentropy : Loss { CategoricalFocalCrossentropy(CategoricalFocalCrossentropyOptions options = {}); };
// 1 - 2 sum(t p) / (sum(t) + sum(p)), how little two masks overlap.
struct Dice : Loss { Dice(DiceOptions options = {}); };
// 1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum(p (1 - t))). Salehi et al., 2017, in Keras's code: alpha weighs what was missed.
struct Tversky : Loss { Tversky(TverskyOptions options = {}); };
struct MeanSquaredError : Loss { MeanSquaredError(); };
struct MeanAbsoluteError : Loss { MeanAbsoluteError(); };

}  // namespace reel::nn
