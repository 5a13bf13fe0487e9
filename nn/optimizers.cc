#include "nn/optimizers.h"

#include <cmath>

#include "nn/optimizer_rule.h"
#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/optimizer.h"

namespace reel::nn {

namespace {

struct SgdRule final : Optimizer::Rule {
  SGDOptions o;
  explicit SgdRule(SGDOptions options) : Rule("sgd", options.learning_rate, options.momentum != 0, 0), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    sgd_update(v, g, slots.empty() ? Tensors{} : slots[0],
               {.learning_rate = learning_rate, .momentum = o.momentum, .nesterov = o.nesterov, .gradient_scale = gradient_scale}, where);
  }
};
struct AdamRule final : Optimizer::Rule {
  AdamOptions o;
  explicit AdamRule(AdamOptions options) : Rule("adam", options.learning_rate, 2, 0), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    adam_update(v, g, slots[0], slots[1],
                {.learning_rate = learning_rate, .beta_1 = o.beta_1, .beta_2 = o.beta_2, .epsilon = o.epsilon, .step = iterations,
                 .weight_decay = o.weight_decay, .gradient_scale = gradient_scale},
                {}, where);
  }
};
struct AdagradRule final : Optimizer::Rule {
  AdagradOptions o;
  explicit AdagradRule(AdagradOptions options) : Rule("adagrad", options.learning_rate, 1, options.initial_accumulator_value), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    adagrad_update(v, g, slots[0],
                   {.learning_rate = learning_rate, .epsilon = o.epsilon, .weight_decay = o.weight_decay, .gradient_scale = gradient_scale}, where);
  }
};
struct RmspropRule final : Optimizer::Rule {
  RMSpropOptions o;
  explicit RmspropRule(RMSpropOptions options) : Rule("rmsprop", options.learning_rate, options.momentum != 0 ? 2 : 1, 0), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  bool by_kind() const override { return true; }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    rmsprop_update(v, g, slots[0], {}, slots.size() > 1 ? slots[1] : Tensors{},
                   {.learning_rate = learning_rate, .rho = o.rho, .momentum = o.momentum, .epsilon = o.epsilon,
                    .gradient_scale = gradient_scale},
                   where);
  }
};

std::shared_ptr<Optimizer::Rule> rule_by_name(const std::string& name) {
  if (name == "sgd" || name == "SGD") return std::make_shared<SgdRule>(SGDOptions{});
  if (name == "adam" || name == "Adam") return std::make_shared<AdamRule>(AdamOptions{});
  if (name == "adagrad" || name == "Adagrad") return std::make_shared<AdagradRule>(AdagradOptions{});
  if (name == "rmsprop" || name == "RMSprop") return std::make_shared<RmspropRule>(RMSpropOptions{});
  unknown_name("optimizer", name, {"sgd", "adam", "adagrad", "rmsprop"});
}

}  // namespace

// How far losses are scaled up, and what became of the steps.
struct Optimizer::Scaling {
  static constexpr double kLeastScale = 0x1p-60;  // a loss that many times smaller is 0, and its gradients finite
  double scale;
  const int64_t growth_steps;
  int64_t good = 0;  // steps since the scale changed
  int64_t skipped = 0;
  Scaling(double scale, int64_t growth_steps) : scale(scale), growth_steps(growth_steps) {}

  void step(Rule& rule, const Tensors& variables, Where where) {
    Gradients gradients;
    for (const Tensor& v : variables) gradients.push_back(gradient_as_left(v));
    if (!all_finite(gradients)) {
      for (const Tensor& v : variables) clear_gradient(v);
      if (scale > kLeastScale) scale /= 2;
      good = 0, ++skipped;
      return;
    }
    rule.gradient_scale = 1 / scale;
    try {
      rule.step(variables, where);
    } catch (...) {
      rule.gradient_scale = 1;
      throw;
    }
    rule.gradient_scale = 1;
    if (++good >= growth_steps) scale *= 2, good = 0;
  }
};

Optimizer::Optimizer(const char* name) : rule_(rule_by_name(name)) {}
void Optimizer::step(const Tensors& variables, Where where) {
  NoGrad no_grad;
  located(where, [&] {
    if (scaling_) return scaling_->step(*rule_, variables, where);
    rule_->step(variables, where);
  });
}
double Optimizer::learning_rate() const { return rule_->learning_rate; }
void Optimizer::set_learning_rate(double rate) { rule_->learning_rate = rate; }
int64_t Optimizer::iterations() const { return rule_->iterations; }
const std::string& Optimizer::name() const { return rule_->name; }
std::vector<std::pair<std::string, Scalar>> Optimizer::options() const { return rule_->options(); }
Tensors Optimizer::state(const Tensors& variables, Where where) {
  NoGrad no_grad;
  return rule_->state(variables, where);
}
void Optimizer::set_iterations(int64_t n) { rule_->iterations = n; }

Tensor Optimizer::scale_loss(const Tensor& loss, Where where) const {
  if (!scaling_) return loss;
  DType t = held("scale_loss", loss, where).dtype();
  return multiply(Operand(t == float16 || t == bfloat16 ? cast(loss, float32, where) : loss, where), scaling_->scale);
}
double Optimizer::loss_scale() const { return scaling_ ? scaling_->scale : 1; }
int64_t Optimizer::skipped_steps() const { return scaling_ ? scaling_->skipped : 0; }

LossScaleOptimizer::LossScaleOptimizer(const Optimizer& inner, LossScaleOptions o) : Optimizer(inner) {
  if (!(o.initial_scale > 0 && std::isfinite(o.initial_scale)))
    throw Error("LossScaleOptimizer: initial_scale must be positive, got " + std::to_string(o.initial_scale));
  if (o.dynamic_growth_steps < 1)
    throw Error("LossScaleOptimizer: dynamic_growth_steps must be at least 1, got " + std::to_string(o.dynamic_growth_steps));
  scaling_ = std::make_shared<Scaling>(o.initial_scale, o.dynamic_growth_steps);
}

SGD::SGD(SGDOptions o) : Optimizer(std::make_shared<SgdRule>(o)) {}
Adam::Adam(AdamOptions o) : Optimizer(std::make_shared<AdamRule>(o)) {}
Adagrad::Adagrad(AdagradOptions o) : Optimizer(std::make_shared<AdagradRule>(o)) {}
RMSprop::RMSprop(RMSpropOptions o) : Optimizer(std::make_shared<RmspropRule>(o)) {}

}  // namespace reel::nn
