#pragma once
// What all copies of a model share; for the sources of Model only.
#include <optional>

#include "nn/model.h"
#include "nn/symbolic.h"

namespace reel::nn {

struct Model::State {
  SharedRecord record;
  std::vector<Layer> layers;
  std::optional<Graph> graph;         // of a functional model
  std::vector<Shape> output_shapes;   // of each layer at the last call, for the summary
  Shape input_shape;                  // of a sequence at the last call, for files; no axes before the first
  DType input_dtype = float32;
  std::optional<CompileOptions> compiled;
  bool stop_training = false;

  State(const char* type, const std::string& name) : record(std::make_shared<LayerRecord>(type, name, true)) {}

  void note_input(const Tensor& x) { input_shape = x.shape(), input_dtype = x.dtype(); }
  void note_output(size_t i, const Tensor& y) {
    if (output_shapes.size() <= i) output_shapes.resize(layers.size());
    output_shapes[i] = y.shape();
  }
  CompileOptions& training(const char* what, Where where) {
    if (!compiled) fail_at(Error(std::string(what) + ": the model is not compiled: call compile({.optimizer = ..., .loss = ...}) first"), where);
    return *compiled;
  }
};

}  // namespace reel::nn
