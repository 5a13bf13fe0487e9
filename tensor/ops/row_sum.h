#pragma once
// The gradient of a table of which a tape reads few rows.
#include <vector>

#include "tensor/op.h"

namespace reel {

// Leaves updates, one for each of `rows` (in range, from 0), with what waits for input i of a rule, a table of shape `table`; false
// where it may not or is not worth it.
bool defer_rows(const Vjp& v, int i, const Shape& table, std::vector<int64_t> rows, const Tensor& updates);

}  // namespace reel
