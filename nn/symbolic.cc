#include "nn/symbolic.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>

#include "tensor/held.h"
#include "tensor/op.h"

namespace reel::nn {
namespace {

// The history of a symbolic tensor: the call that made it, in a form that can be made again.
struct Symbol final : History {
  uint64_t seq = next_seq();
  std::optional<Layer> layer;
  const OpType* type = nullptr;
  std::vector<char> op;
  Tensors inputs;  // symbolic ones without their bodies' later changes, constants as they are
  Where where;

  static uint64_t next_seq() {
    static std::atomic<uint64_t> n{0};
    return ++n;
  }
  void record(const Call& call) override {
    auto* s = new Symbol;
    s->type = call.type;
    s->where = call.where;
    s->op.resize(size_t(call.type->attribute_bytes) + 16);
    if (call.type->attribute_bytes) {
      if (call.type->copy) call.type->copy(s->op.data(), call.op);
      else std::copy_n(static_cast<const char*>(call.op), call.type->attribute_bytes, s->op.data());
    }
    for (int i = 0; i < call.in.size(); ++i) s->inputs.push_back(call.in[i]);
    for (int i = 0; i < call.type->outputs; ++i) {
      History*& h = call.out[i].body().history;
      if (h) h->release();
      if (i) s->retain();
      h = s;
    }
  }
  std::string origin() const override {
    std::string what = layer ? layer->type() + (layer->record() ? " \"" + layer->record()->name + "\"" : "") : type ? type->name : "Input";
    return what + " at " + to_string(where);
  }
  void destroy() override {
    if (type && type->attribute_bytes && type->drop) type->drop(op.data());
    delete this;
  }
};

const Symbol& symbol_of(const Tensor& x) { return *static_cast<const Symbol*>(x.body().history); }

// The ops that were called directly, on tensors whose batch is n.
Tensors call_op(const Symbol& s, const Tensors& in, int64_t n) {
  Tensors out(s.type->outputs);
  std::vector<const Tensor*> at;
  for (const Tensor& x : in) at.push_back(&x);
  if (in.size() != 1 || !apply_with_batch(*s.type, s.op.data(), s.inputs[0].shape(), in[0], n, out.data(), s.where))
    reel::detail::apply(*s.type, s.op.data(), Inputs(at.data(), int(at.size())), out.data(), s.where);
  return out;
}

// An op that was given the extent that stands for the batch, as a number or in a constant, would compute with that: another extent must
// change what it answers as it changes what it is given.
void check_batch_is_open(const Symbol& s, const Tensor& output) {
  constexpr int64_t kOther = 4091;
  Tensors in;
  for (const Tensor& x : s.inputs) in.push_back(x.device() == symbolic() ? Tensor(new_body(with_batch(x.shape(), kOther), x.dtype(), symbolic(), s.where)) : x);
  std::string why;
  try {
    Shape got = call_op(s, in, kOther)[output.body().output].shape();
    if (got == with_batch(output.shape(), kOther)) return;
    why = "it always answers " + to_string(got);
  } catch (const Error& e) {
    why = e.what();
  }
  fail_at(ShapeError(std::string("Model: ") + s.type->name + " depends on how many samples there are, which a symbolic tensor does not know (call it in a struct of your "
                     "own)\n  " + describe(output) + "\n  " + why), s.where);
}

void give_history(const Tensor& x, Symbol* s) {
  History*& h = x.body().history;
  if (h) h->release();
  h = s;
}

}  // namespace

Tensor Input(const Shape& shape, DType dtype, Where where) {
  Shape s{kSymbolicBatch};
  for (int64_t d : shape) s.push(d);
  Tensor x(new_body(s, dtype, symbolic(), where));
  auto* symbol = new Symbol;
  symbol->where = where;
  give_history(x, symbol);
  return x;
}

Tensor symbolic_call(const Layer& layer, const Tensors& inputs, const Tensor& output) {
  // A layer that does nothing hands back its input: the call still is one.
  Tensor y(new_body(output.shape(), output.dtype(), symbolic(), output.body().where));
  auto* symbol = new Symbol;
  symbol->layer = layer;
  symbol->inputs = inputs;
  symbol->where = output.body().where;
  give_history(y, symbol);
  return y;
}

std::string symbolic_shape(const Shape& shape) {
  std::string s = "(";
  for (int i = 0; i < shape.rank(); ++i) s += (i ? ", " : "") + (i == 0 && shape[i] == kSymbolicBatch ? "None" : std::to_string(shape[i]));
  return s + (shape.rank() == 1 ? ",)" : ")");
}

Graph::Graph(Tensors inputs, Tensors outputs) : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
  for (const Tensor& x : inputs_)
    if (x.device() != symbolic() || !x.body().history) throw Error("Model: an input must come from nn::Input\n  x  " + describe(x));
  std::vector<Tensor> reached;
  std::set<const History*> seen;
  auto known = [](const Tensor& x) { return x.device() == symbolic() && x.body().history; };
  for (const Tensor& y : outputs_) {
    if (!known(y)) throw Error("Model: an output must be computed from nn::Input\n  y  " + describe(y));
    if (seen.insert(y.body().history).second) reached.push_back(y);
  }
  for (size_t i = 0; i < reached.size(); ++i) {
    Tensors ins = symbol_of(reached[i]).inputs;
    for (const Tensor& in : ins) {
      if (in.device() == symbolic() && !known(in))
        throw Error("Model: an operand is symbolic but not computed from nn::Input (make constants on the cpu)\n  x  " + describe(in) + "\n  of  " +
                    describe(reached[i]));
      if (in.device() == symbolic() && seen.insert(in.body().history).second) reached.push_back(in);
    }
  }
  std::sort(reached.begin(), reached.end(), [](const Tensor& a, const Tensor& b) { return symbol_of(a).seq < symbol_of(b).seq; });
  for (const Tensor& x : reached) {
    const Symbol& s = symbol_of(x);
    if (s.type) check_batch_is_open(s, x);
    bool is_input = !s.layer && !s.type;
    if (is_input && std::none_of(inputs_.begin(), inputs_.end(), [&](const Tensor& in) { return in.body().history == x.body().history; }))
      throw Error("Model: the outputs depend on an Input that is not among the inputs\n  x  " + describe(x));
    steps_.push_back({s.layer ? &*s.layer : nullptr, s.layer ? s.layer->type() : s.type ? s.type->name : "input", s.inputs, x});
  }
}

