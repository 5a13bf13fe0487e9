#pragma once
// Window functions of signal processing: n weights that fall off towards both ends. Without elements for n = 0, one 1 for n = 1; negative n
// throws. Symmetric as in NumPy; periodic ones are the first n of n + 1, as a transform of overlapping frames wants them.
#include "tensor/op.h"

namespace reel {

// 0.5 - 0.5 cos(2 pi k / (n - 1)); numpy.hanning.
Tensor hann(int64_t n, bool periodic = false, DType dtype = float32, Where where = {});
// 0.54 - 0.46 cos(2 pi k / (n - 1)).
Tensor hamming(int64_t n, bool periodic = false, DType dtype = float32, Where where = {});
// 0.42 - 0.5 cos(2 pi k / (n - 1)) + 0.08 cos(4 pi k / (n - 1)).
Tensor blackman(int64_t n, bool periodic = false, DType dtype = float32, Where where = {});
// A triangle: 0 at both ends, 1 in the middle.
Tensor bartlett(int64_t n, bool periodic = false, DType dtype = float32, Where where = {});
// I0(beta sqrt(1 - (2 k / (n - 1) - 1)^2)) / I0(beta): the larger beta, the narrower.
Tensor kaiser(int64_t n, double beta, bool periodic = false, DType dtype = float32, Where where = {});

}  // namespace reel
