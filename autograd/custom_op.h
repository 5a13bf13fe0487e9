#pragma once
// The op behind custom gradients and checkpoints: a function that the tape holds with another one as its gradient.
#include "autograd/function.h"
#include "tensor/op.h"

namespace reel {

enum class CustomKind { kGradients, kInputs, kOutputs, kCheckpoint };  // what backward sees, and so what the tape keeps

struct CustomCall {
  Function forward;   // inputs to 1 ... 8 outputs; runs unrecorded
  Function backward;  // {gradients of the outputs, inputs, outputs} to gradients of the inputs
  const char* name;   // in errors
  DType dtypes[8] = {};
  mutable Tensors made = {};
};
// The outputs, recorded as one op. `made` are they where the caller ran forward already.
Tensors run_custom(CustomCall call, const Tensors& inputs, Tensors made, CustomKind kind, Where where);

}  // namespace reel
