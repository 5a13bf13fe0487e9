// The peer's rows of training.cc. Inputs rotate through 8 batches and targets through 64.
#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include <functional>

#include "bench/rows.h"

namespace reel::bench {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

uint64_t turn = 0;  // which batch comes next

template <class F> std::vector<Tensor> several(int count, F&& make) {
  std::vector<Tensor> v;
  for (int i = 0; i < count; ++i) v.push_back(memory && i ? v[0] : make());
  return v;
}
std::vector<Tensor> batches(torch::IntArrayRef shape) {
  return several(8, [&] { return torch::rand(shape); });
}
std::vector<Tensor> labels(int64_t n, int64_t classes) {
  return several(64, [&] { return torch::randint(classes, {n}); });
}
std::vector<Tensor> targets(torch::IntArrayRef shape) {
  return several(64, [&] { return torch::rand(shape); });
}
const Tensor& next(const std::vector<Tensor>& v) { return v[(v.size() == 8 ? turn : turn / 3) % v.size()]; }

void train(const char* name, torch::optim::Optimizer& optimizer, int items, const std::function<Tensor()>& loss, int repeats = 7) {
  train_row(name, items, [&] {
    ++turn;
    optimizer.zero_grad();
    loss().backward();
    optimizer.step();
  }, repeats);
}
void train(const char* name, const std::vector<Tensor>& parameters, int items, const std::function<Tensor()>& loss, int repeats = 7) {
  torch::optim::Adam adam(parameters, torch::optim::AdamOptions(1e-3));
  train(name, adam, items, loss, repeats);
}
Tensor label_loss(const Tensor& y, const Tensor& logits) { return nn::functional::cross_entropy(logits, y); }

// torch.autocast("cpu", dtype); float32 is none.
struct Autocast {
  const bool on;
  explicit Autocast(torch::Dtype dtype) : on(dtype != torch::kFloat) {
    if (!on) return;
    at::autocast::set_autocast_dtype(at::kCPU, dtype);
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!on) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
};

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

void mlp(const char* name, int n, torch::Dtype precision = torch::kFloat) {
  nn::Sequential m(nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(), nn::Linear(512, 10));
  auto x = batches({n, 784}), y = labels(n, 10);
  train(name, m->parameters(), n, [&] {
    Autocast scope(precision);
    return label_loss(next(y), m->forward(next(x)));
  });
}
void tiny_mlp(const char* name) {
  nn::Sequential m(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 16), nn::Tanh(), nn::Linear(16, 1));
  auto x = batches({8, 2}), y = targets({8, 1});
  train(name, m->parameters(), 8, [&] { return torch::mse_loss(m->forward(next(x)), next(y)); });
}
void lenet(const char* name) {
  auto m = std::make_shared<LeNet>();
  auto x = batches({64, 1, 28, 28}), y = labels(64, 10);
  train(name, m->parameters(), 64, [&] { return label_loss(next(y), m->forward(next(x))); });
}
void residual_block(const char* name, torch::Dtype precision = torch::kFloat) {
  auto m = std::make_shared<ResidualBlock>();
  auto x = batches({16, 64, 32, 32});
  Tensor y = torch::rand({16, 64, 32, 32});
  train(name, m->parameters(), 16, [&] {
    Autocast scope(precision);
    return torch::mse_loss(m->forward(next(x)), y);
  });
}
template <class M> void recurrent(const char* name, M layer) {
  nn::Linear head(256, 10);
  auto x = batches({32, 50, 128}), y = labels(32, 10);
  std::vector<Tensor> parameters = layer->parameters();
  for (auto& p : head->parameters()) parameters.push_back(p);
  train(name, parameters, 32, [&] { return label_loss(next(y), head(std::get<0>(layer(next(x))).select(1, -1))); });
}
void transformer(const char* name, torch::Dtype precision = torch::kFloat) {
  nn::TransformerEncoderLayer m(nn::TransformerEncoderLayerOptions(256, 8).dim_feedforward(1024).dropout(0.));
  auto x = batches({64, 8, 256});
  Tensor y = torch::rand({64, 8, 256});
  train(name, m->parameters(), 8, [&] {
    Autocast scope(precision);
    return torch::mse_loss(m(next(x)), y);
  });
}
void tree_lstm(const char* name) {
  TreeLstm m;
  auto y = labels(1, 5);
  train(name, m.parameters(), 25, [&] {
    uint64_t seed = 1 + turn % 8;
    Tensor total;
    for (uint64_t i = 0; i < 25; ++i) {
      Tensor loss = label_loss(y[(i + turn) % 64], m.label(m.node(20, seed).first));
      total = i ? total + loss : loss;
    }
    return total;
  }, 5);
}
void embedding_table(const char* name) {
  nn::Embedding m(nn::EmbeddingOptions(50000, 128).sparse(true));
  auto ids = labels(2048, 50000);
  Tensor y = torch::rand({2048, 128});
  torch::optim::SGD sgd(m->parameters(), torch::optim::SGDOptions(0.01));
  train(name, sgd, 2048, [&] { return torch::mse_loss(m(next(ids)), y); });
}

}  // namespace

const std::vector<TrainingRow> training_rows{
    {"train_mlp_b128", [](const char* name) { mlp(name, 128); }},
    {"train_mlp_b1", [](const char* name) { mlp(name, 1); }},
    {"train_tiny_mlp", tiny_mlp},
    {"train_lenet_b64", lenet},
    {"train_resblock_b16", [](const char* name) { residual_block(name); }},
    {"train_lstm_b32_t50", [](const char* name) { recurrent(name, nn::LSTM(nn::LSTMOptions(128, 256).batch_first(true))); }},
    {"train_gru_b32_t50", [](const char* name) { recurrent(name, nn::GRU(nn::GRUOptions(128, 256).batch_first(true))); }},
    {"train_transformer_b8_s64", [](const char* name) { transformer(name); }},
    {"train_treelstm_b25_n20", tree_lstm},
    {"train_embedding_b2048", embedding_table},
    {"train_mlp_bf16_b128", [](const char* name) { mlp(name, 128, torch::kBFloat16); }},
    {"train_mlp_f16_b128", [](const char* name) { mlp(name, 128, torch::kHalf); }},
    {"train_resblock_bf16_b16", [](const char* name) { residual_block(name, torch::kBFloat16); }},
    {"train_transformer_bf16_b8_s64", [](const char* name) { transformer(name, torch::kBFloat16); }},
};

}  // namespace reel::bench
