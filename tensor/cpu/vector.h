#pragma once
// Vectors of 64 bytes for loops that are compiled once per instruction-set level: one AVX-512 register, two of AVX2, four of SSE. Written
// as one wide type of the compiler they would pass through memory where the registers are narrower. In an anonymous namespace, so that no
// level's code can stand in for another's.
#include <cstdint>
#include <cstring>

namespace reel {
namespace {

#if defined(__AVX512F__)
constexpr int kRegister = 64, kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kRegister = 32, kRegisters = 16;
#else
constexpr int kRegister = 16, kRegisters = 16;
#endif
constexpr int kParts = 64 / kRegister;

template <class T, int bytes> struct RegisterOf { typedef T type __attribute__((vector_size(bytes))); };
template <class T, int bytes = kRegister> using Register = typename RegisterOf<T, bytes>::type;

template <class T> struct V {
  Register<T> part[kParts];
};
template <class T> constexpr int64_t kWide = 64 / int64_t(sizeof(T));

#define REEL_VECTOR_OPERATOR(op)                                                                    \
  template <class T> [[gnu::always_inline]] inline V<T> operator op(const V<T>& a, const V<T>& b) { \
    V<T> c;                                                                                         \
    for (int i = 0; i < kParts; ++i) c.part[i] = a.part[i] op b.part[i];                            \
    return c;                                                                                       \
  }                                                                                                 \
  template <class T> [[gnu::always_inline]] inline V<T> operator op(const V<T>& a, T b) {           \
    V<T> c;                                                                                         \
    for (int i = 0; i < kParts; ++i) c.part[i] = a.part[i] op b;                                    \
    return c;                                                                                       \
  }                                                                                                 \
  template <class T, class U> [[gnu::always_inline]] inline V<T>& operator op##=(V<T>& a, const U& b) { return a = a op b; }
REEL_VECTOR_OPERATOR(+)
REEL_VECTOR_OPERATOR(-)
REEL_VECTOR_OPERATOR(*)
#undef REEL_VECTOR_OPERATOR

// A W, which is a V or a number, from and to any address.
template <class W, class T> [[gnu::always_inline]] inline W load(const T* p) {
  if constexpr (sizeof(W) == sizeof(T)) {
    return *p;
  } else {
    W v;
    for (int i = 0; i < kParts; ++i) std::memcpy(&v.part[i], p + i * kRegister / int(sizeof(T)), kRegister);
    return v;
  }
}
template <class W, class T> [[gnu::always_inline]] inline void store(T* p, const W& v) {
  if constexpr (sizeof(W) == sizeof(T)) {
    *p = v;
  } else {
    for (int i = 0; i < kParts; ++i) std::memcpy(p + i * kRegister / int(sizeof(T)), &v.part[i], kRegister);
  }
}

// The sum of all elements, the two halves first, again and again: in the same order on every level. A loop over halves is not unrolled.
template <class T, int bytes> [[gnu::always_inline]] inline T register_sum(Register<T, bytes> v) {
  if constexpr (bytes == 2 * sizeof(T)) {
    return v[0] + v[1];
  } else {
    Register<T, bytes / 2> low, high;
    std::memcpy(&low, &v, sizeof low);
    std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
    return register_sum<T, bytes / 2>(low + high);
  }
}
template <class T> [[gnu::always_inline]] inline T lane_sum(V<T> v) {
  for (int half = kParts / 2; half; half /= 2)
    for (int i = 0; i < half; ++i) v.part[i] += v.part[i + half];
  return register_sum<T, kRegister>(v.part[0]);
}

}  // namespace
}  // namespace reel
