#pragma once
// What an update rule is to an optimizer: its numbers and the moving averages of each variable; for the library's own sources.
#include <absl/container/flat_hash_map.h>

#include "autograd/variable.h"
#include "nn/fields.h"
#include "nn/optimizers.h"
#include "tensor/deferred.h"
#include "tensor/ops/create.h"

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
  double gradient_scale = 1;  // every gradient is multiplied by it
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

}  // namespace reel::nn
