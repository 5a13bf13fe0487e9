// Keras 3's layout of weights: by the class names of the layers, counted within each model.
#include <algorithm>
#include <set>

#include "nn/keras_format.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"

namespace reel::nn {
namespace {

constexpr int kDeepest = 64;  // groups within groups; a damaged file may hold itself
constexpr const char* kOldLayers = "_layer_checkpoint_dependencies";  // "layers", in files of TensorFlow's Keras 2.12 and 2.13

std::string joined(const std::string& a, const std::string& b) { return a.empty() || b.empty() ? a + b : a + "/" + b; }

// Hands over the weights of one layer, in the order of visiting.
struct Collector final : WeightVisitor {
  std::vector<std::pair<std::string, Weight*>> found;
  void weight(const std::string& path, Weight& w) override { found.emplace_back(path, &w); }
  void unbuilt(const std::string& path) override {
    throw Error("the layer \"" + path + "\" has no weights yet: it learns their shapes from its first input; call the model on data first");
  }
};

struct Builder {
  WeightLayout layout;
  std::set<const LayerRecord*> seen;

  void add_layer(const Layer& layer, const std::string& path) {
    if (const Model* m = layer.model()) return add_model(*m, path);
    Collector collector;
    if (const LayerRecord* record = layer.record()) {
      if (!seen.insert(record).second) return;
      layer.visit("", collector);
      // Variables first: Keras lists what is never trained, such as moving averages, behind them.
      std::stable_partition(collector.found.begin(), collector.found.end(), [](auto& f) { return is_variable(f.second->value); });
      layout.groups.emplace_back(joined(path, "vars"), record->name);
      int i = 0;
      for (auto& [name, w] : collector.found) layout.places.push_back({joined(path, "vars/" + std::to_string(i++)), w, record});
      return;
    }
    // A struct of one's own: its fields are what the attributes are in Python.
    layer.visit("", collector);
    std::map<std::string, int> used;
    for (auto& [name, w] : collector.found) {
      std::string group = joined(path, name.substr(0, name.rfind('/') == std::string::npos ? 0 : name.rfind('/')));
      if (!used.count(group)) layout.groups.emplace_back(joined(group, "vars"), group);
      layout.places.push_back({joined(group, "vars/" + std::to_string(used[group]++)), w, nullptr});
    }
  }

