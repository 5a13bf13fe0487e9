#pragma once
// 3 x 3 convolutions of strides 1 with 16 multiplications for 2 x 2 pixels of the result instead of 36: F(2x2, 3x3) of Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks" (arXiv:1509.09308). An element's error is some float roundings of the largest products
// in the 4 x 4 pixels around it.
#include "tensor/cpu/conv.h"

namespace reel {

class Partials;

// Each false, and what it should write undefined, where the shape goes faster otherwise or a number of the result is not finite: then it
// may have met one that only its neighbours should.
bool winograd_forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y);
bool winograd_input_grad(const ConvShape& s, const float* gy, const float* w, const float* bias, float* gx);
bool winograd_kernel_grad(const ConvShape& s, const float* x, const float* gy, const Partials& partials);

}  // namespace reel
