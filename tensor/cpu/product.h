#pragma once
// Matrix products inside kernels, on the calling thread: C[m, n] = alpha op(A) op(B) + beta C, row-major with the given row strides,
// op(A) = A transposed where ta says so.
#include <cstdint>

#include "tensor/dtype.h"

namespace reel {

void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t a_row, const float* b, int64_t b_row, float beta,
             float* c, int64_t c_row);
void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t a_row, const double* b, int64_t b_row, double beta,
             double* c, int64_t c_row);

// oneDNN packs operands into memory from malloc, and glibc gives the system back what lies free at the end of its heap beyond twice the
// largest block freed so far: every product of some layers would fault its pages in anew. Frees one large block, the first time.
void keep_packing_memory();

// Whether this processor multiplies bfloat16 itself: where it does not, a product in float is faster.
bool has_bfloat_product();
// C = op(A) op(B), summed in float; subnormal operands count as 0. Only where has_bfloat_product().
void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const BFloat16* a, int64_t a_row, const BFloat16* b, int64_t b_row, float* c,
             int64_t c_row);

}  // namespace reel