  void add_model(const Model& model, const std::string& path) {
    if (!seen.insert(model.record().get()).second) return;
    layout.groups.emplace_back(joined(path, "vars"), model.name());
    if (model.record()->type == "Model") return add_layer(model.layers()[0], path);
    std::map<std::string, int> used;
    auto add = [&](const std::string& type, const Layer* layer) {
      std::string key = snake_case(type);
      int n = used[key]++;
      std::string below = joined(path, "layers/" + key + (n ? "_" + std::to_string(n) : ""));
      if (layer) add_layer(*layer, below);
      else layout.groups.emplace_back(joined(below, "vars"), key + (n ? "_" + std::to_string(n) : ""));
    };
    if (!model.state().graph) {
      for (const Layer& l : model.layers()) add(l.type(), &l);
      return;
    }
    for (const Operation& o : keras_order(*model.state().graph)) {
      if (o.layer) add(o.layer->type(), o.layer);
      else if (o.calls.empty() || o.calls[0]->inputs.empty()) add("InputLayer", nullptr);
    }
  }
};

// Collects the datasets below a group.
void walk(const Hdf5Reader& file, const std::string& path, const std::string& shown, int depth, std::vector<std::pair<std::string, std::string>>& found) {
  if (depth > kDeepest) throw FileError(file.name() + ": \"" + path.substr(0, 80) + "...\": groups are nested more than " + std::to_string(kDeepest) + " deep");
  auto inside = [&](const std::string& member, const std::string& as) {
    std::string at = joined(path, member);
    switch (file.kind(at)) {
      case Hdf5Reader::Kind::kGroup: return walk(file, at, joined(shown, as), depth + 1, found);
      case Hdf5Reader::Kind::kDataset: found.emplace_back(joined(shown, as), at); return;
      default: return;
    }
  };
  std::vector<std::string> members = file.members(path);
  if (shown.size() >= 6 && shown.compare(shown.size() - 6, 6, "layers") == 0 && path != shown) {
    // The old numbers leave gaps: the layers of one class are counted again, in the order of their numbers.
    std::map<std::string, std::map<long, std::string>> classes;
    for (const std::string& m : members) {
      size_t digits = m.find_last_not_of("0123456789") + 1;
      bool numbered = digits > 0 && digits < m.size() && m[digits - 1] == '_' && m.size() - digits < 9;
      classes[numbered ? m.substr(0, digits - 1) : m][numbered ? std::stol(m.substr(digits)) : 0] = m;
    }
    for (auto& [stem, numbers] : classes) {
      int i = 0;
      for (auto& [n, member] : numbers) {
        inside(member, i ? stem + "_" + std::to_string(i) : stem);
        ++i;
      }
    }
    return;
  }
  bool has_layers = std::find(members.begin(), members.end(), "layers") != members.end();
  for (const std::string& m : members) {
    if (path.empty() && m == "optimizer") continue;
    if (m == "seed_generator") continue;  // of random layers: ours draw from one generator
    inside(m, m == kOldLayers && !has_layers ? "layers" : m);
  }
}

}  // namespace

Tensors WeightLayout::trainable() const {
  Tensors variables;
  for (const Place& p : places)
    if (p.weight->trainable) variables.push_back(p.weight->value);
  return variables;
}

WeightLayout weight_layout(const Model& model) {
  Builder b;
  b.add_model(model, "");
  return std::move(b.layout);
}

std::string weights_bytes(const Model& model, bool with_optimizer) {
  NoGrad no_grad;
  WeightLayout layout = weight_layout(model);
  auto file = new_hdf5();
  std::set<std::string> groups;
  for (auto& [path, name] : layout.groups)
    if (groups.insert(path).second) {
      file->group(path);
      file->attribute(path, "name", name);
    }
  for (const WeightLayout::Place& p : layout.places) file->write(p.path, p.weight->value);
  if (with_optimizer && model.state().compiled) {
    Optimizer& optimizer = model.state().compiled->optimizer;
    Tensors variables{full({}, optimizer.iterations(), optimizer.iterations() <= INT32_MAX ? int32 : int64), full({}, optimizer.learning_rate(), float32)};
    for (Tensor& slot : optimizer.state(layout.trainable())) variables.push_back(std::move(slot));
    file->group("optimizer/vars");
    file->attribute("optimizer/vars", "name", optimizer.name());
    for (size_t i = 0; i < variables.size(); ++i) file->write("optimizer/vars/" + std::to_string(i), variables[i]);
  }
  return file->bytes();
}

std::vector<std::pair<std::string, std::string>> stored_weights(const Hdf5Reader& file) {
  std::vector<std::pair<std::string, std::string>> found;
  walk(file, "", "", 0, found);
  return found;
}

void read_optimizer(const Hdf5Reader& file, Optimizer& optimizer, const Tensors& variables) {
  const std::string group = "optimizer/vars";
  if (file.kind(group) != Hdf5Reader::Kind::kGroup) return;
  size_t count = file.members(group).size();
  if (count == 0) return;
  auto entry = [&](size_t i) {
    Tensor x = file.read(group + "/" + std::to_string(i)).numbers;
    if (!x) throw FileError(file.name() + ": \"" + group + "/" + std::to_string(i) + "\": holds texts");
    return x;
  };
  auto number = [&](size_t i) {
    Tensor x = entry(i);
    if (x.size() != 1) throw FileError(file.name() + ": \"" + group + "/" + std::to_string(i) + "\": should be one number, has the shape " + to_string(x.shape()));
    return x;
  };
  NoGrad no_grad;
  Tensors slots = optimizer.state(variables);
  // The learning rate is missing where TensorFlow's Keras 2 wrote; the averages before the first step.
  bool has_averages = count >= 1 + slots.size() && !slots.empty() && count > 2;
  size_t first = has_averages ? count - slots.size() : count;
  if (first > 2)
    throw FileError(file.name() + ": \"" + group + "\": has " + std::to_string(count) + " arrays, " + optimizer.name() + " of this model has " +
                    std::to_string(2 + slots.size()));
  Tensors read;
  for (size_t i = 0; has_averages && i < slots.size(); ++i) {
    read.push_back(entry(first + i));
    if (!(read[i].shape() == slots[i].shape()))
      throw FileError(file.name() + ": \"" + group + "/" + std::to_string(first + i) + "\": has the shape " + to_string(read[i].shape()) + ", the model " +
                      to_string(slots[i].shape()));
  }
  int64_t iterations = number(0).item<int64_t>();
  // The file's learning rate is rounded to float32; what the config said is better unless the rate was changed since.
  double rate = first == 2 ? number(1).item() : optimizer.learning_rate();
  if (iterations < 0) throw FileError(file.name() + ": \"" + group + "/0\": the negative number of steps " + std::to_string(iterations));
  if (float(optimizer.learning_rate()) != float(rate)) optimizer.set_learning_rate(rate);
  optimizer.set_iterations(iterations);
  for (size_t i = 0; i < read.size(); ++i) assign(slots[i], cast(read[i], slots[i].dtype()));
}

}  // namespace reel::nn
