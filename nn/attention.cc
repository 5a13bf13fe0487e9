#include "nn/attention.h"

#include "nn/building.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/view.h"

namespace reel::nn {

MultiHeadAttention::MultiHeadAttention(int64_t num_heads, int64_t key_dim, MultiHeadAttentionOptions options)
    : record_(new_record("MultiHeadAttention", options.name, false)), heads_(num_heads), key_dim_(key_dim), options_(std::move(options)) {
  at_least_one("MultiHeadAttention", "num_heads", num_heads);
  at_least_one("MultiHeadAttention", "key_dim", key_dim);
  if (options_.value_dim) at_least_one("MultiHeadAttention", "value_dim", options_.value_dim);
  if (options_.output_dim) at_least_one("MultiHeadAttention", "output_dim", options_.output_dim);
}

Tensor MultiHeadAttention::operator()(const Tensors& inputs, Where where) const {
  if (inputs.size() != 2 && inputs.size() != 3)
    fail_at(Error("MultiHeadAttention: takes query, value and maybe key, got " + std::to_string(inputs.size()) + " tensors"), where);
  return (*this)(inputs[0], inputs[1], {.key = inputs.size() == 3 ? inputs[2] : Tensor()}, where);
}

Tensor MultiHeadAttention::operator()(const Tensor& given_query, const Tensor& given_value, const AttentionCall& call, Where where) const {
  Tensors inputs{given_query, given_value};
  if (call.key) inputs.push_back(call.key);
  return call_layer(*this, inputs, [&] {
    LayerRecord& r = *record_;
    Tensor query = as_float(*record_, given_query, where), value = as_float(*record_, given_value, where), key = call.key ? as_float(*record_, call.key, where) : value;
    for (const Tensor& x : {query, value, key}) check_rank(r, x, 3, "sequences [n, length, features]", where);
    int64_t value_dim = options_.value_dim ? options_.value_dim : key_dim_;
    r.build([&] {
      auto add = [&](std::string part, const Shape& kernel, const Shape& bias) {
        r.add_weight((part + "/kernel").c_str(), options_.kernel_initializer(kernel));
        if (options_.use_bias) r.add_weight((part + "/bias").c_str(), options_.bias_initializer(bias));
      };
      add("query", {query.shape()[2], heads_, key_dim_}, {heads_, key_dim_});
      add("key", {key.shape()[2], heads_, key_dim_}, {heads_, key_dim_});
      add("value", {value.shape()[2], heads_, value_dim}, {heads_, value_dim});
      int64_t out = options_.output_dim ? options_.output_dim : query.shape()[2];
      add("attention_output", {heads_, value_dim, out}, {out});
    });
    auto project = [&](const char* part, const Tensor& x) {
      Tensor kernel = weight_named(r, std::string(part) + "/kernel");
      check_extent(r, x, -1, kernel.shape()[0], where);
      Tensor y = matmul(x, reshape(kernel, {kernel.shape()[0], -1}, where), where);
      if (options_.use_bias) y = add_bias(y, reshape(weight_named(r, std::string(part) + "/bias"), {-1}, where), where);
      return reshape(y, {x.shape()[0], x.shape()[1], heads_, kernel.shape()[2]}, where);
    };
    AttentionOptions o{.causal = call.use_causal_mask, .dropout = training() ? options_.dropout : 0};
    if (call.attention_mask) {
      Tensor mask = cast(call.attention_mask, boolean, where);
      o.mask = mask.rank() > 2 ? expand_dims(mask, -3, where) : mask;
    }
    Tensor mixed = dot_product_attention(project("query", query), project("key", key), project("value", value), o, where);
    Tensor kernel = weight_named(r, "attention_output/kernel");
    Tensor y = matmul(reshape(mixed, {mixed.shape()[0], mixed.shape()[1], heads_ * value_dim}, where), reshape(kernel, {heads_ * value_dim, -1}, where), where);
    return options_.use_bias ? add_bias(y, weight_named(r, "attention_output/bias"), where) : y;
  });
}

}  // namespace reel::nn
