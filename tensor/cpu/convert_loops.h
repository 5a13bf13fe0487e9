#pragma once
// Loops that change a dtype, and the table of them. Floats become integers by saturation, NaN becomes 0.
#include <limits>

#include "tensor/cpu/loop.h"
#include "tensor/half.h"

namespace reel {

struct ConvertLoops {
  void (*at[kDTypes][kDTypes])(void* to, const void* from, int64_t n);  // [from][to]
};
extern ConvertLoops convert_loops;

namespace {

template <class To, class From> [[gnu::always_inline]] inline To convert(From x) {
  if constexpr (std::is_same_v<From, Half>) return convert<To>(half_to_float(x.bits));
  else if constexpr (std::is_same_v<From, BFloat16>) return convert<To>(bfloat_to_float(x.bits));
  else if constexpr (std::is_same_v<To, Half>) { Half h; h.bits = float_to_half(float(x)); return h; }
  else if constexpr (std::is_same_v<To, BFloat16>) { BFloat16 h; h.bits = float_to_bfloat(float(x)); return h; }
  else if constexpr (std::is_same_v<To, bool>) return x != From(0);
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From low = From(std::numeric_limits<To>::min()), high = From(std::numeric_limits<To>::max());
    return x != x ? To(0) : x <= low ? std::numeric_limits<To>::min() : x >= high ? std::numeric_limits<To>::max() : To(x);
  } else return To(x);
}

template <class To, class From> void convert_loop(void* to, const void* from, int64_t n) {
  To* y = static_cast<To*>(to);
  const From* x = static_cast<const From*>(from);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = convert<To>(x[i]);
}

inline void install_convert_loops() {
  for (int f = 0; f < kDTypes; ++f)
    visit(DType(f), [&]<class From>(From*) {
      for (int t = 0; t < kDTypes; ++t)
        visit(DType(t), [&]<class To>(To*) { convert_loops.at[f][t] = &convert_loop<To, From>; });
    });
}

}  // namespace
}  // namespace reel
