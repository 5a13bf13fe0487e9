#pragma once
// Normalization loops over row-major arrays, compiled once per instruction-set level. Every sum runs in an order that depends on the
// shape alone. 16-bit values (x, y and their gradients) become floats in registers; all else is float for them.
#include <cstdint>

#include "tensor/dtype.h"

namespace reel {

struct NormLoops {
  // Each of the rows of n values with mean 0 and variance 1 (two passes over the row), times gamma plus beta.
  void (*layer)(const void* x, int64_t rows, int64_t n, const void* gamma, const void* beta, double epsilon, void* y);
  // Its gradient: gx is written, gamma's and beta's [n] are written over with the sums over these rows (null: not wanted).
  void (*layer_grad)(const void* x, int64_t rows, int64_t n, const void* gamma, const void* gy, double epsilon, void* gx, void* ggamma, void* gbeta);
  // The mean of each of `columns` columns, and the sum of squared distances from it.
  void (*moments)(const void* x, int64_t rows, int64_t columns, void* mean, void* squares);
  // y = (x - mean) * scale + shift, column by column.
  void (*batch)(const void* x, int64_t rows, int64_t columns, const void* mean, const void* scale, const void* shift, void* y);
  // The sums of gy and of gy * (x - mean) over the rows.
  void (*batch_sums)(const void* x, const void* gy, int64_t rows, int64_t columns, const void* mean, void* sum, void* product);
  // gx = scale * (gy - a - (x - mean) * b).
  void (*batch_grad)(const void* x, const void* gy, int64_t rows, int64_t columns, const void* mean, const void* scale, const void* a, const void* b, void* gx);
};
extern NormLoops norm_loops[kDTypes];  // by the dtype of x; defined for the floats

}  // namespace reel
