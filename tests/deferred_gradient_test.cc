#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include "autograd/variable.h"
#include "reel.h"
#include "tensor/deferred.h"
#include "tensor/storage.h"

using namespace reel;

// Gradients that wait instead of being written out: the sums are those of the plain way, whoever asks for them and when.
namespace {

#define CHECK_CLOSE(a, b, tolerance) CHECK(max(abs((a) - (b))).item<float>() <= (tolerance))

// f's gradient by w, found by a replay that records (nothing waits there).
Tensor plainly(const Tensor& w, const std::function<Tensor()>& loss) { return grad(loss(), {w}, {.create_graph = true})[0]; }
bool waits(const Tensor& w) { return gradient_as_left(w).deferred != nullptr; }

Tensor rows_of(int64_t n, int64_t width, int turn) { return sin(reshape(arange(0, double(n * width)), {n, width}) + turn); }

}  // namespace

TEST_CASE("products for one weight: few, many, and more rows than have room") {
  for (int uses : {1, 2, 3, 40, 600}) {
    CAPTURE(uses);
    Tensor w = variable(rows_of(160, 130, 3) * 0.1);
    auto loss = [&] {
      Tensor total = full({}, 0.);
      for (int i = 0; i < uses; ++i) total = total + sum(tanh(matmul(rows_of(1 + i % 3, 160, i), w)));
      return total;
    };
    Tensor expected = plainly(w, loss);
    backward(loss());
    CHECK(waits(w) == (uses == 1));  // one row is less than the matrix
    CHECK_CLOSE(gradient(w), expected, 2e-5);
    CHECK_FALSE(waits(w));
    backward(loss());  // on top of it
    CHECK_CLOSE(gradient(w), 2 * expected, 4e-5);
  }
}

TEST_CASE("rows of one table: repeated, negative, more than half of it") {
  for (int64_t count : {1, 7, 300, 2000}) {
    CAPTURE(count);
    Tensor table = variable(rows_of(600, 40, 1));
    Tensor ids = cast(floor(rows_of(1, count, 2)[0] * 299.), int64);
    auto loss = [&] { return sum(square(take(table, ids)) * rows_of(count, 40, 5)); };
    Tensor expected = plainly(table, loss);
    backward(loss());
    CHECK(waits(table) == (count <= 300));
    backward(loss());
    CHECK_FALSE(waits(table));
    CHECK_CLOSE(gradient(table), 2 * expected, 1e-5);
  }
}

TEST_CASE("rows of one table, looked up again and again: what waits takes no more room than the table") {
  Tensor table = variable(rows_of(600, 40, 1));
  auto lookup = [&](int64_t i) { return sum(square(take(table, (arange(20) * (i + 3)) % 600)) * rows_of(20, 40, int(i))); };
  auto all = [&] {
    Tensor total = full({}, 0.);
    for (int64_t i = 0; i < 400; ++i) total = total + lookup(i);
    return total;
  };
  Tensor expected = plainly(table, all), loss = all();
  reset_peak_memory();
  int64_t before = memory_stats().live_bytes;
  backward(loss);
  CHECK(memory_stats().peak_bytes - before < 4 * table.bytes());
  CHECK_CLOSE(gradient(table), expected, 2e-4);
}

TEST_CASE("what waits is a copy: later writes to its parts change nothing") {
  Tensor table = variable(rows_of(600, 40, 1)), ids = tensor(std::vector<int64_t>{4, 4, 9}), g = rows_of(3, 40, 7), before = clone(g);
  Tensor w = variable(rows_of(160, 130, 1)), x = rows_of(1, 160, 2), x_before = clone(x);
  backward(take(table, ids), {.gradient = g});
  backward(sum(matmul(x, w)));
  CHECK((waits(table) && waits(w)));
  assign(ids, zeros({3}, int64)), assign(g, zeros({3, 40})), assign(x, zeros({1, 160}));
  CHECK_CLOSE(gradient(table)[4], before[0] + before[1], 0);
  CHECK_CLOSE(gradient(table)[9], before[2], 0);
  CHECK_CLOSE(sum(gradient(table)), sum(before), 1e-5);
  CHECK_CLOSE(gradient(w), matmul(transpose(x_before), ones({1, 130})), 1e-6);
}

TEST_CASE("a matrix that is table and weight at once, and one that is computed") {
  Tensor w = variable(rows_of(300, 200, 4) * 0.1), ids = tensor(std::vector<int64_t>{1, 5, 5, -1});
  for (bool computed : {false, true}) {
    CAPTURE(computed);
    auto loss = [&] {
      Tensor own = computed ? w * 2 : w, total = sum(take(own, ids) * rows_of(4, 200, 1));
      for (int i = 0; i < 5; ++i) total = total + sum(square(matmul(rows_of(1, 300, i), own)));
      return total + sum(take(own, ids));
    };
    Tensor expected = plainly(w, loss);
    clear_gradient(w);
    backward(loss());
    CHECK_CLOSE(gradient(w), expected, 1e-4);
    CHECK_CLOSE(grad(loss(), {w})[0], expected, 1e-4);  // as a value
  }
}

