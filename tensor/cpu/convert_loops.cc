// Compiled once per instruction-set level.
#include "tensor/cpu/convert_loops.h"

#include "tensor/convert.h"
#include "tensor/cpu/half_vector.h"
#include "tensor/cpu/level.h"

namespace reel {
namespace {

template <class To, class From> void convert_loop(void* to, const void* from, int64_t n) {
  To* y = static_cast<To*>(to);
  const From* x = static_cast<const From*>(from);
#if defined(__F16C__)
  // An instruction that the compiler does not find. Its opposite is not for here: of a signalling NaN it makes another.
  if constexpr (std::is_same_v<To, Half> && std::is_same_v<From, float>) {
    const int64_t whole = n / kWide<float> * kWide<float>;
    for (int64_t i = 0; i < whole; i += kWide<float>) store<V<float>>(y + i, load<V<float>>(x + i));
    x += whole, y += whole, n -= whole;
  }
#endif
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = convert<To>(x[i]);
}

}  // namespace

void REEL_LEVEL_FUNCTION(convert_loops)() {
  for (int f = 0; f < kDTypes; ++f)
    visit_any(DType(f), [&]<class From>(From*) {
      for (int t = 0; t < kDTypes; ++t)
        visit_any(DType(t), [&]<class To>(To*) {
          if constexpr (!is_complex_type<From> || is_complex_type<To> || std::is_same_v<To, bool>) convert_loops.at[f][t] = &convert_loop<To, From>;
        });
    });
}

}  // namespace reel
