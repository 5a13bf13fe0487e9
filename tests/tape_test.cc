// Recording, replay and release.
#include <doctest/doctest.h>
#include <pthread.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "autograd/node.h"
#include "reel.h"
#include "tensor/pool.h"
#include "tensor/storage.h"

using namespace reel;

TEST_CASE("backward leaves gradients on the variables") {
  Tensor w = variable(tensor({1., 2., 3.}), "w");
  backward(sum(w * w + w));
  CHECK(gradient(w).at<float>(0) == 3);
  CHECK(gradient(w).at<float>(2) == 7);
}

TEST_CASE("3.4.47 a second replay of a released tape names both lines") {
  Tensor w = variable(tensor({1., 2.}), "w");
  Tensor loss = sum(w * w);
  backward(loss);
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("this tape was replayed before, at tape_test.cc"), TapeError);
  CHECK_THROWS_WITH_AS(grad(loss, {w}), doctest::Contains("this tape was replayed before, at tape_test.cc"), TapeError);
  CHECK(gradient(w).at<float>(0) == 2);
}

TEST_CASE("3.4.47 4.28 retained tapes are replayed again, and gradients add up") {
  Tensor w = variable(tensor({1., 2.}));
  Tensor loss = sum(exp(w) * w);
  backward(loss, {.retain_tape = true});
  Tensor once = clone(gradient(w));
  backward(loss);
  for (int i = 0; i < 2; ++i) CHECK(gradient(w).at<float>(i) == 2 * once.at<float>(i));
  CHECK_THROWS_AS(backward(loss), TapeError);
}

TEST_CASE("3.4.58 derivatives up to the fourth, through a product of functions") {
  Tensor x = variable(tensor({0.7}, float64));
  Tensor y = sum(sin(x) * x * x);
  double s = std::sin(0.7), c = std::cos(0.7), a = 0.7;
  const double expected[] = {c * a * a + 2 * a * s, -s * a * a + 4 * a * c + 2 * s, -c * a * a - 6 * a * s + 6 * c, s * a * a - 8 * a * c - 12 * s};
  for (double e : expected) {
    y = grad(y, {x}, {.create_graph = true})[0];
    CHECK(y.item() == doctest::Approx(e).epsilon(1e-12));
  }
  CHECK(!gradient(x));
}

TEST_CASE("backward with create_graph: the gradients on the variables are differentiable") {
  Tensor x = variable(tensor({3.}, float64));
  backward(sum(x * x * x), {.create_graph = true});
  Tensor g = gradient(x);
  CHECK(grad(sum(g), {x})[0].item() == doctest::Approx(18));
  clear_gradient(x);
}

TEST_CASE("grad of inputs that do not matter") {
  Tensor a = variable(tensor({1., 2.}), "a"), b = variable(tensor({3.}), "b"), c = tensor({1.});
  Tensor loss = sum(a * a);
  CHECK_THROWS_WITH_AS(grad(loss, {a, b}, {.retain_tape = true}), doctest::Contains("does not depend on input 1"), TapeError);
  CHECK_THROWS_WITH_AS(grad(loss, {c}, {.retain_tape = true}), doctest::Contains("input 0 is neither a variable nor recorded"), TapeError);
  Tensors g = grad(loss, {a, b, c}, {.allow_unused = true});
  CHECK(g[0].at<float>(1) == 4);
  CHECK(!g[1]);
  CHECK(!g[2]);
}

TEST_CASE("grad of intermediate values, of several outputs of one tape, and of the loss itself") {
  Tensor x = variable(tensor({2.}));
  Tensor y = x * x, z = sum(y * y * x);
  Tensors g = grad(z, {y, x, z}, {.retain_tape = true});
  CHECK(g[0].item() == 2 * 4 * 2);
  CHECK(g[1].item() == 5 * 16);
  CHECK(g[2].item() == 1);
  CHECK(!gradient(x));
}

TEST_CASE("a loss without history, and one of several elements") {
  CHECK_THROWS_WITH_AS(backward(tensor({1.})), doctest::Contains("the loss has no history"), TapeError);
  Tensor w = variable(tensor({1., 2.}));
  Tensor frozen = [&] {
    NoGrad no_grad;
    return sum(w);
  }();
  CHECK_THROWS_AS(backward(frozen), TapeError);
  CHECK_THROWS_WITH_AS(backward(w * 2), doctest::Contains("the loss has 2 elements"), ShapeError);
  CHECK_THROWS_WITH_AS(backward(w * 2, {.gradient = tensor({1.})}), doctest::Contains(".gradient must have the loss's shape"), ShapeError);
  CHECK_THROWS_AS(backward(Tensor()), Error);
  backward(w * 2, {.gradient = tensor({1., 10.})});
  CHECK(gradient(w).at<float>(1) == 20);
}

