// Rows of conv.h and conv_nd.h: sums over the cells of a window, one output at a time.
#include <array>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

// One axis: `out` outputs, of which number i meets input i * stride + k * dilation - before through cell k of the window. Of a transposed
// convolution: input i meets that output.
struct Along {
  int64_t out, stride = 1, dilation = 1, before = 0;
  int64_t place(int64_t i, int64_t k) const { return i * stride + k * dilation - before; }
};
using Axes3 = std::vector<Along>;

Array outputs(const Array& x, const Axes3& axes, int64_t filters) {
  Ints dims{x.dims[0]};
  for (const Along& a : axes) dims.push_back(a.out);
  dims.push_back(filters);
  return Array(dims);
}
// Moves the places of `at` between batch and channels through cell k; false when one is outside `inside`.
bool moved(Ints& at, const Ints& k, const Axes3& axes, const Array& inside) {
  for (size_t i = 0; i < axes.size(); ++i) {
    at[i + 1] = axes[i].place(at[i + 1], k[i]);
    if (at[i + 1] < 0 || at[i + 1] >= inside.dims[i + 1]) return false;
  }
  return true;
}

Array correlated(const Array& x, const Array& kernel, const Axes3& axes, int64_t groups = 1) {
  int64_t seen = kernel.dims[axes.size()], filters = kernel.dims.back();
  Array y = outputs(x, axes, filters);
  y.each([&](const Ints& o) {
    kernel.each([&](const Ints& k) {
      Ints at = o;
      if (k.back() != o.back() || !moved(at, k, axes, x)) return;
      at.back() = o.back() / (filters / groups) * seen + k[axes.size()];
      y(o) += x(at) * kernel(k);
    });
  });
  return y;
}
Array spread(const Array& x, const Array& kernel, const Axes3& axes, int64_t groups = 1) {
  int64_t own = kernel.dims[axes.size()], channels = kernel.dims.back();
  Array y = outputs(x, axes, own * groups);
  x.each([&](const Ints& i) {
    kernel.each([&](const Ints& k) {
      Ints at = i;
      if (k.back() != i.back() || !moved(at, k, axes, y)) return;
      at.back() = i.back() / (channels / groups) * own + k[axes.size()];
      y(at) += x(i) * kernel(k);
    });
  });
  return y;
}
Array biased(Array y, const Array& bias) {
  y.each([&](const Ints& i) { y(i) += bias({i.back()}); });
  return y;
}
// Of operands x, kernel and perhaps bias.
std::function<Array(const Arrays&)> by(Array (*f)(const Array&, const Array&, const Axes3&, int64_t), const Axes3& axes, int64_t groups = 1) {
  return [=](const Arrays& a) {
    Array y = f(a[0], a[1], axes, groups);
    return a.size() > 2 ? biased(y, a[2]) : y;
  };
}
Array depthwise(const Array& x, const Array& kernel, const Axes3& axes) {
  Array k = kernel;
  k.dims = {kernel.dims[0], kernel.dims[1], 1, kernel.dims[2] * kernel.dims[3]};
  return correlated(x, k, axes, kernel.dims[2]);
}

#define REEL_CALL(value) [](const Tensors& x) { return value; }

const AddRows flat({
    {.name = "conv2d", .shapes = {{2, 4, 5, 2}, {3, 2, 2, 3}, {3}}, .call = REEL_CALL(conv2d(x[0], x[1], x[2])),
     .formula = by(correlated, {{2}, {4}}), .answers = float_of, .atol = 32},
    {.name = "conv2d without bias", .shapes = {{2, 3, 3, 2}, {2, 2, 2, 3}}, .call = REEL_CALL(conv2d(x[0], x[1])),
     .formula = by(correlated, {{2}, {2}}), .answers = float_of, .atol = 32},
    {.name = "conv2d with every option", .shapes = {{1, 5, 6, 4}, {2, 3, 2, 4}, {4}},
     .call = REEL_CALL(conv2d(x[0], x[1], x[2], {.strides = {2, 1}, .padding = {1, 0, 2, 1}, .dilation = {1, 2}, .groups = 2})),
     .formula = by(correlated, {{3, 2, 1, 1}, {5, 1, 2, 2}}, 2), .answers = float_of, .atol = 32},
    {.name = "conv2d of the same size", .shapes = {{1, 5, 4, 2}, {3, 2, 2, 3}},
     .call = REEL_CALL(conv2d(x[0], x[1], {.strides = {2, 1}, .padding = "same"})),
     .formula = by(correlated, {{3, 2, 1, 1}, {4}}), .answers = float_of, .atol = 32},
    {.name = "depthwise_conv2d", .shapes = {{1, 4, 3, 2}, {2, 2, 2, 3}}, .call = REEL_CALL(depthwise_conv2d(x[0], x[1], {.padding = {1, 0, 0, 1}})),
     .formula = [](const Arrays& a) { return depthwise(a[0], a[1], {{4, 1, 1, 1}, {3}}); }, .answers = float_of, .atol = 32},
    {.name = "separable_conv2d", .shapes = {{1, 3, 4, 2}, {2, 2, 2, 2}, {1, 1, 4, 3}, {3}},
     .call = REEL_CALL(separable_conv2d(x[0], x[1], x[2], x[3])),
     .formula = [](const Arrays& a) { return biased(correlated(depthwise(a[0], a[1], {{2}, {3}}), a[2], {{2}, {3}}), a[3]); },
     .answers = float_of, .atol = 128},
    {.name = "conv_transpose2d", .shapes = {{1, 3, 2, 2}, {2, 3, 3, 2}, {3}}, .call = REEL_CALL(conv_transpose2d(x[0], x[1], x[2])),
     .formula = by(spread, {{4}, {4}}), .answers = float_of, .atol = 32},
    {.name = "conv_transpose2d with every option", .shapes = {{1, 3, 2, 4}, {3, 2, 1, 4}, {2}},
     .call = REEL_CALL(conv_transpose2d(x[0], x[1], x[2],
                                        {.strides = {2, 3}, .padding = {1, 0, 0, 1}, .dilation = {1, 2}, .groups = 2, .output_padding = 1})),
     .formula = by(spread, {{7, 2, 1, 1}, {6, 3, 2}}, 2), .answers = float_of, .atol = 32},
});

