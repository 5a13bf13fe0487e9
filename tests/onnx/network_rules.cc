// Convolutions, pooling, resampling and normalizations of images.
#include <algorithm>
#include <array>
#include <cmath>

#include "rules.h"

namespace reel::onnx {
namespace {

// The window of a convolution or pooling along its 1 to 3 axes, with the padding as numbers.
struct Windows {
  std::vector<int64_t> size, strides, dilations, before, after;
  size_t axes() const { return size.size(); }
};
Windows windows(const Call& c, const std::vector<int64_t>& size) {
  Windows w{size, c.ints("strides"), c.ints("dilations"), {}, {}};
  size_t n = size.size();
  w.strides.resize(n, 1);
  w.dilations.resize(n, 1);
  std::vector<int64_t> pads = c.ints("pads");
  pads.resize(2 * n, 0);
  std::string automatic = c.s("auto_pad", "NOTSET");
  for (size_t i = 0; i < n; ++i) {
    int64_t in = c[0].dim(int(i) + 2), extent = (size[i] - 1) * w.dilations[i] + 1, s = w.strides[i];
    if (automatic.starts_with("SAME")) {
      int64_t total = std::max<int64_t>(((in + s - 1) / s - 1) * s + extent - in, 0), smaller = total / 2;
      pads[i] = automatic == "SAME_UPPER" ? smaller : total - smaller;
      pads[i + n] = total - pads[i];
    }
    w.before.push_back(pads[i]);
    w.after.push_back(pads[i + n]);
  }
  return w;
}
std::vector<int64_t> spatial(const Tensor& kernel) { return {kernel.shape().begin() + 2, kernel.shape().end()}; }
HeightWidth pair(const std::vector<int64_t>& v) { return {v[0], v[1]}; }
Extents triple(const std::vector<int64_t>& v) { return {v[0], v[1], v[2]}; }
Padding padding2(const Windows& w) { return {w.before[0], w.after[0], w.before[1], w.after[1]}; }
AxisPadding padding1(const Windows& w, size_t i = 0) { return {w.before[i], w.after[i]}; }
std::array<AxisPadding, 3> padding3(const Windows& w) { return {padding1(w, 0), padding1(w, 1), padding1(w, 2)}; }
// ONNX's [filters, channels, ...] as our [..., channels, filters].
Tensor kernel_of(const Tensor& w) {
  Tensor y = move_axis(w, 0, w.rank() - 1);
  return move_axis(y, 0, y.rank() - 2);
}
// [n, channels, ...] padded with a value along its spatial axes.
Tensor padded(const Tensor& x, const Windows& w, double value) {
  std::vector<std::pair<int64_t, int64_t>> widths{{0, 0}, {0, 0}};
  for (size_t i = 0; i < w.axes(); ++i) widths.push_back({w.before[i], w.after[i]});
  return pad(x, std::span<const std::pair<int64_t, int64_t>>(widths), value);
}
bool dilated(const Windows& w) {
  return std::any_of(w.dilations.begin(), w.dilations.end(), [](int64_t d) { return d != 1; });
}
// The cells of every window, along a last axis: [n, channels, out ..., cells].
Tensor cells(const Tensor& x, const Windows& w, double outside) {
  Tensor y = padded(x, w, outside);
  if (w.axes() == 2) {
    Tensor patches = unfold(channels_last(y), pair(w.size), {.strides = pair(w.strides), .dilation = pair(w.dilations)});
    Tensor apart = reshape(patches, {patches.dim(0), patches.dim(1), patches.dim(2), w.size[0] * w.size[1], x.dim(1)});
    return transpose(apart, {0, 4, 1, 2, 3});
  }
  for (size_t i = 0; i < w.axes(); ++i) {
    int axis = int(i) + 2;
    int64_t out = (y.dim(axis) - (w.size[i] - 1) * w.dilations[i] - 1) / w.strides[i] + 1;
    Tensor at = expand_dims(arange(out) * w.strides[i], 1) + arange(w.size[i]) * w.dilations[i];
    Tensor windows = take(y, at, axis);  // [..., out, size, ...]
    y = move_axis(windows, axis + 1, windows.rank() - 1);
  }
  return flatten(y, int(w.axes()) + 2);
}

Tensor convolved(const Call& c) {
  Windows w = windows(c, spatial(c[1]));
  Tensor x = channels_last(c[0]), k = kernel_of(c[1]), bias = c[2];
  int64_t groups = c.i("group", 1);
  switch (w.axes()) {
    case 1: return channels_second(conv1d(x, k, bias, {w.strides[0], padding1(w), w.dilations[0], groups}));
    case 2: return channels_second(conv2d(x, k, bias, {pair(w.strides), padding2(w), pair(w.dilations), groups}));
    default: return channels_second(conv3d(x, k, bias, {triple(w.strides), padding3(w), triple(w.dilations), groups}));
  }
}
Tensor transposed_convolved(const Call& c) {
  Windows w = windows(c, spatial(c[1]));
  std::vector<int64_t> more = c.ints("output_padding");
  more.resize(w.axes(), 0);
  // [channels, filters, ...] as [..., filters, channels].
  Tensor x = channels_last(c[0]), k = kernel_of(c[1]), bias = c[2];
  int64_t groups = c.i("group", 1);
  switch (w.axes()) {
    case 1: return channels_second(conv_transpose1d(x, k, bias, {w.strides[0], padding1(w), w.dilations[0], groups, more[0]}));
    case 2: return channels_second(conv_transpose2d(x, k, bias, {pair(w.strides), padding2(w), pair(w.dilations), groups, pair(more)}));
    default:
      return channels_second(conv_transpose3d(x, k, bias, {triple(w.strides), padding3(w), triple(w.dilations), groups, triple(more)}));
  }
}

Tensors largest(const Call& c) {
  Windows w = windows(c, c.ints("kernel_shape"));
  if (dilated(w)) return {max(cells(c[0], w, -INFINITY), -1)};
  Tensor x = channels_last(c[0]);
  bool up = c.i("ceil_mode", 0) != 0;
  if (c.node.outputs.size() == 2) {
    MaxPoolResult r = max_pool2d_with_indices(x, pair(w.size), {pair(w.strides), padding2(w), up});
    Tensor at = channels_second(r.indices);
    int64_t height = c[0].dim(2), width = c[0].dim(3);
    if (c.i("storage_order", 0)) at = remainder(at, width) * height + floor_divide(at, width);
    Tensor image = reshape(arange(c[0].dim(0) * c[0].dim(1)), {c[0].dim(0), c[0].dim(1), 1, 1}) * (height * width);
    return {channels_second(r.values), at + image};
  }
  bool whole = !is_floating(x.dtype());
  Tensor f = whole ? cast(x, float32) : x, y;
  switch (w.axes()) {
    case 1: y = max_pool1d(f, w.size[0], {w.strides[0], padding1(w), up}); break;
    case 2: y = max_pool2d(f, pair(w.size), {pair(w.strides), padding2(w), up}); break;
    default: y = max_pool3d(f, triple(w.size), {triple(w.strides), padding3(w), up});
  }
  return {cast(channels_second(y), x.dtype())};
}
Tensor averages(const Call& c) {
  Windows w = windows(c, c.ints("kernel_shape"));
  if (dilated(w)) return mean(cells(c[0], w, 0), -1);
  Tensor x = channels_last(c[0]);
  bool up = c.i("ceil_mode", 0) != 0, whole = c.i("count_include_pad", 0) != 0;
  switch (w.axes()) {
    case 1: return channels_second(average_pool1d(x, w.size[0], {w.strides[0], padding1(w), up, whole}));
    case 2: return channels_second(average_pool2d(x, pair(w.size), {pair(w.strides), padding2(w), up, whole}));
    default: return channels_second(average_pool3d(x, triple(w.size), {triple(w.strides), padding3(w), up, whole}));
  }
}
Tensor p_norms(const Call& c) {
  Windows w = windows(c, c.ints("kernel_shape"));
  double p = double(c.i("p", 2));
  if (dilated(w)) return pow(sum(pow(abs(cells(c[0], w, 0)), p), -1), 1 / p);
  Tensor x = padded(c[0], w, 0);
  if (w.axes() == 1) return squeeze(channels_second(lp_pool2d(channels_last(expand_dims(x, 2)), p, {1, w.size[0]}, {1, w.strides[0]})), 2);
  return channels_second(lp_pool2d(channels_last(x), p, pair(w.size), pair(w.strides)));
}
Tensor unpooled(const Call& c) {
  std::vector<int64_t> size = c.ints("kernel_shape"), strides = c.ints("strides"), wanted = c.numbers(2);
  int64_t height = (c[0].dim(2) - 1) * strides[0] + size[0], width = (c[0].dim(3) - 1) * strides[1] + size[1];
  Tensor y = channels_second(max_unpool2d(channels_last(c[0]), channels_last(c[1]), {height, width}));  // of one image with one channel
  return wanted.empty() ? y : pad(y, {{0, 0}, {0, 0}, {0, wanted[2] - height}, {0, wanted[3] - width}});
}
Tensor global_max(const Tensor& x) {
  Axes axes;
  for (int i = 2; i < x.rank(); ++i) axes.at[axes.count++] = int8_t(i);
  return max(x, axes, true);
}

// PyTorch's coordinates are ONNX's "half_pixel" (and, where sizes are given, its "align_corners"); the others are not ours.
Tensor resized(const Call& c) {
  std::string how = c.s("coordinate_transformation_mode", "half_pixel"), mode = c.s("mode", "nearest"), aspect = c.s("keep_aspect_ratio_policy");
  if (how == "asymmetric") throw Error("onnx: no asymmetric coordinates");
  std::vector<int64_t> axes = c.ints("axes"), sizes(c[0].shape().begin(), c[0].shape().end()), given = c.numbers(3);
  if (axes.empty()) axes = {0, 1, 2, 3};
  std::vector<double> scales;
  for (size_t i = 0; i < axes.size(); ++i)
    scales.push_back(given.empty() ? c[2][int64_t(i)].item() : double(given[i]) / double(c[0].dim(int(axes[i]))));
  double least = *std::min_element(scales.begin(), scales.end()), most = *std::max_element(scales.begin(), scales.end());
  for (size_t i = 0; i < axes.size(); ++i) {
    double scale = aspect == "not_larger" ? least : aspect == "not_smaller" ? most : scales[i], size = scale * double(c[0].dim(int(axes[i])));
    sizes[size_t(axes[i])] = int64_t(given.empty() ? std::floor(size) : std::round(size));
  }
  Tensor x = channels_last(c[0]);
  InterpolateOptions o{.mode = mode, .align_corners = how == "align_corners", .antialias = c.i("antialias", 0) != 0,
                       .exclude_outside = c.i("exclude_outside", 0) != 0, .cubic_a = c.f("cubic_coeff_a", -0.75)};
  if (mode == "nearest" || !given.empty()) return channels_second(interpolate(x, {sizes[2], sizes[3]}, o));
  std::vector<double> of(4, 1);
  for (size_t i = 0; i < axes.size(); ++i) of[size_t(axes[i])] = scales[i];
  return channels_second(interpolate_by(x, {of[2], of[3]}, o));
}

Tensors batch_normalized(const Call& c) {
  Tensor running_mean = clone(c[3]), running_variance = clone(c[4]);
  bool training = c.i("training_mode", 0);
  Tensor y = batch_norm(c[0], c[1], c[2], running_mean, running_variance,
                        {.axis = 1, .momentum = c.f("momentum", 0.9), .epsilon = c.f("epsilon", 1e-5), .training = training});
  return {y, running_mean, running_variance};
}
Axes from_axis(const Call& c) {
  Axes axes;
  for (int i = positive(c.i("axis", -1), c[0]); i < c[0].rank(); ++i) axes.at[axes.count++] = int8_t(i);
  return axes;
}
Tensors layer_normalized(const Call& c) {
  double epsilon = c.f("epsilon", 1e-5);
  Axes axes = from_axis(c);
  return {layer_norm(c[0], c[1], c[2], axes, epsilon), mean(c[0], axes, true), rsqrt(var(c[0], axes, true) + epsilon)};
}

const AddRules here({
    REEL_ONNX("Conv", convolved(c)), REEL_ONNX("ConvTranspose", transposed_convolved(c)), {"MaxPool", largest}, REEL_ONNX("AveragePool", averages(c)),
    REEL_ONNX("LpPool", p_norms(c)), REEL_ONNX("MaxUnpool", unpooled(c)), REEL_ONNX("GlobalMaxPool", global_max(c[0])), REEL_ONNX("Resize", resized(c)),
    {"BatchNormalization", batch_normalized}, {"LayerNormalization", layer_normalized},
    REEL_ONNX("RMSNormalization", rms_norm(c[0], c[1], from_axis(c), c.f("epsilon", 1e-5))),
    REEL_ONNX("GroupNormalization",
              channels_second(group_norm(channels_last(c[0]), c.i("num_groups", 1), c[1], c[2], -1, c.f("epsilon", 1e-5)))),
    REEL_ONNX("LRN", local_response_norm(c[0], c.i("size", 1), c.f("alpha", 1e-4), c.f("beta", 0.75), c.f("bias", 1), 1)),
    REEL_ONNX("MeanVarianceNormalization", (c[0] - mean(c[0], {0, 2, 3}, true)) / (std(c[0], {0, 2, 3}, true) + 1e-9)),
});

}  // namespace
}  // namespace reel::onnx
