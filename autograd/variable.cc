#include "autograd/variable.h"

#include "autograd/node.h"
#include "tensor/ops/copy.h"

namespace reel {
namespace {
Node& leaf_of(const char* what, const Tensor& x) {
  Node* n = node_of(x);
  if (!n || n->type) throw TapeError(std::string(what) + ": not a variable\n  a  " + describe(x));
  return *n;
}
}  // namespace

Tensor variable(const Tensor& value, std::string name, Where where) {
  if (!is_floating(value.dtype())) {
    fail_at(DTypeError("variable: only floats have gradients\n  a  " + describe(value)), where);
  }
  Tensor v = detach(value, where);
  v.body().is_view = value.body().is_view;
  v.body().history = new_variable_node(std::move(name), where);
  return v;
}

bool is_variable(const Tensor& x) {
  const Node* n = x ? node_of(x) : nullptr;
  return n && !n->type;
}
const std::string& variable_name(const Tensor& v) { return leaf_of("variable_name", v).leaf->name; }
void rename_variable(const Tensor& v, std::string name) { leaf_of("rename_variable", v).leaf->name = std::move(name); }

Tensor gradient(const Tensor& v) { return leaf_of("gradient", v).leaf->gradient; }
void set_gradient(const Tensor& v, const Tensor& g) {
  if (g && !(g.shape() == v.shape() && g.dtype() == v.dtype() && g.device() == v.device()))
    throw ShapeError("set_gradient: a gradient has its variable's shape, dtype and device\n  a  " + describe(v) + "\n  b  " + describe(g));
  leaf_of("set_gradient", v).leaf->gradient = g;
}
void clear_gradient(const Tensor& v) { leaf_of("clear_gradient", v).leaf->gradient = Tensor(); }

}  // namespace reel
