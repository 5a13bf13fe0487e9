// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/gemm_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/vector.h"

#include <cstring>
#include <type_traits>

namespace reel {
namespace {

// The tiles that keep their sums in registers: kTileRows x kTileVectors of the product, or of one row kRowVectors.
#if defined(__AVX512F__)
constexpr int kTileRows = 8, kTileVectors = 2, kRowVectors = 16;
#elif defined(__AVX2__)
constexpr int kTileRows = 6, kTileVectors = 1, kRowVectors = 8;
#else
constexpr int kTileRows = 3, kTileVectors = 1, kRowVectors = 8;
#endif

// Rows x (Vectors * kWide<T>) of C at once: what stands at `from` (null: zeros) plus the product; each element sums over k in order.
template <int Rows, int Vectors, class T>
[[gnu::always_inline]] inline void tile(int64_t k, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c, int64_t c_row,
                                         const T* from, int64_t from_row) {
  constexpr int64_t kWidth = kWide<T>;
  V<T> sum[Rows][Vectors] = {};
  if (from)
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < Vectors; ++v) sum[r][v] = load<V<T>>(from + r * from_row + v * kWidth);
  for (int64_t p = 0; p < k; ++p) {
    V<T> right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = load<V<T>>(b + p * b_row + v * kWidth);
    for (int r = 0; r < Rows; ++r) {
      T left = a[r * a_row + p * a_column];
      for (int v = 0; v < Vectors; ++v) sum[r][v] += right[v] * left;
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Vectors; ++v) store(c + r * c_row + v * kWidth, sum[r][v]);
}

template <int Vectors, class T>
[[gnu::always_inline]] inline void column_band(int64_t m, int64_t k, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c,
                                               int64_t c_row, bool add) {
  constexpr int kRows = Vectors == 1 ? kTileRows : 4;
  auto from = [&](int64_t i) { return add ? c + i * c_row : nullptr; };
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows) tile<kRows, Vectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, from(i), c_row);
  for (; i < m; ++i) tile<1, Vectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, from(i), c_row);
}

// One row whose sums do not fit the registers: B is read as it lies, `Rows` of its rows at a time, and the sums stay in the first cache.
// In bands of columns a row of 750 reaches 110 GB/s of the second cache and one of 1024 88; four rows at a time, both 125. What is left of n
// is at the end of a whole vector, of which `sums` holds all.
template <int Rows, class T>
[[gnu::always_inline]] inline void few_rows(int64_t n, const T* a, int64_t a_column, const T* b, int64_t b_row, T* sums, bool add) {
  Register<T> left[Rows];
  for (int r = 0; r < Rows; ++r) left[r] = a[r * a_column] - Register<T>{};
  constexpr int64_t kWidth = kWide<T>;
  auto vector = [&](const T* from, T* to) {
    V<T> sum = {};
    if (add) sum = load<V<T>>(to);
    for (int r = 0; r < Rows; ++r) {
      V<T> right = load<V<T>>(from + r * b_row);
      for (int i = 0; i < kParts; ++i) sum.part[i] += right.part[i] * left[r];
    }
    store(to, sum);
  };
  int64_t j = 0;
  for (; j + kWidth <= n; j += kWidth) vector(b + j, sums + j);
  if (j < n) vector(b + n - kWidth, sums + j);
}
template <class T>
[[gnu::noinline]] void long_row(int64_t n, int64_t k, const T* a, int64_t a_column, const T* b, int64_t b_row, T* c, bool add) {
  constexpr int64_t kWidth = kWide<T>, kMost = 1024;
  alignas(64) T sums[kMost + kWidth] = {};
  for (int64_t j = 0, width; j < n; j += width) {
    width = n - j < kMost ? n - j : kMost;
    int64_t rest = width % kWidth, whole = width - rest, p = 0;
    T* last = sums + whole + (kWidth - rest);
    if (add) std::memcpy(sums, c + j, size_t(whole) * sizeof(T)), std::memcpy(last, c + j + whole, size_t(rest) * sizeof(T));
    for (; p + 4 <= k; p += 4) few_rows<4>(width, a + p * a_column, a_column, b + p * b_row + j, b_row, sums, add || p > 0);
    for (; p < k; ++p) few_rows<1>(width, a + p * a_column, a_column, b + p * b_row + j, b_row, sums, add || p > 0);
    std::memcpy(c + j, sums, size_t(whole) * sizeof(T)), std::memcpy(c + j + whole, last, size_t(rest) * sizeof(T));
  }
}

