#include "autograd/backward.h"

#include <mutex>

#include "autograd/node_hooks.h"
#include "autograd/replay.h"
#include "autograd/transform.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"

namespace reel {
namespace {

// The node of each loss, after everything that can be wrong with the losses and their gradients was looked for.
std::vector<Node*> check_losses(const char* what, const Tensors& losses, const Tensors& gradients) {
  if (losses.empty()) throw TapeError(std::string(what) + ": no losses given");
  if (!gradients.empty() && gradients.size() != losses.size())
    throw ShapeError(std::string(what) + ": " + std::to_string(gradients.size()) + " .gradients for " + std::to_string(losses.size()) + " losses");
  std::vector<Node*> nodes;
  for (size_t i = 0; i < losses.size(); ++i) {
    const Tensor& loss = losses[i];
    Tensor gradient = gradients.empty() ? Tensor() : gradients[i];
    std::string the = losses.size() == 1 ? "the loss" : "loss " + std::to_string(i);
    nodes.push_back(node_of(loss));
    if (!nodes.back())
      throw TapeError(std::string(what) + ": " + the + " has no history: it does not depend on a variable, or was computed under NoGrad\n  a  " + describe(loss));
    if (!gradient && loss.size() != 1)
      throw ShapeError(std::string(what) + ": " + the + " has " + std::to_string(loss.size()) + " elements; reduce it (sum, mean) or pass .gradient\n  a  " +
                       describe(loss));
    if (!gradient && is_complex(loss.dtype()))
      throw DTypeError(std::string(what) + ": " + the + " is complex and has no largest descent (take real, imag or abs of it, or pass .gradient)\n  a  " + describe(loss));
    if (gradient && !(gradient.shape() == loss.shape() && gradient.dtype() == loss.dtype() && gradient.device() == loss.device()))
      throw ShapeError(std::string(what) + ": .gradient must have the loss's shape, dtype and device\n  a  " + describe(loss) + "\n  b  " + describe(gradient));
  }
  return nodes;
}

// A gradient that others hold too (`a + b` hands one to both), or that is a broadcast view, becomes the owner's own.
Tensor owned(Tensor g) {
  const Body& b = g.body();
  bool alone = b.refs.load(std::memory_order_acquire) == 1 && b.storage->refs.load(std::memory_order_acquire) == 1;
  return alone && b.contiguous ? g : clone(g);
}

void start(Replay& replay, const std::vector<Node*>& nodes, const Tensors& losses, const Tensors& gradients, Where where) {
  for (size_t i = 0; i < nodes.size(); ++i)
    if (!replay.needed || replay.needed->count(nodes[i]))
      replay.add(nodes[i], losses[i].body().output, gradients.empty() || !gradients[i] ? ones_like(losses[i], where) : gradients[i]);
}

// Adds what a replay found to the variables, all or nothing. The sums are made outside the lock and again if another thread's backward
// came between: gradients of a variable that several threads share add up.
struct Commit {
  explicit Commit(Replay& r) : replay(r), before(r.leaves.size()), after(r.leaves.size()) {}
  void apply() {
    for (Replay::ReachedLeaf& r : replay.leaves)
      if (r.gradient.tensor) r.gradient.tensor = owned(std::move(r.gradient.tensor));
    while (!try_apply()) {}
    done = true;
  }
  void undo() {
    std::lock_guard lock(gradients_mutex());
    for (size_t i = 0; done && i < after.size(); ++i) std::swap(leaf(i).gradient, before[i]);
  }

