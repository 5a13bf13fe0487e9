#pragma once
// Two-dimensional convolution of image batches, as neural networks mean it: cross-correlation.
#include "tensor/ops/window.h"

namespace reel {

struct Conv2dOptions {
  HeightWidth strides = 1;
  Padding padding = "valid";
  HeightWidth dilation = 1;
  int64_t groups = 1;  // divides channels and filters; group g of the filters sees group g of the channels
};
// x [n, height, width, channels], kernel [height, width, channels / groups, filters], bias [filters] or an empty handle -> [n, out
// height, out width, filters]. float64 is summed term by term, f16 is computed in float32, bf16 summed in it. float32 takes what is fastest for
// the shape; 3 x 3 windows of stride 1 over many channels are computed in tiles of 4 x 4 pixels (Winograd's minimal filtering), so that the
// error of an element is to the scale of the pixels around its window too: on normal numbers it is half of what summing term by term gives.
Tensor conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options = {}, Where where = {});
Tensor conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const Conv2dOptions& options = {}, Where where = {});

}  // namespace reel
