#include "tensor/tensor.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "tensor/backend.h"
#include "tensor/held.h"
#include "tensor/op.h"
#include "tensor/ops/copy.h"
#include "tensor/pool.h"
#include "tensor/trace.h"

namespace reel {

bool row_major(const Shape& shape, const int64_t* strides) {
  int64_t expected = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

Body* new_body(const Shape& shape, DType dtype, Device device, Where where) {
  int64_t size = 1, strides[kMaxRank];
  bool overflow = false;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = size;
    overflow |= __builtin_mul_overflow(size, shape[i], &size) | (shape[i] < 0);
  }
  int64_t bytes;
  overflow |= __builtin_mul_overflow(size, item_size(dtype), &bytes);
  if (overflow) [[unlikely]] bytes = checked_bytes(shape, item_size(dtype));
  Storage* storage = device.type == DeviceType::kCpu        ? host_storage(bytes)
                     : device.type >= DeviceType::kSymbolic ? host_storage(0)
                                                            : backend(device).allocate(bytes, device);
  auto* b = new (pool::take(sizeof(Body))) Body;
  b->dtype = dtype;
  b->device = device;
  b->storage = storage;
  storage->owner = b;
  b->data = storage->data;
  b->where = where;
  b->shape = shape;
  for (int i = 0; i < shape.rank(); ++i) b->strides[i] = strides[i];
  b->size = size;
  return b;
}

Body* new_view(const Body& of, const Shape& shape, const int64_t* strides, int64_t offset, Where where) {
  auto* b = new (pool::take(sizeof(Body))) Body;
  b->dtype = of.dtype;
  b->device = of.device;
  b->is_view = true;
  b->storage = of.storage;
  retain(b->storage);
  b->data = of.data ? static_cast<char*>(of.data) + offset * item_size(of.dtype) : nullptr;
  b->size = shape.size();
  b->where = where;
  b->shape = shape;
  std::copy(strides, strides + shape.rank(), b->strides);
  b->contiguous = row_major(shape, strides);
  b->version = of.storage->version.load(std::memory_order_relaxed);
  return b;
}

void destroy(Body* b) {
  if (b->history) b->history->release();
  if (b->storage->owner == b) b->storage->owner = nullptr;
  release(b->storage);
  b->~Body();
  pool::give(b, sizeof(Body));
}

AnyIndex::AnyIndex(const Tensor& t, Where w) : basic(0, w), tensor(held("index", t, w)) {}

const Tensor& held(const char* function, const Tensor& x, Where where) {
  if (!x) fail_at(Error(std::string(function) + ": an operand is an empty Tensor (default-constructed or moved from)"), where);
  return x;
}
void Tensor::no_value() { throw Error("this Tensor holds nothing: it was default-constructed or moved from"); }

int64_t Tensor::dim(int axis, Where where) const {
  const Shape& s = shape();
  if (axis < -s.rank() || axis >= s.rank())
    fail_at(IndexError("dim: axis " + std::to_string(axis) + " is outside the " + std::to_string(s.rank()) + " axes\n  a  " + describe(*this)), where);
  return s[axis];
}

std::string Tensor::origin() const {
  const Body& b = body();
  if (b.history) return b.history->origin();
  if (b.made_by) return std::string(b.made_by->name) + " at " + to_string(b.where);
  return b.where.line() ? "made at " + to_string(b.where) : "";
}

std::string describe(const Tensor& x) {
  if (!x) return "an empty Tensor";
  std::string s = std::string(name(x.dtype())) + to_string(x.shape()) + " " + to_string(x.device());
  std::string origin = x.origin();
  return origin.empty() ? s : s + "   " + origin;
}

Scalar Tensor::item_scalar(Where where) const {
  if (device() == traced()) return located(where, [&] { return traced_of(*this).value().item_scalar(where); });
  if (size() != 1) fail_at(ShapeError("item: needs a tensor of one element\n  a  " + describe(*this)), where);
  const Body& b = body();
  alignas(16) char bytes[16];
  backend(b.device).copy(bytes, cpu(), b.data, b.device, item_size(b.dtype));
  return visit_any(b.dtype, [&]<class T>(T*) -> Scalar {
    T v;
    std::memcpy(&v, bytes, sizeof v);
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) return float(v);
    else return v;
  });
}

