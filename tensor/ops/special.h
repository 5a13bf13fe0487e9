#pragma once
// Special functions, elementwise.
#include "tensor/ops/exponential.h"

namespace reel {

struct Erf : Elementwise<Erf> {
  static constexpr const char* name = "erf";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 9;
  static constexpr bool own_floats = true;
  template <class T> REEL_HD T value(T x) const { return math::erf(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (1.1283791670955126 * exp(-square(v.in(0))))}; }
};
inline Tensor erf(const Tensor& x, REEL_W) { return apply(Erf{}, x, where); }

// 1 - erf(x), without cancellation where erf(x) is near 1.
struct Erfc : Elementwise<Erfc> {
  static constexpr const char* name = "erfc";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 17;
  template <class T> REEL_HD T value(T x) const { return math::erfc(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (-1.1283791670955126 * exp(-square(v.in(0))))}; }
};
inline Tensor erfc(const Tensor& x, REEL_W) { return apply(Erfc{}, x, where); }

using SpecialOps = OpList<Erf, Erfc>;

}  // namespace reel
