#pragma once
// Elementwise activation functions with their fused gradients, each of which is an op with a gradient of its own.
#include "tensor/ops/comparison.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/rounding.h"
#include "tensor/ops/special.h"

namespace reel {

// gy where y > 0, else 0.
struct ReluGrad : FloatBinary<ReluGrad> {
  static constexpr const char* name = "relu_grad";
  static constexpr Keep keep = kIn1;
  static constexpr Domain domain{0.2, 2};
  template <class T> REEL_HD T value(T g, T y) const { return y > T(0) ? g : T(0); }
  Grads vjp(const Vjp& v) const { return {apply(ReluGrad{}, v.gy(), v.in(1), {}), v.needs(1) ? zeros_like(v.gy(), {}) : Tensor{}}; }
};
struct Relu : Elementwise<Relu> {
  static constexpr const char* name = "relu";
  static constexpr Keep keep = kOut;
  static constexpr Types types = kNumbers;
  static constexpr Domain domain{0.2, 2};
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return x < T(0) ? T(0) : x; }  // NaN stays
  Grads vjp(const Vjp& v) const { return {apply(ReluGrad{}, v.gy(), v.out(), {})}; }
};
inline Tensor relu(const Tensor& x, REEL_W) { return apply(Relu{}, x, where); }

struct TanhGrad : FloatBinary<TanhGrad> {
  static constexpr const char* name = "tanh_grad";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  template <class T> REEL_HD T value(T g, T y) const { return g * (T(1) - y * y); }
  Grads vjp(const Vjp& v) const {
    Tensor y = conj(v.in(1));
    return {v.needs(0) ? apply(TanhGrad{}, v.gy(), y, {}) : Tensor{}, v.needs(1) ? v.gy() * conj(v.in(0)) * (-2 * y) : Tensor{}};
  }
};
struct Tanh : Elementwise<Tanh> {
  static constexpr const char* name = "tanh";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr int cost = 6;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return math::tanh(x); }
  Grads vjp(const Vjp& v) const { return {apply(TanhGrad{}, v.gy(), conj(v.out()), {})}; }
};
inline Tensor tanh(const Tensor& x, REEL_W) { return apply(Tanh{}, x, where); }

struct SigmoidGrad : FloatBinary<SigmoidGrad> {
  static constexpr const char* name = "sigmoid_grad";
  static constexpr Keep keep = kIn;
  template <class T> REEL_HD T value(T g, T y) const { return g * (y * (T(1) - y)); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.in(1);
    return {v.needs(0) ? apply(SigmoidGrad{}, v.gy(), y, {}) : Tensor{}, v.needs(1) ? v.gy() * v.in(0) * (1 - 2 * y) : Tensor{}};
  }
};
struct Sigmoid : Elementwise<Sigmoid> {
  static constexpr const char* name = "sigmoid";
  static constexpr Keep keep = kOut;
  static constexpr int cost = 4;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return math::sigmoid(x); }
  Grads vjp(const Vjp& v) const { return {apply(SigmoidGrad{}, v.gy(), v.out(), {})}; }
};
inline Tensor sigmoid(const Tensor& x, REEL_W) { return apply(Sigmoid{}, x, where); }

struct Softplus : Elementwise<Softplus> {
  static constexpr const char* name = "softplus";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 13;
  template <class T> REEL_HD T value(T x) const { return math::softplus(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * sigmoid(v.in(0))}; }
};
inline Tensor softplus(const Tensor& x, REEL_W) { return apply(Softplus{}, x, where); }
struct LogSigmoid : Elementwise<LogSigmoid> {
  static constexpr const char* name = "log_sigmoid";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 13;
  template <class T> REEL_HD T value(T x) const { return -math::softplus(-x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * sigmoid(-v.in(0))}; }
};
// log(sigmoid(x)), without overflow.
inline Tensor log_sigmoid(const Tensor& x, REEL_W) { return apply(LogSigmoid{}, x, where); }
struct Mish : Elementwise<Mish> {
  static constexpr const char* name = "mish";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return math::mish(x); }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), t = tanh(softplus(x));
    return {v.gy() * (t + x * sigmoid(x) * (1 - square(t)))};
  }
};
// x tanh(softplus(x)).
inline Tensor mish(const Tensor& x, REEL_W) { return apply(Mish{}, x, where); }

