// The compound assignments: elementwise ops whose result replaces their first operand.
#include "tensor/cpu/elementwise.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/exponential.h"

namespace reel {
namespace {

int kind(DType t) { return is_floating(t) ? 2 : t != DType::kBool; }

// Everything that can be wrong with `x OP= y`, before anything changes.
void check_update(const char* op, const Spec& result, const Tensor& x, Inputs in) {
  if (x.device() == symbolic()) fail<DeviceError>(op, "a symbolic tensor has no values to write into (x = x OP y makes a new one)", in);
  if (!(result.shape == x.shape())) fail(op, "the result is " + to_string(result.shape) + " and is not written into a", in);
  if (kind(result.dtype) > kind(x.dtype()))
    fail<DTypeError>(op, std::string("the result is ") + name(result.dtype) + " and is not written into " + name(x.dtype()) + " (x = x OP y makes a new tensor)", in);
}

void check_recorded(const char* op, const Tensor& x, Inputs in) {
  const Body& b = x.body();
  if (b.history && b.history->is_variable()) begin_write(x, op, {});
  if (b.is_view)
    fail<TapeError>(op, "a view is written in place while recording; the gradient of what it views would be wrong (build a new tensor, or use NoGrad)", in);
  if (!b.history && b.storage->refs.load(std::memory_order_acquire) > 1)
    fail<TapeError>(op, "a shares its storage with other tensors, which would take the recorded values without their history (use a new tensor, or NoGrad)", in);
  if (b.history && b.version != b.storage->version.load(std::memory_order_relaxed))
    fail<TapeError>(op, "operand a was overwritten at " + to_string(b.storage->written) + " after it was recorded; its gradient would be wrong", in);
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

template <class O> void update_recorded(const O& op, Tensor& x, Tensor y, Where where) {
  bool keeps = O::keep & (kIn | kCross);
  Tensor old = before_update(x, keeps, where);
  if (y.get() == x.get()) y = old;
  else if (keeps && y.body().storage == x.body().storage) y = clone(y, where);
  Tensor result = cast(apply(op, old, y, where), x.dtype(), where);
  NoGrad no_grad;
  assign(x, result, where);
  Body &b = x.body(), &r = result.body();
  std::swap(b.history, r.history);
  b.output = r.output;
  b.made_by = r.made_by;
  b.where = where;
  b.version = b.storage->version.load(std::memory_order_relaxed);
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
      check_recorded(O::name, x, in);
      update_recorded(op, x, std::move(y), where);
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

Tensor& operator+=(Tensor& x, Operand y) { return update(Add{}, x, y); }
Tensor& operator-=(Tensor& x, Operand y) { return update(Sub{}, x, y); }
Tensor& operator*=(Tensor& x, Operand y) { return update(Mul{}, x, y); }
Tensor& operator/=(Tensor& x, Operand y) { return update(Div{}, x, y); }

}  // namespace reel
