#include "tensor/ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/cpu/level.h"
#include "tensor/cpu/reduce_loops.h"
#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce_ops.h"
#include "tensor/ops/scan.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"
#include "tensor/symbolic.h"

namespace reel {

ReduceLoops reduce_loops[kFolds][kDTypes];
RowLoops row_loops[kDTypes];
REEL_LEVELS(reduce_loops)

namespace {

const bool installed = install_reduce_loops();

// The axes as a mask over [0, rank); throws on one outside or named twice.
unsigned axis_mask(const char* op, const Axes& axes, int rank, Inputs in) {
  if (axes.count == 0) return (1u << rank) - 1;
  unsigned mask = 0;
  for (int i = 0; i < axes.count; ++i) {
    int a = normalize_axis(op, axes.at[i], rank, in);
    if (mask >> a & 1) fail<IndexError>(op, "axis " + std::to_string(int(axes.at[i])) + " is named twice", in);
    mask |= 1u << a;
  }
  return mask;
}

// x as (outer, n, inner) with the reduced axes in the middle: as it lies when they are neighbours, else moved last by a copy.
struct Folded {
  Tensor x;
  int64_t outer = 1, n = 1, inner = 1;
};
Folded fold_axes(const Tensor& given, unsigned mask) {
  NoGrad no_grad;
  Folded f{contiguous(given)};
  const Shape& s = given.shape();
  int first = -1, last = -1;
  for (int i = 0; i < s.rank(); ++i)
    if (mask >> i & 1) {
      if (first < 0) first = i;
      last = i;
    }
  bool together = true;
  for (int i = first; first >= 0 && i <= last; ++i) together &= (mask >> i & 1) || s[i] == 1;
  if (!together) {
    int axes[kMaxRank], k = 0;
    for (int pass = 0; pass < 2; ++pass)
      for (int i = 0; i < s.rank(); ++i)
        if (int(mask >> i & 1) == pass) axes[k++] = i;
    f.x = contiguous(transpose(given, std::span<const int>(axes, size_t(s.rank()))));
    for (int i = 0; i < s.rank(); ++i) (mask >> i & 1 ? f.n : f.outer) *= s[i];
    return f;
  }
  for (int i = 0; i < s.rank(); ++i) {
    if (first >= 0 && i >= first && i <= last) f.n *= s[i];
    else if (i < first || first < 0) f.outer *= s[i];
    else f.inner *= s[i];
  }
  return f;
}

constexpr int64_t kWork = 65536;  // elements worth a thread
constexpr int64_t kRowBlock = 256;
constexpr int64_t kFewBlocks = 8;  // of one sum, on the calling thread

// Pairwise over `count` partial vectors of `width` elements standing one after the other; the result is the first.
void combine_pairwise(const ReduceLoops& loops, char* partials, int64_t count, int64_t width, int64_t item) {
  for (int64_t step = 1; step < count; step *= 2)
    for (int64_t i = 0; i + step < count; i += 2 * step)
      loops.combine(partials + i * width * item, partials + (i + step) * width * item, width);
}

// The parts of complex numbers add up like neighbours.
void run_fold(Fold kind, Folded f, const Tensor& out) {
  DType t = kind == Fold::kSum ? part_dtype(out.dtype()) : out.dtype();
  if (t != out.dtype()) f.inner *= 2;
  const ReduceLoops& loops = reduce_loops[int(kind)][int(t)];
  int64_t item = item_size(t);
  const char* x = f.x.raw<const char>();
  char* y = out.raw<char>();
  if (out.size() == 0) return;
  if (f.n == 0) {
    NoGrad no_grad;
    return assign(detach(out), kind == Fold::kProd ? 1 : 0);
  }
  if (f.inner == 1) {
    int64_t blocks = (f.n + kFoldBlock - 1) / kFoldBlock;
    if (blocks == 1)
      return parallel_for(f.outer, std::max<int64_t>(1, kWork / f.n), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) loops.block(x + i * f.n * item, f.n, y + i * item);
      });
    alignas(16) char few[16 * kFewBlocks];
    if (f.outer == 1 && blocks <= kFewBlocks) {
      for (int64_t i = 0; i < blocks; ++i) loops.block(x + i * kFoldBlock * item, std::min(kFoldBlock, f.n - i * kFoldBlock), few + i * item);
      combine_pairwise(loops, few, blocks, 1, item);
      std::memcpy(y, few, size_t(item));
      return;
    }
    Tensor partial(new_body({f.outer, blocks}, t, cpu(), {}));
    char* p = partial.raw<char>();
    parallel_for(f.outer * blocks, std::max<int64_t>(1, kWork / kFoldBlock), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t row = i / blocks, at = i % blocks * kFoldBlock;
        loops.block(x + (row * f.n + at) * item, std::min(kFoldBlock, f.n - at), p + i * item);
      }
    });
    for (int64_t i = 0; i < f.outer; ++i) {
      combine_pairwise(loops, p + i * blocks * item, blocks, 1, item);
      std::memcpy(y + i * item, p + i * blocks * item, size_t(item));
    }
    return;
  }
  int64_t blocks = (f.n + kRowBlock - 1) / kRowBlock;
  Tensor partial(blocks > 1 ? new_body({f.outer, blocks, f.inner}, t, cpu(), {}) : nullptr);
  char* p = blocks > 1 ? partial.raw<char>() : y;
  parallel_for(f.outer * blocks, std::max<int64_t>(1, kWork / (std::min(f.n, kRowBlock) * f.inner)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t o = i / blocks, at = i % blocks * kRowBlock;
      loops.rows(x + (o * f.n + at) * f.inner * item, std::min(kRowBlock, f.n - at), f.inner, f.inner, p + i * f.inner * item);
    }
  });
  if (blocks == 1) return;
  for (int64_t o = 0; o < f.outer; ++o) {
    combine_pairwise(loops, p + o * blocks * f.inner * item, blocks, f.inner, item);
    std::memcpy(y + o * f.inner * item, p + o * blocks * f.inner * item, size_t(f.inner * item));
  }
}

