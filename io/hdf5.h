#pragma once
// HDF5 files: groups, datasets and attributes by path ("layers/dense/vars/0"), in files and in memory.
// Format: the HDF5 library, opened by the first call.
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace reel {

// What a dataset or an attribute holds: numbers or texts.
struct Hdf5Value {
  Tensor numbers;                  // of its own dtype (uint16 is read as int32, uint32 and uint64 as int64); nothing when texts
  std::vector<std::string> texts;  // in row-major order, without their padding

  // The single text; FileError naming `what` when it is anything else.
  const std::string& text(const std::string& what) const;
};

// An open file. Every failure is a FileError that names the file and the path within it. Links to other places and files are never followed,
// datasets whose values lie in other files are refused, and so are those that claim far more than is stored.
// The checks end where the library begins: HDF5 1.10 does not check the lengths of texts of variable length, so that those of a file made
// to do harm can crash it. Nothing that loads models reads such texts.
class Hdf5Reader {
 public:
  enum class Kind : uint8_t { kNothing, kGroup, kDataset, kLink, kOther };
  virtual ~Hdf5Reader() = default;
  // As errors name it.
  virtual const std::string& name() const = 0;
  virtual Kind kind(const std::string& path) const = 0;
  // The names in a group ("" is the root), in the order of their bytes: 0, 1, 10, 2.
  virtual std::vector<std::string> members(const std::string& group) const = 0;
  // A dataset: booleans as NumPy stores them, bfloat16 as Keras does. Compound, opaque and ragged ones have no tensor and throw.
  virtual Hdf5Value read(const std::string& dataset) const = 0;
  virtual std::vector<std::string> attributes(const std::string& path) const = 0;
  virtual Hdf5Value attribute(const std::string& path, const std::string& attribute_name) const = 0;
};

// A file being made in memory, laid out as h5py does by default.
class Hdf5Writer {
 public:
  virtual ~Hdf5Writer() = default;
  // Makes the groups on the way as well; one that is there stays.
  virtual void group(const std::string& path) = 0;
  // Every dtype, from any device and layout; throws when the path is taken.
  virtual void write(const std::string& dataset, const Tensor& x) = 0;
  virtual void attribute(const std::string& path, const std::string& attribute_name, const std::string& text) = 0;
  virtual void attribute(const std::string& path, const std::string& attribute_name, const std::vector<std::string>& texts) = 0;
  virtual void attribute(const std::string& path, const std::string& attribute_name, const Tensor& x) = 0;
  // The bytes of the file so far.
  virtual std::string bytes() const = 0;
};

// FileError when it is no HDF5 file, and when this build has no HDF5.
std::unique_ptr<Hdf5Reader> open_hdf5(const std::string& path, Where where = {});
// A file in memory, as it stands in a zip archive; `name` is what errors call it.
std::unique_ptr<Hdf5Reader> open_hdf5_bytes(std::string bytes, const std::string& name, Where where = {});
std::unique_ptr<Hdf5Writer> new_hdf5(Where where = {});

}  // namespace reel
