#include "tensor/ops/loss.h"

#include <algorithm>
#include <span>

#include "tensor/cpu/reduce_loops.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/softmax.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 16384;  // logits worth a thread

Shape without_last(const Shape& s) { return Shape(std::span<const int64_t>(s.begin(), size_t(s.rank() - 1))); }

// gy * (softmax(logits) - one_hot(labels)). The last input is what CrossEntropy saved, a function of the logits: the rule for the
// logits counts it.
struct CrossEntropyGrad {
  static constexpr const char* name = "sparse_softmax_cross_entropy_grad";
  static constexpr Keep keep = kIn0 | kIn1 | kIn2;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const;
  Tensor batch(const Batch& b) const { return b.call(*this); }
};

// Along the last axis. The second output is log(sum(exp(x - max))) of each row, for the gradient.
struct CrossEntropy {
  static constexpr const char* name = "sparse_softmax_cross_entropy";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn | kOut;
  static constexpr int outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    const Shape& s = in[0].shape();
    DType t = in[0].dtype();
    if (!is_integer(in[1].dtype())) fail<DTypeError>(name, std::string("labels must be integers, not ") + reel::name(in[1].dtype()), in);
    if (!(in[1].shape() == without_last(s)))
      fail(name, "labels must have the shape of the logits without the classes, " + to_string(without_last(s)), in);
    return {Spec(without_last(s), t), Spec(without_last(s), t)};
  }
  Grads vjp(const Vjp& v) const { return {apply(CrossEntropyGrad{}, Tensors{v.in(0), v.in(1), v.gy(), v.out(1)}, {})}; }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};

REEL_KERNEL(CrossEntropy, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), labels = contiguous(cast(in[1], int64));
  int64_t n = x.shape()[-1], rows = labels.size(), item = item_size(x.dtype());
  const int64_t* label = labels.raw<const int64_t>();
  for (int64_t i = 0; i < rows; ++i)
    if (label[i] < 0 || label[i] >= n)
      fail<IndexError>("sparse_softmax_cross_entropy", "label " + std::to_string(label[i]) + " of row " + std::to_string(i) + " is outside the " +
                                                           std::to_string(n) + " classes", in);
  const RowLoops& loops = row_loops[int(x.dtype())];
  const char* p = x.raw<const char>();
  char *loss = out[0].raw<char>(), *z = out[1].raw<char>();
  parallel_for(rows, std::max<int64_t>(1, kWork / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) loops.cross_entropy(p + i * n * item, n, label[i], loss + i * item, z + i * item);
  });
}
REEL_KERNEL(CrossEntropyGrad, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), labels = contiguous(cast(in[1], int64)), gy = contiguous(in[2]), z = contiguous(in[3]);
  int64_t n = x.shape()[-1], rows = labels.size(), item = item_size(x.dtype());
  const int64_t* label = labels.raw<const int64_t>();
  const RowLoops& loops = row_loops[int(x.dtype())];
  const char *p = x.raw<const char>(), *g = gy.raw<const char>(), *s = z.raw<const char>();
  char* y = out[0].raw<char>();
  parallel_for(rows, std::max<int64_t>(1, kWork / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) loops.cross_entropy_grad(p + i * n * item, n, label[i], s + i * item, g + i * item, y + i * n * item);
  });
}
Grads CrossEntropyGrad::vjp(const Vjp& v) const {
  Tensor x = v.in(0), u = v.gy(), p = softmax(x), up = u * p, mean = sum(up, -1, true);
  Tensor to_logits, to_scale;
  if (v.needs(0)) to_logits = expand_dims(v.in(2), -1) * (up - p * mean);
  if (v.needs(2)) to_scale = sum(u * (p - one_hot(v.in(1), x.shape()[-1], x.dtype())), -1);
  return {to_logits, Tensor{}, to_scale};
}

// At least float32, with `axis` last.
Tensor classes_last(const char* op, const Tensor& x, int axis, Where where) {
  const Tensor* in[] = {&x};
  axis = normalize_axis(op, axis, x.rank(), Inputs(in, 1));
  Tensor y = x.dtype() == float32 || x.dtype() == float64 ? x : cast(x, float32, where);
  if (axis == x.rank() - 1) return y;
  int axes[kMaxRank], k = 0;
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis) axes[k++] = i;
  axes[k] = axis;
  return transpose(y, std::span<const int>(axes, size_t(x.rank())), where);
}

}  // namespace

Tensor sparse_softmax_cross_entropy(const Tensor& logits, const Tensor& labels, int axis, Where where) {
  return formula(where, [&] { return apply(CrossEntropy{}, classes_last(CrossEntropy::name, logits, axis, where), labels, where)[0]; });
}

Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets, int axis, Where where) {
  const char* op = "softmax_cross_entropy";
  return formula(where, [&] {
    const Tensor* in[] = {&logits, &targets};
    if (!(logits.shape() == targets.shape())) fail(op, "targets must have the shape of the logits", Inputs(in, 2));
    Tensor log_p = log_softmax(classes_last(op, logits, axis, where), -1, where);
    return -sum(gated_multiply(cast(classes_last(op, targets, axis, where), log_p.dtype(), where), log_p, where), -1, false, where);
  });
}

Tensor sigmoid_cross_entropy(const Tensor& logits, const Tensor& targets, Where where) {
  auto wide = [&](const Tensor& x) { return x.dtype() == float64 ? x : cast(x, float32, where); };
  return apply(SigmoidCrossEntropy{}, wide(logits), wide(targets), where);
}

}  // namespace reel
