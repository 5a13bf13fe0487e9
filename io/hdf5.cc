#include "io/hdf5.h"

#include <dlfcn.h>

#include "io/hdf5_module.h"

namespace reel {
namespace {

// Beside this library, as the CUDA backend is: Debian's HDF5 brings libcurl and its twenty libraries along.
const Hdf5Module* load_module(std::string& problem) {
  Dl_info self;
  if (!dladdr(reinterpret_cast<void*>(&load_module), &self)) {
    problem = "cannot find my own file";
    return nullptr;
  }
  std::string path = self.dli_fname;
  path = path.substr(0, path.rfind('/') + 1) + "libreel_hdf5.so";
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* entry = module ? dlsym(module, kHdf5Entry) : nullptr;
  if (!entry) {
    problem = dlerror();
    return nullptr;
  }
  return reinterpret_cast<Hdf5Entry>(entry)();
}

const Hdf5Module& module(const std::string& wanted_for) {
  static std::string problem;
  static const Hdf5Module* loaded = load_module(problem);
  if (!loaded) throw FileError(wanted_for + ": this build has no HDF5 (the library was not found when it was made): " + problem);
  return *loaded;
}

}  // namespace

const std::string& Hdf5Value::text(const std::string& what) const {
  if (numbers || texts.size() != 1) throw FileError(what + ": should be one text, but is " + (numbers ? describe(numbers) : std::to_string(texts.size()) + " texts"));
  return texts[0];
}

std::unique_ptr<Hdf5Reader> open_hdf5(const std::string& path, Where where) {
  return located(where, [&] { return std::unique_ptr<Hdf5Reader>(module(path).open(path)); });
}
std::unique_ptr<Hdf5Reader> open_hdf5_bytes(std::string bytes, const std::string& name, Where where) {
  return located(where, [&] { return std::unique_ptr<Hdf5Reader>(module(name).open_bytes(std::move(bytes), name)); });
}
std::unique_ptr<Hdf5Writer> new_hdf5(Where where) {
  return located(where, [&] { return std::unique_ptr<Hdf5Writer>(module("new_hdf5").create()); });
}

}  // namespace reel
