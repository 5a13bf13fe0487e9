#pragma once
// The GPU kernels of an elementwise op, from the same expression as on the CPU: cuda/ compiles them for the library's ops, and a user's
// file that nvcc compiles for its own functions (tensor/map.h). In an anonymous namespace like the loops of the CPU (tensor/cpu/loop.h).
#include "tensor/gpu/elementwise.h"
#include "tensor/gpu/launch.cuh"
#include "tensor/ops/elementwise.h"

namespace reel::gpu {
namespace {

// One element of op O stored as S: f16 and bf16 are computed in float.
template <class O, class S> struct Element {
  using T = std::conditional_t<std::is_same_v<S, Half> || std::is_same_v<S, BFloat16>, float, S>;
  using First = std::conditional_t<O::first_is_bool, bool, S>;
  using Out = std::conditional_t<O::answers_bool, bool, S>;

  static __device__ Out value(const O& op, First a, S b, S c) {
    if constexpr (O::arity == 1) return convert<Out>(op.template value<T>(convert<T>(a)));
    else if constexpr (O::arity == 2) return convert<Out>(op.template value<T>(convert<T>(a), convert<T>(b)));
    else if constexpr (O::first_is_bool) return convert<Out>(op.template value<T>(a, convert<T>(b), convert<T>(c)));
    else return convert<Out>(op.template value<T>(convert<T>(a), convert<T>(b), convert<T>(c)));
  }
};

struct DenseOperands {
  const void* in[3];
  void* out;
  unsigned repeated;
};

// Elements a thread: 16 bytes of the wider operands.
template <class S> constexpr int kPack = sizeof(S) >= 4 ? 16 / int(sizeof(S)) : 8;

template <class T, int N> __device__ void load(Pack<T, N>& to, const void* from, bool repeated, int64_t pack) {
  if (repeated) {
    T value = *static_cast<const T*>(from);
#pragma unroll
    for (int j = 0; j < N; ++j) to.at[j] = value;
  } else {
    to = static_cast<const Pack<T, N>*>(from)[pack];
  }
}

template <class O, class S> __global__ void __launch_bounds__(kThreads) dense_kernel(O op, DenseOperands p, int64_t n) {
  using E = Element<O, S>;
  using First = typename E::First;
  using Out = typename E::Out;
  constexpr int kN = kPack<S>;
  int64_t pack = int64_t(blockIdx.x) * kThreads + threadIdx.x, begin = pack * kN;
  if (begin >= n) return;
  if (begin + kN <= n) {
    Pack<First, kN> a;
    Pack<S, kN> b, c;
    Pack<Out, kN> out;
    load(a, p.in[0], p.repeated & 1, pack);
    if constexpr (O::arity > 1) load(b, p.in[1], p.repeated & 2, pack);
    if constexpr (O::arity > 2) load(c, p.in[2], p.repeated & 4, pack);
#pragma unroll
    for (int j = 0; j < kN; ++j) out.at[j] = E::value(op, a.at[j], b.at[j], c.at[j]);
    static_cast<Pack<Out, kN>*>(p.out)[pack] = out;
    return;
  }
  for (int64_t i = begin; i < n; ++i) {
    auto at = [&](int k) { return p.repeated >> k & 1 ? 0 : i; };
    S b{}, c{};
    if constexpr (O::arity > 1) b = static_cast<const S*>(p.in[1])[at(1)];
    if constexpr (O::arity > 2) c = static_cast<const S*>(p.in[2])[at(2)];
    static_cast<Out*>(p.out)[i] = E::value(op, static_cast<const First*>(p.in[0])[at(0)], b, c);
  }
}

template <class O, class S>
__global__ void __launch_bounds__(kThreads) strided_kernel(O op, DenseOperands p, const __grid_constant__ Axes axes, uint32_t n) {
  using E = Element<O, S>;
  using First = typename E::First;
  using Out = typename E::Out;
  for (uint32_t i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) {
    int64_t at[O::arity + 1];
    axes.locate(i, at);
    S b{}, c{};
    if constexpr (O::arity > 1) b = static_cast<const S*>(p.in[1])[at[1]];
    if constexpr (O::arity > 2) c = static_cast<const S*>(p.in[2])[at[2]];
    static_cast<Out*>(p.out)[at[O::arity]] = E::value(op, static_cast<const First*>(p.in[0])[at[0]], b, c);
  }
}

template <class O, class S> void launch_dense(const ElementwiseCall& call) {
  int64_t n = call.walk->size, packs = (n + kPack<S> - 1) / kPack<S>;
  DenseOperands p{{call.in[0], call.in[1], call.in[2]}, call.out, call.repeated};
  dense_kernel<O, S><<<unsigned((packs + kThreads - 1) / kThreads), kThreads, 0, call.stream>>>(*static_cast<const O*>(call.op), p, n);
}

template <class O, class S> void launch_strided(const ElementwiseCall& call) {
  using E = Element<O, S>;
  const int64_t start[kMostOperands] = {};
  each_part(*call.walk, start, [&](const Walk& part, const int64_t* at) {
    DenseOperands p{{static_cast<const typename E::First*>(call.in[0]) + at[0]}, static_cast<typename E::Out*>(call.out) + at[O::arity], 0};
    for (int k = 1; k < O::arity; ++k) p.in[k] = static_cast<const S*>(call.in[k]) + at[k];
    strided_kernel<O, S><<<blocks_for(part.size), kThreads, 0, call.stream>>>(*static_cast<const O*>(call.op), p, Axes(part), uint32_t(part.size));
  });
}

template <class O, class S> void set(Launchers& of) {
  of.dense[int(dtype_of<S>())] = &launch_dense<O, S>;
  of.strided[int(dtype_of<S>())] = &launch_strided<O, S>;
}
template <class O> Launchers launchers_of() {
  Launchers all;
  if constexpr (O::types & kFloats) set<O, float>(all), set<O, double>(all), set<O, Half>(all), set<O, BFloat16>(all);
  if constexpr (O::types & kInts) set<O, uint8_t>(all), set<O, int8_t>(all), set<O, int16_t>(all), set<O, int32_t>(all), set<O, int64_t>(all);
  if constexpr (O::types & kBools) set<O, bool>(all);
  if constexpr (O::types & kComplex) set<O, Complex64>(all), set<O, Complex128>(all);
  return all;
}

}  // namespace
}  // namespace reel::gpu
