// Source: map_graph in keras/src/ops/function.py.
#include "nn/keras_order.h"

#include <algorithm>
#include <map>

namespace reel::nn {

std::vector<Operation> keras_order(const Graph& graph) {
  const std::vector<Step>& steps = graph.steps();
  std::map<const reel::History*, size_t> step_of;
  std::map<const void*, size_t> operation_of;
  std::vector<Operation> operations;
  std::vector<size_t> operation(steps.size());
  auto place = [&](const void* key) {
    auto [it, added] = operation_of.emplace(key, operations.size());
    if (added) operations.emplace_back();
    return it->second;
  };
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& s = steps[i];
    step_of[s.output.body().history] = i;
    const void* key = s.layer && s.layer->record() ? static_cast<const void*>(s.layer->record()) : s.output.body().history;
    operation[i] = place(key);
    Operation& o = operations[operation[i]];
    o.layer = s.layer;
    o.calls.push_back(&s);
    if (!s.layer) o.input = s.output;
  }

  // Steps so that each follows what it needs, and operations as they are met on the way from the outputs.
  std::vector<size_t> ordered;
  std::vector<int> met(operations.size(), -1);
  std::vector<bool> begun(steps.size());
  int next = 0;
  auto visit = [&](auto&& self, const Tensor& x) -> void {
    auto it = step_of.find(x.body().history);
    if (it == step_of.end() || begun[it->second]) return;
    size_t i = it->second;
    begun[i] = true;
    if (met[operation[i]] < 0) met[operation[i]] = next++;
    for (const Tensor& in : steps[i].inputs)
      if (in.device() == symbolic()) self(self, in);
    ordered.push_back(i);
  };
  for (const Tensor& y : graph.outputs()) visit(visit, y);

  std::vector<int> step_depth(steps.size()), depth(operations.size());
  for (auto it = ordered.rbegin(); it != ordered.rend(); ++it) {
    int& d = depth[operation[*it]];
    d = step_depth[*it] = std::max(step_depth[*it], d);
    for (const Tensor& in : steps[*it].inputs)
      if (auto from = step_of.find(in.body().history); in.device() == symbolic() && from != step_of.end())
        step_depth[from->second] = std::max(step_depth[from->second], d + 1);
  }
  // Inputs that nothing depends on stand first among the last.
  for (const Tensor& x : graph.inputs()) {
    if (step_of.count(x.body().history)) continue;
    size_t at = place(x.body().history);
    if (at < met.size()) continue;
    operations[at].input = x;
    met.push_back(-1);
    depth.push_back(0);
  }

  std::vector<size_t> index(operations.size());
  for (size_t i = 0; i < index.size(); ++i) index[i] = i;
  std::stable_sort(index.begin(), index.end(), [&](size_t a, size_t b) { return depth[a] != depth[b] ? depth[a] > depth[b] : met[a] < met[b]; });
  std::vector<Operation> sorted;
  for (size_t i : index) sorted.push_back(std::move(operations[i]));
  return sorted;
}

}  // namespace reel::nn
