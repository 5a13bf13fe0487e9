#pragma once
// A region of a tensor's memory by offset and strides, and its replacement: what an update through a view records on the viewed tensor.
#include "tensor/op.h"

namespace reel {

// Where a view lies in the row-major tensor that its storage was made for; no two elements share an address.
struct Region {
  Shape shape;
  int64_t strides[kMaxRank];
  int64_t offset;
};
Region region_of(const Body& view, const Body& base);
// base with `value` in the region; value has the region's shape.
struct PutRegion {
  static constexpr const char* name = "put_region";
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  Region at;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const;
};

}  // namespace reel
