#pragma once
// One walk back over a tape: nodes in reverse record order, each with the sum of what its consumers handed it.
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "autograd/node.h"

namespace reel {

// Which nodes lead to what is asked for; without it every node does.
using Needed = absl::flat_hash_set<const Node*>;
// Where the gradients of chosen values are put: node -> (output, place).
using Targets = absl::flat_hash_map<const Node*, std::vector<std::pair<int, size_t>>>;

// The gradients that wait at one node for their turn.
struct Slot {
  Node* node = nullptr;
  Tensor first;    // of output 0
  Tensors others;  // of outputs 1 ...
  std::unique_ptr<Deferred> deferred;  // contributions to output 0 beside `first`
};

// Nodes wait in a heap by seq. The largest has met all its consumers, since those are younger: the walk is a reverse walk over record
// order that sees only what has a gradient, and a chain keeps the heap at one entry.
class Replay {
 public:
  Replay(bool recorded, bool releases, Where where);
  ~Replay();
  Replay(const Replay&) = delete;

  const Needed* needed = nullptr;
  Targets targets;
  Tensors found;       // of the targets, by place
  uint64_t floor = 0;  // nodes up to this seq are reached but not passed

  void add(Node* to, int output, Tensor g);
  void run();

  struct Reached {
    Node* node;
    Tensor gradient;
    int output = 0;
  };
  struct ReachedLeaf {
    Node* node;
    Gradient gradient;
  };
  std::vector<ReachedLeaf> leaves;  // variables with their gradients, in the order met
  std::vector<Reached> retained;     // recorded values that asked for theirs

 private:
  struct Rule;
  struct Waiting {
    uint64_t seq;
    uint32_t slot;
    bool operator<(const Waiting& o) const { return seq < o.seq; }
  };
  Slot& slot(Node* n);
  uint32_t new_slot(Node* n);
  Tensor overwritable(Node* at, int output) const;
  bool may_overwrite(const Tensor& g) const;
  void collect(const Slot& s);
  void call_hooks(Slot& s);
  void settle(Slot& s) const;
  bool wanted(const Node* n) const;
  bool undoes_cast(Node* n, DType t) const;
  void pass(Slot& s);

  bool recorded_, releases_, within_another_;  // a rule or hook of another replay started this one
  Where where_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::vector<Waiting> heap_;
  absl::flat_hash_map<const Node*, uint32_t> leaf_slots_;
};

// The nodes between the roots and the targets; looks at none up to `floor`.
Needed nodes_towards(const std::vector<Node*>& roots, const Targets& targets, uint64_t floor = 0);

}  // namespace reel
