#include "nn/normalization.h"

#include <algorithm>

#include "nn/building.h"
#include "tensor/op.h"
#include "tensor/ops/normalization.h"

namespace reel::nn {
namespace {

// The extents of x's chosen axes in ascending order.
Shape extents(const char* layer, const Tensor& x, const Axes& axes, Where where) {
  const Tensor* in[] = {&x};
  return located(where, [&] {
    int at[kMaxRank];
    for (int i = 0; i < axes.count; ++i) at[i] = normalize_axis(layer, axes.at[i], x.rank(), Inputs(in, 1));
    std::sort(at, at + axes.count);
    Shape s;
    for (int i = 0; i < axes.count; ++i) s.push(x.shape()[at[i]]);
    return s;
  });
}

// gamma and beta of a layer with Keras's options, made at its first call.
template <class O> void build_affine(LayerRecord& r, const O& o, const Shape& s) {
  if (o.scale) r.add_weight("gamma", o.gamma_initializer(s));
  if (o.center) r.add_weight("beta", o.beta_initializer(s));
}

}  // namespace

BatchNormalization::BatchNormalization(BatchNormalizationOptions options)
    : record_(new_record("BatchNormalization", options.name, false)), options_(std::move(options)) {}
Tensor BatchNormalization::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    r.build([&] {
      Shape channels = extents("BatchNormalization", x, options_.axis, where);
      build_affine(r, options_, channels);
      r.add_weight("moving_mean", options_.moving_mean_initializer(channels), false);
      r.add_weight("moving_variance", options_.moving_variance_initializer(channels), false);
    });
    check_extent(r, x, options_.axis, weight_named(r, "moving_mean").size(), where);
    return batch_norm(x, weight_named(r, "gamma"), weight_named(r, "beta"), weight_named(r, "moving_mean"), weight_named(r, "moving_variance"),
                      {.axis = options_.axis, .momentum = options_.momentum, .epsilon = options_.epsilon, .training = training()}, where);
  });
}

LayerNormalization::LayerNormalization(LayerNormalizationOptions options)
    : record_(new_record("LayerNormalization", options.name, false)), options_(std::move(options)) {}
Tensor LayerNormalization::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    r.build([&] { build_affine(r, options_, extents("LayerNormalization", x, options_.axis, where)); });
    return layer_norm(x, weight_named(r, "gamma"), weight_named(r, "beta"), options_.axis, options_.epsilon, where);
  });
}

GroupNormalization::GroupNormalization(GroupNormalizationOptions options)
    : record_(new_record("GroupNormalization", options.name, false)), options_(std::move(options)) {
  if (options_.groups != -1) at_least_one("GroupNormalization", "groups", options_.groups);
}
Tensor GroupNormalization::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    int64_t channels = x.dim(options_.axis, where);
    r.build([&] { build_affine(r, options_, {channels}); });
    return group_norm(x, options_.groups == -1 ? channels : options_.groups, weight_named(r, "gamma"), weight_named(r, "beta"), options_.axis,
                      options_.epsilon, where);
  });
}

RMSNormalization::RMSNormalization(RMSNormalizationOptions options)
    : record_(new_record("RMSNormalization", options.name, false)), options_(std::move(options)) {}
Tensor RMSNormalization::operator()(const Tensor& given, Where where) const {
  return call_layer(*this, {given}, [&] {
    Tensor x = as_float(*record_, given, where);
    LayerRecord& r = *record_;
    r.build([&] { r.add_weight("scale", Initializer("ones")(extents("RMSNormalization", x, options_.axis, where))); });
    return rms_norm(x, weight_named(r, "scale"), options_.axis, options_.epsilon, where);
  });
}

UnitNormalization::UnitNormalization(UnitNormalizationOptions options)
    : record_(new_record("UnitNormalization", options.name)), options_(std::move(options)) {}
Tensor UnitNormalization::operator()(const Tensor& x, Where where) const {
  return call_layer(*this, {x}, [&] { return unit_norm(x, options_.axis, 1e-12, where); });
}

}  // namespace reel::nn
