// Tensors joined along an axis, and cut apart again.
#include <algorithm>
#include <cstring>

#include "tensor/cpu/elementwise.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

struct Concat {
  static constexpr const char* name = "concat";
  static constexpr bool complex = true;
  static constexpr Keep keep = kShapes;
  int axis;
  Spec infer(Inputs in) const {
    Spec s(in[0].shape(), in[0].dtype());
    int64_t total = 0;
    for (int i = 0; i < in.size(); ++i) {
      s.dtype = promote(s.dtype, in[i].dtype());
      if (in[i].rank() != s.shape.rank()) fail(name, "operand " + std::to_string(i) + " has another number of axes", in);
      for (int k = 0; k < s.shape.rank(); ++k)
        if (k != axis && in[i].shape()[k] != s.shape[k])
          fail(name, "axis " + std::to_string(k) + " is " + std::to_string(s.shape[k]) + " in the first and " + std::to_string(in[i].shape()[k]) +
                         " in operand " + std::to_string(i), in);
      if (__builtin_add_overflow(total, in[i].shape()[axis], &total)) fail(name, "axis " + std::to_string(axis) + " grows beyond 64 bits", in);
    }
    s.shape[axis] = total;
    s.compute = s.dtype;
    return s;
  }
  Grads vjp(const Vjp& v) const {
    Tensors g(size_t(v.inputs()));
    int64_t at = 0;
    for (int i = 0; i < v.inputs(); ++i) {
      int64_t n = v.shape(i)[axis];
      if (v.needs(i)) g[size_t(i)] = slice_axis(v.gy(), axis, at, n);
      at += n;
    }
    return Grads(std::move(g));
  }
  Tensor batch(const Batch& b) const { return b.call(Concat{axis + 1}); }
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
REEL_KERNEL(Concat, kCpu) {
  Body& y = out[0].body();
  int64_t at = 0;
  bool outermost = true;  // every axis before `axis` is 1: the parts follow each other in memory
  for (int i = 0; i < op.axis; ++i) outermost &= y.shape[i] == 1;
  for (int i = 0; i < in.size(); ++i) {
    const Body& x = in[i].body();
    if (outermost && x.contiguous) {
      std::memcpy(static_cast<char*>(y.data) + at * y.strides[op.axis] * item_size(y.dtype), x.data, size_t(x.size * item_size(x.dtype)));
    } else if (x.size) {
      copy_values(Tensor(new_view(y, x.shape, y.strides, at * y.strides[op.axis], {})), in[i]);
    }
    at += x.shape[op.axis];
  }
}

}  // namespace

Tensor concat(const Tensors& parts, int axis, Where where) {
  return formula(where, [&] {
    if (parts.empty()) throw ShapeError("concat: no tensors given");
    axis = normalize_axis("concat", axis, parts[0].rank(), OneInput(parts[0]).in);
    return apply(Concat{axis}, parts, where);
  });
}
Tensor stack(const Tensors& parts, int axis, Where where) {
  return formula(where, [&] {
    if (parts.empty()) throw ShapeError("stack: no tensors given");
    Tensors grown;
    grown.reserve(parts.size());
    for (const Tensor& t : parts) {
      if (!(t.shape() == parts[0].shape())) throw ShapeError("stack: shapes differ\n  a  " + describe(parts[0]) + "\n  b  " + describe(t));
      grown.push_back(expand_dims(t, axis, where));
    }
    return concat(grown, axis, where);
  });
}

Tensors split(const Tensor& x, int sections, int axis, Where where) {
  int64_t n = formula(where, [&] {
    axis = normalize_axis("split", axis, x.rank(), OneInput(x).in);
    if (sections < 1 || x.shape()[axis] % sections)
      fail("split", "axis " + std::to_string(axis) + " of " + std::to_string(x.shape()[axis]) + " elements does not divide into " + std::to_string(sections), OneInput(x).in);
    return x.shape()[axis] / sections;
  });
  Tensors parts;
  parts.reserve(size_t(sections));
  for (int i = 0; i < sections; ++i) parts.push_back(slice_axis(x, axis, i * n, n, where));
  return parts;
}
Tensors split(const Tensor& x, std::initializer_list<int64_t> sizes, int axis, Where where) {
  return split(x, std::span<const int64_t>(sizes.begin(), sizes.size()), axis, where);
}
Tensors split(const Tensor& x, std::span<const int64_t> sizes, int axis, Where where) {
  formula(where, [&] {
    axis = normalize_axis("split", axis, x.rank(), OneInput(x).in);
    int64_t total = 0;
    for (int64_t n : sizes)
      if (n < 0 || __builtin_add_overflow(total, n, &total)) fail("split", "a part of " + std::to_string(n) + " elements", OneInput(x).in);
    if (total != x.shape()[axis]) fail("split", "the sizes sum to " + std::to_string(total) + ", axis " + std::to_string(axis) + " has " + std::to_string(x.shape()[axis]), OneInput(x).in);
  });
  Tensors parts;
  int64_t at = 0;
  for (int64_t n : sizes) {
    parts.push_back(slice_axis(x, axis, at, n, where));
    at += n;
  }
  return parts;
}

}  // namespace reel
