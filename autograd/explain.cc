// Who keeps a tensor's memory.
#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "autograd/backward.h"
#include "autograd/node.h"
#include "tensor/backend.h"
#include "tensor/trace.h"

namespace reel {

std::string explain(const Tensor& x, const Tensors& roots) {
  if (x.device() == traced()) return "a traced tensor has no memory of its own: " + describe(x) + "\n";
  const Body& b = x.body();
  const Storage* storage = b.storage;
  std::string s = describe(x) + "\n  storage of " + std::to_string(storage->bytes) + " bytes on " + to_string(storage->device);
  if (b.is_view) s += ", of which this view shows " + std::to_string(x.bytes());
  int holders = storage->refs.load(std::memory_order_acquire), handles = b.refs.load(std::memory_order_acquire), known = 1;
  s += ", " + std::to_string(holders) + (holders == 1 ? " holder\n" : " holders\n");
  if (storage->owner && storage->owner != &b) {
    ++known;
    s += "  the tensor that this is a view of" + std::string(storage->owner->made_by ? std::string(": ") + storage->owner->made_by->name + " at " + to_string(storage->owner->where) : "") + "\n";
  }
  std::vector<Node*> nodes;
  absl::flat_hash_set<const Node*> seen;
  auto visit = [&](Node* n) {
    if (n && seen.insert(n).second) nodes.push_back(n);
  };
  visit(node_of(x));
  for (const Tensor& r : roots) visit(node_of(r));
  for (size_t i = 0; i < nodes.size(); ++i)
    for (uint32_t k = 0; k < nodes[i]->inputs; ++k) visit(nodes[i]->edges()[k].from);
  std::sort(nodes.begin(), nodes.end(), [](const Node* p, const Node* q) { return p->seq < q->seq; });
  absl::flat_hash_set<const Body*> bodies{&b, storage->owner};
  int by_tape = 0;
  for (const Node* n : nodes) {
    if (!n->type) {
      std::lock_guard lock(gradients_mutex());
      if (const Tensor& g = n->leaf->gradient.tensor; g && g.body().storage == storage) s += "  the gradient of " + n->origin() + "\n";
      continue;
    }
    for (uint32_t k = 0; k < n->inputs; ++k) {
      const Body* saved = n->edges()[k].saved;
      if (!saved || saved->storage != storage) continue;
      s += "  the tape: input " + std::to_string(k) + " of " + n->origin() + "\n";
      if (saved == &b) ++by_tape;
      if (bodies.insert(saved).second) ++known;
    }
    for (int k = 0; n->saved_outputs && k < n->outputs; ++k)
      if (n->saved_outputs[k].storage == storage) {
        s += "  the tape: output " + std::to_string(k) + " of " + n->origin() + "\n";
        ++known;
      }
  }
  if (is_variable(x)) s += "  " + node_of(x)->origin() + "\n";
  s += "  handles of this tensor: " + std::to_string(handles - by_tape) + "\n";
  if (holders > known) s += "  other views, or tapes that the given roots do not reach: " + std::to_string(holders - known) + "\n";
  return s;
}

}  // namespace reel
