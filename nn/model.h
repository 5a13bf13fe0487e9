#pragma once
// Models: a layer, a sequence or a graph of layers that can be compiled, trained, evaluated, summarised, saved and loaded.
#include <map>
#include <memory>

#include "nn/callbacks.h"
#include "nn/layer.h"
#include "nn/metrics.h"
#include "nn/optimizers.h"

namespace reel::nn {

struct CompileOptions {
  Optimizer optimizer = "rmsprop";
  Loss loss = {};
  std::vector<Metric> metrics = {};
};

struct FitOptions {
  int64_t batch_size = 32;
  int epochs = 1;                  // the last epoch's index, when initial_epoch is set
  int verbose = -1;                // 0 silent, 1 progress bar, 2 one line an epoch; -1: a bar on a terminal, lines elsewhere
  double validation_split = 0;     // the last part of the data, taken before shuffling
  std::pair<Tensor, Tensor> validation_data = {};
  std::vector<Callback> callbacks = {};
  bool shuffle = true;
  std::map<int, double> class_weight = {};
  Tensor sample_weight = {};       // [n]
  int initial_epoch = 0;
  uint64_t seed = 0;               // of the order of the samples: the same from run to run
};
struct EvaluateOptions {
  int64_t batch_size = 32;
  int verbose = -1;
  Tensor sample_weight = {};
};
struct SaveOptions {
  bool include_optimizer = true;  // and the loss and the metrics: all that compile was given
};
struct PredictOptions {
  int64_t batch_size = 32;
};

// What loading weights found; strict loading throws unless all three are empty, and then nothing has changed.
struct LoadReport {
  std::vector<std::string> missing;     // in the model, not in the file
  std::vector<std::string> unexpected;  // in the file, not in the model
  std::vector<std::string> mismatched;  // "head/kernel: file [128, 10], model [84, 10]"
  bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
};

// A copy shares the model. Anything callable becomes one: nn::Model(MyNet{}).
class Model {
 public:
  // The layers called on symbolic inputs, from nn::Input to the outputs.
  Model(const Tensor& input, const Tensor& output, NameOptions options = {});
  Model(const Tensors& inputs, const Tensors& outputs, NameOptions options = {});
  template <class M>
    requires(!std::is_base_of_v<Model, M> && Callable<M>)
  explicit Model(M callable, NameOptions options = {}) : Model(std::vector<Layer>{Layer(std::move(callable))}, std::move(options.name), "Model") {}

  Tensor operator()(const Tensor& x, Where where = {}) const;
  Tensor operator()(const Tensors& x, Where where = {}) const;
  // All of them, of a functional model with several; a call of such a model throws.
  Tensors outputs(const Tensors& x, Where where = {}) const;

  void compile(CompileOptions options);
  // x [n, ...], y [n, ...]. Results are identical from run to run. Throws on a loss that is not finite, naming epoch and step.
  History fit(const Tensor& x, const Tensor& y, FitOptions options = {}, Where where = {});
  Logs evaluate(const Tensor& x, const Tensor& y, EvaluateOptions options = {}, Where where = {});
  // The outputs for all of x, computed by batches without recording.
  Tensor predict(const Tensor& x, PredictOptions options = {}, Where where = {});
  // One step on one batch: forward, loss, backward, optimizer.
  Logs train_on_batch(const Tensor& x, const Tensor& y, const Tensor& sample_weight = {}, Where where = {});

  // Keras's table of layers, output shapes and parameters.
  std::string summary() const;
  // By path: "dense/kernel". Throws when a layer has no weights yet (call the model on data first).
  std::vector<std::pair<std::string, Weight>> weights() const;
  Tensors trainable_variables() const;
  int64_t count_params() const;
  // .safetensors or .npz by weight names, .weights.h5 as Keras lays it out (by the places of the layers in the model, with the optimizer's
  // state when compiled); written beside and renamed.
  void save_weights(const std::string& path, Where where = {}) const;
  LoadReport load_weights(const std::string& path, bool strict = true, Where where = {});
  // A .keras file: the architecture, the weights and, when compiled, the loss, the metrics and the optimizer with its state. Python's Keras
  // opens it, and so does nn::load_model. Throws, writing nothing, for what Keras cannot describe: layers of one's own, functions of one's own.
  void save(const std::string& path, SaveOptions options = {}, Where where = {}) const;

  bool& stop_training();
  Optimizer& optimizer(Where where = {});  // throws when not compiled
  const std::string& name() const;
  const std::vector<Layer>& layers() const;
  void visit(const std::string& path, WeightVisitor& visitor) const;
  const SharedRecord& record() const;

  struct State;  // nn/state.h, for the library's own sources
  State& state() const { return *state_; }

 protected:
  Model(std::vector<Layer> layers, std::string name, const char* type);
  void add(Layer layer);

 private:
  std::shared_ptr<State> state_;
};

struct LoadOptions {
  bool compile = true;  // when the file says how; false also passes over regularizers and constraints
};
// The model of a .keras file, of Keras 3 (and of TensorFlow's Keras from 2.12 on) or of save; its optimizer continues where it stood.
// FileError names the file and what in it has no counterpart here.
Model load_model(const std::string& path, LoadOptions options = {}, Where where = {});

// Layers one after the other: Sequential{a, b}, or named: Sequential({a, b}, {.name = "classifier"}). A Sequential among the layers is
// one of them; a Sequential of nothing but another is a copy, which shares it.
class Sequential : public Model {
 public:
  explicit Sequential(NameOptions options = {}) : Model(std::vector<Layer>{}, std::move(options.name), "Sequential") {}
  template <class... L>
    requires(sizeof...(L) > 0 && (Callable<L> && ...) && (sizeof...(L) > 1 || !(std::is_base_of_v<Sequential, L> && ...)))
  Sequential(L... layers) : Model(std::vector<Layer>{Layer(std::move(layers))...}, "", "Sequential") {}
  Sequential(std::initializer_list<Layer> layers, NameOptions options) : Model(std::vector<Layer>(layers), std::move(options.name), "Sequential") {}
  // A template, so that Sequential({a, b}) has one meaning.
  template <class V>
    requires std::is_same_v<V, std::vector<Layer>>
  explicit Sequential(V layers, NameOptions options = {}) : Model(std::move(layers), std::move(options.name), "Sequential") {}
  using Model::add;
};

}  // namespace reel::nn
