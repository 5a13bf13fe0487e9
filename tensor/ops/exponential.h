#pragma once
// Roots, exponentials and logarithms, elementwise.
#include "tensor/ops/arithmetic.h"

namespace reel {

struct Sqrt : Elementwise<Sqrt> {
  static constexpr const char* name = "sqrt";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.2, 3};
  template <class T> REEL_HD T value(T x) const { return math::sqrt(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), 0.5 / v.out())}; }
};
inline Tensor sqrt(const Tensor& x, REEL_W) { return apply(Sqrt{}, x, where); }
struct Rsqrt : Elementwise<Rsqrt> {
  static constexpr const char* name = "rsqrt";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.3, 3};
  template <class T> REEL_HD T value(T x) const { return T(1) / math::sqrt(x); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.out();
    return {gated_multiply(v.gy(), -0.5 * y * y * y)};
  }
};
inline Tensor rsqrt(const Tensor& x, REEL_W) { return apply(Rsqrt{}, x, where); }

struct Exp : Elementwise<Exp> {
  static constexpr const char* name = "exp";
  static constexpr Keep keep = kOut;
  static constexpr int cost = 4;
  template <class T> REEL_HD T value(T x) const { return math::exp(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * v.out()}; }
};
inline Tensor exp(const Tensor& x, REEL_W) { return apply(Exp{}, x, where); }
struct Expm1 : Elementwise<Expm1> {
  static constexpr const char* name = "expm1";
  static constexpr Keep keep = kOut;
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T x) const { return math::expm1(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (v.out() + 1)}; }
};
inline Tensor expm1(const Tensor& x, REEL_W) { return apply(Expm1{}, x, where); }
struct Log : Elementwise<Log> {
  static constexpr const char* name = "log";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 3};
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::log(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), reciprocal(v.in(0)))}; }
};
inline Tensor log(const Tensor& x, REEL_W) { return apply(Log{}, x, where); }
struct Log1p : Elementwise<Log1p> {
  static constexpr const char* name = "log1p";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{-0.5, 3};
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T x) const { return math::log1p(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), reciprocal(v.in(0) + 1))}; }
};
inline Tensor log1p(const Tensor& x, REEL_W) { return apply(Log1p{}, x, where); }

using ExponentialOps = OpList<Sqrt, Rsqrt, Exp, Expm1, Log, Log1p>;

}  // namespace reel
