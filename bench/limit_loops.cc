// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "bench/limit_loops.h"

#ifdef __SSE__
#include <immintrin.h>
#endif

#include <cstring>

#include "tensor/cpu/level.h"
#include "tensor/cpu/vector.h"

namespace reel::bench {
namespace {

// One register each, and so many of them that no addition waits for another.
using R = Register<float>;
constexpr int kFloats = kRegister / int(sizeof(float)), kChains = kRegister == 64 ? 16 : 12;

inline R load_register(const float* p) {
  R v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
float total(const R* sum) {
  R all = {};
  for (int c = 0; c < kChains; ++c) all += sum[c];
  float s = 0;
  for (int i = 0; i < kFloats; ++i) s += all[i];
  return s;
}

void add(const float* a, const float* b, float* c, int64_t n) {
  for (int64_t i = 0; i < n; ++i) c[i] = a[i] + b[i];
}
float read(const float* a, int64_t n) {
  R sum[kChains] = {};
  int64_t i = 0;
  for (; i + kChains * kFloats <= n; i += kChains * kFloats)
#pragma GCC unroll 16
    for (int c = 0; c < kChains; ++c) sum[c] += load_register(a + i + c * kFloats);
  float s = total(sum);
  for (; i < n; ++i) s += a[i];
  return s;
}
float multiply_add(int64_t steps) {
  R sum[kChains], x = R{} + 0.5f, y = R{} + 1.f;
  for (int c = 0; c < kChains; ++c) sum[c] = R{} + float(steps + c);  // chains that were alike would be computed once
  for (int64_t i = 0; i < steps; ++i)
#pragma GCC unroll 16
    for (int c = 0; c < kChains; ++c) sum[c] = sum[c] * x + y;
  return total(sum);
}

#ifdef __SSE__
void copy_streaming(const float* a, float* c, int64_t n) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) _mm_stream_ps(c + i, _mm_loadu_ps(a + i));
  for (; i < n; ++i) c[i] = a[i];
  _mm_sfence();
}
void add_streaming(const float* a, const float* b, float* c, int64_t n) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) _mm_stream_ps(c + i, _mm_add_ps(_mm_loadu_ps(a + i), _mm_loadu_ps(b + i)));
  for (; i < n; ++i) c[i] = a[i] + b[i];
  _mm_sfence();
}
#else
void copy_streaming(const float* a, float* c, int64_t n) { std::memcpy(c, a, size_t(n) * 4); }
constexpr auto& add_streaming = add;
#endif

}  // namespace

void REEL_LEVEL_FUNCTION(limit_loops)() {
  limit_loops = {&add, &read, &copy_streaming, &add_streaming, &multiply_add, 2 * kFloats * kChains};
}
}  // namespace reel::bench
