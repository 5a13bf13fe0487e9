#include "nn/model.h"

#include <algorithm>

#include "nn/keras_order.h"
#include "nn/state.h"

namespace reel::nn {

namespace {

bool same(const Layer& a, const Layer& b) { return a.record() && a.record() == b.record(); }

// A name is where files find a layer.
void check_names(const std::string& model, const std::vector<Layer>& layers) {
  std::map<std::string, const Layer*> named;
  for (const Layer& layer : layers) {
    if (!layer.record() || !layer.record()->named) continue;
    auto [it, first] = named.emplace(layer.record()->name, &layer);
    if (!first && !same(*it->second, layer)) throw Error("the model \"" + model + "\" has two layers named \"" + layer.record()->name + "\"");
  }
}

}  // namespace

Model::Model(std::vector<Layer> layers, std::string name, const char* type) : state_(std::make_shared<State>(type, name)) {
  check_names(state_->record->name, layers);
  state_->layers = std::move(layers);
}
Model::Model(const Tensor& input, const Tensor& output, NameOptions options) : Model(Tensors{input}, Tensors{output}, std::move(options)) {}
Model::Model(const Tensors& inputs, const Tensors& outputs, NameOptions options) : state_(std::make_shared<State>("Functional", options.name)) {
  state_->graph.emplace(inputs, outputs);
  // Keras's order, and not that of the calls: a model read from a file has the same. A layer that is called twice is one layer.
  for (const Operation& o : keras_order(*state_->graph))
    if (o.layer) state_->layers.push_back(*o.layer);
  check_names(state_->record->name, state_->layers);
}

Tensor Model::operator()(const Tensor& x, Where where) const { return (*this)(Tensors{x}, where); }
Tensor Model::operator()(const Tensors& x, Where where) const {
  return call_layer(*this, x, [&]() -> Tensor {
    Autocast shared(autocast_dtype());  // layers that are called several times cast their weights once
    if (state_->graph) {
      if (state_->graph->outputs().size() != 1)
        fail_at(Error("Model: has " + std::to_string(state_->graph->outputs().size()) + " outputs: outputs(x) gives them all"), where);
      return state_->graph->run(x, where)[0];
    }
    if (state_->layers.empty()) fail_at(Error(state_->record->type + ": has no layers"), where);
    Tensor y = state_->layers[0](x, where);
    if (x.size() == 1) state_->last_call.note_input(x[0]);
    state_->last_call.note_output(0, y);
    for (size_t i = 1; i < state_->layers.size(); ++i) {
      y = state_->layers[i](y, where);
      state_->last_call.note_output(i, y);
    }
    return y;
  });
}

Tensors Model::outputs(const Tensors& x, Where where) const {
  if (!state_->graph) return {(*this)(x, where)};
  LayerScope scope(state_->record->type.c_str(), state_->record->name.c_str());
  return state_->graph->run(x, where);
}

void Model::add(Layer layer) {
  std::vector<Layer> more = state_->layers;
  more.push_back(layer);
  check_names(state_->record->name, more);
  state_->layers.push_back(std::move(layer));
  state_->last_call.forget_outputs();
}

void Model::visit(const std::string& path, WeightVisitor& visitor) const {
  // Layers stand under the names they were given, otherwise under their type, counted within this model: another model of the same
  // layers has the same paths. A single user's struct gives the names of its fields alone.
  std::map<std::string, int> used;
  auto below = [&](const std::string& name) { return path.empty() ? name : name.empty() ? path : path + "/" + name; };
  auto numbered = [&](std::string name) {
    int n = used[name]++;
    return n ? name + "_" + std::to_string(n) : name;
  };
  for (const Layer& layer : state_->layers) {
    const LayerRecord* r = layer.record();
    std::string name = r && r->named ? r->name : r || state_->layers.size() > 1 ? numbered(snake_case(layer.type())) : "";
    layer.visit(below(name), visitor);
  }
  if (!state_->graph) return;
  // Variables that ops were given directly, without a layer around them.
  for (const Step& step : state_->graph->steps())
    for (const Tensor& x : step.inputs)
      if (!step.layer && is_variable(x)) visit_tensor(x, below(numbered(variable_name(x).empty() ? "variable" : variable_name(x))), visitor);
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
  // As Keras does: most gradients would vanish in float16.
  if (state_->compute == float16 && !options.optimizer.scales_losses()) options.optimizer = LossScaleOptimizer(options.optimizer);
  state_->compiled = std::move(options);
}
bool& Model::stop_training() { return state_->stop_training; }
Optimizer& Model::optimizer(Where where) { return state_->training("optimizer", where).optimizer; }
const std::string& Model::name() const { return state_->record->name; }
const std::vector<Layer>& Model::layers() const { return state_->layers; }
const SharedRecord& Model::record() const { return state_->record; }

}  // namespace reel::nn
