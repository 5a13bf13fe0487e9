#pragma once
// Discrete Fourier transforms in NumPy's names and conventions, of any length (lengths without large prime factors are fastest).
// float64 and complex128 are transformed as they are; float32, complex64, 16-bit floats and integers give complex64.
#include "tensor/op.h"

namespace reel::fft {

// Where the factor 1 / n goes: to the inverse, in halves (1 / sqrt(n)) to both, or to the forward transform.
enum class Norm : uint8_t { kBackward, kOrtho, kForward };

struct Options {
  int64_t n = 0;  // the axis is cut or filled with zeros to this length first; 0: as long as it is
  int axis = -1;
  Norm norm = Norm::kBackward;
};
// y[k] = sum of x[j] exp(-2 pi i j k / n), and back.
Tensor fft(const Tensor& x, const Options& options = {}, Where where = {});
Tensor ifft(const Tensor& x, const Options& options = {}, Where where = {});
// Of real x, the first n / 2 + 1 coefficients: the others are their conjugates. Complex x throws.
Tensor rfft(const Tensor& x, const Options& options = {}, Where where = {});
// Back to real numbers; n is how many, unless given 2 (m - 1) for m coefficients. The imaginary part of the first coefficient, and of the last
// for an even n, does not count.
Tensor irfft(const Tensor& x, const Options& options = {}, Where where = {});
// The same for a signal whose spectrum is real: hfft gives n real coefficients of the first half of such a signal, ihfft its inverse.
Tensor hfft(const Tensor& x, const Options& options = {}, Where where = {});
Tensor ihfft(const Tensor& x, const Options& options = {}, Where where = {});

struct OptionsN {
  std::vector<int64_t> s;  // lengths by axis; empty: as they are
  std::vector<int> axes;   // empty: all, or the last as many as s has
  Norm norm = Norm::kBackward;
};
// Over several axes, the last one first.
Tensor fftn(const Tensor& x, const OptionsN& options = {}, Where where = {});
Tensor ifftn(const Tensor& x, const OptionsN& options = {}, Where where = {});
Tensor rfftn(const Tensor& x, const OptionsN& options = {}, Where where = {});
Tensor irfftn(const Tensor& x, const OptionsN& options = {}, Where where = {});
// Over the last two axes.
Tensor fft2(const Tensor& x, const OptionsN& options = {}, Where where = {});
Tensor ifft2(const Tensor& x, const OptionsN& options = {}, Where where = {});
Tensor rfft2(const Tensor& x, const OptionsN& options = {}, Where where = {});
Tensor irfft2(const Tensor& x, const OptionsN& options = {}, Where where = {});

// The frequencies of fft's coefficients, [0, 1, ..., -1] / (n spacing), and of rfft's; float32.
Tensor fftfreq(int64_t n, double spacing = 1, DType dtype = float32, Where where = {});
Tensor rfftfreq(int64_t n, double spacing = 1, DType dtype = float32, Where where = {});
// The frequency 0 from the front to the middle, and back; empty axes: all.
Tensor fftshift(const Tensor& x, const std::vector<int>& axes = {}, Where where = {});
Tensor ifftshift(const Tensor& x, const std::vector<int>& axes = {}, Where where = {});

struct StftOptions {
  int64_t size = 512;      // samples of a frame
  int64_t hop = 0;         // from one frame to the next; 0: a quarter of size
  Tensor window;           // [size] weights; an empty handle: ones
  bool center = true;      // frame t is centred on sample t * hop: size / 2 samples are mirrored at both ends
  bool normalized = false; // divides by sqrt(size)
};
// The short-time Fourier transform of real x [..., samples]: [..., size / 2 + 1, frames] as in PyTorch.
Tensor stft(const Tensor& x, const StftOptions& options = {}, Where where = {});
// The signal [..., samples] whose stft is z in the sense of least squares; `samples` 0: as many as the frames cover. Throws where the windows
// leave samples without weight.
Tensor istft(const Tensor& z, const StftOptions& options = {}, int64_t samples = 0, Where where = {});

}  // namespace reel::fft
