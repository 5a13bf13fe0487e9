#pragma once
// One recorded op, or one variable. Record order is a topological order: seq grows from inputs to outputs.
#include <mutex>
#include <string>

#include "tensor/deferred.h"
#include "tensor/op.h"

namespace reel {

// What a node knows of one input.
struct Edge {
  Body* saved = nullptr;             // kept for the gradient rule; null when the rule does not look at it
  struct Node* from = nullptr;       // who made it; null when it needs no gradient
  int64_t* dims = nullptr;           // its shape, where it is wanted and differs from the output's
  uint32_t version = 0;              // of saved's storage when it was recorded
  uint8_t from_output = 0;
  uint8_t rank = 0;
  DType dtype{};
};

// What a node knows of one output: saved values carry no history, so no cycles.
struct SavedOutput {
  Storage* storage = nullptr;        // null: not kept
  uint32_t version = 0;
  DType dtype{};
  Shape shape;
};

// Guards the gradients of variables, which several threads may share.
std::mutex& gradients_mutex();

struct Leaf {
  std::string name;
  Shape shape;        // the variable's
  Gradient gradient;  // what backward accumulated
};

struct Node final : History {
  uint32_t slot = 0;                 // of the replay that passes
  uint64_t seq = 0;
  const OpType* type = nullptr;      // null: a variable
  Where where;                       // the user's line
  uint8_t outputs = 1;
  bool released = false;             // a replay took what was saved, at released_at
  std::atomic<bool> hooked{false};   // hooks.cc knows something of it
  uint32_t inputs = 0;
  union {
    Leaf* leaf = nullptr;            // of a variable
    SavedOutput* saved_outputs;      // null when nobody asks for outputs
  };
  Where released_at;

  Edge* edges() { return reinterpret_cast<Edge*>(this + 1); }
  const Edge* edges() const { return reinterpret_cast<const Edge*>(this + 1); }
  // The op itself stands behind the edges.
  void* op() { return edges() + inputs; }
  const void* op() const { return edges() + inputs; }

  void record(const Call& call) override;
  std::string origin() const override;
  bool is_variable() const override { return type == nullptr; }
  const History* viewed() const override { return type && type->views ? edges()[0].from : nullptr; }
  void release_saved();

 private:
  void destroy() override;
};

Node* node_of(const Tensor& x);  // null for a constant or a symbolic tensor
uint64_t record_clock();          // the seq of what this thread recorded last
void raise_record_clock(uint64_t seq);  // what it records from now on comes after seq
Node* new_variable_node(std::string name, const Shape& shape, Where where);

}  // namespace reel
