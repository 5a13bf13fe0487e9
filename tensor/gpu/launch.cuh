#pragma once
// What every kernel file needs: thread counts, packs of neighbouring elements, and the place of an element in strided operands.
#include "tensor/convert.h"
#include "tensor/gpu/walk.h"

namespace reel::gpu {

inline constexpr int kThreads = 256;
inline constexpr int64_t kMostBlocks = 1 << 16;  // of kernels whose threads go on to further elements

inline unsigned blocks_for(int64_t threads) {
  int64_t blocks = (threads + kThreads - 1) / kThreads;
  return unsigned(blocks < kMostBlocks ? blocks : kMostBlocks);
}

// Neighbouring elements that one thread moves in one instruction.
template <class T, int N> struct alignas(sizeof(T) * N) Pack { T at[N]; };

// Division of a number below 2^31 by one that the host knows: a high product, a sum and a shift (Granlund and Montgomery,
// "Division by invariant integers using multiplication", 1994).
struct Divisor {
  uint32_t by = 1, factor = 1, shift = 0;
  Divisor() = default;
  explicit Divisor(uint32_t d) : by(d) {
    while ((uint64_t(1) << shift) < d) ++shift;
    factor = uint32_t(((uint64_t(1) << 32) * ((uint64_t(1) << shift) - d)) / d + 1);
  }
#ifdef __CUDACC__
  __device__ uint32_t divide(uint32_t n) const { return (__umulhi(n, factor) + n) >> shift; }
#endif
};

// A walk of fewer than 2^31 elements, as a kernel's argument.
struct Axes {
  int rank = 0;
  Divisor dims[kMaxRank];
  int64_t strides[kMostOperands][kMaxRank] = {};

  explicit Axes(const Walk& w) : rank(w.rank) {
    for (int i = 0; i < w.rank; ++i) {
      dims[i] = Divisor(uint32_t(w.dims[i]));
      for (int k = 0; k < w.operands; ++k) strides[k][i] = w.strides[k][i];
    }
  }
#ifdef __CUDACC__
  // Where element i of the walk stands in each of the first N operands.
  template <int N> __device__ void locate(uint32_t i, int64_t (&offset)[N]) const {
#pragma unroll
    for (int k = 0; k < N; ++k) offset[k] = 0;
    for (int a = rank - 1; a > 0; --a) {
      uint32_t rest = dims[a].divide(i);
      int64_t index = i - rest * dims[a].by;
#pragma unroll
      for (int k = 0; k < N; ++k) offset[k] += index * strides[k][a];
      i = rest;
    }
#pragma unroll
    for (int k = 0; k < N; ++k) offset[k] += i * strides[k][0];
  }
#endif
};

inline constexpr int64_t kLargestWalk = (int64_t(1) << 31) - 1;

// f(part, offsets) for parts of the walk that a kernel can count in 32 bits; offsets are where a part starts, by operand.
template <class F> void each_part(const Walk& w, const int64_t* offsets, F&& f) {
  if (w.size <= kLargestWalk) return f(w, offsets);
  int axis = 0;
  for (int i = 1; i < w.rank; ++i)
    if (w.dims[i] > w.dims[axis]) axis = i;
  int64_t half = w.dims[axis] / 2;
  Walk first = w, second = w;
  first.dims[axis] = half;
  second.dims[axis] = w.dims[axis] - half;
  first.size = w.size / w.dims[axis] * first.dims[axis];
  second.size = w.size - first.size;
  int64_t moved[kMostOperands] = {};
  for (int k = 0; k < w.operands; ++k) moved[k] = offsets[k] + half * w.strides[k][axis];
  each_part(first, offsets, f);
  each_part(second, moved, f);
}

}  // namespace reel::gpu
