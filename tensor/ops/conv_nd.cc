#include "tensor/ops/conv_nd.h"

#include <algorithm>

#include "tensor/autocast.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/index.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

void check_rank(const char* op, const Tensor& x, const char* x_shape, int x_rank, const Tensor& kernel, const char* kernel_shape, int kernel_rank) {
  const Tensor* in[] = {&x, &kernel};
  if (x.rank() != x_rank) fail(op, std::string("x must be ") + x_shape, Inputs(in, 2));
  if (kernel.rank() != kernel_rank) fail(op, std::string("the kernel must be ") + kernel_shape, Inputs(in, 2));
}

// One axis of n cells and a window of `size`, with the padding as numbers.
struct Padded { int64_t before, after, out; };
Padded resolve(const char* op, const Tensor& x, int64_t n, int64_t size, int64_t stride, int64_t dilation, const AxisPadding& p) {
  const Tensor* in[] = {&x};
  for (int64_t v : {size, stride, dilation})
    if (v < 1 || v > (int64_t(1) << 31)) fail(op, "the window, strides and dilation must be at least 1, got " + std::to_string(v), Inputs(in, 1));
  int64_t extent = (size - 1) * dilation + 1;
  Padded r{p.before, p.after, 0};
  if (p.name == "same") {
    int64_t total = std::max<int64_t>(((n + stride - 1) / stride - 1) * stride + extent - n, 0);
    r = {total / 2, total - total / 2, 0};
  } else if (p.name == "causal") {
    r.before = extent - 1;
  } else if (!p.name.empty() && p.name != "valid") {
    unknown_name("padding", p.name, {"valid", "same", "causal"});
  }
  if (r.before < 0 || r.after < 0) fail(op, "padding must not be negative, got " + std::to_string(std::min(r.before, r.after)), Inputs(in, 1));
  if (n < 1 || n + r.before + r.after < extent)
    fail(op, "the window " + std::to_string(extent) + " is larger than the padded input " + std::to_string(n + r.before + r.after), Inputs(in, 1));
  r.out = (n + r.before + r.after - extent) / stride + 1;
  return r;
}
// The padding of a transposed axis, which conv_transpose2d resolves itself.
Padding transposed_padding(const char* op, const AxisPadding& vertical, const AxisPadding& horizontal) {
  if (vertical.name != horizontal.name) throw Error(std::string(op) + ": the paddings of all axes must be of one kind");
  if (!vertical.name.empty()) return Padding(vertical.name);
  return Padding(vertical.before, vertical.after, horizontal.before, horizontal.after);
}
Tensor every(const Tensor& x, int axis, int64_t first, int64_t count, int64_t step, Where where) {
  if (step == 1) return slice_axis(x, axis, first, count, where);
  Tensor y = slice_axis(x, axis, first, (count - 1) * step + 1, where);
  return axis == 1 ? y[{slice(), slice({}, {}, step)}] : y[{slice(), slice(), slice({}, {}, step)}];
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const Conv1dOptions& o, Where where) {
  const char* op = "conv1d";
  return formula(where, [&] {
    check_rank(op, x, "[n, steps, channels]", 3, kernel, "[size, channels / groups, filters]", 3);
    Padded p = resolve(op, x, x.shape()[1], kernel.shape()[0], o.strides, o.dilation, o.padding);
    Conv2dOptions flat{.strides = {1, o.strides}, .padding = {0, 0, p.before, p.after}, .dilation = {1, o.dilation}, .groups = o.groups};
    Tensor row = expand_dims(x, 1, where), k = expand_dims(kernel, 0, where);
    return squeeze(bias ? conv2d(row, k, bias, flat, where) : conv2d(row, k, flat, where), 1, where);
  });
}

