#include "io/hdf5.h"

#include "io/hdf5_module.h"
#include "tensor/module.h"

namespace reel {
namespace {

// A module, because Debian's HDF5 brings libcurl and its twenty libraries along.
const Hdf5Module& module(const std::string& wanted_for) {
  static Module opened = open_module("hdf5");
  static const auto entry = reinterpret_cast<Hdf5Entry>(opened.entry(kHdf5Entry));
  if (!entry) throw FileError(wanted_for + ": this build has no HDF5 (the library was not found when it was made): " + opened.problem);
  static const Hdf5Module* loaded = entry();
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
