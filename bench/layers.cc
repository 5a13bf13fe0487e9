// The rows on what layers are made of: normalization, activation, attention and convolutions, alone (fwd) and with the gradients of
// everything they were given (fwdbwd).
#include "bench/groups.h"
#include "bench/rows.h"
#include "reel.h"

namespace reel::bench {
namespace {

// f makes a result of `inputs`.
template <class F> void both(const std::string& name, Tensors inputs, F&& f) {
  if (!wanted(name + "_fwd") && !wanted(name + "_fwdbwd")) return;
  Tensor y, gradient;
  {
    NoGrad no_grad;
    y = f(inputs);
    gradient = uniform(y.shape(), 0, 1);
    op_row(name + "_fwd", [&] { y = f(inputs); });
  }
  for (Tensor& t : inputs) t = variable(t);
  op_row(name + "_fwdbwd", [&] {
    backward(f(inputs), {.gradient = gradient});
    for (const Tensor& t : inputs) clear_gradient(t);
  });
}
Tensor random(const Shape& shape) { return uniform(shape, 0, 1); }

void normalizations() {
  both("layer_norm", {random({64 * 64, 512}), random({512}), random({512})},
       [](const Tensors& t) { return layer_norm(t[0], t[1], t[2], -1, 1e-5); });
  Tensor mean = zeros({64}), variance = ones({64});
  both("batch_norm", {random({32, 28, 28, 64}), random({64}), random({64})}, [&](const Tensors& t) {
    return batch_norm(t[0], t[1], t[2], mean, variance, {.momentum = 0.9, .epsilon = 1e-5, .training = true});
  });
}

void convolutions() {
  Tensor x = random({16, 32, 32, 64}), bias = random({64});
  auto convolution = [&](const char* name, int64_t size, const Conv2dOptions& options) {
    // The time that the arithmetic alone would take; a depthwise one is bound by memory.
    double flop = 2. * double(x.size() * size * size * 64), fwd = 1, fwdbwd = 3;
    for (auto [part, times] : {std::pair("_fwd", fwd), {"_fwdbwd", fwdbwd}})
      if (std::string row_name = "limit_" + std::string(name) + part; options.groups == 1 && wanted(row_name))
        row(row_name, times * flop / peak_flop_per_second() * 1e3, "ms");
    both(name, {x, random({size, size, 64 / options.groups, 64}), bias}, [&](const Tensors& t) { return conv2d(t[0], t[1], t[2], options); });
  };
  convolution("conv_3x3", 3, {.padding = "same"});
  convolution("conv_1x1", 1, {});
  convolution("conv_dilated", 3, {.padding = "same", .dilation = 2});
  convolution("conv_depthwise", 3, {.padding = "same", .groups = 64});
  both("conv_transpose", {x, random({3, 3, 64, 64}), bias}, [](const Tensors& t) {
    return conv_transpose2d(t[0], t[1], t[2], {.strides = 2, .padding = Padding(1, 1, 1, 1), .output_padding = 1});
  });
}

}  // namespace

void layer_rows() {
  normalizations();
  both("gelu_1e6", {random({1000000})}, [](const Tensors& t) { return gelu(t[0]); });
  Tensor q = random({8, 8, 128, 64}), k = random({8, 8, 128, 64}), v = random({8, 8, 128, 64});
  both("attention", {q, k, v}, [](const Tensors& t) { return scaled_dot_product_attention(t[0], t[1], t[2]); });
  convolutions();
}

}  // namespace reel::bench
