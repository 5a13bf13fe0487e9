// vmap against a loop over slices.
#include <doctest/doctest.h>

#include <cmath>

#include "op_samples.h"
#include "reel.h"

using namespace reel;
using namespace reel::test;

namespace {
double distance(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return INFINITY;
  return a.size() ? max(abs(cast(a, float64) - cast(b, float64))).item() : 0;
}

Tensor looped(const Function& f, const Tensors& x, const std::vector<int>& axes) {
  Tensors parts;
  int64_t n = 0;
  for (size_t i = 0; i < x.size(); ++i)
    if (axes[i] != kNoAxis) n = x[i].dim(0);
  for (int64_t k = 0; k < n; ++k) {
    Tensors one;
    for (size_t i = 0; i < x.size(); ++i) one.push_back(axes[i] == kNoAxis ? x[i] : x[i][k]);
    parts.push_back(f(one)[0]);
  }
  return stack(parts);
}
// Every choice of operands that are mapped, but none.
template <class F> void each_choice(size_t operands, F&& f) {
  for (unsigned mask = 1; mask < 1u << std::min<size_t>(operands, 4); ++mask) {
    std::vector<int> axes;
    for (size_t i = 0; i < operands; ++i) axes.push_back(mask >> std::min<size_t>(i, 3) & 1 ? 0 : kNoAxis);
    f(axes);
  }
}
}  // namespace

TEST_CASE("vmap of every elementwise op is the loop, whichever operands are mapped") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    if (!op.row.formula) continue;
    CAPTURE(op.name);
    Function f([&](const Tensors& in) { return op.call(in); });
    each_choice(size_t(op.arity), [&](const std::vector<int>& axes) {
      Tensors x;
      for (int i = 0; i < op.arity; ++i) {
        Shape s = i == 1 ? Shape{3} : Shape{2, 3};
        x.push_back(samples(axes[size_t(i)] == kNoAxis ? s : batch_shape(4, s), i == 0 && op.first_is_bool ? boolean : op.types & kFloats ? float64 : int64,
                            op.domain.low, op.domain.high, uint64_t(i)));
      }
      CHECK(distance(vmap(f, {.in_axes = axes})(x)[0], looped(f, x, axes)) == 0);
    });
  }
}

TEST_CASE("3.4.45 vmap of every structured op is the loop, and so is vmap of its gradient") {
  for (const Row& r : rows()) {
    if (r.shapes.empty()) continue;
    CAPTURE(r.name);
    Function f([&](const Tensors& in) { return r.call(in); });
    Function g = grad(Function([&](const Tensors& in) {
      Tensor y = r.call(in);
      return sum(y * y);
    }));
    each_choice(r.shapes.size(), [&](const std::vector<int>& axes) {
      Tensors x;
      for (size_t i = 0; i < r.shapes.size(); ++i)
        x.push_back(samples(axes[i] == kNoAxis ? r.shapes[i] : batch_shape(3, r.shapes[i]), one_of(r.types), r.low, r.high, i + 5));
      if (r.reads_values) {
        CHECK_THROWS_AS(vmap(f, {.in_axes = axes})(x), DeviceError);
        return;
      }
      Tensor expected = looped(f, x, axes);
      double scale = is_floating(expected.dtype()) && expected.size() ? 1 + max(abs(where(isfinite(expected), expected, 0))).item() : 1;
      CHECK(distance(vmap(f, {.in_axes = axes})(x)[0], expected) <= 1e-13 * scale);
      if (r.differentiable) {
        Tensor by = looped(g, x, axes);
        CHECK(distance(vmap(g, {.in_axes = axes})(x)[0], by) <= 1e-11 * (1 + (by.size() ? max(abs(by)).item() : 0)));
      }
    });
  }
}

TEST_CASE("gradients per sample of a dense layer's weights, in one pass") {
  Tensor w = variable(samples({4, 3}, float64, -1, 1, 1)), b = variable(samples({3}, float64, -1, 1, 2));
  Tensor x = samples({8, 4}, float64, -1, 1, 3), labels = randint({8}, 0, 3);
  Function loss([](const Tensor& wi, const Tensor& bi, const Tensor& xi, const Tensor& yi) {
    return sparse_softmax_cross_entropy(matmul(xi, wi) + bi, yi);
  });
  Tensors each = vmap(grad(loss), {.in_axes = {kNoAxis, kNoAxis, 0, 0}})({w, b, x, labels});
  CHECK(each[0].shape() == Shape{8, 4, 3});
  for (int64_t i = 0; i < 8; ++i) {
    Tensors one = grad(loss({w, b, x[i], labels[i]})[0], {w, b});
    CHECK(distance(each[0][i], one[0]) < 1e-14);
    CHECK(distance(each[1][i], one[1]) < 1e-14);
  }
}

