// Products, attention and recurrent layers.
#include <cmath>

#include "rules.h"

namespace reel::onnx {
namespace {

Tensor gemm(const Call& c) {
  Tensor a = c.i("transA", 0) ? transpose(c[0]) : c[0], b = c.i("transB", 0) ? transpose(c[1]) : c[1];
  Tensor y = matmul(a, b) * c.f("alpha", 1);
  return c[2] ? y + c[2] * c.f("beta", 1) : y;
}

// [n, steps, heads * depth] as [n, heads, steps, depth].
Tensor heads_apart(const Tensor& x, int64_t heads) {
  return x.rank() == 4 ? x : transpose(reshape(x, {x.dim(0), x.dim(1), heads, x.dim(2) / heads}), {0, 2, 1, 3});
}
// Every key and value head stands for the query heads of its group.
Tensor repeated(const Tensor& x, int64_t heads) {
  int64_t n = x.dim(0), own = x.dim(1), times = heads / own;
  if (times == 1) return x;
  return reshape(broadcast_to(expand_dims(x, 2), {n, own, times, x.dim(2), x.dim(3)}), {n, heads, x.dim(2), x.dim(3)});
}
Tensor attention(const Call& c) {
  bool flat = c[0].rank() == 3;
  Tensor q = heads_apart(c[0], c.i("q_num_heads", 1)), k = heads_apart(c[1], c.i("kv_num_heads", 1)), v = heads_apart(c[2], c.i("kv_num_heads", 1));
  k = repeated(k, q.dim(1)), v = repeated(v, q.dim(1));
  double scale = c.f("scale", 1 / std::sqrt(double(q.dim(3)))), cap = c.f("softcap", 0);
  Tensor y;
  if (cap > 0) {
    y = matmul(softmax(cap * tanh(matmul(q, swapaxes(k, 2, 3)) * (scale / cap))), v);
  } else {
    AttentionOptions options{.mask = c[3] ? c[3] : Tensor(), .causal = c.i("is_causal", 0) != 0, .scale = scale};
    y = scaled_dot_product_attention(q, k, v, options);
  }
  return flat ? reshape(transpose(y, {0, 2, 1, 3}), {y.dim(0), y.dim(2), y.dim(1) * y.dim(3)}) : y;
}
Tensor changed(const Call& c, const char* by, const Tensor& x) {
  return c.has(by) ? run(c.node.attributes.at(by).g.at(0), {x}, c.opset).at(0) : x;
}
Tensor flexible_attention(const Call& c) {
  Tensor q = c[0], k = repeated(c[1], q.dim(1)), v = repeated(c[2], q.dim(1));
  double scale = c.f("scale", 1 / std::sqrt(double(q.dim(3))));
  if (!c.has("score_mod") && !c.has("prob_mod")) return scaled_dot_product_attention(q, k, v, {.scale = scale});
  Tensor scores = changed(c, "score_mod", matmul(q, swapaxes(k, 2, 3)) * scale);
  return matmul(changed(c, "prob_mod", softmax(scores)), v);
}

// The blocks of gates along an axis in another order.
Tensor gates(const Tensor& x, int axis, std::initializer_list<size_t> order) {
  Tensors parts = split(x, int(order.size()), axis), y;
  for (size_t i : order) y.push_back(parts[i]);
  return concat(y, axis);
}
// [steps, n, features] -> {every step [steps, 1, n, units], the last [1, n, units], the cell}.
Tensors recurrent_outputs(const RecurrentResult& r) {
  Tensors y{expand_dims(swapaxes(r.sequence, 0, 1), 1), expand_dims(r.last, 0)};
  if (r.cell) y.push_back(expand_dims(r.cell, 0));
  return y;
}
Tensor weights(const Tensor& w) { return transpose(w[0]); }  // [1, gates, features]
Tensors simple(const Call& c) { return recurrent_outputs(simple_rnn(swapaxes(c[0], 0, 1), weights(c[1]), weights(c[2]))); }
Tensors long_short(const Call& c) {
  auto keras = [](const Tensor& w) { return gates(weights(w), 1, {0, 2, 3, 1}); };  // i o f c
  return recurrent_outputs(lstm(swapaxes(c[0], 0, 1), keras(c[1]), keras(c[2])));
}
Tensors gated(const Call& c) {
  if (!c.i("linear_before_reset", 0)) throw Error("onnx: the op gru resets after the product");
  return recurrent_outputs(gru(swapaxes(c[0], 0, 1), weights(c[1]), weights(c[2]), reshape(c[3], {2, -1})));
}

const AddRules here({
    REEL_ONNX("MatMul", matmul(c[0], c[1])), REEL_ONNX("Gemm", gemm(c)), REEL_ONNX("Attention", attention(c)),
    REEL_ONNX("FlexAttention", flexible_attention(c)), {"RNN", simple}, {"LSTM", long_short}, {"GRU", gated},
});

}  // namespace
}  // namespace reel::onnx
