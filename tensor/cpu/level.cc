#include "tensor/cpu/level.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace reel {

CpuLevel cpu_level() {
  static const CpuLevel level = [] {
    CpuLevel best = CpuLevel::kBase;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) best = CpuLevel::kV3;
    if (best == CpuLevel::kV3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
      best = CpuLevel::kV4;
    const char* asked = std::getenv("REEL_CPU_LEVEL");
    if (asked && std::strcmp(asked, "base") == 0) return CpuLevel::kBase;
    if (asked && std::strcmp(asked, "v3") == 0) return std::min(best, CpuLevel::kV3);
    return best;
  }();
  return level;
}

}  // namespace reel
