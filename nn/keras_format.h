#pragma once
// The parts of Keras's files: the architecture, the layout of the weights, what compile was given; for the library's own sources.
// Format: keras-team/keras, keras/src/saving and keras/src/models.
#include <map>

#include "io/hdf5.h"
#include "nn/config.h"
#include "nn/keras_order.h"
#include "nn/state.h"

namespace reel::nn {

// config.json without compile_config. Throws for what Keras cannot describe.
Json model_config(const Model& model);

// What reading an architecture leaves to be done when the weights are read.
struct Architecture {
  bool for_training = true;                        // false: regularizers and constraints are passed over
  std::map<const LayerRecord*, DType> dtypes;      // of layers that are not float32
  std::vector<const LayerRecord*> frozen;
};
Model model_from_config(const Json& json, Architecture& architecture);

// Where Keras keeps each weight of a model ("layers/dense/vars/0"), in the order of model.trainable_variables and in that of files.
struct WeightLayout {
  struct Place {
    std::string path;
    Weight* weight;
    const LayerRecord* record;  // null in a user's struct
  };
  std::vector<Place> places;
  std::vector<std::pair<std::string, std::string>> groups;  // of variables, with the names of their layers; weightless ones too
  Tensors trainable() const;
};
WeightLayout weight_layout(const Model& model);

// The weights and, when there is one, the optimizer with its state, as the bytes of an HDF5 file.
std::string weights_bytes(const Model& model, bool with_optimizer);
// The datasets of weights in a file, by the paths Keras 3 gives them whatever wrote it; values are the paths in the file.
std::vector<std::pair<std::string, std::string>> stored_weights(const Hdf5Reader& file);
// The optimizer's state, where the file has it.
void read_optimizer(const Hdf5Reader& file, Optimizer& optimizer, const Tensors& variables);

Json compile_config(const CompileOptions& options);
CompileOptions compile_from_config(const Json& json);

}  // namespace reel::nn
