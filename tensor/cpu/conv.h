#pragma once
// Convolution kernels on row-major host arrays: [n, h, w, channels] images, [h, w, channels / groups, filters] weights.
#include "tensor/cpu/window.h"
#include "tensor/dtype.h"

namespace reel {

struct ConvShape {
  int64_t n, channels, filters, groups;
  Window window;
  int64_t x_image() const { return window.y.n * window.x.n * channels; }
  int64_t y_image() const { return window.y.out * window.x.out * filters; }
  int64_t weights() const { return window.y.size * window.x.size * (channels / groups) * filters; }
};

// y = conv(x, w) + bias (null: none), and the gradients; of the input plus a bias (null: none), which makes it a transposed convolution. gx
// and gw are written over. Results do not depend on the number of threads.
void conv_forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y);
void conv_input_grad(const ConvShape& s, const float* gy, const float* w, const float* bias, float* gx);
void conv_kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw);
void conv_forward(const ConvShape& s, const double* x, const double* w, const double* bias, double* y);
void conv_input_grad(const ConvShape& s, const double* gy, const double* w, const double* bias, double* gx);
void conv_kernel_grad(const ConvShape& s, const double* x, const double* gy, double* gw);
// In bfloat16, summed in float; false, and nothing done, where this processor or shape goes faster through float.
bool conv_forward(const ConvShape& s, const BFloat16* x, const BFloat16* w, const BFloat16* bias, BFloat16* y);
bool conv_input_grad(const ConvShape& s, const BFloat16* gy, const BFloat16* w, const BFloat16* bias, BFloat16* gx);
bool conv_kernel_grad(const ConvShape& s, const BFloat16* x, const BFloat16* gy, float* gw);

}  // namespace reel
