#pragma once
// Recurrent layers over sequences [n, steps, features], with Keras 3's defaults and gate order.
#include <optional>

#include "nn/activations.h"
#include "nn/initializers.h"
#include "nn/layer.h"

namespace reel::nn {

struct SimpleRNNOptions {
  ActivationFunction activation = "tanh";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  double dropout = 0;             // of the inputs, in training; one mask for all steps
  double recurrent_dropout = 0;   // of the states
  bool return_sequences = false;  // every step's output instead of the last
  bool go_backwards = false;      // the answer lies in the order of processing
  std::string name = "";
};
struct LSTMOptions {
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  bool unit_forget_bias = true;  // the forget gate's bias starts at 1
  double dropout = 0;
  double recurrent_dropout = 0;
  bool return_sequences = false;
  bool go_backwards = false;
  std::string name = "";
};
struct GRUOptions {
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  double dropout = 0;
  double recurrent_dropout = 0;
  bool return_sequences = false;
  bool go_backwards = false;
  bool reset_after = true;  // the reset gate applies after the recurrent product
  std::string name = "";
};
// Where a sequence starts and which of its steps count.
struct RecurrentCall {
  Tensors initial_state = {};  // {h}, of an LSTM {h, c}; zeros when absent
  Tensor mask = {};            // bool [n, steps]: where false the state is held and the output repeated
};

// What the three recurrent layers share. Weights kernel [features, gates * units], recurrent_kernel [units, gates * units], bias.
class RecurrentLayer {
 public:
  Tensor operator()(const Tensor& x, Where where = {}) const { return (*this)(x, RecurrentCall{}, where); }
  Tensor operator()(const Tensor& x, const RecurrentCall& call, Where where = {}) const;
  // The output, then the states after the last step (Keras's return_state).
  Tensors with_state(const Tensor& x, const RecurrentCall& call = {}, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  bool return_sequences() const { return options_.return_sequences; }
  // The same options in a layer of its own weights that runs the other way.
  RecurrentLayer reversed() const;

 protected:
  enum class Cell { kSimple, kLstm, kGru };
  RecurrentLayer(Cell cell, const char* type, int64_t units, GRUOptions options, bool unit_forget_bias = false);

 private:
  Tensors run(const Tensor& x, const RecurrentCall& call, Where where) const;
  Tensors unrolled(const Tensor& x, const RecurrentCall& call, Where where) const;

  SharedRecord record_;
  Cell cell_;
  int64_t units_;
  GRUOptions options_;
  bool unit_forget_bias_;
};

// h = activation(x kernel + bias + h recurrent_kernel).
class SimpleRNN : public RecurrentLayer {
 public:
  explicit SimpleRNN(int64_t units, SimpleRNNOptions options = {});
};
// Hochreiter and Schmidhuber, 1997; gates i, f, c, o.
class LSTM : public RecurrentLayer {
 public:
  explicit LSTM(int64_t units, LSTMOptions options = {});
};
// Cho et al., 2014; gates z, r, h; bias [2, 3 units] with reset_after, else [3 units].
class GRU : public RecurrentLayer {
 public:
  explicit GRU(int64_t units, GRUOptions options = {});
};

struct BidirectionalOptions {
  std::string merge_mode = "concat";  // or "sum", "mul", "ave"
  std::string name = "";
};
// The layer and a second one of the same options that reads the other way; its sequence is turned before both are merged.
class Bidirectional {
 public:
  explicit Bidirectional(RecurrentLayer layer, BidirectionalOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  void visit(const std::string& path, WeightVisitor& visitor) const;

 private:
  SharedRecord record_;
  RecurrentLayer forward_, backward_;
  std::string merge_mode_;
};

// A layer applied to every step of [n, steps, ...].
class TimeDistributed {
 public:
  explicit TimeDistributed(Layer layer, NameOptions options = {});
  Tensor operator()(const Tensor& x, Where where = {}) const;
  const SharedRecord& record() const { return record_; }
  void visit(const std::string& path, WeightVisitor& visitor) const;

 private:
  SharedRecord record_;
  Layer layer_;
};

}  // namespace reel::nn
