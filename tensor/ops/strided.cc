#include "tensor/ops/strided.h"

#include <algorithm>
#include <cstring>

#include "tensor/cpu/elementwise.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"

namespace reel {
namespace {

// The elements of a region, as a view of a row-major tensor.
struct ViewRegion {
  static constexpr const char* name = "view_region";
  static constexpr Keep keep = kShapes;
  static constexpr bool views = true;
  Region at;
  Spec infer(Inputs in) const {
    Spec s(at.shape, in[0].dtype());
    s.view = true;
    s.offset = at.offset;
    std::copy_n(at.strides, kMaxRank, s.strides);
    return s;
  }
  Grads vjp(const Vjp& v) const {
    // Both are constants to the tape, so zeros take the whole gradient.
    Tensor gy = v.gy();
    return {apply(PutRegion{at}, zeros(v.shape(0), gy.dtype(), gy.device()), gy, {})};
  }
};
Tensor inside(const Tensor& x, const Region& at) { return apply(ViewRegion{at}, contiguous(x), {}); }

REEL_KERNEL(PutRegion, kCpu) {
  NoGrad no_grad;
  copy_values(out[0], in[0]);
  copy_values(Tensor(new_view(out[0].body(), op.at.shape, op.at.strides, op.at.offset, {})), in[1]);
}

}  // namespace

Grads PutRegion::vjp(const Vjp& v) const {
  Tensor to_base, gy = v.gy();
  if (v.needs(0)) to_base = apply(PutRegion{at}, gy, zeros(at.shape, gy.dtype(), gy.device()), {});
  return {to_base, v.needs(1) ? clone(inside(gy, at)) : Tensor{}};
}

Region region_of(const Body& view, const Body& base) {
  Region r{view.shape, {}, (static_cast<const char*>(view.data) - static_cast<const char*>(base.data)) / item_size(base.dtype)};
  std::copy_n(view.strides, view.shape.rank(), r.strides);
  return r;
}

}  // namespace reel
