#pragma once
// Attention: values mixed by how well their keys match the queries. One op keeps queries, keys and values; the probabilities are
// computed again for the gradient, so that memory grows with the length of the sequences and not with its square.
#include "tensor/op.h"

namespace reel {

struct AttentionOptions {
  Tensor mask = {};     // broadcasts to [..., queries, keys]: bool (true: attend) or numbers that are added to the scores
  bool causal = false;  // query i attends to the keys 0 ... i
  double dropout = 0;   // of the probabilities
  double scale = 0;     // of query times key; 0: 1 / sqrt(depth)
};
// softmax(query key^T * scale + mask) value over [..., queries, depth], [..., keys, depth] and [..., keys, value depth], whose leading
// axes agree. A query that may attend to nothing gives zeros. f16 and bf16 are computed in float32.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionOptions& options = {}, Where where = {});
// The same with Keras's layout [n, queries, heads, depth], [n, keys, heads, depth], [n, keys, heads, value depth] -> [n, queries, heads,
// value depth]; the mask broadcasts to [n, heads, queries, keys].
Tensor dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionOptions& options = {}, Where where = {});

}  // namespace reel
