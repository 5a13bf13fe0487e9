// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/norm_loops.h"

#include <cmath>
#include <cstring>

#include "tensor/cpu/level.h"

namespace reel {
namespace {

// 64 bytes: one AVX-512 register, two of AVX2, four of SSE.
template <class T> struct VectorOf { typedef T type __attribute__((vector_size(64))); };
template <class T> using V = typename VectorOf<T>::type;
template <class T> constexpr int64_t kWide = 64 / int64_t(sizeof(T));

template <class T> [[gnu::always_inline]] inline V<T> load(const T* p) {
  V<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T> [[gnu::always_inline]] inline T lane_sum(V<T> v) {
  T lane[kWide<T>];
  std::memcpy(lane, &v, sizeof v);
  for (int64_t half = kWide<T> / 2; half; half /= 2)
    for (int64_t i = 0; i < half; ++i) lane[i] += lane[i + half];
  return lane[0];
}
// The sum of f(i) over [0, n): f answers a vector from i on, or with `one` a single value.
template <class T, class F, class G> [[gnu::always_inline]] inline T sum_of(int64_t n, F&& f, G&& one) {
  V<T> a = {}, b = {};
  int64_t i = 0;
  for (; i + 2 * kWide<T> <= n; i += 2 * kWide<T>) a += f(i), b += f(i + kWide<T>);
  if (i + kWide<T> <= n) a += f(i), i += kWide<T>;
  T s = lane_sum<T>(a + b);
  for (; i < n; ++i) s += one(i);
  return s;
}

template <class T> struct Moments { T mean, scale; };
template <class T> [[gnu::always_inline]] inline Moments<T> moments_of(const T* x, int64_t n, T epsilon) {
  T mean = sum_of<T>(n, [&](int64_t i) { return load(x + i); }, [&](int64_t i) { return x[i]; }) / T(n);
  T squares = sum_of<T>(n, [&](int64_t i) { V<T> d = load(x + i) - mean; return d * d; }, [&](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
  return {mean, T(1) / std::sqrt(squares / T(n) + epsilon)};
}

template <class T> void layer(const void* from, int64_t rows, int64_t n, const void* g, const void* b, double epsilon, void* to) {
  const T *x = static_cast<const T*>(from), *gamma = static_cast<const T*>(g), *beta = static_cast<const T*>(b);
  T* y = static_cast<T*>(to);
  for (; rows > 0; --rows, x += n, y += n) {
    auto [mean, scale] = moments_of(x, n, T(epsilon));
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
  }
}

template <class T>
void layer_grad(const void* from, int64_t rows, int64_t n, const void* g, const void* gradient, double epsilon, void* to, void* gg, void* gb) {
  const T *x = static_cast<const T*>(from), *gamma = static_cast<const T*>(g), *gy = static_cast<const T*>(gradient);
  T *gx = static_cast<T*>(to), *ggamma = static_cast<T*>(gg), *gbeta = static_cast<T*>(gb);
  if (ggamma) std::memset(ggamma, 0, size_t(n) * sizeof(T)), std::memset(gbeta, 0, size_t(n) * sizeof(T));
  for (; rows > 0; --rows, x += n, gy += n, gx += n) {
    auto [mean, scale] = moments_of(x, n, T(epsilon));
    T m = mean, s = scale;
    T a = sum_of<T>(n, [&](int64_t i) { return load(gy + i) * load(gamma + i); }, [&](int64_t i) { return gy[i] * gamma[i]; }) / T(n);
    T b = sum_of<T>(n, [&](int64_t i) { return load(gy + i) * load(gamma + i) * ((load(x + i) - m) * s); },
                    [&](int64_t i) { return gy[i] * gamma[i] * ((x[i] - m) * s); }) / T(n);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) gx[i] = s * (gy[i] * gamma[i] - a - (x[i] - m) * s * b);
    if (!ggamma) continue;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      ggamma[i] += gy[i] * ((x[i] - m) * s);
      gbeta[i] += gy[i];
    }
  }
}

template <class T> void moments(const void* from, int64_t rows, int64_t n, void* means, void* sums) {
  const T* x = static_cast<const T*>(from);
  T *mean = static_cast<T*>(means), *squares = static_cast<T*>(sums);
  for (int64_t i = 0; i < n; ++i) mean[i] = 0, squares[i] = 0;
  for (int64_t r = 0; r < rows; ++r)
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) mean[i] += x[r * n + i];
  T part = T(1) / T(rows);
  for (int64_t i = 0; i < n; ++i) mean[i] *= part;
  for (int64_t r = 0; r < rows; ++r)
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      T d = x[r * n + i] - mean[i];
      squares[i] += d * d;
    }
}

template <class T> void batch(const void* from, int64_t rows, int64_t n, const void* m, const void* s, const void* b, void* to) {
  const T *x = static_cast<const T*>(from), *mean = static_cast<const T*>(m), *scale = static_cast<const T*>(s), *shift = static_cast<const T*>(b);
  T* y = static_cast<T*>(to);
  for (; rows > 0; --rows, x += n, y += n)
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean[i]) * scale[i] + shift[i];
}

template <class T> void batch_sums(const void* from, const void* gradient, int64_t rows, int64_t n, const void* m, void* s, void* p) {
  const T *x = static_cast<const T*>(from), *gy = static_cast<const T*>(gradient), *mean = static_cast<const T*>(m);
  T *sum = static_cast<T*>(s), *product = static_cast<T*>(p);
  for (int64_t i = 0; i < n; ++i) sum[i] = 0, product[i] = 0;
  for (; rows > 0; --rows, x += n, gy += n)
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      sum[i] += gy[i];
      product[i] += gy[i] * (x[i] - mean[i]);
    }
}

template <class T>
void batch_grad(const void* from, const void* gradient, int64_t rows, int64_t n, const void* m, const void* s, const void* k1, const void* k2, void* to) {
  const T *x = static_cast<const T*>(from), *gy = static_cast<const T*>(gradient), *mean = static_cast<const T*>(m), *scale = static_cast<const T*>(s);
  const T *a = static_cast<const T*>(k1), *b = static_cast<const T*>(k2);
  T* gx = static_cast<T*>(to);
  for (; rows > 0; --rows, x += n, gy += n, gx += n)
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) gx[i] = scale[i] * (gy[i] - a[i] - (x[i] - mean[i]) * b[i]);
}

template <class T> constexpr NormLoops loops() { return {&layer<T>, &layer_grad<T>, &moments<T>, &batch<T>, &batch_sums<T>, &batch_grad<T>}; }

}  // namespace

void REEL_LEVEL_FUNCTION(norm_loops)() {
  norm_loops[0] = loops<float>();
  norm_loops[1] = loops<double>();
}
}  // namespace reel
