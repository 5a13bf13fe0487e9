#pragma once
// Pooling of image batches [n, height, width, channels] over windows of `size`, channel by channel.
#include "tensor/ops/window.h"

namespace reel {

struct Pool2dOptions {
  HeightWidth strides = 0;  // 0: the window's size
  Padding padding = "valid";
  bool ceil_mode = false;          // one window more for cells left over at the end, if it begins in the image or the padding before it
  bool count_include_pad = false;  // of averages: padding counts as cells of 0; PyTorch's default is true
};
// The largest of each window; padding never wins, NaN does. The gradient goes to the first of several largest. Floats only.
Tensor max_pool2d(const Tensor& x, HeightWidth size, const Pool2dOptions& options = {}, Where where = {});
// The mean of each window's cells inside the image, or with the padding's. Floats only.
Tensor average_pool2d(const Tensor& x, HeightWidth size, const Pool2dOptions& options = {}, Where where = {});
// The mean over height and width: [n, channels], or [n, 1, 1, channels].
Tensor global_average_pool2d(const Tensor& x, bool keepdims = false, Where where = {});

}  // namespace reel
