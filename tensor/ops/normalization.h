#pragma once
// Normalizations: values shifted and scaled to mean 0 and variance 1 (or to length 1) over some of the axes. Float16 and bfloat16 are
// computed in float32 and answered in their own dtype, also beside float32 parameters.
#include "tensor/ops/reduce.h"

namespace reel {

struct BatchNormOptions {
  int axis = -1;             // of the channels; the statistics run over all others
  double momentum = 0.99;    // Keras's: running = momentum * running + (1 - momentum) * batch
  double epsilon = 1e-3;     // added to the variance
  bool training = false;     // statistics of this batch, which also move the running ones; else the running ones
};
// (x - mean) / sqrt(variance + epsilon) * gamma + beta, channel by channel; each of gamma, beta [channels] may be an empty handle. In
// training running_mean and running_variance [channels] are updated in place (empty handles: not kept) with the batch's mean and its
// variance around it, divided by n as in Keras; an empty batch leaves them. One value a channel gives beta.
Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean, const Tensor& running_variance,
                  const BatchNormOptions& options = {}, Where where = {});
// Each sample normalized over `axes`, then times gamma plus beta, whose shape is that of those axes in ascending order (or empty handles).
Tensor layer_norm(const Tensor& x, const Tensor& gamma = {}, const Tensor& beta = {}, Axes axes = -1, double epsilon = 1e-3, Where where = {});
// x / sqrt(mean(x^2) + epsilon) over `axes`, times gamma of the shape of those axes (or an empty handle). Zhang and Sennrich, 2019.
Tensor rms_norm(const Tensor& x, const Tensor& gamma = {}, Axes axes = -1, double epsilon = 1e-6, Where where = {});
// x [n, ..., channels]: each sample normalized over its inner axes and the channels of one of `groups` groups at a time, then times
// gamma plus beta [channels] (or empty handles). Wu and He, 2018.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& gamma = {}, const Tensor& beta = {}, int axis = -1, double epsilon = 1e-3, Where where = {});
// group_norm with a group for each channel.
Tensor instance_norm(const Tensor& x, const Tensor& gamma = {}, const Tensor& beta = {}, int axis = -1, double epsilon = 1e-3, Where where = {});
// x / (k + alpha * mean of x^2 over `size` neighbouring channels)^beta; channels outside count as 0 among the `size`, of which
// size / 2 lie before. Krizhevsky et al., 2012, with PyTorch's division by size.
Tensor local_response_norm(const Tensor& x, int64_t size, double alpha = 1e-4, double beta = 0.75, double k = 1, int axis = -1, Where where = {});
// x / max(|x|, epsilon) with the Euclidean norm over `axes`; the gradient of a zero vector is x's own scaled.
Tensor unit_norm(const Tensor& x, Axes axes = -1, double epsilon = 1e-12, Where where = {});

}  // namespace reel
