#pragma once
// Replaying a tape: gradients on the variables, or as values.
#include "autograd/variable.h"

namespace reel {

struct BackwardOptions {
  Tensor gradient = {};       // of the loss; ones when absent, then the loss must have one element
  bool retain_tape = false;   // keep what the ops saved, so that the tape can be replayed again
  bool create_graph = false;  // record the replay, so that gradients have gradients (retains the tape)
};
// Adds d loss / d v to gradient(v) of every variable v behind the loss. A failed replay leaves every gradient as it was.
void backward(const Tensor& loss, BackwardOptions options = {}, Where where = {});

struct GradOptions {
  Tensor gradient = {};
  bool retain_tape = false;
  bool create_graph = false;
  bool allow_unused = false;  // an empty tensor for an input the loss does not depend on, instead of an error
};
// d loss / d x for each x of inputs (variables or any recorded tensor); leaves the variables' own gradients alone.
Tensors grad(const Tensor& loss, const Tensors& inputs, GradOptions options = {}, Where where = {});

// The tape behind x as a listing, oldest op first: "%2 = multiply %0 %1   float32[4]   at train.cc:8".
std::string tape(const Tensor& x);
void print(const std::string& text);

}  // namespace reel