// The kernels fold float32, float64 and integers; the 16-bit floats go through float32.
void run_reduce(Fold kind, const Tensor& x, unsigned mask, const Tensor& out) {
  NoGrad no_grad;
  DType t = out.dtype();
  bool half = t == DType::kF16 || t == DType::kBF16;
  DType through = half ? DType::kF32 : t == DType::kBool ? DType::kU8 : t;
  bool as_it_is = x.dtype() == through && through == t;
  if (as_it_is && out.size() == 1 && x.contiguous()) return run_fold(kind, {x, 1, x.size(), 1}, out);
  Folded f = fold_axes(cast(x, through), mask);
  if (through == t) return run_fold(kind, std::move(f), out);
  Tensor wide(new_body(out.shape(), through, cpu(), {}));
  run_fold(kind, f, wide);
  assign(detach(out), wide);
}

// gy with its lost axes back as ones.
Tensor with_axes(const Tensor& gy, const Shape& x, unsigned mask) { return reshape(gy, reduced_shape(x, mask, true)); }

REEL_KERNEL(Sum, kCpu) { run_reduce(Fold::kSum, in[0], op.mask, out[0]); }

// The gradient of a sum is spread over what was summed up, times the slope of each term.
template <Fold kFold> struct SumOf : Reduction<SumOf<kFold>> {
  static constexpr const char* name = kFold == Fold::kSquares ? "sum_of_squares" : "sum_of_numbers";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const { return {reduced_shape(in[0].shape(), this->mask, this->keepdims), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), gy = broadcast_to(with_axes(v.gy(), x.shape(), this->mask), x.shape());
    return {kFold == Fold::kSquares ? gy * (2 * x) : reel::where(isnan(x), 0, gy)};
  }
};
using SumOfSquares = SumOf<Fold::kSquares>;
using SumOfNumbers = SumOf<Fold::kNumbers>;
REEL_KERNEL(SumOfSquares, kCpu) { run_reduce(Fold::kSquares, in[0], op.mask, out[0]); }
REEL_KERNEL(SumOfNumbers, kCpu) { run_reduce(Fold::kNumbers, in[0], op.mask, out[0]); }