// Two ops rather than one with a flag: a branch in `value` keeps the loop from being vectorized.
struct GeluGrad : FloatBinary<GeluGrad> {
  static constexpr const char* name = "gelu_grad";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 6;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T g, T x) const { return g * math::gelu_slope(x); }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(1);
    return {v.needs(0) ? apply(GeluGrad{}, v.gy(), x, {}) : Tensor{},
            v.needs(1) ? v.gy() * v.in(0) * (0.3989422804014327 * exp(-0.5 * x * x) * (2 - x * x)) : Tensor{}};
  }
};
struct Gelu : Elementwise<Gelu> {
  static constexpr const char* name = "gelu";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return math::gelu(x); }
  Grads vjp(const Vjp& v) const { return {apply(GeluGrad{}, v.gy(), v.in(0), {})}; }
};
// 2 sqrt(2 / pi) (x + 0.044715 x^3): (1 + tanh(u)) / 2 is sigmoid(2 u), which does not cancel where x is far below zero.
template <class T> REEL_HD T gelu_argument(T x) { return T(1.5957691216057308) * math::fma(T(0.044715) * x * x, x, x); }
struct GeluTanhGrad : FloatBinary<GeluTanhGrad> {
  static constexpr const char* name = "gelu_tanh_grad";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 7;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T g, T x) const {
    T u = gelu_argument(x), slope = T(1.5957691216057308) * math::fma(x * x, T(3 * 0.044715), T(1));
    T e = math::exp_of_negative(-math::abs(u)), h = T(1) / (T(1) + e);  // sigmoid(|u|)
    return g * math::fma(x * slope, e * h * h, u < T(0) ? e * h : h);
  }
  Grads vjp(const Vjp& v) const;
};
struct GeluTanh : Elementwise<GeluTanh> {
  static constexpr const char* name = "gelu_tanh";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const {
    return x * math::sigmoid(gelu_argument(x));
  }
  Grads vjp(const Vjp& v) const { return {apply(GeluTanhGrad{}, v.gy(), v.in(0), {})}; }
};
inline Grads GeluTanhGrad::vjp(const Vjp& v) const {
  Tensor x = v.in(1), first = v.needs(0) ? apply(GeluTanhGrad{}, v.gy(), x, {}) : Tensor{};
  if (!v.needs(1)) return {first, Tensor{}};
  double k = 0.7978845608028654, c = 0.044715;
  Tensor t = tanh(k * (x + c * x * x * x)), du = k * (1 + (3 * c) * x * x), s = 1 - t * t;
  return {first, v.gy() * v.in(0) * (s * du + 0.5 * x * (s * (6 * c * k) * x - 2 * t * s * du * du))};
}
// x * 0.5 (1 + erf(x / sqrt 2)), and with `approximate` the tanh form of Hendrycks and Gimpel.
inline Tensor gelu(const Tensor& x, bool approximate = false, REEL_W) {
  return approximate ? apply(GeluTanh{}, x, where) : apply(Gelu{}, x, where);
}

// x * sigmoid(x); Keras calls it silu or swish.
struct SiluGrad : FloatBinary<SiluGrad> {
  static constexpr const char* name = "silu_grad";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 6;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T g, T x) const {
    T s = math::sigmoid(x);
    return g * (s + x * s * (T(1) - s));
  }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(1), s = sigmoid(x), d = s * (1 - s);
    return {v.needs(0) ? apply(SiluGrad{}, v.gy(), x, {}) : Tensor{}, v.needs(1) ? v.gy() * v.in(0) * (d * (2 + x * (1 - 2 * s))) : Tensor{}};
  }
};
struct Silu : Elementwise<Silu> {
  static constexpr const char* name = "silu";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 4;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return x * math::sigmoid(x); }
  Grads vjp(const Vjp& v) const { return {apply(SiluGrad{}, v.gy(), v.in(0), {})}; }
};
inline Tensor silu(const Tensor& x, REEL_W) { return apply(Silu{}, x, where); }

