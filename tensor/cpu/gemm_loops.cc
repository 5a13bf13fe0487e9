// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/gemm_loops.h"
#include <cstring>

#include "tensor/cpu/level.h"
#include "tensor/cpu/vector.h"

namespace reel {
namespace {

using F = V<float>;
constexpr int64_t kWidth = kWide<float>;

// Rows x (Vectors * 16) of C at once; each element sums over k in order.
template <int Rows, int Vectors>
[[gnu::always_inline]] inline void tile(int64_t k, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t b_row, float* c, int64_t c_row,
                                         bool add) {
  F sum[Rows][Vectors] = {};
  if (add)
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < Vectors; ++v) sum[r][v] = load<F>(c + r * c_row + v * kWidth);
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
  int64_t i = 0;
  for (; i + 4 <= m; i += 4) tile<4, Vectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, add);
  for (; i < m; ++i) tile<1, Vectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, add);
}

void rows(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t b_row, float* c, int64_t c_row,
          bool add) {
  int64_t j = 0;
  if (m == 1)
    for (; j + 8 * kWidth <= n; j += 8 * kWidth) tile<1, 8>(k, a, a_row, a_column, b + j, b_row, c + j, c_row, add);
  for (; j + 4 * kWidth <= n; j += 4 * kWidth) column_band<4>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row, add);
  for (; j + kWidth <= n; j += kWidth) column_band<1>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row, add);
  if (j == n) return;
  int64_t rest = n - j;
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

void dots(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, const float* b, int64_t b_column, float* c, int64_t c_row) {
  for (int64_t i = 0; i < m; ++i) {
    const float* x = a + i * a_row;
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
      const float* y = b + j * b_column;
      F sum[4] = {};
      int64_t p = 0;
      for (; p + kWidth <= k; p += kWidth) {
        F left = load<F>(x + p);
        for (int q = 0; q < 4; ++q) sum[q] += left * load<F>(y + q * b_column + p);
      }
      for (int q = 0; q < 4; ++q) {
        float s = lane_sum<float>(sum[q]);
        for (int64_t t = p; t < k; ++t) s += x[t] * y[q * b_column + t];
        c[i * c_row + j + q] = s;
      }
    }
    for (; j < n; ++j) {
      const float* y = b + j * b_column;
      F sum = {};
      int64_t p = 0;
      for (; p + kWidth <= k; p += kWidth) sum += load<F>(x + p) * load<F>(y + p);
      float s = lane_sum<float>(sum);
      for (; p < k; ++p) s += x[p] * y[p];
      c[i * c_row + j] = s;
    }
  }
}

// A packed matrix is a row of panels, each as wide as the tile that is worked on in registers and k rows long; the last is filled with zeros.
#ifdef __AVX512F__
constexpr int kTileRows = 8, kTileVectors = 2;
#else
constexpr int kTileRows = 4, kTileVectors = 1;
#endif
constexpr int64_t kPanel = kTileVectors * kWidth;

int64_t packed_size(int64_t n, int64_t k) { return (n + kPanel - 1) / kPanel * kPanel * k; }
void pack(int64_t n, int64_t k, const float* b, int64_t b_row, int64_t b_column, float* packed) {
  for (int64_t j = 0; j < n; j += kPanel)
    for (int64_t p = 0; p < k; ++p)
      for (int64_t q = 0; q < kPanel; ++q) *packed++ = j + q < n ? b[p * b_row + (j + q) * b_column] : 0.f;
}
void add_packed(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, const float* packed, float* c, int64_t c_row) {
  for (int64_t j = 0; j < n; j += kPanel, packed += kPanel * k) {
    int64_t width = n - j < kPanel ? n - j : kPanel, i = 0;
    if (width == kPanel) {
      for (; i + kTileRows <= m; i += kTileRows) tile<kTileRows, kTileVectors>(k, a + i * a_row, a_row, 1, packed, kPanel, c + i * c_row + j, c_row, true);
      for (; i < m; ++i) tile<1, kTileVectors>(k, a + i * a_row, a_row, 1, packed, kPanel, c + i * c_row + j, c_row, true);
      continue;
    }
    for (; i < m; ++i) {
      float row[kPanel] = {};
      std::memcpy(row, c + i * c_row + j, size_t(width) * sizeof(float));
      tile<1, kTileVectors>(k, a + i * a_row, a_row, 1, packed, kPanel, row, kPanel, true);
      std::memcpy(c + i * c_row + j, row, size_t(width) * sizeof(float));
    }
  }
}

}  // namespace

void REEL_LEVEL_FUNCTION(gemm_loops)() { gemm_loops = {&rows, &dots, &packed_size, &pack, &add_packed}; }
}  // namespace reel