struct Prod : Reduction<Prod> {
  static constexpr const char* name = "prod";
  static constexpr Precision precision = kHigh;
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn | kOut;
  Spec infer(Inputs in) const {
    DType t = in[0].dtype();
    return {reduced_shape(in[0].shape(), mask, keepdims), is_inexact(t) ? t : DType::kI64};
  }
  Grads vjp(const Vjp& v) const;
};
REEL_KERNEL(Prod, kCpu) { run_reduce(Fold::kProd, in[0], op.mask, out[0]); }
Grads Prod::vjp(const Vjp& v) const {
  Tensor x = v.in(0);
  const Shape& s = x.shape();
  Tensor gy = with_axes(v.gy(), s, mask);
  if (!any(detach(x) == 0).item<bool>()) return {gy * conj(with_axes(v.out(), s, mask) / x)};
  // With zeros nothing can be divided: each element's slope is the product of those before it times that of those after
  // it. The reduced axes come last for it.
  int axes[kMaxRank], back[kMaxRank], k = 0;
  Shape moved;
  int64_t n = 1;
  for (int pass = 0; pass < 2; ++pass)
    for (int i = 0; i < s.rank(); ++i)
      if (int(mask >> i & 1) == pass) {
        back[i] = k;
        axes[k++] = i;
        moved.push(s[i]);
        if (pass) n *= s[i];
      }
  std::span<const int> order(axes, size_t(s.rank())), inverse(back, size_t(s.rank()));
  Tensor flat = reshape(transpose(x, order), {-1, n}), edge = broadcast_to(ones({}, x.dtype(), x.device()), {flat.shape()[0], 1});
  Tensor before = cumprod(concat({edge, slice_axis(flat, 1, 0, n - 1)}, 1), 1);
  Tensor after = cumprod(concat({edge, flip(slice_axis(flat, 1, 1, n - 1), 1)}, 1), 1);
  Tensor others = before * flip(after, 1);
  return {gy * conj(transpose(reshape(others, moved), inverse))};
}

template <bool kMax> struct Extreme : Reduction<Extreme<kMax>> {
  static constexpr const char* name = kMax ? "max" : "min";
  static constexpr Keep keep = kIn | kOut;
  Spec infer(Inputs in) const {
    const Shape& s = in[0].shape();
    Shape r = reduced_shape(s, this->mask, this->keepdims);
    if (r.size() > 0)
      for (int i = 0; i < s.rank(); ++i)
        if ((this->mask >> i & 1) && s[i] == 0) fail(name, "axis " + std::to_string(i) + " is empty and has no " + name, in);
    return {r, in[0].dtype()};
  }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0);
    Tensor y = with_axes(v.out(), x.shape(), this->mask), gy = with_axes(v.gy(), x.shape(), this->mask);
    Tensor chosen = cast(logical_or(x == y, isnan(x)), x.dtype());
    Axes axes;
    for (int i = 0; i < x.rank(); ++i)
      if (this->mask >> i & 1) axes.at[axes.count++] = int8_t(i);
    return {gy * (chosen / (x.rank() ? sum(chosen, axes, true) : chosen))};
  }
};
using Max = Extreme<true>;
using Min = Extreme<false>;
REEL_KERNEL(Max, kCpu) { run_reduce(Fold::kMax, in[0], op.mask, out[0]); }
REEL_KERNEL(Min, kCpu) { run_reduce(Fold::kMin, in[0], op.mask, out[0]); }

// Logical: over bool, as a maximum or minimum of 0 and 1.
template <bool kAny> struct Quantifier : Reduction<Quantifier<kAny>> {
  static constexpr const char* name = kAny ? "any" : "all";
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const { return {reduced_shape(in[0].shape(), this->mask, this->keepdims), DType::kBool, DType::kBool}; }
  Grads vjp(const Vjp&) const { return {}; }
};
using Any = Quantifier<true>;
using All = Quantifier<false>;
void run_quantifier(bool any, const Tensor& x, unsigned mask, const Tensor& out) {
  NoGrad no_grad;
  Folded f = fold_axes(x, mask);
  if (f.n == 0) return assign(detach(out), !any);
  // bool and uint8 share their bytes; true is 1.
  Tensor bytes = from_memory(f.x.raw(), f.x.size(), f.x.shape(), uint8), result = empty(out.shape(), uint8);
  f.x.swap(bytes);
  run_fold(any ? Fold::kMax : Fold::kMin, f, result);
  std::memcpy(out.raw(), result.raw(), size_t(out.size()));
}
REEL_KERNEL(Any, kCpu) { run_quantifier(true, in[0], op.mask, out[0]); }
REEL_KERNEL(All, kCpu) { run_quantifier(false, in[0], op.mask, out[0]); }