TEST_CASE("3.4.48 a saved value that is overwritten in place is caught, with both lines") {
  Tensor w = variable(tensor({1., 2.}), "w");
  Tensor x = tensor({3., 4.});
  Tensor loss = sum(w * x);                                             const int recorded = __LINE__;
  assign(x, 0);                                                         const int written = __LINE__;
  std::string text;
  try {
    backward(loss);
  } catch (const TapeError& e) {
    text = e.what();
  }
  CHECK(text.find("the saved input 1 of multiply (recorded at tape_test.cc:" + std::to_string(recorded) + ") was overwritten in place at tape_test.cc:" +
                  std::to_string(written)) != std::string::npos);
  CHECK(!gradient(w));
}

TEST_CASE("values that no rule looks at may be overwritten") {
  Tensor w = variable(tensor({1., 2.})), x = tensor({3., 4.});
  Tensor loss = sum(w + x);
  assign(x, 0);
  backward(loss);
  CHECK(gradient(w).at<float>(0) == 1);
}

TEST_CASE("a write through a detached alias or a view is noticed") {
  Tensor w = variable(tensor({1., 2.}));
  Tensor y = exp(w), loss = sum(y * y);
  {
    NoGrad no_grad;
    detach(y)[0] = 5;
  }
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("was overwritten in place"), TapeError);
  CHECK_THROWS_WITH_AS(y + 1, doctest::Contains("was overwritten at tape_test.cc"), TapeError);
}

TEST_CASE("3.4.49 4.24 in-place writes to variables while recording are refused, and change nothing") {
  Tensor w = variable(tensor({1., 2.}), "w"), y = w * 2;
  CHECK_THROWS_WITH_AS(assign(w, 0), doctest::Contains("a variable is written in place while recording"), TapeError);
  CHECK_THROWS_AS(w[0] = 3, TapeError);
  CHECK_THROWS_AS(y.mutable_values<float>(), TapeError);
  CHECK_THROWS_AS(w.mutable_values<float>(), TapeError);
  CHECK(w.at<float>(0) == 1);
  NoGrad no_grad;
  assign(w, 7);
  CHECK(w.at<float>(1) == 7);
}

TEST_CASE("3.4.63 an exception in the middle of a replay leaves every gradient as it was") {
  Tensor a = variable(tensor({1., 2.}), "a"), b = variable(tensor({3., 4.}), "b"), x = tensor({1., 1.});
  backward(sum(a) + sum(b));
  Tensor loss = sum(exp(b)) + sum(a * x);
  assign(x, 9);
  CHECK_THROWS_AS(backward(loss), TapeError);
  CHECK(gradient(a).at<float>(0) == 1);
  CHECK(gradient(b).at<float>(1) == 1);
}

TEST_CASE("4.31 one tensor as several operands: contributions add") {
  Tensor x = variable(tensor({3.}));
  backward(x * x - x + sum(concat({x, x})) + x / x);
  CHECK(gradient(x).item() == 2 * 3 - 1 + 2 + 0);
  Tensor y = variable(tensor({1.})), total = y;
  for (int i = 0; i < 1000; ++i) total = total + y;
  backward(total);
  CHECK(gradient(y).item() == 1001);
}

TEST_CASE("an op of very many operands") {
  Tensor x = variable(tensor({2.}));
  Tensors many(70000, x);
  Tensor y = concat(many);
  backward(sum(y));
  CHECK(gradient(x).item() == 70000);
}

TEST_CASE("gradients share memory neither with each other nor with the seed") {
  Tensor a = variable(tensor({1., 2.})), b = variable(tensor({3., 4.})), seed = tensor({1., 1.});
  backward(a + b, {.gradient = seed});
  NoGrad no_grad;
  gradient(a) *= 5;
  CHECK(gradient(b).at<float>(0) == 1);
  CHECK(seed.at<float>(0) == 1);
  EnableGrad again;
  Tensors g = grad(sum(exp(a + b)), {a, b});
  float before = g[1].at<float>(0);
  g[0] *= 2;
  CHECK(g[1].at<float>(0) == before);
}

