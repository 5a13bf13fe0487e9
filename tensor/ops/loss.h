#pragma once
// Cross entropies from logits, in their stable forms; one loss per sample. float16 and bfloat16 logits give float32 losses.
#include "tensor/ops/activation.h"

namespace reel {

// -log(softmax(logits)[label]) along `axis`; labels are integers of the logits' shape without that axis. A label outside
// [0, classes) throws IndexError. A row of -inf gives NaN.
Tensor sparse_softmax_cross_entropy(const Tensor& logits, const Tensor& labels, int axis = -1, Where where = {});
// -sum(targets * log_softmax(logits)) along `axis`; targets are probabilities of the logits' shape. A target of 0 counts as 0 also
// where the logit is -inf.
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets, int axis = -1, Where where = {});

// -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)) as max(x, 0) - x t + log1p(exp(-|x|)), elementwise.
struct SigmoidCrossEntropy : FloatBinary<SigmoidCrossEntropy> {
  static constexpr const char* name = "sigmoid_cross_entropy";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 13;
  template <class T> REEL_HD T value(T x, T t) const { return (x > T(0) ? x : x != x ? x : T(0)) - x * t + math::log1p(math::exp_of_negative(-math::abs(x))); }
  Grads vjp(const Vjp& v) const {
    return {v.needs(0) ? v.gy() * (sigmoid(v.in(0)) - v.in(1)) : Tensor{}, v.needs(1) ? -(v.gy() * v.in(0)) : Tensor{}};
  }
};
Tensor sigmoid_cross_entropy(const Tensor& logits, const Tensor& targets, Where where = {});

// 2 g (a - b): of (a - b)^2 the gradient of a, in one pass.
struct SquaredDifferenceGrad : Elementwise<SquaredDifferenceGrad> {
  static constexpr const char* name = "squared_difference_grad";
  static constexpr Keep keep = kIn;
  static constexpr int arity = 3;
  template <class T> REEL_HD T value(T g, T a, T b) const { return T(2) * g * (a - b); }
  Grads vjp(const Vjp& v) const {
    Tensor slope = v.needs(1) || v.needs(2) ? 2 * v.gy() * v.in(0) : Tensor{};
    return {v.needs(0) ? 2 * v.gy() * (v.in(1) - v.in(2)) : Tensor{}, slope, v.needs(2) ? -slope : Tensor{}};
  }
};
// (a - b)^2; of complex numbers not the squared distance, but that square.
struct SquaredDifference : FloatBinary<SquaredDifference> {
  static constexpr const char* name = "squared_difference";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  template <class T> REEL_HD T value(T a, T b) const { return (a - b) * (a - b); }
  Grads vjp(const Vjp& v) const {
    Tensor a = v.in(0), b = v.in(1);
    Tensor g = is_complex(a.dtype()) ? v.gy() * conj(2 * (a - b)) : apply(SquaredDifferenceGrad{}, v.gy(), a, b, {});
    return {g, v.needs(1) ? -g : Tensor{}};
  }
};
inline Tensor squared_difference(Operand a, Operand b) { return combine(SquaredDifference{}, a, b); }

struct Huber : FloatBinary<Huber> {
  static constexpr const char* name = "huber_loss";
  static constexpr Keep keep = kIn;
  double delta = 1;
  template <class T> REEL_HD T value(T p, T t) const {
    T d = math::abs(p - t);
    return d <= T(delta) ? T(0.5) * (d * d) : T(delta) * (d - T(0.5) * T(delta));
  }
  Grads vjp(const Vjp& v) const {
    Tensor g = v.gy() * clip(v.in(0) - v.in(1), -delta, delta);
    return {g, v.needs(1) ? -g : Tensor{}};
  }
  std::string attributes() const { return "delta=" + std::to_string(delta); }
};

using LossOps = OpList<SigmoidCrossEntropy, SquaredDifferenceGrad, SquaredDifference, Huber>;

}  // namespace reel
