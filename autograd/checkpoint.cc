#include "autograd/checkpoint.h"

#include <algorithm>
#include <cstring>

#include "autograd/custom.h"
#include "autograd/custom_op.h"
#include "autograd/replay.h"
#include "tensor/autocast.h"
#include "tensor/ops/copy.h"
#include "tensor/random.h"
#include "tensor/trace.h"

namespace reel {
namespace {

constexpr uint32_t kOfTheRun = kTraining | kCheckNan;  // bits of the mode word that the second run shares with the first

// Results that the policy keeps, in the order they were made.
class Kept final : public Remembrance {
 public:
  Kept(std::vector<Tensor>& results, bool (*keeps)(std::string_view), bool again) : results_(results), keeps_(keeps), again_(again) {}
  bool provide(const OpType& type, Tensor* out) override {
    if (!again_ || !keeps_(type.name)) return false;
    for (int i = 0; i < type.outputs; ++i) {
      if (at_ + size_t(i) >= results_.size()) return false;
      const Tensor& r = results_[at_ + size_t(i)];
      // One that was written to afterwards is not what the op had made: it runs again.
      if (r.body().version != r.body().storage->version.load(std::memory_order_relaxed) || !(r.shape() == out[i].shape()) || r.dtype() != out[i].dtype())
        return false;
    }
    for (int i = 0; i < type.outputs; ++i) {
      Tensor y = detach(results_[at_ + size_t(i)], out[i].body().where);
      y.body().is_view = false;
      y.body().made_by = &type;
      y.body().output = uint8_t(i);
      out[i] = std::move(y);
    }
    return true;
  }
  void made(const OpType& type, const Tensor* out) override {
    if (!keeps_(type.name)) return;
    for (int i = 0; i < type.outputs; ++i) {
      if (again_) ++at_;
      else results_.push_back(detach(out[i]));
    }
  }

 private:
  std::vector<Tensor>& results_;
  bool (*keeps_)(std::string_view);
  bool again_;
  size_t at_ = 0;
};

// What lies between the results and everything recorded before `floor`: how many ops, and what they take from outside.
struct Frontier {
  std::vector<std::pair<Node*, int>> from;  // in a fixed order
  std::vector<DType> dtypes;
  uint64_t ops = 0;  // names and number of the ops, folded
  Frontier(const Tensors& results, uint64_t floor) {
    std::vector<Node*> reached;
    absl::flat_hash_set<const Node*> seen;
    auto outside = [&](Node* n, int output, DType t) {
      if (std::find(from.begin(), from.end(), std::pair(n, output)) != from.end()) return;
      from.push_back({n, output});
      dtypes.push_back(t);
    };
    for (const Tensor& y : results) {
      Node* n = node_of(y);
      if (!n) continue;
      if (n->seq <= floor) outside(n, y.body().output, y.dtype());
      else if (seen.insert(n).second) reached.push_back(n);
    }
    for (size_t i = 0; i < reached.size(); ++i)
      for (uint32_t k = 0; k < reached[i]->inputs; ++k) {
        const Edge& e = reached[i]->edges()[k];
        if (!e.from) continue;
        if (e.from->seq <= floor) outside(e.from, e.from_output, e.dtype);
        else if (seen.insert(e.from).second) reached.push_back(e.from);
      }
    std::sort(reached.begin(), reached.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
    for (const Node* n : reached) ops = (ops ^ reinterpret_cast<uintptr_t>(n->type)) * 0x9E3779B97F4A7C15u;
  }
};

uint64_t hash(const Tensor& x) {
  NoGrad no_grad;
  Tensor host = contiguous(to(detach(x), cpu()));
  const auto* p = host.raw<const unsigned char>();
  uint64_t h = 0xCBF29CE484222325u;
  for (int64_t i = 0; i < host.bytes(); ++i) h = (h ^ p[i]) * 0x100000001B3u;
  return h;
}

// One checkpointed call: what its second run needs.
struct Region {
  Function f;
  CheckpointOptions options;
  uint32_t mode;
  DType autocast;
  size_t explicit_inputs;
  std::vector<Draw> draws;
  std::vector<Tensor> kept;
  std::vector<uint64_t> hashes;
  uint64_t ops = 0;
  std::vector<Shape> shapes;
  std::vector<DType> dtypes;

  // f, with its draws noted or taken again.
  Tensors run(const Tensors& x, bool again) {
    DrawScope scope(draws, again);
    ModeScope as_then(again ? mode : 0, again ? kOfTheRun & ~mode : 0);
    Autocast casting(autocast, true);  // both runs cast each variable: neither finds what was made outside
    if (!options.keep) return f(x);
    Kept keeper(kept, options.keep, again);
    RemembranceScope remember(&keeper);
    return f(x);
  }

