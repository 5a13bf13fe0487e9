// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/gemm_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/vector.h"

#include <cstring>

namespace reel {
namespace {

using F = V<float>;
constexpr int64_t kWidth = kWide<float>;

// The tiles that keep their sums in registers: kTileRows x kTileVectors of the product, or of one row kRowVectors.
#if defined(__AVX512F__)
constexpr int kTileRows = 8, kTileVectors = 2, kRowVectors = 16;
#elif defined(__AVX2__)
constexpr int kTileRows = 6, kTileVectors = 1, kRowVectors = 8;
#else
constexpr int kTileRows = 3, kTileVectors = 1, kRowVectors = 8;
#endif

// Rows x (Vectors * 16) of C at once: what stands at `from` (null: zeros) plus the product; each element sums over k in order.
template <int Rows, int Vectors>
[[gnu::always_inline]] inline void tile(int64_t k, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t b_row, float* c, int64_t c_row,
                                         const float* from, int64_t from_row) {
  F sum[Rows][Vectors] = {};
  if (from)
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < Vectors; ++v) sum[r][v] = load<F>(from + r * from_row + v * kWidth);
  for (int64_t p = 0; p < k; ++p) {
    F right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = load<F>(b + p * b_row + v * kWidth);
    for (int r = 0; r < Rows; ++r) {
      float left = a[r * a_row + p * a_column];
      for (int v = 0; v < Vectors; ++v) sum[r][v] += right[v] * left;
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Vectors; ++v) store(c + r * c_row + v * kWidth, sum[r][v]);
}

template <int Vectors>
[[gnu::always_inline]] inline void column_band(int64_t m, int64_t k, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t b_row, float* c,
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
template <int Rows>
[[gnu::always_inline]] inline void few_rows(int64_t n, const float* a, int64_t a_column, const float* b, int64_t b_row, float* sums, bool add) {
  Register<float> left[Rows];
  for (int r = 0; r < Rows; ++r) left[r] = a[r * a_column] - Register<float>{};
  auto vector = [&](const float* from, float* to) {
    F sum = {};
    if (add) sum = load<F>(to);
    for (int r = 0; r < Rows; ++r) {
      F right = load<F>(from + r * b_row);
      for (int i = 0; i < kParts; ++i) sum.part[i] += right.part[i] * left[r];
    }
    store(to, sum);
  };
  int64_t j = 0;
  for (; j + kWidth <= n; j += kWidth) vector(b + j, sums + j);
  if (j < n) vector(b + n - kWidth, sums + j);
}
void long_row(int64_t n, int64_t k, const float* a, int64_t a_column, const float* b, int64_t b_row, float* c, bool add) {
  constexpr int64_t kMost = 1024;
  alignas(64) float sums[kMost + kWidth] = {};
  for (int64_t j = 0, width; j < n; j += width) {
    width = n - j < kMost ? n - j : kMost;
    int64_t rest = width % kWidth, whole = width - rest, p = 0;
    float* last = sums + whole + (kWidth - rest);
    if (add) std::memcpy(sums, c + j, size_t(whole) * sizeof(float)), std::memcpy(last, c + j + whole, size_t(rest) * sizeof(float));
    for (; p + 4 <= k; p += 4) few_rows<4>(width, a + p * a_column, a_column, b + p * b_row + j, b_row, sums, add || p > 0);
    for (; p < k; ++p) few_rows<1>(width, a + p * a_column, a_column, b + p * b_row + j, b_row, sums, add || p > 0);
    std::memcpy(c + j, sums, size_t(whole) * sizeof(float)), std::memcpy(c + j + whole, last, size_t(rest) * sizeof(float));
  }
}

void rows(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t b_row, float* c, int64_t c_row,
          bool add) {
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
      float row[kWidth] = {};
      if (add) std::memcpy(row + kWidth - rest, c + i * c_row + j, size_t(rest) * sizeof(float));
      tile<1, 1>(k, a + i * a_row, a_row, a_column, b + from, b_row, row, kWidth, row, kWidth);
      std::memcpy(c + i * c_row + j, row + kWidth - rest, size_t(rest) * sizeof(float));
    }
    return;
  }
  for (int64_t i = 0; i < m; ++i) {
    float sum[kWidth] = {};
    if (add)
      for (int64_t q = 0; q < rest; ++q) sum[q] = c[i * c_row + j + q];
    for (int64_t p = 0; p < k; ++p) {
      float left = a[i * a_row + p * a_column];
      for (int64_t q = 0; q < rest; ++q) sum[q] += left * b[p * b_row + j + q];
    }
    for (int64_t q = 0; q < rest; ++q) c[i * c_row + j + q] = sum[q];
  }
}

// v where the mask has ones, else zeros.
[[gnu::always_inline]] inline F where(const V<int32_t>& mask, F v) {
  for (int i = 0; i < kParts; ++i) v.part[i] = Register<float>(Register<int32_t>(v.part[i]) & mask.part[i]);
  return v;
}

// The sums of four vectors, each in the order of lane_sum.
[[gnu::always_inline]] inline void four_sums(const F (&v)[4], float* to) {
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

void dots(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, const float* b, int64_t b_column, float* c, int64_t c_row) {
  int64_t whole = k / kWidth * kWidth;
  for (int64_t i = 0; i < m; ++i) {
    const float* x = a + i * a_row;
    int64_t j = 0;
    // What is left of k stands at the end of a whole vector, behind zeros.
    float last[kWidth] = {};
    int32_t mask[kWidth] = {};
    bool rest = k > whole, window = k >= kWidth;
    if (rest) std::memcpy(last + kWidth - (k - whole), x + whole, size_t(k - whole) * sizeof(float));
    for (int64_t q = kWidth - (k - whole); q < kWidth; ++q) mask[q] = -1;
    const auto kept = load<V<int32_t>>(mask);
    for (; window && j + 4 <= n; j += 4) {
      const float* y = b + j * b_column;
      F sum[4] = {};
      for (int64_t p = 0; p < whole; p += kWidth) {
        F left = load<F>(x + p);
        for (int q = 0; q < 4; ++q) sum[q] += left * load<F>(y + q * b_column + p);
      }
      if (rest) {
        F left = load<F>(last);
        for (int q = 0; q < 4; ++q) sum[q] += left * where(kept, load<F>(y + q * b_column + k - kWidth));
      }
      four_sums(sum, c + i * c_row + j);
    }
    for (; j < n; ++j) {
      const float* y = b + j * b_column;
      F sum = {};
      for (int64_t p = 0; p < whole; p += kWidth) sum += load<F>(x + p) * load<F>(y + p);
      if (rest && window) sum += load<F>(last) * where(kept, load<F>(y + k - kWidth));
      float s = lane_sum<float>(sum);
      if (!window)
        for (int64_t p = whole; p < k; ++p) s += x[p] * y[p];
      c[i * c_row + j] = s;
    }
  }
}

// A packed matrix is a row of panels, each as wide as the tile that is worked on in registers and k rows long; the last is filled with zeros.
constexpr int64_t kPanel = kTileVectors * kWidth;

int64_t packed_size(int64_t n, int64_t k) { return (n + kPanel - 1) / kPanel * kPanel * k; }
void pack(int64_t n, int64_t k, const float* b, int64_t b_row, int64_t b_column, float* packed) {
  // A transposed matrix is read along its rows, a piece of them at a time that stays in the cache with what is written.
  constexpr int64_t kPiece = 64;
  for (int64_t j = 0; j < n; j += kPanel, packed += kPanel * k) {
    int64_t width = n - j < kPanel ? n - j : kPanel;
    if (width < kPanel) std::memset(packed, 0, size_t(kPanel * k) * sizeof(float));
    const float* from = b + j * b_column;
    if (b_column == 1) {
      for (int64_t p = 0; p < k; ++p) std::memcpy(packed + p * kPanel, from + p * b_row, size_t(width) * sizeof(float));
      continue;
    }
    for (int64_t first = 0; first < k; first += kPiece)
      for (int64_t q = 0; q < width; ++q)
        for (int64_t p = first; p < k && p < first + kPiece; ++p) packed[p * kPanel + q] = from[p * b_row + q * b_column];
  }
}
void add_packed(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, const float* packed, const float* from, int64_t from_row, float* c, int64_t c_row) {
  // What the next tile writes comes from far while this one is computed.
  auto fetch = [&](int64_t i, int64_t j) {
    if (i >= m) i = 0, j += kPanel;
    if (j >= n) return;
    for (int64_t r = 0; r < kTileRows && i + r < m; ++r)
      for (int64_t q = 0; q < kPanel; q += kWidth) __builtin_prefetch(c + (i + r) * c_row + j + q, 1);
  };
  for (int64_t j = 0; j < n; j += kPanel, packed += kPanel * k) {
    int64_t width = n - j < kPanel ? n - j : kPanel, i = 0;
    if (width == kPanel) {
      for (; i + kTileRows <= m; i += kTileRows) {
        fetch(i + kTileRows, j);
        tile<kTileRows, kTileVectors>(k, a + i * a_row, a_row, 1, packed, kPanel, c + i * c_row + j, c_row, from + i * from_row + j, from_row);
      }
      for (; i < m; ++i) tile<1, kTileVectors>(k, a + i * a_row, a_row, 1, packed, kPanel, c + i * c_row + j, c_row, from + i * from_row + j, 0);
      continue;
    }
    for (; i < m; ++i) {
      float row[kPanel] = {};
      std::memcpy(row, from + i * from_row + j, size_t(width) * sizeof(float));
      tile<1, kTileVectors>(k, a + i * a_row, a_row, 1, packed, kPanel, row, kPanel, row, kPanel);
      std::memcpy(c + i * c_row + j, row, size_t(width) * sizeof(float));
    }
  }
}

}  // namespace

void REEL_LEVEL_FUNCTION(gemm_loops)() { gemm_loops = {&rows, &dots, &packed_size, &pack, &add_packed}; }
}  // namespace reel
