#include "tensor/cpu/fourier.h"

#include <bit>
#include <cmath>
#include <memory>
#include <set>
#include <unsupported/Eigen/FFT>
#include <vector>

namespace reel {
namespace {

// f(kissfft with its plans of this thread). They are forgotten together when they have grown large, or when memory ran out on the way:
// a plan that is half made would be taken for one.
constexpr int64_t kHeld = 1 << 20;
template <class R, class F> void with_plans(int64_t n, F&& f) {
  struct Held {
    Eigen::internal::kissfft_impl<R> fft;
    std::set<int64_t> lengths;
    int64_t total = 0;
    void forget() { fft.clear(), lengths.clear(), total = 0; }
  };
  thread_local Held held;
  if (held.total > kHeld && !held.lengths.count(n)) held.forget();
  try {
    if (held.lengths.insert(n).second) held.total += n;
    f(held.fft);
  } catch (...) {
    held.forget();
    throw;
  }
}

// A butterfly of a prime p costs p * p: from here on a convolution is faster.
constexpr int64_t kLargePrime = 64;
bool has_large_prime(int64_t n) {
  // Row after row asks for one length: the divisions would cost more than a short transform.
  thread_local int64_t asked = 0;
  thread_local bool answer = false;
  if (n == asked) return answer;
  int64_t rest = n;
  for (int64_t p = 2; p <= kLargePrime; ++p)
    while (rest % p == 0) rest /= p;
  asked = n;
  return answer = rest > 1;
}

// Bluestein: j k = (j^2 + k^2 - (k - j)^2) / 2 makes the transform a convolution with a chirp, done at a power of two.
template <class R> struct Chirp {
  using C = std::complex<R>;
  int64_t n, size;
  std::vector<C> chirp, spectrum;
  explicit Chirp(int64_t length) : n(length), size(int64_t(std::bit_ceil(uint64_t(2 * length - 1)))), chirp(size_t(length)), spectrum(size_t(size)) {
    std::vector<C> wrapped(static_cast<size_t>(size));
    for (int64_t k = 0; k < n; ++k) {
      double phase = 3.14159265358979323846 * double(__int128(k) * k % (2 * n)) / double(n);  // exactly reduced
      chirp[size_t(k)] = C(R(std::cos(phase)), R(-std::sin(phase)));
      wrapped[size_t(k)] = std::conj(chirp[size_t(k)]);
      if (k) wrapped[size_t(size - k)] = wrapped[size_t(k)];
    }
    with_plans<R>(size, [&](auto& fft) { fft.fwd(spectrum.data(), wrapped.data(), int(size)); });
  }
  void run(const C* x, C* y, bool inverse) const {
    std::vector<C> a(static_cast<size_t>(size)), b(static_cast<size_t>(size));
    // The inverse is the conjugate of the transform of the conjugate.
    for (size_t k = 0; k < size_t(n); ++k) a[k] = (inverse ? std::conj(x[k]) : x[k]) * chirp[k];
    with_plans<R>(size, [&](auto& fft) {
      fft.fwd(b.data(), a.data(), int(size));
      for (size_t k = 0; k < b.size(); ++k) b[k] *= spectrum[k];
      fft.inv(a.data(), b.data(), int(size));
    });
    for (size_t k = 0; k < size_t(n); ++k) {
      C v = a[k] * chirp[k] / R(size);
      y[k] = inverse ? std::conj(v) : v;
    }
  }
};
template <class R> const Chirp<R>& chirp_of(int64_t n) {
  thread_local std::unique_ptr<Chirp<R>> last;
  if (!last || last->n != n) last = std::make_unique<Chirp<R>>(n);
  return *last;
}

}  // namespace

template <class R> void fourier(const std::complex<R>* x, std::complex<R>* y, int64_t n, bool inverse) {
  if (n == 1) y[0] = x[0];
  else if (has_large_prime(n)) chirp_of<R>(n).run(x, y, inverse);
  else with_plans<R>(n, [&](auto& fft) { inverse ? fft.inv(y, x, int(n)) : fft.fwd(y, x, int(n)); });
}

template <class R> void real_fourier(const R* x, std::complex<R>* y, int64_t n) {
  if (n == 1) {
    y[0] = x[0];
  } else if (has_large_prime(n)) {
    std::vector<std::complex<R>> whole(x, x + n), answer(static_cast<size_t>(n));
    chirp_of<R>(n).run(whole.data(), answer.data(), false);
    std::copy_n(answer.data(), n / 2 + 1, y);
  } else {
    with_plans<R>(n, [&](auto& fft) { fft.fwd(y, x, int(n)); });
  }
}

template <class R> void inverse_real_fourier(const std::complex<R>* y, R* x, int64_t n) {
  if (n == 1) {
    x[0] = y[0].real();
  } else if (has_large_prime(n)) {
    std::vector<std::complex<R>> whole(y, y + n / 2 + 1), answer(static_cast<size_t>(n));
    whole.resize(size_t(n));
    whole[0] = whole[0].real();
    for (int64_t k = n / 2 + 1; k < n; ++k) whole[size_t(k)] = std::conj(y[n - k]);
    if (n % 2 == 0) whole[size_t(n / 2)] = y[n / 2].real();
    chirp_of<R>(n).run(whole.data(), answer.data(), true);
    for (int64_t j = 0; j < n; ++j) x[j] = answer[size_t(j)].real();
  } else {
    with_plans<R>(n, [&](auto& fft) { fft.inv(x, y, int(n)); });
  }
}

template void fourier(const std::complex<float>*, std::complex<float>*, int64_t, bool);
template void fourier(const std::complex<double>*, std::complex<double>*, int64_t, bool);
template void real_fourier(const float*, std::complex<float>*, int64_t);
template void real_fourier(const double*, std::complex<double>*, int64_t);
template void inverse_real_fourier(const std::complex<float>*, float*, int64_t);
template void inverse_real_fourier(const std::complex<double>*, double*, int64_t);

}  // namespace reel
