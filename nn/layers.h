#pragma once
// The layers. Options carry Keras's names and Keras 3's defaults; images are channels-last [n, height, width, channels]; weights are made
// at the first call, when the input shows its shape. Copies share weights. config() is what the constructor was given, for files.
#include "nn/activations.h"
#include "nn/initializers.h"
#include "nn/layer.h"
#include "tensor/ops/window.h"

namespace reel::nn {

struct DenseOptions {
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  std::string name = "";
};
// activation(x kernel + bias) over the last axis; kernel [in, units], bias [units].
class Dense {
 public:
  explicit Dense(int64_t units, DenseOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(units_, options_); }

 private:
  SharedRecord record_;
  int64_t units_;
  DenseOptions options_;
};

struct Conv2DOptions {
  HeightWidth strides = 1;
  Padding padding = "valid";  // or "same": the odd extra row or column is padded at the end
  HeightWidth dilation_rate = 1;
  int64_t groups = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  std::string name = "";
};
// Cross-correlation; kernel [height, width, in / groups, filters], bias [filters].
class Conv2D {
 public:
  Conv2D(int64_t filters, HeightWidth kernel_size, Conv2DOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(filters_, kernel_size_, options_); }

 private:
  SharedRecord record_;
  int64_t filters_;
  HeightWidth kernel_size_;
  Conv2DOptions options_;
};

struct PoolingOptions {
  HeightWidth strides = 0;  // 0: the pool size
  Padding padding = "valid";
  std::string name = "";
};
class MaxPooling2D {
 public:
  explicit MaxPooling2D(HeightWidth pool_size = 2, PoolingOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(pool_size_, options_); }

 private:
  SharedRecord record_;
  HeightWidth pool_size_;
  PoolingOptions options_;
};
// With "same" padding the padded cells do not count.
class AveragePooling2D {
 public:
  explicit AveragePooling2D(HeightWidth pool_size, PoolingOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(pool_size_, options_); }

 private:
  SharedRecord record_;
  HeightWidth pool_size_;
  PoolingOptions options_;
};

// [n, ...] to [n, the rest].
class Flatten {
 public:
  explicit Flatten(NameOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(); }

 private:
  SharedRecord record_;
};

// Zeroes the given part of the values in training and scales the rest up to keep the mean; nothing outside training.
class Dropout {
 public:
  explicit Dropout(double rate, NameOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(rate_); }

 private:
  SharedRecord record_;
  double rate_;
};

class Activation {
 public:
  explicit Activation(ActivationFunction activation, NameOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(activation_); }

 private:
  SharedRecord record_;
  ActivationFunction activation_;
};

struct EmbeddingOptions {
  Initializer embeddings_initializer = "uniform";
  std::string name = "";
};
// Rows of embeddings [input_dim, output_dim] by integer ids; of one id [output_dim], of a tensor of ids [..., output_dim].
class Embedding {
 public:
  Embedding(int64_t input_dim, int64_t output_dim, EmbeddingOptions options = {});
  Tensor operator()(const Tensor& ids, Where where = {}) const;
  Tensor operator()(int64_t id, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(record_->weights[0].value.shape()[0], record_->weights[0].value.shape()[1], options_); }

 private:
  SharedRecord record_;
  EmbeddingOptions options_;
};

// Joins tensors along an axis, symbolic ones too.
struct ConcatenateOptions {
  int axis = -1;
  std::string name = "";
};
class Concatenate {
 public:
  explicit Concatenate(ConcatenateOptions options = {});
  Tensor operator()(const Tensors& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  auto config() const { return std::make_tuple(options_); }

 private:
  SharedRecord record_;
  ConcatenateOptions options_;
};
Tensor concatenate(const Tensors& x, ConcatenateOptions options = {}, Where where = {});

}  // namespace reel::nn
