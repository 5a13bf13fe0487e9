#include "tensor/backend.h"

#include <cstring>
#include <mutex>

#include "tensor/error.h"
#include "tensor/module.h"

namespace reel {
namespace {

Backend backends[kDeviceTypes];

Storage* host_allocate(int64_t bytes, Device) { return host_storage(bytes); }
void host_copy(void* to, Device, const void* from, Device, int64_t bytes) { std::memcpy(to, from, size_t(bytes)); }
void host_synchronize(Device) {}
int one() { return 1; }

}  // namespace

void register_backend(DeviceType type, const Backend& b) { backends[int(type)] = b; }

const Backend& backend(Device device) {
  if (device.type == DeviceType::kCpu) {
    static const Backend host{"cpu", &host_allocate, &host_copy, &host_synchronize, &one, nullptr};
    return host;
  }
  if (device.type == DeviceType::kTraced)
    throw DeviceError("a tensor inside vmap has no values of its own to look at (neither item() nor printing nor branching on it)");
  if (device.type == DeviceType::kSymbolic)
    throw DeviceError("a symbolic tensor (nn::Input) has no values: call the model on real ones");
  static std::once_flag once;
  static std::string problem;
  std::call_once(once, [] { problem = open_module("cuda", true).problem; });
  const Backend& b = backends[int(device.type)];
  if (!b.name) throw DeviceError("no device " + to_string(device) + ": reel's CUDA module does not load (built without nvcc?): " + problem);
  int count = b.count();
  if (device.index >= count)
    throw DeviceError("no device " + to_string(device) + ": " +
                      (count == 0 ? "the CUDA module is there, but the driver shows no GPU (nvidia-smi lists those it sees)"
                                  : "GPUs present: " + std::to_string(count) + ", numbered from 0"));
  return b;
}

bool available(Device device) {
  try {
    backend(device);
    return true;
  } catch (const DeviceError&) {
    return false;
  }
}

std::string to_string(Device device) {
  if (device.type == DeviceType::kCpu) return "cpu";
  if (device.type == DeviceType::kSymbolic) return "symbolic";
  if (device.type == DeviceType::kTraced) return "traced";
  return "cuda" + (device.index ? ":" + std::to_string(device.index) : "");
}

}  // namespace reel
