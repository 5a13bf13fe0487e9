#pragma once
// Orthogonal polynomials of degree n at x, elementwise, by their recurrences, with the names of scipy.special. On the CPU only.
#include "tensor/ops/special.h"

namespace reel {

struct Gegenbauer : Elementwise<Gegenbauer> {
  static constexpr const char* name = "eval_gegenbauer";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 20;
  int degree = 0;
  double alpha = 0.5;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
  std::string attributes() const { return "n=" + std::to_string(degree) + " alpha=" + std::to_string(alpha); }
};
struct ChebyshevT : Elementwise<ChebyshevT> {
  static constexpr const char* name = "eval_chebyt";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 20;
  int degree = 0;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
  std::string attributes() const { return "n=" + std::to_string(degree); }
};
struct Hermite : Elementwise<Hermite> {
  static constexpr const char* name = "eval_hermite";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 20;
  int degree = 0;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
  std::string attributes() const { return "n=" + std::to_string(degree); }
};

// Gegenbauer's, alpha > 0; Legendre's are those of alpha = 1/2, Chebyshev's of the second kind those of alpha = 1.
Tensor eval_gegenbauer(int n, double alpha, const Tensor& x, REEL_W);
Tensor eval_legendre(int n, const Tensor& x, REEL_W);
Tensor eval_chebyu(int n, const Tensor& x, REEL_W);
// Chebyshev's of the first kind.
Tensor eval_chebyt(int n, const Tensor& x, REEL_W);
// Hermite's as physicists have them: 2^n x^n + ...
Tensor eval_hermite(int n, const Tensor& x, REEL_W);

}  // namespace reel
