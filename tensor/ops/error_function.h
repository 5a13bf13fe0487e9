#pragma once
// The error function's scaled and inverse forms and the normal distribution, elementwise, with the names of scipy.special. On the CPU
// only; f16, bf16 and float32 are computed in float64 and rounded once.
#include "tensor/ops/special.h"

namespace reel {

struct Erfcx : Elementwise<Erfcx> {
  static constexpr const char* name = "erfcx";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn | kOut;
  static constexpr int cost = 60;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
};
// exp(x^2) erfc(x), which neither overflows nor vanishes for large x.
inline Tensor erfcx(const Tensor& x, REEL_W) { return apply(Erfcx{}, x, where); }

struct Erfinv : Elementwise<Erfinv> {
  static constexpr const char* name = "erfinv";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kOut;
  static constexpr int cost = 60;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
};
// The inverse of erf on [-1, 1]; NaN outside.
inline Tensor erfinv(const Tensor& x, REEL_W) { return apply(Erfinv{}, x, where); }

struct Erfcinv : Elementwise<Erfcinv> {
  static constexpr const char* name = "erfcinv";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kOut;
  static constexpr int cost = 60;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
};
// The inverse of erfc on [0, 2]; NaN outside.
inline Tensor erfcinv(const Tensor& x, REEL_W) { return apply(Erfcinv{}, x, where); }

struct Ndtr : Elementwise<Ndtr> {
  static constexpr const char* name = "ndtr";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 60;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
};
// The standard normal distribution function.
inline Tensor ndtr(const Tensor& x, REEL_W) { return apply(Ndtr{}, x, where); }

struct LogNdtr : Elementwise<LogNdtr> {
  static constexpr const char* name = "log_ndtr";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 100;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
};
// log(ndtr(x)), also where ndtr(x) is 0.
inline Tensor log_ndtr(const Tensor& x, REEL_W) { return apply(LogNdtr{}, x, where); }

struct Ndtri : Elementwise<Ndtri> {
  static constexpr const char* name = "ndtri";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kOut;
  static constexpr int cost = 60;
  template <class T> T value(T p) const;
  Grads vjp(const Vjp& v) const;
};
// The inverse of ndtr on [0, 1]; NaN outside.
inline Tensor ndtri(const Tensor& p, REEL_W) { return apply(Ndtri{}, p, where); }

}  // namespace reel
