#include "tensor/ops/pool.h"

#include <algorithm>

#include "tensor/cpu/level.h"
#include "tensor/cpu/pool_loops.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/pool_nd.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {

PoolLoops pool_loops[2];
REEL_LEVELS(pool_loops)

namespace {

const bool installed = install_pool_loops();

constexpr int64_t kWork = 32768;  // cells looked at that are worth a thread

struct Pooling {
  Window window;
  std::string attributes() const { return to_string(window); }
  Shape pooled(const Shape& x) const { return {x[0], window.y.out, window.x.out, x[3]}; }
  Shape image(const Shape& y) const { return {y[0], window.y.n, window.x.n, y[3]}; }
};

// f(image's input, its output, image's number) for every image, in float or double; `to` is written.
template <class F> void each_image(const Pooling& op, const Tensor& from, const Tensor& to, F&& f) {
  if (to.size() == 0) return;
  NoGrad no_grad;
  DType t = to.dtype(), through = t == float64 ? t : float32;
  Tensor x = contiguous(cast(from, through)), y = t == through ? to : Tensor(new_body(to.shape(), through, cpu(), {}));
  const PoolLoops& loops = pool_loops[through == float64];
  int64_t n = to.shape()[0], item = item_size(through), xs = x.size() / n * item, ys = y.size() / n * item;
  int64_t work = op.window.y.out * op.window.x.out * op.window.y.size * op.window.x.size * to.shape()[3];
  parallel_for(n, std::max<int64_t>(1, kWork / work), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(loops, x.raw<const char>() + i * xs, y.raw<char>() + i * ys, i);
  });
  if (t != through) assign(detach(to), y);
}

// Images of a whole batch are so many more images: [batch, n, ...] as [batch * n, ...], and back.
Tensor merged(const Tensor& x, Where where) {
  const Shape& s = x.shape();
  return reshape(x, {s[0] * s[1], s[2], s[3], s[4]}, where);
}
Tensor parted(const Tensor& y, const Tensor& x, Where where) {
  const Shape& s = y.shape();
  return reshape(y, {x.shape()[0], x.shape()[1], s[1], s[2], s[3]}, where);
}

