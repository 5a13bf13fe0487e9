#pragma once
// Elementwise activation functions with their fused gradients, each of which is an op with a gradient of its own.
#include "tensor/ops/elementwise.h"

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
  static constexpr Keep keep = kIn;
  template <class T> REEL_HD T value(T g, T y) const { return g * (T(1) - y * y); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.in(1);
    return {v.needs(0) ? apply(TanhGrad{}, v.gy(), y, {}) : Tensor{}, v.needs(1) ? v.gy() * v.in(0) * (-2 * y) : Tensor{}};
  }
};
struct Tanh : Elementwise<Tanh> {
  static constexpr const char* name = "tanh";
  static constexpr Keep keep = kOut;
  static constexpr int cost = 8;
  template <class T> REEL_HD T value(T x) const { return math::tanh(x); }
  Grads vjp(const Vjp& v) const { return {apply(TanhGrad{}, v.gy(), v.out(), {})}; }
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
  static constexpr int cost = 6;
  template <class T> REEL_HD T value(T x) const { return math::sigmoid(x); }
  Grads vjp(const Vjp& v) const { return {apply(SigmoidGrad{}, v.gy(), v.out(), {})}; }
};
inline Tensor sigmoid(const Tensor& x, REEL_W) { return apply(Sigmoid{}, x, where); }

struct Softplus : Elementwise<Softplus> {
  static constexpr const char* name = "softplus";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 25;
  template <class T> REEL_HD T value(T x) const { return math::softplus(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * sigmoid(v.in(0))}; }
};
inline Tensor softplus(const Tensor& x, REEL_W) { return apply(Softplus{}, x, where); }
// log(sigmoid(x)), without overflow; the factor of -1. makes floats of unsigned integers first.
inline Tensor log_sigmoid(const Tensor& x, REEL_W) { return negative(softplus(multiply(Operand(x, where), -1.), where), where); }

// x * 0.5 (1 + erf(x / sqrt 2)), and with `approximate` the tanh form of Hendrycks and Gimpel.
struct GeluGrad : FloatBinary<GeluGrad> {
  static constexpr const char* name = "gelu_grad";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 15;
  bool approximate = false;
  template <class T> REEL_HD T value(T g, T x) const {
    if (!approximate) return g * (T(0.5) * (T(1) + math::erf(x * T(0.70710678118654752))) + x * T(0.3989422804014327) * math::exp(T(-0.5) * x * x));
    T u = T(0.7978845608028654) * (x + T(0.044715) * x * x * x), t = math::tanh(u);
    return g * (T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * T(0.7978845608028654) * (T(1) + T(3 * 0.044715) * x * x));
  }
  Grads vjp(const Vjp& v) const;
};
struct Gelu : Elementwise<Gelu> {
  static constexpr const char* name = "gelu";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 10;
  bool approximate = false;
  template <class T> REEL_HD T value(T x) const {
    if (!approximate) return T(0.5) * x * (T(1) + math::erf(x * T(0.70710678118654752)));
    return T(0.5) * x * (T(1) + math::tanh(T(0.7978845608028654) * (x + T(0.044715) * x * x * x)));
  }
  Grads vjp(const Vjp& v) const {
    GeluGrad grad;
    grad.approximate = approximate;
    return {apply(grad, v.gy(), v.in(0), {})};
  }
};
inline Tensor gelu(const Tensor& x, bool approximate = false, REEL_W) {
  Gelu op;
  op.approximate = approximate;
  return apply(op, x, where);
}

// x * sigmoid(x); Keras calls it silu or swish.
struct SiluGrad : FloatBinary<SiluGrad> {
  static constexpr const char* name = "silu_grad";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 8;
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
  static constexpr int cost = 6;
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
  static constexpr int cost = 20;
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

inline Grads GeluGrad::vjp(const Vjp& v) const {
  Tensor x = v.in(1);
  Tensor first = v.needs(0) ? apply(*this, v.gy(), x, {}) : Tensor{};
  if (!v.needs(1)) return {first, Tensor{}};
  Tensor gg = v.gy() * v.in(0);
  if (!approximate) return {first, gg * (0.3989422804014327 * exp(-0.5 * x * x) * (2 - x * x))};
  double k = 0.7978845608028654, c = 0.044715;
  Tensor t = tanh(k * (x + c * x * x * x)), du = k * (1 + (3 * c) * x * x), s = 1 - t * t;
  return {first, gg * (s * du + 0.5 * x * (s * (6 * c * k) * x - 2 * t * s * du * du))};
}

}  // namespace reel
