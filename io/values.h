#pragma once
// The element types of files, of which there are more than a tensor has, and reading them into tensors.
#include "io/source.h"
#include "tensor/tensor.h"

namespace reel {

struct StoredType {
  enum class Kind : uint8_t { kBool, kInt, kUnsigned, kFloat, kBFloat, kComplex };
  Kind kind;
  int bytes;
  bool big_endian = false;
};

// The dtype that holds every value: uint16 becomes int32, uint32 and uint64 become int64; the rest has its own.
DType dtype_of(StoredType type);
// shape's elements in row-major order. FileError when the source cannot hold that many, before anything is allocated, and when
// a uint64 is above int64's range.
Tensor read_values(Source& source, StoredType type, const Shape& shape);
// A shape as a file states it: FileError for one that no tensor can have.
Shape checked_shape(const File& file, std::span<const int64_t> dims);

}  // namespace reel