TEST_CASE("3.4.70 4.33 a gradient reaches integers and bools without an error, and nothing of them is recorded") {
  Tensor x = variable(tensor({1.5, 2.5}));
  CHECK(!cast(x, int64).has_history());
  CHECK(!argmax(x).has_history());
  CHECK(!(x > 2).has_history());
  backward(sum(where(x > 2, x, 0) * cast(x, int64)));
  CHECK(gradient(x).at<float>(0) == 0);
  CHECK(gradient(x).at<float>(1) == 2);
  CHECK_THROWS_AS(variable(tensor({1, 2})), DTypeError);
}

TEST_CASE("f16 operands get f16 gradients that were summed in float32") {
  Tensor w = variable(cast(tensor({1.}), float16));
  backward(sum(w * ones({4096}, float32)));
  CHECK(gradient(w).dtype() == float16);
  CHECK(gradient(w).item() == 4096);
  Tensor v = variable(ones({1}, float16));
  backward(cast(sum(v * ones({4096}, float16)), float32));
  CHECK(gradient(v).item() == 4096);
}

TEST_CASE("NoGrad and EnableGrad nest, and belong to their thread") {
  Tensor w = variable(tensor({1.}));
  NoGrad outer;
  CHECK(!(w * 2).has_history());
  {
    EnableGrad inner;
    CHECK((w * 2).has_history());
  }
  CHECK(!(w * 2).has_history());
  bool recorded = false;
  std::thread([&] { recorded = (w * 2).has_history(); }).join();
  CHECK(recorded);
}

// --- size and life ----------------------------------------------------------------------------------------------------------------

namespace {
void on_small_stack(void* (*run)(void*)) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, 256 << 10) == 0);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, &attributes, run, nullptr) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}
constexpr int kLong = 5000000;
double replayed = 0;
}  // namespace

TEST_CASE("3.4.62 4.34 ten million recorded ops are built, replayed and dropped on a stack of 256 KiB") {
  on_small_stack([](void*) -> void* {
    Tensor x = variable(tensor({1.}));
    {
      Tensor y = x;
      for (int i = 0; i < kLong; ++i) y = y + x;  // released op by op as the replay passes
      backward(y);
      replayed = gradient(x).item();
    }
    Tensor y = x;
    for (int i = 0; i < kLong; ++i) y = -y;  // dropped as a whole
    return nullptr;
  });
  CHECK(replayed == kLong + 1);
}

TEST_CASE("3.4.65 branches that nobody holds give back their part of the tape") {
  Tensor w = variable(ones({1000}));
  Tensor kept = exp(w);
  int64_t before = memory_stats().live_bytes, peak = 0;
  for (int i = 0; i < 1000; ++i) {
    Tensor metric = tanh(kept * 2) + i;
    peak = std::max(peak, memory_stats().live_bytes);
  }
  CHECK(memory_stats().live_bytes == before);
  CHECK(peak - before < 10 * 4000);
}

