#pragma once
// Losses as formulas, unreduced unless said otherwise: take mean or sum of what they answer. Operands broadcast.
#include "tensor/ops/loss.h"

namespace reel {

Tensor absolute_error(const Tensor& prediction, const Tensor& target, Where where = {});  // |p - t| (l1)
Tensor squared_error(const Tensor& prediction, const Tensor& target, Where where = {});   // (p - t)^2
// d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2). Huber, 1964.
Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta = 1, Where where = {});
// huber_loss / beta: d^2 / (2 beta) for |d| < beta, else |d| - beta / 2; beta 0 is absolute_error.
Tensor smooth_l1_loss(const Tensor& prediction, const Tensor& target, double beta = 1, Where where = {});
// Of probabilities: -t log(p) - (1 - t) log(1 - p), the logarithms not below -100 as in PyTorch.
Tensor binary_cross_entropy(const Tensor& probability, const Tensor& target, Where where = {});

struct CrossEntropyOptions {
  Tensor weight = {};          // of each class [classes]
  int64_t ignore_index = -100;  // rows with this label do not count
  double label_smoothing = 0;
};
// The weighted mean of -log softmax(logits)[label] over the rows that count, for logits [..., classes] and integer labels [...]. Of no
// rows NaN. Label smoothing mixes in the classes' mean; PyTorch's normalization.
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropyOptions& options = {}, Where where = {});
// The same from log-probabilities, without smoothing.
Tensor nll_loss(const Tensor& log_probability, const Tensor& labels, const CrossEntropyOptions& options = {}, Where where = {});
// t (log t - log_p), 0 where t is 0.
Tensor kl_divergence(const Tensor& log_probability, const Tensor& target, Where where = {});
// -log of the probability that log_probability [n, steps, classes] (log_softmax) emits labels [n, length] once blanks and repetitions
// are removed: [n]. Lengths [n] say how many steps and labels of each count. Infinite where no path fits. Graves et al., 2006.
Tensor ctc_loss(const Tensor& log_probability, const Tensor& labels, const Tensor& input_lengths, const Tensor& label_lengths, int64_t blank = 0,
                Where where = {});

Tensor hinge_loss(const Tensor& prediction, const Tensor& target, Where where = {});  // max(0, 1 - t p), targets -1 or 1
// x for target 1, max(0, margin - x) for -1.
Tensor hinge_embedding_loss(const Tensor& x, const Tensor& target, double margin = 1, Where where = {});
// max(0, -t (a - b) + margin).
Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& target, double margin = 0, Where where = {});
// max(0, |a - p| - |a - n| + margin) with Euclidean distances of rows [n, features], 1e-6 added to each difference.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin = 1, Where where = {});
// 1 - cos(a, b) for target 1, max(0, cos(a, b) - margin) for -1; rows [n, features], targets [n].
Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& target, double margin = 0, Where where = {});
// exp(p) - t p of a predicted logarithm, or p - t log(p + 1e-8).
Tensor poisson_nll_loss(const Tensor& prediction, const Tensor& target, bool log_input = true, Where where = {});
// (log(max(variance, epsilon)) + (p - t)^2 / max(variance, epsilon)) / 2.
Tensor gaussian_nll_loss(const Tensor& prediction, const Tensor& target, const Tensor& variance, double epsilon = 1e-6, Where where = {});
// Cross entropy of logits times (1 - p of the target)^gamma, and alpha or 1 - alpha. Lin et al., 2017; alpha below 0: none. float16 and
// bfloat16 logits give float32 losses.
Tensor sigmoid_focal_loss(const Tensor& logits, const Tensor& target, double alpha = 0.25, double gamma = 2, Where where = {});

}  // namespace reel
