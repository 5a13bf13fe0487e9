#include "autograd/backward.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "autograd/node.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"

namespace reel {
namespace {

// Which nodes lead to what is asked for; without it every node does.
using Needed = absl::flat_hash_set<const Node*>;

// The gradients that wait at one node for their turn.
struct Slot {
  Node* node = nullptr;
  Tensor first;    // of output 0
  Tensors others;  // of outputs 1 ...
};

// Nodes wait in a heap by seq. The largest has met all its consumers, since those are younger: the walk is a reverse walk over record
// order that sees only what has a gradient, and a chain keeps the heap at one entry.
class Replay {
 public:
  Replay(bool recorded, bool releases, Where where) : recorded_(recorded), releases_(releases), where_(where) {}
  ~Replay() {
    for (Slot& s : slots_)
      if (s.node) s.node->release();
    for (auto& [leaf, g] : leaves) leaf->release();
  }

  const Needed* needed = nullptr;
  absl::flat_hash_map<const Node*, std::vector<std::pair<int, size_t>>> targets;  // node -> (output, place in found)
  Tensors found;

  void add(Node* to, int output, Tensor g) {
    Slot& s = slot(to);
    Tensor& sum = output == 0 ? s.first : (s.others.resize(std::max<size_t>(s.others.size(), size_t(output))), s.others[size_t(output) - 1]);
    if (!sum) sum = std::move(g);
    else if (may_overwrite(sum) && sum.shape() == g.shape() && sum.dtype() == g.dtype()) accumulate(sum, g);
    else sum = reel::add(Operand(sum, where_), g);
  }

  void run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      uint32_t at = heap_.back().slot;
      heap_.pop_back();
      Slot s = std::move(slots_[at]);
      slots_[at].node = nullptr;
      free_.push_back(at);
      if (!s.node->type) {
        collect(s);
        leaves.emplace_back(s.node, std::move(s.first));
        continue;
      }
      // A gradient rule may throw: the node is given back then, too.
      struct Held {
        Node* node;
        ~Held() { node->release(); }
      } held{s.node};
      collect(s);
      pass(s);
    }
  }

  std::vector<std::pair<Node*, Tensor>> leaves;  // variables with their gradients, in the order met

 private:
  struct Waiting {
    uint64_t seq;
    uint32_t slot;
    bool operator<(const Waiting& o) const { return seq < o.seq; }
  };

  struct Rule final : Vjp {
    Node* n;
    const Slot* s;
    const Replay* r;
    Tensor gy(int output) const override {
      if (has_gy(output)) return output == 0 ? s->first : s->others[size_t(output) - 1];
      const SavedOutput& o = n->saved_outputs[output];
      return zeros(o.shape, o.dtype, s->first ? s->first.device() : s->others.back().device(), n->where);
    }
    bool has_gy(int output) const override {
      return output == 0 ? bool(s->first) : size_t(output) <= s->others.size() && s->others[size_t(output) - 1];
    }
    Tensor in(int i) const override {
      const Edge& e = n->edges()[i];
      if (!e.saved) throw Error(std::string(n->type->name) + ": its gradient rule asks for input " + std::to_string(i) + ", which its keep does not name");
      if (e.saved->storage->version.load(std::memory_order_relaxed) != e.version) overwritten("input", i, *e.saved->storage);
      retain(e.saved);
      return Tensor(e.saved);
    }
    Tensor out(int output) const override {
      const SavedOutput& o = n->saved_outputs[output];
      if (!o.storage) throw Error(std::string(n->type->name) + ": its gradient rule asks for its output, which its keep does not name");
      if (o.storage->version.load(std::memory_order_relaxed) != o.version) overwritten("output", output, *o.storage);
      Tensor y = from_storage(o);
      if (r->recorded_) {
        n->retain();
        y.body().history = n;
        y.body().output = uint8_t(output);
      }
      return y;
    }
    Shape shape(int i) const override {
      const Edge& e = n->edges()[i];
      if (e.saved) return e.saved->shape;
      if (e.rank) return Shape(std::span<const int64_t>(e.dims, size_t(e.rank - 1)));
      return s->first.shape();
    }
    bool needs(int i) const override {
      const Node* from = n->edges()[i].from;
      return from && (!r->needed || r->needed->count(from));
    }
    Tensor sum(int i) const override {
      const Edge& e = n->edges()[i];
      return !r->recorded_ && needs(i) ? r->overwritable(e.from, e.from_output) : Tensor();
    }
    int inputs() const override { return int(n->inputs); }

