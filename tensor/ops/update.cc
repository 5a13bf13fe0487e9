// The compound assignments: elementwise ops whose result replaces their first operand.
#include "tensor/cpu/elementwise.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/strided.h"
#include "tensor/ops/update.h"
#include "tensor/ops/view.h"
#include "tensor/trace.h"

namespace reel {
namespace {

int kind(DType t) { return is_complex(t) ? 3 : is_floating(t) ? 2 : t != DType::kBool; }

// Everything that can be wrong with `x OP= y`, before anything changes.
void check_update(const char* op, const Spec& result, const Tensor& x, Inputs in) {
  if (x.device() == symbolic()) fail<DeviceError>(op, "a symbolic tensor has no values to write into (x = x OP y makes a new one)", in);
  if (x.device() == traced()) fail<DeviceError>(op, "nothing is written in place inside vmap or jvp (x = x OP y makes a new tensor)", in);
  for (int i = 1; i < in.size(); ++i)
    if (in[i].device() == traced()) fail<DeviceError>(op, "a traced value is not written into a plain tensor (x = x OP y makes a new one)", in);
  if (!(result.shape == x.shape())) fail(op, "the result is " + to_string(result.shape) + " and is not written into a", in);
  if (kind(result.dtype) > kind(x.dtype()))
    fail<DTypeError>(op, std::string("the result is ") + name(result.dtype) + " and is not written into " + name(x.dtype()) + " (x = x OP y makes a new tensor)", in);
}

// The tensor that x is a view of, where an update while recording goes on: null when x stands for itself. Whoever else shares the
// storage either notices by its version or is a reason to refuse.
Body* viewed_by(const char* op, const Tensor& x, Inputs in, Where where) {
  const Body& b = x.body();
  const Storage& s = *b.storage;
  for (const History* h = b.history; h; h = h->viewed())
    if (h->is_variable()) {
      if (h == b.history) begin_write(x, op, where);
      fail<TapeError>(op, "a view of a variable is written in place while recording; do it under NoGrad", in);
    }
  if (b.history && b.version != s.version.load(std::memory_order_relaxed))
    fail<TapeError>(op, "operand a was overwritten at " + to_string(s.written) + " after it was recorded; its gradient would be wrong", in);
  int sharing = s.refs.load(std::memory_order_acquire);
  Body* base = s.owner;
  if (!b.is_view || base == &b) {
    if (!b.history && sharing > 1)
      fail<TapeError>(op, "a shares its storage with other tensors, which would take the recorded values without their history (use a new tensor, or NoGrad)", in);
    return nullptr;
  }
  if (!base) {
    // Nobody is left who sees more than the view does, or who that is cannot be said.
    if (sharing > 1) fail<TapeError>(op, "a is a view that shares its storage with tensors whose history cannot follow (build a new tensor, or use NoGrad)", in);
    return nullptr;
  }
  if (!base->history && (b.history || sharing > 2))
    fail<TapeError>(op, "a views a storage that others share, which would take the recorded values without their history (use a new tensor, or NoGrad)", in);
  if (base->history) {
    const History* h = b.history;
    while (h && h != base->history) h = h->viewed();
    if (!h)
      fail<TapeError>(op, "a is a view without the history of what it views (made under NoGrad, detached, or replayed since): the gradient would be wrong", in);
    if (base->version != s.version.load(std::memory_order_relaxed)) fail<TapeError>(op, "what a views was overwritten at " + to_string(s.written) + " after it was recorded", in);
  }
  return base;
}

// The values x has now, with its history: in its own memory, or for rules that look at them in a copy.
Tensor before_update(const Tensor& x, bool copied, Where where) {
  NoGrad no_grad;
  const Body& b = x.body();
  Tensor old = copied ? clone(x, where) : Tensor(new_view(b, b.shape, b.strides, 0, where));
  Body& o = old.body();
  o.is_view = false;
  o.where = b.where;
  o.made_by = b.made_by;
  o.output = b.output;
  o.history = b.history;
  if (o.history) o.history->retain();
  return old;
}

// x goes on as `result`: its history, which belongs to values that x's memory has now.
void take_history(Body& b, const Tensor& result, Where where) {
  Body& r = result.body();
  if (r.history) r.history->retain();
  if (b.history) b.history->release();
  b.history = r.history;
  b.output = r.output;
  b.made_by = r.made_by;
  b.where = where;
  b.version = b.storage->version.load(std::memory_order_relaxed);
}

// Writes `result` to x's memory and gives x, and what x views, their new histories.
void write_recorded(const Tensor& x, const Tensor& result, Body* base, Where where) {
  Tensor put;
  if (base) {
    // Recorded beside the write itself: the values are in place already.
    PutRegion op{region_of(x.body(), *base)};
    retain(base);
    Tensor before = before_update(Tensor(base), false, where);
    put = Tensor(new_body({}, base->dtype, base->device, where));
    Body& p = put.body();
    p.shape = base->shape;
    p.made_by = &op_type<PutRegion>();
    const Tensor* in[] = {&before, &result};
    History* recorder = before.body().history ? before.body().history : result.body().history;
    if (recorder) recorder->record(Call{&op_type<PutRegion>(), &op, Inputs(in, 2), &put, where});
  }
  {
    NoGrad no_grad;
    assign(detach(x), detach(result), where);
  }
  take_history(x.body(), result, where);
  if (base) take_history(*base, put, where);
}

template <class O> void update_recorded(const O& op, Tensor& x, Tensor y, Body* base, Where where) {
  bool keeps = O::keep & (kIn | kCross);
  Tensor old = before_update(x, keeps, where);
  if (y.get() == x.get()) y = old;
  else if (keeps && y.body().storage == x.body().storage) y = clone(y, where);
  write_recorded(x, cast(apply(op, old, y, where), x.dtype(), where), base, where);
}

template <class O> void update_plain(const O& op, Tensor& x, const Tensor& y, const Spec& result, Inputs in, Where where) {
  bool same_dtype = result.dtype == x.dtype() && result.compute == x.dtype() && y.dtype() == x.dtype();
  bool apart = y.get() == x.get() || y.body().storage != x.body().storage;
  bool observed = mode() & ~(kNoRecord | kTraining);
  if (same_dtype && apart && !observed && x.device() == cpu() && y.device() == cpu()) {
    begin_write(x, O::name, where);
    return elementwise_kernel<O>(&op, in, &x);
  }
  Tensor computed;
  {
    NoGrad no_grad;
    computed = cast(apply(op, x, y, where), x.dtype(), where);
  }
  assign(x, computed, where);
}

template <class O> Tensor& update(const O& op, Tensor& x, const Operand& operand) {
  Where where = operand.where;
  try {
    Tensor y = operand.tensor ? *operand.tensor : operand.like(x);
    const Tensor* at[] = {&x, &y};
    Inputs in(at, 2);
    if (!x || !y) apply(op, in, where);  // says which one is empty
    Spec result = op.infer(in);
    check_update(O::name, result, x, in);
    if (recording() && (x.has_history() || y.has_history())) {
      Body* base = viewed_by(O::name, x, in, where);
      update_recorded(op, x, std::move(y), base, where);
    } else {
      update_plain(op, x, y, result, in, where);
    }
    return x;
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
}

}  // namespace

void assign_recorded(const Tensor& x, const Tensor& value, Where where) {
  const Tensor* at[] = {&x, &value};
  Body* base = viewed_by("assign", x, Inputs(at, 2), where);
  for (int i = 0; i < x.rank(); ++i)
    if (x.body().strides[i] == 0 && x.shape()[i] > 1) begin_write(detach(x), "assign", where);  // says so
  Tensor own = cast(broadcast_to(value, x.shape(), where), x.dtype(), where);
  // A copy: the value's later writes are not x's, and it may overlap with x.
  write_recorded(x, clone(own, where), base, where);
}

Tensor& operator+=(Tensor& x, Operand y) { return update(Add{}, x, y); }
Tensor& operator-=(Tensor& x, Operand y) { return update(Sub{}, x, y); }
Tensor& operator*=(Tensor& x, Operand y) { return update(Mul{}, x, y); }
Tensor& operator/=(Tensor& x, Operand y) { return update(Div{}, x, y); }

void accumulate(const Tensor& sum, const Tensor& x) {
  const Tensor* in[] = {&sum, &x};
  Tensor out = sum;
  Add op;
  op_type<Add>().kernels[int(DeviceType::kCpu)](&op, Inputs(in, 2), &out);
}

}  // namespace reel
