#include "autograd/node.h"
#include "autograd/tracers.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// What the op's own batching rule looks at.
struct Mapped final : Batch {
  const VmapTracer& t;
  Inputs operands;
  Where at;
  Mapped(const VmapTracer& tracer, Inputs in, Where where) : t(tracer), operands(in), at(where) {}
  bool has(int i) const override { return t.has(operands[i]); }
  Tensor in(int i) const override { return t.all(operands[i]); }
  Tensor whole(int i) const override { return t.whole(operands[i], at); }
  int64_t size() const override { return t.size; }
  int inputs() const override { return operands.size(); }
  bool each_random() const override { return t.randomness == Randomness::kDifferent; }
  Where where() const override { return at; }
};

void run(const OpType& type, const void* op, const Tensors& x, Tensor* out, Where where) {
  std::vector<const Tensor*> at;
  for (const Tensor& t : x) at.push_back(&t);
  detail::apply(type, op, Inputs(at.data(), int(at.size())), out, where);
}

// Operands of fewer axes get theirs after the batch: [batch, 3] beside [batch, 2, 3] becomes [batch, 1, 3].
Tensors aligned(const Mapped& c) {
  int rank = 0;
  Tensors x;
  for (int i = 0; i < c.inputs(); ++i) {
    x.push_back(c.in(i));
    rank = std::max(rank, x.back().rank() - c.has(i));
  }
  for (int i = 0; i < c.inputs(); ++i) {
    Tensor& t = x[size_t(i)];
    if (!c.has(i) || t.rank() == rank + 1) continue;
    Shape s{c.size()};
    for (int k = t.rank() - 1; k < rank; ++k) s.push(1);
    for (int k = 1; k < t.rank(); ++k) s.push(t.shape()[k]);
    t = reshape(t, s, c.where());
  }
  return x;
}

// One slice after the other.
void run_slices(const OpType& type, const void* op, const Mapped& c, Tensor* out) {
  std::vector<Tensors> parts(type.outputs);
  for (int64_t n = 0; n < c.size(); ++n) {
    Tensors x, y(type.outputs);
    for (int i = 0; i < c.inputs(); ++i) {
      Tensor all = c.in(i);
      Shape s;
      for (int k = 1; c.has(i) && k < all.rank(); ++k) s.push(all.shape()[k]);
      x.push_back(c.has(i) ? reshape(slice_axis(all, 0, n, 1, c.where()), s, c.where()) : all);
    }
    run(type, op, x, y.data(), c.where());
    for (size_t k = 0; k < y.size(); ++k) parts[k].push_back(y[k]);
  }
  for (size_t k = 0; k < parts.size(); ++k) out[k] = stack(parts[k], 0, c.where());
}

int normal_axis(int axis, int rank, const char* what, size_t i) {
  if (axis < -rank || axis >= rank)
    throw IndexError("vmap: " + std::string(what) + " " + std::to_string(i) + " names axis " + std::to_string(axis) + " of " + std::to_string(rank));
  return axis < 0 ? axis + rank : axis;
}
Tensor move_axis(const Tensor& x, int from, int to, Where where) {
  if (from == to) return x;
  int axes[kMaxRank], k = 0;
  for (int i = 0; i < x.rank(); ++i)
    if (i != from) axes[k++] = i;
  for (int i = k; i > to; --i) axes[i] = axes[i - 1];
  axes[to] = from;
  return transpose(x, std::span<const int>(axes, size_t(x.rank())), where);
}

