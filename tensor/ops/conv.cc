#include "tensor/ops/conv.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tensor/cpu/conv.h"
#include "tensor/cpu/product.h"
#include "tensor/cpu/wide.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/conv_nd.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/matmul_op.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

struct Convolution {
  Window window;
  int64_t groups;
  std::string attributes() const { return to_string(window) + (groups == 1 ? "" : " groups=" + std::to_string(groups)); }
};
Shape image_batch(int64_t n, int64_t h, int64_t w, int64_t c) { return {n, h, w, c}; }
ConvShape conv_shape(const Convolution& op, const Shape& x, const Shape& kernel) { return {x[0], x[3], kernel[3], op.groups, op.window}; }
DType computed(Inputs in) {
  DType t = in[0].dtype();
  for (int i = 1; i < in.size(); ++i) t = promote(t, in[i].dtype());
  return is_floating(t) ? t : DType::kF32;
}

// Inputs x, kernel and maybe bias.
struct Conv2d : Convolution {
  static constexpr const char* name = "conv2d";
  static constexpr Precision precision = kLow;
  static constexpr Keep keep = kIn0 | kIn1;
  Spec infer(Inputs in) const {
    const Shape &x = in[0].shape(), &k = in[1].shape();
    if (groups < 1 || x[3] % groups || k[3] % groups)
      fail(name, "groups " + std::to_string(groups) + " do not divide " + std::to_string(x[3]) + " channels and " + std::to_string(k[3]) + " filters", in);
    if (k[2] != x[3] / groups)
      fail(name, "the kernel sees " + std::to_string(k[2]) + " channels, x has " + std::to_string(x[3]) +
                     (groups == 1 ? "" : " in " + std::to_string(groups) + " groups"), in);
    if (in.size() == 3 && !(in[2].shape() == Shape{k[3]})) fail(name, "the bias must be " + to_string(Shape{k[3]}), in);
    return {image_batch(x[0], window.y.out, window.x.out, k[3]), computed(in), computed(in)};
  }
  Grads vjp(const Vjp& v) const;
  double flop(Inputs in, const Tensor* out) const { return 2. * double(out[0].size() * in[1].size()) / double(in[1].shape()[3]); }
  // Images of the whole batch are so many more images; kernels of their own are convolved one by one.
  Tensor batch(const Batch& b) const {
    if (b.has(1) || (b.inputs() == 3 && b.has(2))) return {};
    Tensor x = b.in(0);
    Shape s = x.shape();
    Tensors in{reshape(x, {s[0] * s[1], s[2], s[3], s[4]}, b.where()), b.in(1)};
    if (b.inputs() == 3) in.push_back(b.in(2));
    Tensor y = apply(*this, in, b.where());
    return reshape(y, {s[0], s[1], y.shape()[1], y.shape()[2], y.shape()[3]}, b.where());
  }
};
// Inputs gy, kernel and maybe a bias of x's channels, which is added: a transposed convolution.
struct Conv2dInputGrad : Convolution {
  static constexpr const char* name = "conv2d_input_grad";
  static constexpr Precision precision = kLow;
  static constexpr Keep keep = kIn;
  Shape x;
  Spec infer(Inputs in) const { return {x, computed(in), computed(in)}; }
  double flop(Inputs in, const Tensor*) const { return 2. * double(in[0].size() * in[1].size()) / double(in[1].shape()[3]); }
  Grads vjp(const Vjp& v) const;
};
// Inputs x and gy.
struct Conv2dKernelGrad : Convolution {
  static constexpr const char* name = "conv2d_kernel_grad";
  static constexpr Precision precision = kLow;
  static constexpr Keep keep = kIn;
  Shape kernel;
  bool wide = false;  // answers float32 also where it computes in 16 bits
  Spec infer(Inputs in) const { return {kernel, wide ? float32 : computed(in), computed(in)}; }
  double flop(Inputs in, const Tensor* out) const { return 2. * double(in[1].size() * out[0].size()) / double(kernel[3]); }
  Grads vjp(const Vjp& v) const;
};

