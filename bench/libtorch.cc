// The peer's side of the speed table, in LibTorch's C++ front end: the rows of ops.cc and training.cc, the same work. Inputs rotate
// through 8 batches and targets through 64; subnormal numbers are flushed here, PyTorch's best case.
#include <torch/torch.h>

#include <cstring>
#include <functional>

#include "measure.h"

using reel::bench::filter;
using reel::bench::row;
using reel::bench::seconds;
using reel::bench::wanted;
using torch::Tensor;
namespace nn = torch::nn;

namespace {

uint64_t turn = 0;  // which batch comes next

std::vector<Tensor> batches(torch::IntArrayRef shape, int count = 8) {
  std::vector<Tensor> v;
  for (int i = 0; i < count; ++i) v.push_back(torch::rand(shape));
  return v;
}
std::vector<Tensor> labels(int64_t n, int64_t classes) {
  std::vector<Tensor> v;
  for (int i = 0; i < 64; ++i) v.push_back(torch::randint(classes, {n}));
  return v;
}
const Tensor& next(const std::vector<Tensor>& v) { return v[(v.size() == 8 ? turn : turn / 3) % v.size()]; }

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
  for (int64_t n : {64, 256, 1024, 2048}) {
    std::string name = "gemm_" + std::to_string(n);
    if (!wanted(name)) continue;
    Tensor x = torch::rand({n, n}), y = torch::rand({n, n});
    row(name, 2. * double(n) * double(n) * double(n) / seconds([&] { c = torch::mm(x, y); }, 7) * 1e-9, "GFLOP/s");
  }
}

void train(const char* name, const std::vector<Tensor>& parameters, int items, const std::function<Tensor()>& loss, int repeats = 7) {
  if (!wanted(name)) return;
  torch::optim::Adam adam(parameters, torch::optim::AdamOptions(1e-3));
  double s = seconds([&] {
    ++turn;
    adam.zero_grad();
    loss().backward();
    adam.step();
  }, repeats, 0.3);
  row(name, items / s, "items/s");
}

struct LeNet : nn::Module {
  nn::Conv2d c1{nullptr}, c2{nullptr};
  nn::Linear f1{nullptr}, f2{nullptr}, f3{nullptr};
  LeNet() {
    c1 = register_module("c1", nn::Conv2d(nn::Conv2dOptions(1, 6, 5).padding(2)));
    c2 = register_module("c2", nn::Conv2d(6, 16, 5));
    f1 = register_module("f1", nn::Linear(400, 120));
    f2 = register_module("f2", nn::Linear(120, 84));
    f3 = register_module("f3", nn::Linear(84, 10));
  }
  Tensor forward(Tensor x) {
    x = torch::max_pool2d(torch::relu(c1(x)), 2);
    x = torch::max_pool2d(torch::relu(c2(x)), 2);
    return f3(torch::relu(f2(torch::relu(f1(x.flatten(1))))));
  }
};

struct ResidualBlock : nn::Module {
  nn::Conv2d a{nullptr}, b{nullptr};
  nn::BatchNorm2d n1{nullptr}, n2{nullptr};
  ResidualBlock() {
    a = register_module("a", nn::Conv2d(nn::Conv2dOptions(64, 64, 3).padding(1).bias(false)));
    b = register_module("b", nn::Conv2d(nn::Conv2dOptions(64, 64, 3).padding(1).bias(false)));
    n1 = register_module("n1", nn::BatchNorm2d(64));
    n2 = register_module("n2", nn::BatchNorm2d(64));
  }
  Tensor forward(Tensor x) { return torch::relu(x + n2(b(torch::relu(n1(a(x)))))); }
};

