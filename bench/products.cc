// The rows on matrix products: square, transposed, stacked, narrow, and of 16-bit floats.
#include <dnnl.h>

#include "bench/groups.h"
#include "bench/measure.h"
#include "reel.h"
#include "tensor/parallel.h"

namespace reel::bench {
namespace {

void rate(const std::string& name, int64_t m, int64_t n, int64_t k, double s) { row(name, 2. * double(m) * double(n) * double(k) / s * 1e-9, "GFLOP/s"); }

// The row of c = a b, and where it is of float32 matrices its limit: the best of oneDNN's bare product, on all threads and on one, and of ours.
void product(const std::string& name, const Tensor& a, const Tensor& b) {
  bool with_limit = a.rank() == 2 && a.dtype() == float32 && wanted("limit_" + name);
  if (!wanted(name) && !with_limit) return;
  int64_t m = a.size() / a.shape()[-1], n = b.shape()[-1], k = a.shape()[-1];
  Tensor c;
  double ours = seconds([&] { c = matmul(a, b); }, 7);
  if (with_limit) {
    Tensor to = zeros({m, n});
    char ta = a.contiguous() ? 'N' : 'T', tb = b.contiguous() ? 'N' : 'T';
    auto bare = [&] {
      dnnl_sgemm(ta, tb, m, n, k, 1.f, a.raw<const float>(), ta == 'N' ? k : m, b.raw<const float>(), tb == 'N' ? n : k, 0.f, to.raw<float>(), n);
    };
    double least = std::min(ours, seconds(bare, 7));
    OneThread guard;
    rate("limit_" + name, m, n, k, std::min(least, seconds(bare, 7)));
  }
  if (wanted(name)) rate(name, m, n, k, ours);
}

Tensor matrix(int64_t rows, int64_t columns, DType dtype = float32) { return uniform({rows, columns}, 0, 1, dtype); }

}  // namespace

void product_rows() {
  NoGrad no_grad;
  auto name = [](const char* kind, int64_t n) { return kind + std::to_string(n); };
  for (int64_t n : {64, 128, 256, 512, 1024, 2048}) product(name("gemm_", n), matrix(n, n), matrix(n, n));
  for (int64_t n : {128, 512}) {
    product(name("gemm_nt_", n), matrix(n, n), transpose(matrix(n, n)));
    product(name("gemm_tn_", n), transpose(matrix(n, n)), matrix(n, n));
    product(name("gemm_tt_", n), transpose(matrix(n, n)), transpose(matrix(n, n)));
  }
  product("gemm_batch64_128x64x128", uniform({64, 128, 64}, 0, 1), uniform({64, 64, 128}, 0, 1));
  product("gemm_tall_65536x64x64", matrix(65536, 64), matrix(64, 64));
  product("gemm_thin_16x2048x2048", matrix(16, 2048), matrix(2048, 2048));
  product("gemm_inner_64x65536x64", matrix(64, 65536), matrix(65536, 64));
  product("gemv_2048", matrix(2048, 2048), matrix(2048, 1));
  product("gevm_2048", matrix(1, 2048), matrix(2048, 2048));
  for (int64_t n : {512, 1024}) {
    product(name("gemm_f16_", n), matrix(n, n, float16), matrix(n, n, float16));
    product(name("gemm_bf16_", n), matrix(n, n, bfloat16), matrix(n, n, bfloat16));
  }
}

}  // namespace reel::bench