    Tensor from_storage(const SavedOutput& o) const {
      Body like;
      like.dtype = o.dtype;
      like.device = o.storage->device;
      like.storage = o.storage;
      like.data = o.storage->data;
      int64_t strides[kMaxRank], size = 1;
      for (int i = o.shape.rank() - 1; i >= 0; --i) strides[i] = size, size *= o.shape[i];
      Tensor y(new_view(like, o.shape, strides, 0, n->where));
      y.body().is_view = false;
      y.body().made_by = n->type;
      return y;
    }
    [[noreturn]] void overwritten(const char* what, int i, const Storage& storage) const {
      throw TapeError(std::string("backward: the saved ") + what + (n->inputs > 1 || n->outputs > 1 ? " " + std::to_string(i) : "") + " of " + n->type->name +
                      " (recorded at " + to_string(n->where) + ") was overwritten in place at " + to_string(storage.written));
    }
  };

  Slot& slot(Node* n) {
    if (n->slot < slots_.size() && slots_[n->slot].node == n) return slots_[n->slot];
    uint32_t at;
    if (!n->type) {
      // A variable may be shared by tapes of several threads: its place is looked up, not written into it.
      auto [it, fresh] = leaf_slots_.try_emplace(n, 0u);
      if (!fresh) return slots_[it->second];
      at = new_slot(n);
      it->second = at;
      return slots_[at];
    }
    at = new_slot(n);
    n->slot = at;
    return slots_[at];
  }
  uint32_t new_slot(Node* n) {
    uint32_t at;
    if (free_.empty()) {
      at = uint32_t(slots_.size());
      slots_.emplace_back();
    } else {
      at = free_.back();
      free_.pop_back();
    }
    n->retain();
    slots_[at].node = n;
    heap_.push_back({n->seq, at});
    std::push_heap(heap_.begin(), heap_.end());
    return at;
  }

  // The gradient that waits at a node, when nobody else looks at it.
  Tensor overwritable(Node* at, int output) const {
    uint32_t place = at->slot;
    if (!at->type) {
      auto it = leaf_slots_.find(at);
      if (it == leaf_slots_.end()) return {};
      place = it->second;
    }
    if (place >= slots_.size() || slots_[place].node != at || output != 0) return {};
    const Tensor& g = slots_[place].first;
    return g && may_overwrite(g) ? g : Tensor();
  }
  bool may_overwrite(const Tensor& g) const {
    const Body& b = g.body();
    return !recorded_ && b.refs.load(std::memory_order_acquire) == 1 && b.storage->refs.load(std::memory_order_acquire) == 1 && b.contiguous &&
           !b.is_view && b.device == cpu();
  }
  void accumulate(const Tensor& sum, const Tensor& g) {
    const Tensor* in[] = {&sum, &g};
    Tensor out = sum;
    Add op;
    op_type<Add>().kernels[int(DeviceType::kCpu)](&op, Inputs(in, 2), &out);
  }

  void collect(const Slot& s) {
    if (targets.empty()) return;
    auto it = targets.find(s.node);
    if (it == targets.end()) return;
    for (auto [output, place] : it->second) found[place] = output == 0 ? s.first : size_t(output) <= s.others.size() ? s.others[size_t(output) - 1] : Tensor();
  }

  void pass(Slot& s) {
    Node* n = s.node;
    if (n->released)
      throw TapeError(std::string("backward: this tape was replayed before, at ") + to_string(n->released_at) + ", and gave back what " + n->type->name +
                      " (recorded at " + to_string(n->where) + ") had saved; pass {.retain_tape = true} to the first replay");
    Rule rule;
    rule.n = n, rule.s = &s, rule.r = this;
    try {
      Grads g = n->type->vjp(n->op(), rule);
      s.first = Tensor();
      s.others.clear();
      for (int i = 0; i < g.size() && i < int(n->inputs); ++i) {
        const Edge& e = n->edges()[i];
        if (!g[i] || !rule.needs(i)) continue;
        if (e.rank) g[i] = sum_to(g[i], Shape(std::span<const int64_t>(e.dims, size_t(e.rank - 1))), n->where);
        else if (e.saved && n->type->broadcasts && !(g[i].shape() == e.saved->shape)) g[i] = sum_to(g[i], e.saved->shape, n->where);
        if (g[i].dtype() != e.dtype) g[i] = cast(g[i], e.dtype, n->where);
        add(e.from, e.from_output, std::move(g[i]));
      }
    } catch (Error& e) {
      e.add("in the gradient of " + n->origin());
      throw;
    }
    if (releases_) {
      n->release_saved();
      n->released = true;
      n->released_at = where_;
    }
  }

  bool recorded_, releases_;
  Where where_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::vector<Waiting> heap_;
  absl::flat_hash_map<const Node*, uint32_t> leaf_slots_;
};

