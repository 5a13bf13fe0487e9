#pragma once
// What each ONNX operator is in our ops: one rule an operator, by family in files of their own.
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "model.h"

namespace reel::onnx {

// A node with its inputs' values.
struct Call {
  const Node& node;
  Tensors in;
  int64_t opset;
  Tensor operator[](size_t i) const { return i < in.size() ? in[i] : Tensor(); }  // an empty handle where left out
  bool has(const std::string& name) const { return node.attributes.count(name) != 0; }
  int64_t i(const std::string& name, int64_t otherwise) const { return has(name) ? node.attributes.at(name).i : otherwise; }
  double f(const std::string& name, double otherwise) const { return has(name) ? node.attributes.at(name).f : otherwise; }
  std::string s(const std::string& name, const std::string& otherwise = "") const { return has(name) ? node.attributes.at(name).s : otherwise; }
  std::vector<int64_t> ints(const std::string& name) const { return has(name) ? node.attributes.at(name).ints : std::vector<int64_t>{}; }
  // The integers of input k; none where it is left out.
  std::vector<int64_t> numbers(size_t k) const;
};
using Rule = Tensors (*)(const Call& c);
std::map<std::string, Rule>& rules();
struct AddRules { AddRules(std::initializer_list<std::pair<const char*, Rule>> more); };
#define REEL_ONNX(op, ...) {op, [](const Call& c) -> Tensors { return {__VA_ARGS__}; }}

// The outputs of a graph for its inputs in order.
Tensors run(const Graph& graph, const Tensors& inputs, int64_t opset);

// Ours keep channels last, ONNX second; and back.
Tensor channels_last(const Tensor& x);
Tensor channels_second(const Tensor& x);
// `from` moved to stand at `to`.
Tensor move_axis(const Tensor& x, int from, int to);
int positive(int64_t axis, const Tensor& x);  // in [0, rank)

}  // namespace reel::onnx
