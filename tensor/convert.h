#pragma once
// One value in another dtype, on the host and in GPU kernels. Floats become integers by saturation, NaN becomes 0. A complex number
// becomes another one or a bool: which real number it should be, the caller has to say.
#include <limits>

#include "tensor/dtype.h"
#include "tensor/half.h"

namespace reel {

template <class To, class From> REEL_HD To convert(From x) {
  if constexpr (std::is_same_v<To, From>) return x;  // bit by bit, NaN of 16-bit floats too
  else if constexpr (is_complex_type<To> && is_complex_type<From>) {
    using R = decltype(To::re);
    return To(R(x.re), R(x.im));
  } else if constexpr (is_complex_type<To>) return To(convert<decltype(To::re)>(x));
  else if constexpr (is_complex_type<From>) return x.re != 0 || x.im != 0;
  else if constexpr (std::is_same_v<From, Half>) return convert<To>(half_to_float(x.bits));
  else if constexpr (std::is_same_v<From, BFloat16>) return convert<To>(bfloat_to_float(x.bits));
  else if constexpr (std::is_same_v<To, Half>) { Half h; h.bits = float_to_half(float(x)); return h; }
  else if constexpr (std::is_same_v<To, BFloat16>) { BFloat16 h; h.bits = float_to_bfloat(float(x)); return h; }
  else if constexpr (std::is_same_v<To, bool>) return x != From(0);
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From low = From(std::numeric_limits<To>::min()), high = From(std::numeric_limits<To>::max());
    return x != x ? To(0) : x <= low ? std::numeric_limits<To>::min() : x >= high ? std::numeric_limits<To>::max() : To(x);
  } else return To(x);
}

}  // namespace reel
