#pragma once
// What io/hdf5.cc asks of the module that links the HDF5 library: one C function, found by name.
#include "io/hdf5.h"

namespace reel {

struct Hdf5Module {
  Hdf5Reader* (*open)(const std::string& path);
  Hdf5Reader* (*open_bytes)(std::string bytes, const std::string& name);
  Hdf5Writer* (*create)();
};

using Hdf5Entry = const Hdf5Module* (*)();
inline constexpr const char* kHdf5Entry = "reel_hdf5";

}  // namespace reel
