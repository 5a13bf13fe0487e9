#pragma once
// A user's function of numbers as an op: one pass over memory forward, one node on the tape, and its gradient without writing it down.
//
//   auto swish = map([](auto x) { return x / (1.f + exp(-x)); });
//   Tensor y = swish(x);
//
// The function is called with a number type for which operators, comparisons and the functions of tensor/map_number.h are defined; with
// dual numbers it yields its derivatives. One or two operands; they broadcast, floats compute in their dtype (16-bit ones in float32),
// integers as float32. It may capture numbers by value, but no tensors. Derivatives exist up to the third order.
//
// A GPU runs it too where nvcc compiles this file and the function is a plain struct: CUDA has no kernels of generic lambdas.
//
//   struct Swish { REEL_HD auto operator()(auto x) const { return x / (1.f + exp(-x)); } };
//   auto swish = map(Swish());
#include <array>

#include "tensor/cpu/elementwise.h"
#include "tensor/cpu/level.h"
#include "tensor/map_number.h"
#include "tensor/ops/arithmetic.h"
#ifdef __CUDACC__
#include "tensor/backend.h"
#include "tensor/gpu/elementwise.cuh"
#endif

// What nvcc compiles has another name: else a struct that files of both kinds give to map would have the kernels of whichever file the
// linker took.
#ifdef __CUDACC__
#define REEL_MAP_NAMESPACE with_cuda
#else
#define REEL_MAP_NAMESPACE on_cpu
#endif

