// Tangents, Jacobians and Hessians against finite differences and against the tape.
#include <doctest/doctest.h>

#include <cmath>

#include "op_samples.h"
#include "reel.h"

using namespace reel;
using namespace reel::test;

namespace {
double distance(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  return a.size() ? max(abs(cast(a, float64) - cast(b, float64))).item() : 0;
}

// (f(x + h t) - f(x - h t)) / 2h
Tensor difference(const Function& f, const Tensors& x, const Tensors& t) {
  Tensors high, low;
  for (size_t i = 0; i < x.size(); ++i) {
    high.push_back(t[i] ? x[i] + 1e-6 * t[i] : x[i]);
    low.push_back(t[i] ? x[i] - 1e-6 * t[i] : x[i]);
  }
  return (f(high)[0] - f(low)[0]) / 2e-6;
}
}  // namespace

TEST_CASE("3.4.45 tangents of every elementwise op agree with finite differences") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    if (op.answers_bool || !op.row.formula || !(op.types & kFloats)) continue;
    CAPTURE(op.name);
    Tensors x, t;
    for (int i = 0; i < op.arity; ++i) {
      bool condition = i == 0 && op.first_is_bool;
      x.push_back(samples(i == 1 ? Shape{2, 1} : Shape{2, 3}, condition ? boolean : float64, op.domain.low, op.domain.high, uint64_t(40 + i)));
      t.push_back(condition ? Tensor() : samples(x.back().shape(), float64, -1, 1, uint64_t(60 + i)));
    }
    Function f([&](const Tensors& in) { return op.call(in); });
    Dual d = jvp(f, x, t);
    CHECK(distance(d.value[0], f(x)[0]) == 0);
    Tensor expected = difference(f, x, t);
    CHECK(distance(d.tangent[0], expected) < 1e-5 * (1 + max(abs(expected)).item()));
  }
}

TEST_CASE("3.4.45 tangents of every structured op agree with finite differences") {
  for (const Row& r : rows()) {
    if (!r.differentiable) continue;
    CAPTURE(r.name);
    Tensors x, t;
    for (size_t i = 0; i < r.shapes.size(); ++i) {
      x.push_back(samples(r.shapes[i], float64, r.low, r.high, i + 31));
      t.push_back(samples(r.shapes[i], float64, -1, 1, i + 77));
    }
    Function f([&](const Tensors& in) { return r.call(in); });
    if (r.reads_values) {
      CHECK_THROWS_AS(jvp(f, x, t), DeviceError);
      continue;
    }
    Dual d = jvp(f, x, t);
    Tensor expected = difference(f, x, t);
    CHECK(distance(d.tangent[0], expected) < 1e-5 * (1 + (expected.size() ? max(abs(expected)).item() : 0)));
  }
}

TEST_CASE("a jvp decides by the layout of what it stands for whether a reshape is a view") {
  Tensor x = samples({2, 3, 6}, float64, -1, 1, 1), w = samples({6}, float64, -1, 1, 2), t = samples({2, 3, 6}, float64, -1, 1, 3);
  auto moved = [](const Tensor& a) { return reshape(exp(transpose(a)), {2, 3, 6}); };
  Dual d = jvp([&](const Tensor& a, const Tensor& b) { return moved(a) * b; }, {x, w}, {t, w});
  CHECK(distance(d.value[0], moved(x) * w) == 0);
  Tensor expected = reshape(transpose(t) * exp(transpose(x)), {2, 3, 6}) * w + moved(x) * w;
  CHECK(distance(d.tangent[0], expected) < 1e-12);
}

TEST_CASE("a jvp needs no tape, sees values, and inputs without a tangent") {
  Tensor x = tensor({0.5, 2.}, float64), w = variable(tensor({3., 4.}, float64));
  NoGrad no_grad;
  Dual d = jvp([&](const Tensor& a, const Tensor& b) { return a.at<double>(0) < 1 ? a * b * w : a; }, {x, x}, {ones({2}, float64), Tensor()});
  CHECK(d.tangent[0].at<double>(1) == 8);
  CHECK(!d.tangent[0].has_history());
  Dual constant = jvp([](const Tensor&) { return ones({2}); }, {x}, {x});
  CHECK(sum(constant.tangent[0]).item() == 0);
  CHECK_THROWS_AS(jvp([](const Tensor& a) { return a; }, {x}, {ones({3}, float64)}), ShapeError);
  CHECK_THROWS_AS(jvp([](const Tensor& a) { return a; }, {x}, {}), ShapeError);
  CHECK_THROWS_WITH_AS(jvp([](const Tensor& a) { Tensor y = a * 1; y += 1; return y; }, {x}, {x}), doctest::Contains("in place inside vmap or jvp"), DeviceError);
}