Tensors mapped(const Function& f, const VmapOptions& o, const Tensors& inputs) {
  Where where;
  if (!o.in_axes.empty() && o.in_axes.size() != inputs.size())
    throw ShapeError("vmap: " + std::to_string(o.in_axes.size()) + " in_axes for " + std::to_string(inputs.size()) + " inputs");
  int64_t size = -1;
  size_t first = 0;
  std::vector<int> axes;
  Device home = inputs.empty() ? cpu() : inputs[0].device() == traced() ? innermost_tracer()->home : inputs[0].device();
  for (size_t i = 0; i < inputs.size(); ++i) {
    int axis = o.in_axes.empty() ? 0 : o.in_axes[i];
    axes.push_back(axis == kNoAxis ? axis : normal_axis(axis, inputs[i].rank(), "input", i));
    if (axis == kNoAxis) continue;
    int64_t n = inputs[i].shape()[axes.back()];
    if (size >= 0 && n != size)
      throw ShapeError("vmap: the mapped axes differ: " + std::to_string(size) + " in input " + std::to_string(first) + ", " + std::to_string(n) + " in input " +
                       std::to_string(i) + "\n  a  " + describe(inputs[first]) + "\n  b  " + describe(inputs[i]));
    if (size < 0) size = n, first = i;
  }
  if (size < 0) throw ShapeError("vmap: no input is mapped");
  if (size == 0) throw ShapeError("vmap: the mapped axis has no elements, so nothing tells the shape of the results\n  a  " + describe(inputs[first]));
  Tensors x;
  for (size_t i = 0; i < inputs.size(); ++i) x.push_back(axes[i] == kNoAxis ? inputs[i] : move_axis(inputs[i], axes[i], 0, where));
  VmapTracer tracer(home, size, o.randomness);
  for (size_t i = 0; i < x.size(); ++i)
    if (axes[i] != kNoAxis) x[i] = tracer.wrap(x[i], where);
  Tensors y = f(x);
  if (!o.out_axes.empty() && o.out_axes.size() != y.size())
    throw ShapeError("vmap: " + std::to_string(o.out_axes.size()) + " out_axes for " + std::to_string(y.size()) + " outputs");
  TracerScope around(tracer.outer);
  for (size_t i = 0; i < y.size(); ++i) {
    int axis = o.out_axes.empty() ? 0 : o.out_axes[i];
    if (axis == kNoAxis) {
      if (tracer.has(y[i])) throw ShapeError("vmap: output " + std::to_string(i) + " differs from element to element and has no out axis\n  a  " + describe(y[i]));
      continue;
    }
    y[i] = tracer.whole(y[i], where);
    y[i] = move_axis(y[i], 0, normal_axis(axis, y[i].rank(), "output", i), where);
  }
  return y;
}

}  // namespace

Tensor Batched::detached(Where where) const {
  auto* h = new Batched;
  h->tracer = tracer;
  h->all = detach(all, where);
  Shape s;
  for (int i = 1; i < all.rank(); ++i) s.push(all.shape()[i]);
  return traced_tensor(s, all.dtype(), h, where);
}
Tensor Batched::value() const {
  throw DeviceError("inside vmap a tensor has one value for each element: it cannot be looked at (item(), at(), values() or branching on it)");
}

VmapTracer::VmapTracer(Device home, int64_t n, Randomness r) : Tracer(home), size(n), randomness(r) {
  detail::mode &= ~(kNoRandom | kEachRandom);
  if (r == Randomness::kError) detail::mode |= kNoRandom;
  if (r == Randomness::kDifferent) detail::mode |= kEachRandom;
}
Tensor VmapTracer::wrap(const Tensor& x, Where where) const {
  auto* h = new Batched;
  h->tracer = id;
  h->all = x;
  Shape s;
  for (int i = 1; i < x.rank(); ++i) s.push(x.shape()[i]);
  return traced_tensor(s, x.dtype(), h, where);
}
Tensor VmapTracer::all(const Tensor& x) const { return has(x) ? static_cast<Batched&>(traced_of(x)).all : x; }
Tensor VmapTracer::whole(const Tensor& x, Where where) const {
  if (has(x)) return all(x);
  return broadcast_to(expand_dims(x, 0, where), batch_shape(size, x.shape()), where);
}

void VmapTracer::apply(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) {
  Mapped c(*this, in, where);
  TracerScope around(outer);
  Tensors y(type.outputs);
  if (type.elementwise) {
    run(type, op, aligned(c), y.data(), where);
  } else if (!type.batch || !type.batch(op, c, y.data())) {
    run_slices(type, op, c, y.data());
  }
  for (size_t k = 0; k < y.size(); ++k) out[k] = wrap(y[k], where);
}

bool VmapTracer::make(const OpType& type, const void* op, Tensor* out, Where where) {
  if (!type.batch || randomness != Randomness::kDifferent) return false;
  Mapped c(*this, Inputs(nullptr, 0), where);
  TracerScope around(outer);
  Tensors y(type.outputs);
  if (!type.batch(op, c, y.data())) return false;
  for (size_t k = 0; k < y.size(); ++k) out[k] = wrap(y[k], where);
  return true;
}

Function vmap(Function f, VmapOptions options) {
  return Function([f = std::move(f), options = std::move(options)](const Tensors& x) { return mapped(f, options, x); });
}

}  // namespace reel
