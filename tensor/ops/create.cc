#include "tensor/ops/create.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/backend.h"
#include "tensor/cpu/elementwise.h"
#include "tensor/held.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/copy_ops.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 65536;  // elements worth a thread

REEL_KERNEL(Fill, kCpu) {
  Body& b = out[0].body();
  visit_any(b.dtype, [&]<class T>(T*) {
    T v = number<T>(op.value);
    T* p = static_cast<T*>(b.data);
    parallel_for(b.size, kWork, [&](int64_t begin, int64_t end) { std::fill(p + begin, p + end, v); });
  });
}

Tensor range(double start, double step, int64_t count, DType dtype, Where where) {
  if (is_complex(dtype)) return cast(range(start, step, count, float64, where), dtype, where);
  Tensor x = empty({count}, dtype, cpu(), where);
  visit(dtype, [&]<class T>(T*) {
    T* p = x.raw<T>();
    parallel_for(count, kWork, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) p[i] = T(float(start + double(i) * step));
        else p[i] = T(start + double(i) * step);
      }
    });
  });
  return x;
}

void measure(const Nested& n, int depth, Shape& shape, Scalar::Kind& kind, Where where) {
  if (!n.is_list) {
    if (depth != shape.rank()) fail_at(ShapeError("tensor: the nested lists are not of one depth"), where);
    if (n.value.kind > kind) kind = n.value.kind;
    return;
  }
  if (depth == shape.rank()) fail_at(ShapeError("tensor: the nested lists are not of one depth"), where);
  if (int64_t(n.list.size()) != shape[depth])
    fail_at(ShapeError("tensor: a list at depth " + std::to_string(depth) + " has " + std::to_string(n.list.size()) + " elements, its neighbours " +
                       std::to_string(shape[depth])), where);
  for (const Nested& e : n.list) measure(e, depth + 1, shape, kind, where);
}
void write(const Nested& n, DType dtype, char*& to, Where where) {
  if (n.is_list) {
    for (const Nested& e : n.list) write(e, dtype, to, where);
    return;
  }
  if (!fits(n.value, dtype)) fail_at(DTypeError("tensor: the number " + to_string(n.value) + " does not fit " + name(dtype)), where);
  visit_any(dtype, [&]<class T>(T*) {
    T v = number<T>(n.value);
    std::memcpy(to, &v, sizeof v);
    to += sizeof v;
  });
}

Tensor from_lists(const Nested& values, const DType* asked, Where where) {
  Scalar::Kind kind = Scalar::Kind::kBool;
  Shape shape;
  for (const Nested* n = &values; n->is_list; n = &n->list[0]) {
    if (shape.rank() == kMaxRank) fail_at(ShapeError("tensor: lists nested deeper than " + std::to_string(kMaxRank)), where);
    shape.push(int64_t(n->list.size()));
    if (n->list.empty()) break;
  }
  measure(values, 0, shape, kind, where);
  DType dtype = asked ? *asked : kind == Scalar::Kind::kComplex ? complex64 : shape.size() == 0 || kind == Scalar::Kind::kFloat ? float32 : kind == Scalar::Kind::kInt ? int64 : boolean;
  Tensor x = empty(shape, dtype, cpu(), where);
  char* to = x.raw<char>();
  write(values, dtype, to, where);
  return x;
}

}  // namespace

Spec Fill::infer(Inputs) const {
  if (!fits(value, dtype)) throw DTypeError("full: the number " + to_string(value) + " does not fit " + reel::name(dtype));
  Spec s(shape, dtype);
  s.device = device;
  return s;
}

