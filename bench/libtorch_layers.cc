// The peer's rows of layers.cc. Images lie channels last, as PyTorch recommends on the CPU.
#include <torch/torch.h>

#include <functional>

#include "bench/groups.h"
#include "bench/rows.h"

namespace reel::bench {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

// f makes a result of `inputs`.
void both(const std::string& name, Tensors inputs, const std::function<Tensor(const Tensors&)>& f) {
  if (!wanted(name + "_fwd") && !wanted(name + "_fwdbwd")) return;
  Tensor y, gradient;
  {
    torch::NoGradGuard no_grad;
    y = f(inputs);
    gradient = torch::rand_like(y);
    op_row(name + "_fwd", [&] { y = f(inputs); });
  }
  for (Tensor& t : inputs) t = t.detach().requires_grad_();
  op_row(name + "_fwdbwd", [&] {
    f(inputs).backward(gradient);
    for (Tensor& t : inputs) t.mutable_grad().reset();
  });
}
Tensor random(torch::IntArrayRef shape) { return torch::rand(shape); }
Tensor image(torch::IntArrayRef shape) { return torch::rand(shape).contiguous(torch::MemoryFormat::ChannelsLast); }

void normalizations() {
  both("layer_norm", {random({64 * 64, 512}), random({512}), random({512})},
       [](const Tensors& t) { return torch::layer_norm(t[0], {512}, t[1], t[2], 1e-5); });
  Tensor mean = torch::zeros({64}), variance = torch::ones({64});
  both("batch_norm", {image({32, 64, 28, 28}), random({64}), random({64})},
       [&](const Tensors& t) { return torch::batch_norm(t[0], t[1], t[2], mean, variance, true, 0.1, 1e-5, false); });
}

void convolutions() {
  Tensor x = image({16, 64, 32, 32}), bias = random({64});
  auto convolution = [&](const char* name, int64_t size, int64_t padding, int64_t dilation, int64_t groups) {
    both(name, {x, image({64, 64 / groups, size, size}), bias},
         [&](const Tensors& t) { return torch::conv2d(t[0], t[1], t[2], 1, padding, dilation, groups); });
  };
  convolution("conv_3x3", 3, 1, 1, 1);
  convolution("conv_1x1", 1, 0, 1, 1);
  convolution("conv_dilated", 3, 2, 2, 1);
  convolution("conv_depthwise", 3, 1, 1, 64);
  both("conv_transpose", {x, image({64, 64, 3, 3}), bias},
       [](const Tensors& t) { return torch::conv_transpose2d(t[0], t[1], t[2], 2, 1, 1); });
}

}  // namespace

void layer_rows() {
  normalizations();
  both("gelu_1e6", {random({1000000})}, [](const Tensors& t) { return torch::gelu(t[0]); });
  Tensor q = random({8, 8, 128, 64}), k = random({8, 8, 128, 64}), v = random({8, 8, 128, 64});
  both("attention", {q, k, v}, [](const Tensors& t) { return torch::scaled_dot_product_attention(t[0], t[1], t[2]); });
  convolutions();
}

}  // namespace reel::bench
