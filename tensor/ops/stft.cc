// The short-time Fourier transform and its inverse, from windows over the signal.
#include <algorithm>
#include <cmath>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/arrange.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/fft.h"
#include "tensor/ops/index.h"
#include "tensor/ops/join.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel::fft {
namespace {

struct Frames {
  int64_t size, hop;
  Tensor window;
};
Frames checked(const char* op, const StftOptions& o, const Tensor& x, DType dtype) {
  const Tensor* in[] = {&x};
  Inputs operand(in, 1);
  Frames f{o.size, o.hop ? o.hop : std::max<int64_t>(1, o.size / 4), {}};
  constexpr int64_t kLongest = int64_t(1) << 30;
  if (f.size < 1 || f.hop < 1 || f.size > kLongest || f.hop > kLongest)
    fail(op, "frames of " + std::to_string(o.size) + " samples every " + std::to_string(o.hop) + ": both must be positive and at most 2^30", operand);
  if (o.window && !(o.window.shape() == Shape{f.size}))
    fail(op, "the window must be [" + std::to_string(f.size) + "], not " + to_string(o.window.shape()), operand);
  f.window = o.window ? cast(o.window, dtype) : ones({f.size}, dtype, x.device());
  return f;
}

}  // namespace

Tensor stft(const Tensor& x, const StftOptions& o, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    Inputs operand(in, 1);
    if (is_complex(x.dtype())) fail<DTypeError>("stft", "transforms real signals", operand);
    if (x.rank() == 0) fail("stft", "a signal has an axis of samples", operand);
    Tensor signal = x.dtype() == float64 ? x : cast(x, float32);
    Frames f = checked("stft", o, x, signal.dtype());
    if (o.center) {
      int64_t half = f.size / 2;
      if (half >= x.shape()[-1]) fail("stft", "a frame of " + std::to_string(f.size) + " cannot be centred on so short a signal", operand);
      std::vector<std::pair<int64_t, int64_t>> widths(static_cast<size_t>(x.rank()));
      widths.back() = {half, half};
      signal = pad(signal, widths, "reflect");
    }
    if (signal.shape()[-1] < f.size)
      fail("stft", std::to_string(x.shape()[-1]) + " samples do not fill a frame of " + std::to_string(f.size), operand);
    Tensor frames = sliding_window_view(signal, {f.size}, {-1})[{ellipsis, slice({}, {}, f.hop), slice()}];
    Tensor z = rfft(frames * f.window, {.norm = o.normalized ? Norm::kOrtho : Norm::kBackward});
    return moveaxis(z, -1, -2);
  });
}

Tensor istft(const Tensor& z, const StftOptions& o, int64_t samples, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&z};
    Inputs operand(in, 1);
    if (!is_complex(z.dtype())) fail<DTypeError>("istft", "needs the complex coefficients of stft", operand);
    DType t = part_dtype(z.dtype());
    Frames f = checked("istft", o, z, t);
    if (z.rank() < 2 || z.shape()[-2] != f.size / 2 + 1 || z.shape()[-1] == 0)
      fail("istft", "needs [..., " + std::to_string(f.size / 2 + 1) + ", frames] for frames of " + std::to_string(f.size), operand);
    int64_t count = z.shape()[-1], length = f.size + f.hop * (count - 1);
    Tensor frames = irfft(moveaxis(z, -1, -2), {.n = f.size, .norm = o.normalized ? Norm::kOrtho : Norm::kBackward}) * f.window;
    // Frames add up where they overlap, and so do the squares of their windows.
    Tensor at = expand_dims(arange(count) * f.hop, 1) + arange(f.size);
    Shape s;
    for (int i = 0; i + 2 < z.rank(); ++i) s.push(z.shape()[i]);
    s.push(length);
    Tensor signal = scatter_add(s, at, frames, s.rank() - 1);
    Tensor weight = scatter_add(Shape{length}, at, broadcast_to(square(f.window), {count, f.size}));
    int64_t begin = o.center ? f.size / 2 : 0, end = samples ? begin + samples : length - begin;
    if (end > length) fail("istft", std::to_string(count) + " frames do not cover " + std::to_string(samples) + " samples", operand);
    signal = slice_axis(signal, s.rank() - 1, begin, end - begin);
    weight = slice_axis(weight, 0, begin, end - begin);
    if (weight.size() && min(detach(weight)).item() < 1e-11)
      fail<Error>("istft", "the windows leave samples without weight: the signal is not determined there", operand);
    return signal / weight;
  });
}

}  // namespace reel::fft
