// Losses and optimizer steps.
#include <cmath>
#include <limits>

#include "rules.h"

namespace reel::onnx {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

// The loss of log-probabilities [n, classes, ...] at labels [n, ...].
Tensor likelihood_loss(const Call& c, const Tensor& log_probability) {
  Tensor rows = channels_last(log_probability), labels = cast(c[1], int64), weight = c[2];
  int64_t ignored = c.i("ignore_index", kNone);
  std::string reduction = c.s("reduction", "mean");
  if (reduction == "mean") return nll_loss(rows, labels, {.weight = weight ? weight : Tensor(), .ignore_index = ignored});
  Tensor counts = labels != ignored, safe = where(counts, labels, 0);
  Tensor loss = -squeeze(take_along_axis(rows, expand_dims(safe, -1), -1), -1);
  if (weight) loss = loss * take(weight, safe);
  loss = where(counts, loss, 0);
  return reduction == "sum" ? sum(loss) : loss;
}
Tensors cross_entropy_loss(const Call& c) {
  Tensor log_probability = log_softmax(c[0], 1);
  if (c.s("reduction", "mean") != "mean") return {likelihood_loss(c, log_probability), log_probability};
  Tensor loss = cross_entropy(channels_last(c[0]), cast(c[1], int64), {.weight = c[2] ? c[2] : Tensor(), .ignore_index = c.i("ignore_index", kNone)});
  return {loss, log_probability};
}

// The inputs after rate and count: `kinds` groups (parameters, gradients, states ...) of as many tensors each.
struct Step {
  double rate;
  int64_t count;
  std::vector<Tensors> groups;
};
Step step_of(const Call& c, size_t kinds) {
  Step s{c[0].item(), c[1].item<int64_t>(), std::vector<Tensors>(kinds)};
  size_t each = (c.in.size() - 2) / kinds;
  for (size_t k = 0; k < kinds; ++k)
    for (size_t i = 0; i < each; ++i) s.groups[k].push_back(clone(c[2 + k * each + i]));
  for (size_t i = 0; i < each; ++i) s.groups[1][i] = s.groups[1][i] + c.f("norm_coefficient", 0) * s.groups[0][i];
  return s;
}
Tensors joined(const Step& s) {
  Tensors out = s.groups[0];
  for (size_t k = 2; k < s.groups.size(); ++k) out.insert(out.end(), s.groups[k].begin(), s.groups[k].end());
  return out;
}
Tensors adam(const Call& c) {
  Step s = step_of(c, 4);
  AdamUpdate options{.learning_rate = s.rate, .beta_1 = c.f("alpha", 0.9), .beta_2 = c.f("beta", 0.999), .epsilon = c.f("epsilon", 0), .step = s.count};
  if (s.count == 0) {  // ONNX's step 0 has no bias correction; ours counts from 1
    options.step = 1;
    options.learning_rate *= (1 - options.beta_1) / std::sqrt(1 - options.beta_2);
  }
  adam_update(s.groups[0], s.groups[1], s.groups[2], s.groups[3], options);
  return joined(s);
}
// v = alpha v + beta g; x -= rate v, or with Nesterov's momentum rate (g + alpha v).
Tensors momentum(const Call& c) {
  Step s = step_of(c, 3);
  double beta = s.count > 0 ? c.f("beta", 1) : 1;
  for (Tensor& v : s.groups[2]) v = v * -s.rate;  // our momentum carries the rate and its sign
  sgd_update(s.groups[0], s.groups[1], s.groups[2],
             {.learning_rate = s.rate, .momentum = c.f("alpha", 0.9), .nesterov = c.s("mode") == "nesterov", .gradient_scale = beta});
  for (Tensor& v : s.groups[2]) v = v / -s.rate;
  return joined(s);
}

const AddRules here({
    REEL_ONNX("NegativeLogLikelihoodLoss", likelihood_loss(c, c[0])),
    {"SoftmaxCrossEntropyLoss", cross_entropy_loss},
    {"Adam", adam},
    {"Momentum", momentum},
});

}  // namespace
}  // namespace reel::onnx