Tensor input_grad(const Convolution& c, const Tensor& gy, const Tensor& kernel, const Shape& x) { return apply(Conv2dInputGrad{c, x}, gy, kernel, {}); }
Tensor kernel_grad(const Convolution& c, const Tensor& x, const Tensor& gy, const Shape& kernel) {
  bool wide = !recording() && (gy.dtype() == float16 || gy.dtype() == bfloat16) && gy.device() == cpu() && x.device() == cpu();
  return apply(Conv2dKernelGrad{c, kernel, wide}, x, gy, {});
}

// The three are one bilinear form seen from its three sides, so their rules name each other.
Grads Conv2d::vjp(const Vjp& v) const {
  Tensor x = v.in(0), k = v.in(1);
  return {v.needs(0) ? input_grad(*this, v.gy(), k, x.shape()) : Tensor{}, v.needs(1) ? kernel_grad(*this, x, v.gy(), k.shape()) : Tensor{},
          v.inputs() == 3 && v.needs(2) ? sum(v.gy(), {0, 1, 2}) : Tensor{}};
}
Grads Conv2dInputGrad::vjp(const Vjp& v) const {
  Tensor gy = v.in(0), k = v.in(1);
  return {v.needs(0) ? apply(Conv2d{*this}, v.gy(), k, {}) : Tensor{}, v.needs(1) ? kernel_grad(*this, v.gy(), gy, k.shape()) : Tensor{},
          v.inputs() == 3 && v.needs(2) ? sum(v.gy(), {0, 1, 2}) : Tensor{}};
}
Grads Conv2dKernelGrad::vjp(const Vjp& v) const {
  Tensor given = v.in(0), gy = v.in(1);
  return {v.needs(0) ? input_grad(*this, gy, v.gy(), given.shape()) : Tensor{}, v.needs(1) ? apply(Conv2d{*this}, given, v.gy(), {}) : Tensor{}};
}

// f(pointers to the row-major inputs, pointer to the output) in float or double; an empty sum is zeros.
template <class F> void in_floats(Inputs in, const Tensor& out, F&& f) {
  NoGrad no_grad;
  DType t = out.dtype(), through = t == DType::kF64 ? t : DType::kF32;
  Tensor given[3], result = t == through ? out : Tensor(new_body(out.shape(), through, cpu(), {}));
  for (int i = 0; i < in.size(); ++i) given[i] = contiguous(cast(in[i], through));
  if (through == DType::kF64) f(given, result.raw<double>());
  else f(given, result.raw<float>());
  if (t != through) assign(detach(out), result);
}
template <class T> const T* values(const Tensor& x) { return x ? x.raw<const T>() : nullptr; }
// f(row-major inputs) where they are bfloat16 and no sum is empty; false where f did not do it.
template <class F> bool in_bfloats(const ConvShape& s, Inputs in, F&& f) {
  if (in[0].dtype() != bfloat16 || s.n * s.channels * s.filters == 0) return false;
  NoGrad no_grad;
  Tensor given[3];
  for (int i = 0; i < in.size(); ++i) given[i] = contiguous(in[i]);
  return f(given);
}

// The bias, or zeros: a sum of nothing.
template <class T> void fill_pixels(int64_t channels, const Tensor& bias, int64_t size, T* to) {
  for (int64_t i = 0; i < size; ++i) to[i] = bias ? values<T>(bias)[i % channels] : T(0);
}