TEST_CASE("axes in and out, nesting, and composition with jvp") {
  Tensor a = samples({3, 5}, float64, -1, 1, 1), b = samples({5, 4}, float64, -1, 1, 2);
  Function dot([](const Tensor& x, const Tensor& y) { return sum(x * y); });
  Function row([dot](const Tensor& x, const Tensor& m) { return vmap(dot, {.in_axes = {kNoAxis, 1}})({x, m})[0]; });
  CHECK(distance(vmap(row, {.in_axes = {0, kNoAxis}})({a, b})[0], matmul(a, b)) < 1e-14);
  CHECK(distance(vmap([](const Tensor& x) { return x * 2; }, {.in_axes = {-1}, .out_axes = {1}})({a})[0], a * 2) == 0);
  Function f([](const Tensor& x) { return tanh(x) * sum(x); });
  Tensor t = samples({3, 5}, float64, -1, 1, 3);
  Function along([f](const Tensor& x, const Tensor& v) { return jvp(f, {x}, {v}).tangent[0]; });
  Tensor expected = looped(along, {a, t}, {0, 0});
  CHECK(distance(vmap(along)({a, t})[0], expected) < 1e-14);
  CHECK(distance(jvp(vmap(f), {a}, {t}).tangent[0], expected) < 1e-14);
  Tensor own = variable(a);
  backward(sum(vmap(f)({own})[0]));
  Tensor other = variable(a);
  backward(sum(looped(f, {other}, {0})));
  CHECK(distance(gradient(own), gradient(other)) < 1e-14);
}

TEST_CASE("random numbers inside vmap: refused, the same, or different for each element") {
  Tensor x = ones({4, 1000});
  Function drop([](const Tensor& v) { return dropout(v, 0.5); }), add([](const Tensor& v) { return v + uniform({1000}); });
  CHECK_THROWS_WITH_AS(vmap(drop)({x}), doctest::Contains("random numbers inside vmap"), Error);
  CHECK_THROWS_AS(vmap(add)({x}), Error);
  for (const Function& f : {drop, add}) {
    Tensor same = vmap(f, {.randomness = Randomness::kSame})({x})[0];
    CHECK(distance(same[0], same[3]) == 0);
    Tensor different = vmap(f, {.randomness = Randomness::kDifferent})({x})[0];
    CHECK(different.shape() == Shape{4, 1000});
    CHECK(distance(different[0], different[3]) > 0);
    CHECK(mean(different).item() == doctest::Approx(mean(same).item()).epsilon(0.1));
  }
  Tensor constant = vmap([](const Tensor&) { return uniform({5}); }, {.randomness = Randomness::kDifferent})({x})[0];
  CHECK(distance(constant[0], constant[1]) > 0);
  CHECK_THROWS_AS(vmap([](const Tensor& v) { return take(v, permutation(1000)); }, {.randomness = Randomness::kDifferent})({x}), Error);
  CHECK(uniform({3}).shape() == Shape{3});
}

TEST_CASE("what vmap refuses") {
  Tensor x = ones({3, 2}), w = variable(ones({2}));
  CHECK_THROWS_WITH_AS(vmap([](const Tensor& v) { return v.at<float>(0) > 0 ? v : -v; })({x}), doctest::Contains("cannot be looked at"), DeviceError);
  CHECK_THROWS_AS(vmap([](const Tensor& v) { return v * sum(v).item(); })({x}), DeviceError);
  CHECK_THROWS_WITH_AS(vmap([](const Tensor& v) { Tensor total = zeros({2}); total += v; return total; })({x}), doctest::Contains("is not written into a plain tensor"), DeviceError);
  CHECK_THROWS_WITH_AS(vmap([&](const Tensor& v) { return grad(sum(v * w), {w})[0]; })({x}), doctest::Contains("comes from outside the vmap"), TapeError);
  CHECK_THROWS_WITH_AS(vmap([&](const Tensor& v) { backward(sum(v * w)); return v; })({x}), doctest::Contains("use grad"), TapeError);
  CHECK_THROWS_WITH_AS(vmap([](const Tensor& a, const Tensor& b) { return a + b; })({x, ones({4, 2})}), doctest::Contains("the mapped axes differ"), ShapeError);
  CHECK_THROWS_AS(vmap([](const Tensor& a) { return a; }, {.in_axes = {2}})({x}), IndexError);
  CHECK_THROWS_AS(vmap([](const Tensor& a) { return a; }, {.in_axes = {kNoAxis}})({x}), ShapeError);
  CHECK_THROWS_AS(vmap([](const Tensor& a) { return a; })({zeros({0, 2})}), ShapeError);
  CHECK(!gradient(w));
  CHECK(to_string(x[0] + 1) == "[2. 2.]");
}

