#include "nn/losses.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/loss.h"
#include "tensor/ops/loss_nd.h"
#include "tensor/ops/normalization.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/softmax.h"
#include "tensor/ops/view.h"

namespace reel::nn {
namespace {

constexpr double kEpsilon = 1e-7;  // Keras's

[[noreturn]] void mismatch(const char* loss, const std::string& why, const Tensor& y_true, const Tensor& y_pred, Where where) {
  fail_at(ShapeError(std::string(loss) + ": " + why + "\n  y_true  " + describe(y_true) + "\n  y_pred  " + describe(y_pred)), where);
}

// y_true with y_pred's shape: one trailing axis of 1 may be missing or too many on either side; nothing else broadcasts.
Tensor matched(const char* loss, const Tensor& y_true, const Tensor& y_pred, Where where) {
  Tensor y = cast(y_true, y_pred.dtype(), where);
  if (y.shape() == y_pred.shape()) return y;
  bool differs_by_one = y.size() == y_pred.size() && (y.rank() == y_pred.rank() + 1 || y.rank() + 1 == y_pred.rank());
  bool trailing = differs_by_one && (y.rank() > y_pred.rank() ? y.shape()[-1] : y_pred.shape()[-1]) == 1;
  if (!trailing) mismatch(loss, "shapes differ: " + to_string(y.shape()) + " and " + to_string(y_pred.shape()), y_true, y_pred, where);
  return reshape(y, y_pred.shape(), where);
}

// Keras scores probabilities as logs of what lies in [epsilon, 1 - epsilon].
Tensor clipped_log(const Tensor& p, Where where) { return log(clip(p, kEpsilon, 1 - kEpsilon, where), where); }
Tensor normalized(const Tensor& p, Where where) { return divide(Operand(p, where), sum(p, -1, true, where)); }

using Options = Loss::Options;

Tensor sparse(const Tensor& y_true, const Tensor& y_pred, const Options& options, Where where) {
  const auto& o = std::get<CrossentropyOptions>(options);
  const char* name = "sparse_categorical_crossentropy";
  if (o.label_smoothing != 0) mismatch(name, "label_smoothing needs categorical_crossentropy", y_true, y_pred, where);
  if (y_pred.rank() < 1) mismatch(name, "predictions need a class axis", y_true, y_pred, where);
  Tensor labels = is_floating(y_true.dtype()) ? cast(y_true, int64, where) : y_true;
  if (labels.rank() == y_pred.rank() && labels.shape()[-1] == 1) labels = squeeze(labels, -1, where);
  Shape rows = y_pred.shape();
  Shape expected;
  for (int i = 0; i + 1 < rows.rank(); ++i) expected.push(rows[i]);
  if (!(labels.shape() == expected))
    mismatch(name, "labels of shape " + to_string(y_true.shape()) + " for predictions " + to_string(y_pred.shape()) + " (expected one label for each row: " +
                       to_string(expected) + ")", y_true, y_pred, where);
  // The logarithms of clipped probabilities are logits of the same distribution up to their sum, which Keras takes out as well.
  Tensor logits = o.from_logits ? y_pred : clipped_log(normalized(y_pred, where), where);
  return sparse_softmax_cross_entropy(logits, labels, -1, where);
}

// y_true with y_pred's shape and dtype, part of it spread over all classes.
Tensor one_of_all(const char* name, const Tensor& given, const Tensor& y_pred, double smoothing, Where where) {
  if (!(given.shape() == y_pred.shape())) mismatch(name, "shapes differ: " + to_string(given.shape()) + " and " + to_string(y_pred.shape()), given, y_pred, where);
  Tensor y_true = cast(given, y_pred.dtype(), where);
  return smoothing > 0 ? y_true * (1 - smoothing) + smoothing / double(y_pred.shape()[-1]) : y_true;
}
Tensor categorical(const Tensor& given, const Tensor& y_pred, const Options& options, Where where) {
  const auto& o = std::get<CrossentropyOptions>(options);
  Tensor y_true = one_of_all("categorical_crossentropy", given, y_pred, o.label_smoothing, where);
  if (o.from_logits) return softmax_cross_entropy(y_pred, y_true, -1, where);
  return negative(sum(y_true * clipped_log(normalized(y_pred, where), where), -1, false, where), where);
}
Tensor categorical_focal(const Tensor& given, const Tensor& y_pred, const Options& options, Where where) {
  const auto& o = std::get<CategoricalFocalCrossentropyOptions>(options);
  Tensor y_true = one_of_all("categorical_focal_crossentropy", given, y_pred, o.label_smoothing, where);
  Tensor p = clip(normalized(o.from_logits ? softmax(y_pred, -1, where) : y_pred, where), kEpsilon, 1 - kEpsilon, where);
  return sum(-o.alpha * pow(1 - p, o.gamma) * y_true * log(p, where), -1, false, where);
}

Tensor smoothed(const char* name, const Tensor& given, const Tensor& y_pred, double smoothing, Where where) {
  Tensor y_true = matched(name, given, y_pred, where);
  return smoothing > 0 ? y_true * (1 - smoothing) + 0.5 * smoothing : y_true;
}
Tensor binary_from_probabilities(const Tensor& y_true, const Tensor& y_pred, Where where) {
  Tensor p = clip(y_pred, kEpsilon, 1 - kEpsilon, where);
  return negative(y_true * log(p, where) + (1 - y_true) * log(1 - p), where);
}
Tensor binary(const Tensor& given, const Tensor& y_pred, const Options& options, Where where) {
  const auto& o = std::get<CrossentropyOptions>(options);
  Tensor y_true = smoothed("binary_crossentropy", given, y_pred, o.label_smoothing, where);
  Tensor each = o.from_logits ? sigmoid_cross_entropy(y_pred, y_true, where) : binary_from_probabilities(y_true, y_pred, where);
  return each.rank() > 1 ? mean(each, -1, false, where) : each;
}
Tensor binary_focal(const Tensor& given, const Tensor& y_pred, const Options& options, Where where) {
  const auto& o = std::get<BinaryFocalCrossentropyOptions>(options);
  Tensor t = smoothed("binary_focal_crossentropy", given, y_pred, o.label_smoothing, where), p = o.from_logits ? sigmoid(y_pred, where) : y_pred;
  Tensor each = pow(1 - (t * p + (1 - t) * (1 - p)), o.gamma) * binary_from_probabilities(t, p, where);
  if (o.apply_class_balancing) each = (o.alpha * t + (1 - o.alpha) * (1 - t)) * each;
  return each.rank() > 1 ? mean(each, -1, false, where) : each;
}

Tensor dice(const Tensor& given, const Tensor& p, const Options& options, Where where) {
  const Axes& axis = std::get<DiceOptions>(options).axis;
  Tensor t = matched("dice", given, p, where);
  return 1 - 2 * sum(t * p, axis, false, where) / (sum(t, axis, false, where) + sum(p, axis, false, where) + kEpsilon);
}
Tensor tversky(const Tensor& given, const Tensor& p, const Options& options, Where where) {
  const auto& o = std::get<TverskyOptions>(options);
  Tensor t = matched("tversky", given, p, where), both = sum(t * p, o.axis, false, where);
  return 1 - both / (both + o.alpha * sum(t * (1 - p), o.axis, false, where) + o.beta * sum(p * (1 - t), o.axis, false, where) + kEpsilon);
}

Tensor squared(const Tensor& given, const Tensor& y_pred, const Options&, Where where) {
  // The prediction first: the gradient then reaches it without a change of sign.
  Tensor d = squared_difference(Operand(y_pred, where), matched("mean_squared_error", given, y_pred, where));
  return d.rank() > 1 ? mean(d, -1, false, where) : d;
}
Tensor absolute(const Tensor& given, const Tensor& y_pred, const Options&, Where where) {
  Tensor d = abs(subtract(Operand(matched("mean_absolute_error", given, y_pred, where), where), y_pred), where);
  return d.rank() > 1 ? mean(d, -1, false, where) : d;
}

// The mean over the last axis of f(y_true, y_pred) of equal shapes.
template <class F> Tensor averaged(const char* name, const Tensor& given, const Tensor& y_pred, Where where, F&& f) {
  Tensor each = f(matched(name, given, y_pred, where), y_pred);
  return each.rank() > 1 ? mean(each, -1, false, where) : each;
}
template <class F> Tensor summed(const char* name, const Tensor& given, const Tensor& y_pred, Where where, F&& f) {
  Tensor each = f(matched(name, given, y_pred, where), y_pred);
  return each.rank() > 0 ? sum(each, -1, false, where) : each;
}
// Labels that are all 0 or 1 mean -1 and 1.
Tensor signs(const Tensor& y) { return reel::where(all(logical_or(y == 0, y == 1)), 2 * y - 1, y); }

Tensor percentage(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return averaged("mean_absolute_percentage_error", t, p, w, [&](const Tensor& y, const Tensor& x) { return 100 * abs((y - x) / maximum(abs(y), kEpsilon)); });
}
Tensor logarithmic(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return averaged("mean_squared_logarithmic_error", t, p, w,
                  [&](const Tensor& y, const Tensor& x) { return square(log(maximum(x, kEpsilon) + 1) - log(maximum(y, kEpsilon) + 1)); });
}
Tensor hinge(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return averaged("hinge", t, p, w, [&](const Tensor& y, const Tensor& x) { return hinge_loss(x, signs(y), w); });
}
Tensor squared_hinge(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return averaged("squared_hinge", t, p, w, [&](const Tensor& y, const Tensor& x) { return square(hinge_loss(x, signs(y), w)); });
}
Tensor categorical_hinge(const Tensor& t, const Tensor& p, const Options&, Where w) {
  Tensor y = matched("categorical_hinge", t, p, w);
  return maximum(max((1 - y) * p, -1) - sum(y * p, -1) + 1, 0);
}
Tensor log_cosh(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return averaged("log_cosh", t, p, w, [&](const Tensor& y, const Tensor& x) { return (x - y) + softplus(-2 * (x - y), w) - std::log(2.); });
}
Tensor huber(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return averaged("huber", t, p, w, [&](const Tensor& y, const Tensor& x) { return huber_loss(x, y, 1, w); });
}
Tensor divergence(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return summed("kl_divergence", t, p, w, [&](const Tensor& y, const Tensor& x) {
    Tensor a = clip(y, kEpsilon, 1), b = clip(x, kEpsilon, 1);
    return a * (log(a, w) - log(b, w));
  });
}
Tensor poisson(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return averaged("poisson", t, p, w, [&](const Tensor& y, const Tensor& x) { return x - y * log(x + kEpsilon, w); });
}
Tensor cosine(const Tensor& t, const Tensor& p, const Options&, Where w) {
  return summed("cosine_similarity", t, p, w, [&](const Tensor& y, const Tensor& x) { return -(unit_norm(y, -1, 1e-12, w) * unit_norm(x, -1, 1e-12, w)); });
}

struct Named {
  const char* name;
  const char* canonical;
  Loss::Function function;
  Options options = {};
};
constexpr Named kLosses[] = {
    {"sparse_categorical_crossentropy", "sparse_categorical_crossentropy", &sparse},
    {"categorical_crossentropy", "categorical_crossentropy", &categorical},
    {"binary_crossentropy", "binary_crossentropy", &binary},
    {"binary_focal_crossentropy", "binary_focal_crossentropy", &binary_focal, BinaryFocalCrossentropyOptions{}},
    {"categorical_focal_crossentropy", "categorical_focal_crossentropy", &categorical_focal, CategoricalFocalCrossentropyOptions{}},
    {"dice", "dice", &dice, DiceOptions{}},
    {"tversky", "tversky", &tversky, TverskyOptions{}},
    {"mean_squared_error", "mean_squared_error", &squared},
    {"mse", "mean_squared_error", &squared},
    {"mean_absolute_error", "mean_absolute_error", &absolute},
    {"mae", "mean_absolute_error", &absolute},
    {"mean_absolute_percentage_error", "mean_absolute_percentage_error", &percentage},
    {"mape", "mean_absolute_percentage_error", &percentage},
    {"mean_squared_logarithmic_error", "mean_squared_logarithmic_error", &logarithmic},
    {"msle", "mean_squared_logarithmic_error", &logarithmic},
    {"hinge", "hinge", &hinge},
    {"squared_hinge", "squared_hinge", &squared_hinge},
    {"categorical_hinge", "categorical_hinge", &categorical_hinge},
    {"log_cosh", "log_cosh", &log_cosh},
    {"logcosh", "log_cosh", &log_cosh},
    {"huber", "huber", &huber},
    {"kl_divergence", "kl_divergence", &divergence},
    {"kld", "kl_divergence", &divergence},
    {"kullback_leibler_divergence", "kl_divergence", &divergence},
    {"poisson", "poisson", &poisson},
    {"cosine_similarity", "cosine_similarity", &cosine},
    {"cosine_proximity", "cosine_similarity", &cosine},
};

}  // namespace

Loss::Loss(const char* name) {
  std::vector<std::string> valid;
  for (const Named& l : kLosses) {
    if (std::strcmp(l.name, name) == 0) {
      function_ = l.function;
      options_ = l.options;
      name_ = l.canonical;
      return;
    }
    valid.push_back(l.name);
  }
  unknown_name("loss", name, valid);
}

Tensor Loss::operator()(const Tensor& y_true, const Tensor& predicted, const Tensor& sample_weight, Where where) const {
  if (!*this) fail_at(Error("Loss: none was chosen (nn::Loss(\"mse\"), nn::MeanSquaredError() ...)"), where);
  held(name_.c_str(), y_true, where);
  DType t = held(name_.c_str(), predicted, where).dtype();
  Tensor y_pred = t == float16 || t == bfloat16 ? cast(predicted, float32, where) : predicted;  // Keras's losses compute in float32, too
  Tensor each = function_ ? function_(y_true, y_pred, options_, where) : custom_(y_true, y_pred);
  if (!each) fail_at(Error("Loss \"" + name_ + "\": the function answered an empty Tensor"), where);
  if (sample_weight) {
    Tensor w = cast(sample_weight, each.dtype(), where);
    while (w.rank() < each.rank()) w = expand_dims(w, -1, where);
    each = multiply(Operand(each, where), w);
  }
  return each.rank() ? mean(each, {}, false, where) : each;
}

SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(CrossentropyOptions o) : Loss("sparse_categorical_crossentropy", &sparse, o) {}
CategoricalCrossentropy::CategoricalCrossentropy(CrossentropyOptions o) : Loss("categorical_crossentropy", &categorical, o) {}
BinaryCrossentropy::BinaryCrossentropy(CrossentropyOptions o) : Loss("binary_crossentropy", &binary, o) {}
BinaryFocalCrossentropy::BinaryFocalCrossentropy(BinaryFocalCrossentropyOptions o) : Loss("binary_focal_crossentropy", &binary_focal, o) {}
CategoricalFocalCrossentropy::CategoricalFocalCrossentropy(CategoricalFocalCrossentropyOptions o) : Loss("categorical_focal_crossentropy", &categorical_focal, o) {}
Dice::Dice(DiceOptions o) : Loss("dice", &dice, o) {}
Tversky::Tversky(TverskyOptions o) : Loss("tversky", &tversky, o) {}
MeanSquaredError::MeanSquaredError() : Loss("mean_squared_error", &squared) {}
MeanAbsoluteError::MeanAbsoluteError() : Loss("mean_absolute_error", &absolute) {}

Tensor sparse_categorical_crossentropy(const Tensor& t, const Tensor& p, CrossentropyOptions o, Where w) { return SparseCategoricalCrossentropy(o)(t, p, {}, w); }
Tensor categorical_crossentropy(const Tensor& t, const Tensor& p, CrossentropyOptions o, Where w) { return CategoricalCrossentropy(o)(t, p, {}, w); }
Tensor binary_crossentropy(const Tensor& t, const Tensor& p, CrossentropyOptions o, Where w) { return BinaryCrossentropy(o)(t, p, {}, w); }
Tensor mean_squared_error(const Tensor& t, const Tensor& p, Where w) { return MeanSquaredError()(t, p, {}, w); }
Tensor mean_absolute_error(const Tensor& t, const Tensor& p, Where w) { return MeanAbsoluteError()(t, p, {}, w); }

}  // namespace reel::nn
