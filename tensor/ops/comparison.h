#pragma once
// Comparisons and logic, whose answer is bool, and the choice by one.
#include <bit>
#include <type_traits>

#include "tensor/ops/elementwise.h"

namespace reel {

// The ordinary signs compare element by element: a < b is a tensor.
#define REEL_COMPARISON(Op, fn, sign, taken)                                          \
  struct Op : Comparison<Op> {                                                        \
    static constexpr const char* name = #fn;                                          \
    static constexpr Types types = taken;                                             \
    template <class T> REEL_HD bool value(T a, T b) const { return a sign b; }        \
  };                                                                                  \
  inline Tensor operator sign(Operand a, Operand b) { return combine(Op{}, a, b); }   \
  inline Tensor fn(Operand a, Operand b) { return combine(Op{}, a, b); }
REEL_COMPARISON(Less, less, <, kAny)
REEL_COMPARISON(LessEqual, less_equal, <=, kAny)
REEL_COMPARISON(Greater, greater, >, kAny)
REEL_COMPARISON(GreaterEqual, greater_equal, >=, kAny)
REEL_COMPARISON(Equal, equal, ==, kAny | kComplex)
REEL_COMPARISON(NotEqual, not_equal, !=, kAny | kComplex)
#undef REEL_COMPARISON

struct LogicalAnd : Comparison<LogicalAnd> {
  static constexpr const char* name = "logical_and";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD bool value(T a, T b) const { return (a != T(0)) & (b != T(0)); }
};
inline Tensor logical_and(Operand a, Operand b) { return combine(LogicalAnd{}, a, b); }
struct LogicalOr : Comparison<LogicalOr> {
  static constexpr const char* name = "logical_or";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD bool value(T a, T b) const { return (a != T(0)) | (b != T(0)); }
};
inline Tensor logical_or(Operand a, Operand b) { return combine(LogicalOr{}, a, b); }
struct LogicalXor : Comparison<LogicalXor> {
  static constexpr const char* name = "logical_xor";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD bool value(T a, T b) const { return (a != T(0)) != (b != T(0)); }
};
inline Tensor logical_xor(Operand a, Operand b) { return combine(LogicalXor{}, a, b); }
struct LogicalNot : Test<LogicalNot> {
  static constexpr const char* name = "logical_not";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD bool value(T x) const { return x == T(0); }
};
inline Tensor logical_not(const Tensor& x, REEL_W) { return apply(LogicalNot{}, x, where); }
struct IsNan : Test<IsNan> {
  static constexpr const char* name = "isnan";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD bool value(T x) const { return x != x; }
};
inline Tensor isnan(const Tensor& x, REEL_W) { return apply(IsNan{}, x, where); }
struct IsFinite : Test<IsFinite> {
  static constexpr const char* name = "isfinite";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD bool value(T x) const {
    if constexpr (is_complex_type<T>) return value(x.re) && value(x.im);
    else if constexpr (std::is_floating_point_v<T>) return math::abs(x) <= std::numeric_limits<T>::max();
    else return true;
  }
};
inline Tensor isfinite(const Tensor& x, REEL_W) { return apply(IsFinite{}, x, where); }

struct IsInf : Test<IsInf> {
  static constexpr const char* name = "isinf";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD bool value(T x) const {
    if constexpr (is_complex_type<T>) return value(x.re) || value(x.im);
    else if constexpr (std::is_floating_point_v<T>) return math::abs(x) > std::numeric_limits<T>::max();
    else return false;
  }
};
inline Tensor isinf(const Tensor& x, REEL_W) { return apply(IsInf{}, x, where); }
inline Tensor isposinf(const Tensor& x, REEL_W) { return logical_and(Operand(isinf(x, where), where), greater(Operand(x, where), 0)); }
inline Tensor isneginf(const Tensor& x, REEL_W) { return logical_and(Operand(isinf(x, where), where), less(Operand(x, where), 0)); }
// Whether the sign bit is set: true for -0 and, unlike x < 0, for a NaN that has it.
struct Signbit : Test<Signbit> {
  static constexpr const char* name = "signbit";
  static constexpr Types types = kAny;
  template <class T> REEL_HD bool value(T x) const {
    if constexpr (std::is_same_v<T, float>) return std::bit_cast<int32_t>(x) < 0;
    else if constexpr (std::is_same_v<T, double>) return std::bit_cast<int64_t>(x) < 0;
    else return x < T(0);
  }
};
inline Tensor signbit(const Tensor& x, REEL_W) { return apply(Signbit{}, x, where); }
// |a - b| <= atol + rtol |b|, element by element; infinities of one sign are close, NaN is close to NaN only with equal_nan.
Tensor isclose(const Tensor& a, Operand b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false, REEL_W);
// Whether all elements are; shapes broadcast.
bool allclose(const Tensor& a, Operand b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false, REEL_W);
// Whether shapes and all values agree; NaN equals NaN only with equal_nan.
bool array_equal(const Tensor& a, const Tensor& b, bool equal_nan = false, REEL_W);

// condition ? a : b, element by element.
Tensor where(const Tensor& condition, Operand a, Operand b);
struct Where3 : Elementwise<Where3> {
  static constexpr const char* name = "where";
  static constexpr Keep keep = kIn0;
  static constexpr Types types = kAny | kComplex;
  static constexpr int arity = 3;
  static constexpr bool first_is_bool = true;
  Spec infer(Inputs in) const;
  template <class T> REEL_HD T value(bool c, T a, T b) const {
#ifndef __CUDA_ARCH__
    // By bits: written as a choice the loop is a branch, which conditions at random make 20 times as slow.
    using Bits = std::conditional_t<sizeof(T) == 1, uint8_t, std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
    if constexpr (sizeof(T) <= 8) {
      Bits chosen = Bits(Bits(0) - Bits(c));
      return std::bit_cast<T>(Bits((std::bit_cast<Bits>(a) & chosen) | (std::bit_cast<Bits>(b) & Bits(~chosen))));
    }
#endif
    return c ? a : b;
  }
  Grads vjp(const Vjp& v) const {
    return {Tensor{}, v.needs(1) ? reel::where(v.in(0), v.gy(), 0) : Tensor{}, v.needs(2) ? reel::where(v.in(0), 0, v.gy()) : Tensor{}};
  }
};

using ComparisonOps = OpList<Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual, LogicalAnd, LogicalOr, LogicalXor,
                             LogicalNot, IsNan, IsFinite, IsInf, Signbit, Where3>;

}  // namespace reel
