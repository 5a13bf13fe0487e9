#pragma once
// The ops behind reduce.h, for those who write kernels of them.
#include "tensor/ops/reduce.h"

namespace reel {

Shape reduced_shape(const Shape& x, unsigned mask, bool keepdims);
std::string axes_text(unsigned mask);  // "axes=0,2"

// sum(square(x)) and the sum of what is not NaN, on the CPU without a tensor of the terms.
Tensor sum_of_squares(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor sum_of_numbers(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});

template <class O> struct Reduction {
  unsigned mask = 0;  // bit i: axis i is reduced
  bool keepdims = false;
  Tensor batch(const Batch& b) const {
    O op;
    op.mask = mask << 1;
    op.keepdims = keepdims;
    return apply(op, b.in(0), b.where());
  }
  std::string attributes() const { return axes_text(mask) + (keepdims ? " keepdims" : ""); }
};

struct Sum : Reduction<Sum> {
  static constexpr const char* name = "sum";
  static constexpr Precision precision = kHigh;
  static constexpr bool complex = true;
  static constexpr Keep keep = kShapes;
  Spec infer(Inputs in) const;
  Grads vjp(const Vjp& v) const;
};

}  // namespace reel
