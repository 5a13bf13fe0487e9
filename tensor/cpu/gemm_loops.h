#pragma once
// Small products without packing, for which a library call costs more than the arithmetic; matrix times vector; products with one
// right-hand matrix that comes again and again, packed once; and products of two packed matrices. Of float and of double.
#include <cstdint>

namespace reel {

template <class T> struct GemmLoops {
  // C[m, n] = A[m, k] B[k, n], or with `add` C += A B; A of any strides, B and C with unit column stride.
  void (*rows)(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c, int64_t c_row, bool add);
  // The same with B of unit row stride (a transposed matrix): dot products, A of unit column stride.
  void (*dots)(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, const T* b, int64_t b_column, T* c, int64_t c_row);
  // Numbers that B [k, n] takes packed; packing it, from any strides; and C = D + A B with it, A, C and D of unit column stride, D
  // maybe C itself or one row for all (of stride 0).
  int64_t (*packed_size)(int64_t n, int64_t k);
  void (*pack)(int64_t n, int64_t k, const T* b, int64_t b_row, int64_t b_column, T* packed);
  void (*add_packed)(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, const T* packed, const T* d, int64_t d_row, T* c, int64_t c_row);
  // The like for A [m, k] on the left; and C += A B of both, C of unit column stride.
  int64_t (*packed_left_size)(int64_t m, int64_t k);
  void (*pack_left)(int64_t m, int64_t k, const T* a, int64_t a_row, int64_t a_column, T* packed);
  void (*add_both_packed)(int64_t m, int64_t n, int64_t k, const T* left, const T* packed, T* c, int64_t c_row);
};
template <class T> inline GemmLoops<T> gemm_loops;

}  // namespace reel