 private:
  Replay& replay;
  std::vector<Gradient> before, after;
  bool done = false;
  Leaf& leaf(size_t i) { return *replay.leaves[i].node->leaf; }
  bool try_apply() {
    {
      std::lock_guard lock(gradients_mutex());
      for (size_t i = 0; i < after.size(); ++i) before[i] = leaf(i).gradient;
    }
    for (size_t i = 0; i < after.size(); ++i) {
      const Gradient& g = replay.leaves[i].gradient;
      after[i] = before[i] ? Gradient{before[i].written() + g.written(), nullptr} : g;
    }
    std::lock_guard lock(gradients_mutex());
    for (size_t i = 0; i < after.size(); ++i)
      if (!(leaf(i).gradient == before[i])) return false;
    for (size_t i = 0; i < after.size(); ++i) leaf(i).gradient = after[i];
    return true;
  }
};

void run_backward(const Tensors& losses, BackwardOptions& o, Where where) {
  for (const Tensor& loss : losses)
    if (loss && loss.device() == traced()) throw TapeError("backward: inside vmap or jvp gradients are values: use grad\n  a  " + describe(loss));
  Tensors gradients = o.gradient ? Tensors{o.gradient} : std::move(o.gradients);
  std::vector<Node*> nodes = check_losses("backward", losses, gradients);
  Replay replay(o.create_graph, !(o.retain_tape || o.create_graph), where);
  ModeScope mode(o.create_graph ? 0 : kNoRecord, o.create_graph ? kNoRecord : 0);
  start(replay, nodes, losses, gradients, where);
  replay.run();
  std::erase_if(replay.leaves, [](Replay::ReachedLeaf& r) {  // a hook took it away
    if (r.gradient) return false;
    r.node->release();
    return true;
  });
  Commit all(replay);
  all.apply();
  try {
    for (Replay::Reached& r : replay.retained) {
      Tensor before = retained_gradient(r.node, r.output);
      Tensors sums(r.node->outputs);
      sums[size_t(r.output)] = before ? before + r.gradient : r.gradient;
      keep_retained(r.node, sums);
    }
    for (Replay::ReachedLeaf& r : replay.leaves)
      if (r.node->hooked.load(std::memory_order_acquire)) {
        run_accumulation_hooks(r.node);
        Tensors none;
        run_after_hooks(r.node, none, {r.gradient.tensor});
      }
  } catch (...) {
    all.undo();
    throw;
  }
}

}  // namespace

Tensors detail::replay_grad(const Tensors& losses, const Tensors& inputs, const GradOptions& o, Where where) {
  std::vector<Node*> nodes = check_losses("grad", losses, o.gradients);
  Replay replay(o.create_graph, !(o.retain_tape || o.create_graph), where);
  bool unused_is_error = !o.allow_unused && !o.zeros_for_unused;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Node* to = node_of(inputs[i]);
    if (!to) {
      if (!unused_is_error) continue;
      throw TapeError("grad: input " + std::to_string(i) + " is neither a variable nor recorded\n  a  " + describe(inputs[i]));
    }
    replay.targets[to].push_back({inputs[i].body().output, i});
  }
  Needed needed = nodes_towards(nodes, replay.targets);
  replay.needed = &needed;
  replay.found.resize(inputs.size());
  {
    ModeScope mode(o.create_graph ? 0 : kNoRecord, o.create_graph ? kNoRecord : 0);
    start(replay, nodes, losses, o.gradients, where);
    replay.run();
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor& g = replay.found[i];
    if (!g && unused_is_error)
      for (const Node* n : nodes)
        if (n->released)
          throw TapeError("grad: this tape was replayed before, at " + to_string(n->released_at) + "; pass {.retain_tape = true} to the first replay");
    if (!g && unused_is_error)
      throw TapeError("grad: the loss does not depend on input " + std::to_string(i) +
                      " (.allow_unused = true gives an empty tensor, .zeros_for_unused = true zeros)\n  a  " + describe(inputs[i]));
    if (g) g = owned(std::move(g));
    else if (o.zeros_for_unused) g = zeros_like(inputs[i], where);
  }
  return std::move(replay.found);
}

void backward(const Tensors& losses, BackwardOptions options, Where where) {
  located(where, [&] { run_backward(losses, options, where); });
}
void backward(const Tensor& loss, BackwardOptions options, Where where) { backward(Tensors{loss}, std::move(options), where); }

Tensors grad(const Tensors& losses, const Tensors& inputs, GradOptions options, Where where) {
  return located(where, [&] {
    if (options.gradient) options.gradients = {options.gradient};
    return innermost_tracer() ? detail::traced_grad(losses, inputs, options, where) : detail::replay_grad(losses, inputs, options, where);
  });
}
Tensors grad(const Tensor& loss, const Tensors& inputs, GradOptions options, Where where) {
  return grad(Tensors{loss}, inputs, std::move(options), where);
}

}  // namespace reel
