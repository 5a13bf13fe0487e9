// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/reduce_loops.h"
#include "tensor/cpu/level.h"

#include <limits>

#include "tensor/complex.h"

namespace reel {
namespace {

template <Fold F, class T> [[gnu::always_inline]] inline T fold(T a, T b) {
  if constexpr (F == Fold::kSum) return T(a + b);
  else if constexpr (F == Fold::kProd) return T(a * b);
  else if constexpr (F == Fold::kMax) return math::maximum(a, b);
  else return math::minimum(a, b);
}
template <Fold F, class T> constexpr T identity() {
  using L = std::numeric_limits<T>;
  if constexpr (F == Fold::kSum) return T(0);
  else if constexpr (F == Fold::kProd) return T(1);
  else if constexpr (F == Fold::kMax) return L::has_infinity ? -L::infinity() : L::min();
  else return L::has_infinity ? L::infinity() : L::max();
}

constexpr int kLanes = 64;

// All lanes into the first, the two halves first, again and again. A loop over halves is not unrolled: with one,
// a row of 1024 floats in the cache took 19 ns, now 11.
template <Fold F, int half = kLanes / 2, class T> [[gnu::always_inline]] inline T fold_lanes(T* lane) {
  for (int j = 0; j < half; ++j) lane[j] = fold<F>(lane[j], lane[j + half]);
  if constexpr (half > 1) return fold_lanes<F, half / 2>(lane);
  else return lane[0];
}

template <Fold F, class T> [[gnu::always_inline]] inline T fold_row(const T* x, int64_t n) {
  T lane[kLanes];
  for (int j = 0; j < kLanes; ++j) lane[j] = identity<F, T>();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kLanes; ++j) lane[j] = fold<F>(lane[j], x[i + j]);
  for (int j = 0; i + j < n; ++j) lane[j] = fold<F>(lane[j], x[i + j]);
  return fold_lanes<F>(lane);
}

template <Fold F, class T> void block(const void* x, int64_t n, void* out) { *static_cast<T*>(out) = fold_row<F>(static_cast<const T*>(x), n); }

// A few rows at a time, so that memory is read in a few long streams and not in short pieces of many pages (4096 rows of 1024 floats in the
// cache on one thread: 110 GB/s, with the sums of 64 columns in registers over eight rows 75; on two: 180).
constexpr int kRowsTogether = 8;
template <Fold F, int count, class T> [[gnu::always_inline]] inline void fold_rows(const T* x, int64_t stride, int64_t columns, T* out) {
#pragma GCC ivdep
  for (int64_t k = 0; k < columns; ++k) {
    T folded = out[k];
    for (int i = 0; i < count; ++i) folded = fold<F>(folded, x[i * stride + k]);
    out[k] = folded;
  }
}

// Few columns, one row behind the other: as many rows as fit into the lanes at once. Lanes beyond them fold what belongs to the next rows
// and are not looked at. 50176 rows of 6 floats on two threads: 88 us column by column, 18 so.
template <Fold F, class T> void narrow_rows(const T* x, int64_t count, int64_t columns, T* out) {
  int64_t together = kLanes / columns, i = 0;
  T lane[kLanes];
  for (int j = 0; j < kLanes; ++j) lane[j] = identity<F, T>();
  for (; i * columns + kLanes <= count * columns; i += together)
    for (int j = 0; j < kLanes; ++j) lane[j] = fold<F>(lane[j], x[i * columns + j]);
  for (int64_t k = 0; k < columns; ++k) out[k] = lane[k];
  for (int64_t j = columns; j < together * columns; ++j) out[j % columns] = fold<F>(out[j % columns], lane[j]);
  for (; i < count; ++i)
    for (int64_t k = 0; k < columns; ++k) out[k] = fold<F>(out[k], x[i * columns + k]);
}

template <Fold F, class T> void rows(const void* from, int64_t count, int64_t stride, int64_t columns, void* to) {
  const T* x = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  if (2 * columns <= kLanes && stride == columns) return narrow_rows<F>(x, count, columns, out);
  for (int64_t k = 0; k < columns; ++k) out[k] = identity<F, T>();
  for (; count >= kRowsTogether; count -= kRowsTogether, x += kRowsTogether * stride) fold_rows<F, kRowsTogether>(x, stride, columns, out);
  for (; count > 0; --count, x += stride) fold_rows<F, 1>(x, stride, columns, out);
}

template <Fold F, class T> void combine(void* to, const void* from, int64_t n) {
  T* out = static_cast<T*>(to);
  const T* x = static_cast<const T*>(from);
  for (int64_t i = 0; i < n; ++i) out[i] = fold<F>(out[i], x[i]);
}

template <Fold F, class... T> void install_fold() {
  ((reduce_loops[int(F)][int(dtype_of<T>())] = {&block<F, T>, &rows<F, T>, &combine<F, T>}), ...);
}

// Two passes over a row that stays in cache: the maximum, then exp(x - max) and its sum in the order of fold_row.
template <class T> [[gnu::always_inline]] inline T exp_sum(const T* x, int64_t n, T top, T* y) {
  T lane[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kLanes; ++j) {
      T e = math::exp_of_negative(x[i + j] - top);
      if (y) y[i + j] = e;
      lane[j] += e;
    }
  for (int j = 0; i + j < n; ++j) {
    T e = math::exp_of_negative(x[i + j] - top);
    if (y) y[i + j] = e;
    lane[j] += e;
  }
  return fold_lanes<Fold::kSum>(lane);
}

template <class T> void softmax(const void* from, int64_t n, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  T scale = T(1) / exp_sum(x, n, fold_row<Fold::kMax>(x, n), y);
  for (int64_t i = 0; i < n; ++i) y[i] *= scale;
}
template <class T> void log_softmax(const void* from, int64_t n, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  T top = fold_row<Fold::kMax>(x, n), z = math::log(exp_sum<T>(x, n, top, nullptr));
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - top) - z;
}
template <class T> void logsumexp(const void* from, int64_t n, void* to) {
  const T* x = static_cast<const T*>(from);
  T top = fold_row<Fold::kMax>(x, n);
  *static_cast<T*>(to) = math::is_infinite(top) ? top : top + math::log(exp_sum<T>(x, n, top, nullptr));
}

