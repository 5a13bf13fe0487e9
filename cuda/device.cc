#include "cuda/device.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "tensor/backend.h"
#include "tensor/gpu/elementwise.h"

namespace reel::gpu {
namespace {

constexpr int kMostDevices = 64;
constexpr int64_t kSmallest = 512;

int device_count() {
  static const int count = [] {
    int n = 0;
    // Without a driver this is an error, and means that there is none.
    if (cudaGetDeviceCount(&n) != cudaSuccess) return 0;
    return n < kMostDevices ? n : kMostDevices;
  }();
  return count;
}

// Eight size classes a power of two, so that a block serves tensors up to an eighth smaller.
int64_t class_bytes(int64_t bytes) {
  if (bytes <= kSmallest) return kSmallest;
  int64_t step = int64_t(std::bit_floor(uint64_t(bytes - 1))) / 8;
  return (bytes + step - 1) / step * step;
}

struct Block {
  void* data;
  int64_t bytes;
  Device device;
  Block* next;
};

// Blocks given back are kept by size for the next tensor: cudaMalloc takes longer than most kernels and cudaFree waits for the GPU.
// One stream a device makes the reuse safe: whatever still reads the block runs before whatever writes it next.
class Allocator {
 public:
  Block* take(int64_t bytes, Device device) {
    bytes = class_bytes(bytes);
    std::lock_guard lock(mutex_);
    Block*& kept = kept_[device.index][bytes];
    if (Block* b = kept) {
      kept = b->next;
      return b;
    }
    stream_of(device);
    void* data = nullptr;
    cudaError_t result = cudaMalloc(&data, size_t(bytes));
    if (result == cudaErrorMemoryAllocation) {
      release_kept(device);
      result = cudaMalloc(&data, size_t(bytes));
    }
    if (result == cudaErrorMemoryAllocation) out_of_memory(bytes, device);
    check(result, "cudaMalloc");
    return new Block{data, bytes, device, nullptr};
  }
  void give(Block* b) {
    std::lock_guard lock(mutex_);
    Block*& kept = kept_[b->device.index][b->bytes];
    b->next = kept;
    kept = b;
  }

 private:
  void release_kept(Device device) {
    cudaGetLastError();  // the failure is dealt with
    for (auto& [bytes, kept] : kept_[device.index])
      while (Block* b = kept) {
        kept = b->next;
        cudaFree(b->data);
        delete b;
      }
  }
  [[noreturn]] static void out_of_memory(int64_t bytes, Device device) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw OutOfMemory("out of memory on " + to_string(device) + ": " + std::to_string(bytes) + " bytes were asked for, " + std::to_string(free) +
                      " of " + std::to_string(total) + " are free");
  }

  std::mutex mutex_;
  std::unordered_map<int64_t, Block*> kept_[kMostDevices];
};

// Never destroyed: tensors in static variables may outlive this module's own.
Allocator& allocator() {
  static Allocator& a = *new Allocator;
  return a;
}

Storage* allocate(int64_t bytes, Device device) {
  if (bytes == 0) return foreign_storage(nullptr, 0, nullptr, nullptr, device);
  Block* b = allocator().take(bytes, device);
  return foreign_storage(b->data, bytes, [](void* block) { allocator().give(static_cast<Block*>(block)); }, b, device);
}

void synchronize(Device device) { check(cudaStreamSynchronize(stream_of(device)), "cudaStreamSynchronize"); }

void copy(void* to, Device to_device, const void* from, Device from_device, int64_t bytes) {
  if (bytes == 0) return;
  if (to_device == cpu() || from_device == cpu()) {
    Device device = to_device == cpu() ? from_device : to_device;
    cudaStream_t stream = stream_of(device);
    check(cudaMemcpyAsync(to, from, size_t(bytes), to_device == cpu() ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync");
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  } else if (to_device == from_device) {
    check(cudaMemcpyAsync(to, from, size_t(bytes), cudaMemcpyDeviceToDevice, stream_of(to_device)), "cudaMemcpyAsync");
  } else {
    // The source must be written before, and may be given back after.
    synchronize(from_device);
    cudaStream_t stream = stream_of(to_device);
    check(cudaMemcpyPeerAsync(to, to_device.index, from, from_device.index, size_t(bytes), stream), "cudaMemcpyPeerAsync");
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  }
}

[[maybe_unused]] const bool registered =
    (register_backend(DeviceType::kCuda, {"cuda", &allocate, &copy, &synchronize, &device_count, &run_elementwise}), true);

}  // namespace

void check(cudaError_t result, const char* call) {
  if (result == cudaSuccess) return;
  cudaGetLastError();
  throw DeviceError(std::string(call) + ": " + cudaGetErrorString(result) + " (" + cudaGetErrorName(result) + ")");
}

cudaStream_t stream_of(Device device) {
  static std::once_flag made[kMostDevices];
  static cudaStream_t streams[kMostDevices];
  check(cudaSetDevice(device.index), "cudaSetDevice");
  std::call_once(made[device.index], [&] { check(cudaStreamCreateWithFlags(&streams[device.index], cudaStreamNonBlocking), "cudaStreamCreate"); });
  return streams[device.index];
}

void check_launch(const char* op, cudaStream_t stream) {
  static const bool waits = [] {
    const char* sync = std::getenv("REEL_SYNC");
    return sync && std::strcmp(sync, "0") != 0 && *sync;
  }();
  check(cudaGetLastError(), op);
  if (waits) check(cudaStreamSynchronize(stream), op);
}

}  // namespace reel::gpu