Node* check_loss(const char* what, const Tensor& loss, const Tensor& gradient) {
  Node* n = node_of(loss);
  if (!n)
    throw TapeError(std::string(what) + ": the loss has no history: it does not depend on a variable, or was computed under NoGrad\n  a  " + describe(loss));
  if (!gradient && loss.size() != 1)
    throw ShapeError(std::string(what) + ": the loss has " + std::to_string(loss.size()) + " elements; reduce it (sum, mean) or pass .gradient\n  a  " +
                     describe(loss));
  if (gradient && !(gradient.shape() == loss.shape() && gradient.dtype() == loss.dtype() && gradient.device() == loss.device()))
    throw ShapeError(std::string(what) + ": .gradient must have the loss's shape, dtype and device\n  a  " + describe(loss) + "\n  b  " + describe(gradient));
  return n;
}

// A gradient that others hold too (`a + b` hands one to both), or that is a broadcast view, becomes the owner's own.
Tensor owned(Tensor g) {
  const Body& b = g.body();
  bool alone = b.refs.load(std::memory_order_acquire) == 1 && b.storage->refs.load(std::memory_order_acquire) == 1;
  return alone && b.contiguous ? g : clone(g);
}

void run_backward(const Tensor& loss, BackwardOptions& o, Where where) {
  Node* n = check_loss("backward", loss, o.gradient);
  Replay replay(o.create_graph, !(o.retain_tape || o.create_graph), where);
  ModeScope mode(o.create_graph ? 0 : kNoRecord, o.create_graph ? kNoRecord : 0);
  replay.add(n, loss.body().output, o.gradient ? o.gradient : ones_like(loss, where));
  replay.run();
  // All sums first: when one fails no gradient has changed.
  for (auto& [leaf, g] : replay.leaves) {
    const Tensor& sum = leaf->leaf->gradient;
    g = sum ? sum + g : owned(std::move(g));
  }
  for (auto& [leaf, g] : replay.leaves) leaf->leaf->gradient = std::move(g);
}

Needed nodes_towards(Node* loss, const absl::flat_hash_map<const Node*, std::vector<std::pair<int, size_t>>>& targets) {
  std::vector<Node*> reached{loss};
  absl::flat_hash_set<const Node*> seen{loss};
  for (size_t i = 0; i < reached.size(); ++i)
    for (uint32_t k = 0; k < reached[i]->inputs; ++k)
      if (Node* from = reached[i]->edges()[k].from; from && seen.insert(from).second) reached.push_back(from);
  std::sort(reached.begin(), reached.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
  Needed needed;
  for (Node* n : reached) {
    bool leads = targets.count(n);
    for (uint32_t k = 0; !leads && k < n->inputs; ++k) leads = n->edges()[k].from && needed.count(n->edges()[k].from);
    if (leads) needed.insert(n);
  }
  return needed;
}

Tensors run_grad(const Tensor& loss, const Tensors& inputs, GradOptions& o, Where where) {
  Node* n = check_loss("grad", loss, o.gradient);
  Replay replay(o.create_graph, !(o.retain_tape || o.create_graph), where);
  for (size_t i = 0; i < inputs.size(); ++i) {
    Node* to = node_of(inputs[i]);
    if (!to) {
      if (o.allow_unused) continue;
      throw TapeError("grad: input " + std::to_string(i) + " is neither a variable nor recorded\n  a  " + describe(inputs[i]));
    }
    replay.targets[to].push_back({inputs[i].body().output, i});
  }
  Needed needed = nodes_towards(n, replay.targets);
  replay.needed = &needed;
  replay.found.resize(inputs.size());
  if (needed.count(n)) {
    ModeScope mode(o.create_graph ? 0 : kNoRecord, o.create_graph ? kNoRecord : 0);
    replay.add(n, loss.body().output, o.gradient ? o.gradient : ones_like(loss, where));
    replay.run();
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!replay.found[i] && !o.allow_unused)
      throw TapeError("grad: the loss does not depend on input " + std::to_string(i) + " (.allow_unused = true gives an empty tensor)\n  a  " +
                      describe(inputs[i]));
  for (Tensor& g : replay.found)
    if (g) g = owned(std::move(g));
  return std::move(replay.found);
}

}  // namespace

void backward(const Tensor& loss, BackwardOptions options, Where where) {
  located(where, [&] { run_backward(loss, options, where); });
}
Tensors grad(const Tensor& loss, const Tensors& inputs, GradOptions options, Where where) {
  return located(where, [&] { return run_grad(loss, inputs, options, where); });
}

}  // namespace reel
