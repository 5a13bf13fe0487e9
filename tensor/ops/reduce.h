#pragma once
// Reductions over axes, in a fixed order: the same bits for any number of threads.
#include "tensor/op.h"

namespace reel {

// Which axes a reduction runs over: none named means all. sum(x), sum(x, 0), sum(x, {0, -1}).
struct Axes {
  int count = 0;
  int8_t at[kMaxRank] = {};
  Axes() = default;
  Axes(int axis) : count(1), at{clamped(axis)} {}
  Axes(std::initializer_list<int> axes) {
    for (int a : axes)
      if (count < kMaxRank) at[count++] = clamped(a);
    if (axes.size() > kMaxRank) at[0] = 100;
  }

 private:
  // What no tensor has stays what no tensor has.
  static constexpr int8_t clamped(int a) { return int8_t(a < -100 ? -100 : a > 100 ? 100 : a); }
};

// Integers and bools sum and multiply in int64; an empty sum is 0, an empty product 1. f16 and bf16 accumulate in float.
Tensor sum(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor prod(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// Of integers: float32. Of nothing: NaN.
Tensor mean(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// Mean squared distance from the mean, divided by n - ddof (NumPy's default 0).
Tensor var(const Tensor& x, Axes axes = {}, bool keepdims = false, double ddof = 0, Where where = {});
// After `using namespace reel` call it as reel::std(x): unqualified, the word is ambiguous with the namespace.
Tensor std(const Tensor& x, Axes axes = {}, bool keepdims = false, double ddof = 0, Where where = {});
// NaN wins; of nothing: throws. The gradient is shared evenly among ties.
Tensor max(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor min(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// bool; of nothing false and true.
Tensor any(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
Tensor all(const Tensor& x, Axes axes = {}, bool keepdims = false, Where where = {});
// int64 position of the first maximum (NaN counts as largest) along one axis, or in the flattened tensor.
Tensor argmax(const Tensor& x, Where where = {});
Tensor argmax(const Tensor& x, int axis, bool keepdims = false, Where where = {});
Tensor argmin(const Tensor& x, Where where = {});
Tensor argmin(const Tensor& x, int axis, bool keepdims = false, Where where = {});
// Sums x down to `shape`, which x's shape is a broadcast of: the reverse of broadcast_to.
Tensor sum_to(const Tensor& x, const Shape& shape, Where where = {});

}  // namespace reel
