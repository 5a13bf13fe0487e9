// Hooks: order, replacement, removal, failure.
#include <doctest/doctest.h>

#include "reel.h"
#include "tensor/storage.h"

using namespace reel;

TEST_CASE("3.4.60 hooks fire in PyTorch's order") {
  std::string order;
  auto note = [&](const char* what) { return [&order, what](const auto&...) { order += std::string(what) + " "; }; };
  Tensor x = variable(tensor({2.}, float64), "x");
  Tensor y = x * x, z = y * 3;
  after_node(y, note("y.after"));
  before_node(y, note("y.before1"));
  on_gradient(y, note("y.grad1"));
  on_gradient(y, note("y.grad2"));
  before_node(y, note("y.before2"));
  after_node(x, note("x.after"));
  after_accumulation(x, note("x.accumulated"));
  on_gradient(x, note("x.grad"));
  before_node(x, note("x.before"));
  on_gradient(z, note("z.grad"));
  backward(z);
  CHECK(order == "z.grad y.grad1 y.grad2 y.before1 y.before2 y.after x.grad x.before x.accumulated x.after ");
}

TEST_CASE("a gradient hook fires once, with the sum, and may replace it") {
  Tensor x = variable(tensor({2.}, float64));
  Tensor y = x * 1;
  int calls = 0;
  double seen = 0;
  on_gradient(y, [&](const Tensor& g) {
    ++calls;
    seen = g.item();
    return g * 10;
  });
  on_gradient(y, [&](const Tensor& g) { CHECK(g.item() == 50); });
  backward(y * 2 + y * 3);
  CHECK(calls == 1);
  CHECK(seen == 5);
  CHECK(gradient(x).item() == 50);
}

TEST_CASE("a replaced gradient must fit") {
  Tensor x = variable(tensor({2., 3.}));
  Tensor y = x * 1;
  on_gradient(y, [](const Tensor&) { return ones({3}); });
  CHECK_THROWS_WITH_AS(backward(sum(y)), doctest::Contains("answered a gradient of another shape"), ShapeError);
  CHECK(!gradient(x));
}

TEST_CASE("hooks on a variable: before the accumulation, and after") {
  Tensor x = variable(tensor({2.}, float64), "x");
  backward(x * 1);
  double after = 0;
  on_gradient(x, [](const Tensor& g) { return g * 3; });
  after_accumulation(x, [&](const Tensor& v) {
    CHECK(is_variable(v));
    CHECK(variable_name(v) == "x");
    after = gradient(v).item();
  });
  backward(x * 2);
  CHECK(after == 7);
}

TEST_CASE("3.4.71 a hook after accumulation may clear the gradient and write the variable") {
  Tensor x = variable(tensor({2.}, float64));
  after_accumulation(x, [](const Tensor& v) {
    NoGrad no_grad;
    assign(v, v - 0.1 * gradient(v));
    clear_gradient(v);
  });
  backward(x * x);
  CHECK(x.item() == doctest::Approx(1.6));
  CHECK(!gradient(x));
}

TEST_CASE("node hooks see and replace the gradients of all outputs and inputs") {
  Tensor a = variable(tensor({2.}, float64)), b = variable(tensor({5.}, float64)), c = tensor({1.}, float64);
  Tensor y = a * b;
  before_node(y, [](const Tensors& g) {
    CHECK(g.size() == 1);
    return Tensors{g[0] * 2};
  });
  after_node(y, [](const Tensors& to, const Tensors& from) {
    CHECK(to.size() == 2);
    CHECK(from[0].item() == 2);
    CHECK(to[0].item() == 10);
    return Tensors{to[0] + 1, Tensor()};
  });
  backward(y + c);
  CHECK(gradient(a).item() == 11);
  CHECK(!gradient(b));
  Tensor z = a * b;
  before_node(z, [](const Tensors&) { return Tensors{Tensor(), Tensor()}; });
  CHECK_THROWS_WITH_AS(backward(z), doctest::Contains("answered 2 gradients for 1"), TapeError);
}

TEST_CASE("a removed hook is silent; one may remove itself; one registered twice fires twice") {
  Tensor x = variable(tensor({1.}));
  int calls = 0, once = 0;
  auto count = [&](const Tensor&) { ++calls; };
  Hook first = on_gradient(x, count), second = on_gradient(x, count);
  Hook self;
  self = on_gradient(x, [&](const Tensor&) {
    ++once;
    self.remove();
  });
  backward(x * 1);
  CHECK(calls == 2);
  first.remove();
  first.remove();
  backward(x * 1);
  CHECK(calls == 3);
  CHECK(once == 1);
}

