#include "tensor/cpu/product.h"

#include <dnnl.h>

#include <algorithm>
#include <cstdlib>

#include "tensor/cpu/gemm_loops.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"

namespace reel {

void keep_packing_memory() {
  static const bool kept = [] {
    void* volatile block = std::malloc(size_t(8) << 20);  // volatile: the pair would be optimized away
    std::free(block);
    return true;
  }();
  (void)kept;
}

void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t a_row, const float* b, int64_t b_row, float beta,
             float* c, int64_t c_row) {
  OneThread guard;
  keep_packing_memory();
  auto row = [](int64_t stride, int64_t columns) { return std::max<int64_t>({stride, columns, 1}); };  // a single row may say any stride
  dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, alpha, a, row(a_row, ta ? m : k), b, row(b_row, tb ? k : n), beta, c, row(c_row, n));
}

// oneDNN has no product of doubles: blocks of both operands are packed and multiplied by loops of our own. The left-hand block stays in the
// second cache, one panel of the right-hand one in the first: that is fetched from the third while 96 rows are multiplied.
void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t a_row, const double* b, int64_t b_row, double beta,
             double* c, int64_t c_row) {
  constexpr int64_t kRows = 96, kColumns = 4096, kDeep = 192;
  const auto& loops = gemm_loops<double>;
  const int64_t row = ta ? 1 : a_row, along = ta ? a_row : 1, down = tb ? 1 : b_row, column = tb ? b_row : 1;
  for (int64_t i = 0; beta != 1 && i < m; ++i)
    for (int64_t j = 0; j < n; ++j) c[i * c_row + j] = beta == 0 ? 0 : beta * c[i * c_row + j];
  const int64_t deep = std::min(k, kDeep), left_size = loops.packed_left_size(std::min(m, kRows), deep);
  Tensor packed(new_body({left_size + loops.packed_size(std::min(n, kColumns), deep)}, float64, cpu(), {}));
  double *left = packed.raw<double>(), *right = left + left_size;
  for (int64_t j = 0; j < n; j += kColumns)
    for (int64_t p = 0; p < k; p += kDeep) {
      int64_t columns = std::min(kColumns, n - j), depth = std::min(kDeep, k - p);
      loops.pack(columns, depth, b + p * down + j * column, down, column, right);
      for (int64_t i = 0; i < m; i += kRows) {
        int64_t rows = std::min(kRows, m - i);
        loops.pack_left(rows, depth, a + i * row + p * along, row, along, left);
        if (alpha != 1)
          for (int64_t x = 0; x < loops.packed_left_size(rows, depth); ++x) left[x] *= alpha;
        loops.add_both_packed(rows, columns, depth, left, right, c + i * c_row + j, c_row);
      }
    }
}

}  // namespace reel