template <class T>
void rows(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c, int64_t c_row,
          bool add) {
  constexpr int64_t kWidth = kWide<T>;
  int64_t j = 0;
  if (m == 1 && n > kRowVectors * kWidth) return long_row(n, k, a, a_column, b, b_row, c, add);
  if (m == 1) {
    auto bands = [&]<int Vectors>() {
      for (; j + Vectors * kWidth <= n; j += Vectors * kWidth) tile<1, Vectors>(k, a, a_row, a_column, b + j, b_row, c + j, c_row, add ? c + j : nullptr, 0);
    };
    bands.template operator()<kRowVectors>(), bands.template operator()<8>(), bands.template operator()<4>(), bands.template operator()<2>();
  }
  if constexpr (kTileVectors > 1)
    for (; j + 4 * kWidth <= n; j += 4 * kWidth) column_band<4>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row, add);
  for (; j + kWidth <= n; j += kWidth) column_band<1>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row, add);
  if (j == n) return;
  int64_t rest = n - j;
  if (n >= kWidth) {  // the last vector overlaps the one before, whose sums stay
    int64_t from = n - kWidth;
    for (int64_t i = 0; i < m; ++i) {
      T row[kWidth] = {};
      if (add) std::memcpy(row + kWidth - rest, c + i * c_row + j, size_t(rest) * sizeof(T));
      tile<1, 1>(k, a + i * a_row, a_row, a_column, b + from, b_row, row, kWidth, row, kWidth);
      std::memcpy(c + i * c_row + j, row + kWidth - rest, size_t(rest) * sizeof(T));
    }
    return;
  }
  for (int64_t i = 0; i < m; ++i) {
    T sum[kWidth] = {};
    if (add)
      for (int64_t q = 0; q < rest; ++q) sum[q] = c[i * c_row + j + q];
    for (int64_t p = 0; p < k; ++p) {
      T left = a[i * a_row + p * a_column];
      for (int64_t q = 0; q < rest; ++q) sum[q] += left * b[p * b_row + j + q];
    }
    for (int64_t q = 0; q < rest; ++q) c[i * c_row + j + q] = sum[q];
  }
}

// The integers as wide as T.
template <class T> using Mask = V<std::conditional_t<sizeof(T) == 8, int64_t, int32_t>>;

// v where the mask has ones, else zeros.
template <class T> [[gnu::always_inline]] inline V<T> where(const Mask<T>& mask, V<T> v) {
  for (int i = 0; i < kParts; ++i) v.part[i] = Register<T>(decltype(mask.part[i] & mask.part[i])(v.part[i]) & mask.part[i]);
  return v;
}

// The sums of four vectors, each in the order of lane_sum.
[[gnu::always_inline]] inline void four_sums(const V<double> (&v)[4], double* to) {
  for (int i = 0; i < 4; ++i) to[i] = lane_sum<double>(v[i]);
}
[[gnu::always_inline]] inline void four_sums(const V<float> (&v)[4], float* to) {
  using Four = Register<float, 16>;
  Four x[4];
  for (int i = 0; i < 4; ++i) {
    Four quarter[4];
    for (int q = 0; q < 4; ++q) std::memcpy(&quarter[q], reinterpret_cast<const char*>(&v[i]) + q * 16, 16);
    x[i] = (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
  }
  auto halves = [](Four a, Four b) { return __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7); };
  Four left = halves(x[0], x[1]), right = halves(x[2], x[3]);
  Four sums = __builtin_shufflevector(left, right, 0, 2, 4, 6) + __builtin_shufflevector(left, right, 1, 3, 5, 7);
  std::memcpy(to, &sums, sizeof sums);
}

template <class T>
void dots(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, const T* b, int64_t b_column, T* c, int64_t c_row) {
  constexpr int64_t kWidth = kWide<T>;
  using Flag = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
  int64_t whole = k / kWidth * kWidth;
  for (int64_t i = 0; i < m; ++i) {
    const T* x = a + i * a_row;
    int64_t j = 0;
    // What is left of k stands at the end of a whole vector, behind zeros.
    T last[kWidth] = {};
    Flag mask[kWidth] = {};
    bool rest = k > whole, window = k >= kWidth;
    if (rest) std::memcpy(last + kWidth - (k - whole), x + whole, size_t(k - whole) * sizeof(T));
    for (int64_t q = kWidth - (k - whole); q < kWidth; ++q) mask[q] = -1;
    const auto kept = load<Mask<T>>(mask);
    for (; window && j + 4 <= n; j += 4) {
      const T* y = b + j * b_column;
      V<T> sum[4] = {};
      for (int64_t p = 0; p < whole; p += kWidth) {
        V<T> left = load<V<T>>(x + p);
        for (int q = 0; q < 4; ++q) sum[q] += left * load<V<T>>(y + q * b_column + p);
      }
      if (rest) {
        V<T> left = load<V<T>>(last);
        for (int q = 0; q < 4; ++q) sum[q] += left * where<T>(kept, load<V<T>>(y + q * b_column + k - kWidth));
      }
      four_sums(sum, c + i * c_row + j);
    }
    for (; j < n; ++j) {
      const T* y = b + j * b_column;
      V<T> sum = {};
      for (int64_t p = 0; p < whole; p += kWidth) sum += load<V<T>>(x + p) * load<V<T>>(y + p);
      if (rest && window) sum += load<V<T>>(last) * where<T>(kept, load<V<T>>(y + k - kWidth));
      T s = lane_sum<T>(sum);
      if (!window)
        for (int64_t p = whole; p < k; ++p) s += x[p] * y[p];
      c[i * c_row + j] = s;
    }
  }
}

