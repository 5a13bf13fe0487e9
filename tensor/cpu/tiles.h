#pragma once
// What loops with sums in registers share, in files that are compiled once per instruction-set level. In an anonymous namespace, so that no
// level's code can stand in for another's.
#include <cstdint>

namespace reel {
namespace {

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
// a / b rounded up, for a >= 0.
inline int64_t whole(int64_t a, int64_t b) { return (a + b - 1) / b; }

// f<N>() with N = n, 1 <= n <= Most.
template <int Most, class G> [[gnu::always_inline]] inline void with_number(int64_t n, G&& f) {
  if constexpr (Most > 1)
    if (n < Most) return with_number<Most - 1>(n, f);
  f.template operator()<Most>();
}

}  // namespace
}  // namespace reel
