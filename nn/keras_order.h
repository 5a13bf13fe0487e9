#pragma once
// The order of a functional model's layers, on which the places of their weights in Keras's files depend; for the library's own sources.
#include "nn/symbolic.h"

namespace reel::nn {

// One place of a functional model, as Keras counts them: an input, or a layer with all its calls in this model.
struct Operation {
  const Layer* layer = nullptr;  // null: an input
  std::vector<const Step*> calls;
  Tensor input;  // of an input
};
// In the order in which Keras lists them: by distance from the outputs, then as a walk from the outputs meets them.
std::vector<Operation> keras_order(const Graph& graph);

}  // namespace reel::nn
