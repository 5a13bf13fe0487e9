#pragma once
// A GPU's stream and memory, and how CUDA's errors become ours.
#include <cuda_runtime_api.h>

#include "tensor/op.h"

namespace reel::gpu {

// Throws DeviceError naming the call unless it succeeded.
void check(cudaError_t result, const char* call);

// The one stream through which all work of a device goes, in order, from whichever thread: what was given back may be taken again
// at once. Makes the device the calling thread's current one.
cudaStream_t stream_of(Device device);

// To be called after each kernel launch: throws when the launch was refused. With REEL_SYNC=1 it also waits for the kernel, so that a
// fault is reported by its own op and not by a later one.
void check_launch(const char* op, cudaStream_t stream);

}  // namespace reel::gpu
