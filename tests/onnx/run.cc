#include "rules.h"

namespace reel::onnx {

std::map<std::string, Rule>& rules() {
  static std::map<std::string, Rule> all;
  return all;
}
AddRules::AddRules(std::initializer_list<std::pair<const char*, Rule>> more) {
  for (auto& [op, rule] : more) rules()[op] = rule;
}

std::vector<int64_t> Call::numbers(size_t k) const {
  Tensor x = (*this)[k];
  if (!x) return {};
  Tensor c = contiguous(cast(x, int64));
  auto v = c.values<int64_t>();
  return {v.begin(), v.end()};
}

Tensors run(const Graph& graph, const Tensors& inputs, int64_t opset) {
  std::map<std::string, Tensor> values;
  for (auto& [name, x] : graph.initializers) values[name] = x;
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs.at(i)] = inputs[i];
  for (const Node& node : graph.nodes) {
    Call call{node, {}, opset};
    for (const std::string& name : node.inputs) call.in.push_back(name.empty() ? Tensor() : values.at(name));
    Tensors out;
    if (node.op == "Constant") {
      out.push_back(node.attributes.at("value").t);
    } else {
      auto rule = rules().find(node.op);
      if (rule == rules().end()) throw Error("onnx: no rule for " + node.op);
      out = rule->second(call);
    }
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (!node.outputs[i].empty()) values[node.outputs[i]] = out.at(i);
  }
  Tensors out;
  for (const std::string& name : graph.outputs) out.push_back(values.at(name));
  return out;
}

int positive(int64_t axis, const Tensor& x) { return int(axis < 0 ? axis + x.rank() : axis); }
Tensor move_axis(const Tensor& x, int from, int to) {
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i)
    if (i != from) order.push_back(i);
  order.insert(order.begin() + to, from);
  return transpose(x, std::span<const int>(order));
}
Tensor channels_last(const Tensor& x) { return move_axis(x, 1, x.rank() - 1); }
Tensor channels_second(const Tensor& x) { return move_axis(x, x.rank() - 1, 1); }

}  // namespace reel::onnx
