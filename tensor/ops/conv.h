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
// height, out width, filters]. float32 through oneDNN, float64 through plain loops, f16 and bf16 computed in float32.
Tensor conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options = {}, Where where = {});
Tensor conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const Conv2dOptions& options = {}, Where where = {});

}  // namespace reel
