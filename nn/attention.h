#pragma once
// Multi-head attention (Vaswani et al., 2017) with Keras's weights.
#include "nn/initializers.h"
#include "nn/layer.h"

namespace reel::nn {

struct MultiHeadAttentionOptions {
  int64_t value_dim = 0;     // 0: key_dim
  double dropout = 0;        // of the attention probabilities, in training
  bool use_bias = true;
  int64_t output_dim = 0;    // 0: the features of the query
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  std::string name = "";
};
struct AttentionCall {
  Tensor key = {};             // the values when absent
  Tensor attention_mask = {};  // bool [n, queries, keys] (or broadcasting to it): true where a query may attend
  bool use_causal_mask = false;
};
// Queries [n, queries, features] attend to values [n, keys, features], each head in its own projection of key_dim features. Weights
// query/kernel, key/kernel [features, heads, key_dim], value/kernel [features, heads, value_dim], attention_output/kernel [heads,
// value_dim, output features], and their biases.
class MultiHeadAttention {
 public:
  MultiHeadAttention(int64_t num_heads, int64_t key_dim, MultiHeadAttentionOptions options = {});
  Tensor operator()(const Tensor& query, const Tensor& value, const AttentionCall& call = {}, Where where = {}) const;
  // {query, value} or {query, value, key}: for functional models.
  Tensor operator()(const Tensors& inputs, Where where = {}) const;
  const SharedRecord& record() const { return record_; }

 private:
  SharedRecord record_;
  int64_t heads_, key_dim_;
  MultiHeadAttentionOptions options_;
};

}  // namespace reel::nn
