#pragma once
// Convolution layers of one and three axes, transposed, depthwise and separable ones, with Keras 3's names, weights and defaults.
// Channels last.
#include <initializer_list>

#include "nn/activations.h"
#include "nn/initializers.h"
#include "nn/layer.h"
#include "tensor/ops/window.h"

namespace reel::nn {

// One number for all N axes, or one each: .strides = 2, .strides = {1, 2, 2}.
template <int N> struct Sizes {
  int64_t at[N];
  Sizes(int64_t all) {
    for (int64_t& v : at) v = all;
  }
  Sizes(int all) : Sizes(int64_t(all)) {}
  Sizes(std::initializer_list<int64_t> each) {
    if (each.size() != N) throw Error("a layer of " + std::to_string(N) + " axes takes one number or " + std::to_string(N) + ", got " + std::to_string(each.size()));
    int i = 0;
    for (int64_t v : each) at[i++] = v;
  }
};

template <int N> struct ConvolutionOptions {
  Sizes<N> strides = 1;
  std::string padding = "valid";  // or "same", of one axis also "causal"
  Sizes<N> dilation_rate = 1;
  int64_t groups = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  std::string name = "";
};
// kernel [size..., in / groups, filters], bias [filters].
template <int N> class Convolution {
 public:
  Convolution(int64_t filters, Sizes<N> kernel_size, ConvolutionOptions<N> options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  int64_t filters_;
  Sizes<N> size_;
  ConvolutionOptions<N> options_;
};
using Conv1D = Convolution<1>;
using Conv3D = Convolution<3>;

template <int N> struct ConvolutionTransposeOptions {
  Sizes<N> strides = 1;
  std::string padding = "valid";
  Sizes<N> output_padding = -1;  // -1: Keras's default size
  Sizes<N> dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  std::string name = "";
};
// kernel [size..., filters, in], bias [filters].
template <int N> class ConvolutionTranspose {
 public:
  ConvolutionTranspose(int64_t filters, Sizes<N> kernel_size, ConvolutionTransposeOptions<N> options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  int64_t filters_;
  Sizes<N> size_;
  ConvolutionTransposeOptions<N> options_;
};
using Conv1DTranspose = ConvolutionTranspose<1>;
using Conv2DTranspose = ConvolutionTranspose<2>;
using Conv3DTranspose = ConvolutionTranspose<3>;

struct DepthwiseConv2DOptions {
  HeightWidth strides = 1;
  Padding padding = "valid";
  int64_t depth_multiplier = 1;
  HeightWidth dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  std::string name = "";
};
// Each channel by filters of its own; kernel [height, width, in, depth_multiplier], bias [in * depth_multiplier].
class DepthwiseConv2D {
 public:
  explicit DepthwiseConv2D(HeightWidth kernel_size, DepthwiseConv2DOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  HeightWidth size_;
  DepthwiseConv2DOptions options_;
};

struct SeparableConv2DOptions {
  HeightWidth strides = 1;
  Padding padding = "valid";
  HeightWidth dilation_rate = 1;
  int64_t depth_multiplier = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer pointwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  std::string name = "";
};
// Depthwise, then over the channels; depthwise_kernel [height, width, in, multiplier], pointwise_kernel [1, 1, in * multiplier, filters].
class SeparableConv2D {
 public:
  SeparableConv2D(int64_t filters, HeightWidth kernel_size, SeparableConv2DOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  int64_t filters_;
  HeightWidth size_;
  SeparableConv2DOptions options_;
};

}  // namespace reel::nn
