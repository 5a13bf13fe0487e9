#pragma once
// Fused optimizer steps: one pass over all parameters updates them and their state in place. The formulas and defaults are Keras 3's.
// The lists go together element by element: parameters, their gradients (an empty Tensor skips that parameter and leaves its state)
// and state of the parameter's shape, float32 or float64 (f16 and bf16 compute in float). Everything is checked first: a mismatch,
// a non-contiguous or repeated parameter throws and changes nothing. Nothing is recorded; each written tensor's version moves.
#include "tensor/deferred.h"

namespace reel {

// w *= 1 - weight_decay * learning_rate before the step (decoupled, as any Keras optimizer with weight_decay); gradients are
// multiplied by gradient_scale first (clipping, loss scales).
struct SgdUpdate {
  double learning_rate = 0.01, momentum = 0;
  bool nesterov = false;
  double weight_decay = 0, gradient_scale = 1;
};
// v = momentum v - learning_rate g; w += v, or with nesterov w += momentum v - learning_rate g. momenta may be {} when momentum is 0.
void sgd_update(const Tensors& params, const Gradients& grads, const Tensors& momenta, const SgdUpdate& options, Where where = {});

struct AdamUpdate {
  double learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  int64_t step = 1;  // counts from 1
  double weight_decay = 0, gradient_scale = 1;
};
// m += (g - m)(1 - beta_1); v += (g g - v)(1 - beta_2); w -= learning_rate sqrt(1 - beta_2^step) / (1 - beta_1^step) m / (sqrt(v) + epsilon).
// With v_max (amsgrad) the largest v so far stands under the root.
void adam_update(const Tensors& params, const Gradients& grads, const Tensors& m, const Tensors& v, const AdamUpdate& options,
                 const Tensors& v_max = {}, Where where = {});

struct AdagradUpdate {
  double learning_rate = 0.001, epsilon = 1e-7;
  double weight_decay = 0, gradient_scale = 1;
};
// a += g g; w -= learning_rate g / sqrt(a + epsilon).
void adagrad_update(const Tensors& params, const Gradients& grads, const Tensors& accumulators, const AdagradUpdate& options, Where where = {});

struct RmspropUpdate {
  double learning_rate = 0.001, rho = 0.9, momentum = 0, epsilon = 1e-7;
  double weight_decay = 0, gradient_scale = 1;
};
// v = rho v + (1 - rho) g g; step = learning_rate g / sqrt(v + epsilon), with means (centered) / sqrt(v - mean^2 + epsilon) for
// mean = rho mean + (1 - rho) g; w -= step, or with momenta b = momentum b + step; w -= b.
void rmsprop_update(const Tensors& params, const Gradients& grads, const Tensors& velocities, const Tensors& means, const Tensors& momenta,
                    const RmspropUpdate& options, Where where = {});

// Whether no gradient holds an infinity or NaN; those that are none are passed over.
bool all_finite(const Gradients& grads);

}  // namespace reel