// The second output says where in its image each largest stands.
struct MaxPool : Pooling {
  static constexpr const char* name = "max_pool2d";
  static constexpr Keep keep = kOut | kShapes;
  static constexpr int outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    Shape s = pooled(in[0].shape());
    return {Spec(s, in[0].dtype()), Spec(s, DType::kI32)};
  }
  std::array<Tensor, 2> batch(const Batch& b) const {
    Tensor x = b.in(0);
    auto y = apply(*this, merged(x, b.where()), b.where());
    return {parted(y[0], x, b.where()), parted(y[1], x, b.where())};
  }
  Grads vjp(const Vjp& v) const;
};
// Inputs the pooled gradient (or the image that is picked from) and the places.
struct MaxPut : Pooling {
  static constexpr const char* name = "max_pool2d_grad";
  static constexpr Keep keep = kIn1;
  Spec infer(Inputs in) const { return {image(in[0].shape()), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const;
};
struct MaxPick : Pooling {
  static constexpr const char* name = "max_pool2d_pick";
  static constexpr Keep keep = kIn1;
  Spec infer(Inputs in) const { return {pooled(in[0].shape()), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {apply(MaxPut{*this}, v.gy(), v.in(1), {})}; }
};
Grads MaxPool::vjp(const Vjp& v) const { return {apply(MaxPut{*this}, v.gy(), v.out(1), {})}; }
Grads MaxPut::vjp(const Vjp& v) const { return {apply(MaxPick{*this}, v.gy(), v.in(1), {})}; }

REEL_KERNEL(MaxPool, kCpu) {
  int64_t c = in[0].shape()[3], stride = op.window.y.out * op.window.x.out * c;
  int32_t* at = out[1].raw<int32_t>();
  each_image(op, in[0], out[0], [&](const PoolLoops& l, const char* x, char* y, int64_t i) { l.max(op.window, c, x, y, at + i * stride); });
}
REEL_KERNEL(MaxPut, kCpu) {
  int64_t c = in[0].shape()[3], stride = op.window.y.out * op.window.x.out * c;
  const int32_t* at = in[1].raw<const int32_t>();
  each_image(op, in[0], out[0], [&](const PoolLoops& l, const char* y, char* x, int64_t i) { l.put(op.window, c, y, at + i * stride, x); });
}
REEL_KERNEL(MaxPick, kCpu) {
  int64_t c = in[0].shape()[3], stride = op.window.y.out * op.window.x.out * c;
  const int32_t* at = in[1].raw<const int32_t>();
  each_image(op, in[0], out[0], [&](const PoolLoops& l, const char* x, char* y, int64_t i) { l.pick(op.window, c, x, at + i * stride, y); });
}

struct Averaging : Pooling {
  bool padded;  // cells of padding count
  std::string attributes() const { return to_string(window) + (padded ? " with padding" : ""); }
};
struct AveragePool : Averaging {
  static constexpr const char* name = "average_pool2d";
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const { return {pooled(in[0].shape()), in[0].dtype()}; }
  Tensor batch(const Batch& b) const { return parted(apply(*this, merged(b.in(0), b.where()), b.where()), b.in(0), b.where()); }
  Grads vjp(const Vjp& v) const;
};
struct AverageSpread : Averaging {
  static constexpr const char* name = "average_pool2d_grad";
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const { return {image(in[0].shape()), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {apply(AveragePool{*this}, v.gy(), {})}; }
};
Grads AveragePool::vjp(const Vjp& v) const { return {apply(AverageSpread{*this}, v.gy(), {})}; }
REEL_KERNEL(AveragePool, kCpu) {
  each_image(op, in[0], out[0], [&](const PoolLoops& l, const char* x, char* y, int64_t) { l.average(op.window, op.padded, in[0].shape()[3], x, y); });
}
REEL_KERNEL(AverageSpread, kCpu) {
  each_image(op, in[0], out[0], [&](const PoolLoops& l, const char* y, char* x, int64_t) { l.spread(op.window, op.padded, in[0].shape()[3], y, x); });
}

Pooling resolve(const char* op, const Tensor& x, HeightWidth size, const Pool2dOptions& o) {
  const Tensor* at[] = {&x};
  Inputs in(at, 1);
  if (!is_floating(x.dtype())) fail<DTypeError>(op, "is defined for floats", in);
  HeightWidth strides{o.strides.height ? o.strides.height : size.height, o.strides.width ? o.strides.width : size.width};
  Window w = resolve_window(op, size, strides, 1, o.padding, in, o.ceil_mode);
  // Padding of a whole window would let windows see nothing else.
  if (o.padding.kind == Padding::Kind::kExplicit)
    for (const WindowAxis& a : {w.y, w.x})
      if (a.before >= a.size || a.after >= a.size)
        fail(op, "padding " + std::to_string(std::max(a.before, a.after)) + " must be less than the window's " + std::to_string(a.size), in);
  if (w.y.n * w.x.n > INT32_MAX) fail(op, "an image has more than 2^31 pixels", in);
  return {w};
}
MaxPool max_pool(const Tensor& x, HeightWidth size, const Pool2dOptions& o) {
  const Tensor* in[] = {&x};
  if (o.count_include_pad) fail<Error>(MaxPool::name, "count_include_pad is of averages", Inputs(in, 1));
  return {resolve(MaxPool::name, x, size, o)};
}

}  // namespace

Tensor max_pool2d(const Tensor& x, HeightWidth size, const Pool2dOptions& options, Where where) {
  return formula(where, [&] { return apply(max_pool(x, size, options), x, where)[0]; });
}
MaxPoolResult max_pool2d_with_indices(const Tensor& x, HeightWidth size, const Pool2dOptions& options, Where where) {
  return formula(where, [&]() -> MaxPoolResult {
    auto y = apply(max_pool(x, size, options), x, where);
    NoGrad no_grad;
    return {y[0], cast(y[1], int64, where)};
  });
}
Tensor average_pool2d(const Tensor& x, HeightWidth size, const Pool2dOptions& options, Where where) {
  return formula(where, [&] { return apply(AveragePool{{resolve(AveragePool::name, x, size, options), options.count_include_pad}}, x, where); });
}
Tensor global_average_pool2d(const Tensor& x, bool keepdims, Where where) {
  return formula(where, [&] {
    if (x.rank() != 4) throw ShapeError("global_average_pool2d: x must be [n, height, width, channels]\n  a  " + describe(x));
    return mean(x, {1, 2}, keepdims, where);
  });
}

}  // namespace reel
