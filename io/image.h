#pragma once
// Images as tensors: PNG files.
#include <string>

#include "tensor/tensor.h"

namespace reel {

// uint8 [height, width, channels]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. Palettes and depths below 8 are expanded,
// 16 bits scaled to 8; values are taken as stored, without gamma correction. FileError for a file that is truncated or damaged.
Tensor load_png(const std::string& path, Where where = {});
// x is uint8 [height, width] or [height, width, 1 .. 4], on any device; DTypeError and ShapeError otherwise.
void save_png(const std::string& path, const Tensor& x, Where where = {});

}  // namespace reel
