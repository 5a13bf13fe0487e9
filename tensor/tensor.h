#pragma once
// The tensor handle: one pointer; copying shares the values, clone() copies them. A method answers what a tensor is,
// a free function makes a new one.
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tensor/body.h"
#include "tensor/error.h"
#include "tensor/index.h"

namespace reel {

class Indexed;
struct AnyIndices;

class Tensor {
 public:
  Tensor() = default;  // holds nothing; any use but assignment and bool() throws
  explicit Tensor(Body* owned) : body_(owned) {}
  Tensor(const Tensor& o) : body_(o.body_) { if (body_) retain(body_); }
  Tensor(Tensor&& o) noexcept : body_(std::exchange(o.body_, nullptr)) {}
  ~Tensor() { if (body_) release(body_); }
  // Assigning to a name makes it another handle of the same values ...
  Tensor& operator=(const Tensor& o) & { Tensor(o).swap(*this); return *this; }
  Tensor& operator=(Tensor&& o) & noexcept { Tensor(std::move(o)).swap(*this); return *this; }
  // ... and assigning to an indexing expression writes: x[0] = y; x[{ellipsis, slice(0, 3)}] = 1.f.
  void operator=(const Tensor& o) &&;
  void operator=(Tensor&& o) && { std::move(*this) = std::as_const(o); }
  void operator=(Scalar value) &&;

  explicit operator bool() const { return body_ != nullptr; }
  const Shape& shape() const { return body().shape; }
  int rank() const { return body().shape.rank(); }
  int64_t dim(int axis, Where where = {}) const;  // throws on an axis outside [-rank, rank)
  int64_t size() const { return body().size; }
  int64_t bytes() const { return body().size * item_size(body().dtype); }
  DType dtype() const { return body().dtype; }
  Device device() const { return body().device; }
  bool contiguous() const { return body().contiguous; }
  std::span<const int64_t> strides() const { return {body().strides, size_t(body().shape.rank())}; }  // in elements
  bool has_history() const { return body().history != nullptr; }
  std::string origin() const;  // "relu at train.cc:49"; empty when unknown

  // The value of a tensor of one element, from any device and dtype.
  template <class T = double> T item(Where where = {}) const {
    Scalar s = item_scalar(where);
    if constexpr (is_complex_type<T>) return T(s.as_complex());
    else if (s.kind == Scalar::Kind::kComplex) complex_item(where);
    else return s.kind == Scalar::Kind::kFloat ? T(s.f) : T(s.i);
  }
  // One element, checked: x.at<float>(1, -1).
  template <class T = float, class... I> T at(I... index) const {
    const int64_t i[] = {int64_t(index)..., 0};
    return *static_cast<const T*>(element(dtype_of<T>(), {i, sizeof...(I)}));
  }
  // The values of a contiguous host tensor; throws when it is anything else and says what to call.
  template <class T> std::span<const T> values() const {
    return {static_cast<const T*>(host_values(dtype_of<T>())), size_t(size())};
  }
  // The same for writing: counts as an in-place write.
  template <class T> std::span<T> mutable_values(Where where = {}) {
    return {static_cast<T*>(host_values_for_writing(dtype_of<T>(), where)), size_t(size())};
  }
  // Typed access without checks, as fast as a raw pointer: auto v = x.view<float, 2>(); v(i, j) = 0.
  template <class T, int Rank> class View {
   public:
    template <class... I> T& operator()(I... index) const {
      static_assert(sizeof...(I) == Rank);
      const int64_t i[] = {int64_t(index)...};
      int64_t at = 0;
      for (int k = 0; k < Rank; ++k) at += i[k] * strides_[k];
      return data_[at];
    }
    int64_t dim(int axis) const { return dims_[axis]; }

   private:
    friend class Tensor;
    T* data_;
    int64_t dims_[Rank ? Rank : 1], strides_[Rank ? Rank : 1];
  };
  template <class T, int Rank> View<T, Rank> view() const {
    View<T, Rank> v;
    v.data_ = static_cast<T*>(typed_view(dtype_of<T>(), Rank));
    for (int k = 0; k < Rank; ++k) v.dims_[k] = body_->shape[k], v.strides_[k] = body_->strides[k];
    return v;
  }

