// Rows of gamma.h, error_function.h, bessel.h and polynomial.h; formulas of the C++ library, or by series and integrals.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

// Recurrence up to 20, then the asymptotic series.
double digamma_by_series(double x) {
  double y = 0;
  for (; x < 20; ++x) y -= 1 / x;
  double r = 1 / (x * x);
  return y + std::log(x) - 0.5 / x - r * (1. / 12 - r * (1. / 120 - r * (1. / 252 - r * (1. / 240 - r / 132))));
}
double polygamma_by_sum(int n, double x) {
  double y = 0, factorial = std::tgamma(n + 1.);
  for (; x < 60; ++x) y += std::pow(x, -n - 1);
  double p = std::pow(x, -n);
  y += p / n + 0.5 * p / x + (n + 1) * p / x / x / 12 - (n + 1.) * (n + 2) * (n + 3) * p / std::pow(x, 4) / 720;
  y += (n + 1.) * (n + 2) * (n + 3) * (n + 4) * (n + 5) * p / std::pow(x, 6) / 30240;
  return (n % 2 ? 1 : -1) * factorial * y;
}
double gammainc_by_series(double a, double x) {
  double term = std::pow(x, a) * std::exp(-x) / std::tgamma(a + 1), y = term;
  for (int k = 1; k < 200; ++k) y += term *= x / (a + k);
  return y;
}
double inverse(double (*f)(double), double y, double low, double high) {
  for (int i = 0; i < 200; ++i) (f((low + high) / 2) < y ? low : high) = (low + high) / 2;
  return (low + high) / 2;
}
double normal(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.)); }
double chebyt(int n, double x) { return std::cos(n * std::acos(x)); }
double chebyu(int n, double x) { return std::sin((n + 1) * std::acos(x)) / std::sin(std::acos(x)); }

#define REEL_ROW(text, value, expression, from, to)                                                                               \
  {.name = text, .shapes = {{2, 3}}, .call = [](const Tensors& x) { return value; },                                                       \
   .formula = each_element([](const double* x) -> double { return expression; }), .low = from, .high = to, .answers = float_of}

const AddRows special({
    REEL_ROW("gammaln", gammaln(x[0]), std::lgamma(x[0]), 1, 6),
    REEL_ROW("gammaln between poles", gammaln(x[0] - 2.25), std::lgamma(x[0] - 2.25), 0.4, 1.1),
    REEL_ROW("digamma", digamma(x[0]), digamma_by_series(x[0]), 1, 6),
    REEL_ROW("polygamma", polygamma(1, x[0]), polygamma_by_sum(1, x[0]), 1, 6),
    REEL_ROW("polygamma of order 3", polygamma(3, x[0]), polygamma_by_sum(3, x[0]), 1, 6),
    REEL_ROW("multigammaln", multigammaln(x[0], 2), 0.5 * std::log(M_PI) + std::lgamma(x[0]) + std::lgamma(x[0] - 0.5), 2, 6),
    REEL_ROW("zeta in its second operand", zeta(4., x[0]), polygamma_by_sum(3, x[0]) / 6, 1, 5),
    REEL_ROW("gammainc in its second operand", gammainc(2.5, x[0]), gammainc_by_series(2.5, x[0]), 1, 6),
    REEL_ROW("gammaincc in its second operand", gammaincc(2.5, x[0]), 1 - gammainc_by_series(2.5, x[0]), 1, 4),
    {.name = "betaln", .shapes = {{2, 3}, {2, 3}}, .call = [](const Tensors& x) { return betaln(x[0], x[1]); },
     .formula = each_element([](const double* x) -> double { return std::log(std::beta(x[0], x[1])); }), .low = 1, .high = 5, .answers = float_of},
    REEL_ROW("erfcx", erfcx(x[0]), std::exp(x[0] * x[0]) * std::erfc(x[0]), -2, 2),
    REEL_ROW("erfinv", erfinv(0.4 * x[0]), inverse([](double v) { return std::erf(v); }, 0.4 * x[0], -6, 6), -2, 2),
    REEL_ROW("erfcinv", erfcinv(0.2 * x[0] + 0.1), inverse([](double v) { return -std::erfc(v); }, -0.2 * x[0] - 0.1, -6, 6), 1, 6),
    REEL_ROW("ndtr", ndtr(x[0]), normal(x[0]), -3, 3),
    REEL_ROW("log_ndtr", log_ndtr(x[0]), std::log(normal(x[0])), -3, 2),
    REEL_ROW("ndtri", ndtri(0.2 * x[0] + 0.1), inverse(normal, 0.2 * x[0] + 0.1, -8, 8), 1, 4),
    REEL_ROW("i0", i0(x[0]), std::cyl_bessel_i(0., std::fabs(x[0])), -3, 3),
    REEL_ROW("i1", i1(x[0]), std::copysign(std::cyl_bessel_i(1., std::fabs(x[0])), x[0]), -3, 3),
    REEL_ROW("i0e", i0e(x[0]), std::exp(-std::fabs(x[0])) * std::cyl_bessel_i(0., std::fabs(x[0])), 1, 5),
    REEL_ROW("i1e", i1e(x[0]), std::exp(-std::fabs(x[0])) * std::cyl_bessel_i(1., std::fabs(x[0])), 1, 5),
    REEL_ROW("j0", j0(x[0]), std::cyl_bessel_j(0., std::fabs(x[0])), -3, 3),
    REEL_ROW("j1", j1(x[0]), std::copysign(std::cyl_bessel_j(1., std::fabs(x[0])), x[0]), -3, 3),
    REEL_ROW("spherical_jn", spherical_jn(0, x[0]), std::sph_bessel(0, x[0]), 1, 5),
    REEL_ROW("spherical_jn of order 2", spherical_jn(2, x[0]), std::sph_bessel(2, x[0]), 1, 5),
    REEL_ROW("eval_legendre", eval_legendre(4, 0.4 * x[0]), std::legendre(4, 0.4 * x[0]), -2, 2),
    REEL_ROW("eval_chebyt", eval_chebyt(5, 0.4 * x[0]), chebyt(5, 0.4 * x[0]), -2, 2),
    REEL_ROW("eval_chebyu", eval_chebyu(3, 0.4 * x[0]), chebyu(3, 0.4 * x[0]), -2, 2),
    REEL_ROW("eval_gegenbauer", eval_gegenbauer(2, 1.5, 0.4 * x[0]), -1.5 + 7.5 * 0.16 * x[0] * x[0], -2, 2),
    REEL_ROW("eval_hermite", eval_hermite(4, x[0]), std::hermite(4, x[0]), -2, 2),
});

}  // namespace
}  // namespace reel::test
