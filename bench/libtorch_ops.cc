// The peer's rows of ops.cc.
#include <torch/torch.h>

#include <functional>

#include "bench/groups.h"
#include "bench/measure.h"

namespace reel::bench {
namespace {

using torch::Tensor;

void small_ops() {
  if (wanted("op_add_nograd")) {
    Tensor a = torch::rand({4}), b = torch::rand({4}), c;
    torch::NoGradGuard no_grad;
    row("op_add_nograd", 1e9 * seconds([&] { for (int i = 0; i < 1000; ++i) c = a + b; }, 11) / 1000, "ns/op");
  }
  Tensor w = torch::rand({4}, torch::requires_grad()), b = torch::rand({4});
  auto chain = [&] {
    Tensor x = w;
    for (int i = 0; i < 500; ++i) {
      x = x * b;
      x = x + b;
    }
    return x;
  };
  if (wanted("op_chain_fwd")) row("op_chain_fwd", 1e9 * seconds([&] { chain(); }, 11) / 1000, "ns/op");
  if (wanted("op_chain_fwdbwd")) row("op_chain_fwdbwd", 1e9 * seconds([&] { chain().sum().backward(); }, 11) / 1000, "ns/op");
  if (wanted("op_matmul_small")) {
    Tensor x = torch::rand({1, 32}), y = torch::rand({32, 32}, torch::requires_grad()), c;
    row("op_matmul_small", 1e9 * seconds([&] { for (int i = 0; i < 1000; ++i) c = torch::mm(x, y); }, 11) / 1000, "ns/op");
  }
}

void large_ops() {
  torch::NoGradGuard no_grad;
  Tensor c;
  for (auto [suffix, n] : {std::pair<const char*, int64_t>{"1e4", 10000}, {"1e6", 1000000}, {"3e7", 30000000}}) {
    bool any_wanted = false;
    for (const char* op : {"add", "exp", "tanh", "sigmoid", "gelu", "sum"}) any_wanted |= wanted(std::string("ew_") + op + "_" + suffix);
    if (!any_wanted) continue;
    Tensor a = torch::rand({n}) + 0.1, b = torch::rand({n}) + 0.1;
    auto gigabytes = [&](const char* op, int streams, std::function<Tensor()> f) {
      std::string name = std::string("ew_") + op + "_" + suffix;
      if (wanted(name)) row(name, double(n) * 4 * streams / seconds([&] { c = f(); }, 7) * 1e-9, "GB/s");
    };
    gigabytes("add", 3, [&] { return a + b; });
    gigabytes("exp", 2, [&] { return a.exp(); });
    gigabytes("tanh", 2, [&] { return a.tanh(); });
    gigabytes("sigmoid", 2, [&] { return a.sigmoid(); });
    gigabytes("gelu", 2, [&] { return torch::gelu(a); });
    gigabytes("sum", 1, [&] { return a.sum(); });
  }
  Tensor a = torch::rand({4096, 1024}), b = torch::rand({1024});
  auto gigabytes = [&](const char* name, int streams, std::function<Tensor()> f) {
    if (wanted(name)) row(name, double(a.numel()) * 4 * streams / seconds([&] { c = f(); }, 7) * 1e-9, "GB/s");
  };
  gigabytes("red_sum0", 1, [&] { return a.sum(0); });
  gigabytes("red_sum1", 1, [&] { return a.sum(1); });
  gigabytes("red_argmax1", 1, [&] { return a.argmax(1); });
  gigabytes("softmax1", 2, [&] { return a.softmax(1); });
  gigabytes("transpose_copy", 2, [&] { return a.t().contiguous(); });
  gigabytes("bias_bcast", 2, [&] { return a + b; });
}

void mapped() {
  if (!wanted("map_swish_3e7") && !wanted("map_swish_3e7_fwdbwd")) return;
  auto swish = [](const Tensor& x) { return x / (1.f + torch::exp(-x)); };
  Tensor a = (torch::rand({30000000}) - 0.5).requires_grad_(), c;
  {
    torch::NoGradGuard no_grad;
    if (wanted("map_swish_3e7")) row("map_swish_3e7", 8. * double(a.numel()) / seconds([&] { c = swish(a); }, 7) * 1e-9, "GB/s");
  }
  if (wanted("map_swish_3e7_fwdbwd")) row("map_swish_3e7_fwdbwd", 1e3 * seconds([&] { swish(a).sum().backward(), a.mutable_grad() = Tensor(); }, 7), "ms");
}

}  // namespace

void op_rows() {
  small_ops();
  large_ops();
  mapped();
}

}  // namespace reel::bench
