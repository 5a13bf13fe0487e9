#include "tensor/ops/exponential.h"

#include "tensor/ops/activation.h"
#include "tensor/ops/comparison.h"

namespace reel {

Grads LogAddExp::vjp(const Vjp& v) const {
  Tensor a = v.in(0), b = v.in(1), tie = a == b, distance = reel::where(tie, 0, a - b);
  return {v.needs(0) ? v.gy() * sigmoid(distance) : Tensor{}, v.needs(1) ? v.gy() * sigmoid(-distance) : Tensor{}};
}
Tensor logaddexp2(Operand a, Operand b) {
  const double ln2 = 0.6931471805599453;
  return formula(a.where, [&] { return logaddexp(multiply(a, ln2), multiply(b, ln2)) * (1 / ln2); });
}

// Where the first factor is 0 the product is 0 whatever log(y) is, so that neither slope may carry its infinity.
Grads Xlogy::vjp(const Vjp& v) const {
  Tensor x = v.in(0), y = v.in(1);
  return {v.needs(0) ? gated_multiply(v.gy(), log(y)) : Tensor{},
          v.needs(1) ? gated_multiply(v.gy(), reel::where(x == 0, 0, x / y)) : Tensor{}};
}
Grads Xlog1py::vjp(const Vjp& v) const {
  Tensor x = v.in(0), y = v.in(1);
  return {v.needs(0) ? gated_multiply(v.gy(), log1p(y)) : Tensor{},
          v.needs(1) ? gated_multiply(v.gy(), reel::where(x == 0, 0, x / (1 + y))) : Tensor{}};
}

}  // namespace reel
