#pragma once
// The bytes behind tensors: counted, versioned, shared by views.
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tensor/device.h"
#include "tensor/where.h"

namespace reel {

struct Body;

struct Storage {
  std::atomic<int32_t> refs{1};
  std::atomic<uint32_t> version{0};  // counts the writes that happened after the producing op
  void* data = nullptr;
  int64_t bytes = 0;
  void (*free)(Storage*) = nullptr;  // gives back data and this header
  Body* owner = nullptr;      // the tensor it was made for, while that lives
  Where written;                     // the line of the last in-place write, for the version error
  Device device;
};

// Uninitialised host storage; up to 64 bytes stand behind the header in one pooled block.
Storage* host_storage(int64_t bytes);
// Foreign memory, given back by deleter(context) exactly once, on whichever thread drops the last tensor.
Storage* foreign_storage(void* data, int64_t bytes, void (*deleter)(void* context), void* context, Device device = {});

inline void retain(Storage* s) { s->refs.fetch_add(1, std::memory_order_relaxed); }
inline void release(Storage* s) {
  if (s->refs.load(std::memory_order_acquire) == 1 || s->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) s->free(s);
}

// Counters for tests and `mem_` benchmark rows; host memory only, in bytes.
struct MemoryStats {
  int64_t live_bytes = 0;          // in tensors now
  int64_t peak_bytes = 0;          // highest live_bytes since reset_peak_memory()
  int64_t cached_bytes = 0;        // kept for reuse
  int64_t system_allocations = 0;  // how often the operating system or malloc was asked
};
MemoryStats memory_stats();
void reset_peak_memory();
// Gives cached blocks back to the system.
void release_cached_memory();

}  // namespace reel