const AddRows lines_and_volumes({
    {.name = "conv1d", .shapes = {{2, 6, 2}, {3, 2, 2}, {2}}, .call = REEL_CALL(conv1d(x[0], x[1], x[2])),
     .formula = by(correlated, {{4}}), .answers = float_of, .atol = 32},
    {.name = "conv1d, causal", .shapes = {{2, 6, 2}, {2, 2, 3}}, .call = REEL_CALL(conv1d(x[0], x[1], {}, {.padding = "causal", .dilation = 2})),
     .formula = by(correlated, {{6, 1, 2, 2}}), .answers = float_of, .atol = 32},
    {.name = "conv1d in groups", .shapes = {{1, 6, 4}, {3, 2, 2}, {2}},
     .call = REEL_CALL(conv1d(x[0], x[1], x[2], {.strides = 2, .padding = {1, 2}, .groups = 2})),
     .formula = by(correlated, {{4, 2, 1, 1}}, 2), .answers = float_of, .atol = 32},
    {.name = "conv3d", .shapes = {{1, 3, 4, 3, 2}, {2, 2, 2, 2, 2}, {2}}, .call = REEL_CALL(conv3d(x[0], x[1], x[2])),
     .formula = by(correlated, {{2}, {3}, {2}}), .answers = float_of, .atol = 64},
    {.name = "conv3d with every option", .shapes = {{1, 3, 3, 4, 2}, {2, 2, 2, 1, 2}},
     .call = REEL_CALL(conv3d(x[0], x[1], {}, {.strides = {2, 1, 2}, .padding = {AxisPadding(1, 0), AxisPadding(0, 1), AxisPadding(1, 1)},
                                               .dilation = {1, 2, 1}, .groups = 2})),
     .formula = by(correlated, {{2, 2, 1, 1}, {2, 1, 2}, {3, 2, 1, 1}}, 2), .answers = float_of, .atol = 64},
    {.name = "conv_transpose1d", .shapes = {{2, 3, 2}, {3, 2, 2}, {2}}, .call = REEL_CALL(conv_transpose1d(x[0], x[1], x[2], {.strides = 2})),
     .formula = by(spread, {{7, 2}}), .answers = float_of, .atol = 32},
    {.name = "conv_transpose1d of the same size", .shapes = {{2, 3, 2}, {4, 1, 2}},
     .call = REEL_CALL(conv_transpose1d(x[0], x[1], {}, {.strides = 2, .padding = "same"})),
     .formula = by(spread, {{6, 2, 1, 1}}), .answers = float_of, .atol = 32},
    {.name = "conv_transpose3d", .shapes = {{1, 2, 2, 2, 2}, {2, 2, 2, 1, 2}, {1}},
     .call = REEL_CALL(conv_transpose3d(x[0], x[1], x[2], {.strides = {2, 1, 1}})),
     .formula = by(spread, {{4, 2}, {3}, {3}}), .answers = float_of, .atol = 64},
    {.name = "conv_transpose3d, cut off", .shapes = {{1, 3, 2, 2, 2}, {3, 2, 2, 1, 2}},
     .call = REEL_CALL(conv_transpose3d(x[0], x[1], {}, {.padding = {AxisPadding(1, 2), AxisPadding(0, 1), AxisPadding(1, 0)}})),
     .formula = by(spread, {{2, 1, 1, 1}, {2}, {2, 1, 1, 1}}), .answers = float_of, .atol = 64},
});

// The cell of the image that part k of a patch at row i and column j shows, {} outside.
Ints shown(const Ints& patch, const std::array<Along, 2>& axes, int64_t width, int64_t channels, const Array& image) {
  int64_t cell = patch[3] / channels, y = axes[0].place(patch[1], cell / width), x = axes[1].place(patch[2], cell % width);
  if (y < 0 || y >= image.dims[1] || x < 0 || x >= image.dims[2]) return {};
  return {patch[0], y, x, patch[3] % channels};
}

const AddRows patches({
    {.name = "unfold", .shapes = {{1, 4, 3, 2}}, .call = REEL_CALL(unfold(x[0], {3, 2}, {.strides = {2, 1}, .padding = {1, 1, 0, 1}, .dilation = {1, 2}})),
     .formula = [](const Arrays& a) {
       Array y({1, 2, 2, 12});
       y.each([&](const Ints& i) {
         Ints at = shown(i, {Along{2, 2, 1, 1}, Along{2, 1, 2}}, 2, 2, a[0]);
         if (!at.empty()) y(i) = a[0](at);
       });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "fold", .shapes = {{1, 3, 2, 8}}, .call = REEL_CALL(fold(x[0], {1, 4, 3, 2}, 2, {.strides = {2, 1}, .padding = {1, 1, 0, 0}})),
     .formula = [](const Arrays& a) {
       Array y({1, 4, 3, 2});
       a[0].each([&](const Ints& i) {
         Ints at = shown(i, {Along{3, 2, 1, 1}, Along{2}}, 2, 2, y);
         if (!at.empty()) y(at) += a[0](i);
       });
       return y;
     }, .types = kNumbers},
});

}  // namespace
}  // namespace reel::test
