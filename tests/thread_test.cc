// The same bits for one thread and for all, and for every instruction-set level where the arithmetic is exact.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "op_samples.h"
#include "reel.h"
#include "tensor/cpu/level.h"
#include "tensor/parallel.h"

using namespace reel;
using namespace reel::test;

namespace {
struct Threads {
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(0); }
};

template <class F> void same_for_any_thread_count(const char* what, F&& f) {
  CAPTURE(what);
  Tensor one, many;
  {
    Threads t(1);
    one = f();
  }
  for (int n : {2, 3, 7}) {
    Threads t(n);
    many = f();
    CHECK(same_bits(one, many));
  }
}

// FNV-1a over a tensor's bytes.
uint64_t hash(const Tensor& given) {
  Tensor x = contiguous(given);
  uint64_t h = 14695981039346656037u;
  for (int64_t i = 0; i < x.bytes(); ++i) h = (h ^ x.raw<uint8_t>()[i]) * 1099511628211u;
  return h;
}
}  // namespace

TEST_CASE("reductions and softmax give the same bits on one thread and on several") {
  for (DType t : {float32, float64, int64, float16}) {
    Tensor flat = samples({700001}, t, -3, 3, 1), wide = samples({3, 200003}, t, -3, 3, 2), tall = samples({60007, 9}, t, -3, 3, 3),
           block = samples({37, 300, 41}, t, -3, 3, 4);
    for (const Tensor& x : {flat, wide, tall, block}) {
      same_for_any_thread_count("sum", [&] { return sum(x); });
      same_for_any_thread_count("sum of axis 0", [&] { return sum(x, 0); });
      same_for_any_thread_count("sum of the last axis", [&] { return sum(x, -1); });
      same_for_any_thread_count("max of axis 0", [&] { return max(x, 0); });
      same_for_any_thread_count("prod", [&] { return prod(x, -1); });
      same_for_any_thread_count("mean", [&] { return mean(x); });
      same_for_any_thread_count("var", [&] { return var(x, 0); });
      same_for_any_thread_count("argmax", [&] { return argmax(x, -1); });
      same_for_any_thread_count("argmin of axis 0", [&] { return argmin(x, 0); });
      same_for_any_thread_count("all", [&] { return all(x != 0); });
      same_for_any_thread_count("softmax", [&] { return softmax(x); });
      same_for_any_thread_count("log_softmax", [&] { return log_softmax(x, 0); });
      same_for_any_thread_count("logsumexp", [&] { return logsumexp(x, -1); });
    }
    same_for_any_thread_count("sum of the middle axis", [&] { return sum(block, 1); });
    same_for_any_thread_count("sum of outer axes", [&] { return sum(block, {0, 2}); });
  }
}

TEST_CASE("every elementwise op gives the same bits on one thread and on several") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    for (const Shape& s : {Shape{200003}, Shape{331, 607}}) {
      Tensors in;
      for (int i = 0; i < op.arity; ++i) in.push_back(samples(s, i == 0 && op.first_is_bool ? boolean : op.types & kFloats ? float32 : int32, op.domain.low, op.domain.high, uint64_t(i)));
      same_for_any_thread_count(op.name.c_str(), [&] { return op.call(in); });
      if (s.rank() < 2) continue;
      for (Tensor& x : in) x = transpose(x);
      same_for_any_thread_count(op.name.c_str(), [&] { return op.call(in); });
      in.back() = in.back()[{slice(0, 1)}];
      if (op.arity > 1) same_for_any_thread_count(op.name.c_str(), [&] { return op.call(in); });
    }
  }
}

