// Checkpoints: the same gradients, the same random numbers, less memory.
#include <doctest/doctest.h>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/storage.h"

using namespace reel;

namespace {
bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && all(a == b).item<bool>(); }

struct Net {
  Tensors weights;
  Net(int layers, int64_t width) {
    set_random_seed(7);
    for (int i = 0; i < layers; ++i) weights.push_back(variable(normal({width, width}, 0, 0.1)));
  }
  Tensor layer(const Tensor& x, size_t i) const { return dropout(tanh(matmul(x, weights[i])) + x, 0.2); }
  Tensor operator()(Tensor x, bool checkpointed, CheckpointOptions options = {}) const {
    set_random_seed(11);
    for (size_t i = 0; i < weights.size(); i += 5) {
      auto five = [this, i](const Tensor& h) {
        Tensor y = h;
        for (size_t k = i; k < i + 5; ++k) y = layer(y, k);
        return y;
      };
      x = checkpointed ? checkpoint(five, x, options) : five(x);
    }
    return x;
  }
};
}  // namespace

TEST_CASE("3.4.61 4.73 a checkpointed net of 50 layers has the plain one's gradients bit by bit, dropout included") {
  Net net(50, 16);
  Tensor x = variable(uniform({8, 16}));
  for (CheckpointOptions o : {CheckpointOptions{}, CheckpointOptions{.verify = true}, CheckpointOptions{.keep = keep_products, .verify = true}}) {
    Tensors by = net.weights;
    by.push_back(x);
    Tensors plain = grad(sum(net(x, false)), by);
    Tensor y = net(x, true, o);
    CHECK(same(y, net(x, false)));
    Tensors checkpointed = grad(sum(net(x, true, o)), by);
    for (size_t i = 0; i < by.size(); ++i) CHECK(same(plain[i], checkpointed[i]));
    backward(sum(net(x, true, o)));
    CHECK(same(gradient(net.weights[3]), plain[3]));
    for (const Tensor& v : by) clear_gradient(v);
  }
}

TEST_CASE("3.4.61 memory of a checkpointed net is below 40 % of the plain one's") {
  Net net(50, 16);
  Tensor x = uniform({2000, 16});
  auto peak = [&](bool checkpointed, CheckpointOptions o = {}) {
    int64_t before = memory_stats().live_bytes;
    reset_peak_memory();
    backward(sum(net(x, checkpointed, o)));
    for (const Tensor& v : net.weights) clear_gradient(v);
    return memory_stats().peak_bytes - before;
  };
  int64_t plain = peak(false), checkpointed = peak(true), kept = peak(true, {.keep = keep_products});
  CHECK(checkpointed < plain * 4 / 10);
  CHECK(kept < plain);
  CHECK(kept > checkpointed);
}

TEST_CASE("a checkpoint runs its function once more, and what the policy keeps not again") {
  Tensor w = variable(ones({4, 4}));
  static int runs;
  runs = 0;
  auto counted = custom_gradient([](const Tensor& x) { ++runs; return x * 2; }, [](const Tensor& gy) { return gy * 2; });
  auto f = [&](const Tensor& x) { return tanh(counted(x)); };
  backward(sum(checkpoint(f, w)));
  CHECK(runs == 2);
  int plain_calls = runs;
  runs = 0;
  backward(sum(checkpoint(f, w, {.keep = [](std::string_view op) { return op == "multiply"; }})));
  CHECK(runs == plain_calls);
}

TEST_CASE("variables and recorded values that the function captures get their gradients") {
  Tensor w = variable(tensor({0.5, -1.}, float64)), v = variable(tensor({2., 3.}, float64)), h = exp(v);
  auto f = [&](const Tensor& x) { return sin(x * w) * h + w; };
  Tensor x = variable(tensor({1., 2.}, float64));
  Tensors plain = grad(sum(f(x)), {w, v, x}, {.retain_tape = true});
  Tensors again = grad(sum(checkpoint(f, x)), {w, v, x}, {.retain_tape = true});
  for (size_t i = 0; i < 3; ++i) CHECK(same(plain[i], again[i]));
  CHECK(grad(sum(checkpoint([](const Tensor& a, const Tensor& b) { return a * b; }, {x, x})), {x})[0].at<double>(1) == 4);
  Tensor c = tensor({1., 2.}, float64);
  CHECK(same(grad(sum(checkpoint(f, c)), {w})[0], plain[0]));
}

