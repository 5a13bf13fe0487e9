#pragma once
// The layers that files can hold, by Keras's class names; for the library's own sources.
#include "nn/config.h"
#include "nn/layer.h"

namespace reel::nn {

struct LayerType {
  const char* class_name;
  std::vector<const char*> arguments;  // the constructor's, before its options
  bool takes_list;                     // called with several tensors at once
  // The config without the name; false when the layer is of another type.
  bool (*write)(const LayerType& type, const Layer& layer, Json& config);
  Layer (*read)(const LayerType& type, ConfigReader& config, const std::string& name);
};

const std::vector<LayerType>& layer_types();
// Null when there is none.
const LayerType* layer_type_of(const Layer& layer);
// A name that Keras made up ("dense_1") is none that a user chose: weight files number such layers within their model.
void settle_name(LayerRecord& record);

}  // namespace reel::nn