  void check(const Tensors& y, const Frontier& second, const Targets& known) const {
    bool same = y.size() == shapes.size() && second.ops == ops;
    for (auto [node, output] : second.from) same &= known.count(node) > 0;
    for (size_t i = 0; same && i < y.size(); ++i) same = y[i] && y[i].shape() == shapes[i] && y[i].dtype() == dtypes[i];
    for (size_t i = 0; same && options.verify && i < y.size(); ++i) same = hash(y[i]) == hashes[i];
    if (!same) throw TapeError("checkpoint: the second run did not compute what the first did: its function depends on something that changed");
  }

  // Gradients of the region's inputs: those of f itself, then those of what f captures.
  Tensors backward(const Tensors& all, size_t outputs, size_t inputs) {
    Tensors gy(all.begin(), all.begin() + std::ptrdiff_t(outputs));
    Tensors x(all.begin() + std::ptrdiff_t(outputs), all.begin() + std::ptrdiff_t(outputs + inputs));
    bool recorded = recording();
    uint64_t floor = record_clock();
    for (const Tensor& t : x)
      if (Node* n = node_of(t); n && n->seq > floor) floor = n->seq;
    raise_record_clock(floor);
    Tensors y;
    Needed needed;
    Replay replay(recorded, !recorded, {});
    {
      EnableGrad again;
      ModeScope keeping(0, kForget);
      y = run(Tensors(x.begin(), x.begin() + std::ptrdiff_t(explicit_inputs)), true);
    }
    std::vector<Node*> roots;
    for (size_t i = 0; i < inputs; ++i)
      if (Node* n = node_of(x[i])) {
        // An input that comes twice gets its gradient once.
        auto& places = replay.targets[n];
        bool known = false;
        for (auto [output, place] : places) known |= output == x[i].body().output;
        if (!known) places.push_back({x[i].body().output, i});
      }
    check(y, Frontier(y, floor), replay.targets);
    for (const Tensor& t : y)
      if (Node* n = node_of(t)) roots.push_back(n);
    replay.found.resize(inputs);
    replay.floor = floor;
    needed = nodes_towards(roots, replay.targets, floor);
    replay.needed = &needed;
    for (size_t i = 0; i < y.size(); ++i)
      if (Node* n = node_of(y[i]); n && gy[i] && needed.count(n)) replay.add(n, y[i].body().output, gy[i]);
    y.clear();
    replay.run();
    return std::move(replay.found);
  }
};

// A tensor without values that stands for a recorded one: an input of the region, for the edge to it.
Tensor stand_in(Node* n, int output, DType dtype, Where where) {
  Tensor x(new_body({0}, dtype, cpu(), where));
  n->retain();
  x.body().history = n;
  x.body().output = uint8_t(output);
  return x;
}

}  // namespace

bool keep_products(std::string_view op) { return op.find("matmul") != op.npos || op.find("conv") != op.npos || op.find("einsum") != op.npos; }

Tensors detail::run_checkpoint(const Function& f, const Tensors& inputs, const CheckpointOptions& options, Where where) {
  return located(where, [&]() -> Tensors {
    for (const Tensor& x : inputs)
      if (x && (x.device() == traced() || x.device() == symbolic())) return f(inputs);
    if (!recording()) return f(inputs);
    Region region{f, options, reel::mode() & kOfTheRun, autocast_dtype(), inputs.size(), {}, {}, {}, 0, {}, {}};
    uint64_t floor = record_clock();
    for (const Tensor& x : inputs)
      if (Node* n = x ? node_of(x) : nullptr; n && n->seq > floor) floor = n->seq;
    raise_record_clock(floor);
    Tensors y;
    {
      ModeScope forgetting(kForget, 0);
      y = region.run(inputs, false);
    }
    Tensors all = inputs;
    {
      Frontier frontier(y, floor);
      region.ops = frontier.ops;
      for (size_t i = 0; i < frontier.from.size(); ++i) {
        auto [node, output] = frontier.from[i];
        bool is_input = false;
        for (const Tensor& x : inputs) is_input |= node_of(x) == node && x.body().output == output;
        if (!is_input) all.push_back(stand_in(node, output, frontier.dtypes[i], where));
      }
    }
    for (Tensor& t : y) {
      region.shapes.push_back(t.shape());
      region.dtypes.push_back(t.dtype());
      if (options.verify) region.hashes.push_back(hash(t));
      t = detach(t, where);
    }
    bool recorded = false;
    for (const Tensor& x : all) recorded |= x.has_history();
    if (!recorded) return y;
    size_t outputs = y.size(), count = all.size();
    Function gradient_of_region([region = std::move(region), outputs, count](const Tensors& given) mutable { return region.backward(given, outputs, count); });
    return run_custom({.forward = f, .backward = gradient_of_region, .name = "checkpoint"}, all, std::move(y), CustomKind::kCheckpoint, where);
  });
}

}  // namespace reel
