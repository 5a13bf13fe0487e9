// The rows on matrix products: square, transposed, stacked, narrow, and of 16-bit floats.
#include "bench/groups.h"
#include "bench/measure.h"
#include "reel.h"

namespace reel::bench {
namespace {

template <class F> void product(const std::string& name, double m, double n, double k, F&& f) {
  if (wanted(name)) row(name, 2 * m * n * k / seconds(f, 7) * 1e-9, "GFLOP/s");
}

void square(const std::string& kind, int64_t n, DType dtype, bool left_transposed = false, bool right_transposed = false) {
  std::string name = "gemm_" + kind + std::to_string(n);
  if (!wanted(name)) return;
  Tensor a = uniform({n, n}, 0, 1, dtype), b = uniform({n, n}, 0, 1, dtype), c;
  if (left_transposed) a = transpose(a);
  if (right_transposed) b = transpose(b);
  double d = double(n);
  product(name, d, d, d, [&] { c = matmul(a, b); });
}

void oblong(const std::string& name, int64_t m, int64_t k, int64_t n) {
  if (!wanted(name)) return;
  Tensor a = uniform({m, k}, 0, 1), b = uniform({k, n}, 0, 1), c;
  product(name, double(m), double(n), double(k), [&] { c = matmul(a, b); });
}

}  // namespace

void product_rows() {
  NoGrad no_grad;
  for (int64_t n : {64, 128, 256, 512, 1024, 2048}) square("", n, float32);
  for (int64_t n : {128, 512}) {
    square("nt_", n, float32, false, true);
    square("tn_", n, float32, true, false);
    square("tt_", n, float32, true, true);
  }
  if (wanted("gemm_batch64_128x64x128")) {
    Tensor a = uniform({64, 128, 64}, 0, 1), b = uniform({64, 64, 128}, 0, 1), c;
    product("gemm_batch64_128x64x128", 64 * 128, 128, 64, [&] { c = matmul(a, b); });
  }
  oblong("gemm_tall_65536x64x64", 65536, 64, 64);
  oblong("gemm_thin_16x2048x2048", 16, 2048, 2048);
  oblong("gemm_inner_64x65536x64", 64, 65536, 64);
  oblong("gemv_2048", 2048, 2048, 1);
  oblong("gevm_2048", 1, 2048, 2048);
  for (int64_t n : {512, 1024}) {
    square("f16_", n, float16);
    square("bf16_", n, bfloat16);
  }
}

}  // namespace reel::bench
