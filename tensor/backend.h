#pragma once
// What a device brings besides kernels: memory and copies. The CPU's stands in tensor/, a loaded module fills its own.
#include <cstdint>
#include <string>

#include "tensor/device.h"
#include "tensor/storage.h"

namespace reel {

class Inputs;
class Tensor;
namespace gpu {
struct Launchers;
}

struct Backend {
  const char* name = nullptr;                                  // "cuda"
  Storage* (*allocate)(int64_t bytes, Device device) = nullptr;
  // Bytes between this device and the host, or within it; returns when the host side may be touched again.
  void (*copy)(void* to, Device to_device, const void* from, Device from_device, int64_t bytes) = nullptr;
  void (*synchronize)(Device device) = nullptr;
  int (*count)() = nullptr;                                    // devices of this type present
  // Runs an elementwise op whose kernels another file brings (tensor/gpu/elementwise.h).
  void (*elementwise)(const char* name, const gpu::Launchers& launchers, const void* op, Inputs in, const Tensor& out) = nullptr;
};

// The backend of a device, loading its module on first use; throws DeviceError saying what is missing.
const Backend& backend(Device device);
void register_backend(DeviceType type, const Backend& backend);
// "cpu", "cuda:1"
std::string to_string(Device device);
// Whether x.device() = device would work: false without a GPU or without the module.
bool available(Device device);

}  // namespace reel