// Vector functions and the C library's differ in the last bits: no element may be computed by the one here and by the other there.
TEST_CASE("every elementwise op gives an element the same bits wherever it stands") {
  constexpr int64_t kMost = 130;
  const double specials[] = {0., -0., 1., -3., 0.1, 40., -800., 1e-40, 1e30, INFINITY, -INFINITY, NAN};
  for (const ElementwiseOp& op : elementwise_ops())
    for (DType t : {float32, float64, complex64, complex128}) {
      if (!(op.types & (is_complex(t) ? kComplex : kFloats))) continue;
      CAPTURE(op.name);
      CAPTURE(name(t));
      DType real = t == float64 || t == complex128 ? float64 : float32;
      // A special value here and there among others, elsewhere in every operand. Not those of which complex products make NaN, whose sign
      // depends on the order of the factors.
      const size_t kinds = is_complex(t) ? 6 : std::size(specials);
      auto values = [&](int k, int part) {
        Tensor x = samples({kMost}, real, op.domain.low, op.domain.high, uint64_t(7 * k + part));
        for (int64_t i = 0; i < 30; ++i) x[(i * i * 3 + 11 * k + 5 * part) % kMost] = specials[size_t(i + k) % kinds];
        return x;
      };
      Tensors in;
      for (int k = 0; k < op.arity; ++k) {
        if (k == 0 && op.first_is_bool) in.push_back(samples({kMost}, boolean, 0, 1, 1));
        else in.push_back(is_complex(t) ? complex(values(k, 0), values(k, 1)) : values(k, 0));
      }
      auto all = [&](auto&& f) {
        Tensors x;
        for (const Tensor& operand : in) x.push_back(f(operand));
        return op.call(x);
      };
      Tensors one;
      for (int64_t i = 0; i < kMost; ++i) one.push_back(all([&](const Tensor& x) { return x[slice(i, i + 1)]; }));
      const Tensor alone = concat(one, 0);
      bool same = true;
      for (int64_t n = 1; n <= kMost; ++n) {
        same &= same_bits(all([&](const Tensor& x) { return x[slice(0, n)]; }), alone[slice(0, n)]);
        same &= same_bits(all([&](const Tensor& x) { return x[slice(kMost - n, {})]; }), alone[slice(kMost - n, {})]);
        same &= same_bits(all([&](const Tensor& x) { return flip(x[slice(0, n)], 0); }), flip(alone[slice(0, n)], 0));
        same &= same_bits(all([&](const Tensor& x) { return x[slice(0, n, 3)]; }), alone[slice(0, n, 3)]);
      }
      CHECK(same);
      // Operands that are one number, in every combination.
      for (int repeated = 1; repeated < 1 << op.arity; ++repeated) {
        CAPTURE(repeated);
        bool as_copies = true;
        for (int64_t n : {2, 7, 16, 67, 130})
          for (int64_t at : {0, 3, 11, 50, 90}) {
            Tensors few, copies;
            for (int k = 0; k < op.arity; ++k) {
              few.push_back(repeated >> k & 1 ? in[size_t(k)][slice(at, at + 1)] : in[size_t(k)][slice(0, n)]);
              copies.push_back(clone(broadcast_to(few.back(), {n})));
            }
            if (repeated + 1 == 1 << op.arity) few[0] = broadcast_to(few[0], {n});
            as_copies &= same_bits(op.call(few), op.call(copies));
          }
        CHECK(as_copies);
      }
      const Tensor many = tile(alone, {601});
      for (int threads : {1, 2}) {
        Threads limit(threads);
        CHECK(same_bits(all([&](const Tensor& x) { return tile(x, {601}); }), many));
        CHECK(same_bits(all([&](const Tensor& x) { return transpose(reshape(tile(x, {601}), {601, kMost})); }), transpose(reshape(many, {601, kMost}))));
      }
    }
}

// The exact sums in double, rounded: what a processor with or without instructions for bfloat16 may miss by is the order of a float sum.
TEST_CASE("products of 16-bit floats: rounded once, the same bits on one thread and on several") {
  for (DType t : {bfloat16, float16})
    for (auto [m, k, n] : {std::array<int64_t, 3>{1, 700, 300}, {300, 700, 1}, {65, 1, 33}, {257, 65, 131}, {40, 3000, 700}}) {
      Tensor a = samples({m, k}, t, -2, 2, 1), b = samples({k, n}, t, -2, 2, 2);
      Tensor exact = matmul(cast(a, float64), cast(b, float64)), most = matmul(abs(cast(a, float64)), abs(cast(b, float64)));
      Tensor a_turned = transpose(clone(transpose(a))), b_turned = transpose(clone(transpose(b))), wide = concat({b, b}, 1)[{slice(), slice(0, n)}];
      double rounding = t == bfloat16 ? 0x1p-8 : 0x1p-11;
      for (const Tensor& x : {a, a_turned})
        for (const Tensor& y : {b, b_turned, wide}) {
          Tensor z = matmul(x, y);
          CHECK(z.dtype() == t);
          CHECK(max(abs(cast(z, float64) - exact) - rounding * abs(exact) - 1e-6 * most).item() <= 0);
          same_for_any_thread_count("product", [&] { return matmul(x, y); });
        }
    }
}

TEST_CASE("gradients of large tensors have the same bits for any thread count") {
  Tensor x = samples({1000, 321}, float32, -2, 2, 5), b = samples({321}, float32, -1, 1, 6);
  same_for_any_thread_count("gradient", [&] {
    Tensor v = variable(b);
    backward(sum(log_softmax(tanh(x * v) + v)));
    return gradient(v);
  });
}

TEST_CASE("user threads that all run large ops at once") {
  Tensor x = samples({300000}, float32, -2, 2, 9);
  Tensor expected = sum(exp(x) * x);
  std::vector<Tensor> got(6);
  std::vector<std::thread> threads;
  for (Tensor& g : got) threads.emplace_back([&] { g = sum(exp(x) * x); });
  for (std::thread& t : threads) t.join();
  for (const Tensor& g : got) CHECK(same_bits(g, expected));
}

TEST_CASE("tasks: exceptions arrive after all ended, nested regions run in place, the mode word travels") {
  std::atomic<int> ended{0};
  CHECK_THROWS_AS(parallel_tasks(64, [&](int64_t i) {
    ++ended;
    if (i == 5) throw ShapeError("five");
  }), ShapeError);
  CHECK(ended >= 6);
  std::atomic<int64_t> total{0};
  std::atomic<int> recording_tasks{0};
  NoGrad no_grad;
  parallel_tasks(16, [&](int64_t) {
    recording_tasks += recording();
    parallel_for(1000, 1, [&](int64_t begin, int64_t end) { total += end - begin; });
  });
  CHECK(total == 16000);
  CHECK(recording_tasks == 0);
  CHECK(num_threads() >= 1);
}