REEL_KERNEL(Conv2d, kCpu) {
  ConvShape s = conv_shape(op, in[0].shape(), in[1].shape());
  if (out[0].size() == 0) return;
  bool done = in_bfloats(s, in, [&](const Tensor* x) {
    return conv_forward(s, values<BFloat16>(x[0]), values<BFloat16>(x[1]), values<BFloat16>(x[2]), out[0].raw<BFloat16>());
  });
  if (done) return;
  in_floats(in, out[0], [&]<class T>(const Tensor* x, T* y) {
    if (s.channels > 0) return conv_forward(s, values<T>(x[0]), values<T>(x[1]), values<T>(x[2]), y);
    fill_pixels(s.filters, x[2], out[0].size(), y);
  });
}
REEL_KERNEL(Conv2dInputGrad, kCpu) {
  ConvShape s = conv_shape(op, op.x, in[1].shape());
  if (out[0].size() == 0) return;
  bool done = in_bfloats(s, in, [&](const Tensor* x) {
    return conv_input_grad(s, values<BFloat16>(x[0]), values<BFloat16>(x[1]), values<BFloat16>(x[2]), out[0].raw<BFloat16>());
  });
  if (done) return;
  in_floats(in, out[0], [&]<class T>(const Tensor* x, T* gx) {
    if (s.filters > 0) return conv_input_grad(s, values<T>(x[0]), values<T>(x[1]), values<T>(x[2]), gx);
    fill_pixels(s.channels, x[2], out[0].size(), gx);
  });
}
// A convolution that takes every pixel for itself has x^T gy for the gradient by its kernel: 1.1 to 2 times as fast as oneDNN's convolution.
bool by_pixels(const WindowAxis& a) { return a.size == 1 && a.stride == 1 && a.out == a.n && a.before == 0; }
bool by_pixels(const ConvShape& s) { return s.groups == 1 && by_pixels(s.window.y) && by_pixels(s.window.x); }
int64_t pixels(const ConvShape& s) { return s.n * s.window.y.n * s.window.x.n; }
bool kernel_grad(const ConvShape& s, const BFloat16* x, const BFloat16* gy, float* gw) {
  if (!by_pixels(s) || !has_bfloat_product()) return conv_kernel_grad(s, x, gy, gw);
  transposed_product(pixels(s), s.channels, s.filters, x, gy, gw);
  return true;
}
void kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw) {
  if (by_pixels(s)) transposed_product(pixels(s), s.channels, s.filters, x, gy, gw, false);
  else conv_kernel_grad(s, x, gy, gw);
}
void kernel_grad(const ConvShape& s, const double* x, const double* gy, double* gw) {
  if (by_pixels(s)) transposed_product(pixels(s), s.channels, s.filters, x, gy, gw);
  else conv_kernel_grad(s, x, gy, gw);
}

REEL_KERNEL(Conv2dKernelGrad, kCpu) {
  ConvShape s = conv_shape(op, in[0].shape(), op.kernel);
  if (out[0].size() == 0) return;
  bool done = in_bfloats(s, in, [&](const Tensor* x) {
    WideAnswer gw(out[0]);
    if (!kernel_grad(s, values<BFloat16>(x[0]), values<BFloat16>(x[1]), gw.data<float>())) return false;
    gw.finish();
    return true;
  });
  if (done) return;
  in_floats(in, out[0], [&]<class T>(const Tensor* x, T* gw) {
    if (s.n > 0) return kernel_grad(s, values<T>(x[0]), values<T>(x[1]), gw);
    std::memset(gw, 0, size_t(out[0].size()) * sizeof(T));
  });
}

Conv2d resolve(const Conv2dOptions& o, Inputs in) {
  if (in[1].rank() != 4) fail(Conv2d::name, "the kernel must be [height, width, channels / groups, filters]", in);
  const Shape& k = in[1].shape();
  return Conv2d{{resolve_window(Conv2d::name, {k[0], k[1]}, o.strides, o.dilation, o.padding, in), o.groups}};
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options, Where where) {
  const Tensor* in[] = {&x, &kernel};
  return formula(where, [&] { return apply(resolve(options, Inputs(in, 2)), x, kernel, where); });
}
Tensor conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const Conv2dOptions& options, Where where) {
  if (!bias) return conv2d(x, kernel, options, where);
  const Tensor* in[] = {&x, &kernel, &bias};
  return formula(where, [&] { return apply(resolve(options, Inputs(in, 3)), x, kernel, bias, where); });
}

