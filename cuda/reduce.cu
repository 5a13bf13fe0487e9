// Sums over any axes. Their order depends on shape and strides alone, without atomics: the same bits in every run. Each block
// adds a chunk of the elements of a few outputs; where an output has several chunks, a second launch adds those up.
#include <algorithm>
#include <bit>

#include "cuda/device.h"
#include "tensor/gpu/launch.cuh"
#include "tensor/ops/reduce_ops.h"

namespace reel::gpu {
namespace {

// Where the elements of a walk of any size stand in its one operand.
struct Places {
  int rank;
  bool small;
  Divisor dims[kMaxRank];
  int64_t wide_dims[kMaxRank], strides[kMaxRank] = {};

  explicit Places(const Walk& w) : rank(w.rank), small(w.size <= kLargestWalk) {
    for (int i = 0; i < rank; ++i) {
      if (small) dims[i] = Divisor(uint32_t(w.dims[i]));
      wide_dims[i] = w.dims[i];
      strides[i] = w.strides[0][i];
    }
  }
  __device__ int64_t at(int64_t i) const {
    int64_t place = 0;
    for (int a = rank - 1; a > 0; --a) {
      int64_t rest = small ? int64_t(dims[a].divide(uint32_t(i))) : i / wide_dims[a];
      place += (i - rest * wide_dims[a]) * strides[a];
      i = rest;
    }
    return place + i * strides[0];
  }
};

// How a reduction is spread: of a block's threads `lanes` share an output, and neighbouring threads read neighbours in memory.
struct Spread {
  int lanes;
  bool lanes_are_neighbours;  // else neighbouring threads belong to neighbouring outputs
  int64_t chunks, chunk;      // an output's elements in chunks, one a block
};

Spread spread_over(const Walk& kept, const Walk& reduced) {
  constexpr int64_t kWantedBlocks = 1024, kLeastPerLane = 16, kMostPerLane = 1024, kMostChunks = 65535;
  auto innermost = [](const Walk& w) { return w.rank ? std::abs(w.strides[0][w.rank - 1]) : INT64_MAX; };
  auto ceil2 = [](int64_t n) { return int64_t(std::bit_ceil(uint64_t(n))); };
  Spread s;
  int64_t n = reduced.size, outputs = kept.size;
  s.lanes_are_neighbours = outputs == 1 || innermost(reduced) <= innermost(kept);
  int64_t most_lanes = s.lanes_are_neighbours ? kThreads : kThreads / std::min<int64_t>(32, ceil2(outputs));
  s.lanes = int(std::min(most_lanes, ceil2(std::min<int64_t>(n, kThreads))));
  int64_t per_block = kThreads / s.lanes, blocks = (outputs + per_block - 1) / per_block;
  auto parts = [&](int64_t per_lane) { return (n + s.lanes * per_lane - 1) / (s.lanes * per_lane); };
  // Enough blocks to fill a GPU, none with too little to do, and no sum of so many terms in a row that rounding shows.
  s.chunks = std::min({std::max(std::min((kWantedBlocks + blocks - 1) / blocks, parts(kLeastPerLane)), parts(kMostPerLane)), kMostChunks});
  s.chunk = (n + s.chunks - 1) / s.chunks;
  return s;
}

template <class Out, class Sum, class In>
__global__ void __launch_bounds__(kThreads)
    sum_kernel(Out* y, const In* x, const __grid_constant__ Places kept, const __grid_constant__ Places reduced, int64_t outputs, int64_t n, Spread s) {
  __shared__ Sum partial[kThreads];
  int t = int(threadIdx.x), per_block = kThreads / s.lanes;
  int lane = s.lanes_are_neighbours ? t % s.lanes : t / per_block, mine = s.lanes_are_neighbours ? t / s.lanes : t % per_block;
  int64_t output = int64_t(blockIdx.x) * per_block + mine;
  Sum sums[4] = {};
  if (output < outputs) {
    const In* from = x + kept.at(output);
    int64_t begin = int64_t(blockIdx.y) * s.chunk, end = begin + s.chunk < n ? begin + s.chunk : n;
    for (int64_t i = begin + lane; i < end; i += 4 * s.lanes) {
#pragma unroll
      for (int k = 0; k < 4; ++k)
        if (i + k * s.lanes < end) sums[k] += convert<Sum>(from[reduced.at(i + k * s.lanes)]);
    }
  }
  partial[t] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  int apart = s.lanes_are_neighbours ? 1 : per_block;
  for (int half = s.lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) partial[t] += partial[t + half * apart];
  }
  if (lane == 0 && output < outputs) y[output * s.chunks + blockIdx.y] = convert<Out>(partial[t]);
}

template <class Out, class Total, class In> void launch_sum(Out* y, const In* x, const Walk& kept, const Walk& reduced, const Spread& s, cudaStream_t stream) {
  int64_t per_block = kThreads / s.lanes;
  dim3 blocks(unsigned((kept.size + per_block - 1) / per_block), unsigned(s.chunks));
  sum_kernel<Out, Total, In><<<blocks, kThreads, 0, stream>>>(y, x, Places(kept), Places(reduced), kept.size, reduced.size, s);
  check_launch(Sum::name, stream);
}

template <class Out, class Total, class In> void run_sum(const Tensor& out, const Tensor& x, const Walk& kept, const Walk& reduced) {
  cudaStream_t stream = stream_of(out.device());
  Spread s = spread_over(kept, reduced);
  if (s.chunks == 1) return launch_sum<Out, Total>(out.raw<Out>(), x.raw<const In>(), kept, reduced, s, stream);
  Tensor partial(new_body(Shape{kept.size, s.chunks}, dtype_of<Total>(), out.device(), {}));
  launch_sum<Total, Total>(partial.raw<Total>(), x.raw<const In>(), kept, reduced, s, stream);
  Walk rows, row;
  rows.operands = row.operands = 1;
  const int64_t one = 1;
  rows.push(kept.size, &s.chunks);
  row.push(s.chunks, &one);
  Spread last = spread_over(rows, row);
  last.chunks = 1, last.chunk = s.chunks;
  launch_sum<Out, Total>(out.raw<Out>(), partial.raw<const Total>(), rows, row, last, stream);
}

REEL_KERNEL(Sum, kCuda) {
  const Body& x = in[0].body();
  if (out[0].size() == 0) return;
  if (x.size == 0) {
    cudaStream_t stream = stream_of(out[0].device());
    return check(cudaMemsetAsync(out[0].raw(), 0, size_t(out[0].bytes()), stream), "cudaMemsetAsync");
  }
  Walk kept, reduced;
  kept.operands = reduced.operands = 1;
  for (int i = 0; i < x.shape.rank(); ++i) (op.mask >> i & 1 ? reduced : kept).push(x.shape[i], &x.strides[i]);
  visit(x.dtype, [&]<class In>(In*) {
    if constexpr (std::is_same_v<In, double>) run_sum<double, double, In>(out[0], in[0], kept, reduced);
    else if constexpr (std::is_integral_v<In>) run_sum<int64_t, int64_t, In>(out[0], in[0], kept, reduced);
    else run_sum<In, float, In>(out[0], in[0], kept, reduced);
  });
}

}  // namespace
}  // namespace reel::gpu
