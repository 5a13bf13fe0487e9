#pragma once
// Optimizers: one fused pass over all variables that have a gradient; the gradients are consumed. Update rules are Keras 3's.
#include <memory>
#include <string>

#include "tensor/tensor.h"

namespace reel::nn {

// What all optimizers share; copies share state. Also made from a name with its defaults: "sgd", "adam", "adagrad", "rmsprop".
class Optimizer {
 public:
  Optimizer(const char* name);
  Optimizer(const std::string& name) : Optimizer(name.c_str()) {}

  // Moves every variable along its gradient and clears it; a variable without a gradient is passed over. Throws TapeError when none has one.
  void step(const Tensors& variables, Where where = {});
  double learning_rate() const;
  void set_learning_rate(double rate);
  int64_t iterations() const;
  const std::string& name() const;
  // Its numbers and switches by name, the learning rate as it is now.
  std::vector<std::pair<std::string, Scalar>> options() const;
  // The moving averages of these variables, in the order of Keras's files: one after the other for each variable, or (RMSprop) kind
  // after kind. They are the optimizer's own, shared; a variable that was never stepped has them as they start.
  Tensors state(const Tensors& variables, Where where = {});
  void set_iterations(int64_t n);
  // What backward is called on: the loss times the scale of a LossScaleOptimizer, otherwise the loss itself.
  Tensor scale_loss(const Tensor& loss, Where where = {}) const;
  bool scales_losses() const { return bool(scaling_); }
  double loss_scale() const;       // 1 without scaling
  int64_t skipped_steps() const;   // that a LossScaleOptimizer left out

  // One rule: its numbers and the moving averages of each variable.
  class Rule;
  struct Scaling;

 protected:
  explicit Optimizer(std::shared_ptr<Rule> rule) : rule_(std::move(rule)) {}
  std::shared_ptr<Scaling> scaling_;  // null: losses are taken as they are

 private:
  std::shared_ptr<Rule> rule_;
};

struct SGDOptions {
  double learning_rate = 0.01;
  double momentum = 0;
  bool nesterov = false;
};
struct SGD : Optimizer { SGD(SGDOptions options = {}); };

struct AdamOptions {
  double learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  double weight_decay = 0;  // decoupled, applied before the step
};
struct Adam : Optimizer { Adam(AdamOptions options = {}); };

struct AdagradOptions {
  double learning_rate = 0.001;
  double initial_accumulator_value = 0.1;
  double epsilon = 1e-7;
  double weight_decay = 0;
};
struct Adagrad : Optimizer { Adagrad(AdagradOptions options = {}); };

struct RMSpropOptions {
  double learning_rate = 0.001;
  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
};
struct RMSprop : Optimizer { RMSprop(RMSpropOptions options = {}); };

struct LossScaleOptions {
  double initial_scale = 32768;
  int64_t dynamic_growth_steps = 2000;
};
// Keeps gradients of 16 bits from vanishing: backward(o.scale_loss(loss)) makes them larger, o.step(variables) takes the scale out again.
// A gradient that is not finite halves the scale, and that step changes nothing; after so many good steps the scale doubles. Shares the
// rule of `inner`. Files know the inner optimizer; compile wraps the one of a model made under "mixed_float16" anyway.
struct LossScaleOptimizer : Optimizer { LossScaleOptimizer(const Optimizer& inner, LossScaleOptions options = {}); };

}  // namespace reel::nn
