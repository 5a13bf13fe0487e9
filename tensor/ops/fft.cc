#include "tensor/ops/fft.h"

#include <cmath>

#include "tensor/cpu/fourier.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/arrange.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

Shape with_last(Shape s, int64_t n) {
  s[-1] = n;
  return s;
}

// The ops multiply by `scale`. Their matrices are symmetric, so a gradient goes through the inverse. This one transforms any axis, counted
// from the end, the others the last.
struct Fourier {
  static constexpr const char* name = "fft";
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  bool inverse;
  double scale;
  int axis = -1;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {apply(Fourier{!inverse, scale, axis}, v.gy(), {})}; }
  Tensor batch(const Batch& b) const { return b.call(*this); }
  std::string attributes() const { return "axis=" + std::to_string(axis) + (inverse ? " inverse" : ""); }
};

// n real numbers to n / 2 + 1 coefficients.
struct RealFourier {
  static constexpr const char* name = "rfft";
  static constexpr Keep keep = kShapes;
  double scale;
  Spec infer(Inputs in) const {
    return {with_last(in[0].shape(), in[0].shape()[-1] / 2 + 1), in[0].dtype() == float64 ? complex128 : complex64};
  }
  Grads vjp(const Vjp& v) const;
  Tensor batch(const Batch& b) const { return b.call(*this); }
};

// n / 2 + 1 coefficients to n real numbers.
struct InverseRealFourier {
  static constexpr const char* name = "irfft";
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  int64_t n;
  double scale;
  Spec infer(Inputs in) const { return {with_last(in[0].shape(), n), part_dtype(in[0].dtype())}; }
  Grads vjp(const Vjp& v) const;
  Tensor batch(const Batch& b) const { return b.call(*this); }
};

template <class F> void in_precision(DType t, F f) {
  if (part_dtype(t) == float64) f(double());
  else f(float());
}

REEL_KERNEL(Fourier, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]);
  const Shape& s = x.shape();
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < s.rank() + op.axis; ++i) outer *= s[i];
  for (int i = op.axis + 1; i < 0; ++i) inner *= s[i];
  in_precision(x.dtype(), [&]<class R>(R) {
    using C = std::complex<R>;
    fourier(x.raw<const C>(), out[0].raw<C>(), outer, s[op.axis], inner, op.inverse, op.scale);
  });
}
REEL_KERNEL(RealFourier, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]);
  int64_t n = x.shape()[-1];
  in_precision(x.dtype(), [&]<class R>(R) { real_fourier(x.raw<const R>(), out[0].raw<std::complex<R>>(), x.size() / n, n, op.scale); });
}
REEL_KERNEL(InverseRealFourier, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]);
  in_precision(x.dtype(), [&]<class R>(R) {
    inverse_real_fourier(x.raw<const std::complex<R>>(), out[0].raw<R>(), out[0].size() / op.n, op.n, op.scale);
  });
}

// x with `axis` cut or filled with zeros to n elements.
Tensor resized(const Tensor& x, int axis, int64_t n) {
  int64_t have = x.shape()[axis];
  if (have == n) return x;
  if (have > n) return slice_axis(x, axis, 0, n);
  std::vector<std::pair<int64_t, int64_t>> widths(static_cast<size_t>(x.rank()));
  widths[size_t(axis)].second = n - have;
  return pad(x, widths);
}

Grads RealFourier::vjp(const Vjp& v) const {
  int64_t n = v.shape(0)[-1];
  Tensor gy = resized(v.gy(), v.gy().rank() - 1, n);  // the other coefficients do not exist
  return {real(apply(Fourier{true, scale}, gy, {}))};
}
Grads InverseRealFourier::vjp(const Vjp& v) const {
  // All but the first coefficient, and the last for an even n, stand for their conjugates too.
  Tensor twice = full({n / 2 + 1}, 2, v.gy().dtype(), v.gy().device());
  assign(twice[0], 1);
  if (n % 2 == 0) assign(twice[-1], 1);
  return {apply(RealFourier{scale}, v.gy(), {}) * twice};
}

double scale_of(fft::Norm norm, bool inverse, int64_t n) {
  if (norm == fft::Norm::kOrtho) return 1 / std::sqrt(double(n));
  return (norm == fft::Norm::kForward) != inverse ? 1 / double(n) : 1;
}
int64_t checked_length(const char* op, int64_t n, const Tensor& x) {
  if (n < 1) fail(op, "the transformed axis must have elements, not " + std::to_string(n), OneInput(x).in);
  if (n > kLongestFourier) fail(op, "a transform of " + std::to_string(n) + " elements is longer than " + std::to_string(kLongestFourier), OneInput(x).in);
  return n;
}

