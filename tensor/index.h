#pragma once
// NumPy's basic indexing vocabulary: integers, slices with steps, newaxis and ellipsis. Tensors as indices stand in tensor.h.
#include <cstdint>
#include <optional>
#include <type_traits>

#include "tensor/where.h"

namespace reel {

struct Slice {
  std::optional<int64_t> start, stop;
  int64_t step = 1;
};
// slice() is ":", slice(2) is ":2", slice(1, 3) is "1:3", slice({}, {}, -1) is "::-1".
constexpr Slice slice() { return {}; }
constexpr Slice slice(std::optional<int64_t> stop) { return {{}, stop, 1}; }
constexpr Slice slice(std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step = 1) {
  return {start, stop, step};
}
struct NewAxis {};
struct Ellipsis {};
inline constexpr NewAxis newaxis;
inline constexpr Ellipsis ellipsis;

struct Index {
  enum class Kind : uint8_t { kInt, kSlice, kNewAxis, kEllipsis };
  Kind kind;
  int64_t at = 0;
  Slice slice;
  Where where;  // of the indexing expression
  template <class T>
    requires std::is_integral_v<T>
  Index(T i, Where w = {}) : kind(Kind::kInt), at(int64_t(i)), where(w) {}
  Index(Slice s, Where w = {}) : kind(Kind::kSlice), slice(s), where(w) {}
  Index(NewAxis, Where w = {}) : kind(Kind::kNewAxis), where(w) {}
  Index(Ellipsis, Where w = {}) : kind(Kind::kEllipsis), where(w) {}
};

}  // namespace reel