// x for x > 0, slope * x otherwise (also the gradient at 0).
struct LeakyRelu : Elementwise<LeakyRelu> {
  static constexpr const char* name = "leaky_relu";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 2};
  double slope = 0.2;
  template <class T> REEL_HD T value(T x) const { return x > T(0) ? x : T(slope) * x; }
  Grads vjp(const Vjp& v) const { return {reel::where(v.in(0) > 0, v.gy(), slope * v.gy())}; }
};
inline Tensor leaky_relu(const Tensor& x, double slope = 0.2, REEL_W) {
  LeakyRelu op;
  op.slope = slope;
  return apply(op, x, where);
}
// scale * x for x > 0, scale * alpha * (exp(x) - 1) otherwise.
struct Elu : Elementwise<Elu> {
  static constexpr const char* name = "elu";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 2};
  static constexpr int cost = 6;
  double alpha = 1, scale = 1;
  template <class T> REEL_HD T value(T x) const { return T(scale) * (x > T(0) ? x : T(alpha) * math::expm1(x)); }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0);
    return {v.gy() * reel::where(x > 0, scale, (scale * alpha) * exp(minimum(x, 0)))};
  }
};
inline Tensor elu(const Tensor& x, double alpha = 1, REEL_W) {
  Elu op;
  op.alpha = alpha;
  return apply(op, x, where);
}
// elu with the constants of Klambauer et al. 2017.
inline Tensor selu(const Tensor& x, REEL_W) {
  Elu op;
  op.alpha = 1.6732632423543772, op.scale = 1.0507009873554805;
  return apply(op, x, where);
}
// clip(x / 6 + 0.5, 0, 1), Keras 3's definition.
inline Tensor hard_sigmoid(const Tensor& x, REEL_W) { return clip(x * (1. / 6) + 0.5, 0, 1, where); }
inline Tensor relu6(const Tensor& x, REEL_W) { return clip(x, 0, 6, where); }
inline Tensor softsign(const Tensor& x, REEL_W) { return divide(Operand(x, where), 1 + abs(x, where)); }

// max(0, x) + min(0, alpha (exp(x / alpha) - 1)).
Tensor celu(const Tensor& x, double alpha = 1, REEL_W);
inline Tensor hard_tanh(const Tensor& x, double low = -1, double high = 1, REEL_W) { return clip(x, low, high, where); }
// x hard_sigmoid(x); Keras calls it hard_silu or hard_swish.
inline Tensor hard_silu(const Tensor& x, REEL_W) { return multiply(Operand(x, where), hard_sigmoid(x, where)); }
// x above the threshold, else value.
Tensor threshold(const Tensor& x, double threshold, double value, REEL_W);
// x outside [-lambda, lambda], else 0; and the same moved to 0 by lambda.
Tensor hard_shrink(const Tensor& x, double lambda = 0.5, REEL_W);
Tensor soft_shrink(const Tensor& x, double lambda = 0.5, REEL_W);
// x - tanh(x).
inline Tensor tanh_shrink(const Tensor& x, REEL_W) { return subtract(Operand(x, where), tanh(x, where)); }
// x for x > 0, slope * x otherwise; slope is a tensor that broadcasts against x.
Tensor prelu(const Tensor& x, const Tensor& slope, REEL_W);
// 0 for x <= -1, 1 for x >= 1, (x + 1) / 2 between; Keras's sparse_sigmoid.
inline Tensor sparse_sigmoid(const Tensor& x, REEL_W) { return clip(add(multiply(Operand(x, where), 0.5), 0.5), 0, 1, where); }
// 0 for x <= -1, x for x >= 1, (x + 1)^2 / 4 between.
Tensor sparse_plus(const Tensor& x, REEL_W);
// (x + sqrt(x^2 + b)) / 2.
Tensor squareplus(const Tensor& x, double b = 4, REEL_W);
// log(x / (1 - x)) of x clipped to [eps, 1 - eps].
Tensor logit(const Tensor& x, double eps = 0, REEL_W);
// x[..., :n] * sigmoid(x[..., n:]) for an axis of 2 n.
Tensor glu(const Tensor& x, int axis = -1, REEL_W);
// -x log(x) for x > 0, 0 at 0, -inf below.
Tensor entr(const Tensor& x, REEL_W);

using ActivationOps =
    OpList<ReluGrad, Relu, TanhGrad, Tanh, SigmoidGrad, Sigmoid, Softplus, LogSigmoid, Mish, GeluGrad, Gelu, GeluTanhGrad, GeluTanh, SiluGrad, Silu,
           LeakyRelu, Elu>;

}  // namespace reel
