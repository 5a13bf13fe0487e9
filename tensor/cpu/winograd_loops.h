#pragma once
// The loops of winograd.h, compiled once per instruction-set level. A tile is 2 x 2 pixels of the result, as far apart as the window's
// cells, and the 4 x 4 of the image that they see; it has 16 positions, each a number for every channel or filter. Channels and filters are
// multiples of kWinogradLanes.
#include "tensor/cpu/conv.h"

namespace reel {

struct WinogradLoops {
  // Channels [begin, end) of [3, 3, channels, filters] weights to where they stand in the 16 matrices that forward takes.
  void (*weights)(const ConvShape& s, int64_t begin, int64_t end, const float* w, float* matrices);
  // y of s.n images; false where a number of it is not finite.
  bool (*forward)(const ConvShape& s, const float* x, const float* matrices, const float* bias, float* y, float* room);
  // gw, summed over the images in order.
  void (*kernel_grad)(const ConvShape& s, const float* x, const float* gy, float* gw, float* room);
  // Floats of the matrices, and of `room` that they need.
  int64_t (*matrices_size)(const ConvShape& s);
  int64_t (*forward_room)(const ConvShape& s);
  int64_t (*kernel_grad_room)(const ConvShape& s);
};
constexpr int64_t kWinogradLanes = 16;
// How many tiles lie along an axis.
inline int64_t winograd_tiles(const WindowAxis& a) { return (a.out + 2 * a.dilation - 1) / (2 * a.dilation) * a.dilation; }
extern WinogradLoops winograd_loops;

}  // namespace reel
