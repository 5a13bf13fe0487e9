#include "nn/initializers.h"

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "tensor/error.h"
#include "tensor/ops/orthogonal.h"
#include "tensor/ops/random.h"
#include "tensor/ops/view.h"

namespace reel::nn {
namespace {

thread_local bool weights_follow = false;

struct Fans {
  double in, out;
};
Fans fans(const Shape& s) {
  if (s.rank() == 0) return {1, 1};
  if (s.rank() == 1) return {double(s[0]), double(s[0])};
  double field = 1;
  for (int i = 0; i < s.rank() - 2; ++i) field *= double(s[i]);
  return {field * double(s[-2]), field * double(s[-1])};
}

// Keras's VarianceScaling; a truncated normal loses a known part of its spread, which the divisor gives back.
Tensor scaled(const Shape& s, double scale, bool uniformly) {
  if (uniformly) {
    double limit = std::sqrt(3 * scale);
    return uniform(s, -limit, limit);
  }
  return truncated_normal(s, 0, std::sqrt(scale) / 0.87962566103423978);
}

struct Named {
  const char* name;
  Tensor (*make)(const Shape&);
};
double average(Fans f) { return std::max(1., (f.in + f.out) / 2); }
constexpr Named kInitializers[] = {
    {"zeros", [](const Shape& s) { return zeros(s); }},
    {"ones", [](const Shape& s) { return ones(s); }},
    {"uniform", [](const Shape& s) { return uniform(s, -0.05, 0.05); }},
    {"random_uniform", [](const Shape& s) { return uniform(s, -0.05, 0.05); }},
    {"normal", [](const Shape& s) { return normal(s, 0, 0.05); }},
    {"random_normal", [](const Shape& s) { return normal(s, 0, 0.05); }},
    {"truncated_normal", [](const Shape& s) { return truncated_normal(s, 0, 0.05); }},
    {"glorot_uniform", [](const Shape& s) { return scaled(s, 1 / average(fans(s)), true); }},
    {"glorot_normal", [](const Shape& s) { return scaled(s, 1 / average(fans(s)), false); }},
    {"he_uniform", [](const Shape& s) { return scaled(s, 2 / std::max(1., fans(s).in), true); }},
    {"he_normal", [](const Shape& s) { return scaled(s, 2 / std::max(1., fans(s).in), false); }},
    {"lecun_uniform", [](const Shape& s) { return scaled(s, 1 / std::max(1., fans(s).in), true); }},
    {"lecun_normal", [](const Shape& s) { return scaled(s, 1 / std::max(1., fans(s).in), false); }},
    {"orthogonal", [](const Shape& s) { return orthogonal(s); }},
};

}  // namespace

Initializer::Initializer(const char* name) : name_(name) {
  std::vector<std::string> valid;
  for (const Named& i : kInitializers) {
    if (std::strcmp(i.name, name) == 0) {
      function_ = i.make;
      return;
    }
    valid.push_back(i.name);
  }
  unknown_name("initializer", name, valid);
}

Tensor Initializer::operator()(const Shape& shape) const {
  NoGrad no_grad;
  if (weights_follow) return broadcast_to(zeros({}), shape);
  if (!function_) return full(shape, constant_);
  Tensor made = function_(shape);
  if (!made || !(made.shape() == shape))
    throw ShapeError("Initializer: the function answered " + (made ? to_string(made.shape()) : "an empty Tensor") + " for a weight of shape " + to_string(shape));
  return made;
}

WeightsFollow::WeightsFollow() : outer_(std::exchange(weights_follow, true)) {}
WeightsFollow::~WeightsFollow() { weights_follow = outer_; }

}  // namespace reel::nn
