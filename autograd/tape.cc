// The tape as a listing.
#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstdio>

#include "autograd/backward.h"
#include "autograd/node.h"

namespace reel {

std::string tape(const Tensor& x) {
  Node* last = node_of(x);
  if (!last) return "(no tape: " + describe(x) + ")\n";
  std::vector<Node*> nodes{last};
  absl::flat_hash_map<const Node*, int> id{{last, 0}};
  for (size_t i = 0; i < nodes.size(); ++i)
    for (uint32_t k = 0; k < nodes[i]->inputs; ++k)
      if (Node* from = nodes[i]->edges()[k].from; from && id.try_emplace(from, 0).second) nodes.push_back(from);
  std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
  for (size_t i = 0; i < nodes.size(); ++i) id[nodes[i]] = int(i);
  std::string s;
  for (const Node* n : nodes) {
    std::string line = "%" + std::to_string(id[n]) + " = ";
    if (!n->type) {
      line += n->origin();
    } else {
      line += n->type->name;
      for (uint32_t k = 0; k < n->inputs; ++k) {
        const Node* from = n->edges()[k].from;
        line += from ? " %" + std::to_string(id[from]) : " const";
      }
      if (n->type->attributes) line += "  " + n->type->attributes(n->op());
      if (n->released) line += "  (replayed at " + to_string(n->released_at) + ")";
      if (line.size() < 40) line.append(40 - line.size(), ' ');
      line += "   at " + to_string(n->where);
    }
    s += line + "\n";
  }
  return s;
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace reel