namespace reel {
namespace detail {
inline namespace REEL_MAP_NAMESPACE {

// f, or its derivative by the operands that `By` lists, times one more operand. A gradient rule of linear things in its last operand and
// of f's next derivative in the others: the same op again.
template <class F, int N, int... By> struct Map : Elementwise<Map<F, N, By...>> {
  static constexpr const char* name = "map";
  static constexpr Keep keep = kIn;
  static constexpr int order = sizeof...(By);
  static constexpr int arity = N + (order > 0);
  static constexpr int cost = 8 << order;
  F f;
  explicit Map(const F& function) : f(function) {}

  // The loops of this op, made when it is first called.
  static void install();
  static Tensor call(const F& f, const std::array<Tensor, size_t(arity)>& x, Where where) {
    install();
    const Tensor* in[arity];
    for (int i = 0; i < arity; ++i) in[i] = &x[size_t(i)];
    return apply(Map(f), Inputs(in, arity), where);
  }

  template <class T, class... X> REEL_HD T value(T first, X... rest) const {
    const T all[] = {first, T(rest)...};
    using R = MapNumber<T, order>;
    constexpr int by[] = {By..., -1};
    R x[N];
    for (int i = 0; i < N; ++i) x[i] = R::seeded(all[i], i, by);
    R y;
    if constexpr (N == 1) y = called(x[0]);
    else y = called(x[0], x[1]);
    if constexpr (order == 0) return y.top();
    else return all[N] * y.top();
  }
  // nvcc warns of a struct whose operator lacks REEL_HD; it shall not of a lambda, which no kernel calls.
  template <class... R>
    requires std::is_aggregate_v<F>
  REEL_HD auto called(R... x) const {
    return f(x...);
  }
#ifdef __CUDACC__
#pragma nv_exec_check_disable
#endif
  template <class... R> REEL_HD auto called(R... x) const { return f(x...); }
  Grads vjp(const Vjp& v) const {
    std::array<Tensor, size_t(N + 1)> in;
    for (int i = 0; i < N; ++i) in[size_t(i)] = v.in(i);
    Tensor to[N + 1];
    if constexpr (order < 3) {
      in[N] = order == 0 ? v.gy() : v.gy() * v.in(arity - 1);
      if (v.needs(0)) to[0] = by<0>(in);
      if constexpr (N == 2)
        if (v.needs(1)) to[1] = by<1>(in);
    } else if (v.needs(0) || (N == 2 && v.needs(1))) {
      throw TapeError("map: derivatives of the fourth order are not defined (write the function in ops)");
    }
    if constexpr (order > 0)
      if (v.needs(N)) in[N] = v.gy(), to[N] = call(f, in, {});
    if constexpr (N == 1) return order ? Grads(to[0], to[1]) : Grads(to[0]);
    else return order ? Grads(to[0], to[1], to[2]) : Grads(to[0], to[1]);
  }
  // The order in which one derives does not matter: the operands are kept sorted, so that there are fewer ops.
  template <int J> Tensor by(const std::array<Tensor, size_t(N + 1)>& in) const {
    constexpr int ones = (0 + ... + (By == 1)) + (J == 1), zeros = order + 1 - ones;
    if constexpr (zeros == 0) return sorted(std::integer_sequence<int>{}, std::make_index_sequence<ones>{}, in);
    else return sorted(std::make_integer_sequence<int, zeros>{}, std::make_index_sequence<ones>{}, in);
  }
  template <int... Zero, size_t... One>
  Tensor sorted(std::integer_sequence<int, Zero...>, std::index_sequence<One...>, const std::array<Tensor, size_t(N + 1)>& in) const {
    return Map<F, N, (Zero * 0)..., int(One * 0 + 1)...>::call(f, in, {});
  }
};

// What stands in for the CUDA kernel where there is none.
inline void map_without_kernel(const void*, Inputs in, Tensor*) {
  fail<DeviceError>("map", "no cuda kernel (has: cpu): for one, give map a plain struct instead of a lambda, in a file that nvcc compiles", in);
}
#ifdef __CUDACC__
template <class O> void map_kernel(const void* op, Inputs in, Tensor* out) {
  static const gpu::Launchers launchers = gpu::launchers_of<O>();
  backend(out[0].device()).elementwise(O::name, launchers, op, in, out[0]);
  if (cudaError_t e = cudaGetLastError()) throw DeviceError(std::string("map: ") + cudaGetErrorString(e));
}
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REEL_MAP_LEVELS 1
#endif
#ifdef REEL_MAP_LEVELS
// The loop once more for wider registers, whatever the user's file is compiled for.
template <class O, class T>
[[gnu::target("arch=x86-64-v3"), gnu::optimize("O3", "no-trapping-math"), gnu::flatten]] void map_loop_v3(const void* op, void* out, const void* const* in,
                                                                                                        unsigned repeated, int64_t n) {
  elementwise_loop<O, T>(op, out, in, repeated, n);
}
template <class O, class T>
[[gnu::target("arch=x86-64-v4,prefer-vector-width=512"), gnu::optimize("O3", "no-trapping-math"), gnu::flatten]] void map_loop_v4(
    const void* op, void* out, const void* const* in, unsigned repeated, int64_t n) {
  elementwise_loop<O, T>(op, out, in, repeated, n);
}
#endif

template <class F, int N, int... By> void Map<F, N, By...>::install() {
  static const bool installed = [] {
    install_loops<Map>();
#ifdef REEL_MAP_LEVELS
    if constexpr (order < 2) {
      LoopInfo& info = Loops<Map>::info;
      CpuLevel level = cpu_level();
      if (level != CpuLevel::kBase) {
        bool v4 = level == CpuLevel::kV4;
        info.at[int(DType::kF32)] = info.at[int(DType::kF16)] = info.at[int(DType::kBF16)] = v4 ? &map_loop_v4<Map, float> : &map_loop_v3<Map, float>;
        info.at[int(DType::kF64)] = v4 ? &map_loop_v4<Map, double> : &map_loop_v3<Map, double>;
      }
    }
#endif
    Kernels<Map>::on[int(DeviceType::kCpu)] = &elementwise_kernel<Map>;
    Kernel& cuda = Kernels<Map>::on[int(DeviceType::kCuda)];
    cuda = &map_without_kernel;
#ifdef __CUDACC__
    if constexpr (std::is_aggregate_v<F>) cuda = &map_kernel<Map>;  // no lambda
#endif
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace REEL_MAP_NAMESPACE
}  // namespace detail

inline namespace REEL_MAP_NAMESPACE {

// What map answers: called with one or two tensors, it is the op.
template <class F> struct Mapped {
  F f;
  Tensor operator()(const Tensor& x, Where where = {}) const {
    static_assert(requires(F g, MapNumber<float, 0> n) { g(n); }, "map: the function takes its operands as auto, one here");
    return detail::Map<F, 1>::call(f, {x}, where);
  }
  Tensor operator()(const Tensor& x, const Tensor& y, Where where = {}) const {
    static_assert(requires(F g, MapNumber<float, 0> n) { g(n, n); }, "map: the function takes its operands as auto, two here");
    return detail::Map<F, 2>::call(f, {x, y}, where);
  }
};
template <class F> Mapped<F> map(F f) {
  static_assert(std::is_trivially_copyable_v<F>, "map: the function may capture numbers by value, but no tensors and no references to owners");
  return {f};
}

}  // namespace REEL_MAP_NAMESPACE
}  // namespace reel
#undef REEL_MAP_NAMESPACE
