#include "autograd/node.h"
#include "autograd/tracers.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

Tensor one_output(const char* what, const Function& f, const Tensor& x) {
  Tensors y = f({x});
  if (y.size() != 1) throw ShapeError(std::string(what) + ": the function answers " + std::to_string(y.size()) + " tensors, one is wanted");
  return y[0];
}
Tensor one_element(const char* what, const Function& f, const Tensor& x) {
  Tensor y = one_output(what, f, x);
  if (y.size() != 1) throw ShapeError(std::string(what) + ": the function must answer one element\n  a  " + describe(y));
  return y;
}

// What gradients by x are taken by: x itself where it is recorded, so that they have gradients in turn, else a variable of its values.
// Inside vmap and jvp every traced tensor has a history; there x is the variable that a gradient around this one made, or none.
Tensor differentiable(const Tensor& x, bool recorded) {
  Tracer* t = innermost_tracer();
  bool itself = t ? belongs(x, *t) && is_variable_beneath(x) : recorded && x.has_history();
  return itself ? x : variable(x);
}
// Of a result that does not depend on x at all.
Tensor no_slope(const Shape& shape, DType dtype, const Tensor& x, Where where) {
  return zeros(shape, dtype, innermost_tracer() ? innermost_tracer()->home : x.device(), where);
}

// rows(basis) for unit vectors of `like`, a chunk at a time: [n, ...].
template <class F> Tensor over_basis(const Tensor& like, int64_t chunk, Where where, F&& rows) {
  int64_t n = like.size();
  if (chunk <= 0 || chunk > n) chunk = n;
  Tensors parts;
  for (int64_t at = 0; at < n; at += chunk) {
    int64_t count = std::min(chunk, n - at);
    Tensor basis = slice_axis(eye(n, n, like.dtype(), where), 0, at, count, where);
    parts.push_back(rows(reshape(basis, batch_shape(count, like.shape()), where)));
  }
  return parts.size() == 1 ? parts[0] : concat(parts, 0, where);
}
Shape joined(const Shape& a, const Shape& b) {
  if (a.rank() + b.rank() > kMaxRank) throw ShapeError("jacobian: the result would have more than " + std::to_string(kMaxRank) + " axes");
  Shape s = a;
  for (int64_t d : b) s.push(d);
  return s;
}

// What two sweeps, by 1 and by i, say of a function of complex x: d1 = f_z + f_w and di = i (f_z - f_w), w being the conjugate of z.
Tensor of_complex_point(const Tensor& d1, const Tensor& di, const Tensor& x, Where where) {
  Complex128 i(0, 1);
  Tensor turned = di * i;
  if (!is_complex(d1.dtype())) return d1 + turned;  // both parts of a gradient
  Tensor derivative = 0.5 * (d1 - turned), rest = 0.5 * (d1 + turned);
  if (derivative.size() && derivative.device() == cpu()) {
    NoGrad no_grad;
    double tolerance = part_dtype(x.dtype()) == float64 ? 1e-9 : 1e-4;
    if (max(abs(rest)).item() > tolerance * max(abs(derivative) + abs(rest)).item())
      throw DTypeError("jacobian: the function is not holomorphic here, and has a Jacobian by its parts alone (take real and imag of its value)\n  a  " +
                       describe(x));
  }
  return cast(derivative, d1.dtype(), where);
}

Tensor forward_jacobian(const Function& f, const Tensor& x, JacobianOptions o, Where where) {
  Shape out;
  if (x.size() == 0) {
    Tensor y = one_output("jacobian", f, x);
    return no_slope(joined(y.shape(), x.shape()), promote(x.dtype(), y.dtype()), x, where);
  }
  auto columns = [&](Scalar direction) {
    return over_basis(x, o.chunk, where, [&](const Tensor& basis) {
      return vmap([&](const Tensor& t) {
        Dual d = jvp(f, {x}, {direction.kind == Scalar::Kind::kComplex ? t * direction.z : t}, where);
        if (d.value.size() != 1) throw ShapeError("jacobian: the function answers " + std::to_string(d.value.size()) + " tensors, one is wanted");
        out = d.value[0].shape();
        return d.tangent[0];
      })({basis})[0];
    });
  };
  Tensor d = columns(1);
  if (is_complex(x.dtype())) d = of_complex_point(d, columns(Complex128(0, 1)), x, where);
  Shape all = joined(out, x.shape());
  return reshape(swapaxes(reshape(d, {x.size(), out.size()}, where), 0, 1, where), all, where);
}

