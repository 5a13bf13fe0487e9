#pragma once
// Matrix products.
#include "tensor/op.h"

namespace reel {

// NumPy's matmul: the last two axes are matrices, axes before them broadcast; an operand of one axis is a row or a column and its
// axis is dropped from the result. Dtypes promote; f16 and bf16 accumulate in float32.
Tensor matmul(const Tensor& a, const Tensor& b, Where where = {});

}  // namespace reel
