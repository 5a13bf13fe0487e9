#pragma once
// Pooling loops over row-major [n, h, w, channels] images without dilation, compiled once per instruction-set level. Padding is never
// looked at: the largest and the sum are those of the cells inside.
#include "tensor/cpu/window.h"

namespace reel {

struct PoolLoops {
  // One image: y, and for each its place in the image (row * width + column) of the first largest; NaN counts as largest.
  void (*max)(const Window& w, int64_t channels, const void* x, void* y, int32_t* at);
  // x[at] += y (x written over), and y = x[at].
  void (*put)(const Window& w, int64_t channels, const void* y, const int32_t* at, void* x);
  void (*pick)(const Window& w, int64_t channels, const void* x, const int32_t* at, void* y);
  // The sum / cells, and x = the sum of y / cells over the windows that look at it: the cells inside, or with `padded` those of the
  // padding too (not what lies beyond it, which only the last window of a rounded-up axis sees).
  void (*average)(const Window& w, bool padded, int64_t channels, const void* x, void* y);
  void (*spread)(const Window& w, bool padded, int64_t channels, const void* y, void* x);
};
extern PoolLoops pool_loops[2];  // float, double

}  // namespace reel
