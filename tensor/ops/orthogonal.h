#pragma once
// Random orthogonal matrices.
#include "tensor/op.h"
#include "tensor/random.h"

namespace reel {

// A matrix [rows, columns] (axes before the last count as rows) with orthonormal columns, or rows where they are fewer, times gain:
// the Q of a normal matrix, with the signs of R's diagonal, so that every rotation is as likely (Mezzadri, 2007). float32.
Tensor orthogonal(const Shape& shape, double gain = 1, Generator& generator = default_generator(), Where where = {});

}  // namespace reel