TEST_CASE("a traced tensor that outlives its jvp is refused") {
  Tensor kept;
  jvp([&](const Tensor& a) { return kept = a * 2; }, {ones({2})}, {ones({2})});
  CHECK_THROWS_WITH_AS(kept + 1, doctest::Contains("has ended"), DeviceError);
  CHECK_THROWS_WITH_AS(jvp([&](const Tensor& a) { return a * kept; }, {ones({2})}, {ones({2})}), doctest::Contains("has ended"), DeviceError);
}

TEST_CASE("3.4.68 nested tangents do not mix: d/dx (x * d/dy (x + y)) = 1") {
  auto derivative = [](const Function& f, const Tensor& at) { return jvp(f, {at}, {ones_like(at)}).tangent[0]; };
  Tensor x = tensor(3., float64);
  CHECK(derivative([&](const Tensor& a) { return a * derivative([&](const Tensor& b) { return a + b; }, ones({}, float64)); }, x).item() == 1);
  Function third([&](const Tensor& a) { return sin(a) * a * a; });
  for (int i = 0; i < 3; ++i) third = Function([third, derivative](const Tensor& a) { return derivative(third, a); });
  double s = std::sin(3.), c = std::cos(3.), a = 3;
  CHECK(third({x})[0].item() == doctest::Approx(-c * a * a - 6 * a * s + 6 * c).epsilon(1e-12));
}

TEST_CASE("jvp of grad, grad of jvp and grad of grad agree") {
  Tensor x = tensor({0.3, -1.2, 0.8}, float64), v = tensor({1., 0.5, -2.}, float64), w = tensor({{1., 2., 0.5}, {0.1, -1., 3.}, {1., 1., 1.}}, float64);
  Function f([&](const Tensor& a) { return sum(tanh(matmul(w, a)) * exp(a)) + prod(a) + logsumexp(a); });
  Tensor own = variable(x);
  Tensor g = grad(f({own})[0], {own}, {.create_graph = true})[0];
  Tensor expected = grad(g, {own}, {.gradient = v})[0];
  CHECK(distance(jvp(grad(f), {x}, {v}).tangent[0], expected) < 1e-12);
  CHECK(distance(grad(Function([&](const Tensor& a) { return jvp(f, {a}, {v}).tangent[0]; }))({x})[0], expected) < 1e-12);
  CHECK(distance(hvp(f, x, v).product, expected) < 1e-12);
  CHECK(distance(vhp(f, x, v).product, expected) < 1e-12);
  CHECK(hvp(f, x, v).value.item() == doctest::Approx(f({x})[0].item()));
  CHECK(distance(matmul(hessian(f, x), v), expected) < 1e-12);
}

TEST_CASE("Jacobians: both modes, chunked, shaped") {
  Tensor x = tensor({{0.5, 1.}, {2., -0.3}}, float64);
  Function f([](const Tensor& a) { return sin(matmul(a, a))[0]; });
  Tensor rows = jacobian(f, x);
  CHECK(rows.shape() == Shape{2, 2, 2});
  for (int64_t chunk : {1, 2, 3})
    for (bool forward : {false, true}) CHECK(distance(jacobian(f, x, {.forward = forward, .chunk = chunk}), rows) < 1e-12);
  Tensor own = variable(x);
  for (int i = 0; i < 2; ++i) CHECK(distance(rows[i], grad(f({own})[0][i], {own})[0]) < 1e-12);
  CHECK(distance(jacobian([](const Tensor& a) { return ones({3}, float64) + 0 * sum(detach(a)); }, x), zeros({3, 2, 2}, float64)) == 0);
}

TEST_CASE("3.4.58 the Hessian times a vector of a network of three layers") {
  Tensors w;
  for (int i = 0; i < 3; ++i) w.push_back(samples({4, 4}, float64, -1, 1, uint64_t(i)));
  Tensor x = samples({3, 4}, float64, -1, 1, 9), v = samples({3, 4}, float64, -1, 1, 10);
  Function f([&](const Tensor& a) { return mean(square(matmul(tanh(matmul(tanh(matmul(a, w[0])), w[1])), w[2]))); });
  Tensor gradient_at = difference(grad(f), {x}, {v});
  CHECK(distance(hvp(f, x, v).product, gradient_at) < 1e-7);
}
