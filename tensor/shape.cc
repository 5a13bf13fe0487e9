#include "tensor/shape.h"

#include "tensor/error.h"

namespace reel {

Shape::Shape(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank)
    throw ShapeError("shape: a tensor has at most " + std::to_string(kMaxRank) + " axes, got " + std::to_string(dims.size()));
  for (int64_t d : dims) push(d);
  int64_t n = 1;
  bool overflow = false, empty = false;
  for (int i = 0; i < rank_; ++i) {
    if (dims_[i] < 0) throw ShapeError("shape: axis " + std::to_string(i) + " of " + to_string(*this) + " is negative");
    empty |= dims_[i] == 0;
    overflow |= __builtin_mul_overflow(n, dims_[i] ? dims_[i] : 1, &n);
  }
  if (!empty && (overflow || n > (int64_t(1) << 62))) throw ShapeError("shape: " + to_string(*this) + " has more elements than 2^62");
}

std::string to_string(const Shape& shape) {
  std::string s = "[";
  for (int i = 0; i < shape.rank(); ++i) s += (i ? ", " : "") + std::to_string(shape[i]);
  return s + "]";
}

int64_t checked_bytes(const Shape& shape, int64_t item_size) {
  int64_t bytes = item_size;
  for (int64_t d : shape) {
    if (d == 0) return 0;
    if (d < 0) throw ShapeError("shape: " + to_string(shape) + " has a negative extent");
    if (__builtin_mul_overflow(bytes, d, &bytes)) throw ShapeError("shape: the bytes of " + to_string(shape) + " overflow 64 bits");
  }
  return bytes;
}

}  // namespace reel
