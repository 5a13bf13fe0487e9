// Casts, copies and fills; a cast also writes into existing tensors (assign).
#include <bit>

#include "cuda/device.h"
#include "tensor/gpu/launch.cuh"
#include "tensor/ops/copy_ops.h"

namespace reel::gpu {
namespace {

template <class To, class From> struct Converted {
  static __device__ To value(From x) { return convert<To>(x); }
};
// The bytes as they are, whatever they mean.
template <class T> struct Moved {
  static __device__ T value(T x) { return x; }
};

template <class F, class To, class From>
__global__ void __launch_bounds__(kThreads) copy_kernel(To* to, const From* from, const __grid_constant__ Axes axes, uint32_t n) {
  for (uint32_t i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) {
    int64_t at[2];
    axes.locate(i, at);
    to[at[1]] = F::value(from[at[0]]);
  }
}
template <class F, class To, class From> void launch_copy(const Tensor& to, const Tensor& from, const char* op) {
  const Body* operands[] = {from.get(), to.get()};
  Walk walk = walk_over(to.shape(), operands, 2);
  cudaStream_t stream = stream_of(to.device());
  const int64_t start[kMostOperands] = {};
  each_part(walk, start, [&](const Walk& part, const int64_t* at) {
    copy_kernel<F><<<blocks_for(part.size), kThreads, 0, stream>>>(to.raw<To>() + at[1], from.raw<const From>() + at[0], Axes(part), uint32_t(part.size));
  });
  check_launch(op, stream);
}

// to = from, broadcast and cast; any strides.
void copy_values(const Tensor& to, const Tensor& from, const char* op) {
  if (to.size() == 0) return;
  if (to.dtype() != from.dtype())
    return visit_any(to.dtype(), [&]<class To>(To*) {
      visit_any(from.dtype(), [&]<class From>(From*) {
        constexpr bool loses = is_complex_type<From> && !is_complex_type<To> && !std::is_same_v<To, bool>;  // the op refuses it
        if constexpr (!std::is_same_v<To, From> && !loses) launch_copy<Converted<To, From>, To, From>(to, from, op);
      });
    });
  if (to.contiguous() && from.contiguous() && to.size() == from.size())
    return check(cudaMemcpyAsync(to.raw(), from.raw(), size_t(to.bytes()), cudaMemcpyDeviceToDevice, stream_of(to.device())), "cudaMemcpyAsync");
  switch (item_size(to.dtype())) {
    case 1: return launch_copy<Moved<uint8_t>, uint8_t, uint8_t>(to, from, op);
    case 2: return launch_copy<Moved<uint16_t>, uint16_t, uint16_t>(to, from, op);
    case 4: return launch_copy<Moved<uint32_t>, uint32_t, uint32_t>(to, from, op);
    case 16: return launch_copy<Moved<Complex128>, Complex128, Complex128>(to, from, op);
    default: return launch_copy<Moved<uint64_t>, uint64_t, uint64_t>(to, from, op);
  }
}

REEL_KERNEL(Cast, kCuda) { copy_values(out[0], in[0], Cast::name); }
REEL_KERNEL(Copy, kCuda) { copy_values(out[0], in[0], Copy::name); }

template <class T> __global__ void __launch_bounds__(kThreads) fill_kernel(T* to, T value, int64_t n) {
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < n; i += int64_t(gridDim.x) * kThreads) to[i] = value;
}

REEL_KERNEL(Fill, kCuda) {
  int64_t n = out[0].size();
  if (n == 0) return;
  cudaStream_t stream = stream_of(out[0].device());
  visit_any(op.dtype, [&]<class T>(T*) {
    using Bits = std::conditional_t<sizeof(T) == 1, uint8_t, std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t,
                                    std::conditional_t<sizeof(T) == 8, uint64_t, Complex128>>>>;
    fill_kernel<<<blocks_for(n), kThreads, 0, stream>>>(out[0].raw<Bits>(), std::bit_cast<Bits>(number<T>(op.value)), n);
  });
  check_launch(Fill::name, stream);
}

}  // namespace
}  // namespace reel::gpu
