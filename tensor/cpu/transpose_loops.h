#pragma once
// Matrices turned over in registers, whatever their elements mean.
#include <cstdint>

namespace reel {

// Element i of row j becomes element j of row i, for `rows` rows of `columns` elements. Rows start their stride (in bytes) apart, the elements
// of one are neighbours.
using Turn = void (*)(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t rows, int64_t columns);

// By the logarithm of an element's bytes: 1, 2, 4, 8 or 16.
struct TransposeLoops {
  Turn turn[5];
  // Past the caches, where the target would push everything else out of them. For whole lines of 64 bytes: rows that fill them, a target and
  // a stride of it that are multiples of them.
  Turn turn_past[5];
  // What was written past the caches is there before anything that follows.
  void (*fence)();
};
extern TransposeLoops transpose_loops;

}  // namespace reel