template <bool kMax> struct ArgExtreme {
  static constexpr const char* name = kMax ? "argmax" : "argmin";
  static constexpr Keep keep = kNothing;
  int axis;
  bool keepdims;
  Spec infer(Inputs in) const {
    const Shape& s = in[0].shape();
    if (s[axis] == 0) fail(name, "axis " + std::to_string(axis) + " is empty", in);
    return {reduced_shape(s, 1u << axis, keepdims), DType::kI64};
  }
  Tensor batch(const Batch& b) const { return apply(ArgExtreme{axis + 1, keepdims}, b.in(0), b.where()); }
  Grads vjp(const Vjp&) const { return {}; }
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
using ArgMax = ArgExtreme<true>;
using ArgMin = ArgExtreme<false>;
void run_arg(bool max, const Tensor& x, int axis, const Tensor& out) {
  NoGrad no_grad;
  DType t = x.dtype(), through = t == DType::kF16 || t == DType::kBF16 ? DType::kF32 : t == DType::kBool ? DType::kU8 : t;
  Tensor last = contiguous(axis == x.rank() - 1 ? cast(x, through) : swapaxes(cast(x, through), axis, -1));
  int64_t n = last.shape()[-1], rows = last.size() / n;
  auto find = max ? row_loops[int(through)].argmax : row_loops[int(through)].argmin;
  Tensor found(new_body({rows}, DType::kI64, cpu(), {}));
  int64_t* y = axis == x.rank() - 1 ? out.raw<int64_t>() : found.raw<int64_t>();
  parallel_for(rows, std::max<int64_t>(1, kWork / n), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = find(last.raw<const char>() + i * n * item_size(through), n);
  });
  if (axis == x.rank() - 1) return;
  Shape s = last.shape();
  s[-1] = 1;
  Tensor back = swapaxes(reshape(found, s), axis, -1);
  assign(detach(out), reshape(back, out.shape()));
}
REEL_KERNEL(ArgMax, kCpu) { run_arg(true, in[0], op.axis, out[0]); }
REEL_KERNEL(ArgMin, kCpu) { run_arg(false, in[0], op.axis, out[0]); }

