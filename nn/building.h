#pragma once
// What the sources of the library's layers share: records, checks of options and of inputs, weights by name.
#include "nn/layer.h"
#include "tensor/held.h"
#include "tensor/ops/copy.h"

namespace reel::nn {

inline SharedRecord new_record(const char* type, const std::string& name, bool built = true) {
  return std::make_shared<LayerRecord>(type, name, built);
}
inline void at_least_one(const char* layer, const char* what, int64_t n) {
  if (n < 1) throw Error(std::string(layer) + ": " + what + " must be at least 1, got " + std::to_string(n));
}
// A layer's input in floats: integers and bools become float32.
inline Tensor as_float(const LayerRecord& r, const Tensor& x, Where where) {
  return is_floating(held(r.type.c_str(), x, where).dtype()) ? x : cast(x, float32, where);
}
// The weight of that name, or an empty handle.
inline Tensor weight_named(const LayerRecord& r, std::string_view name) {
  for (const Weight& w : r.weights)
    if (w.name == name) return w.value;
  return {};
}
// Throws when x lacks the number of axes, or an axis has not the extent that the layer was built for.
inline void check_rank(const LayerRecord& r, const Tensor& x, int rank, const char* expected, Where where) {
  if (held(r.type.c_str(), x, where).rank() != rank) fail_at(ShapeError(r.type + ": needs " + expected + "\n  x  " + describe(x)), where);
}
inline void check_extent(const LayerRecord& r, const Tensor& x, int axis, int64_t expected, Where where) {
  if (x.dim(axis, where) != expected)
    fail_at(ShapeError(r.type + ": expects " + std::to_string(expected) + " on axis " + std::to_string(axis) + " (it was built so), got " +
                       std::to_string(x.dim(axis)) + "\n  x  " + describe(x)), where);
}

}  // namespace reel::nn
