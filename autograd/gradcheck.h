#pragma once
// Gradients against central finite differences in float64.
#include "autograd/backward.h"

namespace reel {

struct GradcheckOptions {
  double step = 1e-6, rtol = 1e-3, atol = 1e-5;
  bool second_order = false;  // also the gradient of the gradient, along a fixed direction
};
// "" when f's gradients agree with finite differences at the given float64 or complex128 points, else what differs and by how much.
// f takes the variables and returns a tensor of any shape; it is summed with fixed random weights.
template <class F> std::string gradcheck(F&& f, const Tensors& points, GradcheckOptions options = {});

using TensorFunction = Tensor (*)(void* context, const Tensors& inputs);
std::string gradcheck_function(TensorFunction f, void* context, const Tensors& points, const GradcheckOptions& options);

template <class F> std::string gradcheck(F&& f, const Tensors& points, GradcheckOptions options) {
  return gradcheck_function([](void* c, const Tensors& in) -> Tensor { return (*static_cast<std::remove_reference_t<F>*>(c))(in); }, &f, points, options);
}

}  // namespace reel
