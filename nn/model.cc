#include "nn/model.h"

#include <algorithm>

#include "nn/state.h"

namespace reel::nn {

Model::Model(std::vector<Layer> layers, std::string name, const char* type) : state_(std::make_shared<State>(type, name)) {
  state_->layers = std::move(layers);
}
Model::Model(const Tensor& input, const Tensor& output, std::string name) : Model(Tensors{input}, Tensors{output}, std::move(name)) {}
Model::Model(const Tensors& inputs, const Tensors& outputs, std::string name) : state_(std::make_shared<State>("Functional", name)) {
  state_->graph.emplace(inputs, outputs);
  // A layer that is called twice is one layer.
  for (const Step& step : state_->graph->steps()) {
    auto same = [&](const Layer& l) { return l.record() && l.record() == step.layer->record(); };
    if (step.layer && std::none_of(state_->layers.begin(), state_->layers.end(), same)) state_->layers.push_back(*step.layer);
  }
}

Tensor Model::operator()(const Tensor& x, Where where) const { return (*this)(Tensors{x}, where); }
Tensor Model::operator()(const Tensors& x, Where where) const {
  return call_layer(*this, x, [&]() -> Tensor {
    if (state_->graph) return state_->graph->run(x, where)[0];
    if (state_->layers.empty()) throw Error("Sequential: has no layers");
    Tensor y = state_->layers[0](x, where);
    state_->note_output(0, y);
    for (size_t i = 1; i < state_->layers.size(); ++i) {
      y = state_->layers[i](y, where);
      state_->note_output(i, y);
    }
    return y;
  });
}

void Model::add(Layer layer) {
  state_->layers.push_back(std::move(layer));
  state_->output_shapes.clear();
}

void Model::visit(const std::string& path, WeightVisitor& visitor) const {
  // Layers stand under the names they were given, otherwise under their type, counted within this model: another model of the same
  // layers has the same paths. A single user's struct gives the names of its fields alone.
  std::map<std::string, int> used;
  for (const Layer& layer : state_->layers) {
    const LayerRecord* r = layer.record();
    std::string name;
    if (r && r->named) {
      name = r->name;
    } else if (r || state_->layers.size() > 1) {
      name = snake_case(layer.type());
      if (int n = used[name]++) name += "_" + std::to_string(n);
    }
    layer.visit(path.empty() ? name : name.empty() ? path : path + "/" + name, visitor);
  }
}

std::vector<std::pair<std::string, Weight>> Model::weights() const { return nn::weights(*this); }
Tensors Model::trainable_variables() const { return nn::trainable_variables(*this); }
int64_t Model::count_params() const {
  int64_t n = 0;
  for (auto& [path, w] : weights()) n += w.value.size();
  return n;
}

void Model::compile(CompileOptions options) {
  if (!options.loss) throw Error("compile: no loss given (.loss = \"sparse_categorical_crossentropy\", \"mse\", ...)");
  state_->compiled = std::move(options);
}
bool& Model::stop_training() { return state_->stop_training; }
Optimizer& Model::optimizer() { return state_->training("optimizer").optimizer; }
const std::string& Model::name() const { return state_->record->name; }
const std::vector<Layer>& Model::layers() const { return state_->layers; }
const SharedRecord& Model::record() const { return state_->record; }

}  // namespace reel::nn
