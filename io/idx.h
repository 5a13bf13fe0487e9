#pragma once
// The idx format of MNIST and its relatives, plain or gzipped.
// Format: yann.lecun.com/exdb/mnist; numbers are big-endian.
#include <string>

#include "tensor/tensor.h"

namespace reel {

// The array of an idx file: uint8, int8, int16, int32, float32 or float64, at most eight axes. FileError for a file that is
// truncated, damaged or longer than its array.
Tensor load_idx(const std::string& path, Where where = {});

}  // namespace reel
