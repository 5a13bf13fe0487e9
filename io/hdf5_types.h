#pragma once
// The element types of HDF5 and of tensors; for the sources of the HDF5 module only.
#include "io/hdf5_handle.h"
#include "tensor/dtype.h"

namespace reel::hdf5 {

// The stored type of a dtype, little-endian as h5py writes NumPy's: bool as an enumeration of FALSE and TRUE, float16 as IEEE's,
// bfloat16 as two opaque bytes.
Handle stored_type(DType dtype);
// The type in memory for reading into a tensor of that dtype.
Handle memory_type(DType dtype);

// What a stored type is to a tensor.
struct Meaning {
  enum class Kind : uint8_t { kNumbers, kTexts, kOpaque16, kUnreadable };
  Kind kind = Kind::kUnreadable;
  DType dtype = float32;
  bool unsigned64 = false;  // read as int64 when no value is above its range
  std::string problem;      // of an unreadable one: "compound values"
};
Meaning meaning_of(hid_t type);

}  // namespace reel::hdf5
