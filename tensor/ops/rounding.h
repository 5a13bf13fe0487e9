#pragma once
// Rounding and clipping, elementwise.
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"

namespace reel {

// Half to even, as NumPy; integers pass unchanged.
#define REEL_ROUNDING(Op, fn, how)                                                              \
  struct Op : Elementwise<Op> {                                                                 \
    static constexpr const char* name = #fn;                                                    \
    static constexpr Types types = kNumbers;                                                    \
    static constexpr Domain domain{0.2, 0.4, false};                                            \
    Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }                    \
    template <class T> REEL_HD T value(T x) const {                                             \
      if constexpr (std::is_floating_point_v<T>) return math::how(x);                           \
      else return x;                                                                            \
    }                                                                                           \
    Grads vjp(const Vjp& v) const { return {zeros_like(v.gy(), {})}; }                          \
  };                                                                                            \
  inline Tensor fn(const Tensor& x, REEL_W) { return apply(Op{}, x, where); }
REEL_ROUNDING(Floor, floor, floor)
REEL_ROUNDING(Ceil, ceil, ceil)
REEL_ROUNDING(Trunc, trunc, trunc)
REEL_ROUNDING(Round, round, rint)
#undef REEL_ROUNDING

// Clips to [low, high]; the gradient is 1 on the closed interval. low > high gives high, NaN stays.
struct Clip : Elementwise<Clip> {
  static constexpr const char* name = "clip";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kNumbers;
  static constexpr Domain domain{-0.9, 0.9};
  double low = -1, high = 1;
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const {
    T from = math::saturated<T>(low), to = math::saturated<T>(high);
    return x < from ? (from > to ? to : from) : x > to ? to : x;
  }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0);
    return {reel::where(logical_and(x >= low, x <= high), v.gy(), 0)};
  }
  std::string attributes() const { return "low=" + std::to_string(low) + " high=" + std::to_string(high); }
};
inline Tensor clip(const Tensor& x, double low, double high, REEL_W) {
  Clip op;
  op.low = low, op.high = high;
  return apply(op, x, where);
}

// Rounded to so many decimals, half to even; of negative ones to tens, hundreds ...
Tensor round(const Tensor& x, int decimals, REEL_W);
// x without its integer part, with x's sign.
inline Tensor frac(const Tensor& x, REEL_W) { return subtract(Operand(x, where), trunc(x, where)); }
// {frac(x), trunc(x)}.
std::pair<Tensor, Tensor> modf(const Tensor& x, REEL_W);
// NaN replaced, and infinities by these numbers or the dtype's extremes; gradients pass where nothing was replaced.
Tensor nan_to_num(const Tensor& x, double nan = 0, REEL_W);
Tensor nan_to_num(const Tensor& x, double nan, double posinf, double neginf, REEL_W);

using RoundingOps = OpList<Floor, Ceil, Trunc, Round, Clip>;

}  // namespace reel
