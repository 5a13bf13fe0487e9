#pragma once
// The numbers that a function given to map (tensor/map.h) is called with: a value, or a value with its derivatives of up to three orders.
// Everything is found by argument-dependent lookup: `exp(-x)` is this file's exp wherever it is written. Comparisons look at values.
#include <numbers>

#include "tensor/math.h"

namespace reel {

template <class T, int Order> struct MapNumber {
  using Inner = std::conditional_t<Order == 0, T, MapNumber<T, Order - 1>>;
  struct None {};
  Inner v{};
  [[no_unique_address]] std::conditional_t<Order == 0, None, Inner> d{};

  REEL_HD MapNumber() {}
  template <class U>
    requires std::is_arithmetic_v<U>
  REEL_HD MapNumber(U number) : v(T(number)) {}
  REEL_HD explicit MapNumber(Inner value)
    requires(Order > 0)
      : v(value) {}
  REEL_HD MapNumber(Inner value, Inner derivative)
    requires(Order > 0)
      : v(value), d(derivative) {}

  // Operand i of a function that is derived by the operands by[0], by[1] ... in turn.
  REEL_HD static MapNumber seeded(T x, int i, const int* by) {
    MapNumber n;
    if constexpr (Order == 0) n.v = x;
    else n.v = Inner::seeded(x, i, by + 1), n.d = Inner(T(i == *by));
    return n;
  }
  // The value, or the derivative of the highest order.
  REEL_HD T top() const {
    if constexpr (Order == 0) return v;
    else return d.top();
  }
  REEL_HD T value() const {
    if constexpr (Order == 0) return v;
    else return v.value();
  }

  REEL_HD friend MapNumber operator+(MapNumber a) { return a; }
  REEL_HD friend MapNumber operator-(MapNumber a) {
    if constexpr (Order == 0) return of(-a.v);
    else return {-a.v, -a.d};
  }
  REEL_HD friend MapNumber operator+(MapNumber a, MapNumber b) {
    if constexpr (Order == 0) return of(a.v + b.v);
    else return {a.v + b.v, a.d + b.d};
  }
  REEL_HD friend MapNumber operator-(MapNumber a, MapNumber b) {
    if constexpr (Order == 0) return of(a.v - b.v);
    else return {a.v - b.v, a.d - b.d};
  }
  REEL_HD friend MapNumber operator*(MapNumber a, MapNumber b) {
    if constexpr (Order == 0) return of(a.v * b.v);
    else return {a.v * b.v, a.d * b.v + a.v * b.d};
  }
  REEL_HD friend MapNumber operator/(MapNumber a, MapNumber b) {
    if constexpr (Order == 0) {
      return of(a.v / b.v);
    } else {
      Inner y = a.v / b.v;
      return {y, (a.d - y * b.d) / b.v};
    }
  }
  REEL_HD MapNumber& operator+=(MapNumber o) { return *this = *this + o; }
  REEL_HD MapNumber& operator-=(MapNumber o) { return *this = *this - o; }
  REEL_HD MapNumber& operator*=(MapNumber o) { return *this = *this * o; }
  REEL_HD MapNumber& operator/=(MapNumber o) { return *this = *this / o; }
  REEL_HD friend bool operator<(MapNumber a, MapNumber b) { return a.value() < b.value(); }
  REEL_HD friend bool operator>(MapNumber a, MapNumber b) { return a.value() > b.value(); }
  REEL_HD friend bool operator<=(MapNumber a, MapNumber b) { return a.value() <= b.value(); }
  REEL_HD friend bool operator>=(MapNumber a, MapNumber b) { return a.value() >= b.value(); }
  REEL_HD friend bool operator==(MapNumber a, MapNumber b) { return a.value() == b.value(); }
  REEL_HD friend bool operator!=(MapNumber a, MapNumber b) { return a.value() != b.value(); }

// fn(x) with y = fn(x) and the derivative `slope`, which may name x and y (of one order less).
#define REEL_MAP_FUNCTION(fn, slope)                                \
  REEL_HD friend MapNumber fn(MapNumber a) {                        \
    if constexpr (Order == 0) {                                     \
      return of(math::fn(a.v));                                     \
    } else {                                                        \
      [[maybe_unused]] const Inner x = a.v, y = fn(x);              \
      return {y, a.d * (slope)};                                    \
    }                                                               \
  }
  REEL_MAP_FUNCTION(exp, y)
  REEL_MAP_FUNCTION(exp2, y * std::numbers::ln2)
  REEL_MAP_FUNCTION(expm1, y + 1)
  REEL_MAP_FUNCTION(log, 1 / x)
  REEL_MAP_FUNCTION(log2, 1 / (x * std::numbers::ln2))
  REEL_MAP_FUNCTION(log10, 1 / (x * std::numbers::ln10))
  REEL_MAP_FUNCTION(log1p, 1 / (1 + x))
  REEL_MAP_FUNCTION(sqrt, 0.5 / y)
  REEL_MAP_FUNCTION(cbrt, 1 / (3 * y * y))
  REEL_MAP_FUNCTION(sin, cos(x))
  REEL_MAP_FUNCTION(cos, -sin(x))
  REEL_MAP_FUNCTION(tan, 1 + y * y)
  REEL_MAP_FUNCTION(asin, 1 / sqrt(1 - x * x))
  REEL_MAP_FUNCTION(acos, -1 / sqrt(1 - x * x))
  REEL_MAP_FUNCTION(atan, 1 / (1 + x * x))
  REEL_MAP_FUNCTION(sinh, cosh(x))
  REEL_MAP_FUNCTION(cosh, sinh(x))
  REEL_MAP_FUNCTION(tanh, 1 - y * y)
  REEL_MAP_FUNCTION(asinh, 1 / sqrt(x * x + 1))
  REEL_MAP_FUNCTION(acosh, 1 / sqrt(x * x - 1))
  REEL_MAP_FUNCTION(atanh, 1 / (1 - x * x))
  REEL_MAP_FUNCTION(erf, exp(-x * x) * (2 * std::numbers::inv_sqrtpi))
  REEL_MAP_FUNCTION(erfc, exp(-x * x) * (-2 * std::numbers::inv_sqrtpi))
  REEL_MAP_FUNCTION(sigmoid, y * (1 - y))
  REEL_MAP_FUNCTION(softplus, sigmoid(x))
  REEL_MAP_FUNCTION(abs, (x > 0 ? Inner(1) : x < 0 ? Inner(-1) : Inner(0)))
  REEL_MAP_FUNCTION(floor, Inner(0))
  REEL_MAP_FUNCTION(ceil, Inner(0))
  REEL_MAP_FUNCTION(trunc, Inner(0))
  REEL_MAP_FUNCTION(rint, Inner(0))
#undef REEL_MAP_FUNCTION
  REEL_HD friend MapNumber square(MapNumber a) { return a * a; }
  REEL_HD friend MapNumber rsqrt(MapNumber a) { return 1 / sqrt(a); }
  REEL_HD friend MapNumber relu(MapNumber a) { return a > 0 ? a : MapNumber(0); }
  REEL_HD friend MapNumber maximum(MapNumber a, MapNumber b) { return a.value() > b.value() || a.value() != a.value() ? a : b; }
  REEL_HD friend MapNumber minimum(MapNumber a, MapNumber b) { return a.value() < b.value() || a.value() != a.value() ? a : b; }
  REEL_HD friend MapNumber clip(MapNumber a, MapNumber low, MapNumber high) { return minimum(maximum(a, low), high); }
  REEL_HD friend MapNumber where(bool condition, MapNumber a, MapNumber b) { return condition ? a : b; }
  // x^n of a number n: defined for every x that a power by multiplication is.
  template <class U>
    requires std::is_arithmetic_v<U>
  REEL_HD friend MapNumber pow(MapNumber a, U n) {
    if constexpr (Order == 0) return of(math::pow(a.v, T(n)));
    else return {pow(a.v, n), a.d * pow(a.v, double(n) - 1) * double(n)};
  }
  REEL_HD friend MapNumber pow(MapNumber a, MapNumber b) {
    if constexpr (Order == 0) {
      return of(math::pow(a.v, b.v));
    } else {
      Inner y = pow(a.v, b.v);
      return {y, a.d * b.v * pow(a.v, b.v - 1) + b.d * y * log(a.v)};
    }
  }
  REEL_HD friend MapNumber atan2(MapNumber a, MapNumber b) {
    if constexpr (Order == 0) return of(math::atan2(a.v, b.v));
    else return {atan2(a.v, b.v), (a.d * b.v - a.v * b.d) / (a.v * a.v + b.v * b.v)};
  }
  REEL_HD friend MapNumber hypot(MapNumber a, MapNumber b) {
    if constexpr (Order == 0) {
      return of(math::hypot(a.v, b.v));
    } else {
      Inner y = hypot(a.v, b.v);
      return {y, (a.d * a.v + b.d * b.v) / y};
    }
  }

 private:
  REEL_HD static MapNumber of(T x)
    requires(Order == 0)
  {
    MapNumber n;
    n.v = x;
    return n;
  }
};

}  // namespace reel
