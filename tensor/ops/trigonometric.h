#pragma once
// Trigonometric functions, elementwise; angles in radians.
#include "tensor/ops/arithmetic.h"

namespace reel {

struct Cos;
struct Sin : Elementwise<Sin> {
  static constexpr const char* name = "sin";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 15;
  template <class T> REEL_HD T value(T x) const { return math::sin(x); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor sin(const Tensor& x, REEL_W) { return apply(Sin{}, x, where); }
struct Cos : Elementwise<Cos> {
  static constexpr const char* name = "cos";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 15;
  template <class T> REEL_HD T value(T x) const { return math::cos(x); }
  Grads vjp(const Vjp& v) const { return {-v.gy() * sin(v.in(0))}; }
};
inline Tensor cos(const Tensor& x, REEL_W) { return apply(Cos{}, x, where); }
inline Grads Sin::vjp(const Vjp& v) const { return {v.gy() * cos(v.in(0))}; }
struct Tan : Elementwise<Tan> {
  static constexpr const char* name = "tan";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{-1, 1};
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T x) const { return math::tan(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (1 + square(v.out()))}; }
};
inline Tensor tan(const Tensor& x, REEL_W) { return apply(Tan{}, x, where); }
struct Atan : Elementwise<Atan> {
  static constexpr const char* name = "arctan";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 15;
  template <class T> REEL_HD T value(T x) const { return math::atan(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() / (1 + square(v.in(0)))}; }
};
inline Tensor arctan(const Tensor& x, REEL_W) { return apply(Atan{}, x, where); }
struct Atan2 : FloatBinary<Atan2> {
  static constexpr const char* name = "arctan2";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 2};
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T a, T b) const { return math::atan2(a, b); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.in(0), x = v.in(1), r = reciprocal(x * x + y * y);
    return {gated_multiply(v.gy(), x * r), gated_multiply(-v.gy(), y * r)};
  }
};
inline Tensor arctan2(Operand y, Operand x) { return combine(Atan2{}, y, x); }

using TrigonometricOps = OpList<Sin, Cos, Tan, Atan, Atan2>;

}  // namespace reel
