#pragma once
// The op behind matmul.h, for those who write kernels of it.
#include "tensor/op.h"

namespace reel {

// Stacks of matrices [..., m, k] and [..., k, n] of one dtype, the stacks broadcast; any strides.
struct Matmul {
  static constexpr const char* name = "matmul";
  static constexpr Precision precision = kLow;
  static constexpr Keep keep = kCross;
  static constexpr bool broadcasts = true;
  Spec infer(Inputs in) const;
  Grads vjp(const Vjp& v) const;
  Tensor batch(const Batch& b) const;
  double flop(Inputs in, const Tensor* out) const { return 2. * double(out[0].size()) * double(in[0].shape()[-1]); }
};

// to [m, n] = a^T b, or with `add` to += a^T b, of contiguous a [rows, m] and b [rows, n].
void transposed_product(int64_t rows, int64_t m, int64_t n, const float* a, const float* b, float* to, bool add);
void transposed_product(int64_t rows, int64_t m, int64_t n, const double* a, const double* b, double* to);
// Only where has_bfloat_product().
void transposed_product(int64_t rows, int64_t m, int64_t n, const BFloat16* a, const BFloat16* b, float* to);

}  // namespace reel
