#include "tensor/ops/mask.h"

#include <algorithm>
#include <vector>

#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/index.h"
#include "tensor/ops/indexing.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kBlock = 65536;

void need_bool(const char* op, const Tensor& mask, Inputs in) {
  if (mask.dtype() != boolean) fail<DTypeError>(op, std::string("the mask must be bool, not ") + name(mask.dtype()), in);
}

// A mask brought to x's shape.
Tensor over(const char* op, const Tensor& mask, const Tensor& x) {
  const Tensor* at[] = {&x, &mask};
  Inputs in(at, 2);
  need_bool(op, mask, in);
  if (!(broadcast_shapes(op, in) == x.shape()))
    fail(op, "the mask " + to_string(mask.shape()) + " does not broadcast to " + to_string(x.shape()), in);
  return broadcast_to(mask, x.shape());
}

}  // namespace

Tensor flatnonzero(const Tensor& x, Where where) {
  return formula(where, [&] {
    NoGrad no_grad;
    if (x.device() != cpu())
      throw DeviceError("flatnonzero: how many there are is known on the host only (to(x, cpu()) copies)\n  a  " + describe(x));
    Tensor mask = contiguous(x.dtype() == boolean ? x : x != 0);
    const bool* p = mask.raw<const bool>();
    int64_t n = mask.size(), blocks = (n + kBlock - 1) / kBlock;
    std::vector<int64_t> start(size_t(blocks) + 1);
    parallel_for(blocks, 4, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        int64_t count = 0;
        for (int64_t i = b * kBlock, stop = std::min(n, i + kBlock); i < stop; ++i) count += p[i];
        start[size_t(b) + 1] = count;
      }
    });
    for (size_t b = 0; b < size_t(blocks); ++b) start[b + 1] += start[b];
    Tensor found(new_body({start.back()}, int64, cpu(), where));
    parallel_for(blocks, 4, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        int64_t *to = found.raw<int64_t>() + start[size_t(b)], *full = found.raw<int64_t>() + start[size_t(b) + 1];
        for (int64_t i = b * kBlock; to < full; ++i)
          if (p[i]) *to++ = i;
      }
    });
    return found;
  });
}

Tensors nonzero(const Tensor& x, Where where) {
  return formula(where, [&] {
    if (x.rank() == 0) throw ShapeError("nonzero: a tensor of no axes has no coordinates (argwhere takes it)\n  a  " + describe(x));
    return unravel_index(flatnonzero(x), x.shape());
  });
}
Tensor argwhere(const Tensor& x, Where where) {
  return formula(where, [&] {
    Tensor found = flatnonzero(x);
    if (x.rank() == 0) return empty({found.size(), 0}, int64);
    return stack(unravel_index(found, x.shape()), 1);
  });
}

Tensor extract(const Tensor& condition, const Tensor& x, Where where) {
  return formula(where, [&] {
    if (condition.size() != x.size())
      throw ShapeError("extract: the condition has " + std::to_string(condition.size()) + " elements, x has " + std::to_string(x.size()) + "\n  a  " +
                       describe(condition) + "\n  b  " + describe(x));
    return take(reshape(x, {-1}), flatnonzero(condition));
  });
}
Tensor masked_select(const Tensor& x, const Tensor& mask, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&x, &mask};
    need_bool("masked_select", mask, Inputs(at, 2));
    Shape s = broadcast_shapes("masked_select", Inputs(at, 2));
    return take(flatten(broadcast_to(x, s)), flatnonzero(broadcast_to(mask, s)));
  });
}
Tensor compress(const Tensor& condition, const Tensor& x, int axis, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&condition, &x};
    need_bool("compress", condition, Inputs(at, 2));
    if (condition.rank() != 1) fail("compress", "the condition must have one axis", Inputs(at, 2));
    int a = normalize_axis("compress", axis, x.rank(), Inputs(at, 2));
    Tensor chosen = flatnonzero(condition);
    int64_t last = chosen.size() ? chosen.raw<int64_t>()[chosen.size() - 1] : -1;
    if (last >= x.shape()[a])
      fail<IndexError>("compress",
          "position " + std::to_string(last) + " is outside axis " + std::to_string(a) + " with " + std::to_string(x.shape()[a]) + " elements",
                       Inputs(at, 2));
    return take(x, chosen, a);
  });
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Where where) {
  return masked_fill(x, mask, formula(where, [&] { return full({}, value, x.dtype(), x.device()); }), where);
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value, Where where) {
  return formula(where, [&] {
    Tensor m = over("masked_fill", mask, x), v = cast(value, x.dtype());
    const Tensor* at[] = {&x, &v};
    if (!(broadcast_shapes("masked_fill", Inputs(at, 2)) == x.shape()))
      fail("masked_fill", "the value does not broadcast to " + to_string(x.shape()), Inputs(at, 2));
    return reel::where(m, v, x);
  });
}
Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source, Where where) {
  return formula(where, [&] {
    Tensor chosen = flatnonzero(over("masked_scatter", mask, x));
    if (source.size() < chosen.size())
      throw ShapeError("masked_scatter: the mask is true at " + std::to_string(chosen.size()) + " elements, source has " + std::to_string(source.size()) + "\n  a  " +
                       describe(x) + "\n  b  " + describe(source));
    Tensor values = cast(slice_axis(reshape(source, {-1}), 0, 0, chosen.size()), x.dtype());
    return reshape(index_put(reshape(x, {-1}), chosen, values), x.shape());
  });
}

}  // namespace reel