// A packed matrix is a row of panels, each as wide as the tile that is worked on in registers and k rows long; the last is filled with
// zeros. A left-hand one has its rows in the panels' columns.
template <class T> constexpr int64_t kPanel = kTileVectors * kWide<T>;

template <int64_t panel, class T> int64_t packed_size(int64_t n, int64_t k) { return (n + panel - 1) / panel * panel * k; }
template <int64_t panel, class T> void pack(int64_t n, int64_t k, const T* b, int64_t b_row, int64_t b_column, T* packed) {
  // A transposed matrix is read along its rows, a piece of them at a time that stays in the cache with what is written.
  constexpr int64_t kPiece = 64;
  for (int64_t j = 0; j < n; j += panel, packed += panel * k) {
    int64_t width = n - j < panel ? n - j : panel;
    if (width < panel) std::memset(packed, 0, size_t(panel * k) * sizeof(T));
    const T* from = b + j * b_column;
    if (b_column == 1) {
      for (int64_t p = 0; p < k; ++p) std::memcpy(packed + p * panel, from + p * b_row, size_t(width) * sizeof(T));
      continue;
    }
    for (int64_t first = 0; first < k; first += kPiece)
      for (int64_t q = 0; q < width; ++q)
        for (int64_t p = first; p < k && p < first + kPiece; ++p) packed[p * panel + q] = from[p * b_row + q * b_column];
  }
}
template <class T> void pack_left(int64_t m, int64_t k, const T* a, int64_t a_row, int64_t a_column, T* packed) {
  pack<kTileRows>(m, k, a, a_column, a_row, packed);
}

template <class T>
void add_packed(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, const T* packed, const T* from, int64_t from_row, T* c, int64_t c_row) {
  constexpr int64_t panel = kPanel<T>;
  // What the next tile writes comes from far while this one is computed.
  auto fetch = [&](int64_t i, int64_t j) {
    if (i >= m) i = 0, j += panel;
    if (j >= n) return;
    for (int64_t r = 0; r < kTileRows && i + r < m; ++r)
      for (int64_t q = 0; q < panel; q += kWide<T>) __builtin_prefetch(c + (i + r) * c_row + j + q, 1);
  };
  for (int64_t j = 0; j < n; j += panel, packed += panel * k) {
    int64_t width = n - j < panel ? n - j : panel, i = 0;
    if (width == panel) {
      for (; i + kTileRows <= m; i += kTileRows) {
        fetch(i + kTileRows, j);
        tile<kTileRows, kTileVectors>(k, a + i * a_row, a_row, 1, packed, panel, c + i * c_row + j, c_row, from + i * from_row + j, from_row);
      }
      for (; i < m; ++i) tile<1, kTileVectors>(k, a + i * a_row, a_row, 1, packed, panel, c + i * c_row + j, c_row, from + i * from_row + j, 0);
      continue;
    }
    for (; i < m; ++i) {
      T row[panel] = {};
      std::memcpy(row, from + i * from_row + j, size_t(width) * sizeof(T));
      tile<1, kTileVectors>(k, a + i * a_row, a_row, 1, packed, panel, row, panel, row, panel);
      std::memcpy(c + i * c_row + j, row, size_t(width) * sizeof(T));
    }
  }
}

template <class T> void add_both_packed(int64_t m, int64_t n, int64_t k, const T* left, const T* packed, T* c, int64_t c_row) {
  constexpr int64_t panel = kPanel<T>;
  for (int64_t j = 0; j < n; j += panel, packed += panel * k) {
    const T* a = left;
    for (int64_t i = 0; i < m; i += kTileRows, a += kTileRows * k) {
      int64_t rows = m - i < kTileRows ? m - i : kTileRows, width = n - j < panel ? n - j : panel;
      T* at = c + i * c_row + j;
      if (rows == kTileRows && width == panel) {
        tile<kTileRows, kTileVectors>(k, a, 1, kTileRows, packed, panel, at, c_row, at, c_row);
        continue;
      }
      T edge[kTileRows * panel] = {};
      for (int64_t r = 0; r < rows; ++r) std::memcpy(edge + r * panel, at + r * c_row, size_t(width) * sizeof(T));
      tile<kTileRows, kTileVectors>(k, a, 1, kTileRows, packed, panel, edge, panel, edge, panel);
      for (int64_t r = 0; r < rows; ++r) std::memcpy(at + r * c_row, edge + r * panel, size_t(width) * sizeof(T));
    }
  }
}

template <class T> GemmLoops<T> loops() {
  return {&rows<T>, &dots<T>, &packed_size<kPanel<T>, T>, &pack<kPanel<T>, T>, &add_packed<T>, &packed_size<kTileRows, T>, &pack_left<T>, &add_both_packed<T>};
}

}  // namespace

void REEL_LEVEL_FUNCTION(gemm_loops)() {
  gemm_loops<float> = loops<float>();
  gemm_loops<double> = loops<double>();
}
}  // namespace reel
