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
int64_t groups(int64_t n) { return (n + kRows - 1) / kRows; }

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
// product's last third; its other gradients are gz's), of the initial h and of the initial c, and the sums of gz and gr over each group's
// samples and steps.
struct RecurrentGrad : Recurrence {
  static constexpr const char* name = "recurrent_grad";
  static constexpr Keep keep = kNothing;
  static constexpr int outputs = 5;
  std::array<Spec, 5> infer(Inputs in) const {
    DType t = in[0].dtype();
    int64_t units = in[0].shape()[0];
    bool gru = cell == Cell::kGru;
    Spec none({0}, t), gz(sequence_shape(in[4].shape(), gates() * units), t), gr(sequence_shape(in[4].shape(), units), t), state(in[1].shape(), t);
    return {gz, gru ? gr : none, state, cell == Cell::kLstm ? state : none, Spec({groups(in[4].shape()[0]), (gates() + gru) * units}, t)};
  }
  Grads vjp(const Vjp&) const { throw TapeError("recurrent_grad: is not recorded; a recorded replay uses its formula"); }
  double flop(Inputs in, const Tensor*) const { return 2. * double(gates() * in[4].size() * in[0].shape()[0]); }
};
// Inputs x [n, steps, features], kernel, bias, recurrent weights, initial h, initial c (LSTM) or recurrent bias (GRU), mask. x kernel + bias
// never exists: it is computed where the gates of a step will stand. Outputs h, c and the activated gates of all steps; their gradients
// all count, so that a recorded gradient may be written with them.
struct Recurrent : Recurrence {
  static constexpr const char* name = "recurrent";
  static constexpr Precision precision = kLow;
  static constexpr Keep keep = kIn | kOut;
  static constexpr int outputs = 3;
  std::array<Spec, 3> infer(Inputs in) const {
    DType t = in[0].dtype();
    int64_t units = in[3].shape()[0];
    Spec none({0}, t), h(sequence_shape(in[0].shape(), units), t), saved(sequence_shape(in[0].shape(), 4 * units), t);
    return {h, cell == Cell::kLstm ? h : none, cell == Cell::kSimple ? none : saved};
  }
  Grads vjp(const Vjp& v) const;
  double flop(Inputs in, const Tensor* out) const { return 2. * double(gates() * out[0].size() * (in[0].shape()[2] + in[3].shape()[0])); }
};

Tensor at(const Tensor& x, int64_t t) { return squeeze(slice_axis(x, 1, t, 1), 1); }
// The state before each step: initial, then all but the last.
Tensor states_before(const Tensor& initial, const Tensor& all) {
  return concat({expand_dims(initial, 1), slice_axis(all, 1, 0, all.shape()[1] - 1)}, 1);
}

// The replay through time in ops: what RecurrentGrad answers.
std::array<Tensor, 5> through_time(const Recurrence& op, const Tensor& weights, const Tensor& h0, const Tensor& c0, const Tensor& mask, const Tensor& h,
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
  Tensor to_z = stack(gz, 1), to_last = gr.empty() ? Tensor() : stack(gr, 1);
  Tensor sums = sum(to_last ? concat({to_z, to_last}, 2) : to_z, {0, 1}, false);
  return {to_z, to_last, carry, cell_carry, expand_dims(sums, 0)};
}

