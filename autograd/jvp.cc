#include <algorithm>

#include "autograd/node.h"
#include "autograd/tracers.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// An op's gradient rule with everything at hand.
struct Rule final : Vjp {
  const Tensors &x, &y;
  Tensors g;
  int only = -1;  // the one input whose gradient is asked for; -1: those marked
  std::vector<bool> asked;
  Rule(const Tensors& inputs, const Tensors& outputs) : x(inputs), y(outputs), g(outputs.size()), asked(inputs.size()) {}
  Tensor gy(int output) const override { return g[size_t(output)] ? g[size_t(output)] : zeros_like(y[size_t(output)]); }
  bool has_gy(int output) const override { return bool(g[size_t(output)]); }
  Tensor in(int i) const override { return x[size_t(i)]; }
  Tensor out(int output) const override { return y[size_t(output)]; }
  Shape shape(int i) const override { return x[size_t(i)].shape(); }
  bool needs(int i) const override { return only >= 0 ? i == only : bool(asked[size_t(i)]); }
  Tensor sum(int) const override { return {}; }
  std::unique_ptr<Deferred>* deferred(int) const override { return nullptr; }
  int inputs() const override { return int(x.size()); }
};

Tensor plus(const Tensor& a, const Tensor& b) { return !a ? b : !b ? a : a + b; }
Tensor as(const Tensor& x, DType t) { return x && x.dtype() != t ? cast(x, t) : x; }

// Every element is computed alone: the rule for one operand, given its tangent for a gradient, answers that operand's part. Of complex
// numbers a rule multiplies by the conjugate: so does the conjugate of what it answers to the conjugate.
Tensor along_elements(const OpType& type, const void* op, Rule& rule, const Tensors& tangents) {
  Tensor total;
  for (size_t i = 0; i < tangents.size(); ++i) {
    if (!tangents[i] || !is_inexact(rule.x[i].dtype())) continue;
    rule.only = int(i);
    rule.g[0] = conj(as(broadcast_to(tangents[i], rule.y[0].shape()), rule.y[0].dtype()));
    Grads g = type.vjp(op, rule);
    if (int(i) < g.size() && g[int(i)]) total = plus(total, broadcast_to(conj(g[int(i)]), rule.y[0].shape()));
  }
  return as(total, rule.y[0].dtype());
}

// The rule is linear in the gradients u that it is given; its own gradient by u, at the tangents, is the derivative forward.
Tensors through_rule(const OpType& type, const void* op, Rule& rule, const Tensors& tangents) {
  Tensors u(rule.y.size());
  bool recorded = recording();
  EnableGrad again;
  ModeScope keeping(0, kForget);
  for (size_t k = 0; k < u.size(); ++k)
    if (is_inexact(rule.y[k].dtype())) u[k] = rule.g[k] = variable(zeros_like(rule.y[k]));
  for (size_t i = 0; i < tangents.size(); ++i) rule.asked[i] = bool(tangents[i]);
  Grads g = type.vjp(op, rule);
  Tensor total;
  for (size_t i = 0; i < tangents.size() && int(i) < g.size(); ++i) {
    Tensor part = g[int(i)];
    if (!part || !tangents[i]) continue;
    if (type.broadcasts) part = sum_to(part, rule.x[i].shape());
    total = plus(total, sum(real(conj(as(part, rule.x[i].dtype())) * tangents[i])));
  }
  Tensors answers(u.size()), wanted;
  if (!total || !total.has_history()) return answers;
  for (const Tensor& v : u)
    if (v) wanted.push_back(v);
  Tensors found = reel::grad(total, wanted, {.create_graph = recorded, .allow_unused = true});
  for (size_t k = 0, at = 0; k < u.size(); ++k)
    if (u[k]) answers[k] = found[at++];
  return answers;
}

}  // namespace

Tensor Tangents::detached(Where where) const { return detach(primal, where); }

Tensor JvpTracer::dual(const Tensor& x, const Tensor& t, Where where) const {
  if (!t) return x;
  auto* h = new Tangents;
  h->tracer = id;
  h->primal = x;
  h->tangent = t;
  Tensor y = traced_tensor(x.shape(), x.dtype(), h, where);
  // Views are taken of the primal: who decides by the layout between copy and view must see its own.
  std::copy_n(x.body().strides, x.rank(), y.body().strides);
  y.body().contiguous = x.body().contiguous;
  return y;
}
Tensor JvpTracer::primal(const Tensor& x) const { return belongs(x, *this) ? static_cast<Tangents&>(traced_of(x)).primal : x; }
Tensor JvpTracer::tangent(const Tensor& x) const { return belongs(x, *this) ? static_cast<Tangents&>(traced_of(x)).tangent : Tensor(); }

void JvpTracer::apply(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) {
  Tensors x, tangents, y(type.outputs);
  std::vector<const Tensor*> at;
  for (int i = 0; i < in.size(); ++i) {
    x.push_back(primal(in[i]));
    tangents.push_back(tangent(in[i]));
  }
  for (const Tensor& t : x) at.push_back(&t);
  TracerScope around(outer);
  detail::apply(type, op, Inputs(at.data(), int(at.size())), y.data(), where);
  bool any_float = false;
  for (const Tensor& t : y) any_float |= is_inexact(t.dtype());
  Tensors answers(y.size());
  if (any_float) {
    ModeScope as_recorded(0, kAutocast);
    Rule rule(x, y);
    if (type.elementwise) answers[0] = along_elements(type, op, rule, tangents);
    else answers = through_rule(type, op, rule, tangents);
  }
  for (size_t k = 0; k < y.size(); ++k) out[k] = dual(y[k], answers[k], where);
}

Dual jvp(const Function& f, const Tensors& inputs, const Tensors& tangents, Where where) {
  return located(where, [&] {
    if (tangents.size() != inputs.size())
      throw ShapeError("jvp: " + std::to_string(tangents.size()) + " tangents for " + std::to_string(inputs.size()) + " inputs");
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor &x = inputs[i], &t = tangents[i];
      if (t && (!is_inexact(x.dtype()) || !(t.shape() == x.shape() && t.dtype() == x.dtype())))
        throw ShapeError("jvp: a tangent is a float or complex tensor of its input's shape and dtype\n  a  " + describe(x) + "\n  b  " + describe(t));
    }
    Device home = inputs.empty() ? cpu() : inputs[0].device() == traced() ? innermost_tracer()->home : inputs[0].device();
    JvpTracer tracer(home);
    Tensors x;
    for (size_t i = 0; i < inputs.size(); ++i) x.push_back(tracer.dual(inputs[i], tangents[i], where));
    Dual d;
    for (const Tensor& y : f(x)) {
      TracerScope around(tracer.outer);
      d.value.push_back(tracer.primal(y));
      Tensor t = tracer.tangent(y);
      d.tangent.push_back(t || !is_inexact(y.dtype()) ? t : zeros_like(d.value.back(), where));
    }
    return d;
  });
}

}  // namespace reel
