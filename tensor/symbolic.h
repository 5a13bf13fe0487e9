#pragma once
// Symbolic tensors have a shape whose batch is not known yet: an extent that stands for it, and ops told what it turned out to be.
#include "tensor/op.h"

namespace reel {

// The extent that stands for the batch in symbolic shapes: a prime, so that its multiples tell how often the batch is in an extent.
inline constexpr int64_t kSymbolicBatch = 4093;
inline int64_t with_batch(int64_t extent, int64_t n) { return extent % kSymbolicBatch ? extent : extent / kSymbolicBatch * n; }
inline Shape with_batch(Shape shape, int64_t n) {
  for (int i = 0; i < shape.rank(); ++i) shape[i] = with_batch(shape[i], n);
  return shape;
}

// An op as it was called on a symbolic tensor of shape `seen`, called on x, whose batch is n. Extents among its attributes follow: false
// for an op that holds none.
bool apply_with_batch(const OpType& type, const void* op, const Shape& seen, const Tensor& x, int64_t n, Tensor* out, Where where);

}  // namespace reel
