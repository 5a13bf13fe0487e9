#include "nn/layers.h"

#include "nn/building.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/conv.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/index.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/pool.h"
#include "tensor/ops/random.h"
#include "tensor/ops/view.h"

namespace reel::nn {
namespace {

// Weights are made once, for the last axis of the first input; a later input must have the same.
void check_channels(const LayerRecord& r, const Tensor& x, int64_t expected, Where where) {
  if (x.rank() == 0) fail_at(ShapeError(r.type + ": needs at least one axis\n  x  " + describe(x)), where);
  if (x.shape()[-1] != expected)
    fail_at(ShapeError(r.type + ": expects " + std::to_string(expected) + " on the last axis (it was built so), got " + std::to_string(x.shape()[-1]) +
                      "\n  x  " + describe(x)), where);
}
}  // namespace

Dense::Dense(int64_t units, DenseOptions options) : record_(new_record("Dense", options.name, false)), units_(units), options_(std::move(options)) {
  at_least_one("Dense", "units", units);
}

Tensor Dense::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    r.build([&] {
      if (x.rank() < 1) fail_at(ShapeError("Dense: needs at least one axis\n  x  " + describe(x)), where);
      r.add_weight("kernel", options_.kernel_initializer({x.shape()[-1], units_}));
      if (options_.use_bias) r.add_weight("bias", options_.bias_initializer({units_}));
    });
    check_channels(r, x, r.weights[0].value.shape()[0], where);
    Tensor y = matmul(x, r.weights[0].value, where);
    if (options_.use_bias) y = add_bias(y, r.weights[1].value, where);
    return options_.activation(y, where);
  });
}

Conv2D::Conv2D(int64_t filters, HeightWidth kernel_size, Conv2DOptions options)
    : record_(new_record("Conv2D", options.name, false)), filters_(filters), kernel_size_(kernel_size), options_(std::move(options)) {
  at_least_one("Conv2D", "filters", filters);
  at_least_one("Conv2D", "kernel_size", std::min(kernel_size.height, kernel_size.width));
}

Tensor Conv2D::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    if (x.rank() != 4)
      fail_at(ShapeError("Conv2D: needs images [n, height, width, channels]" + std::string(x.rank() == 3 ? " (expand_dims(x, -1) adds a channel axis)" : "") +
                        "\n  x  " + describe(x)), where);
    r.build([&] {
      if (options_.groups < 1 || x.shape()[-1] % options_.groups || filters_ % options_.groups)
        fail_at(ShapeError("Conv2D: groups " + std::to_string(options_.groups) + " do not divide " + std::to_string(x.shape()[-1]) + " channels and " +
                          std::to_string(filters_) + " filters\n  x  " + describe(x)), where);
      r.add_weight("kernel", options_.kernel_initializer({kernel_size_.height, kernel_size_.width, x.shape()[-1] / options_.groups, filters_}));
      if (options_.use_bias) r.add_weight("bias", options_.bias_initializer({filters_}));
    });
    check_channels(r, x, r.weights[0].value.shape()[2] * options_.groups, where);
    Conv2dOptions o;
    o.strides = options_.strides;
    o.dilation = options_.dilation_rate;
    o.padding = options_.padding;
    o.groups = options_.groups;
    Tensor y = options_.use_bias ? conv2d(x, r.weights[0].value, r.weights[1].value, o, where) : conv2d(x, r.weights[0].value, o, where);
    return options_.activation(y, where);
  });
}

MaxPooling2D::MaxPooling2D(HeightWidth pool_size, PoolingOptions options)
    : record_(new_record("MaxPooling2D", options.name)), pool_size_(pool_size), options_(std::move(options)) {
  at_least_one("MaxPooling2D", "pool_size", std::min(pool_size.height, pool_size.width));
}
Tensor MaxPooling2D::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] { return max_pool2d(x, pool_size_, {.strides = options_.strides, .padding = options_.padding}, where); });
}
AveragePooling2D::AveragePooling2D(HeightWidth pool_size, PoolingOptions options)
    : record_(new_record("AveragePooling2D", options.name)), pool_size_(pool_size), options_(std::move(options)) {
  at_least_one("AveragePooling2D", "pool_size", std::min(pool_size.height, pool_size.width));
}
Tensor AveragePooling2D::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] { return average_pool2d(as_float(*record_, x, where), pool_size_, {.strides = options_.strides, .padding = options_.padding}, where); });
}

Flatten::Flatten(NameOptions options) : record_(new_record("Flatten", options.name)) {}
Tensor Flatten::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] { return x.rank() <= 1 ? reshape(x, {x.size(), 1}, where) : reshape(x, {x.shape()[0], x.shape()[0] ? -1 : 0}, where); });
}

Dropout::Dropout(double rate, NameOptions options) : record_(new_record("Dropout", options.name)), rate_(rate) {
  if (!(rate >= 0 && rate <= 1)) throw Error("Dropout: rate must be in [0, 1], got " + std::to_string(rate));
}
Tensor Dropout::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] { return training() ? dropout(x, rate_, default_generator(), where) : x; });
}

Activation::Activation(ActivationFunction activation, NameOptions options)
    : record_(new_record("Activation", options.name)), activation_(std::move(activation)) {}
Tensor Activation::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] { return activation_(x, where); });
}

Embedding::Embedding(int64_t input_dim, int64_t output_dim, EmbeddingOptions options)
    : record_(new_record("Embedding", options.name)), options_(std::move(options)) {
  at_least_one("Embedding", "input_dim", input_dim);
  at_least_one("Embedding", "output_dim", output_dim);
  record_->add_weight("embeddings", options_.embeddings_initializer({input_dim, output_dim}));
}
Tensor Embedding::operator()(const Tensor& ids, Where where) const {
  return call_layer(*this, {ids}, [&] { return embedding(record_->weights[0].value, ids, where); });
}
Tensor Embedding::operator()(int64_t id, Where where) const { return (*this)(full({}, id, int64, cpu(), where), where); }

Concatenate::Concatenate(ConcatenateOptions options) : record_(new_record("Concatenate", options.name)), options_(std::move(options)) {}
Tensor Concatenate::operator()(const Tensors& x, Where where) const {
  return call_layer(*this, x, [&] { return concat(x, options_.axis, where); });
}
Tensor concatenate(const Tensors& x, ConcatenateOptions options, Where where) { return Concatenate(std::move(options))(x, where); }

}  // namespace reel::nn
