#pragma once
// Symbolic tensors: a functional model is the record of the layers that were called on nn::Input.
#include "nn/layer.h"
#include "tensor/symbolic.h"

namespace reel::nn {

// A tensor with a shape (without the batch axis) and no values. Layers and ops called on it answer symbolic tensors.
Tensor Input(const Shape& shape, DType dtype = float32, Where where = {});

// "(None, 28, 28, 1)"
std::string symbolic_shape(const Shape& shape);

// One remembered call; an input has neither layer nor inputs.
struct Step {
  const Layer* layer = nullptr;  // null: an input, or an op called directly
  std::string name;              // the layer's type, or the op's name
  Tensors inputs;
  Tensor output;
};

// The calls between inputs and outputs in an order in which they can run; throws when an output needs an input that is not named.
class Graph {
 public:
  Graph(Tensors inputs, Tensors outputs);
  Tensors run(const Tensors& values, Where where) const;
  const std::vector<Step>& steps() const { return steps_; }
  const Tensors& inputs() const { return inputs_; }
  const Tensors& outputs() const { return outputs_; }

 private:
  Tensors inputs_, outputs_;
  std::vector<Step> steps_;
};

}  // namespace reel::nn
