#pragma once
// The innermost loops of random numbers. Element i of the draw with serial s depends on (seed, s, i) alone: Philox4x32-10 (Salmon et
// al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) keyed by the seed, its counter's low half counting blocks, its high
// half s. Sixteen counters make 64 words: word 16 l + j is lane l of counter 16 b + j for block b. An element takes one word, or two
// (lanes 2 h and 2 h + 1, the first on top) where it needs more than 32 bits.
#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/random.h"

namespace reel {

inline constexpr int kRandomWords = 64;  // in a block

// Elements of blocks first_block ... in order, n of them; blocks hold 64 elements, or 32 of float64 and int64.
struct RandomLoops {
  void (*words)(Draw draw, uint64_t first_block, int64_t n, uint32_t* out);
  // The first two, or eight, words of each of n blocks: out[n][2], out[n][8].
  void (*first_two)(Draw draw, uint64_t first_block, int64_t n, uint32_t* out);
  void (*first_eight)(Draw draw, uint64_t first_block, int64_t n, uint32_t* out);
  // low + u (high - low), at most `top`, for u in [0, 1) of as many bits as the dtype's significand; by dtype.
  void (*uniform[kDTypes])(Draw draw, uint64_t first_block, int64_t n, double low, double high, double top, void* out);
  // mean + stddev z for z normal, or normal within [-2, 2]; by dtype.
  void (*normal[kDTypes])(Draw draw, uint64_t first_block, int64_t n, double mean, double stddev, bool truncated, void* out);
  // low + floor(u range) for 64-bit u; range 0 stands for 2^64.
  void (*integers)(Draw draw, uint64_t first_block, int64_t n, int64_t low, uint64_t range, int64_t* out);
  // Whether the word is below threshold, which is at most 2^32.
  void (*below)(Draw draw, uint64_t first_block, int64_t n, uint64_t threshold, bool* out);
  // y = word below threshold ? 0 : x * scale; float32 and float64.
  void (*dropout[kDTypes])(Draw draw, uint64_t first_block, int64_t n, uint64_t threshold, double scale, const void* x, void* y);
};
extern RandomLoops random_loops;

}  // namespace reel
