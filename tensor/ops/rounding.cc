#include "tensor/ops/rounding.h"

#include <cmath>

#include "tensor/ops/complex.h"
#include "tensor/ops/copy.h"

namespace reel {

Tensor round(const Tensor& x, int decimals, Where where) {
  return formula(where, [&] {
    if (decimals == 0 || (decimals > 0 && !is_floating(x.dtype()))) return round(x);
    double unit = std::pow(10., std::abs(decimals));
    if (!is_floating(x.dtype())) return cast(round(cast(x, float64) / unit) * unit, x.dtype());
    return decimals > 0 ? round(x * unit) / unit : round(x / unit) * unit;
  });
}
std::pair<Tensor, Tensor> modf(const Tensor& x, Where where) {
  return formula(where, [&] {
    Tensor v = is_floating(x.dtype()) ? x : cast(x, float32), whole = trunc(v);
    return std::pair(reel::where(isinf(v), copysign(0., v), v - whole), whole);
  });
}

Tensor nan_to_num(const Tensor& x, double nan, Where where) {
  double most = part_dtype(x.dtype()) == float64 ? std::numeric_limits<double>::max() : x.dtype() == float16 ? 65504.
              : x.dtype() == bfloat16 ? 0x1.fep127 : double(std::numeric_limits<float>::max());
  return nan_to_num(x, nan, most, -most, where);
}
Tensor nan_to_num(const Tensor& x, double nan, double posinf, double neginf, Where where) {
  if (is_complex(x.dtype()))
    return formula(where, [&] { return complex(nan_to_num(real(x), nan, posinf, neginf), nan_to_num(imag(x), nan, posinf, neginf)); });
  if (!is_floating(x.dtype())) return x;
  return formula(where, [&] { return reel::where(isnan(x), nan, reel::where(isposinf(x), posinf, reel::where(isneginf(x), neginf, x))); });
}

}  // namespace reel
