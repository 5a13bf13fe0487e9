#include "tensor/gpu/walk.h"

namespace reel::gpu {

Walk walk_over(const Shape& shape, const Body* const* operands, int count) {
  Walk w;
  w.operands = count;
  for (int i = 0; i < shape.rank(); ++i) {
    int64_t strides[kMostOperands];
    for (int k = 0; k < count; ++k) {
      const Body& b = *operands[k];
      int own = i - (shape.rank() - b.shape.rank());
      strides[k] = own < 0 || (b.shape[own] == 1 && shape[i] != 1) ? 0 : b.strides[own];
    }
    w.push(shape[i], strides);
  }
  return w;
}

}  // namespace reel::gpu
