#include "tensor/ops/comparison.h"

#include "tensor/ops/copy.h"

namespace reel {

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

}  // namespace reel
