#include "nn/recurrent.h"

#include "nn/building.h"
#include "tensor/ops/activation.h"
#include "tensor/ops/create.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/random.h"
#include "tensor/ops/recurrent.h"
#include "tensor/ops/view.h"

namespace reel::nn {
namespace {

template <class O> GRUOptions common(const O& o) {
  GRUOptions c{.activation = o.activation, .use_bias = o.use_bias, .kernel_initializer = o.kernel_initializer, .recurrent_initializer = o.recurrent_initializer,
               .bias_initializer = o.bias_initializer, .dropout = o.dropout, .recurrent_dropout = o.recurrent_dropout,
               .return_sequences = o.return_sequences, .go_backwards = o.go_backwards, .name = o.name};
  if constexpr (requires { o.recurrent_activation; }) c.recurrent_activation = o.recurrent_activation;
  return c;
}
Tensor step_of(const Tensor& x, int64_t t) { return squeeze(slice_axis(x, 1, t, 1), 1); }

}  // namespace

RecurrentLayer::RecurrentLayer(Cell cell, const char* type, int64_t units, GRUOptions options, bool unit_forget_bias)
    : record_(new_record(type, options.name, false)), cell_(cell), units_(units), options_(std::move(options)), unit_forget_bias_(unit_forget_bias) {
  at_least_one(type, "units", units);
  for (double rate : {options_.dropout, options_.recurrent_dropout})
    if (!(rate >= 0 && rate <= 1)) throw Error(std::string(type) + ": a dropout rate must be in [0, 1], got " + std::to_string(rate));
}
SimpleRNN::SimpleRNN(int64_t units, SimpleRNNOptions options) : RecurrentLayer(Cell::kSimple, "SimpleRNN", units, common(options)) {}
LSTM::LSTM(int64_t units, LSTMOptions options) : RecurrentLayer(Cell::kLstm, "LSTM", units, common(options), options.unit_forget_bias) {}
GRU::GRU(int64_t units, GRUOptions options) : RecurrentLayer(Cell::kGru, "GRU", units, std::move(options)) {}

RecurrentLayer RecurrentLayer::reversed() const {
  RecurrentLayer other = *this;
  other.options_.name = "backward_" + record_->name;
  other.options_.go_backwards = !options_.go_backwards;
  other.record_ = new_record(record_->type.c_str(), other.options_.name, false);
  other.record_->compute = record_->compute;
  return other;
}

Tensors RecurrentLayer::run(const Tensor& given, const RecurrentCall& call, Where where) const {
  LayerRecord& r = *record_;
  check_rank(r, given, 3, "sequences [n, steps, features]", where);
  Tensor x = as_float(*record_, given, where);
  int64_t gates = cell_ == Cell::kSimple ? 1 : cell_ == Cell::kLstm ? 4 : 3, width = gates * units_;
  r.build([&] {
    r.add_weight("kernel", options_.kernel_initializer({x.shape()[2], width}));
    r.add_weight("recurrent_kernel", options_.recurrent_initializer({units_, width}));
    if (options_.use_bias) {
      bool two = cell_ == Cell::kGru && options_.reset_after;
      Tensor bias = options_.bias_initializer(two ? Shape{2, width} : Shape{width});
      NoGrad no_grad;
      if (unit_forget_bias_) assign(slice_axis(bias, 0, units_, units_), 1);
      r.add_weight("bias", bias);
    }
  });
  Tensor kernel = weight_named(r, "kernel"), recurrent = weight_named(r, "recurrent_kernel"), bias = weight_named(r, "bias");
  check_extent(r, x, -1, kernel.shape()[0], where);
  size_t states = cell_ == Cell::kLstm ? 2 : 1;
  if (!call.initial_state.empty() && call.initial_state.size() != states)
    fail_at(Error(r.type + ": has " + std::to_string(states) + (states == 1 ? " state, got " : " states, got ") + std::to_string(call.initial_state.size())), where);
  bool drops = training() && options_.recurrent_dropout > 0;
  bool usual = options_.activation.name() == "tanh" && (cell_ == Cell::kSimple || options_.recurrent_activation.name() == "sigmoid");
  if (training() && options_.dropout > 0) x = x * dropout(ones({x.shape()[0], 1, x.shape()[2]}, x.dtype()), options_.dropout, default_generator(), where);
  if (drops || !usual || (cell_ == Cell::kGru && !options_.reset_after)) return unrolled(x, call, where);

  Tensor h = call.initial_state.empty() ? Tensor() : call.initial_state[0], c = call.initial_state.size() > 1 ? call.initial_state[1] : Tensor();
  RecurrentOptions o{.mask = call.mask, .backwards = options_.go_backwards};
  RecurrentResult y = cell_ == Cell::kSimple ? simple_rnn(x, kernel, recurrent, bias, h, o, where)
                      : cell_ == Cell::kLstm ? lstm(x, kernel, recurrent, bias, h, c, o, where)
                                             : gru(x, kernel, recurrent, bias, h, o, where);
  Tensors out{options_.return_sequences ? y.sequence : y.last, y.last};
  if (y.cell) out.push_back(y.cell);
  return out;
}

// Step by step in ops: other activations, dropout of the states, the reset gate before the product.
Tensors RecurrentLayer::unrolled(const Tensor& given, const RecurrentCall& call, Where where) const {
  const LayerRecord& r = *record_;
  Tensor kernel = weight_named(r, "kernel"), recurrent = weight_named(r, "recurrent_kernel"), bias = weight_named(r, "bias");
  int64_t n = given.shape()[0], steps = given.shape()[1];
  const ActivationFunction &act = options_.activation, &gate = options_.recurrent_activation;
  Tensor x = options_.go_backwards ? flip(given, 1, where) : given, mask = call.mask && options_.go_backwards ? flip(call.mask, 1, where) : call.mask;
  bool after = cell_ == Cell::kGru && options_.reset_after;
  Tensor z = matmul(x, kernel, where), recurrent_bias;
  if (bias) z = add_bias(z, after ? bias[0] : bias, where), recurrent_bias = after ? bias[1] : Tensor();
  auto start = [&](size_t i) { return call.initial_state.size() > i ? call.initial_state[i] : zeros({n, units_}, z.dtype(), kernel.device()); };
  Tensor h = start(0), c = start(1), keep = ones({n, units_}, z.dtype());
  if (training() && options_.recurrent_dropout > 0) keep = dropout(keep, options_.recurrent_dropout, default_generator(), where);
  Tensors all;
  for (int64_t t = 0; t < steps; ++t) {
    Tensor in = step_of(z, t), from = h * keep, next_h, next_c = c;
    auto part = [&](const Tensor& v, int64_t k) { return slice_axis(v, -1, k * units_, units_, where); };
    if (cell_ == Cell::kSimple) {
      next_h = act(in + matmul(from, recurrent));
    } else if (cell_ == Cell::kLstm) {
      Tensor s = in + matmul(from, recurrent);
      next_c = gate(part(s, 1)) * c + gate(part(s, 0)) * act(part(s, 2));
      next_h = gate(part(s, 3)) * act(next_c);
    } else {
      Tensor candidate, update;
      if (after) {
        Tensor s = matmul(from, recurrent);
        if (recurrent_bias) s = add_bias(s, recurrent_bias, where);
        update = gate(part(in, 0) + part(s, 0));
        candidate = act(part(in, 2) + gate(part(in, 1) + part(s, 1)) * part(s, 2));
      } else {
        update = gate(part(in, 0) + matmul(from, part(recurrent, 0)));
        Tensor reset = gate(part(in, 1) + matmul(from, part(recurrent, 1)));
        candidate = act(part(in, 2) + matmul(reset * from, part(recurrent, 2)));
      }
      next_h = update * h + (1 - update) * candidate;
    }
    if (mask) {
      Tensor live = expand_dims(step_of(mask, t), 1);
      next_h = reel::where(live, next_h, h), next_c = reel::where(live, next_c, c);
    }
    h = next_h, c = next_c;
    if (options_.return_sequences) all.push_back(h);
  }
  Tensors out{!options_.return_sequences ? h : all.empty() ? zeros({n, 0, units_}, z.dtype()) : stack(all, 1, where), h};
  if (cell_ == Cell::kLstm) out.push_back(c);
  return out;
}

Tensor RecurrentLayer::operator()(const Tensor& x, const RecurrentCall& call, Where where) const {
  return call_layer(*this, {x}, [&] { return run(x, call, where)[0]; });
}
Tensors RecurrentLayer::with_state(const Tensor& x, const RecurrentCall& call, Where where) const {
  LayerScope scope(record_->type.c_str(), record_->name.c_str());
  UnderPolicy policy(record_->compute);
  return run(x, call, where);
}

Bidirectional::Bidirectional(RecurrentLayer layer, BidirectionalOptions options)
    : record_(new_record("Bidirectional", options.name)), forward_(layer), backward_(layer.reversed()), merge_mode_(std::move(options.merge_mode)) {
  if (merge_mode_ != "concat" && merge_mode_ != "sum" && merge_mode_ != "mul" && merge_mode_ != "ave")
    unknown_name("merge_mode", merge_mode_, {"concat", "sum", "mul", "ave"});
}
Tensor Bidirectional::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] {
    Tensor a = forward_(x, where), b = backward_(x, where);
    if (forward_.return_sequences()) b = flip(b, 1, where);
    return merge_mode_ == "concat" ? concat({a, b}, -1, where) : merge_mode_ == "mul" ? a * b : merge_mode_ == "sum" ? a + b : (a + b) * 0.5;
  });
}
void Bidirectional::visit(const std::string& path, WeightVisitor& visitor) const {
  std::string own = path.empty() ? record_->name : path;
  visit_record(*forward_.record(), own + "/forward_layer", visitor);
  visit_record(*backward_.record(), own + "/backward_layer", visitor);
}

TimeDistributed::TimeDistributed(Layer layer, NameOptions options) : record_(new_record("TimeDistributed", options.name)), layer_(std::move(layer)) {}
Tensor TimeDistributed::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] {
    if (x.rank() < 3) fail_at(ShapeError("TimeDistributed: needs [n, steps, ...]\n  x  " + describe(x)), where);
    Shape rows{x.shape()[0] * x.shape()[1]}, result{x.shape()[0], x.shape()[1]};
    for (int i = 2; i < x.rank(); ++i) rows.push(x.shape()[i]);
    Tensor y = layer_(reshape(x, rows, where), where);
    for (int i = 1; i < y.rank(); ++i) result.push(y.shape()[i]);
    return reshape(y, result, where);
  });
}
void TimeDistributed::visit(const std::string& path, WeightVisitor& visitor) const {
  layer_.visit((path.empty() ? record_->name : path) + "/layer", visitor);
}

}  // namespace reel::nn
