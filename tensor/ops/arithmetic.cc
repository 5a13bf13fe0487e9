#include "tensor/ops/arithmetic.h"

#include "tensor/ops/comparison.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"

namespace reel {
namespace {

// Integer division by zero has no value to give.
void check_divisor(const char* op, const Operand& a, const Operand& b) {
  DType left = a.tensor ? a.tensor->dtype() : DType::kI64;
  if (is_floating(left) || (!a.tensor && a.scalar.kind == Scalar::Kind::kFloat)) return;
  bool zero = false;
  if (!b.tensor) zero = b.scalar.kind != Scalar::Kind::kFloat && b.scalar.i == 0;
  else if (!is_floating(b.tensor->dtype()) && b.tensor->device() == cpu()) {
    NoGrad no_grad;
    zero = any(*b.tensor == 0).item<bool>();
  }
  if (!zero) return;
  fail_at(Error(std::string(op) + ": integer division by zero" + (a.tensor ? "\n  a  " + describe(*a.tensor) : "") +
          (b.tensor ? "\n  b  " + describe(*b.tensor) : "")), a.where);
}

}  // namespace

Tensor floor_divide(Operand a, Operand b) {
  check_divisor("floor_divide", a, b);
  return combine(FloorDivide{}, a, b);
}
Tensor remainder(Operand a, Operand b) {
  check_divisor("remainder", a, b);
  return combine(Remainder{}, a, b);
}

Tensor pow(Operand x, Operand y) {
  if (!y.tensor && x.tensor && (is_floating(x.tensor->dtype()) || (is_integer(x.tensor->dtype()) && y.scalar.kind == Scalar::Kind::kInt))) {
    if (y.scalar.as_double() == 2) return square(*x.tensor, x.where);
    if (y.scalar.as_double() == 0.5) return sqrt(*x.tensor, x.where);
  }
  bool integers = (!x.tensor ? x.scalar.kind != Scalar::Kind::kFloat : !is_floating(x.tensor->dtype())) &&
                  (!y.tensor ? y.scalar.kind != Scalar::Kind::kFloat : !is_floating(y.tensor->dtype()));
  if (integers) {
    NoGrad no_grad;
    bool negative = y.tensor ? y.tensor->device() == cpu() && any(*y.tensor < 0).item<bool>() : y.scalar.i < 0;
    if (negative) {
      fail_at(Error("power: an integer to a negative integer power is not an integer (cast the base to a float dtype)" +
              (x.tensor ? "\n  a  " + describe(*x.tensor) : std::string())), x.where);
    }
  }
  return combine(Pow{}, x, y);
}

Grads Pow::vjp(const Vjp& v) const {
  Tensor x = v.in(0), y = v.in(1), gx, gy;
  if (v.needs(0)) gx = gated_multiply(v.gy(), reel::where(y == 0, 0, y * pow(x, reel::where(y == 0, 1, y - 1))));
  if (v.needs(1)) {
    // At base 0 the slope is 0 for y >= 0: 0^y stays 0 (or 1 at y = 0).
    Tensor at_zero = logical_and(x == 0, y >= 0);
    gy = gated_multiply(v.gy(), reel::where(at_zero, 0, v.out() * log(reel::where(at_zero, 1, x))));
  }
  return {gx, gy};
}

namespace {
// The part of gy that goes to the first of two operands: all where it is chosen, half at a tie.
Tensor chosen(const Tensor& gy, const Tensor& wins, const Tensor& ties) { return reel::where(wins, gy, reel::where(ties, 0.5 * gy, 0)); }
}  // namespace
Grads Maximum::vjp(const Vjp& v) const {
  Tensor a = v.in(0), b = v.in(1), tie = a == b;
  return {v.needs(0) ? chosen(v.gy(), a > b, tie) : Tensor{}, v.needs(1) ? chosen(v.gy(), b > a, tie) : Tensor{}};
}
Grads Minimum::vjp(const Vjp& v) const {
  Tensor a = v.in(0), b = v.in(1), tie = a == b;
  return {v.needs(0) ? chosen(v.gy(), a < b, tie) : Tensor{}, v.needs(1) ? chosen(v.gy(), b < a, tie) : Tensor{}};
}

}  // namespace reel