Tensor conv3d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const Conv3dOptions& o, Where where) {
  const char* op = "conv3d";
  return formula(where, [&] {
    check_rank(op, x, "[n, depth, height, width, channels]", 5, kernel, "[depth, height, width, channels / groups, filters]", 5);
    Padded p[3];
    for (int i = 0; i < 3; ++i) p[i] = resolve(op, x, x.shape()[i + 1], kernel.shape()[i], o.strides[size_t(i)], o.dilation[size_t(i)], o.padding[size_t(i)]);
    Tensor deep = p[0].before + p[0].after ? pad(x, {{0, 0}, {p[0].before, p[0].after}, {0, 0}, {0, 0}, {0, 0}}, 0, where) : x;
    Conv2dOptions flat{.strides = {o.strides[1], o.strides[2]}, .padding = {p[1].before, p[1].after, p[2].before, p[2].after},
                       .dilation = {o.dilation[1], o.dilation[2]}, .groups = o.groups};
    const Shape& s = x.shape();
    Tensor total;
    for (int64_t k = 0; k < kernel.shape()[0]; ++k) {
      Tensor images = reshape(every(deep, 1, k * o.dilation[0], p[0].out, o.strides[0], where), {s[0] * p[0].out, s[2], s[3], s[4]}, where);
      Tensor y = k == 0 && bias ? conv2d(images, kernel[k], bias, flat, where) : conv2d(images, kernel[k], flat, where);
      total = total ? total + y : y;
    }
    return reshape(total, {s[0], p[0].out, p[1].out, p[2].out, kernel.shape()[4]}, where);
  });
}

Tensor conv_transpose1d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvTranspose1dOptions& o, Where where) {
  const char* op = "conv_transpose1d";
  return formula(where, [&] {
    check_rank(op, x, "[n, steps, channels]", 3, kernel, "[size, filters / groups, channels]", 3);
    ConvTranspose2dOptions flat{.strides = {1, o.strides}, .dilation = {1, o.dilation}, .groups = o.groups,
                                .output_padding = {o.output_padding < 0 ? -1 : 0, o.output_padding}};
    flat.padding = o.padding.name.empty() ? Padding(0, 0, o.padding.before, o.padding.after) : Padding(o.padding.name);
    return squeeze(conv_transpose2d(expand_dims(x, 1, where), expand_dims(kernel, 0, where), bias, flat, where), 1, where);
  });
}

Tensor conv_transpose3d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvTranspose3dOptions& o, Where where) {
  const char* op = "conv_transpose3d";
  return formula(where, [&] {
    check_rank(op, x, "[n, depth, height, width, channels]", 5, kernel, "[depth, height, width, filters / groups, channels]", 5);
    const Shape &s = x.shape(), &k = kernel.shape();
    ConvTranspose2dOptions flat{.strides = {o.strides[1], o.strides[2]}, .padding = transposed_padding(op, o.padding[1], o.padding[2]),
                                .dilation = {o.dilation[1], o.dilation[2]}, .groups = o.groups, .output_padding = {o.output_padding[1], o.output_padding[2]}};
    // The sizes along the depth are those of a sequence of ones.
    ConvTranspose1dOptions along{.strides = o.strides[0], .padding = o.padding[0], .dilation = o.dilation[0], .output_padding = o.output_padding[0]};
    if (k[0] < 1 || s[1] < 1) throw ShapeError(std::string(op) + ": x and the kernel need a depth of at least 1\n  a  " + describe(x));
    int64_t depth;
    {
      NoGrad no_grad;
      depth = conv_transpose1d(ones({1, s[1], 1}), ones({k[0], 1, 1}), {}, along).shape()[1];
    }
    int64_t extent = (k[0] - 1) * o.dilation[0] + 1, cut = o.padding[0].before;
    if (o.padding[0].name == "valid") cut = 0;
    if (o.padding[0].name == "same") {
      int64_t more = o.output_padding[0], around = more < 0 ? o.strides[0] + extent - 2 : extent + extent % 2 - 2 + more;
      cut = extent - 1 - std::min((around + 1) / 2, extent - 1);
    }
    Tensor images = reshape(x, {s[0] * s[1], s[2], s[3], s[4]}, where), total;
    for (int64_t d = 0; d < k[0]; ++d) {
      Tensor y = conv_transpose2d(images, kernel[d], {}, flat, where);
      Tensor volumes = reshape(y, {s[0], s[1], y.shape()[1], y.shape()[2], y.shape()[3]}, where);
      // Steps whose place lies inside the result.
      int64_t first = 0, last = s[1];
      auto place = [&](int64_t i) { return i * o.strides[0] + d * o.dilation[0] - cut; };
      while (first < last && place(first) < 0) ++first;
      while (last > first && place(last - 1) >= depth) --last;
      if (!total) total = zeros({s[0], depth, y.shape()[1], y.shape()[2], y.shape()[3]}, y.dtype(), y.device() == symbolic() ? cpu() : y.device());
      if (first == last) continue;
      Tensor places = arange(place(first), place(last - 1) + 1, o.strides[0]);
      total = scatter_add(total, places, slice_axis(volumes, 1, first, last - first, where), 1, where);
    }
    return bias ? add_bias(total, bias, where) : total;
  });
}

