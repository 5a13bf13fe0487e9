#pragma once
// The loops behind the limit rows, once per instruction-set level.
#include <cstdint>

namespace reel::bench {

struct LimitLoops {
  void (*add)(const float* a, const float* b, float* c, int64_t n);
  float (*read)(const float* a, int64_t n);
  // Past the caches: what is written is not read first. c is aligned to 64 bytes.
  void (*copy_streaming)(const float* a, float* c, int64_t n);
  void (*add_streaming)(const float* a, const float* b, float* c, int64_t n);
  float (*multiply_add)(int64_t steps);
  int flops;  // of a step of multiply_add
};
extern LimitLoops limit_loops;

}  // namespace reel::bench
