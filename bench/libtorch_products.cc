// The peer's rows of products.cc.
#include <torch/torch.h>

#include "bench/groups.h"
#include "bench/measure.h"

namespace reel::bench {
namespace {

using torch::Tensor;

template <class F> void product(const std::string& name, double m, double n, double k, F&& f) {
  if (wanted(name)) row(name, 2 * m * n * k / seconds(f, 7) * 1e-9, "GFLOP/s");
}

void square(const std::string& kind, int64_t n, torch::ScalarType dtype, bool left_transposed = false, bool right_transposed = false) {
  std::string name = "gemm_" + kind + std::to_string(n);
  if (!wanted(name)) return;
  Tensor a = torch::rand({n, n}, dtype), b = torch::rand({n, n}, dtype), c;
  if (left_transposed) a = a.t();
  if (right_transposed) b = b.t();
  double d = double(n);
  product(name, d, d, d, [&] { c = torch::mm(a, b); });
}

void oblong(const std::string& name, int64_t m, int64_t k, int64_t n) {
  if (!wanted(name)) return;
  Tensor a = torch::rand({m, k}), b = torch::rand({k, n}), c;
  product(name, double(m), double(n), double(k), [&] { c = torch::mm(a, b); });
}

}  // namespace

void product_rows() {
  torch::NoGradGuard no_grad;
  for (int64_t n : {64, 128, 256, 512, 1024, 2048}) square("", n, torch::kFloat);
  for (int64_t n : {128, 512}) {
    square("nt_", n, torch::kFloat, false, true);
    square("tn_", n, torch::kFloat, true, false);
    square("tt_", n, torch::kFloat, true, true);
  }
  if (wanted("gemm_batch64_128x64x128")) {
    Tensor a = torch::rand({64, 128, 64}), b = torch::rand({64, 64, 128}), c;
    product("gemm_batch64_128x64x128", 64 * 128, 128, 64, [&] { c = torch::bmm(a, b); });
  }
  oblong("gemm_tall_65536x64x64", 65536, 64, 64);
  oblong("gemm_thin_16x2048x2048", 16, 2048, 2048);
  oblong("gemm_inner_64x65536x64", 64, 65536, 64);
  oblong("gemv_2048", 2048, 2048, 1);
  oblong("gevm_2048", 1, 2048, 2048);
  for (int64_t n : {512, 1024}) {
    square("f16_", n, torch::kHalf);
    square("bf16_", n, torch::kBFloat16);
  }
}

}  // namespace reel::bench