TEST_CASE("hooks see a gradient that is written out") {
  Tensor w = variable(rows_of(160, 130, 1)), seen;
  on_gradient(w, [&](const Tensor& g) { return seen = g, g * 2; });
  backward(sum(matmul(rows_of(1, 160, 2), w)));
  CHECK_FALSE(waits(w));
  Tensor expected = matmul(transpose(rows_of(1, 160, 2)), ones({1, 130}));
  CHECK_CLOSE(seen, expected, 1e-6);
  CHECK_CLOSE(gradient(w), expected * 2, 1e-6);
}

TEST_CASE("every optimizer moves by what waits as by what is written out") {
  std::vector<nn::Optimizer (*)()> kinds{
      [] { return nn::Optimizer(nn::SGD({.learning_rate = 0.1})); },
      [] { return nn::Optimizer(nn::SGD({.learning_rate = 0.1, .momentum = 0.9})); },
      [] { return nn::Optimizer(nn::Adam({.learning_rate = 0.1})); },
      [] { return nn::Optimizer(nn::Adam({.learning_rate = 0.1, .weight_decay = 0.01})); },
      [] { return nn::Optimizer(nn::Adagrad({.learning_rate = 0.1})); },
      [] { return nn::Optimizer(nn::RMSprop({.learning_rate = 0.1})); }};
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    CAPTURE(kind);
    Tensors ends[2];
    for (bool written : {false, true}) {
      Tensor table = variable(rows_of(600, 40, 1)), w = variable(rows_of(300, 200, 2)), small = variable(ones({3}));
      nn::Optimizer optimizer = kinds[kind]();
      for (int step = 0; step < 3; ++step) {
        Tensor ids = tensor(std::vector<int64_t>{step, 599, step, 7});
        backward(sum(take(table, ids) * rows_of(4, 40, step)) + sum(tanh(matmul(rows_of(1, 300, step), w))) + sum(square(small)));
        CHECK((waits(table) && waits(w) && !waits(small)));
        if (written) gradient(table), gradient(w);
        uint32_t version = table.body().storage->version;
        optimizer.step({table, w, small});
        CHECK(table.body().storage->version != version);
        CHECK_FALSE((gradient(table) || gradient(w)));
      }
      ends[written] = {detach(table), detach(w), detach(small)};
    }
    for (size_t i = 0; i < 3; ++i) CHECK_CLOSE(ends[0][i], ends[1][i], 2e-6);
  }
}

TEST_CASE("an update checks what waits as it checks a tensor, and takes it for other dtypes and shapes") {
  Tensor w = variable(rows_of(160, 130, 1));
  backward(sum(matmul(rows_of(1, 160, 2), w)));
  Gradients g;
  g.push_back(gradient_as_left(w));
  CHECK_THROWS_WITH_AS(sgd_update({zeros({2})}, g, {}, {}), doctest::Contains("must have the parameter's shape"), ShapeError);
  CHECK_THROWS_AS(sgd_update({zeros({160, 130}), zeros({1})}, g, {}, {}), ShapeError);
  Tensor wide = zeros({160, 130}, float64);
  sgd_update({wide}, g, {}, {.learning_rate = 1});
  CHECK_CLOSE(cast(wide, float32), -gradient(w), 1e-6);
}

TEST_CASE("the same bits for any number of threads, and threads that share a variable add up") {
  Tensor results[2];
  for (int threads : {1, 2}) {
    set_num_threads(threads);
    Tensor w = variable(rows_of(300, 200, 2)), table = variable(rows_of(5000, 64, 3));
    for (int i = 0; i < 2; ++i) {
      Tensor total = full({}, 0.);
      for (int k = 0; k < 100; ++k) total = total + sum(tanh(matmul(rows_of(2, 300, k), w)));
      backward(total + sum(square(take(table, cast(abs(rows_of(1, 1500, i)[0]) * 4000., int64)))));
    }
    results[threads - 1] = concat({reshape(gradient(w), {-1}), reshape(gradient(table), {-1})});
  }
  set_num_threads(0);
  CHECK(array_equal(results[0], results[1]));

  Tensor w = variable(rows_of(300, 200, 2));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] { backward(sum(matmul(ones({1, 300}), w))); });
  for (std::thread& t : threads) t.join();
  CHECK_CLOSE(gradient(w), full({300, 200}, 4.), 0);
}
