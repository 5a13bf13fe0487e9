#include "tensor/ops/comparison.h"

#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/reduce.h"

namespace reel {

Spec Where3::infer(Inputs in) const {
  if (in[0].dtype() != DType::kBool) fail<DTypeError>(name, "the condition must be bool, it is " + std::string(reel::name(in[0].dtype())), in);
  if (in[1].dtype() != in[2].dtype()) fail<DTypeError>(name, "the two choices differ in dtype", in);
  return {broadcast_shapes(name, in), in[1].dtype()};
}

Tensor isclose(const Tensor& a, Operand b, double rtol, double atol, bool equal_nan, Where where) {
  return formula(where, [&] {
    NoGrad no_grad;
    DType t = b.tensor ? promote(a.dtype(), b.tensor->dtype()) : promote(a.dtype(), b.scalar);
    if (!is_inexact(t)) t = float64;
    Tensor x = cast(a, t), y = b.tensor ? cast(*b.tensor, t) : b.like(x);
    Tensor close = logical_or(x == y, logical_and(isfinite(y), abs(x - y) <= atol + rtol * abs(y)));
    return equal_nan ? logical_or(close, logical_and(isnan(x), isnan(y))) : close;
  });
}
bool allclose(const Tensor& a, Operand b, double rtol, double atol, bool equal_nan, Where where) {
  return all(isclose(a, b, rtol, atol, equal_nan, where)).item<bool>();
}
bool array_equal(const Tensor& a, const Tensor& b, bool equal_nan, Where where) {
  if (!(held("array_equal", a, where).shape() == held("array_equal", b, where).shape())) return false;
  return formula(where, [&] {
    NoGrad no_grad;
    Tensor same = a == b;
    return all(equal_nan ? logical_or(same, logical_and(isnan(a), isnan(b))) : same).item<bool>();
  });
}

Tensor where(const Tensor& condition, Operand a, Operand b) {
  Where at = a.where;
  if (a.tensor) held("where", *a.tensor, at);
  if (b.tensor) held("where", *b.tensor, at);
  Tensor x = a.tensor ? *a.tensor : b.tensor ? a.like(*b.tensor) : full({}, a.scalar, promote(DType::kBool, a.scalar), cpu(), at);
  Tensor y = b.tensor ? *b.tensor : b.like(x);
  DType t = promote(x.dtype(), y.dtype());
  return apply(Where3{}, condition, cast(x, t, at), cast(y, t, at), at);
}

}  // namespace reel
