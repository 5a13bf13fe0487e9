#include "autograd/replay.h"

#include <algorithm>

#include "autograd/node_hooks.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/copy_ops.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/update.h"

namespace reel {
namespace {

Tensors gradients_of(const Slot& s) {
  Tensors all{s.first};
  all.insert(all.end(), s.others.begin(), s.others.end());
  all.resize(s.node->outputs);
  return all;
}
void put_back(Slot& s, Tensors&& all) {
  s.first = std::move(all[0]);
  s.others.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
}

}  // namespace

struct Replay::Rule final : Vjp {
  Node* n;
  Slot* s;
  Replay* r;
  bool observed = false;  // hooks want to see every contribution
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
    return !r->recorded_ && !observed && needs(i) ? r->overwritable(e.from, e.from_output) : Tensor();
  }
  std::unique_ptr<Deferred>* deferred(int i) const override {
    const Edge& e = n->edges()[i];
    return !r->recorded_ && !observed && e.from_output == 0 && needs(i) ? &r->slot(e.from).deferred : nullptr;
  }
  int inputs() const override { return int(n->inputs); }
  void done_with_outputs() const override {
    if (r->recorded_ || !r->releases_ || observed) return;
    n->released = true;
    n->released_at = r->where_;
    s->first = Tensor();
    s->others.clear();
    for (int i = 0; n->saved_outputs && i < n->outputs; ++i)
      if (SavedOutput& o = n->saved_outputs[i]; o.storage) release(std::exchange(o.storage, nullptr));
  }

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

namespace {
thread_local int replays = 0;  // that this thread is inside of

bool is_cast(const Node& n) { return n.type == &op_type<Cast>(); }
}  // namespace

Replay::Replay(bool recorded, bool releases, Where where)
    : recorded_(recorded), releases_(releases), within_another_(replays++ > 0), where_(where) {}
Replay::~Replay() {
  --replays;
  for (Slot& s : slots_)
    if (s.node) s.node->release();
  for (ReachedLeaf& r : leaves) r.node->release();
  for (Reached& r : retained) r.node->release();
}

void Replay::add(Node* to, int output, Tensor g) {
  Slot& s = slot(to);
  Tensor& sum = output == 0 ? s.first : (s.others.resize(std::max<size_t>(s.others.size(), size_t(output))), s.others[size_t(output) - 1]);
  if (!sum) sum = std::move(g);
  else if (may_overwrite(sum) && sum.shape() == g.shape() && sum.dtype() == g.dtype()) accumulate(sum, g);
  else sum = reel::add(Operand(sum, where_), g);
}

void Replay::run() {
  ModeScope as_recorded(0, kAutocast);  // gradient rules compute in the dtypes that the ops had
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    uint32_t at = heap_.back().slot;
    heap_.pop_back();
    Slot s = std::move(slots_[at]);
    slots_[at].node = nullptr;
    free_.push_back(at);
    // A gradient rule or a hook may throw: the node is given back then, too.
    struct Held {
      Node* node;
      ~Held() { if (node) node->release(); }
    } held{s.node};
    bool hooked = s.node->hooked.load(std::memory_order_acquire), variable = !s.node->type;
    if (s.deferred && !(variable && !hooked && !needed && !s.first && s.deferred->light())) settle(s);
    if (hooked) [[unlikely]] call_hooks(s);
    collect(s);
    if (variable) {
      if (!targets.empty()) continue;  // what was asked for is in `found`, and there alone
      held.node = nullptr;
      leaves.push_back({s.node, {std::move(s.first), std::move(s.deferred)}});
      continue;
    }
    if (s.node->seq > floor && wanted(s.node)) pass(s);
  }
}

