#include "autograd/hooks.h"

#include <absl/container/flat_hash_map.h>

#include <mutex>

#include "autograd/node_hooks.h"
#include "tensor/ops/copy.h"

namespace reel {

enum class HookKind : uint8_t { kGradient, kBefore, kAfter, kAccumulation };

struct HookEntry {
  std::atomic<int> refs{2};  // of the table and the handle
  std::atomic<bool> removed{false};
  HookKind kind;
  uint8_t output;
  Function f;
  Tensor values;  // of the variable, without its history: no cycle
};

namespace {

void release(HookEntry* e) {
  if (e && e->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete e;
}

struct Retained {
  uint8_t output;
  Tensor gradient;
};
struct NodeHooks {
  std::vector<HookEntry*> entries;
  std::vector<Retained> retained;
};

std::mutex table_mutex;
absl::flat_hash_map<const Node*, NodeHooks>& table() {
  static auto* t = new absl::flat_hash_map<const Node*, NodeHooks>;  // outlives tensors that are dropped at exit
  return *t;
}

Node* node_for(const char* what, const Tensor& x) {
  Node* n = node_of(x);
  if (!n) throw TapeError(std::string(what) + ": neither a variable nor recorded\n  a  " + describe(x));
  return n;
}

Hook add(const char* what, const Tensor& x, HookKind kind, Function f, Where where) {
  return located(where, [&] {
    Node* n = node_for(what, x);
    if (kind == HookKind::kAccumulation && n->type) throw TapeError(std::string(what) + ": not a variable\n  a  " + describe(x));
    // Only the hooks on variables are handed them again.
    auto* e = new HookEntry{.kind = kind, .output = x.body().output, .f = std::move(f), .values = n->type ? Tensor() : detach(x, where)};
    std::lock_guard lock(table_mutex);
    table()[n].entries.push_back(e);
    n->hooked.store(true, std::memory_order_release);
    return Hook(e);
  });
}

// The entries of one kind as they are now: a hook may add and remove some.
class Entries {
 public:
  Entries(const Node* n, HookKind kind) {
    std::lock_guard lock(table_mutex);
    auto it = table().find(n);
    if (it == table().end()) return;
    std::erase_if(it->second.entries, [](HookEntry* e) {
      bool gone = e->removed.load(std::memory_order_acquire);
      if (gone) release(e);
      return gone;
    });
    for (HookEntry* e : it->second.entries)
      if (e->kind == kind) {
        e->refs.fetch_add(1, std::memory_order_relaxed);
        at_.push_back(e);
      }
  }
  ~Entries() {
    for (HookEntry* e : at_) release(e);
  }
  Entries(const Entries&) = delete;
  template <class F> void each(F&& f) {
    for (HookEntry* e : at_)
      if (!e->removed.load(std::memory_order_acquire)) f(*e);
  }
  bool empty() const { return at_.empty(); }

 private:
  std::vector<HookEntry*> at_;
};

void replace(const Node* n, const char* what, Tensor& old, const Tensor& by) {
  if (old && !(by.shape() == old.shape() && by.dtype() == old.dtype() && by.device() == old.device()))
    throw ShapeError(std::string(what) + " of " + n->origin() + " answered a gradient of another shape, dtype or device\n  a  " + describe(old) +
                     "\n  b  " + describe(by));
  old = by;
}
void replace_all(const Node* n, const char* what, Tensors& old, const Tensors& by) {
  if (by.empty()) return;
  if (by.size() != old.size())
    throw TapeError(std::string(what) + " of " + n->origin() + " answered " + std::to_string(by.size()) + " gradients for " + std::to_string(old.size()));
  for (size_t i = 0; i < old.size(); ++i) {
    if (by[i]) replace(n, what, old[i], by[i]);
    else old[i] = Tensor();
  }
}

}  // namespace

Hook::Hook(HookEntry* entry) : entry_(entry) {}
Hook::Hook(const Hook& o) : entry_(o.entry_) {
  if (entry_) entry_->refs.fetch_add(1, std::memory_order_relaxed);
}
Hook& Hook::operator=(Hook o) {
  std::swap(entry_, o.entry_);
  return *this;
}
Hook::~Hook() { release(entry_); }
void Hook::remove() {
  if (entry_) entry_->removed.store(true, std::memory_order_release);
}

Hook on_gradient_function(const Tensor& x, Function f, Where where) { return add("on_gradient", x, HookKind::kGradient, std::move(f), where); }
Hook after_accumulation_function(const Tensor& v, Function f, Where where) {
  return add("after_accumulation", v, HookKind::kAccumulation, std::move(f), where);
}
Hook before_node_function(const Tensor& x, Function f, Where where) { return add("before_node", x, HookKind::kBefore, std::move(f), where); }
Hook after_node_function(const Tensor& x, Function f, Where where) { return add("after_node", x, HookKind::kAfter, std::move(f), where); }
size_t detail::inputs_of(const Tensor& x) { return node_for("after_node", x)->type ? node_of(x)->inputs : 0; }

void retain_gradient(const Tensor& x, Where where) {
  located(where, [&] {
    Node* n = node_for("retain_gradient", x);
    if (!n->type || retains_gradient(n, x.body().output)) return;
    std::lock_guard lock(table_mutex);
    table()[n].retained.push_back({x.body().output, {}});
    n->hooked.store(true, std::memory_order_release);
  });
}

void run_gradient_hooks(const Node* n, Tensors& gradients) {
  Entries(n, HookKind::kGradient).each([&](HookEntry& e) {
    if (e.output >= gradients.size() || !gradients[e.output]) return;
    Tensors by = e.f({gradients[e.output]});
    if (!by.empty() && by[0]) replace(n, "on_gradient: a hook", gradients[e.output], by[0]);
  });
}
void run_before_hooks(const Node* n, Tensors& gradients) {
  Entries(n, HookKind::kBefore).each([&](HookEntry& e) { replace_all(n, "before_node: a hook", gradients, e.f(gradients)); });
}
void run_after_hooks(const Node* n, Tensors& to_inputs, const Tensors& gradients) {
  Entries(n, HookKind::kAfter).each([&](HookEntry& e) {
    Tensors both = to_inputs;
    both.insert(both.end(), gradients.begin(), gradients.end());
    replace_all(n, "after_node: a hook", to_inputs, e.f(both));
  });
}
bool has_after_hooks(const Node* n) { return !Entries(n, HookKind::kAfter).empty(); }
void run_accumulation_hooks(Node* n) {
  Entries(n, HookKind::kAccumulation).each([&](HookEntry& e) {
    Tensor v = detach(e.values);
    n->retain();
    v.body().history = n;
    e.f({v});
  });
}

void keep_retained(const Node* n, const Tensors& gradients) {
  Tensors old;  // let go of outside the lock
  std::lock_guard lock(table_mutex);
  auto it = table().find(n);
  if (it == table().end()) return;
  for (Retained& r : it->second.retained)
    if (r.output < gradients.size() && gradients[r.output]) old.push_back(std::exchange(r.gradient, gradients[r.output]));
}
Tensor retained_gradient(const Node* n, int output) {
  std::lock_guard lock(table_mutex);
  auto it = table().find(n);
  if (it == table().end()) return {};
  for (const Retained& r : it->second.retained)
    if (r.output == output) return r.gradient;
  return {};
}
bool retains_gradient(const Node* n, int output) {
  std::lock_guard lock(table_mutex);
  auto it = table().find(n);
  if (it == table().end()) return false;
  for (const Retained& r : it->second.retained)
    if (r.output == output) return true;
  return false;
}

void drop_hooks(const Node* n) {
  NodeHooks dropped;
  {
    std::lock_guard lock(table_mutex);
    auto it = table().find(n);
    if (it == table().end()) return;
    dropped = std::move(it->second);
    table().erase(it);
  }
  for (HookEntry* e : dropped.entries) release(e);
}

}  // namespace reel
