// Reductions, and normalizations along an axis.
#include "rules.h"

namespace reel::onnx {
namespace {

Axes axes_of(const std::vector<int64_t>& numbers) {
  Axes a;
  for (int64_t n : numbers) a.at[a.count++] = int8_t(n);
  return a;
}
// f(x, axes, keepdims) over the axes that the second input or the attribute names, or over all.
template <class F> Tensors reduced(const Call& c, F&& f) {
  std::vector<int64_t> axes = c.has("axes") ? c.ints("axes") : c.numbers(1);
  if (axes.empty() && c.i("noop_with_empty_axes", 0)) return {c[0]};
  return {f(c[0], axes_of(axes), c.i("keepdims", 1) != 0)};
}
Tensor log_sum_exp(const Tensor& x, Axes axes, bool keepdims) {
  if (axes.count == 1) return logsumexp(x, axes.at[0], keepdims);
  Tensor y = logsumexp(flatten(x), 0);
  Shape kept;
  for (int i = 0; keepdims && i < x.rank(); ++i) kept.push(1);
  return reshape(y, kept);
}
#define REEL_ONNX_REDUCE(op, value)                                                                                  \
  {op, [](const Call& c) -> Tensors {                                                                                \
     return reduced(c, [](const Tensor& x, Axes axes, bool keepdims) { return value; });                             \
   }}

template <class F> Tensor chosen(const Call& c, F&& f) {
  int axis = int(c.i("axis", 0));
  bool keepdims = c.i("keepdims", 1) != 0;
  if (!c.i("select_last_index", 0)) return f(c[0], axis, keepdims);
  return c[0].dim(axis) - 1 - f(flip(c[0], axis), axis, keepdims);
}
Tensor hard_max(const Tensor& x, int64_t axis) {
  int a = positive(axis, x);
  return move_axis(one_hot(argmax(x, a), x.dim(a), x.dtype()), x.rank() - 1, a);
}
Tensor lp_normalized(const Call& c) {
  int axis = int(c.i("axis", -1));
  return c.i("p", 2) == 1 ? c[0] / sum(abs(c[0]), axis, true) : unit_norm(c[0], axis);
}

const AddRules here({
    REEL_ONNX_REDUCE("ReduceSum", sum(x, axes, keepdims)),
    REEL_ONNX_REDUCE("ReduceMean", mean(x, axes, keepdims)),
    REEL_ONNX_REDUCE("ReduceProd", prod(x, axes, keepdims)),
    REEL_ONNX_REDUCE("ReduceMax", max(x, axes, keepdims)),
    REEL_ONNX_REDUCE("ReduceMin", min(x, axes, keepdims)),
    REEL_ONNX_REDUCE("ReduceL1", sum(abs(x), axes, keepdims)),
    REEL_ONNX_REDUCE("ReduceL2", sqrt(sum(square(x), axes, keepdims))),
    REEL_ONNX_REDUCE("ReduceLogSum", log(sum(x, axes, keepdims))),
    REEL_ONNX_REDUCE("ReduceLogSumExp", log_sum_exp(x, axes, keepdims)),
    REEL_ONNX_REDUCE("ReduceSumSquare", sum(square(x), axes, keepdims)),
    REEL_ONNX("ArgMax", chosen(c, [](const Tensor& x, int axis, bool keepdims) { return argmax(x, axis, keepdims); })),
    REEL_ONNX("ArgMin", chosen(c, [](const Tensor& x, int axis, bool keepdims) { return argmin(x, axis, keepdims); })),
    REEL_ONNX("Softmax", softmax(c[0], int(c.i("axis", -1)))),
    REEL_ONNX("LogSoftmax", log_softmax(c[0], int(c.i("axis", -1)))),
    REEL_ONNX("Hardmax", hard_max(c[0], c.i("axis", -1))),
    REEL_ONNX("LpNormalization", lp_normalized(c)),
});

}  // namespace
}  // namespace reel::onnx
