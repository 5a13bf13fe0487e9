#include "nn/callbacks.h"

#include <cmath>
#include <cstdio>

#include "nn/model.h"
#include "tensor/ops/copy.h"

namespace reel::nn {

const double* Logs::find(const std::string& name) const {
  for (auto& [n, v] : values)
    if (n == name) return &v;
  return nullptr;
}
namespace {
double entry(const char* what, const Logs& logs, const std::string& name) {
  if (const double* v = logs.find(name)) return *v;
  std::vector<std::string> names;
  for (auto& [n, v] : logs.values) names.push_back(n);
  unknown_name(what, name, names);
}
}  // namespace
double Logs::operator[](const std::string& name) const { return entry("log entry", *this, name); }
void Logs::set(const std::string& name, double value) {
  for (auto& [n, v] : values)
    if (n == name) {
      v = value;
      return;
    }
  values.emplace_back(name, value);
}

std::vector<double> History::operator[](const std::string& name) const {
  std::vector<double> v;
  for (const Logs& l : logs) v.push_back(l[name]);
  return v;
}

EarlyStopping::EarlyStopping(EarlyStoppingOptions options) : options_(std::move(options)) {
  if (options_.mode == "max") maximize_ = true;
  else if (options_.mode == "auto") maximize_ = options_.monitor.find("acc") != std::string::npos;
  else if (options_.mode != "min") unknown_name("EarlyStopping mode", options_.mode, {"auto", "min", "max"});
}

bool EarlyStopping::better(double value, double than) const {
  return maximize_ ? value - options_.min_delta > than : value + options_.min_delta < than;
}

void EarlyStopping::on_train_begin(Model&) {
  wait_ = 0;
  stopped_epoch_ = best_epoch_ = -1;
  best_ = maximize_ ? -INFINITY : INFINITY;
  best_weights_.clear();
}

void EarlyStopping::on_epoch_end(Model& model, int epoch, const Logs& logs) {
  if (epoch < options_.start_from_epoch) return;
  double value = entry("EarlyStopping monitor", logs, options_.monitor);
  ++wait_;
  bool improved = better(value, best_);
  if (options_.restore_best_weights && (improved || best_epoch_ < 0)) {
    NoGrad no_grad;
    best_weights_.clear();
    for (auto& [path, w] : model.weights()) best_weights_.push_back(clone(w.value));
  }
  if (improved || best_epoch_ < 0) best_epoch_ = epoch;
  if (improved) {
    best_ = value;
    // With a baseline the patience starts again only when that is beaten, too.
    if (std::isnan(options_.baseline) || better(value, options_.baseline)) wait_ = 0;
    return;
  }
  if (wait_ >= options_.patience && epoch > 0) {
    stopped_epoch_ = epoch;
    model.stop_training() = true;
  }
}

void EarlyStopping::on_train_end(Model& model) {
  if (stopped_epoch_ >= 0 && options_.verbose) std::printf("Epoch %d: early stopping\n", stopped_epoch_ + 1);
  if (!options_.restore_best_weights || best_weights_.empty()) return;
  if (options_.verbose) std::printf("Restoring model weights from the end of the best epoch: %d.\n", best_epoch_ + 1);
  NoGrad no_grad;
  auto weights = model.weights();
  for (size_t i = 0; i < weights.size(); ++i) assign(weights[i].second.value, best_weights_[i]);
}

}  // namespace reel::nn
