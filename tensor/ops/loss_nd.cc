#include "tensor/ops/loss_nd.h"

#include <array>
#include <limits>

#include "tensor/ops/copy.h"
#include "tensor/ops/index.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/softmax.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// Both in the float dtype they promote to: products and differences of small integers would wrap.
std::array<Tensor, 2> floats(const Tensor& a, const Tensor& b, Where where) {
  DType t = promote(a.dtype(), b.dtype());
  if (!is_floating(t)) t = float32;
  return {cast(a, t, where), cast(b, t, where)};
}
Tensor difference(const Tensor& a, const Tensor& b, Where where) {
  auto [x, y] = floats(a, b, where);
  return subtract(Operand(x, where), y);
}
void check_positive(const char* op, const char* what, double v) {
  if (!(v > 0)) throw Error(std::string(op) + ": " + what + " must be positive, got " + std::to_string(v));
}

// The weighted mean over the rows whose label counts.
Tensor labelled(const char* op, const Tensor& given, const Tensor& labels, const CrossEntropyOptions& o, Where where) {
  const Tensor* in[] = {&given, &labels};
  Tensor log_p = is_floating(given.dtype()) ? given : cast(given, float32, where);
  if (!is_integer(labels.dtype())) fail<DTypeError>(op, "labels must be integers, not " + std::string(name(labels.dtype())), Inputs(in, 2));
  Shape rows;
  for (int i = 0; i + 1 < log_p.rank(); ++i) rows.push(log_p.shape()[i]);
  if (log_p.rank() == 0 || !(labels.shape() == rows)) fail(op, "labels must have the shape of the logits without the classes", Inputs(in, 2));
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1)) fail<Error>(op, "label_smoothing must be in [0, 1], got " + std::to_string(o.label_smoothing), Inputs(in, 2));
  int64_t classes = log_p.shape()[-1];
  if (o.weight && !(o.weight.shape() == Shape{classes})) fail(op, "the weight must be " + to_string(Shape{classes}), Inputs(in, 2));
  Tensor counts = labels != o.ignore_index, at = reel::where(counts, labels, 0);
  if (any(logical_or(at < 0, at >= classes)).item<int>() != 0)
    fail<IndexError>(op, "a label is outside the " + std::to_string(classes) + " classes", Inputs(in, 2));
  Tensor weight = o.weight ? cast(o.weight, log_p.dtype(), where) : Tensor();
  Tensor own = weight ? reel::where(counts, take(weight, at, 0, where), 0) : cast(counts, log_p.dtype(), where);
  Tensor picked = squeeze(take_along_axis(log_p, expand_dims(at, -1), -1, where), -1);
  Tensor loss = -sum(gated_multiply(own, picked)) / sum(own);
  if (o.label_smoothing == 0) return loss;
  Tensor all = weight ? log_p * weight : log_p, spread = -sum(reel::where(counts, sum(all, -1), 0)) / sum(own);
  return (1 - o.label_smoothing) * loss + (o.label_smoothing / double(classes)) * spread;
}

}  // namespace

Tensor absolute_error(const Tensor& p, const Tensor& t, Where where) { return formula(where, [&] { return abs(difference(p, t, where), where); }); }
Tensor squared_error(const Tensor& p, const Tensor& t, Where where) { return formula(where, [&] { return square(difference(p, t, where), where); }); }
Tensor huber_loss(const Tensor& p, const Tensor& t, double delta, Where where) {
  return formula(where, [&] {
    check_positive("huber_loss", "delta", delta);
    Huber op;
    op.delta = delta;
    return apply(op, p, t, where);
  });
}
Tensor smooth_l1_loss(const Tensor& p, const Tensor& t, double beta, Where where) {
  return beta == 0 ? absolute_error(p, t, where) : formula(where, [&] { return huber_loss(p, t, beta, where) / beta; });
}
Tensor binary_cross_entropy(const Tensor& p, const Tensor& target, Where where) {
  return formula(where, [&] {
    Tensor t = cast(target, is_floating(p.dtype()) ? p.dtype() : float32, where);
    return -(t * maximum(log(p, where), -100) + (1 - t) * maximum(log(1 - p, where), -100));
  });
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropyOptions& o, Where where) {
  return formula(where, [&] { return labelled("cross_entropy", log_softmax(logits, -1, where), labels, o, where); });
}
Tensor nll_loss(const Tensor& log_p, const Tensor& labels, const CrossEntropyOptions& o, Where where) {
  return formula(where, [&] {
    if (o.label_smoothing != 0) throw Error("nll_loss: label_smoothing needs cross_entropy");
    return labelled("nll_loss", log_p, labels, o, where);
  });
}
Tensor kl_divergence(const Tensor& log_p, const Tensor& t, Where where) {
  return formula(where, [&] {
    Tensor some = t > 0;
    return reel::where(some, t * (log(reel::where(some, t, 1), where) - log_p), 0);
  });
}

