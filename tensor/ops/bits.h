#pragma once
// Bitwise operations on integers and, where they mean something, on bool.
#include "tensor/ops/elementwise.h"

namespace reel {

#define REEL_BITWISE(Op, fn, sign)                                                            \
  struct Op : Binary<Op> {                                                                    \
    static constexpr const char* name = #fn;                                                  \
    static constexpr Types types = Types(kInts | kBools);                                     \
    Spec infer(Inputs in) const { return integer_spec(name, in, true); }                      \
    template <class T> REEL_HD T value(T a, T b) const { return T(a sign b); }                \
    Grads vjp(const Vjp&) const { return {}; }                                                \
  };                                                                                          \
  inline Tensor operator sign(Operand a, Operand b) { return combine(Op{}, a, b); }           \
  inline Tensor fn(Operand a, Operand b) { return combine(Op{}, a, b); }
REEL_BITWISE(BitwiseAnd, bitwise_and, &)
REEL_BITWISE(BitwiseOr, bitwise_or, |)
REEL_BITWISE(BitwiseXor, bitwise_xor, ^)
#undef REEL_BITWISE

struct BitwiseNot : Elementwise<BitwiseNot> {
  static constexpr const char* name = "bitwise_not";
  static constexpr Types types = Types(kInts | kBools);
  Spec infer(Inputs in) const { return integer_spec(name, in, true); }
  template <class T> REEL_HD T value(T x) const {
    if constexpr (std::is_same_v<T, bool>) return !x;
    else return T(~x);
  }
  Grads vjp(const Vjp&) const { return {}; }
};
inline Tensor operator~(Operand x) { return apply(BitwiseNot{}, *x.tensor, x.where); }
inline Tensor bitwise_not(const Tensor& x, REEL_W) { return apply(BitwiseNot{}, x, where); }

// x * 2^by, bits that leave are lost; by at least the dtype's width gives 0, a negative one too.
struct LeftShift : Binary<LeftShift> {
  static constexpr const char* name = "left_shift";
  static constexpr Types types = kInts;
  Spec infer(Inputs in) const { return integer_spec(name, in, false); }
  template <class T> REEL_HD T value(T x, T by) const {
    using U = std::make_unsigned_t<T>;
    return U(by) < sizeof(T) * 8 ? T(uint64_t(U(x)) << U(by)) : T(0);
  }
  Grads vjp(const Vjp&) const { return {}; }
};
inline Tensor left_shift(Operand x, Operand by) { return combine(LeftShift{}, x, by); }
// floor(x / 2^by); by at least the dtype's width, or negative, gives 0, and -1 for a negative x.
struct RightShift : Binary<RightShift> {
  static constexpr const char* name = "right_shift";
  static constexpr Types types = kInts;
  Spec infer(Inputs in) const { return integer_spec(name, in, false); }
  template <class T> REEL_HD T value(T x, T by) const {
    using U = std::make_unsigned_t<T>;
    return U(by) < sizeof(T) * 8 ? T(x >> U(by)) : x < T(0) ? T(-1) : T(0);
  }
  Grads vjp(const Vjp&) const { return {}; }
};
inline Tensor right_shift(Operand x, Operand by) { return combine(RightShift{}, x, by); }

using BitsOps = OpList<BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot, LeftShift, RightShift>;

}  // namespace reel