template <class O> Tensor reduce(const Tensor& x, const Axes& axes, bool keepdims, Where where) {
  O op;
  const Tensor* in[] = {&x};
  try {
    op.mask = axis_mask(O::name, axes, x.rank(), Inputs(in, 1));
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
  op.keepdims = keepdims;
  return apply(op, x, where);
}

template <class O> Tensor arg_reduce(const Tensor& x, int axis, bool keepdims, Where where) {
  const Tensor* in[] = {&x};
  try {
    axis = normalize_axis(O::name, axis, x.rank(), Inputs(in, 1));
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
  return apply(O{axis, keepdims}, x, where);
}

int64_t count_reduced(const char* op, const Tensor& x, const Axes& axes, Where where) {
  const Tensor* in[] = {&held(op, x, where)};
  try {
    unsigned mask = axis_mask(op, axes, x.rank(), Inputs(in, 1));
    int64_t n = 1;
    for (int i = 0; i < x.rank(); ++i)
      if (mask >> i & 1) n *= x.shape()[i];
    return n;
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
}

// What means are taken of: floats wide enough that the sum does not overflow on the way.
Tensor widened(const Tensor& x, Where where) {
  DType t = x.dtype();
  return t == DType::kF32 || t == DType::kF64 || is_complex(t) ? x : cast(x, float32, where);
}
DType mean_dtype(const Tensor& x) {
  DType t = x.dtype();
  return !is_inexact(t) || ((mode() & kAutocast) && item_size(t) == 2) ? DType::kF32 : t;  // a mean is a sum: Autocast answers it in float32
}

// total / (n - ddof), n being how many elements of x a sum over axes adds up.
Tensor divided_by_count(const char* op, const Tensor& total, const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  int64_t n = count_reduced(op, x, axes, where);
  if (x.device() == symbolic() && n % kSymbolicBatch == 0) {  // how many there are in the batch is counted when there is one
    Tensor each = logical_or(Operand(equal(Operand(x, where), x), where), not_equal(Operand(x, where), x));
    Tensor count = cast(sum(each, axes, keepdims, where), total.dtype(), where);
    return divide(Operand(total, where), ddof == 0 ? count : maximum(Operand(subtract(Operand(count, where), ddof), where), 0));
  }
  return divide(Operand(total, where), std::max(0., double(n) - ddof));
}

Tensor wide_var(const char* op, const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  count_reduced(op, x, axes, where);  // what is wrong with the axes is said by this op's name
  Tensor f = widened(x, where);
  Tensor d = subtract(Operand(f, where), divided_by_count(op, sum(f, axes, true, where), x, axes, true, 0, where));
  Tensor squares = is_complex(d.dtype()) ? sum(real(multiply(Operand(d, where), conj(d, where)), where), axes, keepdims, where)
                                         : sum_of_squares(d, axes, keepdims, where);
  return divided_by_count(op, squares, x, axes, keepdims, ddof, where);
}

}  // namespace

Shape reduced_shape(const Shape& x, unsigned mask, bool keepdims) {
  Shape s;
  for (int i = 0; i < x.rank(); ++i) {
    if (!(mask >> i & 1)) s.push(x[i]);
    else if (keepdims) s.push(1);
  }
  return s;
}
std::string axes_text(unsigned mask) {
  std::string s = "axes=";
  for (int i = 0; i < kMaxRank; ++i)
    if (mask >> i & 1) s += (s.size() > 5 ? "," : "") + std::to_string(i);
  return s;
}

Spec Sum::infer(Inputs in) const {
  DType t = in[0].dtype();
  return {reduced_shape(in[0].shape(), mask, keepdims), is_inexact(t) ? t : DType::kI64};
}
Grads Sum::vjp(const Vjp& v) const { return {broadcast_to(with_axes(v.gy(), v.shape(0), mask), v.shape(0))}; }

Tensor sum(const Tensor& x, Axes axes, bool keepdims, Where where) { return reduce<Sum>(x, axes, keepdims, where); }
Tensor sum_of_squares(const Tensor& x, Axes axes, bool keepdims, Where where) {
  if (x.device() != cpu() || !is_floating(x.dtype())) return sum(square(x, where), axes, keepdims, where);
  return reduce<SumOfSquares>(x, axes, keepdims, where);
}
Tensor sum_of_numbers(const Tensor& x, Axes axes, bool keepdims, Where where) {
  if (!is_inexact(x.dtype())) return sum(x, axes, keepdims, where);
  if (x.device() != cpu() || is_complex(x.dtype())) return sum(reel::where(isnan(x, where), Operand(0, where), Operand(x, where)), axes, keepdims, where);
  return reduce<SumOfNumbers>(x, axes, keepdims, where);
}
Tensor prod(const Tensor& x, Axes axes, bool keepdims, Where where) { return reduce<Prod>(x, axes, keepdims, where); }
Tensor max(const Tensor& x, Axes axes, bool keepdims, Where where) { return reduce<Max>(x, axes, keepdims, where); }
Tensor min(const Tensor& x, Axes axes, bool keepdims, Where where) { return reduce<Min>(x, axes, keepdims, where); }
Tensor any(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return reduce<Any>(is_complex(held("any", x, where).dtype()) ? not_equal(Operand(x, where), 0) : x, axes, keepdims, where);
}
Tensor all(const Tensor& x, Axes axes, bool keepdims, Where where) {
  return reduce<All>(is_complex(held("all", x, where).dtype()) ? not_equal(Operand(x, where), 0) : x, axes, keepdims, where);
}

Tensor mean(const Tensor& x, Axes axes, bool keepdims, Where where) {
  count_reduced("mean", x, axes, where);
  return cast(divided_by_count("mean", sum(widened(x, where), axes, keepdims, where), x, axes, keepdims, 0, where), mean_dtype(x), where);
}
Tensor var(const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  return cast(wide_var("var", x, axes, keepdims, ddof, where), part_dtype(mean_dtype(x)), where);
}
Tensor std(const Tensor& x, Axes axes, bool keepdims, double ddof, Where where) {
  return cast(sqrt(wide_var("std", x, axes, keepdims, ddof, where), where), part_dtype(mean_dtype(x)), where);
}

Tensor argmax(const Tensor& x, int axis, bool keepdims, Where where) { return arg_reduce<ArgMax>(x, axis, keepdims, where); }
Tensor argmin(const Tensor& x, int axis, bool keepdims, Where where) { return arg_reduce<ArgMin>(x, axis, keepdims, where); }
Tensor argmax(const Tensor& x, Where where) { return argmax(reshape(x, {-1}, where), 0, false, where); }
Tensor argmin(const Tensor& x, Where where) { return argmin(reshape(x, {-1}, where), 0, false, where); }

Tensor sum_to(const Tensor& x, const Shape& shape, Where where) {
  if (x.shape() == shape) return x;
  Axes axes;
  int shift = x.rank() - shape.rank();
  bool fits = shift >= 0;
  for (int i = 0; fits && i < x.rank(); ++i) {
    if (i < shift || (shape[i - shift] == 1 && x.shape()[i] != 1)) axes.at[axes.count++] = int8_t(i);
    else fits = shape[i - shift] == x.shape()[i];
  }
  if (!fits) fail_at(ShapeError("sum_to: " + to_string(x.shape()) + " is no broadcast of " + to_string(shape) + "\n  a  " + describe(x)), where);
  return reshape(axes.count ? sum(x, axes, false, where) : x, shape, where);
}

}  // namespace reel
