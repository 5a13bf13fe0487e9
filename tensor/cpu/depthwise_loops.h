#pragma once
// What a convolution with a filter for each channel (groups == channels == filters, at least kLeastChannels) leaves to Reel, compiled once
// per instruction-set level: a vector has neighbouring channels; s.n images.
#include "tensor/cpu/conv.h"

namespace reel {

struct DepthwiseLoops {
  // y = conv(x, w) + bias (null: none), where depthwise_forward_does(s).
  void (*forward)(const ConvShape& s, const float* x, const float* w, const float* bias, float* y);
  // gw = the sum over the images, in order.
  void (*kernel_grad)(const ConvShape& s, const float* x, const float* gy, float* gw, float* room);
  // Floats of `room` that it needs.
  int64_t (*kernel_grad_room)(const ConvShape& s);
};
constexpr int64_t kLeastChannels = 16;
inline bool is_depthwise(const ConvShape& s) { return s.groups == s.channels && s.filters == s.channels && s.channels >= kLeastChannels; }
// Beyond 64 channels oneDNN was up to 1.4 times as fast; up to 64 it took 1.1 to 1.4 times as long (7 x 7 to 112 x 112 pixels, AVX-512).
inline bool depthwise_forward_does(const ConvShape& s) {
  const WindowAxis& h = s.window.x;
  return is_depthwise(s) && s.channels <= 64 && (h.size == 3 || h.size == 5) && h.stride <= 2 && h.dilation == 1;
}
extern DepthwiseLoops depthwise_loops;

}  // namespace reel
