#pragma once
// The innermost loops of elementwise ops: contiguous in, contiguous out, any operand may be one repeated number. Compiled once per
// instruction-set level inside an anonymous namespace, so that no level's code can stand in for another's.
#include <cstdint>

#include "tensor/complex.h"

namespace reel {

// Bit i of `repeated` says that in[i] points to one value for all n.
using Loop = void (*)(const void* op, void* out, const void* const* in, unsigned repeated, int64_t n);

struct LoopInfo {
  Loop at[kDTypes] = {};  // by the dtype it computes in; null where the op is not defined
  int arity = 0, cost = 1;
  bool answers_bool = false, first_is_bool = false;
};
template <class O> struct Loops {
  static inline LoopInfo info;
};


namespace {

template <class O, class T> void elementwise_loop(const void* attributes, void* to, const void* const* in, unsigned repeated, int64_t n) {
  const O op = *static_cast<const O*>(attributes);
  using Out = std::conditional_t<O::answers_bool, bool, T>;
  using First = std::conditional_t<O::first_is_bool, bool, T>;
  Out* out = static_cast<Out*>(to);
  const First* a = static_cast<const First*>(in[0]);
  if constexpr (O::arity == 1) {
    if (repeated & 1) {
      Out y = Out(op.template value<T>(*a));
      for (int64_t i = 0; i < n; ++i) out[i] = y;
    } else {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = Out(op.template value<T>(a[i]));
    }
  } else if constexpr (O::arity == 2) {
    const T* b = static_cast<const T*>(in[1]);
    if (repeated == 0) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = Out(op.template value<T>(a[i], b[i]));
    } else if (repeated == 1) {
      T x = *a;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = Out(op.template value<T>(x, b[i]));
    } else if (repeated == 2) {
      T y = *b;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = Out(op.template value<T>(a[i], y));
    } else {
      Out z = Out(op.template value<T>(*a, *b));
      for (int64_t i = 0; i < n; ++i) out[i] = z;
    }
  } else {
    const T *b = static_cast<const T*>(in[1]), *c = static_cast<const T*>(in[2]);
    int64_t sa = !(repeated & 1), sb = !(repeated & 2), sc = !(repeated & 4);
    if (repeated == 0) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = Out(op.template value<T>(a[i], b[i], c[i]));
    } else if (repeated == 1) {
      First x = *a;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = Out(op.template value<T>(x, b[i], c[i]));
    } else {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = Out(op.template value<T>(a[i * sa], b[i * sb], c[i * sc]));
    }
  }
}

template <class O> void install_loops() {
  LoopInfo& info = Loops<O>::info;
  info.arity = O::arity;
  info.cost = O::cost;
  info.answers_bool = O::answers_bool;
  info.first_is_bool = O::first_is_bool;
  constexpr int types = O::types;
  if constexpr (types & 1) {
    info.at[int(DType::kF32)] = info.at[int(DType::kF16)] = info.at[int(DType::kBF16)] = &elementwise_loop<O, float>;
    info.at[int(DType::kF64)] = &elementwise_loop<O, double>;
  }
  if constexpr (types & 2) {
    info.at[int(DType::kU8)] = &elementwise_loop<O, uint8_t>;
    info.at[int(DType::kI8)] = &elementwise_loop<O, int8_t>;
    info.at[int(DType::kI16)] = &elementwise_loop<O, int16_t>;
    info.at[int(DType::kI32)] = &elementwise_loop<O, int32_t>;
    info.at[int(DType::kI64)] = &elementwise_loop<O, int64_t>;
  }
  if constexpr (types & 8) {
    info.at[int(DType::kC64)] = &elementwise_loop<O, Complex64>;
    info.at[int(DType::kC128)] = &elementwise_loop<O, Complex128>;
  }
  if constexpr (types & 4) info.at[int(DType::kBool)] = &elementwise_loop<O, bool>;
}

}  // namespace
}  // namespace reel
