#pragma once
// The scheme of elementwise ops: each is one struct (name, domain, value, gradient rule) and one function. `value` is compiled for
// every instruction-set level of the CPU and for CUDA; inputs broadcast as in NumPy. To add an op: write it in the file of its family
// (arithmetic.h, exponential.h, activation.h ...) and name it in the list at that file's end.
#include "tensor/complex.h"
#include "tensor/op.h"
#include "tensor/ops/create.h"

namespace reel {

// A tensor or a plain number in an expression, with the line of that expression.
struct Operand {
  const Tensor* tensor = nullptr;
  Scalar scalar = 0;
  Where where;
  Operand(const Tensor& t, Where w = {}) : tensor(&t), where(w) {}
  template <class T>
    requires(std::is_arithmetic_v<T> || is_complex_type<T>)
  Operand(T v, Where w = {}) : scalar(v), where(w) {}
  // The number as a tensor of no axes, of the dtype that `other OP number` computes in; throws when it does not fit an integer dtype.
  Tensor like(const Tensor& other) const;
};

// Shape rules. Broadcasting throws ShapeError naming the axis.
Shape broadcast_shapes(const char* op, Inputs in);
Spec same_spec(Inputs in);                                       // one input, its shape and dtype
Spec float_spec(const char* op, Inputs in);                      // as broadcast, integers become float32
Spec arithmetic_spec(const char* op, Inputs in, bool on_bool);   // as broadcast, promoted
Spec integer_spec(const char* op, Inputs in, bool on_bool);      // as broadcast, promoted; floats throw
Spec bool_spec(const char* op, Inputs in);                       // compares in the promoted dtype, answers bool

// Where the op's samples lie (tests) and roughly how many additions one element costs (threading).
struct Domain { double low = -2, high = 2; bool smooth = true; };

template <class O> struct Elementwise {
  static constexpr bool broadcasts = true;
  static constexpr bool answers_bool = false, first_is_bool = false;
  static constexpr Keep keep = kNothing;
  static constexpr Types types = kFloats;
  static constexpr Domain domain{};
  static constexpr int cost = 1;
  // Of an op that costs more: its floats take no function of the C library. They need not go by tensor/cpu/block_loop.h.
  static constexpr bool own_floats = false;
  static constexpr int arity = 1;
  Spec infer(Inputs in) const { return float_spec(O::name, in); }
};
template <class O> struct Binary : Elementwise<O> {
  static constexpr int arity = 2;
  static constexpr Types types = kNumbers;
  Spec infer(Inputs in) const { return arithmetic_spec(O::name, in, bool(O::types & kBools)); }
};
template <class O> struct FloatBinary : Elementwise<O> { static constexpr int arity = 2; };
template <class O> struct Comparison : Binary<O> {
  static constexpr Types types = kAny;
  static constexpr bool answers_bool = true;
  Spec infer(Inputs in) const { return bool_spec(O::name, in); }
  Grads vjp(const Vjp&) const { return {}; }
};
template <class O> struct Test : Elementwise<O> {  // float -> bool
  static constexpr bool answers_bool = true;
  Spec infer(Inputs in) const { return bool_spec(O::name, in); }
  Grads vjp(const Vjp&) const { return {}; }
};

// A family names its ops in one of these: kernels of every level and device, and the tests, run over it.
template <class... O> struct OpList {};

// `x OP y` for tensors and numbers in any combination.
template <class O> Tensor combine(const O& op, const Operand& a, const Operand& b) {
  if (a.tensor && b.tensor) return apply(op, *a.tensor, *b.tensor, a.where);
  if (a.tensor) return apply(op, *a.tensor, b.like(*a.tensor), a.where);
  if (b.tensor) return apply(op, a.like(*b.tensor), *b.tensor, a.where);
  throw Error(std::string(O::name) + ": needs a tensor");
}

#define REEL_W Where where = {}

}  // namespace reel