Slot& Replay::slot(Node* n) {
  uint32_t at;
  if (!n->type || within_another_) {
    // A variable may be shared by tapes of several threads, and any node by a replay that waits for this one: the place is looked up,
    // not written into it.
    auto [it, fresh] = leaf_slots_.try_emplace(n, 0u);
    if (!fresh && slots_[it->second].node == n) return slots_[it->second];
    at = new_slot(n);
    leaf_slots_[n] = at;
    return slots_[at];
  }
  if (n->slot < slots_.size() && slots_[n->slot].node == n) return slots_[n->slot];
  at = new_slot(n);
  n->slot = at;
  return slots_[at];
}
uint32_t Replay::new_slot(Node* n) {
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
Tensor Replay::overwritable(Node* at, int output) const {
  uint32_t place = at->slot;
  if (!at->type || within_another_) {
    auto it = leaf_slots_.find(at);
    if (it == leaf_slots_.end()) return {};
    place = it->second;
  }
  if (place >= slots_.size() || slots_[place].node != at || output != 0) return {};
  const Tensor& g = slots_[place].first;
  return g && may_overwrite(g) ? g : Tensor();
}
bool Replay::may_overwrite(const Tensor& g) const {
  const Body& b = g.body();
  return !recorded_ && b.refs.load(std::memory_order_acquire) == 1 && b.storage->refs.load(std::memory_order_acquire) == 1 && b.contiguous &&
         !b.is_view && b.device == cpu();
}

void Replay::collect(const Slot& s) {
  if (targets.empty()) return;
  auto it = targets.find(s.node);
  if (it == targets.end()) return;
  for (auto [output, place] : it->second) found[place] = output == 0 ? s.first : size_t(output) <= s.others.size() ? s.others[size_t(output) - 1] : Tensor();
}

// Writes out what was deferred.
void Replay::settle(Slot& s) const {
  bool add = bool(s.first);
  if (!add) s.first = s.deferred->gradient();
  else if (!may_overwrite(s.first)) s.first = clone(s.first);
  if (add) s.deferred->write(s.first, 1, true);
  s.deferred.reset();
}

// The tensor's own hooks come before anybody takes its gradient away; the node's own run only where the node itself does.
void Replay::call_hooks(Slot& s) {
  Tensors g = gradients_of(s);
  run_gradient_hooks(s.node, g);
  bool passes = s.node->type ? s.node->seq > floor && wanted(s.node) : !needed;
  if (passes) run_before_hooks(s.node, g);
  if (s.node->type && !needed)
    for (size_t i = 0; i < g.size(); ++i)
      if (g[i] && retains_gradient(s.node, int(i))) {
        s.node->retain();
        retained.push_back({s.node, g[i], int(i)});
      }
  put_back(s, std::move(g));
}

bool Replay::wanted(const Node* n) const {
  if (!needed) return true;
  for (uint32_t i = 0; i < n->inputs; ++i)
    if (const Node* from = n->edges()[i].from; from && needed->count(from)) return true;
  return false;
}

void Replay::pass(Slot& s) {
  Node* n = s.node;
  if (n->released)
    throw TapeError(std::string("backward: this tape was replayed before, at ") + to_string(n->released_at) + ", and gave back what " + n->type->name +
                    " (recorded at " + to_string(n->where) + ") had saved; pass {.retain_tape = true} to the first replay");
  Rule rule;
  rule.n = n, rule.s = &s, rule.r = this;
  rule.observed = n->hooked.load(std::memory_order_acquire) && has_after_hooks(n);
  // Long tapes lie far from the processor: who comes next is fetched while this one's rule runs.
  for (uint32_t i = 0; i < n->inputs; ++i)
    if (const Node* from = n->edges()[i].from) __builtin_prefetch(from), __builtin_prefetch(from->edges());
  try {
    if (!s.first && s.others.empty()) return;  // a hook took it away
    auto gradients = [&] { return n->type->vjp(n->op(), rule); };
    Grads g = mode() & kProfile ? formula(n->where, gradients) : gradients();  // a profile shows the forward lines
    if (rule.observed) {
      Tensors to_inputs(n->inputs);
      for (int i = 0; i < g.size() && i < int(n->inputs); ++i) to_inputs[size_t(i)] = g[i];
      run_after_hooks(n, to_inputs, gradients_of(s));
      g = Grads(std::move(to_inputs));
    }
    s.first = Tensor();
    s.others.clear();
    for (int i = 0; i < g.size() && i < int(n->inputs); ++i) {
      const Edge& e = n->edges()[i];
      if (!g[i] || !rule.needs(i)) continue;
      if (e.rank) g[i] = sum_to(g[i], Shape(std::span<const int64_t>(e.dims, size_t(e.rank - 1))), n->where);
      else if (e.saved && n->type->broadcasts && !(g[i].shape() == e.saved->shape)) g[i] = sum_to(g[i], e.saved->shape, n->where);
      if (g[i].dtype() != e.dtype && !undoes_cast(e.from, g[i].dtype())) g[i] = cast(g[i], e.dtype, n->where);
      if (e.from->is_variable() && !(g[i].shape() == e.from->leaf->shape))
        throw TapeError(std::string(n->type->name) + ": its gradient rule answered " + to_string(g[i].shape()) + " for input " + std::to_string(i) + ", a variable of " +
                        to_string(e.from->leaf->shape));
      add(e.from, e.from_output, std::move(g[i]));
    }
  } catch (Error& e) {
    e.add("in the gradient of " + n->origin());
    throw;
  }
  // A cast of a variable keeps nothing, and an Autocast scope hands it to several tapes: it is never used up.
  bool shared = is_cast(*n) && n->edges()[0].from && n->edges()[0].from->is_variable();
  if (releases_ && !shared) {
    n->release_saved();
    n->released = true;
    n->released_at = where_;
  }
}

// Whether the gradient of a cast is of the dtype that was cast: the rule would make it that again, so no bits are lost in between. Who
// looks at it there gets the dtype that the cast has.
bool Replay::undoes_cast(Node* n, DType t) const {
  return is_cast(*n) && static_cast<const Cast*>(n->op())->from == t && !n->hooked.load(std::memory_order_acquire) && !targets.contains(n);
}

Needed nodes_towards(const std::vector<Node*>& roots, const Targets& targets, uint64_t floor) {
  std::vector<Node*> reached;
  absl::flat_hash_set<const Node*> seen;
  for (Node* n : roots)
    if (seen.insert(n).second) reached.push_back(n);
  for (size_t i = 0; i < reached.size(); ++i) {
    if (reached[i]->seq <= floor) continue;
    for (uint32_t k = 0; k < reached[i]->inputs; ++k)
      if (Node* from = reached[i]->edges()[k].from; from && seen.insert(from).second) reached.push_back(from);
  }
  std::sort(reached.begin(), reached.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
  Needed needed;
  for (Node* n : reached) {
    bool leads = targets.count(n);
    for (uint32_t k = 0; !leads && n->seq > floor && k < n->inputs; ++k) leads = n->edges()[k].from && needed.count(n->edges()[k].from);
    if (leads) needed.insert(n);
  }
  return needed;
}

}  // namespace reel