Tensors Graph::run(const Tensors& values, Where where) const {
  if (values.size() != inputs_.size())
    fail_at(Error("Model: takes " + std::to_string(inputs_.size()) + (inputs_.size() == 1 ? " input" : " inputs") + ", got " + std::to_string(values.size())), where);
  std::map<const History*, Tensors> made;
  for (size_t i = 0; i < values.size(); ++i) {
    const Shape &want = inputs_[i].shape(), &got = held("Model", values[i], where).shape();
    bool fits = want.rank() == got.rank();
    for (int k = 1; fits && k < want.rank(); ++k) fits = want[k] == got[k] || want[k] == kSymbolicBatch;
    if (!fits) fail_at(ShapeError("Model: input " + std::to_string(i) + " should be " + symbolic_shape(want) + "\n  x  " + describe(values[i])), where);
    made[inputs_[i].body().history] = {values[i]};
  }
  int64_t n = !values.empty() && values[0].rank() ? values[0].shape()[0] : 1;
  auto value = [&](const Tensor& x) { return x.device() == symbolic() ? made.at(x.body().history)[x.body().output] : x; };
  for (const Step& step : steps_) {
    const Symbol& s = symbol_of(step.output);
    if (!s.layer && !s.type) continue;
    Tensors in;
    for (const Tensor& x : s.inputs) in.push_back(value(x));
    made[&s] = s.layer ? Tensors{(*s.layer)(in, where)} : call_op(s, in, n);
  }
  Tensors result;
  for (const Tensor& y : outputs_) result.push_back(value(y));
  return result;
}

}  // namespace reel::nn
