#pragma once
// The axes along which a kernel visits its operands together.
#include "tensor/op.h"

namespace reel::gpu {

inline constexpr int kMostOperands = 4;

// Axes of one element are dropped, and neighbours that every operand visits as one are merged: a walk over dense operands has one axis.
struct Walk {
  int rank = 0, operands = 0;
  int64_t size = 1;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMostOperands][kMaxRank] = {};  // in elements; 0 where an operand is repeated

  // Adds an axis inside those that are there; strides by operand.
  void push(int64_t dim, const int64_t* by_operand) {
    size *= dim;
    if (dim == 1) return;
    bool merge = rank > 0;
    for (int k = 0; merge && k < operands; ++k) merge = strides[k][rank - 1] == by_operand[k] * dim;
    int at = merge ? rank - 1 : rank++;
    dims[at] = merge ? dims[at] * dim : dim;
    for (int k = 0; k < operands; ++k) strides[k][at] = by_operand[k];
  }
};

// All axes of `shape`, with operands that broadcast to it.
Walk walk_over(const Shape& shape, const Body* const* operands, int count);

}  // namespace reel::gpu