Tensor reverse_jacobian(const Function& f, const Tensor& x, JacobianOptions o, Where where) {
  bool recorded = recording();
  EnableGrad again;
  Tensor v = differentiable(x, recorded), y = one_output("jacobian", f, v);
  Shape all = joined(y.shape(), x.shape());
  if (y.size() == 0 || !is_recorded_beneath(y)) return no_slope(all, promote(x.dtype(), y.dtype()), x, where);
  bool graph = recorded && is_recorded_beneath(x);
  auto rows = [&](Scalar direction) {
    return over_basis(y, o.chunk, where, [&](const Tensor& basis) {
      Tensors parts;
      for (int64_t i = 0; i < basis.dim(0); ++i) {
        Tensor gy = direction.kind == Scalar::Kind::kComplex ? basis[i] * direction.z : basis[i];
        parts.push_back(reel::grad(y, {v}, {.gradient = gy, .retain_tape = true, .create_graph = graph, .zeros_for_unused = true}, where)[0]);
      }
      return stack(parts, 0, where);
    });
  };
  Tensor g = rows(1);
  if (is_complex(y.dtype())) {
    // The gradients of the real and of the imaginary parts.
    Tensor gi = rows(Complex128(0, 1));
    g = is_complex(x.dtype()) ? of_complex_point(conj(g), -conj(gi), x, where) : complex(g, gi);
  }
  return reshape(g, all, where);
}

}  // namespace

Tensor jacobian(const Function& f, const Tensor& x, JacobianOptions o, Where where) {
  return located(where, [&] { return o.forward ? forward_jacobian(f, x, o, where) : reverse_jacobian(f, x, o, where); });
}

Function grad(Function f) {
  return Function([f = std::move(f)](const Tensors& x) {
    bool recorded = recording();
    EnableGrad again;
    Tensors v;
    for (const Tensor& t : x) v.push_back(is_inexact(t.dtype()) ? differentiable(t, recorded) : t);
    Tensors y = f(v);
    if (y.size() != 1) throw ShapeError("grad: the function answers " + std::to_string(y.size()) + " tensors, one is wanted");
    Tensors by, answers(x.size());
    for (const Tensor& t : v)
      if (is_inexact(t.dtype())) by.push_back(t);
    Tensors g;
    if (is_recorded_beneath(y[0])) g = reel::grad(y[0], by, {.create_graph = recorded, .zeros_for_unused = true});
    else for (const Tensor& t : by) g.push_back(zeros_like(t));
    for (size_t i = 0, at = 0; i < v.size(); ++i) {
      if (is_inexact(v[i].dtype())) answers[i] = g[at++];
      else answers[i] = zeros_like(v[i]);
    }
    return answers;
  });
}

Tensor hessian(const Function& f, const Tensor& x, JacobianOptions o, Where where) {
  return located(where, [&] {
    if (is_complex(x.dtype()))
      throw DTypeError("hessian: the point is complex, and each pair of numbers has four second derivatives (make f a function of real and imag)\n  a  " +
                       describe(x));
    Function gradient([&](const Tensors& v) {
      EnableGrad again;
      Tensor own = differentiable(v[0], true), y = one_element("hessian", f, own);
      if (!is_recorded_beneath(y)) return Tensors{zeros_like(own, where)};
      return reel::grad(y, {own}, {.create_graph = true, .zeros_for_unused = true}, where);
    });
    return jacobian(gradient, x, o, where);
  });
}

Product hvp(const Function& f, const Tensor& x, const Tensor& v, Where where) {
  return located(where, [&] {
    Product p;
    Dual d = jvp([&](const Tensors& at) {
      EnableGrad again;
      Tensor own = variable(at[0]), y = one_element("hvp", f, own);
      Tensors answers{detach(y)};
      answers.push_back(reel::grad(y, {own}, {.zeros_for_unused = true}, where)[0]);
      return answers;
    }, {x}, {v}, where);
    p.value = d.value[0];
    p.product = d.tangent[1];
    return p;
  });
}

Product vhp(const Function& f, const Tensor& x, const Tensor& v, Where where) {
  return located(where, [&] {
    if (!(v.shape() == x.shape() && v.dtype() == x.dtype()))
      throw ShapeError("vhp: v must have x's shape and dtype\n  a  " + describe(x) + "\n  b  " + describe(v));
    EnableGrad again;
    Tensor own = variable(x), y = one_element("vhp", f, own);
    if (!is_recorded_beneath(y)) return Product{y, zeros_like(x, where)};
    Tensor g = reel::grad(y, {own}, {.create_graph = true, .zeros_for_unused = true}, where)[0];
    if (!is_recorded_beneath(g)) return Product{detach(y), zeros_like(x, where)};
    return Product{detach(y), reel::grad(g, {own}, {.gradient = v, .zeros_for_unused = true}, where)[0]};
  });
}

}  // namespace reel