// What an axis is transformed as.
struct Prepared {
  Tensor x;  // the axis last, `n` elements of it
  int axis;  // where it belongs
};
Prepared prepared(const char* op, const Tensor& x, int64_t elements, int axis) {
  int at = normalize_axis(op, axis, x.rank(), OneInput(x).in);
  return {moveaxis(resized(x, at, elements), at, -1), at};
}
Tensor put_back(const Tensor& y, int axis) { return moveaxis(y, -1, axis); }
int64_t length_of(const char* op, const Tensor& x, int axis) { return x.shape()[normalize_axis(op, axis, x.rank(), OneInput(x).in)]; }

Tensor as_complex(const Tensor& x) { return cast(x, promote(x.dtype() == float64 ? complex128 : complex64, x.dtype())); }
Tensor as_real(const char* op, const Tensor& x) {
  if (is_complex(x.dtype())) fail<DTypeError>(op, "transforms real numbers (fft takes complex ones)", OneInput(x).in);
  return x.dtype() == float64 ? x : cast(x, float32);
}

Tensor complex_transform(const char* op, const Tensor& x, const fft::Options& o, bool inverse) {
  int64_t n = checked_length(op, o.n ? o.n : length_of(op, x, o.axis), x);
  int at = normalize_axis(op, o.axis, x.rank(), OneInput(x).in);
  return apply(Fourier{inverse, scale_of(o.norm, inverse, n), at - x.rank()}, resized(as_complex(x), at, n), {});
}
Tensor real_transform(const char* op, const Tensor& x, const fft::Options& o, bool inverse) {
  Tensor r = as_real(op, x);
  int64_t n = checked_length(op, o.n ? o.n : length_of(op, x, o.axis), x);
  Prepared p = prepared(op, r, n, o.axis);
  return put_back(apply(RealFourier{scale_of(o.norm, inverse, n)}, p.x, {}), p.axis);
}
Tensor to_real_transform(const char* op, const Tensor& x, const fft::Options& o, bool inverse) {
  int64_t n = checked_length(op, o.n ? o.n : 2 * (length_of(op, x, o.axis) - 1), x);
  Prepared p = prepared(op, as_complex(x), n / 2 + 1, o.axis);
  return put_back(apply(InverseRealFourier{n, scale_of(o.norm, inverse, n)}, p.x, {}), p.axis);
}

// The axes that are transformed with their lengths, 0 for as they are.
struct AxisLength {
  int axis;
  int64_t n;
};
std::vector<AxisLength> axes_of(const char* op, const Tensor& x, const fft::OptionsN& o) {
  int count = int(!o.axes.empty() ? o.axes.size() : !o.s.empty() ? o.s.size() : size_t(x.rank()));
  if (!o.s.empty() && o.s.size() != size_t(count))
    fail(op, std::to_string(o.s.size()) + " lengths for " + std::to_string(count) + " axes", OneInput(x).in);
  std::vector<AxisLength> all;
  unsigned seen = 0;
  for (int i = 0; i < count; ++i) {
    int axis = normalize_axis(op, o.axes.empty() ? i - count : o.axes[size_t(i)], x.rank(), OneInput(x).in);
    if (seen >> axis & 1) fail<IndexError>(op, "axis " + std::to_string(axis) + " is named twice", OneInput(x).in);
    seen |= 1u << axis;
    all.push_back({axis, o.s.empty() ? 0 : checked_length(op, o.s[size_t(i)], x)});
  }
  return all;
}
// The last two axes unless others are named.
fft::OptionsN two_axes(fft::OptionsN o) {
  if (o.axes.empty()) o.axes = {-2, -1};
  return o;
}

Tensor complex_transform_n(const char* op, const Tensor& x, const fft::OptionsN& o, bool inverse) {
  Tensor y = as_complex(x);
  std::vector<AxisLength> axes = axes_of(op, x, o);
  for (size_t i = axes.size(); i-- > 0;) y = complex_transform(op, y, {axes[i].n, axes[i].axis, o.norm}, inverse);
  return y;
}
Tensor real_transform_n(const char* op, const Tensor& x, const fft::OptionsN& o) {
  std::vector<AxisLength> axes = axes_of(op, x, o);
  if (axes.empty()) fail(op, "needs an axis", OneInput(x).in);
  Tensor y = real_transform(op, x, {axes.back().n, axes.back().axis, o.norm}, false);
  for (size_t i = axes.size() - 1; i-- > 0;) y = complex_transform(op, y, {axes[i].n, axes[i].axis, o.norm}, false);
  return y;
}
Tensor to_real_transform_n(const char* op, const Tensor& x, const fft::OptionsN& o) {
  std::vector<AxisLength> axes = axes_of(op, x, o);
  if (axes.empty()) fail(op, "needs an axis", OneInput(x).in);
  Tensor y = x;
  for (size_t i = 0; i + 1 < axes.size(); ++i) y = complex_transform(op, y, {axes[i].n, axes[i].axis, o.norm}, true);
  return to_real_transform(op, y, {axes.back().n, axes.back().axis, o.norm}, true);
}

