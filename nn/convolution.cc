#include "nn/convolution.h"

#include <algorithm>

#include "nn/building.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/conv_nd.h"
#include "tensor/ops/exponential.h"

namespace reel::nn {
namespace {

constexpr const char* kSequences = "sequences [n, steps, channels]";
constexpr const char* kImages = "images [n, height, width, channels]";
constexpr const char* kVolumes = "volumes [n, depth, height, width, channels]";
template <int N> constexpr const char* kNeeds = N == 1 ? kSequences : N == 2 ? kImages : kVolumes;

// [size..., a, b]
template <int N> Shape kernel_shape(const Sizes<N>& size, int64_t a, int64_t b) {
  Shape s;
  for (int64_t n : size.at) s.push(n);
  s.push(a);
  s.push(b);
  return s;
}
template <int N> void check_size(const char* layer, const Sizes<N>& size) {
  for (int64_t n : size.at) at_least_one(layer, "kernel_size", n);
}
template <int N> Extents extents(const Sizes<N>& s) { return {s.at[0], s.at[1], s.at[2]}; }

}  // namespace

template <int N> Convolution<N>::Convolution(int64_t filters, Sizes<N> kernel_size, ConvolutionOptions<N> options)
    : record_(new_record(N == 1 ? "Conv1D" : "Conv3D", options.name, false)), filters_(filters), size_(kernel_size), options_(std::move(options)) {
  at_least_one(record_->type.c_str(), "filters", filters);
  check_size(record_->type.c_str(), size_);
}
template <int N> Tensor Convolution<N>::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    check_rank(r, x, N + 2, kNeeds<N>, where);
    r.build([&] {
      int64_t in = x.shape()[-1], g = options_.groups;
      if (g < 1 || in % g || filters_ % g)
        fail_at(ShapeError(r.type + ": groups " + std::to_string(g) + " do not divide " + std::to_string(in) + " channels and " + std::to_string(filters_) +
                           " filters\n  x  " + describe(x)), where);
      r.add_weight("kernel", options_.kernel_initializer(kernel_shape(size_, in / g, filters_)));
      if (options_.use_bias) r.add_weight("bias", options_.bias_initializer({filters_}));
    });
    Tensor kernel = weight_named(r, "kernel"), bias = weight_named(r, "bias");
    check_extent(r, x, -1, kernel.shape()[-2] * options_.groups, where);
    if constexpr (N == 1) {
      return options_.activation(conv1d(x, kernel, bias, {options_.strides.at[0], options_.padding, options_.dilation_rate.at[0], options_.groups}, where), where);
    } else {
      AxisPadding p(options_.padding);
      return options_.activation(conv3d(x, kernel, bias, {extents(options_.strides), {p, p, p}, extents(options_.dilation_rate), options_.groups}, where), where);
    }
  });
}

template <int N> ConvolutionTranspose<N>::ConvolutionTranspose(int64_t filters, Sizes<N> kernel_size, ConvolutionTransposeOptions<N> options)
    : record_(new_record(N == 1 ? "Conv1DTranspose" : N == 2 ? "Conv2DTranspose" : "Conv3DTranspose", options.name, false)), filters_(filters),
      size_(kernel_size), options_(std::move(options)) {
  at_least_one(record_->type.c_str(), "filters", filters);
  check_size(record_->type.c_str(), size_);
}
template <int N> Tensor ConvolutionTranspose<N>::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    check_rank(r, x, N + 2, kNeeds<N>, where);
    r.build([&] {
      r.add_weight("kernel", options_.kernel_initializer(kernel_shape(size_, filters_, x.shape()[-1])));
      if (options_.use_bias) r.add_weight("bias", options_.bias_initializer({filters_}));
    });
    Tensor kernel = weight_named(r, "kernel"), bias = weight_named(r, "bias");
    check_extent(r, x, -1, kernel.shape()[-1], where);
    const auto &s = options_.strides.at, &d = options_.dilation_rate.at, &more = options_.output_padding.at;
    Tensor y;
    if constexpr (N == 1) {
      y = conv_transpose1d(x, kernel, bias, {s[0], options_.padding, d[0], 1, more[0]}, where);
    } else if constexpr (N == 2) {
      y = conv_transpose2d(x, kernel, bias, {{s[0], s[1]}, options_.padding, {d[0], d[1]}, 1, {more[0], more[1]}}, where);
    } else {
      AxisPadding p(options_.padding);
      y = conv_transpose3d(x, kernel, bias, {{s[0], s[1], s[2]}, {p, p, p}, {d[0], d[1], d[2]}, 1, {more[0], more[1], more[2]}}, where);
    }
    return options_.activation(y, where);
  });
}

template class Convolution<1>;
template class Convolution<3>;
template class ConvolutionTranspose<1>;
template class ConvolutionTranspose<2>;
template class ConvolutionTranspose<3>;

DepthwiseConv2D::DepthwiseConv2D(HeightWidth kernel_size, DepthwiseConv2DOptions options)
    : record_(new_record("DepthwiseConv2D", options.name, false)), size_(kernel_size), options_(std::move(options)) {
  at_least_one("DepthwiseConv2D", "kernel_size", std::min(size_.height, size_.width));
  at_least_one("DepthwiseConv2D", "depth_multiplier", options_.depth_multiplier);
}
Tensor DepthwiseConv2D::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    check_rank(r, x, 4, kImages, where);
    r.build([&] {
      int64_t in = x.shape()[3];
      r.add_weight("kernel", options_.depthwise_initializer({size_.height, size_.width, in, options_.depth_multiplier}));
      if (options_.use_bias) r.add_weight("bias", options_.bias_initializer({in * options_.depth_multiplier}));
    });
    Tensor kernel = weight_named(r, "kernel"), bias = weight_named(r, "bias");
    check_extent(r, x, -1, kernel.shape()[2], where);
    Tensor y = depthwise_conv2d(x, kernel, {.strides = options_.strides, .padding = options_.padding, .dilation = options_.dilation_rate}, where);
    return options_.activation(bias ? add_bias(y, bias, where) : y, where);
  });
}

SeparableConv2D::SeparableConv2D(int64_t filters, HeightWidth kernel_size, SeparableConv2DOptions options)
    : record_(new_record("SeparableConv2D", options.name, false)), filters_(filters), size_(kernel_size), options_(std::move(options)) {
  at_least_one("SeparableConv2D", "filters", filters);
  at_least_one("SeparableConv2D", "kernel_size", std::min(size_.height, size_.width));
  at_least_one("SeparableConv2D", "depth_multiplier", options_.depth_multiplier);
}
Tensor SeparableConv2D::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    check_rank(r, x, 4, kImages, where);
    r.build([&] {
      int64_t in = x.shape()[3], m = options_.depth_multiplier;
      r.add_weight("depthwise_kernel", options_.depthwise_initializer({size_.height, size_.width, in, m}));
      r.add_weight("pointwise_kernel", options_.pointwise_initializer({1, 1, in * m, filters_}));
      if (options_.use_bias) r.add_weight("bias", options_.bias_initializer({filters_}));
    });
    Tensor kernel = weight_named(r, "depthwise_kernel");
    check_extent(r, x, -1, kernel.shape()[2], where);
    return options_.activation(separable_conv2d(x, kernel, weight_named(r, "pointwise_kernel"), weight_named(r, "bias"),
                                                {.strides = options_.strides, .padding = options_.padding, .dilation = options_.dilation_rate}, where), where);
  });
}

}  // namespace reel::nn