Grads Recurrent::vjp(const Vjp& v) const {
  bool has_extra = cell != Cell::kSimple, gru = cell == Cell::kGru;
  Tensor x = v.in(0), weights = v.in(3), h0 = v.in(4), extra = has_extra ? v.in(5) : Tensor(), mask = masked ? v.in(v.inputs() - 1) : Tensor();
  Tensor h = v.out(0), c = cell == Cell::kLstm ? v.out(1) : Tensor(), saved = has_extra ? v.out(2) : Tensor();
  Tensor gh = v.has_gy(0) ? v.gy(0) : Tensor(), gc = v.has_gy(1) && c ? v.gy(1) : Tensor(), gs = v.has_gy(2) && saved ? v.gy(2) : Tensor();
  std::array<Tensor, 5> g;
  if (recording()) {
    g = through_time(*this, weights, h0, extra, mask, h, c, saved, gh, gc, gs);
  } else {
    Tensor none = zeros({0}, weights.dtype(), weights.device());
    auto given = [&](const Tensor& t) { return t ? t : none; };
    g = apply(RecurrentGrad{*this}, Tensors{weights, h0, given(extra), given(mask), h, given(c), given(saved), given(gh), given(gc), given(gs)}, {});
  }
  c = saved = gh = gc = gs = Tensor();  // as large as what follows
  v.done_with_outputs();
  int64_t units = h0.shape()[1], rows = h.shape()[0] * h.shape()[1], shared = (gru ? 2 : gates()) * units;
  Tensor gz = reshape(g[0], {rows, gates() * units}), sums = sum(g[4], 0);
  // The gradient of the recurrent product is gz's too, but for the last third of a GRU's.
  Tensor last = gru ? reshape(g[1], {rows, units}) : Tensor();
  Tensors to(size_t(v.inputs()));
  if (v.needs(0)) to[0] = reshape(matmul(gz, swapaxes(v.in(1), 0, 1)), x.shape());
  if (v.needs(1)) to[1] = matmul(swapaxes(reshape(x, {rows, x.shape()[2]}), 0, 1), gz);
  if (v.needs(2)) to[2] = slice_axis(sums, 0, 0, gates() * units);
  if (v.needs(3)) {
    Tensor states = swapaxes(reshape(states_before(h0, h), {rows, units}), 0, 1);
    to[3] = matmul(states, slice_axis(gz, 1, 0, shared));
    if (gru) to[3] = concat({to[3], matmul(states, last)}, 1);
  }
  to[4] = g[2];
  if (cell == Cell::kLstm) to[5] = g[3];
  if (gru && v.needs(5)) to[5] = concat({slice_axis(sums, 0, 0, shared), slice_axis(sums, 0, gates() * units, units)}, 0);
  return Grads(std::move(to));
}

