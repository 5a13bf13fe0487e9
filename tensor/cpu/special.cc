// The values of the special functions that have no short formula, by Boost.Math and libm. Poles and arguments outside a function's
// domain give infinities and NaN, as scipy.special does; nothing throws.
#include <cmath>

#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/polygamma.hpp>

#include "tensor/cpu/elementwise.h"
#include "tensor/ops/bessel.h"
#include "tensor/ops/error_function.h"
#include "tensor/ops/gamma.h"
#include "tensor/ops/polynomial.h"

namespace reel {
namespace {

namespace bm = boost::math;
// Errors become NaN and infinities; float64 is computed in float64 (Boost's default is the slower long double).
using Quiet = bm::policies::policy<bm::policies::domain_error<bm::policies::ignore_error>, bm::policies::pole_error<bm::policies::ignore_error>,
                                   bm::policies::overflow_error<bm::policies::ignore_error>, bm::policies::underflow_error<bm::policies::ignore_error>,
                                   bm::policies::evaluation_error<bm::policies::ignore_error>, bm::policies::promote_double<false>>;
constexpr double kInf = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

double digamma_of(double x) {
  if (x == 0) return std::copysign(kInf, -x);
  if (x == kInf) return x;
  if (std::isnan(x) || (x < 0 && x == std::floor(x))) return kNan;  // -inf too
  return bm::digamma(x, Quiet());
}
double polygamma_of(int n, double x) {
  if (std::isnan(x) || x == -kInf) return kNan;
  if (x == kInf) return 0;
  if (x <= 0 && x == std::floor(x)) return n % 2 ? kInf : kNan;
  return bm::polygamma(n, x, Quiet());
}

// Euler and Maclaurin: the first terms one by one, the rest as an integral with corrections B_2j / (2 j)! x (x + 1) ... (q + n)^(-x - 2 j + 1).
double zeta_of(double x, double q) {
  if (std::isnan(x) || std::isnan(q) || x < 1 || q < 0) return kNan;
  if (x == 1 || q == 0) return kInf;
  if (q == kInf) return 0;
  if (x == kInf) return q > 1 ? 0 : q == 1 ? 1 : kInf;
  constexpr int kTerms = 12;
  double sum = 0;
  for (int k = 0; k < kTerms; ++k) {
    double term = std::pow(q + k, -x);
    sum += term;
    if (term < sum * 1e-18) return sum;
  }
  constexpr double kBernoulli[] = {1. / 12, -1. / 720, 1. / 30240, -1. / 1209600, 1. / 47900160, -691. / 1307674368000, 1. / 74724249600.,
                                   -3617. / 10670622842880000.};
  double w = q + kTerms, power = std::pow(w, -x), factor = x / w;
  sum += power * w / (x - 1) + 0.5 * power;
  for (int j = 0; j < 8; ++j) {
    sum += kBernoulli[j] * factor * power;
    factor *= (x + 2 * j + 1) / w * ((x + 2 * j + 2) / w);
  }
  return sum;
}

double erfcx_of(double x) {
  if (x < 50) return double(std::exp((long double)x * x) * std::erfc((long double)x));
  double r = 0.5 / (x * x);
  return 0.56418958354775628695 / x * (1 - r * (1 - 3 * r * (1 - 5 * r * (1 - 7 * r * (1 - 9 * r)))));
}
double ndtr_of(long double x) { return double(0.5L * std::erfc(-x * 0.707106781186547524400844362104849L)); }
double log_ndtr_of(double x) {
  if (x > -1) return std::log1p(-ndtr_of(-x));
  return std::log(0.5 * erfcx_of(-x * 0.70710678118654752440)) - 0.5 * x * x;
}
double ndtri_of(double p) {
  if (!(p >= 0 && p <= 1)) return kNan;
  if (p == 0 || p == 1) return p ? kInf : -kInf;
  if (p == 0.5) return 0;
  return -1.4142135623730950488 * bm::erfc_inv(2 * p, Quiet());
}

// exp(-|x|) I_order(x); beyond the exponential's range by Hankel's expansion (Abramowitz and Stegun 9.7.1).
double scaled_bessel_i(int order, double x) {
  double a = std::fabs(x), y;
  if (a <= 600) {
    y = bm::cyl_bessel_i(order, a, Quiet()) * std::exp(-a);
  } else {
    double mu = 4. * order * order, term = 1, sum = 1;
    for (int k = 1; k < 8; ++k) sum += term *= -(mu - (2. * k - 1) * (2. * k - 1)) / (k * 8 * a);
    y = sum / std::sqrt(6.2831853071795864769 * a);
  }
  return order % 2 && x < 0 ? -y : y;
}
double bessel_i(int order, double x) {
  if (std::isnan(x)) return x;
  if (std::fabs(x) > 720) return order % 2 && x < 0 ? -kInf : kInf;
  return bm::cyl_bessel_i(order, x, Quiet());
}
// Boost reduces huge arguments slowly; there is nothing but the phase of cos(x - (2 order + 1) pi / 4) by then.
double bessel_j(int order, double x) {
  if (std::isnan(x)) return x;
  double a = std::fabs(x), y;
  if (a == kInf) return 0;
  if (a < 1e8) {
    y = bm::cyl_bessel_j(order, a, Quiet());
  } else {
    double c = std::cos(a), s = std::sin(a);
    y = std::sqrt(0.31830988618379067154 / a) * (order ? s - c : c + s);
  }
  return order % 2 && x < 0 ? -y : y;
}
double spherical_bessel_j(int n, double x) {
  double a = std::fabs(x);
  if (std::isnan(x)) return x;
  if (a == kInf) return 0;
  double y = n == 0 ? (a == 0 ? 1 : std::sin(a) / a) : a == 0 ? 0 : bm::sph_bessel(unsigned(n), a, Quiet());
  return n % 2 && x < 0 ? -y : y;
}

double incomplete_gamma(double a, double x, bool upper) {
  if (std::isnan(a) || std::isnan(x) || a < 0 || x < 0 || (a == 0 && x == 0) || (a == kInf && x == kInf)) return kNan;
  if (a == 0 || x == kInf) return upper ? 0 : 1;
  if (x == 0 || a == kInf) return upper ? 1 : 0;
  return upper ? bm::gamma_q(a, x, Quiet()) : bm::gamma_p(a, x, Quiet());
}

}  // namespace

template <class T> T Gammaln::value(T x) const {
  int sign;
  return T(x == T(-kInf) ? kInf : lgamma_r(double(x), &sign));
}
template <class T> T Digamma::value(T x) const { return T(digamma_of(double(x))); }
template <class T> T Polygamma::value(T x) const { return T(polygamma_of(order, double(x))); }
template <class T> T Zeta::value(T x, T q) const { return T(zeta_of(double(x), double(q))); }
// In 64 bits of precision: what cancels for large arguments is below a unit in the last place of float64 up to about 1000.
template <class T> T Betaln::value(T a, T b) const {
  int sign;
  return T(lgammal_r(a, &sign) + lgammal_r(b, &sign) - lgammal_r((long double)a + (long double)b, &sign));
}
template <class T> T Gammainc::value(T a, T x) const { return T(incomplete_gamma(double(a), double(x), false)); }
template <class T> T Gammaincc::value(T a, T x) const { return T(incomplete_gamma(double(a), double(x), true)); }

template <class T> T Erfcx::value(T x) const { return T(erfcx_of(double(x))); }
template <class T> T Erfinv::value(T x) const {
  if (!(x >= T(-1) && x <= T(1))) return T(kNan);
  return T(x == T(1) ? kInf : x == T(-1) ? -kInf : bm::erf_inv(double(x), Quiet()));
}
template <class T> T Erfcinv::value(T x) const {
  if (!(x >= T(0) && x <= T(2))) return T(kNan);
  return T(x == T(0) ? kInf : x == T(2) ? -kInf : bm::erfc_inv(double(x), Quiet()));
}
template <class T> T Ndtr::value(T x) const { return T(ndtr_of(x)); }
template <class T> T LogNdtr::value(T x) const { return T(log_ndtr_of(double(x))); }
template <class T> T Ndtri::value(T p) const { return T(ndtri_of(double(p))); }

template <class T> T BesselI0::value(T x) const { return T(bessel_i(0, double(x))); }
template <class T> T BesselI1::value(T x) const { return T(bessel_i(1, double(x))); }
template <class T> T BesselI0e::value(T x) const { return T(scaled_bessel_i(0, double(x))); }
template <class T> T BesselI1e::value(T x) const { return T(scaled_bessel_i(1, double(x))); }
template <class T> T BesselJ0::value(T x) const { return T(bessel_j(0, double(x))); }
template <class T> T BesselJ1::value(T x) const { return T(bessel_j(1, double(x))); }
template <class T> T SphericalBessel::value(T x) const { return T(spherical_bessel_j(order, double(x))); }

template <class T> T Gegenbauer::value(T x) const {
  double before = 1, now = degree ? 2 * alpha * double(x) : 1;
  for (int k = 2; k <= degree; ++k) {
    double next = (2 * (k + alpha - 1) * double(x) * now - (k + 2 * alpha - 2) * before) / k;
    before = now, now = next;
  }
  return T(now);
}
template <class T> T ChebyshevT::value(T x) const {
  double before = 1, now = degree ? double(x) : 1;
  for (int k = 2; k <= degree; ++k) {
    double next = 2 * double(x) * now - before;
    before = now, now = next;
  }
  return T(now);
}
template <class T> T Hermite::value(T x) const {
  double before = 1, now = degree ? 2 * double(x) : 1;
  for (int k = 2; k <= degree; ++k) {
    double next = 2 * double(x) * now - 2. * (k - 1) * before;
    before = now, now = next;
  }
  return T(now);
}

REEL_ELEMENTWISE(Gammaln);
REEL_ELEMENTWISE(Digamma);
REEL_ELEMENTWISE(Polygamma);
REEL_ELEMENTWISE(Zeta);
REEL_ELEMENTWISE(Betaln);
REEL_ELEMENTWISE(Gammainc);
REEL_ELEMENTWISE(Gammaincc);
REEL_ELEMENTWISE(Erfcx);
REEL_ELEMENTWISE(Erfinv);
REEL_ELEMENTWISE(Erfcinv);
REEL_ELEMENTWISE(Ndtr);
REEL_ELEMENTWISE(LogNdtr);
REEL_ELEMENTWISE(Ndtri);
REEL_ELEMENTWISE(BesselI0);
REEL_ELEMENTWISE(BesselI1);
REEL_ELEMENTWISE(BesselI0e);
REEL_ELEMENTWISE(BesselI1e);
REEL_ELEMENTWISE(BesselJ0);
REEL_ELEMENTWISE(BesselJ1);
REEL_ELEMENTWISE(SphericalBessel);
REEL_ELEMENTWISE(Gegenbauer);
REEL_ELEMENTWISE(ChebyshevT);
REEL_ELEMENTWISE(Hermite);

}  // namespace reel
