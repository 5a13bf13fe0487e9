#pragma once
// The one exception family: what went wrong, with which numbers and operands, at which line, in which layer.
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/where.h"

namespace reel {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message), message_(message) {}
  const char* what() const noexcept override { return message_.c_str(); }
  // Appends "\n  line" once; used on the way up by those who know more.
  void add(const std::string& line) { message_ += "\n  " + line; }
  bool located() const { return located_; }
  void locate(Where where);

 private:
  std::string message_;
  bool located_ = false;
};
// The kinds a program may want to tell apart.
struct ShapeError : Error { using Error::Error; };
struct DTypeError : Error { using Error::Error; };
struct DeviceError : Error { using Error::Error; };
struct IndexError : Error { using Error::Error; };
struct TapeError : Error { using Error::Error; };
struct FileError : Error { using Error::Error; };
struct OutOfMemory : Error { using Error::Error; };

// Throws e, as the kind it is, with the line of the call.
template <class E> [[noreturn]] void fail_at(E e, Where where) {
  e.locate(where);
  throw e;
}

// "train.cc:52"
std::string to_string(Where where);

// f(), with the caller's line put on an error that leaves it.
template <class F> decltype(auto) located(Where where, F&& f) {
  try {
    return f();
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
}

// Names the layer that runs, for the last line of an error: `in Sequential "classifier" > Dense "head"`. A scope guard.
class LayerScope {
 public:
  LayerScope(const char* type, const char* name);
  ~LayerScope();
  LayerScope(const LayerScope&) = delete;
  static std::string path();  // empty outside any layer

 private:
  const char *type_, *name_;
  LayerScope* outer_;
};

// `did you mean` lists: 'unknown activation "rleu"; valid: "relu", ...'
[[noreturn]] void unknown_name(const char* what, std::string_view given, const std::vector<std::string>& valid);

}  // namespace reel
