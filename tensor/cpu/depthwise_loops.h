#pragma once
// What a convolution with a filter for each channel (groups == channels == filters, at least kLeastChannels) leaves to Reel, compiled once
// per instruction-set level: a vector has neighbouring channels; s.n images.
#include "tensor/cpu/conv.h"

namespace reel {

struct DepthwiseLoops {
  // gw = the sum over the images, in order.
  void (*kernel_grad)(const ConvShape& s, const float* x, const float* gy, float* gw, float* room);
  // Floats of `room` that it needs.
  int64_t (*kernel_grad_room)(const ConvShape& s);
};
constexpr int64_t kLeastChannels = 16;
extern DepthwiseLoops depthwise_loops;

}  // namespace reel
