// grad and variable inside vmap and jvp: each tracer in turn is taken off what they are given and put on what they answer.
#include "autograd/node.h"
#include "autograd/tracers.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

Tensors below(Tracer* t, const Tensors& losses, const Tensors& inputs, const GradOptions& o, Where where);

Tensors through(VmapTracer& t, const Tensors& losses, const Tensors& inputs, GradOptions o, Where where) {
  Tensors l, x;
  bool batched = false;
  for (size_t i = 0; i < losses.size(); ++i) {
    batched |= t.has(losses[i]);
    l.push_back(t.all(losses[i]));
    // A gradient has the batch where its loss has it.
    if (t.has(losses[i])) o.gradients[i] = t.whole(o.gradients[i], where);
    else if (t.has(o.gradients[i])) throw TapeError("grad: a gradient inside vmap is batched, its loss is not\n  a  " + describe(losses[i]));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    x.push_back(t.all(inputs[i]));
    if (batched && inputs[i] && !t.has(inputs[i]) && inputs[i].has_history())
      throw TapeError("grad: input " + std::to_string(i) +
                      " comes from outside the vmap and would get one gradient for each element (make it an argument of the mapped function, or variable(detach(x)) inside)"
                      "\n  a  " + describe(inputs[i]));
  }
  Tensors g = below(t.outer, l, x, o, where);
  for (size_t i = 0; i < g.size(); ++i)
    if (g[i] && t.has(inputs[i])) g[i] = t.wrap(g[i], where);
  return g;
}

// The derivative of a gradient along the tangents is the gradient of the loss's derivative.
Tensors through(JvpTracer& t, const Tensors& losses, const Tensors& inputs, const GradOptions& o, Where where) {
  Tensors l, x, second, seeds;
  GradOptions first = o;
  for (size_t i = 0; i < losses.size(); ++i) {
    l.push_back(t.primal(losses[i]));
    first.gradients[i] = t.primal(o.gradients[i]);
    if (Tensor d = t.tangent(losses[i]); d && d.has_history()) second.push_back(d), seeds.push_back(first.gradients[i]);
    if (Tensor d = t.tangent(o.gradients[i])) second.push_back(l.back()), seeds.push_back(d);
  }
  for (const Tensor& v : inputs) {
    x.push_back(t.primal(v));
    if (Tensor p = x.back(); !is_variable_beneath(p))
      throw TapeError("grad: inside jvp gradients are taken by variables only (variable(x) makes one)\n  a  " + describe(v));
  }
  first.retain_tape = true;
  Tensors g = below(t.outer, l, x, first, where);
  if (second.empty()) return g;
  GradOptions along = o;
  along.gradients = seeds;
  along.allow_unused = true, along.zeros_for_unused = false;
  Tensors d = below(t.outer, second, x, along, where);
  for (size_t i = 0; i < g.size(); ++i)
    if (g[i]) g[i] = t.dual(g[i], d[i], where);
  return g;
}

Tensors below(Tracer* t, const Tensors& losses, const Tensors& inputs, const GradOptions& o, Where where) {
  TracerScope around(t ? t->outer : nullptr);
  if (!t) return detail::replay_grad(losses, inputs, o, where);
  if (auto* v = dynamic_cast<VmapTracer*>(t)) return through(*v, losses, inputs, o, where);
  return through(static_cast<JvpTracer&>(*t), losses, inputs, o, where);
}

}  // namespace

bool is_variable_beneath(Tensor x) {
  while (x && x.device() == traced()) {
    Traced* h = &traced_of(x);
    if (auto* b = dynamic_cast<Batched*>(h)) x = b->all;
    else x = static_cast<Tangents*>(h)->primal;
  }
  return x && is_variable(x);
}
bool is_recorded_beneath(const Tensor& x) {
  if (!x || x.device() != traced()) return x && x.has_history();
  Traced* h = &traced_of(x);
  if (auto* b = dynamic_cast<Batched*>(h)) return is_recorded_beneath(b->all);
  auto* t = static_cast<Tangents*>(h);
  return is_recorded_beneath(t->primal) || is_recorded_beneath(t->tangent);
}

Tensors detail::traced_grad(const Tensors& losses, const Tensors& inputs, const GradOptions& options, Where where) {
  GradOptions o = options;
  if (!o.gradients.empty() && o.gradients.size() != losses.size())
    throw ShapeError("grad: " + std::to_string(o.gradients.size()) + " .gradients for " + std::to_string(losses.size()) + " losses");
  o.gradients.resize(losses.size());
  for (size_t i = 0; i < losses.size(); ++i) {
    if (!o.gradients[i] && losses[i].size() != 1)
      throw ShapeError("grad: the loss has " + std::to_string(losses[i].size()) + " elements; reduce it (sum, mean) or pass .gradient\n  a  " +
                       describe(losses[i]));
    if (!o.gradients[i]) o.gradients[i] = ones(losses[i].shape(), losses[i].dtype(), innermost_tracer()->home, where);
    if (!(o.gradients[i].shape() == losses[i].shape())) throw ShapeError("grad: .gradient must have the loss's shape\n  a  " + describe(losses[i]) + "\n  b  " + describe(o.gradients[i]));
  }
  return below(innermost_tracer(), losses, inputs, o, where);
}

Tensor detail::traced_variable(const Tensor& value, std::string name, Tracer* t, Where where) {
  TracerScope around(t ? t->outer : nullptr);
  if (!t) return variable(value, std::move(name), where);
  if (auto* v = dynamic_cast<VmapTracer*>(t)) return v->wrap(traced_variable(v->whole(value, where), std::move(name), t->outer, where), where);
  auto* j = static_cast<JvpTracer*>(t);
  return j->dual(traced_variable(j->primal(value), std::move(name), t->outer, where), j->tangent(value), where);
}

}  // namespace reel
