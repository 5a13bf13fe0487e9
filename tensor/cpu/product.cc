#include "tensor/cpu/product.h"

#include <dnnl.h>

#include <algorithm>
#include <cstdlib>

#include "tensor/parallel.h"

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

void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t a_row, const double* b, int64_t b_row, double beta,
             double* c, int64_t c_row) {
  for (int64_t i = 0; i < m; ++i) {
    double* to = c + i * c_row;
    for (int64_t j = 0; j < n; ++j) to[j] = beta == 0 ? 0 : beta * to[j];
    for (int64_t p = 0; p < k; ++p) {
      double left = alpha * (ta ? a[p * a_row + i] : a[i * a_row + p]);
      if (tb)
        for (int64_t j = 0; j < n; ++j) to[j] += left * b[j * b_row + p];
      else
#pragma GCC ivdep
        for (int64_t j = 0; j < n; ++j) to[j] += left * b[p * b_row + j];
    }
  }
}

}  // namespace reel
