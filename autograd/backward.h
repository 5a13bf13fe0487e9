#pragma once
// Replaying a tape: gradients on the variables, or as values.
#include "autograd/variable.h"

namespace reel {

struct BackwardOptions {
  Tensor gradient = {};       // of the loss; ones when absent, then the loss must have one element
  Tensors gradients = {};     // of several losses, one each (empty ones stand for ones)
  bool retain_tape = false;   // keep what the ops saved, so that the tape can be replayed again
  bool create_graph = false;  // record the replay, so that gradients have gradients (retains the tape)
};
// Adds d loss / d v to gradient(v) of every variable v behind the loss. A failed replay leaves every gradient as it was. Threads may do
// this at once for tapes that share variables (the gradients add up), not for tapes that share recorded values.
void backward(const Tensor& loss, BackwardOptions options = {}, Where where = {});
// Of the sum of several losses, in one replay.
void backward(const Tensors& losses, BackwardOptions options = {}, Where where = {});

struct GradOptions {
  Tensor gradient = {};           // as for backward
  Tensors gradients = {};
  bool retain_tape = false;
  bool create_graph = false;
  bool allow_unused = false;      // an empty tensor for an input the loss does not depend on, instead of an error
  bool zeros_for_unused = false;  // zeros for it
};
// d loss / d x for each x of inputs (variables or any recorded tensor); leaves the variables' own gradients alone.
Tensors grad(const Tensor& loss, const Tensors& inputs, GradOptions options = {}, Where where = {});
// Of the sum of several losses, in one replay.
Tensors grad(const Tensors& losses, const Tensors& inputs, GradOptions options = {}, Where where = {});

// The tape behind x as a listing, oldest op first: "%2 = multiply %0 %1   float32[4]   at train.cc:8".
std::string tape(const Tensor& x);
// Who keeps x's memory alive, as text: its size, the views and handles, and on the tapes behind x and `roots` (a loss) every op that
// saved it, with its line. Holders that no root leads to are counted.
std::string explain(const Tensor& x, const Tensors& roots = {});
void print(const std::string& text);

}  // namespace reel