struct TreeLstm {
  static constexpr int kHidden = 150, kWords = 100;
  nn::Linear leaf{kWords, 3 * kHidden}, join{2 * kHidden, 5 * kHidden}, label{kHidden, 5};
  nn::Embedding words{5000, kWords};
  std::vector<Tensor> parameters() {
    std::vector<Tensor> all = leaf->parameters();
    for (auto& p : join->parameters()) all.push_back(p);
    for (auto& p : label->parameters()) all.push_back(p);
    for (auto& p : words->parameters()) all.push_back(p);
    return all;
  }
  std::pair<Tensor, Tensor> node(int n, uint64_t& seed) {
    auto random = [&] {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      return uint32_t(seed >> 33);
    };
    if (n == 1) {
      auto g = leaf(words(torch::full({1}, int64_t(random() % 5000), torch::kLong))).chunk(3, 1);
      Tensor c = g[0].sigmoid() * g[2].tanh();
      return {g[1].sigmoid() * c.tanh(), c};
    }
    int left = 1 + int(random() % uint32_t(n - 1));
    auto [hl, cl] = node(left, seed);
    auto [hr, cr] = node(n - left, seed);
    auto g = join(torch::cat({hl, hr}, 1)).chunk(5, 1);
    Tensor c = g[0].sigmoid() * g[4].tanh() + g[1].sigmoid() * cl + g[2].sigmoid() * cr;
    return {g[3].sigmoid() * c.tanh(), c};
  }
};

void training_rows() {
  auto cross_entropy = [](const Tensor& logits, const Tensor& y) { return nn::functional::cross_entropy(logits, y); };
  {
    nn::Sequential m(nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(), nn::Linear(512, 10));
    auto x = batches({128, 784}), y = labels(128, 10), x1 = batches({1, 784}), y1 = labels(1, 10);
    train("train_mlp_b128", m->parameters(), 128, [&] { return cross_entropy(m->forward(next(x)), next(y)); });
    train("train_mlp_b1", m->parameters(), 1, [&] { return cross_entropy(m->forward(next(x1)), next(y1)); });
  }
  {
    nn::Sequential m(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 16), nn::Tanh(), nn::Linear(16, 1));
    auto x = batches({8, 2}), y = batches({8, 1}, 64);
    train("train_tiny_mlp", m->parameters(), 8, [&] { return torch::mse_loss(m->forward(next(x)), next(y)); });
  }
  {
    auto m = std::make_shared<LeNet>();
    auto x = batches({64, 1, 28, 28}), y = labels(64, 10);
    train("train_lenet_b64", m->parameters(), 64, [&] { return cross_entropy(m->forward(next(x)), next(y)); });
  }
  {
    auto m = std::make_shared<ResidualBlock>();
    auto x = batches({16, 64, 32, 32});
    Tensor y = torch::rand({16, 64, 32, 32});
    train("train_resblock_b16", m->parameters(), 16, [&] { return torch::mse_loss(m->forward(next(x)), y); });
  }
  {
    nn::LSTM m(nn::LSTMOptions(128, 256).batch_first(true));
    nn::Linear head(256, 10);
    auto x = batches({32, 50, 128}), y = labels(32, 10);
    std::vector<Tensor> parameters = m->parameters();
    for (auto& p : head->parameters()) parameters.push_back(p);
    train("train_lstm_b32_t50", parameters, 32, [&] { return cross_entropy(head(std::get<0>(m(next(x))).select(1, -1)), next(y)); });
  }
  {
    nn::TransformerEncoderLayer m(nn::TransformerEncoderLayerOptions(256, 8).dim_feedforward(1024).dropout(0.));
    auto x = batches({64, 8, 256});
    Tensor y = torch::rand({64, 8, 256});
    train("train_transformer_b8_s64", m->parameters(), 8, [&] { return torch::mse_loss(m(next(x)), y); });
  }
  {
    TreeLstm m;
    auto y = labels(1, 5);
    train("train_treelstm_b25_n20", m.parameters(), 25, [&] {
      uint64_t seed = 1 + turn % 8;
      Tensor total;
      for (uint64_t i = 0; i < 25; ++i) {
        Tensor loss = cross_entropy(m.label(m.node(20, seed).first), y[(i + turn) % 64]);
        total = i ? total + loss : loss;
      }
      return total;
    }, 5);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) filter = argv[1];
  at::globalContext().setFlushDenormal(true);
  torch::set_num_threads(2);
  torch::manual_seed(0);
  small_ops();
  large_ops();
  training_rows();
}