fft::Norm other_way(fft::Norm n) {
  return n == fft::Norm::kBackward ? fft::Norm::kForward : n == fft::Norm::kForward ? fft::Norm::kBackward : n;
}

void check_frequencies(const char* op, int64_t n, double spacing, DType dtype) {
  if (n < 1) throw ShapeError(std::string(op) + ": a transform of " + std::to_string(n) + " elements has no frequencies");
  if (!std::isfinite(1 / spacing)) throw Error(std::string(op) + ": the spacing must not be 0 or NaN");
  if (!is_floating(dtype)) throw DTypeError(std::string(op) + ": a float dtype is needed, not " + name(dtype));
}

Tensor shifted(const char* op, const Tensor& x, const std::vector<int>& axes, bool back) {
  std::vector<int> at = axes;
  for (int i = 0; axes.empty() && i < x.rank(); ++i) at.push_back(i);
  std::vector<int64_t> by;
  for (int a : at) {
    int64_t n = length_of(op, x, a);
    by.push_back(back ? -(n / 2) : n / 2);
  }
  return at.empty() ? x : roll(x, by, at);
}

}  // namespace

namespace fft {

Tensor fft(const Tensor& x, const Options& o, Where where) {
  return formula(where, [&] { return complex_transform("fft", x, o, false); });
}
Tensor ifft(const Tensor& x, const Options& o, Where where) {
  return formula(where, [&] { return complex_transform("ifft", x, o, true); });
}
Tensor rfft(const Tensor& x, const Options& o, Where where) {
  return formula(where, [&] { return real_transform("rfft", x, o, false); });
}
Tensor irfft(const Tensor& x, const Options& o, Where where) {
  return formula(where, [&] { return to_real_transform("irfft", x, o, true); });
}
// A real spectrum swaps the two directions: conjugated, one is the other with the factor on the other side.
Tensor hfft(const Tensor& x, const Options& o, Where where) {
  return formula(where, [&] { return to_real_transform("hfft", conj(x), {o.n, o.axis, other_way(o.norm)}, true); });
}
Tensor ihfft(const Tensor& x, const Options& o, Where where) {
  return formula(where, [&] { return conj(real_transform("ihfft", x, {o.n, o.axis, other_way(o.norm)}, false)); });
}
Tensor fftn(const Tensor& x, const OptionsN& o, Where where) {
  return formula(where, [&] { return complex_transform_n("fftn", x, o, false); });
}
Tensor ifftn(const Tensor& x, const OptionsN& o, Where where) {
  return formula(where, [&] { return complex_transform_n("ifftn", x, o, true); });
}
Tensor rfftn(const Tensor& x, const OptionsN& o, Where where) {
  return formula(where, [&] { return real_transform_n("rfftn", x, o); });
}
Tensor irfftn(const Tensor& x, const OptionsN& o, Where where) {
  return formula(where, [&] { return to_real_transform_n("irfftn", x, o); });
}
Tensor fft2(const Tensor& x, const OptionsN& o, Where where) { return fftn(x, two_axes(o), where); }
Tensor ifft2(const Tensor& x, const OptionsN& o, Where where) { return ifftn(x, two_axes(o), where); }
Tensor rfft2(const Tensor& x, const OptionsN& o, Where where) { return rfftn(x, two_axes(o), where); }
Tensor irfft2(const Tensor& x, const OptionsN& o, Where where) { return irfftn(x, two_axes(o), where); }

Tensor fftfreq(int64_t n, double spacing, DType dtype, Where where) {
  return formula(where, [&] {
    check_frequencies("fftfreq", n, spacing, dtype);
    Tensor k = concat({arange((n + 1) / 2), arange(-(n / 2), 0)});
    return cast(cast(k, float64) / (double(n) * spacing), dtype);
  });
}
Tensor rfftfreq(int64_t n, double spacing, DType dtype, Where where) {
  return formula(where, [&] {
    check_frequencies("rfftfreq", n, spacing, dtype);
    return cast(cast(arange(n / 2 + 1), float64) / (double(n) * spacing), dtype);
  });
}
Tensor fftshift(const Tensor& x, const std::vector<int>& axes, Where where) {
  return formula(where, [&] { return shifted("fftshift", x, axes, false); });
}
Tensor ifftshift(const Tensor& x, const std::vector<int>& axes, Where where) {
  return formula(where, [&] { return shifted("ifftshift", x, axes, true); });
}

}  // namespace fft
}  // namespace reel
