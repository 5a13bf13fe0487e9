#pragma once
// How weights start.
#include <string>

#include "tensor/ops/create.h"

namespace reel::nn {

// Keras's initializers by name: "zeros", "ones", "uniform" (+-0.05), "normal" (0.05), "truncated_normal" (0.05), "glorot_uniform",
// "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"; or a constant; or a function of the shape. Fans are those of the
// last two axes, times the receptive field before them.
class Initializer {
 public:
  Initializer(const char* name);
  Initializer(const std::string& name) : Initializer(name.c_str()) {}
  template <class N>
    requires std::is_arithmetic_v<N>
  Initializer(N constant) : constant_(double(constant)), name_("constant") {}
  template <class F>
    requires std::is_convertible_v<F, Tensor (*)(const Shape&)>
  Initializer(F function) : function_(function), name_("custom") {}
  Tensor operator()(const Shape& shape) const;
  const std::string& name() const { return name_; }
  double constant() const { return constant_; }  // of the name "constant"

 private:
  double constant_ = 0;
  Tensor (*function_)(const Shape&) = nullptr;
  std::string name_;
};

// While one lives, initializers on this thread draw nothing and give zeros that take no memory: for layers whose weights are read from a
// file right after, so that a file's numbers alone cannot fill it.
class WeightsFollow {
 public:
  WeightsFollow();
  ~WeightsFollow();
  WeightsFollow(const WeightsFollow&) = delete;

 private:
  bool outer_;
};

}  // namespace reel::nn
