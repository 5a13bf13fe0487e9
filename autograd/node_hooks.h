#pragma once
// What a replay asks of the hooks on a node. They stand in a table beside the nodes: a node without hooks carries one flag.
#include "autograd/hooks.h"
#include "autograd/node.h"

namespace reel {

// All for a node with the flag `hooked` only. Gradients are by output, absent ones empty.
void run_gradient_hooks(const Node* n, Tensors& gradients);                   // those of its tensors, may replace
void run_before_hooks(const Node* n, Tensors& gradients);                     // may replace
void keep_retained(const Node* n, const Tensors& gradients);                  // for retain_gradient
void run_after_hooks(const Node* n, Tensors& to_inputs, const Tensors& gradients);  // may replace to_inputs
bool has_after_hooks(const Node* n);
void run_accumulation_hooks(Node* variable);
Tensor retained_gradient(const Node* n, int output);                          // empty when there is none
bool retains_gradient(const Node* n, int output);
void drop_hooks(const Node* n);                                               // when the node dies

}  // namespace reel
