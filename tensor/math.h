#pragma once
// Scalar functions that the elementwise ops are written in. On the host the float versions are branch-free, so loops over them
// vectorize at every instruction-set level; on a GPU they are CUDA's. The polynomials' coefficients are those of the Cephes library.
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#ifdef __CUDACC__
#define REEL_HD __host__ __device__ __forceinline__
#else
#define REEL_HD [[gnu::always_inline]] inline
#endif

namespace reel::math {

// The two-argument functions and those below marked "library" go to libm or CUDA, by type.
#define REEL_LIBRARY_1(fn)                                    \
  REEL_HD float fn(float x) { return __builtin_##fn##f(x); }    \
  REEL_HD double fn(double x) { return __builtin_##fn(x); }
#define REEL_LIBRARY_2(fn)                                                 \
  REEL_HD float fn(float x, float y) { return __builtin_##fn##f(x, y); }     \
  REEL_HD double fn(double x, double y) { return __builtin_##fn(x, y); }
#ifdef __CUDA_ARCH__
#undef REEL_LIBRARY_1
#undef REEL_LIBRARY_2
#define REEL_LIBRARY_1(fn)                           \
  REEL_HD float fn(float x) { return ::fn##f(x); }     \
  REEL_HD double fn(double x) { return ::fn(x); }
#define REEL_LIBRARY_2(fn)                                       \
  REEL_HD float fn(float x, float y) { return ::fn##f(x, y); }     \
  REEL_HD double fn(double x, double y) { return ::fn(x, y); }
#endif
REEL_LIBRARY_1(fabs)
REEL_LIBRARY_1(sqrt)
REEL_LIBRARY_1(floor)
REEL_LIBRARY_1(ceil)
REEL_LIBRARY_1(trunc)
REEL_LIBRARY_1(rint)
REEL_LIBRARY_1(expm1)
REEL_LIBRARY_1(exp2)
REEL_LIBRARY_1(log1p)
REEL_LIBRARY_1(log2)
REEL_LIBRARY_1(log10)
REEL_LIBRARY_1(sin)
REEL_LIBRARY_1(cos)
REEL_LIBRARY_1(tan)
REEL_LIBRARY_1(asin)
REEL_LIBRARY_1(acos)
REEL_LIBRARY_1(atan)
REEL_LIBRARY_1(sinh)
REEL_LIBRARY_1(cosh)
REEL_LIBRARY_1(asinh)
REEL_LIBRARY_1(acosh)
REEL_LIBRARY_1(atanh)
REEL_LIBRARY_1(cbrt)
REEL_LIBRARY_1(erfc)
REEL_LIBRARY_2(pow)
REEL_LIBRARY_2(fmod)
REEL_LIBRARY_2(atan2)
REEL_LIBRARY_2(hypot)
REEL_LIBRARY_2(copysign)
REEL_LIBRARY_2(nextafter)

// a * b + c, rounded once where the instruction set has it. The kernels are compiled with -ffp-contract=off and say where they want it:
// a compiler that chose by itself would choose otherwise in a vectorized loop than in its last few elements, and bits would depend on
// where threads and layouts split the work.
REEL_HD float fma(float a, float b, float c) {
#if defined(__FMA__) || defined(__CUDA_ARCH__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
REEL_HD double fma(double a, double b, double c) {
#if defined(__FMA__) || defined(__CUDA_ARCH__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

template <class T> REEL_HD T abs(T x) {
  if constexpr (std::is_floating_point_v<T>) return fabs(x);
  else if constexpr (std::is_unsigned_v<T>) return x;
  else return x < T(0) ? T(0u - std::make_unsigned_t<T>(x)) : x;  // abs(INT_MIN) is INT_MIN
}
// A bound given as a double in the type it bounds: integers saturate.
template <class T> REEL_HD T saturated(double x) {
  if constexpr (std::is_floating_point_v<T>) return T(x);
  else {
    using L = std::numeric_limits<T>;
    return x != x ? T(0) : x <= double(L::min()) ? L::min() : x >= double(L::max()) ? L::max() : T(x);
  }
}
// fmod of floats in a few steps of double, exact where fmod_is_near: the quotient is rounded to an integer below 2^29, whose product with
// b has 53 bits, and what it leaves of a is a float, as is that plus b where the integer was the next larger one.
REEL_HD bool fmod_is_near(float a, float b) { return (fabs(a / b) < 0x1p28f) & (fabs(b) <= std::numeric_limits<float>::max()); }
REEL_HD float fmod_near(float a, float b) {
  constexpr double kShift = 0x1.8p52;  // adding it rounds to an integer
  double x = fabs(a), y = fabs(b), r = x - (x / y + kShift - kShift) * y, above = r + y;
  return copysign(float(r < 0 ? above : r), a);
}
template <class T> REEL_HD bool is_infinite(T x) { return abs(x) == std::numeric_limits<T>::infinity(); }

#ifdef __CUDA_ARCH__
REEL_HD float exp(float x) { return ::expf(x); }
REEL_HD float exp_of_negative(float x) { return ::expf(x); }
REEL_HD double exp_of_negative(double x) { return ::exp(x); }
REEL_HD float log(float x) { return ::logf(x); }
REEL_HD float tanh(float x) { return ::tanhf(x); }
REEL_HD float erf(float x) { return ::erff(x); }
REEL_HD float ndtr(float x) { return ::normcdff(x); }
REEL_HD double exp(double x) { return ::exp(x); }
REEL_HD double log(double x) { return ::log(x); }
REEL_HD double tanh(double x) { return ::tanh(x); }
REEL_HD double erf(double x) { return ::erf(x); }
REEL_HD double ndtr(double x) { return ::normcdf(x); }
#else
REEL_HD double exp(double x) { return __builtin_exp(x); }
REEL_HD double exp_of_negative(double x) { return __builtin_exp(x); }
REEL_HD double log(double x) { return __builtin_log(x); }
REEL_HD double tanh(double x) { return __builtin_tanh(x); }
REEL_HD double erf(double x) { return __builtin_erf(x); }
REEL_HD double ndtr(double x) { return 0.5 * __builtin_erfc(x * -0.70710678118654752); }

// exp(x) = 2^n exp(r): n stands in the low bits of `shifted`, from where a shift by 23 takes it to an exponent. `bias` is added to it.
struct PowerOfTwo {
  float shifted, r;
};
REEL_HD PowerOfTwo exp_parts(float x, float bias) {
  float shift = 12582912.f + bias;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  float shifted = fma(x, 1.44269504088896341f, shift), n = shifted - shift;
  return {shifted, fma(n, 2.12194440e-4f, fma(n, -0.693359375f, x))};
}
// k exp(r) for |r| <= log(2) / 2 to 3e-9, by the minimax polynomial with 1 + r; not by Horner's rule: the loops wait for results more
// than for multipliers.
REEL_HD float exp_of_rest(float r, float k) {
  float square = r * r;
  float low = fma(r, k * 1.666652113e-01f, k * 4.999999404e-01f), high = fma(r, k * 8.368717507e-03f, k * 4.166838899e-02f);
  return fma(fma(fma(square, k * 1.381459762e-03f, high), square, low), square, k * r) + k;
}
REEL_HD float exp(float x) {
  // The minimum of integers keeps -104 from below and costs one instruction; what is too large, and NaN, is told apart at the end.
  constexpr uint32_t kLeast = std::bit_cast<uint32_t>(-104.f);
  uint32_t bits = std::bit_cast<uint32_t>(x);
  PowerOfTwo e = exp_parts(std::bit_cast<float>(bits < kLeast ? bits : kLeast), 0.f);
  bool low = x < -87.f;  // the result may be subnormal: computed 2^64 times as large
  int32_t n = std::bit_cast<int32_t>(e.shifted) + (low ? 64 : 0);
  float y = std::bit_cast<float>(std::bit_cast<int32_t>(exp_of_rest(e.r, 1.f)) + (n << 23));
  y = low ? y * 0x1p-64f : y;
  return x <= 88.7228394f ? y : x + std::numeric_limits<float>::infinity();
}
// exp of x <= 0 in fewer steps, for what is built on exp(-|x|): 2^n is within reach of one factor and a constant. NaN goes through.
REEL_HD float exp_of_negative(float x) {
  PowerOfTwo e = exp_parts(x, 127.f + 24.f);
  float y = exp_of_rest(e.r, 0x1p-24f) * std::bit_cast<float>(std::bit_cast<int32_t>(e.shifted) << 23);
  return x < -104.f ? 0.f : y;
}

REEL_HD float log(float x) {
  bool subnormal = x < 1.17549435e-38f;
  float v = subnormal ? x * 8388608.f : x;
  int32_t bits = std::bit_cast<int32_t>(v);
  int32_t e = ((bits >> 23) & 0xff) - 126 - (subnormal ? 23 : 0);
  float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  bool low = m < 0.707106781186547524f;
  float n = float(low ? e - 1 : e);
  m = (low ? m + m : m) - 1.f;
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = fma(p, m, -1.1514610310e-1f);
  p = fma(p, m, 1.1676998740e-1f);
  p = fma(p, m, -1.2420140846e-1f);
  p = fma(p, m, 1.4249322787e-1f);
  p = fma(p, m, -1.6668057665e-1f);
  p = fma(p, m, 2.0000714765e-1f);
  p = fma(p, m, -2.4999993993e-1f);
  p = fma(p, m, 3.3333331174e-1f);
  float y = fma(z, -0.5f, fma(n, -2.12194440e-4f, p * m * z));
  y = fma(n, 0.693359375f, m + y);
  constexpr float kInf = std::numeric_limits<float>::infinity();
  y = x == kInf ? kInf : y;
  y = x == 0.f ? -kInf : y;
  return x >= 0.f ? y : std::numeric_limits<float>::quiet_NaN();
}

REEL_HD float tanh(float x) {
  float a = abs(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = fma(p, z, 2.06390887954e-2f);
  p = fma(p, z, -5.37397155531e-2f);
  p = fma(p, z, 1.33314422036e-1f);
  p = fma(p, z, -3.33332819422e-1f);
  float small = fma(p * z, x, x);
  float e = exp_of_negative(-2.f * a), large = (1.f - e) / (1.f + e);
  return a < 0.625f || a != a ? small : copysign(large, x);
}

REEL_HD float erf(float x) {
  float a = abs(x), z = x * x;
  float t = 7.853861353153693e-5f;
  t = fma(t, z, -8.010193625184903e-4f);
  t = fma(t, z, 5.188327685732524e-3f);
  t = fma(t, z, -2.685381193529856e-2f);
  t = fma(t, z, 1.128358514861418e-1f);
  t = fma(t, z, -3.761262582423300e-1f);
  t = fma(t, z, 1.128379165726710e+0f);
  float q = 1.f / (a < 1.f ? 1.f : a), w = q * q;
  float p = 2.326819970068386e-2f;
  p = fma(p, w, -1.387039388740657e-1f);
  p = fma(p, w, 3.687424674597105e-1f);
  p = fma(p, w, -5.824733027278666e-1f);
  p = fma(p, w, 6.210004621745983e-1f);
  p = fma(p, w, -4.944515323274145e-1f);
  p = fma(p, w, 3.404879937665872e-1f);
  p = fma(p, w, -2.741127028184656e-1f);
  p = fma(p, w, 5.638259427386472e-1f);
  float r = -1.047766399936249e+1f;
  r = fma(r, w, 1.297719955372516e+1f);
  r = fma(r, w, -7.495518717768503e+0f);
  r = fma(r, w, 2.921019019210786e+0f);
  r = fma(r, w, -1.015265279202700e+0f);
  r = fma(r, w, 4.218463358204948e-1f);
  r = fma(r, w, -2.820767439740514e-1f);
  r = fma(r, w, 5.641895067754075e-1f);
  float tail = fma(-exp_of_negative(-z) * q, a < 2.f ? p : r, 1.f);
  return a < 1.f || a != a ? x * t : copysign(tail, x);
}

// The normal distribution at -a for a = |x|, as power * ratio: power is 2^40 exp(-a^2 / 2) to 1e-7, ratio is 2^-40 times Mills's over
// sqrt(2 pi), fitted here on [0, 14.7] to 6e-9. From 14.7 on the distribution counts as 0, and a stays there; NaN becomes 14.7 as well.
// The loops that use it are bound by their multipliers, hence Horner's rule, and the denominator with a leading coefficient of 1.
struct NormalTail {
  float a, power, ratio;
};
REEL_HD NormalTail normal_tail(float x) {
  // The minimum of integers: one of floats with a constant is turned into a branch and three selections.
  constexpr int32_t kMost = std::bit_cast<int32_t>(14.7f);
  int32_t bits = std::bit_cast<int32_t>(x) & 0x7fffffff;
  float a = std::bit_cast<float>(bits < kMost ? bits : kMost);
  // -a^2 = r + 2 ln(2) n with n in [-156, 0]. What the square lost is added last.
#if defined(__FMA__)
  float square = a * a, lost = fma(a, a, -square);
#else
  float high = std::bit_cast<float>(std::bit_cast<int32_t>(a) & ~0xfff), square = high * high, lost = (a - high) * (a + high);
#endif
  constexpr float kShift = 12582912.f;  // as in exp_parts
  float shifted = fma(square, -0.72134752044448170f, kShift), n = shifted - kShift;
  float r = fma(n, 2 * 2.12194440e-4f, fma(n, -2 * 0.693359375f, -square)) - lost;
  constexpr float k = 0x1p40f;  // keeps the power from being subnormal
  float p = k / 32 * 8.312519640e-03f;
  p = fma(p, r, k / 16 * 4.189015925e-02f);
  p = fma(p, r, k / 8 * 1.666711420e-01f);
  p = fma(p, r, k / 4 * 4.999923110e-01f);
  p = fma(p, r, k / 2);
  p = fma(p, r, k);
  constexpr float c = 96.567697f, u = c / k;
  float above = u * 4.131265191e-3f;
  above = fma(above, a, u * 4.073375697e-2f);
  above = fma(above, a, u * 1.835329857e-1f);
  above = fma(above, a, u * 4.386963931e-1f);
  above = fma(above, a, u * 0.5f);
  float below = a + c * 1.021106982e-1f;
  below = fma(below, a, c * 4.702570289e-1f);
  below = fma(below, a, c * 1.203739348e+0f);
  below = fma(below, a, c * 1.675277778e+0f);
  below = fma(below, a, c);
  return {a, std::bit_cast<float>(std::bit_cast<int32_t>(p) + (std::bit_cast<int32_t>(shifted) << 23)), above / below};
}
REEL_HD float gelu(float x) {
  NormalTail t = normal_tail(x);
  return fma(-(t.a * t.power), t.ratio, x < 0.f ? 0.f : x);
}
REEL_HD float gelu_slope(float x) {
  NormalTail t = normal_tail(x);
  float v = fma(-0.3989422804014327f * 0x1p-40f, t.a, t.ratio) * t.power;
  return x < 0.f ? v : x >= 0.f ? 1.f - v : x;
}
#endif

// x times the normal distribution: max(x, 0) - |x| times the distribution at -|x|, whose small values do not drown in 1; and its derivative.
template <class T> REEL_HD T gelu(T x) {
  T a = abs(x) < T(40) ? abs(x) : T(40);
  return (x < T(0) ? T(0) : x) - a * ndtr(-a);
}
template <class T> REEL_HD T gelu_slope(T x) {
  T a = abs(x) < T(40) ? abs(x) : T(40), v = ndtr(-a) - a * T(0.3989422804014327) * exp(T(-0.5) * a * a);
  return x < T(0) ? v : x >= T(0) ? T(1) - v : x;
}

template <class T> REEL_HD T sigmoid(T x) {
  T e = exp_of_negative(-abs(x));  // carries NaN
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}
template <class T> REEL_HD T softplus(T x) { return (x > T(0) ? x : T(0)) + log1p(exp_of_negative(-abs(x))); }
// x tanh(softplus(x)) in exp(-|x|) alone: tanh(log(1 + e)) is (e^2 + 2 e) / (e^2 + 2 e + 2).
template <class T> REEL_HD T mish(T x) {
  T e = exp_of_negative(-abs(x)), above = x < T(0) ? e * (e + T(2)) : T(1) + T(2) * e;
  return x * (above / (above + (x < T(0) ? T(2) : T(2) * e * e)));
}
// NumPy's rule: NaN wins.
template <class T> REEL_HD T maximum(T a, T b) { return a > b || a != a ? a : b; }
template <class T> REEL_HD T minimum(T a, T b) { return a < b || a != a ? a : b; }

}  // namespace reel::math
