#pragma once
// The C library's functions of tensor/math.h declared once more with their vector forms, those of glibc's libmvec (4 ulp at most, and right
// at zeros, infinities and NaN on every level), so that loops over them vectorize. A vector form and the scalar function may differ in the
// last bits: only loops that never fall into a scalar remainder may see these declarations. Included by the loops of elementwise ops alone.

#define REEL_VECTOR_1(fn)                                                        \
  extern "C" [[gnu::simd("notinbranch")]] float fn##f(float) noexcept;           \
  extern "C" [[gnu::simd("notinbranch")]] double fn(double) noexcept;
#define REEL_VECTOR_2(fn)                                                        \
  extern "C" [[gnu::simd("notinbranch")]] float fn##f(float, float) noexcept;    \
  extern "C" [[gnu::simd("notinbranch")]] double fn(double, double) noexcept;
REEL_VECTOR_1(exp)
REEL_VECTOR_1(exp2)
REEL_VECTOR_1(expm1)
REEL_VECTOR_1(log)
REEL_VECTOR_1(log1p)
REEL_VECTOR_1(log2)
REEL_VECTOR_1(log10)
REEL_VECTOR_1(sin)
REEL_VECTOR_1(cos)
REEL_VECTOR_1(tan)
REEL_VECTOR_1(asin)
REEL_VECTOR_1(acos)
REEL_VECTOR_1(atan)
REEL_VECTOR_1(sinh)
REEL_VECTOR_1(cosh)
REEL_VECTOR_1(tanh)
REEL_VECTOR_1(asinh)
REEL_VECTOR_1(acosh)
REEL_VECTOR_1(atanh)
REEL_VECTOR_1(cbrt)
REEL_VECTOR_1(erf)
REEL_VECTOR_1(erfc)
REEL_VECTOR_2(pow)
REEL_VECTOR_2(atan2)
REEL_VECTOR_2(hypot)
#undef REEL_VECTOR_1
#undef REEL_VECTOR_2
