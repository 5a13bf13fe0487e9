#pragma once
// Protocol buffers as they lie in a file: fields one after the other, each a number or some bytes. Enough to read ONNX's messages
// (https://protobuf.dev/programming-guides/encoding).
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tensor/error.h"

namespace reel::onnx {

// The fields of one message, in order: for (Fields f(bytes); f.next();) switch (f.id) ...
class Fields {
 public:
  int id = 0;
  uint64_t number = 0;     // of a varint or fixed field
  std::string_view bytes;  // of a length-delimited one: a string, a message or packed numbers

  explicit Fields(std::string_view message) : left_(message) {}
  // Moves to the next field; false at the end. FileError when the message is cut off or no protocol buffer.
  bool next() {
    if (left_.empty()) return false;
    uint64_t key = varint(left_);
    id = int(key >> 3), wire_ = int(key & 7);
    bytes = {}, number = 0;
    if (wire_ == 0) number = varint(left_);
    else if (wire_ == 1) number = fixed(left_, 8);
    else if (wire_ == 5) number = fixed(left_, 4);
    else if (wire_ == 2) bytes = take(left_, varint(left_));
    else throw FileError("protobuf: field " + std::to_string(id) + " has the unknown wire type " + std::to_string(wire_));
    return true;
  }
  float as_float() const { return std::bit_cast<float>(uint32_t(number)); }
  // A repeated number, packed or one by one.
  void append(std::vector<int64_t>& to) const {
    if (wire_ != 2) return to.push_back(int64_t(number));
    for (std::string_view rest = bytes; !rest.empty();) to.push_back(int64_t(varint(rest)));
  }
  void append(std::vector<float>& to) const {
    if (wire_ != 2) return to.push_back(as_float());
    for (std::string_view rest = bytes; !rest.empty();) to.push_back(std::bit_cast<float>(uint32_t(fixed(rest, 4))));
  }
  void append(std::vector<double>& to) const {
    if (wire_ != 2) return to.push_back(std::bit_cast<double>(number));
    for (std::string_view rest = bytes; !rest.empty();) to.push_back(std::bit_cast<double>(fixed(rest, 8)));
  }

 private:
  static std::string_view take(std::string_view& from, uint64_t count) {
    if (count > from.size()) throw FileError("protobuf: a field of " + std::to_string(count) + " bytes, and " + std::to_string(from.size()) + " are left");
    std::string_view taken = from.substr(0, count);
    from.remove_prefix(count);
    return taken;
  }
  static uint64_t varint(std::string_view& from) {
    uint64_t v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      uint64_t byte = uint8_t(take(from, 1)[0]);
      if (shift < 64) v |= (byte & 127) << shift;
      if (byte < 128) return v;
    }
    throw FileError("protobuf: a number of more than ten bytes");
  }
  static uint64_t fixed(std::string_view& from, int count) {
    uint64_t v = 0;
    std::string_view b = take(from, uint64_t(count));
    for (int i = 0; i < count; ++i) v |= uint64_t(uint8_t(b[size_t(i)])) << (8 * i);
    return v;
  }

  std::string_view left_;
  int wire_ = 0;
};

}  // namespace reel::onnx
