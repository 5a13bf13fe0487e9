#pragma once
// Convolutions of few channels or filters, compiled once per instruction-set level: the lanes of a vector are neighbouring pixels, or the
// channels of neighbouring pixels, where oneDNN's are the few channels or filters of one. Without groups; s.n images.
#include "tensor/cpu/conv.h"

namespace reel {

struct ConvLoops {
  // y = conv(x, w) + bias (null: none), for strides 1. The zeros around the image take part: weights that are not finite show in every window over them.
  void (*forward)(const ConvShape& s, const float* x, const float* w, const float* bias, float* y, float* room);
  // gw = the sum over the images, in order, for strides 1. A number that is not finite in x or gy can show in weights that do not meet it.
  void (*kernel_grad)(const ConvShape& s, const float* x, const float* gy, float* gw, float* room);
  // gx from the packed weights; size * channels of a kernel row at most kMostRow, and no dilation along it.
  void (*input_grad)(const ConvShape& s, const float* gy, const float* packed, float* gx, float* room);
  void (*pack)(const ConvShape& s, const float* w, float* packed);
  // Floats of `room` that they need, and of `packed`.
  int64_t (*planes_room)(const ConvShape& s);
  int64_t (*input_grad_room)(const ConvShape& s);
  int64_t (*packed_size)(const ConvShape& s);
};
constexpr int64_t kMostRow = 64;
extern ConvLoops conv_loops;

}  // namespace reel
