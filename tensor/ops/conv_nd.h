#pragma once
// Convolutions of sequences and volumes, transposed, depthwise and separable ones, and the patches behind them. Channels last, cross-
// correlation, as conv2d, through which all of them compute.
#include <array>

#include "tensor/ops/conv.h"

namespace reel {

// How one axis is padded: "valid", "same", "causal" (all before, so that no output sees a later step), or {before, after}.
struct AxisPadding {
  std::string name;  // empty: explicit
  int64_t before = 0, after = 0;
  AxisPadding(const char* n) : name(n) {}
  AxisPadding(const std::string& n) : name(n) {}
  AxisPadding(int64_t b, int64_t a) : before(b), after(a) {}
};
struct Conv1dOptions {
  int64_t strides = 1;
  AxisPadding padding = "valid";
  int64_t dilation = 1;
  int64_t groups = 1;
};
// x [n, steps, channels], kernel [size, channels / groups, filters], bias [filters] or an empty handle -> [n, out, filters].
Tensor conv1d(const Tensor& x, const Tensor& kernel, const Tensor& bias = {}, const Conv1dOptions& options = {}, Where where = {});

using Extents = std::array<int64_t, 3>;  // of depth, height and width
struct Conv3dOptions {
  Extents strides = {1, 1, 1};
  std::array<AxisPadding, 3> padding = {"valid", "valid", "valid"};
  Extents dilation = {1, 1, 1};
  int64_t groups = 1;
};
// x [n, depth, height, width, channels], kernel [depth, height, width, channels / groups, filters]: a conv2d for each slice of the kernel.
Tensor conv3d(const Tensor& x, const Tensor& kernel, const Tensor& bias = {}, const Conv3dOptions& options = {}, Where where = {});

struct ConvTranspose2dOptions {
  HeightWidth strides = 1;
  Padding padding = "valid";        // explicit: what is cut off each side of the full result
  HeightWidth dilation = 1;
  int64_t groups = 1;
  HeightWidth output_padding = -1;  // more rows and columns at the end; -1: Keras's default size
};
// The gradient of conv2d as an op: x [n, height, width, channels], kernel [height, width, filters / groups, channels] (Keras's order).
// Output height: "valid" (n - 1) strides + max(size, strides), "same" n strides, explicit (n - 1) strides + size - top - bottom; with
// output_padding p: (n - 1) strides + size + p for "valid", + size % 2 + p for "same" (Keras), and + p more for explicit padding.
Tensor conv_transpose2d(const Tensor& x, const Tensor& kernel, const Tensor& bias = {}, const ConvTranspose2dOptions& options = {}, Where where = {});
struct ConvTranspose1dOptions {
  int64_t strides = 1;
  AxisPadding padding = "valid";
  int64_t dilation = 1;
  int64_t groups = 1;
  int64_t output_padding = -1;
};
// x [n, steps, channels], kernel [size, filters / groups, channels].
Tensor conv_transpose1d(const Tensor& x, const Tensor& kernel, const Tensor& bias = {}, const ConvTranspose1dOptions& options = {}, Where where = {});
struct ConvTranspose3dOptions {
  Extents strides = {1, 1, 1};
  std::array<AxisPadding, 3> padding = {"valid", "valid", "valid"};
  Extents dilation = {1, 1, 1};
  int64_t groups = 1;
  Extents output_padding = {-1, -1, -1};
};
// x [n, depth, height, width, channels], kernel [depth, height, width, filters / groups, channels].
Tensor conv_transpose3d(const Tensor& x, const Tensor& kernel, const Tensor& bias = {}, const ConvTranspose3dOptions& options = {}, Where where = {});

// Each channel with filters of its own: kernel [height, width, channels, multiplier] -> [n, out height, out width, channels * multiplier].
// options.groups is not looked at.
Tensor depthwise_conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options = {}, Where where = {});
// depthwise_conv2d, then a product over the channels: pointwise [1, 1, channels * multiplier, filters].
Tensor separable_conv2d(const Tensor& x, const Tensor& depthwise, const Tensor& pointwise, const Tensor& bias = {}, const Conv2dOptions& options = {},
                        Where where = {});

// The patches that a window of `size` meets: [n, out height, out width, height * width * channels], a patch row by row. options.groups is
// not looked at.
Tensor unfold(const Tensor& x, HeightWidth size, const Conv2dOptions& options = {}, Where where = {});
// The reverse sum of unfold: patches added where they were taken, in images [n, height, width, channels] of that shape.
Tensor fold(const Tensor& patches, const Shape& image, HeightWidth size, const Conv2dOptions& options = {}, Where where = {});

}  // namespace reel
