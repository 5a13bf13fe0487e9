// The rows on whole training steps: forward, loss, backward and the optimizer. Inputs rotate through 8 batches and targets through 64, so
// that losses stay alive over thousands of steps; where bytes are counted all are the same one.
#include "bench/rows.h"
#include "nn/attention.h"
#include "nn/recurrent.h"
#include "reel.h"

namespace reel::bench {
namespace {

uint64_t turn = 0;  // which batch comes next

template <class F> Tensors several(int count, F&& make) {
  Tensors v;
  for (int i = 0; i < count; ++i) v.push_back(memory && i ? v[0] : make());
  return v;
}
Tensors batches(const Shape& shape) {
  return several(8, [&] { return uniform(shape, 0, 1); });
}
Tensors labels(int64_t n, int64_t classes) {
  return several(64, [&] { return randint({n}, 0, classes); });
}
Tensors targets(const Shape& shape) {
  return several(64, [&] { return uniform(shape, 0, 1); });
}
const Tensor& next(const Tensors& v) { return v[(v.size() == 8 ? turn : turn / 3) % v.size()]; }

template <class M, class F>
void train(const char* name, const M& model, int items, F&& loss, int repeats = 7, nn::Optimizer optimizer = nn::Adam({.learning_rate = 1e-3})) {
  loss();  // shapes the weights
  Tensors variables = nn::trainable_variables(model);
  train_row(name, items, [&] {
    ++turn;
    backward(loss());
    optimizer.step(variables);
  }, repeats);
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

void mlp(const char* name, int n, DType precision = float32) {
  nn::Sequential model{nn::Dense(512, {.activation = "relu"}), nn::Dense(512, {.activation = "relu"}), nn::Dense(10)};
  Tensors x = batches({n, 784}), y = labels(n, 10);
  train(name, model, n, [&] {
    Autocast scope(precision);
    return label_loss(next(y), model(next(x)));
  });
}
void tiny_mlp(const char* name) {
  nn::Sequential model{nn::Dense(16, {.activation = "tanh"}), nn::Dense(16, {.activation = "tanh"}), nn::Dense(1)};
  Tensors x = batches({8, 2}), y = targets({8, 1});
  train(name, model, 8, [&] { return nn::mean_squared_error(next(y), model(next(x))); });
}
void lenet(const char* name) {
  nn::Sequential model{nn::Conv2D(6, 5, {.padding = "same", .activation = "relu"}), nn::MaxPooling2D(2),
                       nn::Conv2D(16, 5, {.activation = "relu"}), nn::MaxPooling2D(2), nn::Flatten(),
                       nn::Dense(120, {.activation = "relu"}), nn::Dense(84, {.activation = "relu"}), nn::Dense(10)};
  Tensors x = batches({64, 28, 28, 1}), y = labels(64, 10);
  train(name, model, 64, [&] { return label_loss(next(y), model(next(x))); });
}
void residual_block(const char* name, DType precision = float32) {
  ResidualBlock model;
  Tensors x = batches({16, 32, 32, 64});
  Tensor y = uniform({16, 32, 32, 64}, 0, 1);
  Training training;
  train(name, model, 16, [&] {
    Autocast scope(precision);
    return nn::mean_squared_error(y, model(next(x)));
  });
}
template <class L> void recurrent(const char* name, const L& layer) {
  nn::Sequential model{layer, nn::Dense(10)};
  Tensors x = batches({32, 50, 128}), y = labels(32, 10);
  train(name, model, 32, [&] { return label_loss(next(y), model(next(x))); });
}
void transformer(const char* name, DType precision = float32) {
  EncoderLayer model;
  Tensors x = batches({8, 64, 256});
  Tensor y = uniform({8, 64, 256}, 0, 1);
  train(name, model, 8, [&] {
    Autocast scope(precision);
    return nn::mean_squared_error(y, model(next(x)));
  });
}
void tree_lstm(const char* name) {
  TreeLstm model;
  Tensors y = labels(1, 5);
  train(name, model, 25, [&] {
    uint64_t seed = 1 + turn % 8;
    Tensor total;
    for (uint64_t i = 0; i < 25; ++i) {
      Tensor loss = label_loss(y[(i + turn) % 64], model.label(model.node(20, seed).h));
      total = total ? total + loss : loss;
    }
    return total;
  }, 5);
}
// Few rows of a large table.
void embedding_table(const char* name) {
  nn::Embedding model(50000, 128);
  Tensors ids = labels(2048, 50000);
  Tensor y = uniform({2048, 128}, 0, 1);
  train(name, model, 2048, [&] { return nn::mean_squared_error(y, model(next(ids))); }, 7, nn::SGD({.learning_rate = 0.01}));
}

}  // namespace

const std::vector<TrainingRow> training_rows{
    {"train_mlp_b128", [](const char* name) { mlp(name, 128); }},
    {"train_mlp_b1", [](const char* name) { mlp(name, 1); }},
    {"train_tiny_mlp", tiny_mlp},
    {"train_lenet_b64", lenet},
    {"train_resblock_b16", [](const char* name) { residual_block(name); }},
    {"train_lstm_b32_t50", [](const char* name) { recurrent(name, nn::LSTM(256)); }},
    {"train_gru_b32_t50", [](const char* name) { recurrent(name, nn::GRU(256)); }},
    {"train_transformer_b8_s64", [](const char* name) { transformer(name); }},
    {"train_treelstm_b25_n20", tree_lstm},
    {"train_embedding_b2048", embedding_table},
    {"train_mlp_bf16_b128", [](const char* name) { mlp(name, 128, bfloat16); }},
    {"train_mlp_f16_b128", [](const char* name) { mlp(name, 128, float16); }},
    {"train_resblock_bf16_b16", [](const char* name) { residual_block(name, bfloat16); }},
    {"train_transformer_bf16_b8_s64", [](const char* name) { transformer(name, bfloat16); }},
};

}  // namespace reel::bench
