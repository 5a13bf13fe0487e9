#pragma once
// Pooling of image batches [n, height, width, channels] over windows of `size`, channel by channel.
#include "tensor/ops/window.h"

namespace reel {

struct Pool2dOptions {
  HeightWidth strides = 0;  // 0: the window's size
  Padding padding = "valid";
};
// The largest of each window; padding never wins, NaN does. The gradient goes to the first of several largest. Floats only.
Tensor max_pool2d(const Tensor& x, HeightWidth size, const Pool2dOptions& options = {}, Where where = {});
// The mean of each window's cells inside the image. Floats only.
Tensor average_pool2d(const Tensor& x, HeightWidth size, const Pool2dOptions& options = {}, Where where = {});
// The mean over height and width: [n, channels], or [n, 1, 1, channels].
Tensor global_average_pool2d(const Tensor& x, bool keepdims = false, Where where = {});

}  // namespace reel
