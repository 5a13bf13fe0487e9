#pragma once
// What the normalizations share: blocks of rows, operands and axes as they need them, and the gradients of standardized rows.
#include <algorithm>
#include <vector>

#include "tensor/cpu/norm_loops.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/normalization.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel::normalization {

inline constexpr int64_t kWork = 16384;  // values worth a thread

// x, y and their gradients are read and written in their own dtype, 16 bits by way of registers; what belongs to a channel or a row
// (parameters, moments, sums) is float32 for them.
inline const NormLoops& loops_of(const Tensor& x) { return norm_loops[int(x.dtype())]; }
inline char* at(const Tensor& x, int64_t i) { return static_cast<char*>(x.raw()) + i * item_size(x.dtype()); }

// Rows are cut into blocks by the shape alone: their number never depends on the threads.
struct Blocks {
  int64_t rows, step, count;
  Blocks(int64_t rows, int64_t wanted, int64_t most) : rows(rows), step(std::max(wanted, (rows + most - 1) / most)), count((rows + step - 1) / step) {}
  // f(number, first row, rows) for each block.
  template <class F> void each(int64_t columns, F&& f) const {
    parallel_for(count, std::max<int64_t>(1, kWork / std::max<int64_t>(1, step * columns)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i, i * step, std::min(step, rows - i * step));
    });
  }
};
// Blocks that stay in the first-level cache for a second pass.
inline Blocks cached_blocks(int64_t rows, int64_t columns) { return Blocks(rows, std::clamp<int64_t>(8192 / std::max<int64_t>(columns, 1), 16, 256), 1 << 14); }
inline int64_t rows_of(const Tensor& x, int64_t columns) { return columns ? x.size() / columns : 0; }

// What each block found, one after the other: from the allocator of tensors, because malloc would ask the system for every call's pages.
template <class T> struct Parts {
  Tensor storage;
  int64_t columns;
  Parts(int64_t count, int64_t columns) : storage(new_body({count, columns}, dtype_of<T>(), cpu(), {})), columns(columns) {}
  T* operator[](int64_t block) const { return storage.raw<T>() + block * columns; }
};

// The differentiable form of the gradients, for replays that are recorded themselves: x and gy [rows, n], gamma [n].
inline Tensors standardized_gradients(const Tensor& given, const Tensor& gamma, const Tensor& given_gy, int axis, double epsilon) {
  Tensor x = cast(given, gamma.dtype()), gy = cast(given_gy, gamma.dtype());
  Tensor d = x - mean(x, axis, true), r = rsqrt(mean(square(d), axis, true) + epsilon), normal = d * r, g = gy * gamma;
  Tensor gx = r * (g - mean(g, axis, true) - normal * mean(g * normal, axis, true));
  return {cast(gx, given.dtype()), sum(gy * normal, 0), sum(gy, 0)};
}

// Inputs x, gamma, gy.
struct LayerNormGrad {
  static constexpr const char* name = "layer_norm_grad";
  static constexpr Keep keep = kNothing;
  static constexpr int outputs = 3;
  double epsilon;
  bool parameters;  // whether gamma's and beta's gradients are wanted
  std::array<Spec, 3> infer(Inputs in) const {
    Spec of_parameters(parameters ? in[1].shape() : Shape{0}, in[1].dtype());
    return {Spec(in[0].shape(), in[0].dtype()), of_parameters, of_parameters};
  }
  Grads vjp(const Vjp&) const { throw TapeError("layer_norm_grad: is not recorded; a recorded replay uses its formula"); }
};
// Every given handle as floats: x in `t`, in which the function answers, parameters in `wide`, in which it computes; an empty one becomes
// `value`s of shape s. x of 16 bits is answered in its own dtype beside parameters of float32, as a model in mixed precision has them.
struct Operands {
  const char* op;
  DType t, wide;
  Where where;
  Operands(const char* op, const Tensor& x, const Tensor& a, const Tensor& b, Where where) : op(op), t(x.dtype()), where(where) {
    if (a) t = promote(t, a.dtype());
    if (b) t = promote(t, b.dtype());
    if (!is_floating(t)) t = float32;
    if (t == float32 && (x.dtype() == float16 || x.dtype() == bfloat16)) t = x.dtype();
    wide = wide_dtype(t);
  }
  Tensor wide_of(const Tensor& x) const { return cast(x, wide, where); }
  Tensor answer(const Tensor& y) const { return cast(y, t, where); }
  Tensor parameter(const char* what, const Tensor& p, const Shape& s, double value, const Tensor& x) const {
    if (!p) return full(s, value, wide, x.device() == symbolic() ? cpu() : x.device(), where);
    const Tensor* in[] = {&x, &p};
    if (!(p.shape() == s)) fail(op, std::string(what) + " must be " + to_string(s), Inputs(in, 2));
    return wide_of(p);
  }
};

inline void check_epsilon(const char* op, double epsilon, const Tensor& x) {
  const Tensor* in[] = {&x};
  if (!(epsilon >= 0)) fail<Error>(op, "epsilon must not be negative, got " + std::to_string(epsilon), Inputs(in, 1));
}

// x's axes in a new order with some last, in ascending order.
struct Order {
  int axes[kMaxRank], back[kMaxRank], rank, last;
  Order(const char* op, const Tensor& x, const Axes& chosen) : rank(x.rank()), last(0) {
    const Tensor* in[] = {&x};
    if (chosen.count == 0) fail<IndexError>(op, "needs an axis to normalize over", Inputs(in, 1));
    bool taken[kMaxRank] = {};
    for (int i = 0; i < chosen.count; ++i) {
      int a = normalize_axis(op, chosen.at[i], rank, Inputs(in, 1));
      if (taken[a]) fail<IndexError>(op, "axis " + std::to_string(a) + " appears twice", Inputs(in, 1));
      taken[a] = true;
    }
    int k = 0;
    for (int i = 0; i < rank; ++i)
      if (!taken[i]) axes[k++] = i;
    last = rank - k;
    for (int i = 0; i < rank; ++i)
      if (taken[i]) axes[k++] = i;
    for (int i = 0; i < rank; ++i) back[axes[i]] = i;
  }
  bool plain() const {
    for (int i = 0; i < rank; ++i)
      if (axes[i] != i) return false;
    return true;
  }
  Tensor put(const Tensor& x, Where where) const { return plain() ? x : transpose(x, std::span<const int>(axes, size_t(rank)), where); }
  Tensor undo(const Tensor& x, Where where) const { return plain() ? x : transpose(x, std::span<const int>(back, size_t(rank)), where); }
  Shape chosen(const Tensor& x) const {
    Shape s;
    for (int i = rank - last; i < rank; ++i) s.push(x.shape()[axes[i]]);
    return s;
  }
};

// p [sizes of axes] with axes of 1 between, to broadcast against x.
inline Tensor spread(const Tensor& p, const Tensor& x, const Order& order, Where where) {
  Shape s;
  for (int i = 0; i < x.rank(); ++i) s.push(order.back[i] >= order.rank - order.last ? x.shape()[i] : 1);
  return reshape(p, s, where);
}

}  // namespace reel::normalization
