#pragma once
// Trigonometric and hyperbolic functions, elementwise; angles in radians.
#include "tensor/ops/exponential.h"

namespace reel {

struct Cos;
struct Sin : Elementwise<Sin> {
  static constexpr const char* name = "sin";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::sin(x); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor sin(const Tensor& x, REEL_W) { return apply(Sin{}, x, where); }
struct Cos : Elementwise<Cos> {
  static constexpr const char* name = "cos";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::cos(x); }
  Grads vjp(const Vjp& v) const { return {-v.gy() * sin(conj(v.in(0)))}; }
};
inline Tensor cos(const Tensor& x, REEL_W) { return apply(Cos{}, x, where); }
inline Grads Sin::vjp(const Vjp& v) const { return {v.gy() * cos(conj(v.in(0)))}; }
struct Tan : Elementwise<Tan> {
  static constexpr const char* name = "tan";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{-1, 1};
  static constexpr int cost = 6;
  template <class T> REEL_HD T value(T x) const { return math::tan(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (1 + square(conj(v.out())))}; }
};
inline Tensor tan(const Tensor& x, REEL_W) { return apply(Tan{}, x, where); }
struct Atan : Elementwise<Atan> {
  static constexpr const char* name = "arctan";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::atan(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() / (1 + square(conj(v.in(0))))}; }
};
inline Tensor arctan(const Tensor& x, REEL_W) { return apply(Atan{}, x, where); }
struct Atan2 : FloatBinary<Atan2> {
  static constexpr const char* name = "arctan2";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 2};
  static constexpr int cost = 8;
  template <class T> REEL_HD T value(T a, T b) const { return math::atan2(a, b); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.in(0), x = v.in(1), r = reciprocal(x * x + y * y);
    return {gated_multiply(v.gy(), x * r), gated_multiply(-v.gy(), y * r)};
  }
};
inline Tensor arctan2(Operand y, Operand x) { return combine(Atan2{}, y, x); }

struct Asin : Elementwise<Asin> {
  static constexpr const char* name = "arcsin";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{-0.9, 0.9};
  static constexpr int cost = 6;
  template <class T> REEL_HD T value(T x) const { return math::asin(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), rsqrt(1 - square(conj(v.in(0)))))}; }
};
inline Tensor arcsin(const Tensor& x, REEL_W) { return apply(Asin{}, x, where); }
struct Acos : Elementwise<Acos> {
  static constexpr const char* name = "arccos";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{-0.9, 0.9};
  static constexpr int cost = 6;
  template <class T> REEL_HD T value(T x) const { return math::acos(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(-v.gy(), rsqrt(1 - square(conj(v.in(0)))))}; }
};
inline Tensor arccos(const Tensor& x, REEL_W) { return apply(Acos{}, x, where); }
struct Cosh;
struct Sinh : Elementwise<Sinh> {
  static constexpr const char* name = "sinh";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::sinh(x); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor sinh(const Tensor& x, REEL_W) { return apply(Sinh{}, x, where); }
struct Cosh : Elementwise<Cosh> {
  static constexpr const char* name = "cosh";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::cosh(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * sinh(conj(v.in(0)))}; }
};
inline Tensor cosh(const Tensor& x, REEL_W) { return apply(Cosh{}, x, where); }
inline Grads Sinh::vjp(const Vjp& v) const { return {v.gy() * cosh(conj(v.in(0)))}; }
struct Asinh : Elementwise<Asinh> {
  static constexpr const char* name = "arcsinh";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 10;
  template <class T> REEL_HD T value(T x) const { return math::asinh(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * rsqrt(1 + square(conj(v.in(0))))}; }
};
inline Tensor arcsinh(const Tensor& x, REEL_W) { return apply(Asinh{}, x, where); }
struct Acosh : Elementwise<Acosh> {
  static constexpr const char* name = "arccosh";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{1.2, 4};
  static constexpr int cost = 12;
  template <class T> REEL_HD T value(T x) const { return math::acosh(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), rsqrt(conj(v.in(0)) - 1) * rsqrt(conj(v.in(0)) + 1))}; }
};
inline Tensor arccosh(const Tensor& x, REEL_W) { return apply(Acosh{}, x, where); }
struct Atanh : Elementwise<Atanh> {
  static constexpr const char* name = "arctanh";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{-0.9, 0.9};
  static constexpr int cost = 6;
  template <class T> REEL_HD T value(T x) const { return math::atanh(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), reciprocal(1 - square(conj(v.in(0)))))}; }
};
inline Tensor arctanh(const Tensor& x, REEL_W) { return apply(Atanh{}, x, where); }

// sin(pi x) / (pi x), 1 at 0; every derivative is right there too.
Tensor sinc(const Tensor& x, REEL_W);
inline Tensor deg2rad(const Tensor& degrees, REEL_W) { return multiply(Operand(degrees, where), 0.017453292519943295); }
inline Tensor rad2deg(const Tensor& radians, REEL_W) { return multiply(Operand(radians, where), 57.29577951308232); }

using TrigonometricOps = OpList<Sin, Cos, Tan, Atan, Atan2, Asin, Acos, Sinh, Cosh, Asinh, Acosh, Atanh>;

}  // namespace reel
