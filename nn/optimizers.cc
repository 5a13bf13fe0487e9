#include "nn/optimizers.h"

#include <absl/container/flat_hash_map.h>

#include "autograd/variable.h"
#include "nn/fields.h"
#include "tensor/ops/create.h"
#include "tensor/ops/optimizer.h"

namespace reel::nn {

class Optimizer::Rule {
 public:
  Rule(std::string name, double learning_rate, int slots, double slot_start) : name(std::move(name)), learning_rate(learning_rate), slots_(slots), start_(slot_start) {}
  virtual ~Rule() = default;
  virtual void update(const Tensors& variables, const Gradients& gradients, const std::vector<Tensors>& slots, Where where) = 0;

  void step(const Tensors& variables, Where where) {
    Tensors moved;
    Gradients gradients;
    std::vector<Tensors> slots(static_cast<size_t>(slots_));
    moved.reserve(variables.size());
    gradients.reserve(variables.size());
    for (const Tensor& v : variables) {
      Gradient g = gradient_as_left(v);
      if (!g) continue;
      if (slots_) {
        const Tensors& own = slots_of(v, where);
        for (int i = 0; i < slots_; ++i) slots[size_t(i)].push_back(own[size_t(i)]);
      }
      moved.push_back(v);
      gradients.push_back(std::move(g));
    }
    if (moved.empty())
      throw TapeError(name + ": none of the " + std::to_string(variables.size()) + " variables has a gradient (call backward on a loss that depends on them first)");
    ++iterations;
    try {
      update(moved, gradients, slots, where);
    } catch (...) {
      --iterations;
      throw;
    }
    for (const Tensor& v : moved) clear_gradient(v);
  }

  const Tensors& slots_of(const Tensor& v, Where where) {
    State& state = states_[v.body().storage];
    if (!state.variable) {
      Tensors slots;
      for (int i = 0; i < slots_; ++i) slots.push_back(full(v.shape(), start_, v.dtype(), v.device(), where));
      state = {v, std::move(slots)};
    }
    return state.slots;
  }
  Tensors state(const Tensors& variables, Where where) {
    Tensors all;
    if (by_kind()) {
      for (int i = 0; i < slots_; ++i)
        for (const Tensor& v : variables) all.push_back(slots_of(v, where)[size_t(i)]);
    } else {
      for (const Tensor& v : variables)
        for (const Tensor& slot : slots_of(v, where)) all.push_back(slot);
    }
    return all;
  }
  virtual bool by_kind() const { return false; }
  virtual std::vector<std::pair<std::string, Scalar>> options() const = 0;

  std::string name;
  double learning_rate;
  int64_t iterations = 0;

 protected:
  template <class O> std::vector<std::pair<std::string, Scalar>> listed(O o) const {
    o.learning_rate = learning_rate;
    std::vector<std::pair<std::string, Scalar>> list;
    each_option(o, [&](std::string_view option, const auto& value) { list.emplace_back(option, value); });
    return list;
  }

 private:
  // Kept by storage: handles of one variable share their moving averages, and the variable held here keeps the address taken.
  struct State {
    Tensor variable;
    Tensors slots;
  };
  int slots_;
  double start_;
  absl::flat_hash_map<const Storage*, State> states_;
};

namespace {

struct SgdRule final : Optimizer::Rule {
  SGDOptions o;
  explicit SgdRule(SGDOptions options) : Rule("sgd", options.learning_rate, options.momentum != 0, 0), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    sgd_update(v, g, slots.empty() ? Tensors{} : slots[0], {.learning_rate = learning_rate, .momentum = o.momentum, .nesterov = o.nesterov}, where);
  }
};
struct AdamRule final : Optimizer::Rule {
  AdamOptions o;
  explicit AdamRule(AdamOptions options) : Rule("adam", options.learning_rate, 2, 0), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    adam_update(v, g, slots[0], slots[1],
                {.learning_rate = learning_rate, .beta_1 = o.beta_1, .beta_2 = o.beta_2, .epsilon = o.epsilon, .step = iterations, .weight_decay = o.weight_decay},
                {}, where);
  }
};
struct AdagradRule final : Optimizer::Rule {
  AdagradOptions o;
  explicit AdagradRule(AdagradOptions options) : Rule("adagrad", options.learning_rate, 1, options.initial_accumulator_value), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    adagrad_update(v, g, slots[0], {.learning_rate = learning_rate, .epsilon = o.epsilon, .weight_decay = o.weight_decay}, where);
  }
};
struct RmspropRule final : Optimizer::Rule {
  RMSpropOptions o;
  explicit RmspropRule(RMSpropOptions options) : Rule("rmsprop", options.learning_rate, options.momentum != 0 ? 2 : 1, 0), o(options) {}
  std::vector<std::pair<std::string, Scalar>> options() const override { return listed(o); }
  bool by_kind() const override { return true; }
  void update(const Tensors& v, const Gradients& g, const std::vector<Tensors>& slots, Where where) override {
    rmsprop_update(v, g, slots[0], {}, slots.size() > 1 ? slots[1] : Tensors{},
                   {.learning_rate = learning_rate, .rho = o.rho, .momentum = o.momentum, .epsilon = o.epsilon}, where);
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

Optimizer::Optimizer(const char* name) : rule_(rule_by_name(name)) {}
void Optimizer::step(const Tensors& variables, Where where) {
  NoGrad no_grad;
  try {
    rule_->step(variables, where);
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
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

SGD::SGD(SGDOptions o) : Optimizer(std::make_shared<SgdRule>(o)) {}
Adam::Adam(AdamOptions o) : Optimizer(std::make_shared<AdamRule>(o)) {}
Adagrad::Adagrad(AdagradOptions o) : Optimizer(std::make_shared<AdagradRule>(o)) {}
RMSprop::RMSprop(RMSpropOptions o) : Optimizer(std::make_shared<RmspropRule>(o)) {}

}  // namespace reel::nn
