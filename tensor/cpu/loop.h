#pragma once
// The innermost loops of elementwise ops: contiguous in, contiguous out, any operand may be one repeated number. Compiled once per
// instruction-set level inside an anonymous namespace, so that no level's code can stand in for another's.
#include <cstdint>

#include "tensor/complex.h"
#include "tensor/cpu/vector_exp.h"
#ifdef REEL_VECTOR_MATH
#include "tensor/cpu/block_loop.h"
#endif

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

// One number as an operand of every element, and an operand that may be one.
template <class X> struct Repeated {
  X value;
  explicit Repeated(const X* p) : value(*p) {}
  X operator[](int64_t) const { return value; }
};
template <class X> struct Strided {
  const X* p;
  int64_t stride;
  Strided(const X* at, bool repeated) : p(at), stride(!repeated) {}
  const X& operator[](int64_t i) const { return p[i * stride]; }
};

template <class O, class T> void elementwise_loop(const void* attributes, void* to, const void* const* in, unsigned repeated, int64_t n) {
  using Out = std::conditional_t<O::answers_bool, bool, T>;
  // Bools are read as bytes where they are compared or choose: GCC does not vectorize a loop that reads bool.
  using In = std::conditional_t<O::answers_bool && std::is_same_v<T, bool>, uint8_t, T>;
  using First = std::conditional_t<O::first_is_bool, uint8_t, In>;
  const O op = *static_cast<const O*>(attributes);
  Out* out = static_cast<Out*>(to);
  const bool alone = repeated + 1 == 1u << O::arity;  // one answer for all
  const int64_t count = alone ? 1 : n;
  if (alone) repeated = 0;
  auto run = [=](auto... x) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) out[i] = Out(op.template value<In>(x[i]...));
  };
  auto choose = [=](const First* a, auto... more) {
#ifdef __AVX512F__
    if constexpr (goes_by_table<O, T>) return table_loop(op, count, out, a);
#endif
#ifdef REEL_VECTOR_MATH
    if constexpr (goes_by_blocks<O, T>) return block_loop<O, T>(attributes, repeated, count, out, a, more...);
#endif
    if (repeated == 0) return run(a, more...);
    if constexpr (O::arity == 2) {
      if (repeated == 1) run(Repeated(a), more...);
      else run(a, Repeated(more)...);
    } else if constexpr (O::arity == 3) {
      [=](const In* b, const In* c) {
        if (repeated == 1) run(Repeated(a), b, c);
        else if (repeated == 2) run(a, Repeated(b), c);
        else if (repeated == 4) run(a, b, Repeated(c));
        else if (repeated == 6) run(a, Repeated(b), Repeated(c));
        else run(Strided(a, repeated & 1), Strided(b, repeated & 2), Strided(c, repeated & 4));
      }(more...);
    }
  };
  auto at = [&](int k) { return static_cast<const In*>(in[k]); };
  const First* a = static_cast<const First*>(in[0]);
  if constexpr (O::arity == 1) choose(a);
  else if constexpr (O::arity == 2) choose(a, at(1));
  else choose(a, at(1), at(2));
  if (!alone) return;
  const Out y = out[0];
  for (int64_t i = 1; i < n; ++i) out[i] = y;
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
