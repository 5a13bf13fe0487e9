#include "tensor/autocast.h"

#include <absl/container/flat_hash_map.h>

#include <utility>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"

namespace reel {

// By the variable's history, which all its handles share, and the dtype. The variable is held so that its address stays its own.
struct Autocast::Casts {
  struct Cast {
    Tensor variable, cast;
    uint32_t version;
  };
  absl::flat_hash_map<std::pair<const History*, DType>, Cast> made;
};

namespace {
struct Current {
  DType dtype = float32;
  Autocast* outermost = nullptr;
};
thread_local Current current;

DType checked(DType dtype, Where where) {
  if (dtype != float16 && dtype != bfloat16 && dtype != float32)
    fail_at(DTypeError(std::string("Autocast: computes in float16 or bfloat16 (float32 turns it off), not in ") + name(dtype)), where);
  return dtype;
}
}  // namespace

Autocast::Autocast(DType dtype, bool alone, Where where)
    : before_(current.dtype), outermost_(current.outermost),
      mode_(checked(dtype, where) == float32 ? 0 : kAutocast, dtype == float32 ? kAutocast : 0) {
  current.dtype = dtype;
  if (alone || !outermost_) current.outermost = this;
}
Autocast::~Autocast() { current = {before_, outermost_}; }

DType autocast_dtype() { return mode() & kAutocast ? current.dtype : float32; }

Tensor autocast_to(const Tensor& x, DType dtype, Where where) {
  if (x.dtype() == dtype || !current.outermost || !x.body().history || !x.body().history->is_variable()) return cast(x, dtype, where);
  std::unique_ptr<Autocast::Casts>& casts = current.outermost->casts_;
  if (!casts) casts = std::make_unique<Autocast::Casts>();
  auto& found = casts->made[{x.body().history, dtype}];
  uint32_t version = x.body().storage->version.load(std::memory_order_relaxed);
  // A cast made under NoGrad has no history to give to a recorded use.
  if (!found.cast || found.version != version || (recording() && !found.cast.has_history())) {
    Tensor made = cast(x, dtype, where);
    found = {x, std::move(made), version};
  }
  return found.cast;
}

Tensor add_bias(const Tensor& y, const Tensor& bias, Where where) {
  bool lowered = (mode() & kAutocast) && bias.dtype() == float32 && (y.dtype() == float16 || y.dtype() == bfloat16);
  return add(Operand(y, where), lowered ? autocast_to(bias, y.dtype(), where) : bias);
}

}  // namespace reel
