#include "tensor/ops/recurrent.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "tensor/cpu/gemm_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/product.h"
#include "tensor/cpu/recurrent_loops.h"
#include "tensor/cpu/wide.h"
#include "tensor/ops/activation.h"
#include "tensor/ops/create.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {

RecurrentLoops recurrent_loops[2];
REEL_LEVELS(recurrent_loops)

namespace {

const bool installed = install_recurrent_loops();

enum class Cell : uint8_t { kSimple, kLstm, kGru };
constexpr int64_t kRows = 16;  // samples that go through time together; each such group is a task of its own

struct Recurrence {
  Cell cell;
  bool masked;
  int64_t gates() const { return cell == Cell::kSimple ? 1 : cell == Cell::kLstm ? 4 : 3; }
  std::string attributes() const {
    const char* names[] = {"simple", "lstm", "gru"};
    return std::string("cell=") + names[int(cell)] + (masked ? " masked" : "");
  }
};
Shape sequence_shape(const Shape& h, int64_t width) { return {h[0], h[1], width}; }

// Inputs recurrent weights, initial h, initial c or a recurrent bias, mask or nothing [0], then h, c, saved of all steps, and the
// gradients of these three, each [0] when there is none. Outputs gz [n, steps, gates], of a GRU gr [n, steps, units] (of the recurrent
// product's last third; its other gradients are gz's), of the initial h and of the initial c.
struct RecurrentGrad : Recurrence {
  static constexpr const char* name = "recurrent_grad";
  static constexpr Keep keep = kNothing;
  static constexpr int outputs = 4;
  std::array<Spec, 4> infer(Inputs in) const {
    DType t = in[0].dtype();
    Spec none({0}, t), gz(sequence_shape(in[4].shape(), gates() * in[0].shape()[0]), t), state(in[1].shape(), t);
    Spec gr(sequence_shape(in[4].shape(), in[0].shape()[0]), t);
    return {gz, cell == Cell::kGru ? gr : none, state, cell == Cell::kLstm ? state : none};
  }
  Grads vjp(const Vjp&) const { throw TapeError("recurrent_grad: is not recorded; a recorded replay uses its formula"); }
  double flop(Inputs in, const Tensor*) const { return 2. * double(gates() * in[4].size() * in[0].shape()[0]); }
};
// Inputs z = x kernel + bias [n, steps, gates * units], recurrent weights, initial h, initial c (LSTM) or recurrent bias (GRU), mask.
// Outputs h, c and the activated gates of all steps; their gradients all count, so that a recorded gradient may be written with them.
struct Recurrent : Recurrence {
  static constexpr const char* name = "recurrent";
  static constexpr Precision precision = kLow;
  static constexpr Keep keep = Keep(kIn & ~kIn0) | kOut;
  static constexpr int outputs = 3;
  std::array<Spec, 3> infer(Inputs in) const {
    DType t = in[0].dtype();
    int64_t units = in[1].shape()[0];
    Spec none({0}, t), h(sequence_shape(in[0].shape(), units), t), saved(sequence_shape(in[0].shape(), 4 * units), t);
    return {h, cell == Cell::kLstm ? h : none, cell == Cell::kSimple ? none : saved};
  }
  Grads vjp(const Vjp& v) const;
  double flop(Inputs in, const Tensor* out) const { return 2. * double(gates() * out[0].size() * in[1].shape()[0]); }
};

Tensor at(const Tensor& x, int64_t t) { return squeeze(slice_axis(x, 1, t, 1), 1); }
// The state before each step: initial, then all but the last.
Tensor states_before(const Tensor& initial, const Tensor& all) {
  return concat({expand_dims(initial, 1), slice_axis(all, 1, 0, all.shape()[1] - 1)}, 1);
}

// The replay through time in ops: gz, gr, and the gradients of the initial states.
std::array<Tensor, 4> through_time(const Recurrence& op, const Tensor& weights, const Tensor& h0, const Tensor& c0, const Tensor& mask, const Tensor& h,
                                   const Tensor& c, const Tensor& saved, const Tensor& gh, const Tensor& gc, const Tensor& gsaved) {
  int64_t steps = h.shape()[1];
  Tensor back = swapaxes(weights, 0, 1), carry = zeros_like(h0), cell_carry = zeros_like(h0);
  Tensors gz(static_cast<size_t>(steps)), gr(op.cell == Cell::kGru ? gz.size() : 0);
  for (int64_t t = steps - 1; t >= 0; --t) {
    Tensor g = gh ? at(gh, t) + carry : carry, gcell = gc ? at(gc, t) + cell_carry : cell_carry, live, held;
    if (mask) live = cast(expand_dims(at(mask, t), 1), g.dtype()), held = 1 - live;
    Tensor into = mask ? live * g : g, into_cell = mask ? live * gcell : gcell, before = t ? at(h, t - 1) : h0;
    Tensors s, more(4);
    if (saved) s = split(at(saved, t), 4, 1);
    if (gsaved) more = split(at(gsaved, t), 4, 1);
    auto plus = [&](const Tensor& x, size_t k) { return more[k] ? x + more[k] : x; };
    size_t k = size_t(t);
    if (op.cell == Cell::kSimple) {
      gz[k] = into * (1 - square(at(h, t)));
      carry = matmul(gz[k], back);
    } else if (op.cell == Cell::kLstm) {
      Tensor squashed = tanh(at(c, t)), d = into_cell + into * s[3] * (1 - square(squashed)), c_before = t ? at(c, t - 1) : c0;
      Tensor gi = plus(d * s[2], 0), gf = plus(d * c_before, 1), ga = plus(d * s[0], 2), go = plus(into * squashed, 3);
      gz[k] = concat({gi * s[0] * (1 - s[0]), gf * s[1] * (1 - s[1]), ga * (1 - square(s[2])), go * s[3] * (1 - s[3])}, 1);
      carry = matmul(gz[k], back);
      cell_carry = mask ? d * s[1] + held * gcell : d * s[1];
    } else {
      Tensor gu = plus(into * (before - s[2]), 0) * s[0] * (1 - s[0]), ga = plus(into * (1 - s[0]), 2) * (1 - square(s[2]));
      Tensor reset = plus(ga * s[3], 1) * s[1] * (1 - s[1]), last = plus(ga * s[1], 3);
      gz[k] = concat({gu, reset, ga}, 1);
      gr[k] = last;
      carry = into * s[0] + matmul(concat({gu, reset, last}, 1), back);
    }
    if (mask) carry = carry + held * g;
  }
  return {stack(gz, 1), gr.empty() ? Tensor() : stack(gr, 1), carry, cell_carry};
}

Grads Recurrent::vjp(const Vjp& v) const {
  bool has_extra = cell != Cell::kSimple;
  Tensor weights = v.in(1), h0 = v.in(2), extra = has_extra ? v.in(3) : Tensor(), mask = masked ? v.in(v.inputs() - 1) : Tensor();
  Tensor h = v.out(0), c = cell == Cell::kLstm ? v.out(1) : Tensor(), saved = has_extra ? v.out(2) : Tensor();
  Tensor gh = v.has_gy(0) ? v.gy(0) : Tensor(), gc = v.has_gy(1) && c ? v.gy(1) : Tensor(), gs = v.has_gy(2) && saved ? v.gy(2) : Tensor();
  std::array<Tensor, 4> g;
  if (recording()) {
    g = through_time(*this, weights, h0, extra, mask, h, c, saved, gh, gc, gs);
  } else {
    Tensor none = zeros({0}, weights.dtype(), weights.device());
    auto given = [&](const Tensor& x) { return x ? x : none; };
    g = apply(RecurrentGrad{*this}, Tensors{weights, h0, given(extra), given(mask), h, given(c), given(saved), given(gh), given(gc), given(gs)}, {});
  }
  int64_t units = h0.shape()[1], rows = h.shape()[0] * h.shape()[1];
  // The gradients of the recurrent product, [rows, gates] in one or two pieces.
  Tensors products{g[0]};
  if (cell == Cell::kGru) products = {slice_axis(g[0], 2, 0, 2 * units), g[1]};
  for (Tensor& p : products) p = reshape(p, {rows, p.shape()[2]});
  auto joined = [&](auto&& f) {
    Tensors parts;
    for (const Tensor& p : products) parts.push_back(f(p));
    return parts.size() == 1 ? parts[0] : concat(parts, -1);
  };
  Tensor to_weights, to_extra = g[3];
  if (v.needs(1)) {
    Tensor states = swapaxes(reshape(states_before(h0, h), {rows, units}), 0, 1);
    to_weights = joined([&](const Tensor& p) { return matmul(states, p); });
  }
  if (cell == Cell::kGru) to_extra = v.needs(3) ? joined([](const Tensor& p) { return sum(p, 0); }) : Tensor();
  return {g[0], to_weights, g[2], cell == Cell::kSimple ? Tensor() : to_extra};
}

// The right-hand matrix of the products of all steps. Packing it costs as much as a product with a few rows.
template <class T> class StepWeights {
 public:
  // w is [k, n] by these strides, one of which is 1; `rows` will be multiplied in all.
  StepWeights(const T* w, int64_t n, int64_t k, int64_t row, int64_t column, int64_t rows) : w_(w), n_(n), k_(k), row_(row), column_(column) {
    if constexpr (std::is_same_v<T, float>) {
      if (rows < kRows) return;
      packed_ = Tensor(new_body({gemm_loops.packed_size(n, k)}, float32, cpu(), {}));
      gemm_loops.pack(n, k, w, row, column, packed_.raw<float>());
    }
  }
  // c [m, n] = d + a [m, k] w; d may be c, or one row for all (of stride 0).
  void add(int64_t m, const T* a, int64_t a_row, const T* d, int64_t d_row, T* c, int64_t c_row) const {
    if constexpr (std::is_same_v<T, float>)
      if (packed_) return gemm_loops.add_packed(m, n_, k_, a, a_row, packed_.raw<const float>(), d, d_row, c, c_row);
    for (int64_t r = 0; d != c && r < m; ++r) std::memcpy(c + r * c_row, d + r * d_row, size_t(n_) * sizeof(T));
    product(false, column_ != 1, m, n_, k_, T(1), a, a_row, w_, column_ != 1 ? column_ : row_, T(1), c, c_row);
  }

 private:
  const T* w_;
  int64_t n_, k_, row_, column_;
  Tensor packed_;
};

// The groups of samples, each by one task: f(first, rows).
template <class F> void each_group(int64_t n, F&& f) {
  parallel_tasks((n + kRows - 1) / kRows, [&](int64_t i) { f(i * kRows, std::min(kRows, n - i * kRows)); });
}

template <class T> struct Sequence {
  T* data = nullptr;
  int64_t steps = 0, width = 0;
  Sequence() = default;
  Sequence(T* data, int64_t steps, int64_t width) : data(data), steps(steps), width(width) {}
  T* operator()(int64_t sample, int64_t t) const { return data ? data + (sample * steps + t) * width : nullptr; }
  int64_t row() const { return steps * width; }
};

REEL_KERNEL(Recurrent, kCpu) {
  NoGrad no_grad;
  int64_t n = out[0].shape()[0], steps = out[0].shape()[1], u = out[0].shape()[2], g = op.gates();
  if (out[0].size() == 0) return;
  Tensor z = wide(in[0]), weights = wide(in[1]), h0 = wide(in[2]), extra = op.cell == Cell::kSimple ? Tensor() : wide(in[3]);
  Tensor mask = op.masked ? contiguous(in[in.size() - 1]) : Tensor();
  WideAnswer h_all(out[0]), c_all(out[1]), saved_all(out[2]);
  const RecurrentLoops& loops = recurrent_loops[z.dtype() == float64];
  visit_wide(z.dtype(), [&]<class T>(T) {
    Sequence<const T> from(z.raw<const T>(), steps, g * u);
    Sequence<T> h(h_all.data<T>(), steps, u), c, saved;
    if (op.cell == Cell::kLstm) c = {c_all.data<T>(), steps, u};
    if (op.cell != Cell::kSimple) saved = {saved_all.data<T>(), steps, 4 * u};
    const StepWeights<T> w(weights.raw<const T>(), g * u, u, g * u, 1, n * steps);
    each_group(n, [&](int64_t first, int64_t rows) {
      std::vector<T> product_of(op.cell == Cell::kGru ? size_t(rows * 3 * u) : 0);
      for (int64_t t = 0; t < steps; ++t) {
        const T* before = t ? h(first, t - 1) : h0.raw<const T>() + first * u;
        int64_t before_row = t ? h.row() : u;
        bool gru = op.cell == Cell::kGru;
        T* sums = gru ? product_of.data() : op.cell == Cell::kLstm ? saved(first, t) : h(first, t);
        int64_t sums_row = gru ? g * u : op.cell == Cell::kLstm ? saved.row() : h.row();
        w.add(rows, before, before_row, gru ? extra.raw<const T>() : from(first, t), gru ? 0 : from.row(), sums, sums_row);
        for (int64_t r = 0; r < rows; ++r) {
          int64_t i = first + r;
          const T* h_before = before + r * before_row;
          const T* c_before = c.data ? (t ? c(i, t - 1) : extra.raw<const T>() + i * u) : nullptr;
          if (op.cell == Cell::kSimple) loops.tanh(u, h(i, t));
          else if (gru) loops.gru(u, from(i, t), sums + r * sums_row, h_before, saved(i, t), h(i, t));
          else loops.lstm(u, saved(i, t), c_before, c(i, t), h(i, t));
          if (!mask || mask.raw<const bool>()[i * steps + t]) continue;
          std::memcpy(h(i, t), h_before, size_t(u) * sizeof(T));
          if (c.data) std::memcpy(c(i, t), c_before, size_t(u) * sizeof(T));
        }
      }
    });
  });
  h_all.finish(), c_all.finish(), saved_all.finish();
}

REEL_KERNEL(RecurrentGrad, kCpu) {
  NoGrad no_grad;
  int64_t n = in[4].shape()[0], steps = in[4].shape()[1], u = in[4].shape()[2], g = op.gates();
  Tensor weights = wide(in[0]), h0 = wide(in[1]), extra = wide(in[2]), mask = op.masked ? contiguous(in[3]) : Tensor();
  Tensor h_all = wide(in[4]), c_all = wide(in[5]), saved_all = wide(in[6]), gh_all = wide(in[7]), gc_all = wide(in[8]), gs_all = wide(in[9]);
  WideAnswer gz_all(out[0]), gr_all(out[1]), gh0(out[2]), gc0(out[3]);
  const RecurrentLoops& loops = recurrent_loops[weights.dtype() == float64];
  visit_wide(weights.dtype(), [&]<class T>(T) {
    auto sequence = [&](const Tensor& x, int64_t width) { return x.rank() == 3 ? Sequence<const T>(x.raw<const T>(), steps, width) : Sequence<const T>(); };
    Sequence<const T> h = sequence(h_all, u), c = sequence(c_all, u), saved = sequence(saved_all, 4 * u), gh = sequence(gh_all, u), gc = sequence(gc_all, u),
                      gs = sequence(gs_all, 4 * u);
    Sequence<T> gz(gz_all.data<T>(), steps, g * u), gr;
    bool gru = op.cell == Cell::kGru, is_lstm = op.cell == Cell::kLstm;
    if (gru) gr = {gr_all.data<T>(), steps, u};
    const int64_t shared = gru ? 2 * u : g * u;  // gates whose two products have one gradient
    const StepWeights<T> back(weights.raw<const T>(), u, shared, 1, g * u, n * steps);
    const StepWeights<T> back_last(weights.raw<const T>() + shared, u, g * u - shared, 1, g * u, gru ? n * steps : 0);
    each_group(n, [&](int64_t first, int64_t rows) {
      std::vector<T> carry(size_t(rows * u)), cell_carry(carry.size()), into(static_cast<size_t>(u)), into_cell(into), held_cell(into);
      for (int64_t t = steps - 1; t >= 0; --t) {
        for (int64_t r = 0; r < rows; ++r) {
          int64_t i = first + r;
          T *state = carry.data() + r * u, *cell = cell_carry.data() + r * u;
          for (int64_t k = 0; k < u; ++k) into[size_t(k)] = state[k] + (gh.data ? gh(i, t)[k] : T(0));
          for (int64_t k = 0; k < u; ++k) into_cell[size_t(k)] = cell[k] + (gc.data ? gc(i, t)[k] : T(0)), state[k] = 0;
          bool held = mask && !mask.raw<const bool>()[i * steps + t];
          if (held) {  // the state passed by the cell, and so does its gradient
            std::memcpy(state, into.data(), size_t(u) * sizeof(T));
            std::fill(into.begin(), into.end(), T(0));
            held_cell = into_cell;
            std::fill(into_cell.begin(), into_cell.end(), T(0));
          }
          if (is_lstm) {
            const T* c_before = t ? c(i, t - 1) : extra.raw<const T>() + i * u;
            loops.lstm_grad(u, saved(i, t), c_before, c(i, t), into.data(), into_cell.data(), gs(i, t), gz(i, t), cell);
            if (held) for (int64_t k = 0; k < u; ++k) cell[k] += held_cell[size_t(k)];
          } else if (gru) {
            loops.gru_grad(u, saved(i, t), t ? h(i, t - 1) : h0.raw<const T>() + i * u, into.data(), gs(i, t), gz(i, t), gr(i, t), into_cell.data());
            for (int64_t k = 0; k < u; ++k) state[k] += into_cell[size_t(k)];
          } else {
            for (int64_t k = 0; k < u; ++k) gz(i, t)[k] = into[size_t(k)] * (T(1) - h(i, t)[k] * h(i, t)[k]);
          }
        }
        back.add(rows, gz(first, t), gz.row(), carry.data(), u, carry.data(), u);
        if (gru) back_last.add(rows, gr(first, t), gr.row(), carry.data(), u, carry.data(), u);
        if (gru) std::fill(cell_carry.begin(), cell_carry.end(), T(0));
      }
      std::memcpy(gh0.data<T>() + first * u, carry.data(), carry.size() * sizeof(T));
      if (is_lstm) std::memcpy(gc0.data<T>() + first * u, cell_carry.data(), cell_carry.size() * sizeof(T));
    });
  });
  gz_all.finish(), gr_all.finish(), gh0.finish(), gc0.finish();
}

// The checks and the products before the loop, for every cell. `extra`: the initial cell state, or the recurrent bias.
RecurrentResult run(const char* op, Cell cell, const Tensor& given, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias, const Tensor& h,
                    const Tensor& c, const RecurrentOptions& o, Where where) {
  return formula(where, [&]() -> RecurrentResult {
    Recurrence r{cell, bool(o.mask)};
    const Tensor* shown[] = {&given, &kernel, &recurrent};
    Inputs in(shown, 3);
    if (given.rank() != 3) fail(op, "x must be [n, steps, features]", in);
    int64_t n = given.shape()[0], steps = given.shape()[1];
    if (recurrent.rank() != 2 || recurrent.shape()[1] != r.gates() * recurrent.shape()[0])
      fail(op, "the recurrent weights must be [units, " + std::to_string(r.gates()) + " units]", in);
    int64_t units = recurrent.shape()[0], width = recurrent.shape()[1];
    if (!(kernel.shape() == Shape{given.shape()[2], width})) fail(op, "the kernel must be " + to_string(Shape{given.shape()[2], width}), in);
    DType t = promoted_float(in);
    auto parameter = [&](const char* what, const Tensor& p, const Shape& s) {
      if (!p) return zeros(s, t, recurrent.device(), where);
      const Tensor* both[] = {&given, &p};
      if (!(p.shape() == s)) fail(op, std::string(what) + " must be " + to_string(s), Inputs(both, 2));
      return cast(p, t, where);
    };
    Tensor h0 = parameter("the initial state", h, {n, units}), c0 = cell == Cell::kLstm ? parameter("the initial cell state", c, {n, units}) : Tensor();
    Tensor b = bias || cell == Cell::kGru ? parameter("the bias", bias, cell == Cell::kGru ? Shape{2, width} : Shape{width}) : Tensor();
    if (o.mask && (o.mask.dtype() != boolean || !(o.mask.shape() == Shape{n, steps}))) {
      const Tensor* both[] = {&given, &o.mask};
      fail(op, "the mask must be bool " + to_string(Shape{n, steps}), Inputs(both, 2));
    }
    if (steps == 0) return {zeros({n, 0, units}, t, given.device(), where), h0, c0};
    Tensor x = o.backwards ? flip(given, 1, where) : given;
    Tensor z = matmul(cast(x, t, where), cast(kernel, t, where), where);
    if (bias) z = z + (cell == Cell::kGru ? b[0] : b);
    Tensors inputs{z, cast(recurrent, t, where), h0};
    if (cell == Cell::kLstm) inputs.push_back(c0);
    if (cell == Cell::kGru) inputs.push_back(b[1]);
    if (o.mask) inputs.push_back(o.backwards ? flip(o.mask, 1, where) : o.mask);
    auto all = apply(Recurrent{r}, inputs, where);
    return {all[0], at(all[0], steps - 1), cell == Cell::kLstm ? at(all[1], steps - 1) : Tensor()};
  });
}

}  // namespace

RecurrentResult simple_rnn(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias, const Tensor& h, const RecurrentOptions& o,
                           Where where) {
  return run("simple_rnn", Cell::kSimple, x, kernel, recurrent, bias, h, {}, o, where);
}
RecurrentResult lstm(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias, const Tensor& h, const Tensor& c,
                     const RecurrentOptions& o, Where where) {
  return run("lstm", Cell::kLstm, x, kernel, recurrent, bias, h, c, o, where);
}
RecurrentResult gru(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias, const Tensor& h, const RecurrentOptions& o,
                    Where where) {
  return run("gru", Cell::kGru, x, kernel, recurrent, bias, h, {}, o, where);
}

}  // namespace reel
