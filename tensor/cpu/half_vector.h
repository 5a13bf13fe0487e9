#pragma once
// Vectors of floats from and to 16-bit floats in memory, rounded to nearest even with the bits of tensor/convert.h.
#if defined(__F16C__)
#include <immintrin.h>
#endif

#include "tensor/convert.h"
#include "tensor/cpu/vector.h"

namespace reel {
namespace {

template <class T>
concept HalfFloat = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

using Floats = Register<float>;
using Bits16 = Register<uint16_t, kRegister / 2>;
using Bits32 = Register<uint32_t>;

[[gnu::always_inline]] inline Bits32 widened(Bits16 bits) {
#if defined(__AVX512F__)
  return Bits32(_mm512_maskz_cvtepu16_epi32(__mmask16(-1), __m256i(bits)));  // the compiler's own conversion goes by two halves
#elif defined(__AVX2__)
  return Bits32(_mm256_cvtepu16_epi32(__m128i(bits)));
#else
  return __builtin_convertvector(bits, Bits32);
#endif
}

// One register of them.
template <class T> [[gnu::always_inline]] inline Floats floats_of(Bits16 bits) {
  Floats x;
  if constexpr (std::is_same_v<T, BFloat16>) {
    Bits32 wide = widened(bits) << 16;
    std::memcpy(&x, &wide, sizeof x);
  } else {
#if defined(__AVX512F__)
    x = _mm512_maskz_cvtph_ps(__mmask16(-1), __m256i(bits));
#elif defined(__F16C__)
    x = _mm256_cvtph_ps(__m128i(bits));
#else
    for (int i = 0; i < kRegister / 4; ++i) x[i] = half_to_float(bits[i]);
#endif
  }
  return x;
}
template <class T> [[gnu::always_inline]] inline Bits16 bits_of(Floats x) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    Bits32 wide;
    std::memcpy(&wide, &x, sizeof x);
    Bits32 high = wide >> 16, rounded = (wide + 0x7fff + (high & 1)) >> 16;
    return __builtin_convertvector(x == x ? rounded : high | 0x40, Bits16);
  } else {
#if defined(__AVX512F__)
    return Bits16(_mm512_maskz_cvtps_ph(__mmask16(-1), x, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    return Bits16(_mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
#else
    Bits16 bits;
    for (int i = 0; i < kRegister / 4; ++i) bits[i] = float_to_half(x[i]);
    return bits;
#endif
  }
}

// A W, which is a V<float> or a float.
template <class W, HalfFloat T> [[gnu::always_inline]] inline W load(const T* p) {
  if constexpr (sizeof(W) == sizeof(float)) {
    return convert<float>(*p);
  } else {
    W v;
    for (int i = 0; i < kParts; ++i) {
      Bits16 bits;
      std::memcpy(&bits, p + i * kRegister / 4, sizeof bits);
      v.part[i] = floats_of<T>(bits);
    }
    return v;
  }
}
template <class W, HalfFloat T> [[gnu::always_inline]] inline void store(T* p, const W& v) {
  if constexpr (sizeof(W) == sizeof(float)) {
    *p = convert<T>(v);
  } else {
    for (int i = 0; i < kParts; ++i) {
      Bits16 bits = bits_of<T>(v.part[i]);
      std::memcpy(static_cast<void*>(p + i * kRegister / 4), &bits, sizeof bits);
    }
  }
}

}  // namespace
}  // namespace reel
