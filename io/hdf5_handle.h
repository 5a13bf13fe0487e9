#pragma once
// Handles, locks and errors of the HDF5 library; for the sources of its module only.
#include <hdf5.h>

#include <mutex>
#include <string>

#include "tensor/error.h"

namespace reel::hdf5 {

// An HDF5 identifier that is closed with its scope.
class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& o) noexcept : id_(o.id_), close_(o.close_) { o.id_ = H5I_INVALID_HID; }
  Handle& operator=(Handle&& o) noexcept {
    std::swap(id_, o.id_);
    std::swap(close_, o.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }
  bool open() const { return id_ >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  herr_t (*close_)(hid_t) = nullptr;
};

// For the length of one call of ours: nobody else is in the library, and it prints nothing; a program's own use of HDF5 finds its
// settings as they were.
class Session {
 public:
  Session() : lock_(mutex()) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &context_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5Eclear2(H5E_DEFAULT);
  }
  ~Session() { H5Eset_auto2(H5E_DEFAULT, print_, context_); }
  Session(const Session&) = delete;

 private:
  static std::recursive_mutex& mutex() {
    static std::recursive_mutex m;
    return m;
  }
  std::lock_guard<std::recursive_mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* context_ = nullptr;
};

// What the library said last, from its innermost function.
inline std::string reason() {
  std::string said;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD,
           [](unsigned n, const H5E_error2_t* e, void* to) -> herr_t {
             if (n == 0 && e->desc) *static_cast<std::string*>(to) = e->desc;
             return 0;
           },
           &said);
  return said.empty() ? "" : " (" + said + ")";
}

[[noreturn]] inline void fail(const std::string& file, const std::string& path, const std::string& problem) {
  throw FileError(file + ": " + (path.empty() ? "" : "\"" + path + "\": ") + problem);
}

}  // namespace reel::hdf5
