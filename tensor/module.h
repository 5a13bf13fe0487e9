#pragma once
// Modules: parts of the library in files of their own, opened when first asked for, so that programs without a GPU, HDF5 or a network
// load none of the libraries that those need.
#include <string>

namespace reel {

struct Module {
  void* handle = nullptr;  // of dlopen; null when it could not be opened
  std::string problem;     // why not
  // The address of a C function of the module; null, with `problem` set, when there is none.
  void* entry(const char* name);
};
// Opens libreel_<name>.so from the folder of this library. It stays open. `global`: later modules see its symbols.
Module open_module(const char* name, bool global = false);

}  // namespace reel