namespace {

// One axis of a transposed convolution: `n` outputs of the convolution whose gradient it is, over `total` inputs.
WindowAxis transposed_axis(int64_t n, int64_t size, int64_t stride, int64_t dilation, const Padding& p, int64_t before, int64_t after, int64_t more) {
  WindowAxis a{0, size, stride, dilation, before, after, n};
  int64_t extent = a.extent(), full = (n - 1) * stride + extent, end = after;
  if (p.kind == Padding::Kind::kSame) {
    int64_t around = more < 0 ? stride + extent - 2 : extent + extent % 2 - 2 + more;  // Keras's padding of the scattered input
    int64_t left = std::min((around + 1) / 2, extent - 1);
    a.before = extent - 1 - left;
    end = extent - 1 - (around - left);
  } else if (more < 0 && p.kind == Padding::Kind::kValid) {
    end = extent - std::max(extent, stride);
  } else if (more >= 0) {
    end -= more;
  }
  a.n = full - a.before - end;
  a.after = std::max<int64_t>(end, 0);
  return a;
}

}  // namespace

Tensor conv_transpose2d(const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvTranspose2dOptions& o, Where where) {
  const char* op = "conv_transpose2d";
  return formula(where, [&] {
    const Tensor* at[] = {&x, &kernel};
    Inputs in(at, 2);
    if (x.rank() != 4) fail(op, "x must be [n, height, width, channels]", in);
    if (kernel.rank() != 4) fail(op, "the kernel must be [height, width, filters / groups, channels]", in);
    const Shape &s = x.shape(), &k = kernel.shape();
    constexpr int64_t kMost = int64_t(1) << 31;
    for (int64_t v : {k[0], k[1], o.strides.height, o.strides.width, o.dilation.height, o.dilation.width})
      if (v < 1 || v > kMost) fail(op, "the window, strides and dilation must be at least 1, got " + std::to_string(v), in);
    for (int64_t v : {o.padding.top, o.padding.bottom, o.padding.left, o.padding.right})
      if (v < 0 || v > kMost) fail(op, "padding must not be negative, got " + std::to_string(v), in);
    if (o.groups < 1 || s[3] % o.groups) fail(op, "groups " + std::to_string(o.groups) + " do not divide " + std::to_string(s[3]) + " channels", in);
    if (k[3] != s[3]) fail(op, "the kernel sees " + std::to_string(k[3]) + " channels, x has " + std::to_string(s[3]), in);
    for (auto [more, stride, dilation] : {std::array{o.output_padding.height, o.strides.height, o.dilation.height},
                                          std::array{o.output_padding.width, o.strides.width, o.dilation.width}})
      if (more >= std::max(stride, dilation)) fail(op, "output_padding " + std::to_string(more) + " must be less than the strides " + std::to_string(stride), in);
    if (s[1] < 1 || s[2] < 1) fail(op, "the image has no pixels", in);
    Window w{transposed_axis(s[1], k[0], o.strides.height, o.dilation.height, o.padding, o.padding.top, o.padding.bottom, o.output_padding.height),
             transposed_axis(s[2], k[1], o.strides.width, o.dilation.width, o.padding, o.padding.left, o.padding.right, o.output_padding.width)};
    if (w.y.n < 1 || w.x.n < 1) fail(op, "the padding cuts everything off: " + std::to_string(w.y.n) + " x " + std::to_string(w.x.n) + " would be left", in);
    int64_t filters = k[2] * o.groups;
    if (bias && !(bias.shape() == Shape{filters})) fail(op, "the bias must be " + to_string(Shape{filters}), in);
    Conv2dInputGrad transposed{Convolution{w, o.groups}, image_batch(s[0], w.y.n, w.x.n, filters)};
    return bias ? apply(transposed, x, kernel, bias, where) : apply(transposed, x, kernel, where);
  });
}

}  // namespace reel
