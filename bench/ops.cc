// The rows on single ops: small ones by their cost in nanoseconds, large ones by bandwidth.
#include "bench/groups.h"
#include "bench/measure.h"
#include "reel.h"

namespace reel::bench {
namespace {

Tensor random(const Shape& shape) { return uniform(shape, 0, 1); }

void small_ops() {
  if (wanted("op_add_nograd")) {
    Tensor a = random({4}), b = random({4}), c;
    NoGrad no_grad;
    row("op_add_nograd", 1e9 * seconds([&] { for (int i = 0; i < 1000; ++i) c = a + b; }, 11) / 1000, "ns/op");
  }
  auto chain = [](const Tensor& w, const Tensor& b) {
    Tensor x = w;
    for (int i = 0; i < 500; ++i) {
      x = x * b;
      x = x + b;
    }
    return x;
  };
  Tensor w = variable(random({4})), b = random({4});
  if (wanted("op_chain_fwd")) row("op_chain_fwd", 1e9 * seconds([&] { chain(w, b); }, 11) / 1000, "ns/op");
  if (wanted("op_chain_fwdbwd"))
    row("op_chain_fwdbwd", 1e9 * seconds([&] { backward(sum(chain(w, b))); }, 11) / 1000, "ns/op");
  if (wanted("op_matmul_small")) {
    Tensor x = random({1, 32}), y = variable(random({32, 32})), c;
    row("op_matmul_small", 1e9 * seconds([&] { for (int i = 0; i < 1000; ++i) c = matmul(x, y); }, 11) / 1000, "ns/op");
  }
  if (wanted("tape_bytes_per_op")) {
    // Pooled records are not counted by the allocator of large blocks: a tape of a million multiplications against the process's size.
    auto resident = [] {
      long pages = 0;
      if (FILE* f = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(f, "%*s %ld", &pages) != 1) pages = 0;
        std::fclose(f);
      }
      return double(pages) * 4096;
    };
    double before = resident();
    Tensor x = w;
    for (int i = 0; i < 1000000; ++i) x = x * b;
    row("tape_bytes_per_op", (resident() - before) / 1e6, "bytes");
  }
}

void elementwise() {
  for (auto [suffix, n] : {std::pair<const char*, int64_t>{"1e4", 10000}, {"1e6", 1000000}, {"3e7", 30000000}}) {
    auto name = [&](const char* op) { return std::string("ew_") + op + "_" + suffix; };
    bool any_wanted = false;
    for (const char* op : {"add", "exp", "tanh", "sigmoid", "gelu", "sum"}) any_wanted |= wanted(name(op));
    if (!any_wanted) continue;
    Tensor a = random({n}) + 0.1, b = random({n}) + 0.1, c;
    NoGrad no_grad;
    auto gigabytes = [&](const char* op, int streams, auto&& f) {
      if (wanted(name(op))) row(name(op), double(n) * 4 * streams / seconds(f, 7) * 1e-9, "GB/s");
    };
    gigabytes("add", 3, [&] { c = a + b; });
    gigabytes("exp", 2, [&] { c = exp(a); });
    gigabytes("tanh", 2, [&] { c = tanh(a); });
    gigabytes("sigmoid", 2, [&] { c = sigmoid(a); });
    gigabytes("gelu", 2, [&] { c = gelu(a); });
    gigabytes("sum", 1, [&] { c = sum(a); });
  }
}

// A formula as one pass against the peer's four ops.
void mapped() {
  if (!wanted("map_swish_3e7") && !wanted("map_swish_3e7_fwdbwd")) return;
  auto swish = map([](auto x) { return x / (1.f + exp(-x)); });
  Tensor a = variable(random({30000000}) - 0.5), c;
  double bytes = 2. * double(a.bytes());
  {
    NoGrad no_grad;
    if (wanted("map_swish_3e7")) row("map_swish_3e7", bytes / seconds([&] { c = swish(a); }, 7) * 1e-9, "GB/s");
  }
  if (wanted("map_swish_3e7_fwdbwd")) row("map_swish_3e7_fwdbwd", 1e3 * seconds([&] { backward(sum(swish(a))), clear_gradient(a); }, 7), "ms");
}

void reductions() {
  Tensor a = random({4096, 1024}), b = random({1024}), c;
  NoGrad no_grad;
  auto gigabytes = [&](const char* name, int streams, auto&& f) {
    if (wanted(name)) row(name, double(a.bytes()) * streams / seconds(f, 7) * 1e-9, "GB/s");
  };
  gigabytes("red_sum0", 1, [&] { c = sum(a, 0); });
  gigabytes("red_sum1", 1, [&] { c = sum(a, 1); });
  gigabytes("red_argmax1", 1, [&] { c = argmax(a, 1); });
  gigabytes("softmax1", 2, [&] { c = softmax(a, 1); });
  gigabytes("transpose_copy", 2, [&] { c = contiguous(transpose(a)); });
  gigabytes("bias_bcast", 2, [&] { c = a + b; });
}

}  // namespace

void op_rows() {
  small_ops();
  elementwise();
  mapped();
  reductions();
}

}  // namespace reel::bench
