#pragma once
// The innermost loops of the optimizers' updates, compiled once per instruction-set level. The formulas are Keras 3's.
#include <cstdint>

#include "tensor/dtype.h"

namespace reel {

enum class UpdateRule : uint8_t { kSgd, kMomentum, kNesterov, kAdam, kAmsgrad, kAdagrad, kRmsprop };
inline constexpr int kUpdateRules = 7;
inline constexpr int kMostUpdateOperands = 5;  // parameter, gradient, up to three kinds of state

// The numbers of one step, already corrected for its count.
struct UpdateNumbers {
  double rate = 0;            // of learning
  double keep = 1;            // what weight decay leaves of a parameter
  double gradient_scale = 1;  // multiplies every gradient first
  double beta_1 = 0, beta_2 = 0, epsilon = 0;
};

// at[0] and at[2...] are updated from at[1], the gradient. Subnormal states become zero: they only slow the next step down.
using UpdateLoop = void (*)(const UpdateNumbers& numbers, void* const* at, int64_t n);
// Of [rule][float32 or float64]; Rmsprop decides by at[3] (means, or null) and at[4] (momenta, or null).
extern UpdateLoop update_loops[kUpdateRules][2];

}  // namespace reel
