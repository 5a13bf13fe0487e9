// The gradient rules of gamma.h, error_function.h, bessel.h and polynomial.h; their values stand in tensor/cpu/special.cc.
#include "tensor/ops/bessel.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/error_function.h"
#include "tensor/ops/gamma.h"
#include "tensor/ops/polynomial.h"

namespace reel {
namespace {

constexpr double kSqrtPi = 1.7724538509055160273;

[[noreturn]] void no_gradient(const char* op, const char* operand, const Vjp& v) {
  Tensor x = v.in(0), y = v.in(1);
  const Tensor* in[] = {&x, &y};
  fail<TapeError>(op, std::string("has no gradient for ") + operand + " (detach it)", Inputs(in, 2));
}
void check_degree(const char* op, int n, int most, const Tensor& x, Where where) {
  if (n >= 0 && n <= most) return;
  const Tensor* in[] = {&x};
  located(where, [&] { fail<Error>(op, "n must be in [0, " + std::to_string(most) + "], got " + std::to_string(n), Inputs(in, 1)); });
}
// f / x, and `at_zero` where x is 0.
Tensor over(const Tensor& f, const Tensor& x, double at_zero) {
  Tensor zero = x == 0;
  return where(zero, at_zero, f / where(zero, 1, x));
}

// The density of gammainc(a, x) in x.
Tensor gamma_density(const Tensor& a, const Tensor& x) { return exp(xlogy(a - 1, x) - x - gammaln(a)); }

constexpr int kMostDegree = 1 << 20;

Gegenbauer gegenbauer(int n, double alpha) {
  Gegenbauer op;
  op.degree = n, op.alpha = alpha;
  return op;
}

}  // namespace

Grads Gammaln::vjp(const Vjp& v) const { return {gated_multiply(v.gy(), digamma(v.in(0)))}; }
Grads Digamma::vjp(const Vjp& v) const { return {gated_multiply(v.gy(), polygamma(1, v.in(0)))}; }
Grads Polygamma::vjp(const Vjp& v) const { return {gated_multiply(v.gy(), polygamma(order + 1, v.in(0)))}; }
Grads Zeta::vjp(const Vjp& v) const {
  if (v.needs(0)) no_gradient(name, "x", v);
  return {Tensor{}, gated_multiply(v.gy(), -v.in(0) * zeta(v.in(0) + 1, v.in(1)))};
}
Grads Betaln::vjp(const Vjp& v) const {
  Tensor both = digamma(v.in(0) + v.in(1));
  return {v.needs(0) ? v.gy() * (digamma(v.in(0)) - both) : Tensor{}, v.needs(1) ? v.gy() * (digamma(v.in(1)) - both) : Tensor{}};
}
Grads Gammainc::vjp(const Vjp& v) const {
  if (v.needs(0)) no_gradient(name, "a", v);
  return {Tensor{}, gated_multiply(v.gy(), gamma_density(v.in(0), v.in(1)))};
}
Grads Gammaincc::vjp(const Vjp& v) const {
  if (v.needs(0)) no_gradient(name, "a", v);
  return {Tensor{}, gated_multiply(-v.gy(), gamma_density(v.in(0), v.in(1)))};
}
Tensor polygamma(int n, const Tensor& x, Where where) {
  check_degree(Polygamma::name, n, 170, x, where);
  if (n == 0) return digamma(x, where);
  Polygamma op;
  op.order = n;
  return apply(op, x, where);
}
Tensor multigammaln(const Tensor& a, int d, Where where) {
  if (d < 1) fail_at(Error("multigammaln: the dimension must be at least 1, got " + std::to_string(d)), where);
  return formula(where, [&] {
    Tensor y = gammaln(a);
    for (int k = 1; k < d; ++k) y = y + gammaln(a - 0.5 * k);
    return y + 0.25 * d * (d - 1.) * 1.1447298858494001741;
  });
}

Grads Erfcx::vjp(const Vjp& v) const { return {v.gy() * (2 * v.in(0) * v.out() - 2 / kSqrtPi)}; }
Grads Erfinv::vjp(const Vjp& v) const { return {gated_multiply(v.gy(), (kSqrtPi / 2) * exp(square(v.out())))}; }
Grads Erfcinv::vjp(const Vjp& v) const { return {gated_multiply(v.gy(), (-kSqrtPi / 2) * exp(square(v.out())))}; }
Grads Ndtr::vjp(const Vjp& v) const { return {v.gy() * (0.39894228040143267794 * exp(-0.5 * square(v.in(0))))}; }
Grads LogNdtr::vjp(const Vjp& v) const { return {v.gy() * (0.79788456080286535588 / erfcx(-0.70710678118654752440 * v.in(0)))}; }
Grads Ndtri::vjp(const Vjp& v) const { return {gated_multiply(v.gy(), 2.5066282746310005024 * exp(0.5 * square(v.out())))}; }

Grads BesselI0::vjp(const Vjp& v) const { return {v.gy() * i1(v.in(0))}; }
Grads BesselI1::vjp(const Vjp& v) const { return {v.gy() * (i0(v.in(0)) - over(v.out(), v.in(0), 0.5))}; }
Grads BesselI0e::vjp(const Vjp& v) const { return {v.gy() * (i1e(v.in(0)) - sign(v.in(0)) * v.out())}; }
Grads BesselI1e::vjp(const Vjp& v) const {
  Tensor x = v.in(0);
  return {v.gy() * (i0e(x) - over(v.out(), x, 0.5) - sign(x) * v.out())};
}
Grads BesselJ0::vjp(const Vjp& v) const { return {-(v.gy() * j1(v.in(0)))}; }
Grads BesselJ1::vjp(const Vjp& v) const { return {v.gy() * (j0(v.in(0)) - over(v.out(), v.in(0), 0.5))}; }
// (2 n + 1) j_n' = n j_(n - 1) - (n + 1) j_(n + 1).
Grads SphericalBessel::vjp(const Vjp& v) const {
  Tensor x = v.in(0), above = spherical_jn(order + 1, x);
  if (order == 0) return {-(v.gy() * above)};
  double scale = 1. / (2 * order + 1);
  return {v.gy() * (scale * order * spherical_jn(order - 1, x) - scale * (order + 1) * above)};
}
Tensor spherical_jn(int n, const Tensor& x, Where where) {
  check_degree(SphericalBessel::name, n, kMostDegree, x, where);
  SphericalBessel op;
  op.order = n;
  return apply(op, x, where);
}

Grads Gegenbauer::vjp(const Vjp& v) const {
  if (degree == 0) return {zeros_like(v.gy(), {})};
  return {v.gy() * (2 * alpha * eval_gegenbauer(degree - 1, alpha + 1, v.in(0)))};
}
Grads ChebyshevT::vjp(const Vjp& v) const {
  if (degree == 0) return {zeros_like(v.gy(), {})};
  return {v.gy() * (double(degree) * eval_chebyu(degree - 1, v.in(0)))};
}
Grads Hermite::vjp(const Vjp& v) const {
  if (degree == 0) return {zeros_like(v.gy(), {})};
  return {v.gy() * (2. * degree * eval_hermite(degree - 1, v.in(0)))};
}
Tensor eval_gegenbauer(int n, double alpha, const Tensor& x, Where where) {
  check_degree(Gegenbauer::name, n, kMostDegree, x, where);
  if (!(alpha > 0)) fail_at(Error("eval_gegenbauer: alpha must be above 0, got " + std::to_string(alpha)), where);
  return apply(gegenbauer(n, alpha), x, where);
}
Tensor eval_legendre(int n, const Tensor& x, Where where) {
  check_degree("eval_legendre", n, kMostDegree, x, where);
  return apply(gegenbauer(n, 0.5), x, where);
}
Tensor eval_chebyu(int n, const Tensor& x, Where where) {
  check_degree("eval_chebyu", n, kMostDegree, x, where);
  return apply(gegenbauer(n, 1), x, where);
}
Tensor eval_chebyt(int n, const Tensor& x, Where where) {
  check_degree(ChebyshevT::name, n, kMostDegree, x, where);
  ChebyshevT op;
  op.degree = n;
  return apply(op, x, where);
}
Tensor eval_hermite(int n, const Tensor& x, Where where) {
  check_degree(Hermite::name, n, kMostDegree, x, where);
  Hermite op;
  op.degree = n;
  return apply(op, x, where);
}

}  // namespace reel