// The right-hand matrix of the products of all steps. Packing it costs as much as a product with a few rows.
template <class T> class StepWeights {
 public:
  // w is [k, n] by these strides, one of which is 1; `rows` will be multiplied in all.
  StepWeights(const T* w, int64_t n, int64_t k, int64_t row, int64_t column, int64_t rows) : w_(w), n_(n), k_(k), row_(row), column_(column) {
    if (rows < kRows) return;
    packed_ = Tensor(new_body({gemm_loops<T>.packed_size(n, k)}, dtype_of<T>(), cpu(), {}));
    constexpr int64_t kColumns = 64;  // whole panels on every level
    int64_t pieces = (n + kColumns - 1) / kColumns, tasks = n * k < 1 << 16 ? 1 : std::min<int64_t>(pieces, num_threads());
    parallel_tasks(tasks, [&](int64_t i) {
      int64_t first = pieces * i / tasks * kColumns, last = std::min(pieces * (i + 1) / tasks * kColumns, n);
      gemm_loops<T>.pack(last - first, k, w + first * column, row, column, packed_.raw<T>() + first * k);
    });
  }
  // c [m, n] = d + a [m, k] w; d may be c, or one row for all (of stride 0).
  void add(int64_t m, const T* a, int64_t a_row, const T* d, int64_t d_row, T* c, int64_t c_row) const {
    if (packed_) return gemm_loops<T>.add_packed(m, n_, k_, a, a_row, packed_.raw<const T>(), d, d_row, c, c_row);
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
  parallel_tasks(groups(n), [&](int64_t i) { f(i * kRows, std::min(kRows, n - i * kRows)); });
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
  Tensor x = wide(in[0]), kernel = wide(in[1]), bias = wide(in[2]), weights = wide(in[3]), h0 = wide(in[4]);
  Tensor extra = op.cell == Cell::kSimple ? Tensor() : wide(in[5]);
  Tensor mask = op.masked ? contiguous(in[in.size() - 1]) : Tensor();
  WideAnswer h_all(out[0]), c_all(out[1]), saved_all(out[2]);
  const RecurrentLoops& loops = recurrent_loops[x.dtype() == float64];
  visit_wide(x.dtype(), [&]<class T>(T) {
    const int64_t features = x.shape()[2];
    Sequence<const T> from(x.raw<const T>(), steps, features);
    Sequence<T> h(h_all.data<T>(), steps, u), c, saved;
    if (op.cell == Cell::kLstm) c = {c_all.data<T>(), steps, u};
    if (op.cell != Cell::kSimple) saved = {saved_all.data<T>(), steps, 4 * u};
    const Sequence<T>& sums = op.cell == Cell::kSimple ? h : saved;  // where x kernel + bias stands
    const StepWeights<T> w_in(kernel.raw<const T>(), g * u, features, g * u, 1, n * steps), w(weights.raw<const T>(), g * u, u, g * u, 1, n * steps);
    const bool gru = op.cell == Cell::kGru;
    each_group(n, [&](int64_t first, int64_t rows) {
      std::vector<T> product_of(gru ? size_t(rows * 3 * u) : 0);
      w_in.add(rows * steps, from(first, 0), features, bias.raw<const T>(), 0, sums(first, 0), sums.width);
      for (int64_t t = 0; t < steps; ++t) {
        const T* before = t ? h(first, t - 1) : h0.raw<const T>() + first * u;
        int64_t before_row = t ? h.row() : u;
        if (gru) w.add(rows, before, before_row, extra.raw<const T>(), 0, product_of.data(), g * u);
        else w.add(rows, before, before_row, sums(first, t), sums.row(), sums(first, t), sums.row());
        for (int64_t r = 0; r < rows; ++r) {
          int64_t i = first + r;
          const T* h_before = before + r * before_row;
          const T* c_before = c.data ? (t ? c(i, t - 1) : extra.raw<const T>() + i * u) : nullptr;
          if (op.cell == Cell::kSimple) loops.tanh(u, h(i, t));
          else if (gru) loops.gru(u, product_of.data() + r * g * u, h_before, saved(i, t), h(i, t));
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
  WideAnswer gz_all(out[0]), gr_all(out[1]), gh0(out[2]), gc0(out[3]), sums_all(out[4]);
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
    Sequence<T> sums(sums_all.data<T>(), 1, (g + gru) * u);
    // The gradients of one step lie apart from the others': rows of a power of two, many steps apart, would push each other out of the cache.
    const int64_t apart = (g + gru) * u + 16;
    each_group(n, [&](int64_t first, int64_t rows) {
      std::vector<T> carry(size_t(rows * u)), cell_carry(carry.size()), step(size_t(rows * apart)), none(static_cast<size_t>(u)), unused(none);
      T* sum = sums(first / kRows, 0);
      std::fill_n(sum, sums.width, T(0));
      for (int64_t t = steps - 1; t >= 0; --t) {
        for (int64_t r = 0; r < rows; ++r) {
          int64_t i = first + r;
          T *state = carry.data() + r * u, *cell = cell_carry.data() + r * u, *to = step.data() + r * apart;
          if (gh.data) loops.add(u, gh(i, t), state);
          if (gc.data) loops.add(u, gc(i, t), cell);
          // A state that passed by the cell has a gradient that does too.
          bool held = mask && !mask.raw<const bool>()[i * steps + t];
          const T *into = held ? none.data() : state, *into_cell = held ? none.data() : cell;
          if (is_lstm) {
            const T* c_before = t ? c(i, t - 1) : extra.raw<const T>() + i * u;
            loops.lstm_grad(u, saved(i, t), c_before, c(i, t), into, into_cell, gs(i, t), to, held ? unused.data() : cell);
          } else if (gru) {
            const T* h_before = t ? h(i, t - 1) : h0.raw<const T>() + i * u;
            loops.gru_grad(u, saved(i, t), h_before, into, gs(i, t), to, to + g * u, held ? unused.data() : state);
          } else {
            loops.tanh_grad(u, h(i, t), into, to);
          }
          if (!gru && !held) std::fill_n(state, u, T(0));
          std::memcpy(gz(i, t), to, size_t(g * u) * sizeof(T));
          if (gru) std::memcpy(gr(i, t), to + g * u, size_t(u) * sizeof(T));
        }
        loops.add_rows(rows, sums.width, step.data(), apart, sum);
        back.add(rows, step.data(), apart, carry.data(), u, carry.data(), u);
        if (gru) back_last.add(rows, step.data() + g * u, apart, carry.data(), u, carry.data(), u);
      }
      std::memcpy(gh0.data<T>() + first * u, carry.data(), carry.size() * sizeof(T));
      if (is_lstm) std::memcpy(gc0.data<T>() + first * u, cell_carry.data(), cell_carry.size() * sizeof(T));
    });
  });
  gz_all.finish(), gr_all.finish(), gh0.finish(), gc0.finish(), sums_all.finish();
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
    Tensor b = parameter("the bias", bias, cell == Cell::kGru ? Shape{2, width} : Shape{width});
    if (o.mask && (o.mask.dtype() != boolean || !(o.mask.shape() == Shape{n, steps}))) {
      const Tensor* both[] = {&given, &o.mask};
      fail(op, "the mask must be bool " + to_string(Shape{n, steps}), Inputs(both, 2));
    }
    if (steps == 0) return {zeros({n, 0, units}, t, given.device(), where), h0, c0};
    Tensor x = o.backwards ? flip(given, 1, where) : given;
    Tensors inputs{cast(x, t, where), cast(kernel, t, where), cell == Cell::kGru ? b[0] : b, cast(recurrent, t, where), h0};
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