TEST_CASE("3.4.63 a throwing hook leaves every gradient as it was") {
  Tensor a = variable(tensor({1.}, float64)), b = variable(tensor({1.}, float64));
  backward(a + b);
  int64_t before = memory_stats().live_bytes;
  {
    Tensor y = a * 2;
    on_gradient(y, [](const Tensor&) { throw Error("from a hook"); });
    CHECK_THROWS_WITH_AS(backward(y + b * 5), doctest::Contains("from a hook"), Error);
  }
  CHECK(gradient(a).item() == 1);
  CHECK(gradient(b).item() == 1);
  Hook late = after_accumulation(a, [](const Tensor&) { throw Error("too late"); });
  CHECK_THROWS_AS(backward(b * 5 + a * 2), Error);
  CHECK(gradient(a).item() == 1);
  CHECK(gradient(b).item() == 1);
  late.remove();
  backward(a + b);
  CHECK(gradient(a).item() == 2);
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("grad calls the hooks of tensors, not those of nodes it does not run") {
  Tensor x = variable(tensor({3.}, float64));
  Tensor y = x * x;
  std::string seen;
  on_gradient(x, [&](const Tensor& g) {
    seen += "x";
    return g * 2;
  });
  on_gradient(y, [&](const Tensor&) { seen += "y"; });
  before_node(y, [&](const Tensors&) { seen += "b"; });
  after_accumulation(x, [&](const Tensor&) { seen += "!"; });
  CHECK(grad(y * 1, {x}, {.retain_tape = true})[0].item() == 12);
  CHECK(seen == "ybx");
  seen.clear();
  CHECK(grad(y * 1, {y})[0].item() == 1);
  CHECK(seen == "y");
  CHECK(!gradient(x));
}

TEST_CASE("3.4.55 retain_gradient: gradients of values that are no variables, from the last replays") {
  Tensor x = variable(tensor({3.}, float64));
  Tensor y = x * x;
  CHECK_THROWS_AS(gradient(y), TapeError);
  retain_gradient(y);
  retain_gradient(y);
  CHECK(!gradient(y));
  on_gradient(y, [](const Tensor& g) { return g * 2; });  // registered later, still before
  backward(y * 5);
  CHECK(gradient(y).item() == 10);
  CHECK_THROWS_AS(retain_gradient(tensor({1.})), TapeError);
}

TEST_CASE("4.35 hooks stay with the node they were put on when the tensor moves on in place") {
  Tensor x = variable(tensor({3.}, float64));
  Tensor y = x * 2;
  double seen = 0;
  on_gradient(y, [&](const Tensor& g) { seen = g.item(); });
  y *= 10;
  backward(y);
  CHECK(seen == 10);
}

TEST_CASE("3.4.64 hooks are differentiable under create_graph, and a hundred replays nest inside hooks") {
  Tensor x = variable(tensor({2.}, float64));
  Tensor y = x * x;
  on_gradient(y, [&](const Tensor& g) { return g * x; });
  Tensor g = grad(y * 1, {x}, {.create_graph = true})[0];
  CHECK(g.item() == 8);
  CHECK(grad(g, {x})[0].item() == 8);
  int depth = 0;
  auto nest = [&](auto& self) -> void {
    EnableGrad again;
    Tensor v = variable(tensor({1.})), w = v * 1;
    on_gradient(w, [&](const Tensor&) {
      if (++depth < 100) self(self);
    });
    backward(w);
  };
  nest(nest);
  CHECK(depth == 100);
  // A replay over the very nodes that another one is about to pass.
  Tensor a = variable(tensor({3.}, float64)), b = a * a, c = b * b;
  Tensor inside;
  on_gradient(c, [&](const Tensor&) {
    EnableGrad again;
    inside = grad(sum(b * a), {a}, {.retain_tape = true})[0];
  });
  backward(c + b);
  CHECK(gradient(a).item() == 4 * 27 + 6);
}

TEST_CASE("4.36 hooks leave nothing behind when their tensor goes") {
  int64_t before = memory_stats().live_bytes;
  {
    Tensor x = variable(ones({1000}));
    Tensor y = x * 2;
    Tensor held = ones({1000});
    on_gradient(y, [held](const Tensor& g) { return g * held; });
    after_accumulation(x, [](const Tensor&) {});
    retain_gradient(y);
    backward(sum(y));
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("hooks need something recorded") {
  CHECK_THROWS_AS(on_gradient(tensor({1.}), [](const Tensor&) {}), TapeError);
  Tensor x = variable(tensor({1.}));
  CHECK_THROWS_AS(after_accumulation(x * 2, [](const Tensor&) {}), TapeError);
}