Tensor empty(const Shape& shape, DType dtype, Device device, Where where) {
  try {
    return Tensor(new_body(shape, dtype, device, where));
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
}

Tensor full(const Shape& shape, Scalar value, DType dtype, Device device, Where where) {
  return apply(Fill{shape, value, dtype, device}, where);
}
Tensor zeros(const Shape& shape, DType dtype, Device device, Where where) { return full(shape, 0, dtype, device, where); }
Tensor ones(const Shape& shape, DType dtype, Device device, Where where) { return full(shape, 1, dtype, device, where); }
Tensor zeros_like(const Tensor& x, Where where) {
  held("zeros_like", x, where);
  return full(x.shape(), 0, x.dtype(), x.device(), where);
}
Tensor ones_like(const Tensor& x, Where where) {
  held("ones_like", x, where);
  return full(x.shape(), 1, x.dtype(), x.device(), where);
}

Tensor arange(Scalar stop, Where where) { return arange(Scalar(0), stop, 1, where); }
Tensor arange(Scalar start, Scalar stop, Scalar step, Where where) {
  if (start.kind < Scalar::Kind::kFloat && stop.kind < Scalar::Kind::kFloat && step.kind < Scalar::Kind::kFloat && step.i != 0) {
    // Exactly, in 128 bits: a double does not hold every int64.
    __int128 distance = __int128(stop.i) - start.i, each = step.i;
    __int128 count = distance == 0 || (distance > 0) != (each > 0) ? 0 : (distance + each + (each > 0 ? -1 : 1)) / each;
    if (count > __int128(1e15)) fail_at(ShapeError("arange: too many elements"), where);
    Tensor x = empty({int64_t(count)}, int64, cpu(), where);
    for (int64_t i = 0; i < x.size(); ++i) x.raw<int64_t>()[i] = start.i + i * step.i;
    return x;
  }
  bool floats = start.kind == Scalar::Kind::kFloat || stop.kind == Scalar::Kind::kFloat || step.kind == Scalar::Kind::kFloat;
  double n = std::ceil((stop.as_double() - start.as_double()) / step.as_double());
  if (!(step.as_double() != 0) || !std::isfinite(n)) fail_at(Error("arange: start, stop and step must be finite and step not 0"), where);
  if (n > 1e15) fail_at(ShapeError("arange: too many elements"), where);
  return range(start.as_double(), step.as_double(), n < 0 ? 0 : int64_t(n), floats ? float32 : int64, where);
}

Tensor linspace(double start, double stop, int64_t count, DType dtype, Where where) {
  if (count < 0) fail_at(ShapeError("linspace: a negative count, " + std::to_string(count)), where);
  Tensor x = range(start, count > 1 ? (stop - start) / double(count - 1) : 0, count, dtype, where);
  if (count > 1) assign(x[-1], stop, where);
  return x;
}

Tensor eye(int64_t rows, int64_t columns, DType dtype, Where where) {
  if (columns < 0) columns = rows;
  Tensor x = zeros({rows, columns}, dtype, cpu(), where);
  visit_any(dtype, [&]<class T>(T*) {
    for (int64_t i = 0; i < rows && i < columns; ++i) x.raw<T>()[i * columns + i] = number<T>(1);
  });
  return x;
}

Tensor one_hot(const Tensor& labels, int64_t depth, DType dtype, Where where) {
  Tensor l = contiguous(cast(to(labels, cpu(), where), int64, where), where);
  Shape s = labels.shape();
  if (depth < 0) fail_at(ShapeError("one_hot: a negative depth, " + std::to_string(depth) + "\n  a  " + describe(labels)), where);
  if (s.rank() == kMaxRank) fail_at(ShapeError("one_hot: the labels have " + std::to_string(kMaxRank) + " axes already"), where);
  s.push(depth);
  Tensor x = zeros(s, dtype, cpu(), where);
  auto v = l.values<int64_t>();
  visit(dtype, [&]<class T>(T*) {
    for (size_t i = 0; i < v.size(); ++i) {
      if (v[i] < 0 || v[i] >= depth)
        fail_at(IndexError("one_hot: label " + std::to_string(v[i]) + " at position " + std::to_string(i) + " is outside [0, " + std::to_string(depth) +
                           ")\n  a  " + describe(labels)), where);
      x.raw<T>()[int64_t(i) * depth + v[i]] = number<T>(1);
    }
  });
  return x;
}

Tensor tensor(Nested values, Where where) { return from_lists(values, nullptr, where); }
Tensor tensor(Nested values, DType dtype, Where where) { return from_lists(values, &dtype, where); }

Tensor from_values(const void* data, int64_t count, const Shape& shape, DType dtype, Where where) {
  if (shape.size() != count)
    fail_at(ShapeError("tensor: " + std::to_string(count) + " values for shape " + to_string(shape)), where);
  Tensor x = empty(shape, dtype, cpu(), where);
  if (count) std::memcpy(x.raw(), data, size_t(x.bytes()));
  return x;
}

Tensor from_memory(void* data, int64_t bytes, const Shape& shape, DType dtype, void (*deleter)(void*), void* context, Where where) {
  // Ownership passes here first, so that every way out calls the deleter.
  struct Owner {
    Storage* storage;
    ~Owner() { if (storage) release(storage); }
  } owner{foreign_storage(data, bytes, deleter, context)};
  int64_t needed = checked_bytes(shape, item_size(dtype));
  if (bytes < needed)
    fail_at(ShapeError("from_memory: " + std::to_string(bytes) + " bytes for " + name(dtype) + to_string(shape) + ", which takes " + std::to_string(needed)), where);
  if (!data && needed > 0) fail_at(Error("from_memory: a null pointer for " + std::string(name(dtype)) + to_string(shape)), where);
  Tensor x = empty({}, dtype, cpu(), where);
  Body& b = x.body();
  release(b.storage);
  b.storage = std::exchange(owner.storage, nullptr);
  b.storage->owner = &b;
  b.data = data;
  b.shape = shape;
  b.size = shape.size();
  int64_t n = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) b.strides[i] = n, n *= shape[i];
  return x;
}

}  // namespace reel