TEST_CASE("3.4.58 gradients through checkpoints, nested ones too, to second order") {
  Tensors points{tensor({0.4, -0.8}, float64), tensor({1.1, 0.6}, float64)};
  auto inner = [](const Tensor& x) { return tanh(x * x); };
  CHECK(gradcheck([&](const Tensors& x) {
    return checkpoint([&](const Tensor& a, const Tensor& b) { return checkpoint(inner, a * b) * exp(a); }, x) * x[0];
  }, points, {.second_order = true}) == "");
  CHECK(gradcheck([&](const Tensors& x) {
    Tensors y = checkpoint([](const Tensors& in) { return Tensors{in[0] * in[1], in[0], sin(in[1])}; }, x);
    return y[0] * y[2] + y[1];
  }, points, {.second_order = true}) == "");
}

TEST_CASE("a generator of one's own, and training mode, are those of the first run") {
  Generator own{.seed = 5};
  Tensor x = variable(ones({100}));
  Tensor seen[2];
  int run = 0;
  auto f = [&](const Tensor& a) {
    CHECK(training());
    Tensor y = dropout(a, 0.5, own);
    seen[run++] = detach(y);
    return y * y;
  };
  Tensor y = [&] {
    Training on;
    return checkpoint(f, x);
  }();
  uint64_t serial = own.serial;
  backward(sum(y));
  CHECK(run == 2);
  CHECK(same(seen[0], seen[1]));
  CHECK(own.serial == serial);
}

TEST_CASE("a second run that computes something else is an error") {
  Tensor x = variable(ones({3}));
  int run = 0;
  auto shapes = [&](const Tensor& a) { return run++ ? a[{slice(0, 2)}] * 2 : a * 2; };
  Tensor y = checkpoint(shapes, x);
  CHECK_THROWS_WITH_AS(backward(sum(y)), doctest::Contains("did not compute what the first did"), TapeError);
  run = 0;
  auto draws = [&](const Tensor& a) { return run++ ? a * uniform({3}) * uniform({3}) : a * uniform({3}); };
  y = checkpoint(draws, x);
  CHECK_THROWS_WITH_AS(backward(sum(y)), doctest::Contains("draws more random numbers"), Error);
  Tensor c = ones({3});
  y = checkpoint([&](const Tensor& a) { return a * c; }, x, {.verify = true});
  assign(c, 2);
  CHECK_THROWS_AS(backward(sum(y)), TapeError);
  CHECK(!gradient(x));
  Tensor in = ones({3});
  y = checkpoint([&](const Tensor& a) { return a * x; }, in);
  assign(in, 2);
  CHECK_THROWS_WITH_AS(backward(sum(y)), doctest::Contains("was overwritten in place"), TapeError);
}

TEST_CASE("kept results that the function writes over are computed again") {
  Tensor w = variable(tensor({{0.5, 0.1}, {0.2, -0.3}}, float64)), x = variable(tensor({{1., 2.}}, float64));
  auto f = [&](const Tensor& a) {
    Tensor y = matmul(a, w);
    y += 1;
    return y * y;
  };
  Tensors plain = grad(sum(f(x)), {w, x});
  Tensors again = grad(sum(checkpoint(f, x, {.keep = keep_products})), {w, x});
  for (size_t i = 0; i < 2; ++i) CHECK(same(plain[i], again[i]));
}

TEST_CASE("retained tapes run a checkpoint again; nothing is left behind; NoGrad runs it plainly") {
  int64_t before = memory_stats().live_bytes;
  {
    Tensor w = variable(ones({1000}));
    Tensor y = sum(checkpoint([](const Tensor& a) { return exp(a) * a; }, w, {.keep = [](std::string_view op) { return op == "exp"; }}));
    Tensor a = grad(y, {w}, {.retain_tape = true})[0], b = grad(y, {w})[0];
    CHECK(same(a, b));
    NoGrad no_grad;
    CHECK(!checkpoint([](const Tensor& v) { return v * 2; }, w).has_history());
  }
  CHECK(memory_stats().live_bytes == before);
}
