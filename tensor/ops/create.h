#pragma once
// Tensors from nothing: constants, ranges, nested lists, spans and foreign memory.
#include "tensor/op.h"

namespace reel {

Tensor empty(const Shape& shape, DType dtype = float32, Device device = {}, Where where = {});  // uninitialised
Tensor full(const Shape& shape, Scalar value, DType dtype = float32, Device device = {}, Where where = {});
Tensor zeros(const Shape& shape, DType dtype = float32, Device device = {}, Where where = {});
Tensor ones(const Shape& shape, DType dtype = float32, Device device = {}, Where where = {});
Tensor zeros_like(const Tensor& x, Where where = {});
Tensor ones_like(const Tensor& x, Where where = {});
// [start, stop) by step, computed as start + i * step; int64 for integers, float32 with a floating number among them.
Tensor arange(Scalar stop, Where where = {});
Tensor arange(Scalar start, Scalar stop, Scalar step = 1, Where where = {});
// count values from start to stop, both included; float32.
Tensor linspace(double start, double stop, int64_t count, DType dtype = float32, Where where = {});
Tensor eye(int64_t rows, int64_t columns = -1, DType dtype = float32, Where where = {});
// [..., depth]: 1 at each label, 0 elsewhere; a label outside [0, depth) throws.
Tensor one_hot(const Tensor& labels, int64_t depth, DType dtype = float32, Where where = {});

// Nested lists: tensor({{1, 2}, {3, 4}}) is int64, with a floating number inside float32, with a complex one complex64,
// of bools bool. Ragged lists throw.
struct Nested {
  Scalar value = 0;
  std::vector<Nested> list;
  bool is_list = false;
  template <class T>
    requires(std::is_arithmetic_v<T> || is_complex_type<T>)
  Nested(T v) : value(v) {}
  Nested(std::initializer_list<Nested> l) : list(l), is_list(true) {}
};
Tensor tensor(Nested values, Where where = {});
Tensor tensor(Nested values, DType dtype, Where where = {});
// A copy of n values, as one axis or as shape; throws when the counts differ.
template <class T> Tensor tensor(std::span<const T> values, Where where = {});
template <class T> Tensor tensor(std::span<const T> values, const Shape& shape, Where where = {});
template <class T> Tensor tensor(const std::vector<T>& values, Where where = {}) { return tensor(std::span<const T>(values), where); }
template <class T> Tensor tensor(const std::vector<T>& values, const Shape& shape, Where where = {}) {
  return tensor(std::span<const T>(values), shape, where);
}
// Host memory of somebody else, row-major, not copied: deleter(context) is called once, when the last tensor on it goes. Null: never.
// `bytes` is how much there is; too few for the shape throws (after calling the deleter).
Tensor from_memory(void* data, int64_t bytes, const Shape& shape, DType dtype, void (*deleter)(void*) = nullptr, void* context = nullptr,
                   Where where = {});

Tensor from_values(const void* data, int64_t count, const Shape& shape, DType dtype, Where where);
template <class T> Tensor tensor(std::span<const T> values, const Shape& shape, Where where) {
  return from_values(values.data(), int64_t(values.size()), shape, dtype_of<T>(), where);
}
template <class T> Tensor tensor(std::span<const T> values, Where where) { return tensor(values, Shape{int64_t(values.size())}, where); }

}  // namespace reel
