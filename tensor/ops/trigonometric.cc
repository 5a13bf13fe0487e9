#include "tensor/ops/trigonometric.h"

#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"

namespace reel {

Tensor sinc(const Tensor& x, Where where) {
  return formula(where, [&] {
    Tensor t = 3.141592653589793 * x, near = abs(t) < 0.2, square_t = square(reel::where(near, t, 0));
    // sum (-1)^k t^2k / (2k + 1)!; at 0.2 the first term left out is 4e-19.
    const double c[] = {1, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800.};
    Tensor series = c[5] + square_t * c[6];
    for (int k = 4; k >= 0; --k) series = c[k] + square_t * series;
    Tensor far = reel::where(near, 1, t);
    return reel::where(near, series, sin(far) / far);
  });
}

}  // namespace reel
