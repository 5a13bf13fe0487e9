#include "tensor/ops/pool_nd.h"

#include <algorithm>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/index.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

using Pool2d = Tensor (*)(const Tensor&, HeightWidth, const Pool2dOptions&, Where);

void check_rank(const char* op, const Tensor& x, int rank, const char* expected) {
  const Tensor* in[] = {&x};
  if (x.rank() != rank) fail(op, std::string("x must be ") + expected, Inputs(in, 1));
}
// Along one axis as the width of an image; the other stays.
template <class Options> Pool2dOptions along_width(int64_t strides, const AxisPadding& p, const Options& of) {
  Pool2dOptions o{.strides = {1, strides}, .ceil_mode = of.ceil_mode, .count_include_pad = of.count_include_pad};
  o.padding = p.name.empty() ? Padding(0, 0, p.before, p.after) : Padding(p.name);
  return o;
}
Tensor pool1d(const char* op, Pool2d pool, const Tensor& x, int64_t size, const Pool1dOptions& o, Where where) {
  return formula(where, [&] {
    check_rank(op, x, 3, "[n, steps, channels]");
    return squeeze(pool(expand_dims(x, 1, where), {1, size}, along_width(o.strides, o.padding, o), where), 1, where);
  });
}
// The largest of largest, and the mean of means: first over height and width, then over depth.
Tensor pool3d(const char* op, Pool2d pool, const Tensor& x, const Extents& size, const Pool3dOptions& o, Where where) {
  return formula(where, [&] {
    check_rank(op, x, 5, "[n, depth, height, width, channels]");
    const Shape& s = x.shape();
    if (o.padding[1].name != o.padding[2].name) throw Error(std::string(op) + ": the paddings of all axes must be of one kind");
    Pool2dOptions flat{.strides = {o.strides[1], o.strides[2]}, .ceil_mode = o.ceil_mode, .count_include_pad = o.count_include_pad};
    const AxisPadding &v = o.padding[1], &h = o.padding[2];
    flat.padding = v.name.empty() ? Padding(v.before, v.after, h.before, h.after) : Padding(v.name);
    Tensor y = pool(reshape(x, {s[0] * s[1], s[2], s[3], s[4]}, where), {size[1], size[2]}, flat, where);
    int64_t height = y.shape()[1], width = y.shape()[2];
    Tensor columns = transpose(reshape(y, {s[0], s[1], height * width, s[4]}, where), {0, 2, 1, 3}, where);
    Tensor z = pool(columns, {1, size[0]}, along_width(o.strides[0], o.padding[0], o), where);
    return reshape(transpose(z, {0, 2, 1, 3}, where), {s[0], z.shape()[2], height, width, s[4]}, where);
  });
}

Tensor adaptive(const char* op, Tensor (*fold)(const Tensor&, Axes, bool, Where), const Tensor& x, std::span<const int64_t> sizes, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    if (x.rank() != int(sizes.size()) + 2) fail(op, "needs as many sizes as x has axes between batch and channels", Inputs(in, 1));
    if (!is_floating(x.dtype())) fail<DTypeError>(op, "is defined for floats", Inputs(in, 1));
    Tensor y = x;
    for (int axis = 1; axis + 1 < x.rank(); ++axis) {
      int64_t n = x.shape()[axis], out = sizes[size_t(axis - 1)];
      if (out < 1 || n < 1) fail(op, "cannot make " + std::to_string(out) + " windows of " + std::to_string(n) + " cells", Inputs(in, 1));
      Tensors windows;
      for (int64_t i = 0; i < out; ++i) {
        int64_t first = i * n / out, last = ((i + 1) * n + out - 1) / out;
        windows.push_back(fold(slice_axis(y, axis, first, last - first, where), axis, true, where));
      }
      y = concat(windows, axis, where);
    }
    return y;
  });
}
Tensor mean_of(const Tensor& x, Axes axes, bool keepdims, Where where) { return mean(x, axes, keepdims, where); }
Tensor max_of(const Tensor& x, Axes axes, bool keepdims, Where where) { return max(x, axes, keepdims, where); }

}  // namespace

Tensor max_pool1d(const Tensor& x, int64_t size, const Pool1dOptions& o, Where where) { return pool1d("max_pool1d", &max_pool2d, x, size, o, where); }
Tensor average_pool1d(const Tensor& x, int64_t size, const Pool1dOptions& o, Where where) { return pool1d("average_pool1d", &average_pool2d, x, size, o, where); }
Tensor max_pool3d(const Tensor& x, const Extents& size, const Pool3dOptions& o, Where where) { return pool3d("max_pool3d", &max_pool2d, x, size, o, where); }
Tensor average_pool3d(const Tensor& x, const Extents& size, const Pool3dOptions& o, Where where) {
  return pool3d("average_pool3d", &average_pool2d, x, size, o, where);
}
Tensor lp_pool2d(const Tensor& x, double p, HeightWidth size, HeightWidth strides, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    if (!is_floating(x.dtype())) fail<DTypeError>("lp_pool2d", "is defined for floats", Inputs(in, 1));
    if (!(p > 0)) throw Error("lp_pool2d: p must be positive, got " + std::to_string(p));
    Tensor powers = average_pool2d(p == 2 ? square(x) : pow(abs(x), p), size, {.strides = strides}, where);
    Tensor none = powers == 0;  // the root's slope is infinite there: a window of zeros has a gradient of 0
    return reel::where(none, 0, pow(reel::where(none, 1, powers * double(size.height * size.width)), 1 / p));
  });
}

Tensor adaptive_average_pool(const Tensor& x, std::span<const int64_t> sizes, Where where) {
  return adaptive("adaptive_average_pool", &mean_of, x, sizes, where);
}
Tensor adaptive_average_pool(const Tensor& x, std::initializer_list<int64_t> sizes, Where where) {
  return adaptive_average_pool(x, std::span<const int64_t>(sizes.begin(), sizes.size()), where);
}
Tensor adaptive_max_pool(const Tensor& x, std::span<const int64_t> sizes, Where where) { return adaptive("adaptive_max_pool", &max_of, x, sizes, where); }
Tensor adaptive_max_pool(const Tensor& x, std::initializer_list<int64_t> sizes, Where where) {
  return adaptive_max_pool(x, std::span<const int64_t>(sizes.begin(), sizes.size()), where);
}

Tensor max_unpool2d(const Tensor& x, const Tensor& indices, HeightWidth image, Where where) {
  const char* op = "max_unpool2d";
  return formula(where, [&] {
    const Tensor* in[] = {&x, &indices};
    if (x.rank() != 4 || !(indices.shape() == x.shape())) fail(op, "x and indices must both be [n, height, width, channels]", Inputs(in, 2));
    if (image.height < 1 || image.width < 1) fail(op, "the image must have at least one pixel", Inputs(in, 2));
    const Shape& s = x.shape();
    Shape cells{s[0], s[1] * s[2], s[3]};
    Tensor blank = zeros({s[0], image.height * image.width, s[3]}, x.dtype(), x.device() == symbolic() ? cpu() : x.device(), where);
    return reshape(add_along_axis(blank, reshape(indices, cells, where), reshape(x, cells, where), 1, where), {s[0], image.height, image.width, s[3]}, where);
  });
}

}  // namespace reel
