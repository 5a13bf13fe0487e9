#pragma once
// The innermost loops of reductions. Every level adds in the same order: 64 lanes down a block of 4096 elements, lanes pairwise, blocks
// pairwise; so results depend neither on the level nor on threads.
#include <cstdint>

#include "tensor/dtype.h"

namespace reel {

enum class Fold : uint8_t { kSum, kProd, kMax, kMin, kSquares, kNumbers };  // the last two: sums of x * x, and of what is not NaN
inline constexpr int kFolds = 6;
inline constexpr int64_t kFoldBlock = 4096;
inline constexpr int64_t kFindBlock = 64;

struct ReduceLoops {
  // One block of at most kFoldBlock elements into *out.
  void (*block)(const void* x, int64_t n, void* out);
  // out[j] = fold of x[i * stride + j] over the rows i, for `columns` columns.
  void (*rows)(const void* x, int64_t rows, int64_t stride, int64_t columns, void* out);
  // out[j] = fold(out[j], x[j]).
  void (*combine)(void* out, const void* x, int64_t n);
};
// The fold of [fold][dtype]; defined for float32, float64 and the integers that a fold may see, products for complex numbers too.
extern ReduceLoops reduce_loops[kFolds][kDTypes];

struct RowLoops {
  // Softmax of one row, its logarithm, and log(sum(exp)); float or double.
  void (*softmax)(const void* x, int64_t n, void* y);
  void (*log_softmax)(const void* x, int64_t n, void* y);
  void (*logsumexp)(const void* x, int64_t n, void* y);
  // Cross entropy of one row of logits with a class: *loss = z - (x[label] - max) for z = log(sum(exp(x - max))), which is kept.
  void (*cross_entropy)(const void* x, int64_t n, int64_t label, void* loss, void* z);
  // y = scale * (softmax(x) - 1 at the label), from the z above.
  void (*cross_entropy_grad)(const void* x, int64_t n, int64_t label, const void* z, const void* scale, void* y);
  // The sum of products of one block of at most kFoldBlock elements into *out; float or double.
  void (*dot)(const void* x, const void* y, int64_t n, void* out);
  int64_t (*argmax)(const void* x, int64_t n);
  int64_t (*argmin)(const void* x, int64_t n);
  // The first of i, i + kFindBlock ... from where on kFindBlock elements hold one above (below) the bound, or a NaN, or do not fit into n.
  int64_t (*find_above)(const void* x, int64_t i, int64_t n, const void* bound);
  int64_t (*find_below)(const void* x, int64_t i, int64_t n, const void* bound);
};
extern RowLoops row_loops[kDTypes];

}  // namespace reel