TEST_CASE("replay releases as it passes; nothing stays behind") {
  int64_t before = memory_stats().live_bytes;
  {
    Tensor w = variable(ones({1000}));
    Tensor y = w;
    for (int i = 0; i < 100; ++i) y = tanh(y) * y;
    Tensor loss = sum(y);
    y = Tensor();
    CHECK(memory_stats().live_bytes - before >= 200 * 4000);
    backward(loss);
    CHECK(memory_stats().live_bytes - before < 4 * 4000);  // the variable, its gradient, the loss
    std::string listing = tape(loss);
    CHECK(listing.find("replayed at tape_test.cc") != std::string::npos);
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("3.4.63 a failed replay gives everything back") {
  int64_t before = memory_stats().live_bytes;
  {
    Tensor w = variable(ones({1000})), x = ones({1000});
    Tensor loss = sum(exp(exp(w * x) * 0.1));
    assign(x, 2);
    CHECK_THROWS_AS(backward(loss), TapeError);
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("second order leaves no cycle behind") {
  int64_t before = memory_stats().live_bytes;
  {
    Tensor x = variable(ones({1000}));
    Tensor g = grad(sum(exp(x) * x), {x}, {.create_graph = true})[0];
    backward(sum(g * g));
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("a small recorded op takes at most 400 bytes of tape") {
  // A product in a chain: the node with two edges, and the result that the next product keeps, with its one value.
  auto block = [](size_t bytes) { return pool::class_bytes(pool::size_class(bytes)); };
  CHECK(block(sizeof(Node) + 2 * sizeof(Edge)) + block(sizeof(Body)) + block(sizeof(Storage) + sizeof(double)) <= 400);
}

// --- threads ----------------------------------------------------------------------------------------------------------------------

TEST_CASE("two threads with a tape each, reading the same variables") {
  Tensor w = variable(tensor({0.5, -0.25, 2.}, float64), "w");
  double results[2] = {};
  auto work = [&](int which) {
    for (int round = 0; round < 300; ++round) {
      Tensor y = w;
      for (int i = 0; i < 20; ++i) y = tanh(y * w + which);
      results[which] = grad(sum(y), {w})[0].at<double>(1);
      Tensor own = variable(tensor({1. + which}));
      backward(sum(own * w));
      CHECK(gradient(own).item() == doctest::Approx(2.25));
      clear_gradient(own);
    }
  };
  double expected[2];
  work(0), expected[0] = results[0];
  work(1), expected[1] = results[1];
  clear_gradient(w);
  std::thread a([&] {
    for (int round = 0; round < 300; ++round) {
      Tensor y = w;
      for (int i = 0; i < 20; ++i) y = tanh(y * w + 0);
      results[0] = grad(sum(y), {w})[0].at<double>(1);
    }
  });
  std::thread b([&] {
    for (int round = 0; round < 300; ++round) {
      Tensor y = w;
      for (int i = 0; i < 20; ++i) y = tanh(y * w + 1);
      results[1] = grad(sum(y), {w})[0].at<double>(1);
    }
  });
  a.join(), b.join();
  CHECK(results[0] == expected[0]);
  CHECK(results[1] == expected[1]);
}

TEST_CASE("3.4.66 forward in one thread, backward in another, and dropped in a third") {
  Tensor w = variable(ones({100}));
  Tensor loss;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) w * 2.;  // this thread's clock runs ahead
    Tensor y = w;
    for (int i = 0; i < 50; ++i) y = y * 1.01 + w;
    loss = sum(y);
  }).join();
  Tensor more = loss * 2;
  std::thread([&] { backward(more, {.retain_tape = true}); }).join();
  Tensor again = grad(loss, {w}, {.retain_tape = true})[0];
  CHECK(gradient(w).at<float>(0) == doctest::Approx(2 * again.at<float>(0)));
  std::thread([l = std::move(loss), m = std::move(more)]() mutable {
    l = Tensor();
    m = Tensor();
  }).join();
}

TEST_CASE("many threads recording, replaying and handing tensors on") {
  int64_t before = memory_stats().live_bytes;
  {
    Tensor w = variable(ones({64}));
    std::vector<Tensor> losses(8);
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) losses[size_t(t)] = sum(tanh(w * double(t)) * w);
      });
    for (std::thread& t : threads) t.join();
    threads.clear();
    std::vector<double> got(8);
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] { got[size_t(t)] = grad(losses[size_t(7 - t)], {w})[0].at<float>(3); });
    for (std::thread& t : threads) t.join();
    for (int t = 0; t < 8; ++t) {
      double k = 7 - t, y = std::tanh(k);
      CHECK(got[size_t(t)] == doctest::Approx(y + k * (1 - y * y)).epsilon(1e-5));
    }
  }
  CHECK(memory_stats().live_bytes == before);
}

namespace {
struct WrongGradient {
  static constexpr const char* name = "wrong_gradient";
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const { return {in[0].shape(), float32, float32}; }
  Grads vjp(const Vjp& v) const { return {sum(v.gy())}; }
};
REEL_KERNEL(WrongGradient, kCpu) { std::memcpy(out[0].raw(), in[0].raw(), size_t(in[0].bytes())); }
}  // namespace

TEST_CASE("a rule whose gradient has not the variable's shape is named") {
  Tensor w = variable(ones({2, 2}), "w");
  Tensor loss = sum(apply(WrongGradient{}, w, Where{}));
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("wrong_gradient: its gradient rule answered [] for input 0, a variable of [2, 2]"), TapeError);
  CHECK_FALSE(gradient(w));
}

TEST_CASE("steps of a sequence: their gradients take the room of one") {
  Tensor x = variable(uniform({200, 1000}, -1, 1)), total = full({}, 0.);
  for (int64_t t = 0; t < 200; ++t) total = total + sum(square(x[t]));
  reset_peak_memory();
  int64_t before = memory_stats().live_bytes;
  backward(total);
  CHECK(memory_stats().peak_bytes - before < 2 * x.bytes());
  CHECK(allclose(gradient(x), 2 * x));
}