void Tensor::complex_item(Where where) const {
  fail_at(DTypeError("item: a complex number is asked for as a real one (item<std::complex<double>>())\n  a  " + describe(*this)), where);
}

namespace {
[[noreturn]] void wrong_dtype(const char* what, const Tensor& x, DType asked) {
  throw DTypeError(std::string(what) + ": asked for " + name(asked) + ", the tensor is " + name(x.dtype()) +
                   " (cast(x, " + name(asked) + ") converts)\n  a  " + describe(x));
}
void need_host(const char* what, const Tensor& x) {
  if (x.device() != cpu()) throw DeviceError(std::string(what) + ": the values are not in host memory (to(x, cpu()) copies)\n  a  " + describe(x));
}
}  // namespace

const void* Tensor::element(DType dtype, std::span<const int64_t> index) const {
  if (device() == traced()) return traced_of(*this).value().element(dtype, index);
  need_host("at", *this);
  if (dtype != this->dtype()) wrong_dtype("at", *this, dtype);
  if (int(index.size()) != rank())
    throw IndexError("at: " + std::to_string(index.size()) + " indices for " + std::to_string(rank()) + " axes\n  a  " + describe(*this));
  int64_t at = 0;
  for (int i = 0; i < rank(); ++i) {
    int64_t k = index[i] < 0 ? index[i] + shape()[i] : index[i];
    if (k < 0 || k >= shape()[i])
      throw IndexError("at: index " + std::to_string(index[i]) + " of axis " + std::to_string(i) + " with " +
                       std::to_string(shape()[i]) + " elements\n  a  " + describe(*this));
    at += k * body_->strides[i];
  }
  return static_cast<const char*>(body_->data) + at * item_size(dtype);
}

const void* Tensor::host_values(DType dtype) const {
  if (device() == traced()) return traced_of(*this).value().host_values(dtype);
  need_host("values", *this);
  if (dtype != this->dtype()) wrong_dtype("values", *this, dtype);
  if (!contiguous()) throw ShapeError("values: the tensor is a strided view (contiguous(x) copies)\n  a  " + describe(*this));
  return body_->data;
}

void* Tensor::host_values_for_writing(DType dtype, Where where) {
  host_values(dtype);
  begin_write(*this, "mutable_values", where);
  return body_->data;
}

void* Tensor::typed_view(DType dtype, int rank) const {
  need_host("view", *this);
  if (dtype != this->dtype()) wrong_dtype("view", *this, dtype);
  if (rank != this->rank()) throw ShapeError("view: asked for rank " + std::to_string(rank) + "\n  a  " + describe(*this));
  return body_->data;
}

void begin_write(const Tensor& x, const char* op, Where where) {
  Body& b = x.body();
  if (recording() && b.history) {
    fail_at(TapeError(std::string(op) + (b.history->is_variable()
                                 ? ": a variable is written in place while recording; do it under NoGrad"
                                 : ": a recorded value is written in place; its gradient would be wrong (use a new tensor, or NoGrad)") +
                        "\n  a  " + describe(x)), where);
  }
  for (int i = 0; i < b.shape.rank(); ++i)
    if (b.strides[i] == 0 && b.shape[i] > 1 && b.size) {
      fail_at(ShapeError(std::string(op) + ": several elements of this broadcast view share one address\n  a  " + describe(x)), where);
    }
  b.storage->version.fetch_add(1, std::memory_order_relaxed);
  b.storage->written = where;
}

void Tensor::operator=(const Tensor& o) && { assign(*this, o, body().where); }
void Tensor::operator=(Scalar value) && { assign(*this, value, body().where); }

}  // namespace reel
