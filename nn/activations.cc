#include "nn/activations.h"

#include <cstring>
#include <vector>

#include "tensor/error.h"
#include "tensor/ops/activation.h"
#include "tensor/ops/softmax.h"

namespace reel::nn {
namespace {

struct Named {
  const char* name;
  Tensor (*function)(const Tensor&, Where);
};
// keras.activations, with the older spellings that Keras still reads.
constexpr Named kActivations[] = {
    {"linear", [](const Tensor& x, Where) { return x; }},
    {"relu", [](const Tensor& x, Where w) { return relu(x, w); }},
    {"sigmoid", [](const Tensor& x, Where w) { return sigmoid(x, w); }},
    {"tanh", [](const Tensor& x, Where w) { return tanh(x, w); }},
    {"softmax", [](const Tensor& x, Where w) { return softmax(x, -1, w); }},
    {"log_softmax", [](const Tensor& x, Where w) { return log_softmax(x, -1, w); }},
    {"gelu", [](const Tensor& x, Where w) { return gelu(x, false, w); }},
    {"silu", [](const Tensor& x, Where w) { return silu(x, w); }},
    {"swish", [](const Tensor& x, Where w) { return silu(x, w); }},
    {"elu", [](const Tensor& x, Where w) { return elu(x, 1, w); }},
    {"selu", [](const Tensor& x, Where w) { return selu(x, w); }},
    {"leaky_relu", [](const Tensor& x, Where w) { return leaky_relu(x, 0.2, w); }},
    {"relu6", [](const Tensor& x, Where w) { return relu6(x, w); }},
    {"softplus", [](const Tensor& x, Where w) { return softplus(x, w); }},
    {"softsign", [](const Tensor& x, Where w) { return softsign(x, w); }},
    {"hard_sigmoid", [](const Tensor& x, Where w) { return hard_sigmoid(x, w); }},
    {"log_sigmoid", [](const Tensor& x, Where w) { return log_sigmoid(x, w); }},
    {"exponential", [](const Tensor& x, Where w) { return exp(x, w); }},
};

}  // namespace

ActivationFunction::ActivationFunction(const char* name) {
  if (!*name || std::strcmp(name, "linear") == 0) return;
  std::vector<std::string> valid;
  for (const Named& a : kActivations) {
    if (std::strcmp(a.name, name) == 0) {
      known_ = a.function;
      name_ = name;
      return;
    }
    valid.push_back(a.name);
  }
  unknown_name("activation", name, valid);
}

}  // namespace reel::nn
