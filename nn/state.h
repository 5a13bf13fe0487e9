#pragma once
// What all copies of a model share; for the sources of Model only.
#include <mutex>
#include <optional>

#include "nn/model.h"
#include "nn/symbolic.h"

namespace reel::nn {

// What a sequence saw at its last call; threads may call one model at the same time.
class LastCall {
 public:
  struct Seen {
    std::vector<Shape> outputs;  // of each layer, for the summary
    Shape input;                 // for files; no axes before the first call
    DType dtype = float32;       // of the input
  };
  void note_input(const Tensor& x) {
    std::lock_guard lock(mutex_);
    seen_.input = x.shape(), seen_.dtype = x.dtype();
  }
  void note_output(size_t i, const Tensor& y) {
    std::lock_guard lock(mutex_);
    if (seen_.outputs.size() <= i) seen_.outputs.resize(i + 1);
    seen_.outputs[i] = y.shape();
  }
  void forget_outputs() {
    std::lock_guard lock(mutex_);
    seen_.outputs.clear();
  }
  Seen seen() const {
    std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  Seen seen_;
};

struct Model::State {
  SharedRecord record;
  std::vector<Layer> layers;
  std::optional<Graph> graph;         // of a functional model
  LastCall last_call;
  std::optional<CompileOptions> compiled;
  bool stop_training = false;
  const DType compute = policy_dtype();  // what the policy said; the layers cast, each by its own

  State(const char* type, const std::string& name) : record(std::make_shared<LayerRecord>(type, name, true)) { record->compute = float32; }

  CompileOptions& training(const char* what, Where where) {
    if (!compiled) fail_at(Error(std::string(what) + ": the model is not compiled: call compile({.optimizer = ..., .loss = ...}) first"), where);
    return *compiled;
  }
};

}  // namespace reel::nn
