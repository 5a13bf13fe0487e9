#pragma once
// 64 bytes of numbers in registers of the instruction-set level that a file is compiled for: one of AVX-512, two of AVX2, four of SSE.
// A GCC vector wider than the machine's lives in memory; an array of the machine's own does not (a row times a 300x750 matrix at AVX2:
// 50 us and 8).
#include <cstdint>
#include <cstring>

namespace reel {
namespace {

#if defined(__AVX512F__)
constexpr int kRegisterBytes = 64;
#elif defined(__AVX2__)
constexpr int kRegisterBytes = 32;
#else
constexpr int kRegisterBytes = 16;
#endif
template <class T, int Bytes> struct RegisterOf { typedef T type __attribute__((vector_size(Bytes))); };

template <class T> struct Lanes {
  static constexpr int64_t count = 64 / int64_t(sizeof(T));
  static constexpr int registers = 64 / kRegisterBytes;
  using Register = typename RegisterOf<T, kRegisterBytes>::type;
  Register part[registers];

  [[gnu::always_inline]] static Lanes all(T x) {
    Lanes v;
    for (int i = 0; i < registers; ++i) v.part[i] = Register{} + x;
    return v;
  }
  [[gnu::always_inline]] static Lanes load(const T* p) {
    Lanes v;
    for (int i = 0; i < registers; ++i) std::memcpy(&v.part[i], p + i * (count / registers), kRegisterBytes);
    return v;
  }
  [[gnu::always_inline]] void store(T* p) const {
    for (int i = 0; i < registers; ++i) std::memcpy(p + i * (count / registers), &part[i], kRegisterBytes);
  }
  [[gnu::always_inline]] Lanes& operator+=(const Lanes& o) {
    for (int i = 0; i < registers; ++i) part[i] += o.part[i];
    return *this;
  }
  [[gnu::always_inline]] friend Lanes operator+(Lanes a, const Lanes& b) { return a += b; }
  [[gnu::always_inline]] friend Lanes operator-(Lanes a, const Lanes& b) {
    for (int i = 0; i < registers; ++i) a.part[i] -= b.part[i];
    return a;
  }
  [[gnu::always_inline]] friend Lanes operator*(Lanes a, const Lanes& b) {
    for (int i = 0; i < registers; ++i) a.part[i] *= b.part[i];
    return a;
  }
  [[gnu::always_inline]] friend Lanes operator*(T a, Lanes b) {
    for (int i = 0; i < registers; ++i) b.part[i] *= a;
    return b;
  }
  // The sum of all, halves first: the same order on every level.
  [[gnu::always_inline]] T sum() const {
    T x[count];
    store(x);
    for (int64_t half = count / 2; half; half /= 2)
      for (int64_t i = 0; i < half; ++i) x[i] += x[i + half];
    return x[0];
  }
};

}  // namespace
}  // namespace reel
