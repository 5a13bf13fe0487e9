// The rows on whole training steps: forward, loss, backward and Adam. Inputs rotate through 8 batches and targets through 64, so that
// losses stay alive over thousands of steps.
#include "bench/measure.h"
#include "bench/rows.h"
#include "nn/attention.h"
#include "nn/recurrent.h"
#include "reel.h"

namespace reel::bench {
namespace {

uint64_t turn = 0;  // which batch comes next

Tensors batches(const Shape& shape) {
  Tensors v;
  for (int i = 0; i < 8; ++i) v.push_back(uniform(shape, 0, 1));
  return v;
}
Tensors labels(int64_t n, int64_t classes) {
  Tensors v;
  for (int i = 0; i < 64; ++i) v.push_back(randint({n}, 0, classes));
  return v;
}
Tensors targets(const Shape& shape) {
  Tensors v;
  for (int i = 0; i < 64; ++i) v.push_back(uniform(shape, 0, 1));
  return v;
}
const Tensor& next(const Tensors& v) { return v[(v.size() == 8 ? turn : turn / 3) % v.size()]; }

template <class M, class F> void train(const char* name, const M& model, int items, F&& loss, int repeats = 7) {
  if (!wanted(name)) return;
  loss();  // shapes the weights
  Tensors variables = nn::trainable_variables(model);
  nn::Adam adam({.learning_rate = 1e-3});
  double s = seconds([&] {
    ++turn;
    backward(loss());
    adam.step(variables);
  }, repeats, 0.3);
  row(name, items / s, "items/s");
}

Tensor label_loss(const Tensor& y, const Tensor& logits) { return nn::sparse_categorical_crossentropy(y, logits, {.from_logits = true}); }

// A binary Tree-LSTM over a fixed random forest, one node at a time.
struct TreeLstm {
  static constexpr int kHidden = 150, kWords = 100;
  nn::Dense leaf{3 * kHidden}, join{5 * kHidden}, label{5};
  nn::Embedding words{5000, kWords};

  struct State {
    Tensor h, c;
  };
  State node(int n, uint64_t& seed) const {
    auto random = [&] {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      return uint32_t(seed >> 33);
    };
    if (n == 1) {
      Tensors g = split(leaf(words(full({1}, int64_t(random() % 5000), int64))), 3, 1);
      Tensor c = sigmoid(g[0]) * tanh(g[2]);
      return {sigmoid(g[1]) * tanh(c), c};
    }
    int left = 1 + int(random() % uint32_t(n - 1));
    State l = node(left, seed), r = node(n - left, seed);
    Tensors g = split(join(concat({l.h, r.h}, 1)), 5, 1);
    Tensor c = sigmoid(g[0]) * tanh(g[4]) + sigmoid(g[1]) * l.c + sigmoid(g[2]) * r.c;
    return {sigmoid(g[3]) * tanh(c), c};
  }
};

// Two convolutions with batch normalization around a shortcut.
struct ResidualBlock {
  nn::Conv2D a{64, 3, {.padding = "same", .use_bias = false}}, b{64, 3, {.padding = "same", .use_bias = false}};
  nn::BatchNormalization n1, n2;
  Tensor operator()(const Tensor& x) const { return relu(x + n2(b(relu(n1(a(x)))))); }
};

// An encoder layer of 8 heads with normalization after each part.
struct EncoderLayer {
  nn::MultiHeadAttention attention{8, 32};
  nn::LayerNormalization n1{{.epsilon = 1e-5}}, n2{{.epsilon = 1e-5}};
  nn::Dense inner{1024, {.activation = "relu"}}, outer{256};
  Tensor operator()(const Tensor& given) const {
    Tensor x = n1(given + attention(given, given));
    return n2(x + outer(inner(x)));
  }
};

}  // namespace

void training_rows() {
  {
    nn::Sequential model{nn::Dense(512, {.activation = "relu"}), nn::Dense(512, {.activation = "relu"}), nn::Dense(10)};
    Tensors x = batches({128, 784}), y = labels(128, 10), x1 = batches({1, 784}), y1 = labels(1, 10);
    train("train_mlp_b128", model, 128, [&] { return label_loss(next(y), model(next(x))); });
    train("train_mlp_b1", model, 1, [&] { return label_loss(next(y1), model(next(x1))); });
  }
  {
    nn::Sequential model{nn::Dense(16, {.activation = "tanh"}), nn::Dense(16, {.activation = "tanh"}), nn::Dense(1)};
    Tensors x = batches({8, 2}), y = targets({8, 1});
    train("train_tiny_mlp", model, 8, [&] { return nn::mean_squared_error(next(y), model(next(x))); });
  }
  {
    nn::Sequential model{nn::Conv2D(6, 5, {.padding = "same", .activation = "relu"}), nn::MaxPooling2D(2),
                         nn::Conv2D(16, 5, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(),
                         nn::Dense(120, {.activation = "relu"}), nn::Dense(84, {.activation = "relu"}), nn::Dense(10)};
    Tensors x = batches({64, 28, 28, 1}), y = labels(64, 10);
    train("train_lenet_b64", model, 64, [&] { return label_loss(next(y), model(next(x))); });
  }
  {
    ResidualBlock model;
    Tensors x = batches({16, 32, 32, 64});
    Tensor y = uniform({16, 32, 32, 64}, 0, 1);
    Training training;
    train("train_resblock_b16", model, 16, [&] { return nn::mean_squared_error(y, model(next(x))); });
  }
  {
    nn::Sequential model{nn::LSTM(256), nn::Dense(10)};
    Tensors x = batches({32, 50, 128}), y = labels(32, 10);
    train("train_lstm_b32_t50", model, 32, [&] { return label_loss(next(y), model(next(x))); });
  }
  {
    EncoderLayer model;
    Tensors x = batches({8, 64, 256});
    Tensor y = uniform({8, 64, 256}, 0, 1);
    train("train_transformer_b8_s64", model, 8, [&] { return nn::mean_squared_error(y, model(next(x))); });
  }
  {
    TreeLstm model;
    Tensors y = labels(1, 5);
    train("train_treelstm_b25_n20", model, 25, [&] {
      uint64_t seed = 1 + turn % 8;
      Tensor total;
      for (uint64_t i = 0; i < 25; ++i) {
        Tensor loss = label_loss(y[(i + turn) % 64], model.label(model.node(20, seed).h));
        total = total ? total + loss : loss;
      }
      return total;
    }, 5);
  }
}

}  // namespace reel::bench
