#pragma once
// Images of another size, samples of images at given points, and channels traded for pixels. Channels last.
#include <optional>

#include "tensor/op.h"

namespace reel {

struct InterpolateOptions {
  std::string mode = "nearest";  // "linear" (bilinear, trilinear), "cubic" (two axes: bicubic) or "area"
  bool align_corners = false;    // the centres of the outermost cells keep their places; for "linear" and "cubic"
  bool antialias = false;        // where x gets smaller, a cell looks at all those it covers; for "linear" and "cubic", without align_corners
  // Cells beyond the edge: left out, the weights of the others adding up to 1; or those of the edge. Without a value left out with
  // `antialias` alone, as in PyTorch.
  std::optional<bool> exclude_outside = {};
  std::optional<double> cubic_a = {};  // Keys's a (1981); without a value PyTorch's -0.75, with `antialias` -0.5
};
// x [n, ..., channels] with the axes between resized to `sizes`, axis by axis; PyTorch's coordinates: (i + 0.5) n / size - 0.5.
Tensor interpolate(const Tensor& x, std::span<const int64_t> sizes, const InterpolateOptions& options = {}, Where where = {});
Tensor interpolate(const Tensor& x, std::initializer_list<int64_t> sizes, const InterpolateOptions& options = {}, Where where = {});
// To floor(n * scale) cells an axis, whose places count by the scales as they are: (i + 0.5) / scale - 0.5. PyTorch's scale_factor with
// recompute_scale_factor=False; "area" and align_corners look at the sizes alone.
// (PyTorch leaves an axis as it is when its size stays, except with "cubic"; here the scale always counts.)
Tensor interpolate_by(const Tensor& x, const std::vector<double>& scales, const InterpolateOptions& options = {}, Where where = {});

struct GridSampleOptions {
  std::string mode = "bilinear";        // or "nearest"
  std::string padding_mode = "zeros";   // outside the image; or "border"
  bool align_corners = false;           // -1 and 1 are the centres of the outermost pixels, else their outer edges
};
// x [n, height, width, channels] at grid [n, out height, out width, 2] of (x, y) in [-1, 1]; a NaN counts as -1.
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options = {}, Where where = {});
// The grid that theta [n, 2, 3] maps an image of height and width to: [n, height, width, 2].
Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, bool align_corners = false, Where where = {});

// [n, height, width, channels * r * r] to [n, height * r, width * r, channels], and back; PyTorch's order of the channels.
Tensor pixel_shuffle(const Tensor& x, int64_t r, Where where = {});
Tensor pixel_unshuffle(const Tensor& x, int64_t r, Where where = {});

}  // namespace reel
