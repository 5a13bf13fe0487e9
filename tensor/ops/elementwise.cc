#include "tensor/ops/elementwise.h"

#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/reduce.h"

namespace reel {
namespace {

// NumPy's broadcasting of two shapes; -1 when they fit, else the axis from the end.
int broadcast_into(Shape& s, const Shape& b) {
  if (b.rank() > s.rank()) {
    Shape grown = b;
    int shift = b.rank() - s.rank();
    for (int i = 0; i < s.rank(); ++i) {
      if (s[i] == grown[i + shift]) continue;
      if (grown[i + shift] == 1) grown[i + shift] = s[i];
      else if (s[i] != 1) return i + shift;
    }
    s = grown;
    return -1;
  }
  int shift = s.rank() - b.rank();
  for (int i = 0; i < b.rank(); ++i) {
    if (s[i + shift] == b[i]) continue;
    if (s[i + shift] == 1) s[i + shift] = b[i];
    else if (b[i] != 1) return i + shift;
  }
  return -1;
}

DType promoted(Inputs in) {
  DType t = in[0].dtype();
  for (int i = 1; i < in.size(); ++i) t = promote(t, in[i].dtype());
  return t;
}

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

Shape broadcast_shapes(const char* op, Inputs in) {
  Shape s = in[0].shape();
  for (int i = 1; i < in.size(); ++i) {
    const Shape& b = in[i].shape();
    if (s == b) continue;
    int axis = broadcast_into(s, b);
    if (axis < 0) continue;
    int rank = std::max(s.rank(), b.rank());
    int64_t x = s[axis - (rank - s.rank())], y = b[axis - (rank - b.rank())];
    fail(op, "shapes do not broadcast: axis " + std::to_string(axis - rank) + " is " + std::to_string(x) + " in " + char('a' + i - 1) + " and " +
                 std::to_string(y) + " in " + char('a' + i), in);
  }
  return s;
}

Spec same_spec(Inputs in) { return {in[0].shape(), in[0].dtype()}; }

Spec float_spec(const char* op, Inputs in) {
  DType t = promoted(in);
  if (!is_floating(t)) t = DType::kF32;
  return {broadcast_shapes(op, in), t, t};
}

Spec arithmetic_spec(const char* op, Inputs in, bool on_bool) {
  DType t = promoted(in);
  if (in.size() == 2 && t != DType::kBool && in[0].shape() == in[1].shape()) [[likely]] return {in[0].shape(), t, t};
  if (t == DType::kBool && !on_bool) fail<DTypeError>(op, "is not defined for bool (cast to an integer, or use logical_and / logical_or / logical_not)", in);
  return {broadcast_shapes(op, in), t, t};
}

Spec bool_spec(const char* op, Inputs in) { return {broadcast_shapes(op, in), DType::kBool, promoted(in)}; }

Spec Where3::infer(Inputs in) const {
  if (in[0].dtype() != DType::kBool) fail<DTypeError>(name, "the condition must be bool, it is " + std::string(reel::name(in[0].dtype())), in);
  if (in[1].dtype() != in[2].dtype()) fail<DTypeError>(name, "the two choices differ in dtype", in);
  return {broadcast_shapes(name, in), in[1].dtype()};
}

Tensor where(const Tensor& condition, Operand a, Operand b) {
  Where at = a.where;
  Tensor x = a.tensor ? *a.tensor : b.tensor ? a.like(*b.tensor) : full({}, a.scalar, promote(DType::kBool, a.scalar), cpu(), at);
  Tensor y = b.tensor ? *b.tensor : b.like(x);
  DType t = promote(x.dtype(), y.dtype());
  return apply(Where3{}, condition, cast(x, t, at), cast(y, t, at), at);
}

Tensor Operand::like(const Tensor& other) const {
  DType t = promote(other.dtype(), scalar);
  if (!fits(scalar, t)) {
    fail_at(DTypeError("the number " + std::to_string(scalar.i) + " does not fit " + name(t) + " (cast the tensor first)\n  a  " + describe(other)), where);
  }
  return full({}, scalar, t, other.device() == symbolic() ? cpu() : other.device(), where);  // a number has a value
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
