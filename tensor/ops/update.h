#pragma once
// Writes in place that the tape follows.
#include "tensor/tensor.h"

namespace reel {

// assign while x or value is recorded: x, and what x is a view of, go on with the value's history.
void assign_recorded(const Tensor& x, const Tensor& value, Where where);

// sum += x of sum's shape and dtype, both on the CPU, unseen by the tape: for gradients that nobody else looks at.
void accumulate(const Tensor& sum, const Tensor& x);

}  // namespace reel
