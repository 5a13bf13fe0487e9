#include "autograd/variable.h"

#include <mutex>

#include "autograd/node_hooks.h"
#include "autograd/transform.h"
#include "tensor/ops/copy.h"

namespace reel {
namespace {
Node& leaf_of(const char* what, const Tensor& x) {
  Node* n = node_of(x);
  if (!n || n->type) throw TapeError(std::string(what) + ": not a variable\n  a  " + describe(x));
  return *n;
}
void put_gradient(Leaf& leaf, Gradient g) {
  std::lock_guard lock(gradients_mutex());
  std::swap(leaf.gradient, g);  // the old one goes with the parameter, after the lock
}
}  // namespace

Tensor variable(const Tensor& value, std::string name, Where where) {
  if (!is_inexact(value.dtype())) {
    fail_at(DTypeError("variable: only floats and complex numbers have gradients\n  a  " + describe(value)), where);
  }
  if (innermost_tracer()) [[unlikely]] return detail::traced_variable(value, std::move(name), innermost_tracer(), where);
  Tensor v = detach(value, where);
  v.body().is_view = value.body().is_view;
  v.body().history = new_variable_node(std::move(name), v.shape(), where);
  return v;
}

bool is_variable(const Tensor& x) {
  const Node* n = x ? node_of(x) : nullptr;
  return n && !n->type;
}
const std::string& variable_name(const Tensor& v) { return leaf_of("variable_name", v).leaf->name; }
void rename_variable(const Tensor& v, std::string name) { leaf_of("rename_variable", v).leaf->name = std::move(name); }

std::mutex& gradients_mutex() {
  static std::mutex m;
  return m;
}

Tensor gradient(const Tensor& v) {
  Node* n = node_of(v);
  if (n && n->type && retains_gradient(n, v.body().output)) return retained_gradient(n, v.body().output);
  Leaf& leaf = *leaf_of("gradient", v).leaf;
  std::lock_guard lock(gradients_mutex());
  if (leaf.gradient.deferred) leaf.gradient = {leaf.gradient.written(), nullptr};
  return leaf.gradient.tensor;
}
Gradient gradient_as_left(const Tensor& v) {
  Leaf& leaf = *leaf_of("gradient", v).leaf;
  std::lock_guard lock(gradients_mutex());
  return leaf.gradient;
}
void set_gradient(const Tensor& v, const Tensor& g) {
  if (g && !(g.shape() == v.shape() && g.dtype() == v.dtype() && g.device() == v.device()))
    throw ShapeError("set_gradient: a gradient has its variable's shape, dtype and device\n  a  " + describe(v) + "\n  b  " + describe(g));
  put_gradient(*leaf_of("set_gradient", v).leaf, {g, nullptr});
}
void clear_gradient(const Tensor& v) { put_gradient(*leaf_of("clear_gradient", v).leaf, {}); }

}  // namespace reel
