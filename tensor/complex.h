#pragma once
// Arithmetic and elementary functions of complex numbers, for the elementwise ops' expressions. The functions are the C library's on the
// host and libcu++'s in CUDA; their branch cuts are those of C99. A product is the plain formula, as everywhere in numerics: infinities
// in one part make NaN in the other.
#include "tensor/dtype.h"
#include "tensor/math.h"

#ifdef __CUDACC__
#include <cuda/std/complex>
#endif

namespace reel {

template <class R> REEL_HD Complex<R> operator+(Complex<R> a, Complex<R> b) { return {a.re + b.re, a.im + b.im}; }
template <class R> REEL_HD Complex<R> operator-(Complex<R> a, Complex<R> b) { return {a.re - b.re, a.im - b.im}; }
template <class R> REEL_HD Complex<R> operator-(Complex<R> a) { return {-a.re, -a.im}; }
// -x by its bits. A difference beside a sum, both with a product, is fused by GCC where it vectorizes a loop, whatever -ffp-contract says,
// and not in the last few elements; two sums are not.
REEL_HD float negated(float x) { return std::bit_cast<float>(std::bit_cast<uint32_t>(x) ^ 0x80000000u); }
REEL_HD double negated(double x) { return std::bit_cast<double>(std::bit_cast<uint64_t>(x) ^ 0x8000000000000000u); }
template <class R> REEL_HD Complex<R> operator*(Complex<R> a, Complex<R> b) {
  return {a.re * b.re + negated(a.im * b.im), a.re * b.im + a.im * b.re};
}
template <class R> REEL_HD bool operator==(Complex<R> a, Complex<R> b) { return a.re == b.re && a.im == b.im; }
template <class R> REEL_HD bool operator!=(Complex<R> a, Complex<R> b) { return !(a == b); }
template <class R> REEL_HD Complex<R> conjugate(Complex<R> a) { return {a.re, -a.im}; }

// Smith's method: the parts of b are divided by the larger one first, so that their squares do not overflow.
template <class R> REEL_HD Complex<R> operator/(Complex<R> a, Complex<R> b) {
  if (math::abs(b.re) >= math::abs(b.im)) {
    if (b.re == R(0) && b.im == R(0)) return {a.re / math::abs(b.re), a.im / math::abs(b.im)};
    R ratio = b.im / b.re, divisor = b.re + b.im * ratio;
    return {(a.re + a.im * ratio) / divisor, (a.im + negated(a.re * ratio)) / divisor};
  }
  R ratio = b.re / b.im, divisor = b.re * ratio + b.im;
  return {(a.re * ratio + a.im) / divisor, (a.im * ratio + negated(a.re)) / divisor};
}

namespace math {

#ifdef __CUDACC__
#define REEL_COMPLEX(fn)                                                     \
  template <class R> REEL_HD Complex<R> fn(Complex<R> z) {                   \
    cuda::std::complex<R> y = cuda::std::fn(cuda::std::complex<R>(z.re, z.im)); \
    return {y.real(), y.imag()};                                             \
  }
#else
#define REEL_COMPLEX_OF(R, fn, call)              \
  REEL_HD Complex<R> fn(Complex<R> z) {           \
    __extension__ _Complex R c;                   \
    __real__ c = z.re;                            \
    __imag__ c = z.im;                            \
    c = __builtin_##call(c);                      \
    return {__real__ c, __imag__ c};              \
  }
#define REEL_COMPLEX(fn) REEL_COMPLEX_OF(float, fn, c##fn##f) REEL_COMPLEX_OF(double, fn, c##fn)
#endif
REEL_COMPLEX(sqrt)
REEL_COMPLEX(exp)
REEL_COMPLEX(log)
REEL_COMPLEX(sin)
REEL_COMPLEX(cos)
REEL_COMPLEX(tan)
REEL_COMPLEX(asin)
REEL_COMPLEX(acos)
REEL_COMPLEX(atan)
REEL_COMPLEX(sinh)
REEL_COMPLEX(cosh)
REEL_COMPLEX(tanh)
REEL_COMPLEX(asinh)
REEL_COMPLEX(acosh)
REEL_COMPLEX(atanh)
#undef REEL_COMPLEX
#undef REEL_COMPLEX_OF

template <class R> REEL_HD Complex<R> scaled(Complex<R> z, R factor) { return {z.re * factor, z.im * factor}; }
template <class R> REEL_HD Complex<R> log2(Complex<R> z) { return scaled(log(z), R(1.4426950408889634)); }
template <class R> REEL_HD Complex<R> log10(Complex<R> z) { return scaled(log(z), R(0.4342944819032518)); }
// exp(b log a), and for small integers b a product; anything to the power 0 is 1, and 0 to a power with a positive real part is 0.
template <class R> REEL_HD Complex<R> pow(Complex<R> a, Complex<R> b) {
  if (b == Complex<R>(0)) return R(1);
  if (a == Complex<R>(0) && b.re > R(0)) return R(0);
  if (b.im != R(0) || b.re != rint(b.re) || !(fabs(b.re) <= R(100))) return exp(b * log(a));
  Complex<R> y = R(1);
  for (int n = int(fabs(b.re)); n; n >>= 1, a = a * a)
    if (n & 1) y = y * a;
  return b.re < R(0) ? Complex<R>(R(1)) / y : y;
}
template <class R> REEL_HD Complex<R> exp2(Complex<R> z) {
  R size = exp2(z.re), turn = z.im * R(0.6931471805599453);
  return z.im == R(0) ? Complex<R>(size, z.im) : Complex<R>(size * cos(turn), size * sin(turn));
}
// Near 0, where adding or subtracting 1 would lose the digits, each part in terms that are small themselves.
template <class R> REEL_HD Complex<R> expm1(Complex<R> z) {
  Complex<R> e = exp(z);
  if (!(fabs(z.re) < R(1))) return {e.re - R(1), e.im};
  R s = sin(R(0.5) * z.im);
  return {expm1(z.re) * cos(z.im) - R(2) * s * s, e.im};
}
template <class R> REEL_HD Complex<R> log1p(Complex<R> z) {
  if (!(fabs(z.re) < R(0.5) && fabs(z.im) < R(0.5))) return log(Complex<R>(R(1) + z.re, z.im));
  return {R(0.5) * log1p(z.re * (R(2) + z.re) + z.im * z.im), atan2(z.im, R(1) + z.re)};
}

}  // namespace math
}  // namespace reel
