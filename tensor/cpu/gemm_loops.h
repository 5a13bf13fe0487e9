#pragma once
// Small float products without packing, for which a library call costs more than the arithmetic; and matrix times vector.
#include <cstdint>

namespace reel {

struct GemmLoops {
  // C[m, n] = A[m, k] B[k, n], or with `add` C += A B; A of any strides, B and C with unit column stride.
  void (*rows)(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t b_row, float* c, int64_t c_row, bool add);
  // The same with B of unit row stride (a transposed matrix): dot products, A of unit column stride.
  void (*dots)(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, const float* b, int64_t b_column, float* c, int64_t c_row);
};
extern GemmLoops gemm_loops;

}  // namespace reel
