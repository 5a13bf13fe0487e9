#pragma once
// Pooling of sequences and volumes, adaptive and p-norm pooling, and the places of the largest. Channels last.
#include <array>

#include "tensor/ops/conv_nd.h"
#include "tensor/ops/pool.h"

namespace reel {

struct Pool1dOptions {
  int64_t strides = 0;  // 0: the window's size
  AxisPadding padding = "valid";
  bool ceil_mode = false;
  bool count_include_pad = false;
};
// x [n, steps, channels]. As max_pool2d and average_pool2d.
Tensor max_pool1d(const Tensor& x, int64_t size, const Pool1dOptions& options = {}, Where where = {});
Tensor average_pool1d(const Tensor& x, int64_t size, const Pool1dOptions& options = {}, Where where = {});
struct Pool3dOptions {
  Extents strides = {0, 0, 0};
  std::array<AxisPadding, 3> padding = {"valid", "valid", "valid"};
  bool ceil_mode = false;
  bool count_include_pad = false;
};
// x [n, depth, height, width, channels].
Tensor max_pool3d(const Tensor& x, const Extents& size, const Pool3dOptions& options = {}, Where where = {});
Tensor average_pool3d(const Tensor& x, const Extents& size, const Pool3dOptions& options = {}, Where where = {});
// (sum of |x|^p over each window)^(1 / p), without padding.
Tensor lp_pool2d(const Tensor& x, double p, HeightWidth size, HeightWidth strides = 0, Where where = {});

// Windows [floor(i n / out), ceil((i + 1) n / out)) along each of the axes between batch and channels, `sizes` of them.
Tensor adaptive_average_pool(const Tensor& x, std::span<const int64_t> sizes, Where where = {});
Tensor adaptive_average_pool(const Tensor& x, std::initializer_list<int64_t> sizes, Where where = {});
Tensor adaptive_max_pool(const Tensor& x, std::span<const int64_t> sizes, Where where = {});
Tensor adaptive_max_pool(const Tensor& x, std::initializer_list<int64_t> sizes, Where where = {});

struct MaxPoolResult {
  Tensor values, indices;  // indices int64: row * width + column in the image
};
MaxPoolResult max_pool2d_with_indices(const Tensor& x, HeightWidth size, const Pool2dOptions& options = {}, Where where = {});
// Zeros [n, height, width, channels] with x at the places that indices name; several at one place add up.
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, HeightWidth image, Where where = {});

}  // namespace reel