template <class T> void cross_entropy(const void* from, int64_t n, int64_t label, void* loss, void* log_sum) {
  const T* x = static_cast<const T*>(from);
  T top = fold_row<Fold::kMax>(x, n), z = math::log(exp_sum<T>(x, n, top, nullptr));
  *static_cast<T*>(log_sum) = z;
  *static_cast<T*>(loss) = z - (x[label] - top);
}
template <class T> void cross_entropy_grad(const void* from, int64_t n, int64_t label, const void* log_sum, const void* factor, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  T top = fold_row<Fold::kMax>(x, n), z = *static_cast<const T*>(log_sum), scale = *static_cast<const T*>(factor);
  for (int64_t i = 0; i < n; ++i) y[i] = math::exp((x[i] - top) - z) * scale;
  y[label] -= scale;
}

template <class T, class F> [[gnu::always_inline]] inline int64_t find_first(const T* x, int64_t n, F&& wanted) {
  for (int64_t i = 0; i < n; i += 64) {
    int64_t m = n - i < 64 ? n - i : 64;
    int hit = 0;
    for (int64_t j = 0; j < m; ++j) hit |= wanted(x[i + j]);
    if (!hit) continue;
    for (int64_t j = 0; j < m; ++j)
      if (wanted(x[i + j])) return i + j;
  }
  return 0;
}
// The extreme first, then the first place that holds it: both passes vectorize.
template <Fold F, class T> int64_t arg_extreme(const void* from, int64_t n) {
  const T* x = static_cast<const T*>(from);
  T top = fold_row<F>(x, n);
  return top == top ? find_first(x, n, [top](T v) { return v == top; }) : find_first(x, n, [](T v) { return v != v; });
}

template <bool above, class T> int64_t find_beyond(const void* from, int64_t i, int64_t n, const void* bound) {
  const T *x = static_cast<const T*>(from), b = *static_cast<const T*>(bound);
  for (; i + kFindBlock <= n; i += kFindBlock) {
    int hit = 0;
    for (int64_t j = 0; j < kFindBlock; ++j) hit |= (above ? x[i + j] > b : x[i + j] < b) | (x[i + j] != x[i + j]);
    if (hit) return i;
  }
  return i;
}

template <class... T> void install_search() {
  ((row_loops[int(dtype_of<T>())].argmax = &arg_extreme<Fold::kMax, T>, row_loops[int(dtype_of<T>())].argmin = &arg_extreme<Fold::kMin, T>,
    row_loops[int(dtype_of<T>())].find_above = &find_beyond<true, T>, row_loops[int(dtype_of<T>())].find_below = &find_beyond<false, T>), ...);
}
template <class... T> void install_softmax() {
  ((row_loops[int(dtype_of<T>())].softmax = &softmax<T>, row_loops[int(dtype_of<T>())].log_softmax = &log_softmax<T>,
    row_loops[int(dtype_of<T>())].logsumexp = &logsumexp<T>, row_loops[int(dtype_of<T>())].cross_entropy = &cross_entropy<T>,
    row_loops[int(dtype_of<T>())].cross_entropy_grad = &cross_entropy_grad<T>), ...);
}

}  // namespace

void REEL_LEVEL_FUNCTION(reduce_loops)() {
  install_fold<Fold::kSum, float, double, int64_t>();
  install_fold<Fold::kProd, float, double, int64_t, Complex64, Complex128>();
  install_fold<Fold::kMax, float, double, uint8_t, int8_t, int16_t, int32_t, int64_t>();
  install_fold<Fold::kMin, float, double, uint8_t, int8_t, int16_t, int32_t, int64_t>();
  install_search<float, double, uint8_t, int8_t, int16_t, int32_t, int64_t>();
  install_softmax<float, double>();
}
}  // namespace reel
