#pragma once
// Discrete Fourier transforms of one row, without scaling: Eigen's kissfft, and for lengths with a large prime factor Bluestein's algorithm
// on top of it. Callable from several threads at once; x and y do not overlap.
#include <complex>
#include <cstdint>

namespace reel {

inline constexpr int64_t kLongestFourier = int64_t(1) << 28;

// y[k] = sum over j of x[j] exp(-+ 2 pi i j k / n), the sign + for the inverse.
template <class R> void fourier(const std::complex<R>* x, std::complex<R>* y, int64_t n, bool inverse);
// The first n / 2 + 1 of the same sums of real numbers.
template <class R> void real_fourier(const R* x, std::complex<R>* y, int64_t n);
// The n real sums of the inverse from the first n / 2 + 1 coefficients; the imaginary parts of y[0] and, n even, y[n / 2] do not count.
template <class R> void inverse_real_fourier(const std::complex<R>* y, R* x, int64_t n);

}  // namespace reel
