#pragma once
// Elementwise loops that may call vector functions (tensor/cpu/vector_math.h). An element's bits must not depend on where it stands, nor on
// whether an operand is repeated: all elements go through one piece of machine code, a register's worth at a time, with no remainder and
// nothing of a repeated operand computed beforehand. In an anonymous namespace, as all that is compiled once per instruction-set level.
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tensor/cpu/vector.h"
#include "tensor/cpu/vector_math.h"

namespace reel {
namespace {

// Every op that costs more than an addition may call them, but for floats of those that say they do not.
template <class O, class T>
constexpr bool goes_by_blocks = (O::cost > 1) && !std::is_integral_v<T> && !(O::own_floats && std::is_same_v<T, float>);
template <class T> constexpr int64_t kBlock = kRegister / int64_t(sizeof(T));

// n is a multiple of kBlock. noipa: no copy of this code is made for some callers. unroll 1: unrolled before it is vectorized a block would be
// lines of scalar calls, and the loop over blocks vectorized with a remainder.
template <class O, class T, class Out, class... X> [[gnu::noipa]] void whole_blocks(const void* attributes, int64_t n, Out* out, const X*... in) {
  const O op = *static_cast<const O*>(attributes);
  for (int64_t i = 0; i < n; i += kBlock<T>) {
    if constexpr (std::is_same_v<T, float> && requires { op.near_value(*in...); }) {
      // A short cut with the same answers for most operands; where it is none for one of a block, all take the long way.
      Out block[kBlock<T>];
      int far = 0;
#pragma GCC ivdep
#pragma GCC unroll 1
      for (int64_t j = 0; j < kBlock<T>; ++j) {
        block[j] = op.near_value(in[i + j]...);
        far |= !op.is_near(in[i + j]...);
      }
      if (far) [[unlikely]]
        for (int64_t j = 0; j < kBlock<T>; ++j) block[j] = op.template value<T>(in[i + j]...);
      std::memcpy(out + i, block, sizeof block);
    } else {
#pragma GCC ivdep
#pragma GCC unroll 1
      for (int64_t j = 0; j < kBlock<T>; ++j) out[i + j] = Out(op.template value<T>(in[i + j]...));
    }
  }
}

// An operand in whole blocks: of one repeated number copies, and of the others' last part a copy padded with its last element.
template <class X, int64_t block> class BlockOperand {
 public:
  static constexpr int64_t kCopies = 16 * block;
  BlockOperand(const X* p, bool repeated, int64_t n) : p_(p), repeated_(repeated) {
    if (repeated)
      for (int64_t j = 0; j < kCopies && j < n + block; ++j) buffer_[j] = *p;
  }
  const X* at(int64_t i) const { return repeated_ ? buffer_ : p_ + i; }
  const X* last(int64_t i, int64_t rest) {
    if (!repeated_)
      for (int64_t j = 0; j < block; ++j) buffer_[j] = p_[i + (j < rest ? j : rest - 1)];
    return buffer_;
  }

 private:
  const X* p_;
  bool repeated_;
  alignas(64) X buffer_[kCopies];
};

template <class O, class T, class Out, class... Operand> void run_blocks(const void* op, bool repeats, int64_t n, Out* out, Operand&&... x) {
  constexpr int64_t block = kBlock<T>;
  const int64_t whole = n / block * block, rest = n - whole, step = repeats ? 16 * block : whole;
  for (int64_t i = 0; i < whole; i += step) whole_blocks<O, T>(op, step < whole - i ? step : whole - i, out + i, x.at(i)...);
  if (rest == 0) return;
  alignas(64) Out part[block];
  whole_blocks<O, T>(op, block, part, x.last(whole, rest)...);
  for (int64_t j = 0; j < rest; ++j) out[whole + j] = part[j];
}
template <class O, class T, class Out, class A> void block_loop(const void* op, unsigned repeated, int64_t n, Out* out, const A* a) {
  run_blocks<O, T>(op, repeated, n, out, BlockOperand<A, kBlock<T>>(a, repeated, n));
}
template <class O, class T, class Out, class A, class B>
void block_loop(const void* op, unsigned repeated, int64_t n, Out* out, const A* a, const B* b) {
  run_blocks<O, T>(op, repeated, n, out, BlockOperand<A, kBlock<T>>(a, repeated & 1, n), BlockOperand<B, kBlock<T>>(b, repeated & 2, n));
}

}  // namespace
}  // namespace reel
