#include "tensor/ops/arithmetic.h"

#include "tensor/held.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/rounding.h"

namespace reel {
namespace {

// Integer division by zero has no value to give.
void check_divisor(const char* op, const Operand& a, const Operand& b) {
  if ((a.tensor && !*a.tensor) || (b.tensor && !*b.tensor)) return;  // the op will name the empty operand
  DType left = a.tensor ? a.tensor->dtype() : DType::kI64;
  if (is_inexact(left) || left == DType::kBool || (!a.tensor && a.scalar.kind >= Scalar::Kind::kFloat)) return;
  bool zero = false;
  if (!b.tensor) zero = b.scalar.kind < Scalar::Kind::kFloat && b.scalar.i == 0;
  else if (!is_inexact(b.tensor->dtype()) && b.tensor->device() == cpu()) {
    NoGrad no_grad;
    zero = any(*b.tensor == 0).item<bool>();
  }
  if (!zero) return;
  fail_at(Error(std::string(op) + ": integer division by zero" + (a.tensor ? "\n  a  " + describe(*a.tensor) : "") +
          (b.tensor ? "\n  b  " + describe(*b.tensor) : "")), a.where);
}

}  // namespace

Tensor abs(const Tensor& x, Where where) {
  if (!is_complex(held("abs", x, where).dtype())) return apply(Abs{}, x, where);
  return formula(where, [&] { return hypot(real(x), imag(x)); });
}
Tensor sign(const Tensor& x, Where where) {
  if (!is_complex(held("sign", x, where).dtype())) return apply(Sign{}, x, where);
  return formula(where, [&] {
    Tensor size = abs(x), divisor = reel::where(size == 0, 1, size);
    return complex(real(x) / divisor, imag(x) / divisor);
  });
}

Tensor floor_divide(Operand a, Operand b) {
  check_divisor("floor_divide", a, b);
  return combine(FloorDivide{}, a, b);
}
Tensor remainder(Operand a, Operand b) {
  check_divisor("remainder", a, b);
  return combine(Remainder{}, a, b);
}

Tensor pow(Operand x, Operand y) {
  if (x.tensor) held("pow", *x.tensor, x.where);
  if (y.tensor) held("pow", *y.tensor, x.where);
  if (!y.tensor && x.tensor && y.scalar.kind != Scalar::Kind::kComplex && (is_inexact(x.tensor->dtype()) || (is_integer(x.tensor->dtype()) && y.scalar.kind == Scalar::Kind::kInt))) {
    if (y.scalar.as_double() == 2) return square(*x.tensor, x.where);
    if (y.scalar.as_double() == 0.5) return sqrt(*x.tensor, x.where);
  }
  bool integers = (!x.tensor ? x.scalar.kind < Scalar::Kind::kFloat : !is_inexact(x.tensor->dtype())) &&
                  (!y.tensor ? y.scalar.kind < Scalar::Kind::kFloat : !is_inexact(y.tensor->dtype()));
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
  if (v.needs(0)) gx = gated_multiply(v.gy(), conj(reel::where(y == 0, 0, y * pow(x, reel::where(y == 0, 1, y - 1)))));
  if (v.needs(1)) {
    // At base 0 the slope is 0 for y >= 0: 0^y stays 0 (or 1 at y = 0).
    Tensor at_zero = logical_and(x == 0, real(y) >= 0);
    gy = gated_multiply(v.gy(), conj(reel::where(at_zero, 0, v.out() * log(reel::where(at_zero, 1, x)))));
  }
  return {gx, gy};
}

Tensor fmod(Operand a, Operand b) {
  check_divisor("fmod", a, b);
  return combine(Fmod{}, a, b);
}
std::pair<Tensor, Tensor> divmod(Operand a, Operand b) { return {floor_divide(a, b), remainder(a, b)}; }
Grads Fmod::vjp(const Vjp& v) const {
  return {v.gy(), v.needs(1) ? -v.gy() * trunc(v.in(0) / v.in(1)) : Tensor{}};
}

Tensor float_power(Operand x, Operand y) {
  Tensor a = x.tensor ? cast(*x.tensor, float64, x.where) : Tensor{}, b = y.tensor ? cast(*y.tensor, float64, x.where) : Tensor{};
  if (a) return b ? pow(Operand(a, x.where), b) : pow(Operand(a, x.where), y.scalar.as_double());
  return pow(Operand(x.scalar.as_double(), x.where), y.tensor ? Operand(b) : y);
}

Grads Hypot::vjp(const Vjp& v) const {
  Tensor h = v.out(), origin = h == 0, r = reciprocal(reel::where(origin, 1, h));
  auto slope = [&](int i) { return gated_multiply(v.gy(), reel::where(origin, 0, v.in(i) * r)); };
  return {v.needs(0) ? slope(0) : Tensor{}, v.needs(1) ? slope(1) : Tensor{}};
}

namespace {
Tensor as_tensor(const Operand& x, const Tensor& other) { return x.tensor ? *x.tensor : x.like(other); }
Operand scalar(Scalar s) {
  return s.kind == Scalar::Kind::kComplex ? Operand(s.z) : s.kind == Scalar::Kind::kFloat ? Operand(s.f) : Operand(s.i);
}
}  // namespace
Tensor lerp(const Tensor& start, Operand end, Operand weight, Where where) {
  return formula(where, [&] {
    Tensor from = is_floating(start.dtype()) ? start : cast(start, float32);  // a difference of unsigned integers would wrap
    return from + as_tensor(weight, from) * (as_tensor(end, from) - from);
  });
}
Tensor addcmul(const Tensor& x, Operand a, Operand b, Scalar value, Where where) {
  return formula(where, [&] { return x + scalar(value) * (as_tensor(a, x) * b); });
}
Tensor addcdiv(const Tensor& x, Operand a, Operand b, Scalar value, Where where) {
  return formula(where, [&] { return x + scalar(value) * (as_tensor(a, x) / b); });
}
Tensor ldexp(const Tensor& x, Operand y, Where where) {
  return formula(where, [&] { return x * exp2(as_tensor(y, x)); });
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
Grads Fmax::vjp(const Vjp& v) const {
  Tensor a = v.in(0), b = v.in(1), tie = a == b;
  return {v.needs(0) ? chosen(v.gy(), logical_or(a > b, isnan(b)), tie) : Tensor{},
          v.needs(1) ? chosen(v.gy(), logical_or(b > a, logical_and(isnan(a), logical_not(isnan(b)))), tie) : Tensor{}};
}
Grads Fmin::vjp(const Vjp& v) const {
  Tensor a = v.in(0), b = v.in(1), tie = a == b;
  return {v.needs(0) ? chosen(v.gy(), logical_or(a < b, isnan(b)), tie) : Tensor{},
          v.needs(1) ? chosen(v.gy(), logical_or(b < a, logical_and(isnan(a), logical_not(isnan(b)))), tie) : Tensor{}};
}

}  // namespace reel