Tensor ctc_loss(const Tensor& log_p, const Tensor& labels, const Tensor& input_lengths, const Tensor& label_lengths, int64_t blank, Where where) {
  const char* op = "ctc_loss";
  return formula(where, [&] {
    const Tensor* in[] = {&log_p, &labels, &input_lengths, &label_lengths};
    Inputs all(in, 4);
    if (log_p.rank() != 3 || labels.rank() != 2 || labels.shape()[0] != log_p.shape()[0]) fail(op, "needs log_probability [n, steps, classes] and labels [n, length]", all);
    int64_t n = log_p.shape()[0], steps = log_p.shape()[1], classes = log_p.shape()[2], length = labels.shape()[1], states = 2 * length + 1;
    if (!is_floating(log_p.dtype())) fail<DTypeError>(op, "log_probability must be floats", all);
    for (int i = 1; i < 4; ++i)
      if (!is_integer(in[i]->dtype())) fail<DTypeError>(op, "labels and lengths must be integers", all);
    for (int i = 2; i < 4; ++i)
      if (!(in[i]->shape() == Shape{n})) fail(op, "lengths must be " + to_string(Shape{n}), all);
    if (blank < 0 || blank >= classes) fail<IndexError>(op, "blank " + std::to_string(blank) + " is outside the " + std::to_string(classes) + " classes", all);
    auto outside = [](const Tensor& x, int64_t low, int64_t high) { return x.size() && any(logical_or(x < low, x > high)).item<int>() != 0; };
    if (outside(labels, 0, classes - 1)) fail<IndexError>(op, "a label is outside the " + std::to_string(classes) + " classes", all);
    if (outside(input_lengths, 0, steps) || outside(label_lengths, 0, length)) fail<IndexError>(op, "a length is outside its sequence", all);
    if (n == 0) return zeros({0}, log_p.dtype());
    const double inf = std::numeric_limits<double>::infinity();
    // Labels with blanks around them; a path may skip a blank between two different labels.
    Tensor between = full({n, length, 1}, blank, int64), wide = cast(labels, int64);
    Tensor path = concat({reshape(concat({between, expand_dims(wide, 2)}, 2), {n, 2 * length}), full({n, 1}, blank, int64)}, 1);
    Tensor skips = zeros({n, states}, boolean);
    if (states > 2) skips = concat({zeros({n, 2}, boolean), logical_and(path[{slice(), slice(2, {})}] != blank, path[{slice(), slice(2, {})}] != path[{slice(), slice(0, states - 2)}])}, 1);
    auto emitted = [&](int64_t t) { return take_along_axis(squeeze(slice_axis(log_p, 1, t, 1), 1), path, 1); };
    Tensor state = arange(states), before = full({n, states}, -inf, log_p.dtype());
    Tensor alpha = reel::where(state == 0, 0., before);
    auto shifted = [&](const Tensor& a, int64_t by) {
      if (by >= states) return before;
      return concat({slice_axis(before, 1, 0, by), slice_axis(a, 1, 0, states - by)}, 1);
    };
    for (int64_t t = 0; t < steps; ++t) {
      Tensor next = t == 0 ? reel::where(state <= 1, emitted(0), -inf)
                           : logsumexp(stack({alpha, shifted(alpha, 1), reel::where(skips, shifted(alpha, 2), -inf)}, 0), 0) + emitted(t);
      alpha = reel::where(expand_dims(input_lengths, 1) > t, next, alpha);
    }
    Tensor last = expand_dims(2 * cast(label_lengths, int64), 1);
    Tensor ends = logical_or(state == last, logical_and(state == last - 1, last > 0));
    return -logsumexp(reel::where(ends, alpha, -inf), 1);
  });
}

Tensor hinge_loss(const Tensor& prediction, const Tensor& target, Where where) {
  return formula(where, [&] {
    auto [p, t] = floats(prediction, target, where);
    return relu(1 - t * p);
  });
}
Tensor hinge_embedding_loss(const Tensor& x, const Tensor& t, double margin, Where where) {
  return formula(where, [&] { return reel::where(t == 1, x, relu(margin - x)); });
}
Tensor margin_ranking_loss(const Tensor& a, const Tensor& b, const Tensor& t, double margin, Where where) {
  return formula(where, [&] { return relu(margin - t * difference(a, b, where)); });
}
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin, Where where) {
  return formula(where, [&] {
    auto distance = [&](const Tensor& x) { return sqrt(sum(square(difference(anchor, x, where) + 1e-6), -1), where); };
    return relu(distance(positive) - distance(negative) + margin);
  });
}
Tensor cosine_embedding_loss(const Tensor& x, const Tensor& y, const Tensor& t, double margin, Where where) {
  return formula(where, [&] {
    auto [a, b] = floats(x, y, where);
    constexpr double kSmall = 1e-12;  // keeps zero vectors away from the division
    Tensor cosine = sum(a * b, -1, false, where) * rsqrt((sum(square(a), -1) + kSmall) * (sum(square(b), -1) + kSmall));
    return reel::where(t == 1, 1 - cosine, relu(cosine - margin));
  });
}
Tensor poisson_nll_loss(const Tensor& prediction, const Tensor& target, bool log_input, Where where) {
  return formula(where, [&] {
    auto [p, t] = floats(prediction, target, where);
    return log_input ? exp(p, where) - t * p : p - t * log(p + 1e-8, where);
  });
}
Tensor gaussian_nll_loss(const Tensor& p, const Tensor& t, const Tensor& variance, double epsilon, Where where) {
  return formula(where, [&] {
    check_positive("gaussian_nll_loss", "epsilon", epsilon);
    Tensor v = maximum(variance, epsilon);
    return 0.5 * (log(v, where) + square(difference(p, t, where)) / v);
  });
}
Tensor sigmoid_focal_loss(const Tensor& logits, const Tensor& target, double alpha, double gamma, Where where) {
  return formula(where, [&] {
    DType wide = logits.dtype() == float64 ? float64 : float32;
    Tensor x = cast(logits, wide, where), t = cast(target, wide, where), p = sigmoid(x, where);
    Tensor away = p * (1 - t) + (1 - p) * t, loss = sigmoid_cross_entropy(x, t, where) * pow(away, gamma);
    return alpha < 0 ? loss : (alpha * t + (1 - alpha) * (1 - t)) * loss;
  });
}

}  // namespace reel