TEST_CASE("ranges: every number once, few blocks on all threads") {
  for (int threads : {1, 2, 3, 7}) {
    Threads t(threads);
    for (int64_t n : {1, 2, 3, 7, 16, 17, 1000, 5000, 100003}) {
      std::vector<std::atomic<int>> met(static_cast<size_t>(n));
      std::atomic<int64_t> uneven{0};
      const int64_t share = (n + num_threads() - 1) / num_threads();
      parallel_for(n, 1, [&](int64_t begin, int64_t end) {
        uneven += end - begin > (n < 1000 ? share : share + 15);
        for (int64_t i = begin; i < end; ++i) ++met[size_t(i)];
      });
      CHECK(std::all_of(met.begin(), met.end(), [](const auto& times) { return times == 1; }));
      CHECK(uneven == 0);
    }
  }
}

// Sums, products and comparisons are exact rules of IEEE, and reductions add in one order: those must agree to the bit between levels.
// Functions made of several roundings (exp, tanh, softmax ...) may use fused multiply-add at v3 and v4: those agree to 4 ulps.
TEST_CASE("instruction-set levels" * doctest::description("child processes with REEL_CPU_LEVEL")) {
  Tensor x = samples({5003}, float32, -3, 3, 7), y = samples({5003}, float32, 0.5, 3, 8);
  std::vector<std::pair<const char*, Tensor>> exact{{"add", x + y}, {"multiply", x * y}, {"divide", x / y}, {"sqrt", sqrt(y)}, {"sum", sum(x)}, {"max", max(x)},
                                                    {"argmax", argmax(x)}, {"sum of rows", sum(reshape(x[slice(0, 5000)], {50, 100}), 0)},
                                                    {"cast", cast(x, float16)}, {"integers", cast(x * 100, int32) % 7}};
  for (DType t : {int8, float16, float32, float64, complex128}) exact.push_back({"turned", contiguous(transpose(cast(reshape(x[slice(0, 5000)], {50, 100}), t)))});
  std::vector<std::pair<const char*, Tensor>> close{{"exp", exp(x)}, {"tanh", tanh(x)}, {"log", log(y)}, {"erf", erf(x)}, {"softmax", softmax(x)}, {"gelu", gelu(x)}};
  if (const char* report = std::getenv("REEL_TEST_LEVEL_REPORT")) {
    std::FILE* f = std::fopen(report, "wb");
    REQUIRE(f);
    int32_t level = int32_t(cpu_level());
    std::fwrite(&level, sizeof level, 1, f);
    for (auto& [name, t] : exact) {
      uint64_t h = hash(t);
      std::fwrite(&h, sizeof h, 1, f);
    }
    for (auto& [name, t] : close) std::fwrite(t.raw(), 1, size_t(t.bytes()), f);
    std::fclose(f);
    return;
  }
  std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  for (const char* level : {"base", "v3", "v4"}) {
    std::string report = std::string("/tmp/reel_levels_") + level + "_" + std::to_string(uint64_t(uintptr_t(&report)) ^ uint64_t(std::rand())) + ".bin";
    std::string command = std::string("REEL_CPU_LEVEL=") + level + " REEL_TEST_LEVEL_REPORT=" + report + " '" + self + "' -tc='instruction-set levels' > /dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
    std::FILE* f = std::fopen(report.c_str(), "rb");
    REQUIRE(f);
    int32_t ran = 0;
    REQUIRE(std::fread(&ran, sizeof ran, 1, f) == 1);
    CAPTURE(level);
    if (std::strcmp(level, "base") == 0) CHECK(ran == int32_t(CpuLevel::kBase));
    for (auto& [name, t] : exact) {
      CAPTURE(name);
      uint64_t h = 0;
      REQUIRE(std::fread(&h, sizeof h, 1, f) == 1);
      CHECK(h == hash(t));
    }
    for (auto& [name, t] : close) {
      CAPTURE(name);
      Tensor other = zeros_like(t);
      REQUIRE(std::fread(other.raw(), 1, size_t(t.bytes()), f) == size_t(t.bytes()));
      CHECK(compare(other, to_array(t), 4, 1) == "");
    }
    std::fclose(f);
    std::remove(report.c_str());
  }
}

TEST_CASE("threads that call a new model at the same time build it once") {
  for (int round = 0; round < 50; ++round) {
    nn::Sequential model{nn::Dense(16), nn::LayerNormalization(), nn::Dense(2)};
    Tensor x = ones({2, 16});
    Tensors answers(4);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < answers.size(); ++t) threads.emplace_back([&, t] { answers[t] = model(x); });
    for (std::thread& t : threads) t.join();
    CHECK(nn::weights(model).size() == 6);
    for (const Tensor& y : answers) CHECK(array_equal(y, answers[0]));
  }
}
