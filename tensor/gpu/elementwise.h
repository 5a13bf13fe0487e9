#pragma once
// Elementwise ops on a GPU: one table of launchers an op, filled by elementwise.cuh, and the choice of the kernel.
#include <cuda_runtime_api.h>

#include "tensor/gpu/walk.h"

namespace reel::gpu {

struct ElementwiseCall {
  const void* op;
  const void* in[3];
  void* out;
  unsigned repeated;  // bit i: in[i] is one value for all elements
  const Walk* walk;   // the output is operand in.size()
  cudaStream_t stream;
};
using Launcher = void (*)(const ElementwiseCall& call);

struct Launchers {
  Launcher dense[kDTypes] = {};    // by the stored dtype; every operand neighbour by neighbour on 16 bytes, or repeated
  Launcher strided[kDTypes] = {};
};

// out (already allocated, any strides) = op(in...); inputs broadcast to out's shape. Stands in the CUDA module: others reach it as
// Backend::elementwise.
void run_elementwise(const char* name, const Launchers& launchers, const void* op, Inputs in, const Tensor& out);

}  // namespace reel::gpu