  // NumPy's basic indexing; the result is a view: x[2], x[{slice(1, 3), -1}], x[{ellipsis, newaxis}].
  Tensor operator[](Index index) const;
  Tensor operator[](std::initializer_list<Index> index) const;
  // NumPy's advanced indexing, tensors among the indices: x[ids], x[mask], x[{ids, slice(0, 3), mask}]. The result is a copy, and
  // assigning to the expression writes into x: x[mask] = 0, x[{rows, columns}] += 1.
  Indexed operator[](AnyIndices index) const;

  // Iteration over the first axis: for (Tensor row : x).
  class Iterator {
   public:
    Iterator(const Tensor* of, int64_t at) : of_(of), at_(at) {}
    Tensor operator*() const { return (*of_)[at_]; }
    Iterator& operator++() { ++at_; return *this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const Tensor* of_;
    int64_t at_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, dim(0)}; }

  void swap(Tensor& o) noexcept { std::swap(body_, o.body_); }
  // The record itself, for kernels and for the engine; throws on an empty handle.
  Body& body() const {
    if (!body_) no_value();
    return *body_;
  }
  Body* get() const { return body_; }
  template <class T = void> T* raw() const { return static_cast<T*>(body_->data); }

 private:
  [[noreturn]] static void no_value();
  Scalar item_scalar(Where where) const;
  [[noreturn]] void complex_item(Where where) const;
  const void* element(DType dtype, std::span<const int64_t> index) const;
  const void* host_values(DType dtype) const;
  void* host_values_for_writing(DType dtype, Where where);
  void* typed_view(DType dtype, int rank) const;

  Body* body_ = nullptr;
};

using Tensors = std::vector<Tensor>;

// An index of any kind: a basic one, or a tensor. Integers name elements, negative ones from the end; a bool tensor stands for as many
// axes as it has and chooses where it is true.
struct AnyIndex {
  Index basic;
  Tensor tensor;  // empty: a basic index
  template <class T>
    requires std::is_convertible_v<T, Index>
  AnyIndex(T i, Where w = {}) : basic(i, w) {}
  AnyIndex(const Tensor& t, Where w = {});  // throws for an empty handle
};
struct AnyIndices {
  std::vector<AnyIndex> at;
  AnyIndices(const Tensor& t, Where w = {}) : at{AnyIndex(t, w)} {}
  AnyIndices(std::initializer_list<AnyIndex> list) : at(list) {}
  explicit AnyIndices(std::vector<AnyIndex> list) : at(std::move(list)) {}
};

// The elements that tensors among the indices chose, and where they stand: an expression to read or to assign to.
class Indexed : public Tensor {
 public:
  // Writes into the indexed tensor, broadcast and cast; where an element is named more than once the last value stays.
  void operator=(const Tensor& value) &&;
  void operator=(const Indexed& value) && { std::move(*this) = static_cast<const Tensor&>(value); }
  void operator=(Scalar value) &&;
  Indexed(const Indexed&) = default;
  Indexed(Indexed&&) = default;
  // A name given to the expression is a handle of its values: assigning makes it another one and writes nothing.
  Indexed& operator=(const Indexed&) & = default;
  Indexed& operator=(const Tensor& o) & { return *this = Indexed(o); }

 private:
  friend class Tensor;
  explicit Indexed(Tensor values) : Tensor(std::move(values)) {}
  Tensor view_, at_;  // the indexed tensor with the chosen axes together, positions along them
  int lead_ = 0;      // the first of the chosen axes
};

// "float32[4, 8] cpu   relu at train.cc:49": one operand line of an error.
std::string describe(const Tensor& x);
std::string to_string(const Scalar& number);
// NumPy's rendering, summarised above 1000 elements: "[[1. 2.]\n [3. 4.]]".
std::string to_string(const Tensor& x);
// Prints to_string(x) and a newline to standard output.
void print(const Tensor& x);

// Counts a write to x's storage, checks that it may be written in place and returns for the kernel to write: refuses a
// variable or recorded tensor while recording.
void begin_write(const Tensor& x, const char* op, Where where);

}  // namespace reel
