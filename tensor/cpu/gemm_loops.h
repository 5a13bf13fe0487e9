#pragma once
// Small float products without packing, for which a library call costs more than the arithmetic; matrix times vector; and products with
// one right-hand matrix that comes again and again, packed once.
#include <cstdint>

namespace reel {

struct GemmLoops {
  // C[m, n] = A[m, k] B[k, n], or with `add` C += A B; A of any strides, B and C with unit column stride.
  void (*rows)(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t b_row, float* c, int64_t c_row, bool add);
  // The same with B of unit row stride (a transposed matrix): dot products, A of unit column stride.
  void (*dots)(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, const float* b, int64_t b_column, float* c, int64_t c_row);
  // Floats that B [k, n] takes packed; packing it, from any strides; and C = D + A B with it, A, C and D of unit column stride, D
  // maybe C itself or one row for all (of stride 0).
  int64_t (*packed_size)(int64_t n, int64_t k);
  void (*pack)(int64_t n, int64_t k, const float* b, int64_t b_row, int64_t b_column, float* packed);
  void (*add_packed)(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_row, const float* packed, const float* d, int64_t d_row, float* c, int64_t c_row);
};
extern GemmLoops gemm_loops;

}  // namespace reel
