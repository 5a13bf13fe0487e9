#include "tensor/ops/elementwise.h"

#include "tensor/ops/create.h"

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
  for (int i = 1; i < in.size(); ++i)
    if (in[i].dtype() != t) t = promote(t, in[i].dtype());
  return t;
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
  if (!is_inexact(t)) t = DType::kF32;
  return {broadcast_shapes(op, in), t, t};
}

Spec arithmetic_spec(const char* op, Inputs in, bool on_bool) {
  DType t = promoted(in);
  if (in.size() == 2 && t != DType::kBool && in[0].shape() == in[1].shape()) [[likely]] return {in[0].shape(), t, t};
  if (t == DType::kBool && !on_bool) fail<DTypeError>(op, "is not defined for bool (cast to an integer, or use logical_and / logical_or / logical_not)", in);
  return {broadcast_shapes(op, in), t, t};
}

Spec integer_spec(const char* op, Inputs in, bool on_bool) {
  DType t = promoted(in);
  if (is_inexact(t) || (t == DType::kBool && !on_bool))
    fail<DTypeError>(op, std::string("is defined for integers") + (on_bool ? " and bool" : "") + ", not " + reel::name(t), in);
  return {broadcast_shapes(op, in), t, t};
}

Spec bool_spec(const char* op, Inputs in) { return {broadcast_shapes(op, in), DType::kBool, promoted(in)}; }

Tensor Operand::like(const Tensor& other) const {
  if (!other) return full({}, scalar, float32, cpu(), where);  // the op will name the empty operand
  DType t = promote(other.dtype(), scalar);
  if (!fits(scalar, t)) {
    fail_at(DTypeError("the number " + to_string(scalar) + " does not fit " + name(t) + " (cast the tensor first)\n  a  " + describe(other)), where);
  }
  return full({}, scalar, t, other.device() == symbolic() ? cpu() : other.device(), where);  // a number has a value
}

}  // namespace reel
