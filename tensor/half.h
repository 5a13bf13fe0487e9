#pragma once
// Branch-free conversions between float and the two 16-bit formats; loops over them vectorize. A GPU has instructions for most of them.
#include <bit>
#include <cstdint>

#include "tensor/math.h"

namespace reel {

REEL_HD float bfloat_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

REEL_HD uint16_t float_to_bfloat(float value) {
#ifdef __CUDA_ARCH__
  uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#else
  uint32_t x = std::bit_cast<uint32_t>(value);
  uint32_t rounded = (x + 0x7fffu + ((x >> 16) & 1u)) >> 16;
  uint32_t nan = (x >> 16) | 0x40u;
  return uint16_t((x & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
#endif
}

REEL_HD float half_to_float(uint16_t bits) {
#ifdef __CUDA_ARCH__
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
#else
  uint32_t sign = uint32_t(bits & 0x8000u) << 16, magnitude = uint32_t(bits & 0x7fffu) << 13;
  // Shifting the exponent by a product also normalizes what was subnormal.
  float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  uint32_t finite = std::bit_cast<uint32_t>(scaled);
  uint32_t special = magnitude | 0x7f800000u;  // infinity and NaN
  return std::bit_cast<float>(sign | (magnitude >= 0x0f800000u ? special : finite));
#endif
}

REEL_HD uint16_t float_to_half(float value) {
#ifdef __CUDA_ARCH__
  uint16_t bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#else
  uint32_t x = std::bit_cast<uint32_t>(value), sign = (x >> 16) & 0x8000u, m = x & 0x7fffffffu;
  uint32_t normal = (m - 0x38000000u + 0xfffu + ((m >> 13) & 1u)) >> 13;
  // Below 2^-14 the sum with 0.5 puts the rounded bits of a subnormal half into the low end of the significand.
  uint32_t small = std::bit_cast<uint32_t>(std::bit_cast<float>(m) + 0.5f) - 0x3f000000u;
  uint32_t special = m > 0x7f800000u ? 0x7e00u | ((m >> 13) & 0x3ffu) : 0x7c00u;
  uint32_t h = m >= 0x477ff000u ? special : m < 0x38800000u ? small : normal;
  return uint16_t(sign | h);
#endif
}

}  // namespace reel