Tensor depthwise_conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& given, Where where) {
  const char* op = "depthwise_conv2d";
  return formula(where, [&] {
    check_rank(op, x, "[n, height, width, channels]", 4, kernel, "[height, width, channels, multiplier]", 4);
    const Tensor* in[] = {&x, &kernel};
    const Shape& k = kernel.shape();
    if (k[2] != x.shape()[3])
      fail(op, "the kernel sees " + std::to_string(k[2]) + " channels, x has " + std::to_string(x.shape()[3]), Inputs(in, 2));
    Conv2dOptions o = given;
    o.groups = std::max<int64_t>(1, k[2]);
    return conv2d(x, reshape(kernel, {k[0], k[1], k[2] ? 1 : 0, k[2] * k[3]}, where), o, where);
  });
}
Tensor separable_conv2d(const Tensor& x, const Tensor& depthwise, const Tensor& pointwise, const Tensor& bias, const Conv2dOptions& o, Where where) {
  return formula(where, [&] {
    Tensor y = depthwise_conv2d(x, depthwise, o, where);
    return bias ? conv2d(y, pointwise, bias, {}, where) : conv2d(y, pointwise, {}, where);
  });
}

Tensor unfold(const Tensor& x, HeightWidth size, const Conv2dOptions& o, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    Window w = resolve_window("unfold", size, o.strides, o.dilation, o.padding, Inputs(in, 1));
    Tensor around = w.y.before + w.y.after + w.x.before + w.x.after
                        ? pad(x, {{0, 0}, {w.y.before, w.y.after}, {w.x.before, w.x.after}, {0, 0}}, 0, where) : x;
    Tensors cells;
    for (int64_t ky = 0; ky < w.y.size; ++ky)
      for (int64_t kx = 0; kx < w.x.size; ++kx)
        cells.push_back(every(every(around, 1, ky * w.y.dilation, w.y.out, w.y.stride, where), 2, kx * w.x.dilation, w.x.out, w.x.stride, where));
    return concat(cells, -1, where);
  });
}

Tensor fold(const Tensor& patches, const Shape& image, HeightWidth size, const Conv2dOptions& o, Where where) {
  const char* op = "fold";
  return formula(where, [&] {
    const Tensor* in[] = {&patches};
    if (image.rank() != 4) fail(op, "the image must be [n, height, width, channels], got " + to_string(image), Inputs(in, 1));
    Tensor like(new_body(image, patches.dtype(), symbolic(), where));
    const Tensor* shaped[] = {&like};
    Window w = resolve_window(op, size, o.strides, o.dilation, o.padding, Inputs(shaped, 1));
    int64_t c = image[3];
    Shape expected{image[0], w.y.out, w.x.out, w.y.size * w.x.size * c};
    if (!(patches.shape() == expected)) fail(op, "patches must be " + to_string(expected) + " for an image " + to_string(image), Inputs(in, 1));
    Tensor total = zeros(image, patches.dtype(), patches.device() == symbolic() ? cpu() : patches.device(), where);
    auto inside = [](const WindowAxis& a, int64_t k) {
      int64_t shift = k * a.dilation - a.before, first = shift < 0 ? (-shift + a.stride - 1) / a.stride : 0, last = a.out;
      while (last > first && (last - 1) * a.stride + shift >= a.n) --last;
      return std::array{first, std::max(last, first), first * a.stride + shift};
    };
    for (int64_t ky = 0; ky < w.y.size; ++ky)
      for (int64_t kx = 0; kx < w.x.size; ++kx) {
        auto [y0, y1, to_y] = inside(w.y, ky);
        auto [x0, x1, to_x] = inside(w.x, kx);
        if (y0 == y1 || x0 == x1) continue;
        Tensor cell = slice_axis(slice_axis(slice_axis(patches, 3, (ky * w.x.size + kx) * c, c), 1, y0, y1 - y0), 2, x0, x1 - x0);
        Tensor rows = scatter_add({image[0], y1 - y0, image[2], c}, arange(to_x, to_x + (x1 - x0 - 1) * w.x.stride + 1, w.x.stride), cell, 2, where);
        total = scatter_add(total, arange(to_y, to_y + (y1 - y0 - 1) * w.y.stride + 1, w.y.stride), rows, 1, where);
      }
    return total;
  });
}

}  // namespace reel
