#pragma once
// Roots, exponentials and logarithms, elementwise; of complex numbers on the principal branch.
#include "tensor/ops/arithmetic.h"

namespace reel {

struct Sqrt : Elementwise<Sqrt> {
  static constexpr const char* name = "sqrt";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.2, 3};
  template <class T> REEL_HD T value(T x) const { return math::sqrt(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), conj(0.5 / v.out()))}; }
};
inline Tensor sqrt(const Tensor& x, REEL_W) { return apply(Sqrt{}, x, where); }
struct Rsqrt : Elementwise<Rsqrt> {
  static constexpr const char* name = "rsqrt";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.3, 3};
  template <class T> REEL_HD T value(T x) const { return T(1) / math::sqrt(x); }
  Grads vjp(const Vjp& v) const {
    Tensor y = conj(v.out());
    return {gated_multiply(v.gy(), -0.5 * y * y * y)};
  }
};
inline Tensor rsqrt(const Tensor& x, REEL_W) { return apply(Rsqrt{}, x, where); }

struct Exp : Elementwise<Exp> {
  static constexpr const char* name = "exp";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr int cost = 3;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return math::exp(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * conj(v.out())}; }
};
inline Tensor exp(const Tensor& x, REEL_W) { return apply(Exp{}, x, where); }
struct Expm1 : Elementwise<Expm1> {
  static constexpr const char* name = "expm1";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::expm1(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * conj(v.out() + 1)}; }
};
inline Tensor expm1(const Tensor& x, REEL_W) { return apply(Expm1{}, x, where); }
struct Log : Elementwise<Log> {
  static constexpr const char* name = "log";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 3};
  static constexpr int cost = 7;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return math::log(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), conj(reciprocal(v.in(0))))}; }
};
inline Tensor log(const Tensor& x, REEL_W) { return apply(Log{}, x, where); }
struct Log1p : Elementwise<Log1p> {
  static constexpr const char* name = "log1p";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{-0.5, 3};
  static constexpr int cost = 6;
  template <class T> REEL_HD T value(T x) const { return math::log1p(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), conj(reciprocal(v.in(0) + 1)))}; }
};
inline Tensor log1p(const Tensor& x, REEL_W) { return apply(Log1p{}, x, where); }

// The cube root, of negative numbers too.
struct Cbrt : Elementwise<Cbrt> {
  static constexpr const char* name = "cbrt";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.3, 3};
  static constexpr int cost = 4;
  template <class T> REEL_HD T value(T x) const { return math::cbrt(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), reciprocal(3 * square(v.out())))}; }
};
inline Tensor cbrt(const Tensor& x, REEL_W) { return apply(Cbrt{}, x, where); }
struct Exp2 : Elementwise<Exp2> {
  static constexpr const char* name = "exp2";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr int cost = 4;
  template <class T> REEL_HD T value(T x) const { return math::exp2(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * conj(0.6931471805599453 * v.out())}; }
};
inline Tensor exp2(const Tensor& x, REEL_W) { return apply(Exp2{}, x, where); }
struct Log2 : Elementwise<Log2> {
  static constexpr const char* name = "log2";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 3};
  static constexpr int cost = 4;
  template <class T> REEL_HD T value(T x) const { return math::log2(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), conj(reciprocal(v.in(0) * 0.6931471805599453)))}; }
};
inline Tensor log2(const Tensor& x, REEL_W) { return apply(Log2{}, x, where); }
struct Log10 : Elementwise<Log10> {
  static constexpr const char* name = "log10";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 3};
  static constexpr int cost = 4;
  template <class T> REEL_HD T value(T x) const { return math::log10(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), conj(reciprocal(v.in(0) * 2.302585092994046)))}; }
};
inline Tensor log10(const Tensor& x, REEL_W) { return apply(Log10{}, x, where); }
// log(exp(a) + exp(b)) without overflow; of two -inf: -inf, with half of the gradient each.
struct LogAddExp : FloatBinary<LogAddExp> {
  static constexpr const char* name = "logaddexp";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 13;
  template <class T> REEL_HD T value(T a, T b) const {
    T high = math::maximum(a, b), distance = math::abs(a - b);
    return a == b ? a + T(0.6931471805599453) : high + math::log1p(math::exp_of_negative(-distance));
  }
  Grads vjp(const Vjp& v) const;
};
inline Tensor logaddexp(Operand a, Operand b) { return combine(LogAddExp{}, a, b); }
// log2(2^a + 2^b).
Tensor logaddexp2(Operand a, Operand b);
// x log(y), 0 where x is 0 (unless y is NaN).
struct Xlogy : FloatBinary<Xlogy> {
  static constexpr const char* name = "xlogy";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.3, 3};
  static constexpr int cost = 12;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x, T y) const { return y != y ? y : x == T(0) ? T(0) : x * math::log(y); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor xlogy(Operand x, Operand y) { return combine(Xlogy{}, x, y); }
// x log1p(y), 0 where x is 0 (unless y is NaN).
struct Xlog1py : FloatBinary<Xlog1py> {
  static constexpr const char* name = "xlog1py";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.3, 3};
  static constexpr int cost = 8;
  template <class T> REEL_HD T value(T x, T y) const { return y != y ? y : x == T(0) ? T(0) : x * math::log1p(y); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor xlog1py(Operand x, Operand y) { return combine(Xlog1py{}, x, y); }

using ExponentialOps = OpList<Sqrt, Rsqrt, Exp, Expm1, Log, Log1p, Cbrt, Exp2, Log2, Log10, LogAddExp, Xlogy, Xlog1py>;

}  // namespace reel
