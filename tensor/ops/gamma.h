#pragma once
// The gamma function's family, elementwise, with the names of scipy.special. On the CPU only; f16, bf16 and float32 are computed in
// float64 and rounded once.
#include "tensor/ops/special.h"

namespace reel {

struct Gammaln : Elementwise<Gammaln> {
  static constexpr const char* name = "gammaln";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 40;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
};
// log |gamma(x)|; infinite at 0, -1, -2 ...
inline Tensor gammaln(const Tensor& x, REEL_W) { return apply(Gammaln{}, x, where); }

struct Digamma : Elementwise<Digamma> {
  static constexpr const char* name = "digamma";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 60;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
};
// The derivative of log gamma(x); NaN at -1, -2 ..., infinite at 0.
inline Tensor digamma(const Tensor& x, REEL_W) { return apply(Digamma{}, x, where); }

struct Polygamma : Elementwise<Polygamma> {
  static constexpr const char* name = "polygamma";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 200;
  int order = 1;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
  std::string attributes() const { return "n=" + std::to_string(order); }
};
// The n-th derivative of digamma; n from 0 to 170.
Tensor polygamma(int n, const Tensor& x, REEL_W);

struct Zeta : FloatBinary<Zeta> {
  static constexpr const char* name = "zeta";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 200;
  template <class T> T value(T x, T q) const;
  Grads vjp(const Vjp& v) const;
};
// Hurwitz's zeta, the sum of (k + q)^-x over k = 0, 1 ..., for x > 1 and q > 0; infinite at x = 1 and q = 0, NaN elsewhere. It has a
// gradient for q alone: a recorded x throws.
inline Tensor zeta(Operand x, Operand q = 1) { return combine(Zeta{}, x, q); }

struct Betaln : FloatBinary<Betaln> {
  static constexpr const char* name = "betaln";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 150;
  template <class T> T value(T a, T b) const;
  Grads vjp(const Vjp& v) const;
};
// log |beta(a, b)|.
inline Tensor betaln(Operand a, Operand b) { return combine(Betaln{}, a, b); }

struct Gammainc : FloatBinary<Gammainc> {
  static constexpr const char* name = "gammainc";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 150;
  template <class T> T value(T a, T x) const;
  Grads vjp(const Vjp& v) const;
};
// The regularized lower incomplete gamma function, the integral of t^(a - 1) exp(-t) from 0 to x over gamma(a), for a > 0 and x >= 0. It
// has a gradient for x alone: a recorded a throws.
inline Tensor gammainc(Operand a, Operand x) { return combine(Gammainc{}, a, x); }

struct Gammaincc : FloatBinary<Gammaincc> {
  static constexpr const char* name = "gammaincc";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  static constexpr int cost = 150;
  template <class T> T value(T a, T x) const;
  Grads vjp(const Vjp& v) const;
};
// 1 - gammainc(a, x) without cancellation.
inline Tensor gammaincc(Operand a, Operand x) { return combine(Gammaincc{}, a, x); }

// log of the multivariate gamma function of dimension d: d (d - 1) / 4 log(pi) + the sum of gammaln(a - k / 2) over k < d.
Tensor multigammaln(const Tensor& a, int d, REEL_W);

}  // namespace reel
