#pragma once
// Complex numbers, of whole registers or single, and the butterflies on them: a[k] = sum over j of a[j] exp(-2 pi i j k / radix).
#include <complex>

#include "tensor/cpu/vector.h"

namespace reel {
namespace {

template <class T> struct Z {
  T r, i;
};
template <class T> [[gnu::always_inline]] inline Z<T> operator+(Z<T> a, Z<T> b) { return {a.r + b.r, a.i + b.i}; }
template <class T> [[gnu::always_inline]] inline Z<T> operator-(Z<T> a, Z<T> b) { return {a.r - b.r, a.i - b.i}; }
template <class T> [[gnu::always_inline]] inline Z<T> operator*(Z<T> a, Z<T> b) { return {a.r * b.r - a.i * b.i, a.r * b.i + a.i * b.r}; }
template <class T, class R> [[gnu::always_inline]] inline Z<T> operator*(Z<T> a, std::complex<R> b) {
  return {a.r * b.real() - a.i * b.imag(), a.r * b.imag() + a.i * b.real()};
}
template <class T, class R> [[gnu::always_inline]] inline Z<T> scaled(Z<T> a, R by) { return {a.r * by, a.i * by}; }
template <class T> [[gnu::always_inline]] inline Z<T> conj(Z<T> a) { return {a.r, -a.i}; }
template <class T> [[gnu::always_inline]] inline Z<T> minus_i(Z<T> a) { return {a.i, -a.r}; }  // -i a

template <class T> [[gnu::always_inline]] inline void butterfly2(Z<T>& a, Z<T>& b) {
  Z<T> sum = a + b;
  b = a - b, a = sum;
}
template <class T> [[gnu::always_inline]] inline void butterfly4(Z<T>& a, Z<T>& b, Z<T>& c, Z<T>& d) {
  butterfly2(a, c), butterfly2(b, d);
  d = minus_i(d);
  butterfly2(a, b), butterfly2(c, d);
  Z<T> second = b;
  b = c, c = second;
}
template <class T, class R> [[gnu::always_inline]] inline void butterfly8(Z<T>* a, R half) {  // half: sqrt(1/2)
  butterfly4(a[0], a[2], a[4], a[6]), butterfly4(a[1], a[3], a[5], a[7]);
  Z<T> b = scaled(Z<T>{a[3].r + a[3].i, a[3].i - a[3].r}, half), d = scaled(Z<T>{a[7].i - a[7].r, -a[7].r - a[7].i}, half);
  Z<T> even[4] = {a[0], a[2], a[4], a[6]}, odd[4] = {a[1], b, minus_i(a[5]), d};
  for (int k = 0; k < 4; ++k) a[k] = even[k] + odd[k], a[k + 4] = even[k] - odd[k];
}
// Any odd radix: the terms j and radix - j share their cosine and, but for the sign, their sine.
template <int most, class T, class R> [[gnu::always_inline]] inline void butterfly_odd(Z<T>* a, int radix, const std::complex<R>* roots) {
  constexpr int kHalf = most / 2;
  const int half = radix / 2;
  Z<T> sum[kHalf], difference[kHalf], first = a[0];
#pragma GCC unroll 4
  for (int j = 0; j < half; ++j) sum[j] = a[j + 1] + a[radix - 1 - j], difference[j] = a[j + 1] - a[radix - 1 - j];
#pragma GCC unroll 4
  for (int k = 1; k <= half; ++k) {
    Z<T> even = first, odd{};
    int at = 0;
#pragma GCC unroll 4
    for (int j = 0; j < half; ++j) {
      at = at + k < radix ? at + k : at + k - radix;
      even = even + scaled(sum[j], roots[at].real());
      odd = odd + scaled(difference[j], roots[at].imag());
    }
    a[k] = even - minus_i(odd), a[radix - k] = even + minus_i(odd);
  }
#pragma GCC unroll 4
  for (int j = 0; j < half; ++j) a[0] = a[0] + sum[j];
}

}  // namespace
}  // namespace reel
