#pragma once
// Activations by name or as a function.
#include <string>

#include "tensor/tensor.h"

namespace reel::nn {

// Accepts Keras's names ("relu", "softmax", "gelu" ...; "" and "linear" do nothing) and any Tensor f(const Tensor&). A wrong name
// throws and lists the valid ones.
class ActivationFunction {
 public:
  ActivationFunction() = default;
  ActivationFunction(const char* name);
  ActivationFunction(const std::string& name) : ActivationFunction(name.c_str()) {}
  template <class F>
    requires std::is_convertible_v<F, Tensor (*)(const Tensor&)>
  ActivationFunction(F function) : custom_(function), name_("custom") {}
  Tensor operator()(const Tensor& x, Where where = {}) const { return known_ ? known_(x, where) : custom_ ? custom_(x) : x; }
  const std::string& name() const { return name_; }

 private:
  Tensor (*known_)(const Tensor&, Where) = nullptr;
  Tensor (*custom_)(const Tensor&) = nullptr;
  std::string name_ = "linear";
};

}  // namespace reel::nn
