// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/reduce_loops.h"
#include "tensor/cpu/level.h"

#include <limits>
#include <type_traits>

#include "tensor/complex.h"
#include "tensor/cpu/tiles.h"
#include "tensor/cpu/vector.h"

namespace reel {
namespace {

constexpr bool adds(Fold f) { return f == Fold::kSum || f == Fold::kSquares || f == Fold::kNumbers; }
// What a number counts as on its way in.
template <Fold F, class T> [[gnu::always_inline]] inline T term(T x) {
  if constexpr (F == Fold::kSquares) return x * x;
  else if constexpr (F == Fold::kNumbers) return x == x ? x : T(0);
  else return x;
}
template <Fold F, class T> [[gnu::always_inline]] inline T fold(T a, T b) {
  if constexpr (adds(F)) return T(a + b);
  else if constexpr (F == Fold::kProd) return T(a * b);
  else if constexpr (F == Fold::kMax) return math::maximum(a, b);
  else return math::minimum(a, b);
}
// The same in two choices for the extremes: in one, loops over columns are not vectorized (and those over a row are faster).
template <Fold F, class T> [[gnu::always_inline]] inline T fold_columns(T a, T b) {
  if constexpr (adds(F) || F == Fold::kProd) {
    return fold<F>(a, b);
  } else {
    T beyond = F == Fold::kMax ? (a > b ? a : b) : (a < b ? a : b);
    return a != a ? a : beyond;
  }
}
template <Fold F, class T> constexpr T identity() {
  using L = std::numeric_limits<T>;
  if constexpr (adds(F)) return T(0);
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
    for (int j = 0; j < kLanes; ++j) lane[j] = fold<F>(lane[j], term<F>(x[i + j]));
  for (int j = 0; i + j < n; ++j) lane[j] = fold<F>(lane[j], term<F>(x[i + j]));
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
    for (int i = 0; i < count; ++i) folded = fold_columns<F>(folded, term<F>(x[i * stride + k]));
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
    for (int j = 0; j < kLanes; ++j) lane[j] = fold<F>(lane[j], term<F>(x[i * columns + j]));
  for (int64_t k = 0; k < columns; ++k) out[k] = lane[k];
  for (int64_t j = columns; j < together * columns; ++j) out[j % columns] = fold<F>(out[j % columns], lane[j]);
  for (; i < count; ++i)
    for (int64_t k = 0; k < columns; ++k) out[k] = fold<F>(out[k], term<F>(x[i * columns + k]));
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

template <class T> void dot(const void* a, const void* b, int64_t n, void* out) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  T lane[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kLanes; ++j) lane[j] += x[i + j] * y[i + j];
  for (int j = 0; i + j < n; ++j) lane[j] += x[i + j] * y[i + j];
  *static_cast<T*>(out) = fold_lanes<Fold::kSum>(lane);
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

// The integers, as wide as T, that comparisons of T give.
template <class T> using Flag = std::remove_cvref_t<decltype((Register<T>{} < Register<T>{})[0])>;

// All lanes of a register into one, in halves like register_sum.
template <class T, int bytes, class G> [[gnu::always_inline]] inline T fold_register(Register<T, bytes> v, G&& meet) {
  if constexpr (bytes == 2 * sizeof(T)) {
    return T(meet(T(v[0]), T(v[1])));
  } else {
    Register<T, bytes / 2> low, high;
    std::memcpy(&low, &v, sizeof low);
    std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
    return fold_register<T, bytes / 2>(meet(low, high), meet);
  }
}

template <class T> struct Found {
  T value;
  int64_t at;  // -1 when a NaN is among the numbers
};

// The first of the largest (smallest) of at most kFoldBlock numbers, in one pass: every lane remembers its own and the step it came with. No
// branch depends on the numbers: one that is foretold wrongly waits for all of a row and keeps the next from being fetched meanwhile.
template <bool above, class T> [[gnu::always_inline]] inline Found<T> find_extreme(const T* x, int64_t n) {
  constexpr int registers = 4, each = kRegister / int(sizeof(T)), lanes = registers * each;
  auto beyond = [](auto a, auto b) { return above ? a > b : a < b; };
  if (n < lanes) {
    Found<T> found{*x, 0};
    bool nan = *x != *x;
    for (int64_t i = 1; i < n; ++i) {
      nan |= x[i] != x[i];
      if (beyond(x[i], found.value)) found = {x[i], i};
    }
    return {found.value, nan ? -1 : found.at};
  }
  constexpr bool floating = std::is_floating_point_v<T>;
  Register<T> best[registers], total[registers], v;
  Register<Flag<T>> from[registers] = {};
  std::memcpy(best, x, sizeof best);
  std::memcpy(total, x, sizeof total);
  // The last step reaches back over the one before it.
  const int64_t steps = whole(n, lanes);
  for (int64_t s = 1; s < steps; ++s) {
    const T* p = x + least(s * lanes, n - lanes);
    const Register<Flag<T>> step = Register<Flag<T>>{} + Flag<T>(s);
#pragma GCC unroll 4
    for (int r = 0; r < registers; ++r) {
      std::memcpy(&v, p + r * each, sizeof v);
      const Register<T> now = beyond(v, best[r]) ? v : best[r];
      from[r] = now != best[r] ? step : from[r];  // the test above would take the maximum's place, and be slower
      best[r] = now;
      if constexpr (floating) total[r] += v;
    }
  }
  T lane[lanes];
  Flag<T> came[lanes];
  const auto last = Flag<T>(steps - 1);
  std::memcpy(lane, best, sizeof best);
  std::memcpy(came, from, sizeof from);
  for (int r = 1; r < registers; ++r) best[0] = beyond(best[r], best[0]) ? best[r] : best[0];
  const T top = fold_register<T, kRegister>(best[0], [&](auto a, auto b) { return beyond(b, a) ? b : a; });
  if constexpr (floating) {
    // A sum that is a number has no NaN among its terms; one that is none may also come from infinities of both signs.
    T sum = fold_register<T, kRegister>((total[0] + total[1]) + (total[2] + total[3]), [](auto a, auto b) { return a + b; });
    for (int64_t i = 0; sum != sum && i < n; ++i)
      if (x[i] != x[i]) return {top, -1};
  }
  using Index = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
  auto first = Index(n);
  for (int j = 0; j < lanes; ++j) {
    Index at = came[j] == last ? Index(n - lanes + j) : Index(came[j] * lanes + j), place = lane[j] == top ? at : Index(n);
    first = place < first ? place : first;
  }
  return {top, first};
}
template <bool above, class T> int64_t arg_extreme(const void* from, int64_t n) {
  const T* x = static_cast<const T*>(from);
  Found<T> best{};
  for (int64_t i = 0; i < n; i += kFoldBlock) {
    Found<T> here = find_extreme<above>(x + i, least(kFoldBlock, n - i));
    if (here.at < 0) {
      while (x[i] == x[i]) ++i;
      return i;
    }
    if (i == 0 || (above ? here.value > best.value : here.value < best.value)) best = {here.value, i + here.at};
  }
  return best.at;
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
  ((row_loops[int(dtype_of<T>())].argmax = &arg_extreme<true, T>, row_loops[int(dtype_of<T>())].argmin = &arg_extreme<false, T>,
    row_loops[int(dtype_of<T>())].find_above = &find_beyond<true, T>, row_loops[int(dtype_of<T>())].find_below = &find_beyond<false, T>), ...);
}
template <class... T> void install_softmax() {
  ((row_loops[int(dtype_of<T>())].softmax = &softmax<T>, row_loops[int(dtype_of<T>())].log_softmax = &log_softmax<T>,
    row_loops[int(dtype_of<T>())].logsumexp = &logsumexp<T>, row_loops[int(dtype_of<T>())].dot = &dot<T>, row_loops[int(dtype_of<T>())].cross_entropy = &cross_entropy<T>,
    row_loops[int(dtype_of<T>())].cross_entropy_grad = &cross_entropy_grad<T>), ...);
}

}  // namespace

void REEL_LEVEL_FUNCTION(reduce_loops)() {
  install_fold<Fold::kSum, float, double, int64_t>();
  install_fold<Fold::kProd, float, double, int64_t, Complex64, Complex128>();
  install_fold<Fold::kMax, float, double, uint8_t, int8_t, int16_t, int32_t, int64_t>();
  install_fold<Fold::kMin, float, double, uint8_t, int8_t, int16_t, int32_t, int64_t>();
  install_fold<Fold::kSquares, float, double>();
  install_fold<Fold::kNumbers, float, double>();
  install_search<float, double, uint8_t, int8_t, int16_t, int32_t, int64_t>();
  install_softmax<float, double>();
}
}  // namespace reel
