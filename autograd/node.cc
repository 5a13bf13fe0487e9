#include "autograd/node.h"

#include <cstring>
#include <new>

#include "autograd/node_hooks.h"
#include "tensor/pool.h"

namespace reel {
namespace {

// A Lamport clock: above everything this thread recorded and above every input, so that tapes may cross threads.
thread_local uint64_t clock_of_thread = 0;

}  // namespace
uint64_t record_clock() { return clock_of_thread; }
void raise_record_clock(uint64_t seq) {
  if (seq > clock_of_thread) clock_of_thread = seq;
}
namespace {

// Of a record with the edges and the op that stand behind it.
size_t record_bytes(int64_t inputs, const OpType& type) {
  return sizeof(Node) + size_t(inputs) * sizeof(Edge) + (size_t(type.attribute_bytes) + 15) / 16 * 16;
}

int64_t* copy_dims(const Shape& s) {
  if (s.rank() == 0) return nullptr;
  auto* d = static_cast<int64_t*>(pool::take(size_t(s.rank()) * 8));
  std::memcpy(d, s.begin(), size_t(s.rank()) * 8);
  return d;
}

}  // namespace

Node* node_of(const Tensor& x) {
  History* h = x.body().history;
  return h && x.device() != symbolic() && x.device() != traced() ? static_cast<Node*>(h) : nullptr;
}

Node* new_variable_node(std::string name, const Shape& shape, Where where) {
  auto* n = new (pool::take(sizeof(Node))) Node;
  n->where = where;
  n->leaf = new Leaf{std::move(name), shape, {}};
  return n;
}

void Node::record(const Call& call) {
  const OpType& type = *call.type;
  bool any_float = false;
  for (int i = 0; i < type.outputs; ++i) any_float |= is_inexact(call.out[i].dtype());
  if (!any_float) return;
  int count = call.in.size();
  size_t bytes = record_bytes(count, type);
  // The pool's largest class is no bound: an op of thousands of inputs gets a block of its own.
  Node* n = new (bytes <= pool::kLargest ? pool::take(bytes) : ::operator new(bytes)) Node;
  n->type = &type;
  n->where = call.where;
  n->outputs = type.outputs;
  n->inputs = uint32_t(count);
  Edge* edges = n->edges();
  uint64_t seq = clock_of_thread;
  bool forget = mode() & kForget;
  const Shape& out_shape = call.out[0].shape();
  for (int i = 0; i < count; ++i) {
    Edge* e = new (&edges[i]) Edge;
    Body& b = *call.in[i].get();
    e->dtype = b.dtype;
    if (b.history) {
      e->from = static_cast<Node*>(b.history);
      e->from->retain();
      e->from_output = b.output;
      if (e->from->seq > seq) seq = e->from->seq;
    }
    bool keeps = type.keep & kCross ? call.in[1 - i].get()->history != nullptr : (type.keep & kIn) == kIn || (i < 6 && (type.keep >> i & 1));
    if (keeps && !forget) {
      reel::retain(&b);
      e->saved = &b;
      e->version = b.storage->version.load(std::memory_order_relaxed);
    } else if ((type.keep & kShapes) || (e->from && type.broadcasts && !(b.shape == out_shape))) {
      e->dims = copy_dims(b.shape);
      e->rank = uint8_t(b.shape.rank() + 1);
    }
  }
  n->seq = clock_of_thread = seq + 1;
  if (type.attribute_bytes) {
    if (type.copy) type.copy(n->op(), call.op);
    else std::memcpy(n->op(), call.op, type.attribute_bytes);
  }
  if ((type.keep & kOut) || type.outputs > 1) {
    n->saved_outputs = static_cast<SavedOutput*>(pool::take(sizeof(SavedOutput) * type.outputs));
    for (int i = 0; i < type.outputs; ++i) {
      Body& b = *call.out[i].get();
      auto* s = new (&n->saved_outputs[i]) SavedOutput;
      s->dtype = b.dtype;
      s->shape = b.shape;
      if ((type.keep & kOut) && !forget) {
        reel::retain(b.storage);
        s->storage = b.storage;
        s->version = b.storage->version.load(std::memory_order_relaxed);
      }
    }
  }
  bool first = true;
  for (int i = 0; i < type.outputs; ++i) {
    Body& b = *call.out[i].get();
    if (!is_inexact(b.dtype)) continue;
    if (!first) n->retain();
    first = false;
    b.history = n;
    b.version = b.storage->version.load(std::memory_order_relaxed);
  }
}

void Node::release_saved() {
  if (type == nullptr) return;
  for (uint32_t i = 0; i < inputs; ++i) {
    Edge& e = edges()[i];
    if (e.saved) reel::release(std::exchange(e.saved, nullptr));
    if (e.from) std::exchange(e.from, nullptr)->release();
    if (e.dims) pool::give(std::exchange(e.dims, nullptr), size_t(e.rank - 1) * 8);
  }
  if (!saved_outputs) return;
  for (int i = 0; i < outputs; ++i)
    if (saved_outputs[i].storage) reel::release(saved_outputs[i].storage);
  pool::give(std::exchange(saved_outputs, nullptr), sizeof(SavedOutput) * outputs);
}

// A long tape must not unwind one stack frame per op: nodes that die while one is being taken apart wait in a list.
void Node::destroy() {
  thread_local Node* waiting = nullptr;
  thread_local bool draining = false;
  seq = reinterpret_cast<uintptr_t>(waiting);  // a dying node needs no order: its place serves as the link
  waiting = this;
  if (draining) return;
  draining = true;
  while (Node* n = waiting) {
    waiting = reinterpret_cast<Node*>(uintptr_t(n->seq));
    if (n->hooked.load(std::memory_order_acquire)) drop_hooks(n);
    if (n->type) {
      n->release_saved();
      if (n->type->attribute_bytes && n->type->drop) n->type->drop(n->op());
    } else {
      delete n->leaf;
    }
    size_t size = n->type ? record_bytes(n->inputs, *n->type) : sizeof(Node);
    n->~Node();
    if (size <= pool::kLargest) pool::give(n, size);
    else ::operator delete(n);
  }
  draining = false;
}

std::string Node::origin() const {
  if (!type) return leaf->name.empty() ? "variable at " + to_string(where) : "variable \"" + leaf->name + "\"";
  return std::string(type->name) + " at " + to_string(where);
}

}  // namespace reel
