#pragma once
// Normalization layers, with Keras 3's defaults.
#include "nn/initializers.h"
#include "nn/layer.h"
#include "tensor/ops/reduce.h"

namespace reel::nn {

struct BatchNormalizationOptions {
  int axis = -1;  // of the channels
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool center = true;  // has a beta
  bool scale = true;   // has a gamma
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Initializer moving_mean_initializer = "zeros";
  Initializer moving_variance_initializer = "ones";
  std::string name = "";
};
// In training by the batch's statistics, which move the moving ones: moving = momentum * moving + (1 - momentum) * batch; outside
// training by the moving ones. Weights gamma, beta, moving_mean, moving_variance [channels]; the last two are not trainable.
class BatchNormalization {
 public:
  BatchNormalization(BatchNormalizationOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  BatchNormalizationOptions options_;
};

struct LayerNormalizationOptions {
  Axes axis = -1;  // or several: {1, 2}
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  std::string name = "";
};
// Each sample by its own mean and variance over `axis`. Weights gamma, beta of the shape of those axes.
class LayerNormalization {
 public:
  LayerNormalization(LayerNormalizationOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  LayerNormalizationOptions options_;
};

struct GroupNormalizationOptions {
  int64_t groups = 32;  // -1: one for each channel
  int axis = -1;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  std::string name = "";
};
// Each sample by the statistics of groups of channels. Weights gamma, beta [channels].
class GroupNormalization {
 public:
  GroupNormalization(GroupNormalizationOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  GroupNormalizationOptions options_;
};

struct RMSNormalizationOptions {
  Axes axis = -1;
  double epsilon = 1e-6;
  std::string name = "";
};
// x / sqrt(mean(x^2) + epsilon) * scale over `axis`. Weight scale, of the shape of those axes.
class RMSNormalization {
 public:
  RMSNormalization(RMSNormalizationOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  RMSNormalizationOptions options_;
};

struct UnitNormalizationOptions {
  Axes axis = -1;
  std::string name = "";
};
// x divided by its Euclidean length over `axis`.
class UnitNormalization {
 public:
  UnitNormalization(UnitNormalizationOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  UnitNormalizationOptions options_;
};

}  // namespace reel::nn
