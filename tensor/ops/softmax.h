#pragma once
// Softmax and its logarithm along one axis, and log(sum(exp)).
#include "tensor/ops/reduce.h"

namespace reel {

Tensor softmax(const Tensor& x, int axis = -1, Where where = {});
Tensor log_softmax(const Tensor& x, int axis = -1, Where where = {});
// Of a row of -inf: -inf, with a gradient of 0. Of nothing: -inf.
Tensor logsumexp(const Tensor& x, int axis = -1, bool keepdims = false, Where where = {});

}  // namespace reel
