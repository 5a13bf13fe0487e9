#pragma once
// The table of loops that change a dtype.
#include <cstdint>

#include "tensor/dtype.h"

namespace reel {

struct ConvertLoops {
  void (*at[kDTypes][kDTypes])(void* to, const void* from, int64_t n);  // [from][to]; null from complex to real
};
extern ConvertLoops convert_loops;

}  // namespace reel
