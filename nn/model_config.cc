// The architecture of a model as Keras 3's config.json describes it, both ways.
#include <algorithm>
#include <set>

#include "autograd/variable.h"
#include "nn/keras_format.h"
#include "nn/layer_types.h"

namespace reel::nn {
namespace {

// Writing.

Json batch_shape(const Shape& shape) {
  Json dims = Json::array();
  for (int i = 0; i < shape.rank(); ++i) {
    if (i == 0 || shape[i] == kSymbolicBatch) dims.push_back(nullptr);
    else dims.push_back(shape[i]);
  }
  return dims;
}

// Keras wants the names within a model to differ; those a user gave stay.
class Names {
 public:
  explicit Names(const std::vector<Layer>& layers) {
    for (const Layer& l : layers)
      if (l.record() && l.record()->named) take(l.record()->name);
  }
  std::string of(const LayerRecord& r) { return r.named ? r.name : fresh(r.name); }
  std::string fresh(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 1; !used_.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
    return name;
  }

 private:
  void take(const std::string& name) {
    if (name.find('/') != std::string::npos) throw Error("the layer \"" + name + "\": Keras allows no \"/\" in the name of a layer");
    used_.insert(name);
  }
  std::set<std::string> used_;
};

struct WeightFacts final : WeightVisitor {
  bool any = false, trains = false;
  DType dtype = float32;
  void weight(const std::string&, Weight& w) override {
    if (!any) dtype = w.value.dtype();
    any = true;
    trains |= w.trainable || !is_variable(w.value);
  }
  void unbuilt(const std::string&) override {}
};

Json input_config(const std::string& name, const Shape& shape, DType dtype) {
  return serialized("keras.layers", "InputLayer", {{"batch_shape", batch_shape(shape)}, {"dtype", reel::name(dtype)}, {"sparse", false}, {"name", name}});
}

Json policy_config(DType compute) { return serialized("keras", "DTypePolicy", {{"name", policy_name(compute)}}); }

Json object_of(const Model& model, const std::string& name);

Json layer_config(const Layer& layer, const std::string& name) {
  if (const Model* m = layer.model()) return object_of(*m, name);
  const LayerType* type = layer_type_of(layer);
  WeightFacts facts;
  layer.visit("", facts);
  Json config{{"name", name}, {"trainable", facts.trains || !facts.any}, {"dtype", reel::name(facts.dtype)}};
  if (layer.record() && layer.record()->compute != float32) config["dtype"] = policy_config(layer.record()->compute);
  try {
    if (!type || !type->write(*type, layer, config))
      throw Error("it is no layer of the library, and a file cannot hold what it computes: save_weights keeps its weights");
  } catch (const Error& e) {
    throw Error(layer.type() + (layer.record() ? " \"" + name + "\"" : "") + ": " + e.what());
  }
  return serialized("keras.layers", type->class_name, std::move(config));
}

// The integers that an Embedding looks up; everything else takes floating-point numbers, whatever it was called on.
DType sequence_input(const Model& model) {
  DType seen = model.state().last_call.seen().dtype;
  const Model* inner = &model;
  while (!inner->layers().empty() && inner->layers()[0].model()) inner = inner->layers()[0].model();
  bool looks_up = !inner->layers().empty() && inner->layers()[0].type() == "Embedding";
  return is_floating(seen) || looks_up ? seen : float32;
}

Json sequential_config(const Model& model, const std::string& name) {
  Names names(model.layers());
  Json layers = Json::array();
  std::set<const LayerRecord*> seen;
  for (const Layer& l : model.layers()) {
    if (l.record() && !seen.insert(l.record()).second) throw Error("Sequential \"" + name + "\": Keras allows a layer once, \"" + l.record()->name + "\" occurs twice");
    layers.push_back(layer_config(l, l.record() ? names.of(*l.record()) : l.type()));
  }
  Json config{{"name", name}, {"trainable", true}, {"dtype", "float32"}};
  if (model.state().compute != float32) config["dtype"] = policy_config(model.state().compute);
  const Shape input = model.state().last_call.seen().input;
  if (input.rank() > 0) layers.insert(layers.begin(), input_config(names.fresh("input_layer"), input, sequence_input(model)));
  config["layers"] = std::move(layers);
  if (input.rank() > 0) config["build_input_shape"] = batch_shape(input);
  return serialized("keras", "Sequential", std::move(config));
}

Json functional_config(const Model& model, const std::string& name) {
  const Graph& graph = *model.state().graph;
  std::vector<Operation> operations = keras_order(graph);
  Names names(model.layers());
  struct Made {
    std::string name;
    int node;
  };
  std::map<const reel::History*, Made> made;
  std::vector<std::string> called;
  for (const Operation& o : operations) {
    if (!o.layer && !o.input.body().history) throw Error("Functional \"" + name + "\": an input without a history");
    if (!o.layer && !o.calls.empty() && !o.calls[0]->inputs.empty())
      throw Error("Functional \"" + name + "\": the op " + o.calls[0]->name + " was called on a symbolic tensor directly; a file can hold layers only\n  " +
                  describe(o.calls[0]->output));
    called.push_back(o.layer ? o.layer->record() ? names.of(*o.layer->record()) : o.layer->type() : names.fresh("input_layer"));
    if (!o.layer) made[o.input.body().history] = {called.back(), 0};
    int node = 0;
    for (const Step* s : o.calls) made[s->output.body().history] = {called.back(), node++};
  }
  auto history = [&](const Tensor& x) {
    const Made& m = made.at(x.body().history);
    return Json{m.name, m.node, 0};
  };
  Json layers = Json::array();
  for (size_t i = 0; i < operations.size(); ++i) {
    const Operation& o = operations[i];
    Json entry = o.layer ? layer_config(*o.layer, called[i]) : input_config(called[i], o.input.shape(), o.input.dtype());
    entry["name"] = called[i];
    Json nodes = Json::array();
    for (const Step* s : o.calls) {
      if (!o.layer) continue;
      Json tensors = Json::array();
      for (const Tensor& x : s->inputs) {
        if (x.device() != symbolic()) throw Error(o.layer->type() + " \"" + called[i] + "\": is called on a constant, which a file cannot hold\n  " + describe(x));
        tensors.push_back({{"class_name", "__keras_tensor__"},
                           {"config", {{"shape", batch_shape(x.shape())}, {"dtype", reel::name(x.dtype())}, {"keras_history", history(x)}}}});
      }
      const LayerType* type = layer_type_of(*o.layer);
      bool as_list = tensors.size() != 1 || (type && type->takes_list);
      Json node = Json::object();
      node["args"] = as_list ? Json::array({std::move(tensors)}) : std::move(tensors);
      node["kwargs"] = Json::object();
      nodes.push_back(std::move(node));
    }
    entry["inbound_nodes"] = std::move(nodes);
    layers.push_back(std::move(entry));
  }
  auto ends = [&](const Tensors& tensors) {
    if (tensors.size() == 1) return history(tensors[0]);
    Json list = Json::array();
    for (const Tensor& x : tensors) list.push_back(history(x));
    return list;
  };
  Json object = serialized("keras.src.models.functional", "Functional",
                           {{"name", name}, {"trainable", true}, {"layers", std::move(layers)}, {"input_layers", ends(graph.inputs())}, {"output_layers", ends(graph.outputs())}});
  object["registered_name"] = "Functional";
  return object;
}

Json object_of(const Model& model, const std::string& name) {
  if (model.record()->type == "Model")
    throw Error("the model \"" + name + "\" is a struct of one's own, and a file cannot hold what it computes: save_weights keeps its weights");
  return model.state().graph ? functional_config(model, name) : sequential_config(model, name);
}

// Reading.

std::string text_at(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

Shape shape_from(const Json& dims) {
  std::vector<int64_t> extents;
  for (size_t i = 1; i < dims.size(); ++i) {
    int64_t d = kSymbolicBatch;
    if (!dims[i].is_null()) from_config(dims[i], d);
    if (d < 1) throw Error("an input of the extent " + std::to_string(d));
    extents.push_back(d);
  }
  if (!dims.is_array() || dims.empty() || dims.size() > size_t(kMaxRank)) throw Error("the shape of an input should be a list of 1 to 8 extents");
  return Shape(extents);
}

// {"name": "float32"} behind a policy, or the text itself.
std::string dtype_name_from(const Json& config) {
  if (!config.is_object() || !config.contains("dtype") || config["dtype"].is_null()) return "float32";
  const Json& d = config["dtype"];
  return d.is_string() ? d.get<std::string>() : d.is_object() && d.contains("config") ? text_at(d["config"], "name") : "";
}
// Of the weights: those of a mixed policy are float32.
DType dtype_from(const Json& config) {
  std::string name = dtype_name_from(config);
  return is_policy_name(name) ? float32 : dtype_from_name(name.c_str());
}
std::string policy_from(const Json& config) {
  std::string name = dtype_name_from(config);
  return is_policy_name(name) ? name : "float32";
}

const Json& config_of(const Json& object) {
  if (!object.is_object() || !object.contains("config")) throw Error("an object without a config");
  return object["config"];
}
bool is_input(const Json& object) { return text_at(object, "class_name") == "InputLayer"; }
Tensor input_from(const Json& object) {
  const Json& config = config_of(object);
  const char* key = config.contains("batch_shape") ? "batch_shape" : "batch_input_shape";
  if (!config.contains(key)) throw Error("InputLayer \"" + text_at(config, "name") + "\": lacks \"batch_shape\"");
  return Input(shape_from(config[key]), dtype_from(config));
}

Layer layer_from(const Json& object, Architecture& architecture) {
  std::string class_name = text_at(object, "class_name");
  if (class_name == "Sequential" || class_name == "Functional" || class_name == "Model") return Layer(model_from_config(object, architecture));
  std::vector<std::string> known{"Functional", "InputLayer", "Sequential"};
  const Json& config = config_of(object);
  std::string name = text_at(config, "name");
  for (const LayerType& type : layer_types()) {
    known.push_back(type.class_name);
    if (class_name != type.class_name) continue;
    ConfigReader reader(config, class_name + " \"" + name + "\"");
    try {
      DtypePolicyScope policy(policy_from(config));
      Layer layer = type.read(type, reader, name);
      reader.finish(architecture.for_training);
      if (DType d = dtype_from(config); d != float32) architecture.dtypes[layer.record()] = d;
      if (config.contains("trainable") && config["trainable"] == Json(false)) architecture.frozen.push_back(layer.record());
      return layer;
    } catch (const Error& e) {
      std::string said = e.what();
      if (said.find(class_name + " \"" + name) == 0) throw;
      reader.fail(said);
    }
  }
  std::sort(known.begin(), known.end());
  unknown_name("layer class", class_name, known);
}

Model sequential_from(const Json& object, Architecture& architecture) {
  const Json& config = config_of(object);
  const Json& list = config.is_object() && config.contains("layers") ? config["layers"] : config;  // Keras 2.1 and before: the list itself
  if (!list.is_array()) throw Error("Sequential: its layers are no list");
  Tensor input;
  std::vector<Layer> layers;
  for (const Json& each : list) {
    if (is_input(each)) {
      if (!layers.empty() || input) throw Error("Sequential: an InputLayer behind another layer");
      input = input_from(each);
      continue;
    }
    if (layers.empty() && !input && config_of(each).is_object() && (config_of(each).contains("batch_input_shape") || config_of(each).contains("batch_shape")))
      input = input_from(each);
    layers.push_back(layer_from(each, architecture));
  }
  DtypePolicyScope policy(policy_from(config));
  Sequential model(std::move(layers), {.name = text_at(config, "name")});
  settle_name(*model.record());
  if (!input && config.is_object() && config.contains("build_input_shape") && config["build_input_shape"].is_array())
    input = Input(shape_from(config["build_input_shape"]));
  if (input && !model.layers().empty()) model(input);
  return model;
}

// The calls of a functional model, made again in an order in which they can be.
class FunctionalReader {
 public:
  FunctionalReader(const Json& object, Architecture& architecture) : config_(config_of(object)) {
    if (!config_.is_object() || !config_.contains("layers") || !config_["layers"].is_array()) throw Error("Functional: its layers are no list");
    for (const Json& each : config_["layers"]) {
      std::string name = text_at(each, "name");
      if (name.empty() && each.is_object() && each.contains("config")) name = text_at(each["config"], "name");
      if (made_.count(name)) throw Error("Functional: two layers are called \"" + name + "\"");
      if (is_input(each)) {
        made_[name] = {input_from(each)};
        continue;
      }
      Layer layer = layer_from(each, architecture);
      if (layer.record() && layer.record()->compute != float32) compute_ = layer.record()->compute;
      if (!each.contains("inbound_nodes") || !each["inbound_nodes"].is_array()) throw Error("Functional: the layer \"" + name + "\" lacks its inbound_nodes");
      const Json& nodes = each["inbound_nodes"];
      made_[name].resize(nodes.size());
      for (size_t n = 0; n < nodes.size(); ++n) waiting_.push_back({layer, name, n, &nodes[n]});
    }
  }

  Model read() {
    while (!waiting_.empty()) {
      std::vector<Call> later;
      for (Call& call : waiting_) {
        Tensors inputs;
        if (!operands(arguments(call), inputs)) {
          later.push_back(std::move(call));
          continue;
        }
        if (inputs.empty()) throw Error("Functional: the layer \"" + call.name + "\" is called on nothing");
        made_[call.name][call.node] = call.layer(inputs);
      }
      if (later.size() == waiting_.size())
        throw Error("Functional: the layer \"" + later[0].name + "\" is called on what no other layer makes");
      waiting_ = std::move(later);
    }
    DtypePolicyScope policy(policy_name(compute_));
    Model model(ends("input_layers"), ends("output_layers"), {.name = text_at(config_, "name")});
    settle_name(*model.record());
    return model;
  }

 private:
  struct Call {
    Layer layer;
    std::string name;
    size_t node;
    const Json* json;
  };

  // The positional arguments; keyword ones must say nothing. Keras 2 wrote a bare list of [layer, node, tensor, keywords].
  const Json& arguments(const Call& call) const {
    if (call.json->is_array()) return *call.json;
    if (!call.json->is_object() || !call.json->contains("args")) throw Error("Functional: a call of the layer \"" + call.name + "\" lacks its args");
    if (call.json->contains("kwargs") && (*call.json)["kwargs"].is_object())
      for (auto& [key, value] : (*call.json)["kwargs"].items())
        if (!value.is_null() && value != Json(false)) throw Error("Functional: the layer \"" + call.name + "\" is called with " + key + ", which has no counterpart here");
    return (*call.json)["args"];
  }

  static bool is_triple(const Json& j) { return j.is_array() && j.size() >= 3 && j[0].is_string() && j[1].is_number_integer() && j[2].is_number_integer(); }

  // Null while it is not made yet.
  Tensor tensor(const Json& triple) const {
    std::string name = triple[0].get<std::string>();
    int64_t node = triple[1].get<int64_t>();
    auto it = made_.find(name);
    if (it == made_.end()) throw Error("Functional: there is no layer \"" + name + "\"");
    if (node < 0 || node >= int64_t(it->second.size()) || triple[2] != Json(0))
      throw Error("Functional: the layer \"" + name + "\" has no output " + triple[2].dump() + " of call " + std::to_string(node));
    return it->second[size_t(node)];
  }

  // False while one of them is not made yet.
  bool operands(const Json& json, Tensors& inputs) const {
    const Json* triple = nullptr;
    if (json.is_object()) {
      if (text_at(json, "class_name") == "__keras_tensor__" && json.contains("config") && json["config"].is_object() && json["config"].contains("keras_history"))
        triple = &json["config"]["keras_history"];
    } else if (is_triple(json)) {
      triple = &json;
    } else if (json.is_array()) {
      for (const Json& each : json)
        if (!operands(each, inputs)) return false;
      return true;
    }
    if (!triple || !is_triple(*triple)) throw Error("Functional: a layer is called on a constant, which has no counterpart here");
    inputs.push_back(tensor(*triple));
    return bool(inputs.back());
  }

  Tensors ends(const char* key) const {
    Tensors tensors;
    if (!config_.contains(key)) throw Error(std::string("Functional: lacks its ") + key);
    auto add = [&](auto&& self, const Json& j) -> void {
      if (is_triple(j)) return tensors.push_back(tensor(j));
      if (!j.is_array() && !j.is_object()) throw Error(std::string("Functional: damaged ") + key);
      for (const Json& each : j) self(self, each);
    };
    add(add, config_[key]);
    if (tensors.empty()) throw Error(std::string("Functional: empty ") + key);
    return tensors;
  }

  const Json& config_;
  DType compute_ = float32;  // Keras writes no policy of the model itself: it is its layers'
  std::map<std::string, Tensors> made_;
  std::vector<Call> waiting_;
};

}  // namespace

Json model_config(const Model& model) { return object_of(model, model.name()); }

Model model_from_config(const Json& json, Architecture& architecture) {
  std::string class_name = text_at(json, "class_name");
  if (class_name == "Sequential") return sequential_from(json, architecture);
  if (class_name == "Functional" || class_name == "Model") return FunctionalReader(json, architecture).read();
  unknown_name("model class", class_name, {"Functional", "Sequential"});
}

}  // namespace reel::nn
