#pragma once
// Discrete Fourier transforms of many rows or columns, on all threads: by butterflies where the length has small factors only, else
// through a convolution. The same bits for any number of threads. x and y do not overlap.
#include <complex>
#include <cstdint>

namespace reel {

inline constexpr int64_t kLongestFourier = int64_t(1) << 28;

// y[o, k, i] = scale times the sum over j of x[o, j, i] exp(-+ 2 pi i j k / n), the sign + for the inverse, of [outer, n, inner] numbers.
template <class R>
void fourier(const std::complex<R>* x, std::complex<R>* y, int64_t outer, int64_t n, int64_t inner, bool inverse, double scale);
// The first n / 2 + 1 of the same sums of rows of real numbers.
template <class R> void real_fourier(const R* x, std::complex<R>* y, int64_t rows, int64_t n, double scale);
// The n real sums of the inverse from rows of the first n / 2 + 1 coefficients; the imaginary parts of y[0] and, n even, y[n / 2] do not
// count.
template <class R> void inverse_real_fourier(const std::complex<R>* y, R* x, int64_t rows, int64_t n, double scale);

}  // namespace reel
