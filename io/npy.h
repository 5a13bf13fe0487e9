#pragma once
// NumPy's files: one array (.npy) or several by name (.npz, a zip of them).
// Format: NEP 1 (numpy.lib.format), versions 1 to 3.
#include "io/named.h"

namespace reel {

// The array of a .npy file, in row-major order whichever order it is stored in, of its own dtype; big-endian numbers are turned,
// uint16 is read as int32, uint32 and uint64 as int64 (a uint64 above 2^63 - 1 throws). FileError for every other dtype
// (complex, text, dates, Python objects, records), more than eight axes, and a file that is truncated, damaged or longer than its array.
Tensor load_npy(const std::string& path, Where where = {});
// x from any device and layout, as `numpy.save` would write it. bfloat16, which npy does not know, is refused (DTypeError).
void save_npy(const std::string& path, const Tensor& x, Where where = {});
// The arrays of a .npz file, stored or deflated, checksums verified; names are without ".npy".
NamedTensors load_npz(const std::string& path, Where where = {});
// As `numpy.savez` writes it: uncompressed.
void save_npz(const std::string& path, const NamedTensors& tensors, Where where = {});

}  // namespace reel