TEST_CASE("custom gradients and checkpoints inside vmap") {
  auto clipped = custom_gradient([](const Tensor& x) { return x * 1; }, [](const Tensor& gy) { return clip(gy, -1, 1); });
  Tensor x = samples({4, 3}, float64, -2, 2, 1);
  Tensor each = vmap(grad(Function([&](const Tensor& v) { return sum(clipped(v) * v); })))({x})[0];
  CHECK(distance(each, clip(x, -1, 1) + x) < 1e-15);
  Tensor twice = vmap(grad(Function([&](const Tensor& v) { return sum(checkpoint([](const Tensor& h) { return h * h; }, v)); })))({x})[0];
  CHECK(distance(twice, 2 * x) < 1e-15);
}

TEST_CASE("gradients of gradients inside vmap and jvp") {
  Function cube([](const Tensor& x) { return sum(x * x * x); });
  Tensor x = tensor({{1., 2.}, {3., 4.}});
  // One after the other is the reference.
  auto each = [&](auto&& f) { return stack({f(x[0]), f(x[1])}); };
  auto mapped = [&](auto f) { return vmap([f](const Tensor& v) { return f(v); })({x})[0]; };
  auto same = [&](auto f) { return distance(mapped(f), each(f)) == 0; };
  Function second = grad(Function([&](const Tensor& v) { return sum(grad(cube)({v})[0]); }));
  CHECK(same([&](const Tensor& v) { return second({v})[0]; }));
  CHECK(distance(mapped([&](const Tensor& v) { return second({v})[0]; }), 6 * x) == 0);
  CHECK(same([&](const Tensor& v) { return hessian(cube, v); }));
  CHECK(same([&](const Tensor& v) { return hessian(cube, v, {.forward = true}); }));
  CHECK(same([](const Tensor& v) { return jacobian([](const Tensor& u) { return u * u; }, v); }));
  CHECK(same([](const Tensor& v) { return jacobian([](const Tensor& u) { return jacobian([](const Tensor& t) { return t * t; }, u); }, v); }));
  CHECK(same([&](const Tensor& v) { return vhp(cube, v, ones({2})).product; }));
  // What does not depend on its input, or does so linearly, has zeros.
  CHECK(distance(mapped([](const Tensor& v) { return hessian([](const Tensor& u) { return sum(u * 3); }, v); }), zeros({2, 2, 2})) == 0);
  CHECK(distance(hessian([](const Tensor&) { return tensor(1.); }, x[0]), zeros({2, 2})) == 0);
  CHECK(distance(jvp(second, {x}, {ones({2, 2})}).tangent[0], full({2, 2}, 6)) == 0);
  CHECK(distance(jvp([&](const Tensor& v) { return hessian(cube, v); }, {x[0]}, {ones({2})}).tangent[0], 6 * eye(2)) == 0);
  // An operand that is not mapped still gets one gradient for each element, a variable too.
  Tensor w = variable(ones({2}));
  Tensor by_w = vmap(grad(Function([](const Tensor& a, const Tensor& b) { return sum(a * a * b); })), {.in_axes = {kNoAxis, 0}})({w, x})[0];
  CHECK(distance(by_w, 2 * x) == 0);
}

TEST_CASE("Jacobians of nothing") {
  Function square([](const Tensor& v) { return v * v; });
  for (bool forward : {false, true}) {
    CHECK(jacobian(square, zeros({0}), {.forward = forward}).shape() == Shape{0, 0});
    CHECK(jacobian([](const Tensor& v) { return sum(v) * ones({3}); }, zeros({0, 2}), {.forward = forward}).shape() == Shape{3, 0, 2});
    CHECK(jacobian([](const Tensor& v) { return v[slice(0, 0)]; }, ones({2}), {.forward = forward}).shape() == Shape{0, 2});
  }
}
