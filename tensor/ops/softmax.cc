#include "tensor/ops/softmax.h"

#include <algorithm>
#include <limits>

#include "tensor/cpu/reduce_loops.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

Spec float_same(const char* op, Inputs in) {
  DType t = in[0].dtype();
  if (!is_floating(t)) t = DType::kF32;
  (void)op;
  return {in[0].shape(), t, t};
}

// Runs a row loop along `axis`, whatever the layout and float dtype.
void run_rows(void (*RowLoops::*loop)(const void*, int64_t, void*), const Tensor& x, int axis, const Tensor& out, bool reduces) {
  if (out.size() == 0) return;
  NoGrad no_grad;
  DType t = x.dtype(), through = t == DType::kF64 ? t : DType::kF32;
  bool last = axis == x.rank() - 1;
  Tensor rows = contiguous(last ? cast(x, through) : swapaxes(cast(x, through), axis, -1));
  int64_t n = rows.shape()[-1], count = rows.size() / std::max<int64_t>(n, 1), item = item_size(through);
  bool direct = last && through == t;
  Shape result = rows.shape();
  if (reduces) result[-1] = 1;
  Tensor y = direct ? out : Tensor(new_body(result, through, cpu(), {}));
  auto run = row_loops[int(through)].*loop;
  int64_t step = reduces ? 1 : n;
  parallel_for(count, std::max<int64_t>(1, 16384 / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) run(rows.raw<const char>() + i * n * item, n, y.raw<char>() + i * step * item);
  });
  if (!direct) assign(detach(out), reshape(last ? y : swapaxes(y, axis, -1), out.shape()));
}

struct Softmax {
  static constexpr const char* name = "softmax";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kOut;
  int axis;
  Spec infer(Inputs in) const { return float_same(name, in); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.out(), g = v.gy() * y;
    return {g - y * sum(g, axis, true)};
  }
  Tensor batch(const Batch& b) const { return apply(Softmax{axis + 1}, b.in(0), b.where()); }
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
REEL_KERNEL(Softmax, kCpu) { run_rows(&RowLoops::softmax, in[0], op.axis, out[0], false); }

struct LogSoftmax {
  static constexpr const char* name = "log_softmax";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kOut;
  int axis;
  Spec infer(Inputs in) const { return float_same(name, in); }
  Grads vjp(const Vjp& v) const { return {v.gy() - exp(v.out()) * sum(v.gy(), axis, true)}; }
  Tensor batch(const Batch& b) const { return apply(LogSoftmax{axis + 1}, b.in(0), b.where()); }
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
REEL_KERNEL(LogSoftmax, kCpu) { run_rows(&RowLoops::log_softmax, in[0], op.axis, out[0], false); }

struct LogSumExp {
  static constexpr const char* name = "logsumexp";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn | kOut;
  int axis;
  bool keepdims;
  Spec infer(Inputs in) const {
    Spec s = float_same(name, in);
    Shape r;
    for (int i = 0; i < s.shape.rank(); ++i)
      if (i != axis) r.push(s.shape[i]);
      else if (keepdims) r.push(1);
    s.shape = r;
    return s;
  }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), y = v.out(), gy = v.gy();
    Shape s = x.shape();
    s[axis] = 1;
    y = reshape(y, s);
    // inf - inf is NaN: a row of -inf has nothing to share, and in a row with +inf that entry takes all.
    const double inf = std::numeric_limits<double>::infinity();
    Tensor none = y == -inf, distance = reel::where(x == inf, 0, x - reel::where(none, 0, y));
    return {reshape(gy, s) * reel::where(none, 0, exp(distance))};
  }
  Tensor batch(const Batch& b) const { return apply(LogSumExp{axis + 1, keepdims}, b.in(0), b.where()); }
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
REEL_KERNEL(LogSumExp, kCpu) {
  if (in[0].size() == 0) {
    NoGrad no_grad;
    return assign(detach(out[0]), -std::numeric_limits<double>::infinity());
  }
  run_rows(&RowLoops::logsumexp, in[0], op.axis, out[0], true);
}

template <class F> Tensor along(const char* op, const Tensor& x, int axis, Where where, F&& f) {
  const Tensor* in[] = {&x};
  try {
    return f(normalize_axis(op, axis, x.rank(), Inputs(in, 1)));
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
}

}  // namespace

Tensor softmax(const Tensor& x, int axis, Where where) {
  return along("softmax", x, axis, where, [&](int a) { return apply(Softmax{a}, x, where); });
}
Tensor log_softmax(const Tensor& x, int axis, Where where) {
  return along("log_softmax", x, axis, where, [&](int a) { return apply(LogSoftmax{a}, x, where); });
}
Tensor logsumexp(const Tensor& x, int axis, bool keepdims, Where where) {
  return along("logsumexp", x, axis, where, [&](int a) { return apply(LogSumExp{a, keepdims}, x, where); });
}

}  // namespace reel
