#include "tensor/ops/windows.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// f at the angles from 0 to 2 pi. The second half mirrors the first, so that symmetry is exact.
template <class F> Tensor window(const char* op, int64_t n, bool periodic, DType dtype, Where where, F&& f) {
  return formula(where, [&] {
    if (n < 0) throw ShapeError(std::string(op) + ": needs a length of at least 0, got " + std::to_string(n));
    if (!is_floating(dtype)) throw DTypeError(std::string(op) + ": a float dtype is needed, not " + name(dtype));
    int64_t count = n > 1 ? n + periodic : n;
    Tensor w = ones({count}, float64);
    for (int64_t k = 0; count > 1 && k < count; ++k)
      w.raw<double>()[k] = f(2 * std::numbers::pi * double(std::min(k, count - 1 - k)) / double(count - 1));
    return cast(contiguous(slice_axis(w, 0, 0, n)), dtype);
  });
}

// The modified Bessel function of order 0 by its power series, whose terms are all positive; divided by e^x, which may overflow.
double scaled_bessel(double x) {
  if (x > 30) {
    // The asymptotic series in 1 / (8 x), to its smallest term or full precision.
    double term = 1, sum = 1;
    for (int k = 1; k < 60; ++k) {
      double next = term * (2. * k - 1) * (2. * k - 1) / (8 * x * k);
      if (next >= term || next < 1e-17 * sum) break;
      sum += term = next;
    }
    return sum / std::sqrt(2 * std::numbers::pi * x);
  }
  double term = 1, sum = 1;
  for (int k = 1; term > 1e-17 * sum; ++k) sum += term *= x * x / (4. * k * k);
  return sum * std::exp(-x);
}

}  // namespace

Tensor hann(int64_t n, bool periodic, DType dtype, Where where) {
  return window("hann", n, periodic, dtype, where, [](double a) { return 0.5 - 0.5 * std::cos(a); });
}
Tensor hamming(int64_t n, bool periodic, DType dtype, Where where) {
  return window("hamming", n, periodic, dtype, where, [](double a) { return 0.54 - 0.46 * std::cos(a); });
}
Tensor blackman(int64_t n, bool periodic, DType dtype, Where where) {
  return window("blackman", n, periodic, dtype, where, [](double a) { return 0.42 - 0.5 * std::cos(a) + 0.08 * std::cos(2 * a); });
}
Tensor bartlett(int64_t n, bool periodic, DType dtype, Where where) {
  return window("bartlett", n, periodic, dtype, where, [](double a) { return a / std::numbers::pi; });
}
Tensor kaiser(int64_t n, double beta, bool periodic, DType dtype, Where where) {
  return window("kaiser", n, periodic, dtype, where, [beta](double a) {
    double b = std::fabs(beta), x = a / std::numbers::pi, inside = b * std::sqrt(x * (2 - x));
    return scaled_bessel(inside) / scaled_bessel(b) * std::exp(inside - b);
  });
}

}  // namespace reel
