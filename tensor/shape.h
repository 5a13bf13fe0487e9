#pragma once
// The extents of a tensor, at most eight, in a plain array that a debugger can read.
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace reel {

inline constexpr int kMaxRank = 8;

class Shape {
 public:
  Shape() = default;
  // Throws Error on a negative extent, on more than eight axes and on more than 2^62 elements.
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  // Axis -1 is the last. Unchecked: use axis() on a user's number first.
  int64_t operator[](int axis) const { return dims_[axis < 0 ? axis + rank_ : axis]; }
  int64_t& operator[](int axis) { return dims_[axis < 0 ? axis + rank_ : axis]; }
  int64_t size() const {
    int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= dims_[i];
    return n;
  }
  void push(int64_t dim) { dims_[rank_++] = dim; }
  const int64_t* begin() const { return dims_; }
  const int64_t* end() const { return dims_ + rank_; }
  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a.dims_[i] != b.dims_[i]) return false;
    return true;
  }

 private:
  int64_t dims_[kMaxRank];
  int rank_ = 0;
};

// "[2, 3]"
std::string to_string(const Shape& shape);
// Throws Error when the byte count of shape overflows; returns it otherwise.
int64_t checked_bytes(const Shape& shape, int64_t item_size);

}  // namespace reel
