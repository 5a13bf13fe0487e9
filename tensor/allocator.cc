#include "tensor/allocator.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "tensor/error.h"
#include "tensor/storage.h"

namespace reel {
namespace {

std::atomic<int64_t> live{0}, peak{0}, cached{0}, system_calls{0};

constexpr int64_t kHuge = 2 << 20;

int64_t rounded(int64_t bytes) {
  if (bytes <= 512) return (bytes + 63) / 64 * 64;  // beyond, steps of 64 would share a bin
  int top = 63 - __builtin_clzll(uint64_t(bytes - 1));
  int64_t step = int64_t(1) << (top - 3);
  return (bytes + step - 1) / step * step;
}
int bin_of(int64_t rounded_bytes) {
  int top = 63 - __builtin_clzll(uint64_t(rounded_bytes));
  return top * 8 + int((rounded_bytes >> (top - 3)) & 7);
}

// Leaked on purpose: tensors may outlive static destruction.
struct Cache {
  std::mutex mutex;
  std::vector<void*> bins[64 * 8];
  int64_t limit = int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / 4;
};
Cache& cache() {
  static Cache* c = new Cache;
  return *c;
}

}  // namespace

void count_system_allocation() { system_calls.fetch_add(1, std::memory_order_relaxed); }

void count_live(int64_t bytes) {
  int64_t now = live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t seen = peak.load(std::memory_order_relaxed);
  while (now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {}
}

void* take_block(int64_t bytes) {
  if (bytes > (int64_t(1) << 46)) throw OutOfMemory("out of memory: asked for " + std::to_string(bytes) + " bytes");
  int64_t size = rounded(bytes);
#if !defined(__SANITIZE_ADDRESS__)
  {
    Cache& c = cache();
    std::lock_guard lock(c.mutex);
    auto& bin = c.bins[bin_of(size)];
    if (!bin.empty()) {
      void* block = bin.back();
      bin.pop_back();
      cached.fetch_sub(size, std::memory_order_relaxed);
      return block;
    }
  }
#endif
  for (int attempt = 0; attempt < 2; ++attempt) {
    count_system_allocation();
    void* block = std::aligned_alloc(size >= kHuge ? size_t(kHuge) : 64, size_t(size >= kHuge ? (size + kHuge - 1) / kHuge * kHuge : size));
    if (block) {
      if (size >= kHuge) madvise(block, size_t(size), MADV_HUGEPAGE);
      return block;
    }
    release_cached_memory();
  }
  throw OutOfMemory("out of memory: the system refused " + std::to_string(bytes) + " bytes; " +
                    std::to_string(live.load()) + " bytes are in live tensors");
}

void give_block(void* block, int64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__)
  int64_t size = rounded(bytes);
  Cache& c = cache();
  if (cached.load(std::memory_order_relaxed) + size <= c.limit) {
    std::lock_guard lock(c.mutex);
    c.bins[bin_of(size)].push_back(block);
    cached.fetch_add(size, std::memory_order_relaxed);
    return;
  }
#endif
  std::free(block);
}

void release_cached_memory() {
  Cache& c = cache();
  std::lock_guard lock(c.mutex);
  for (auto& bin : c.bins) {
    for (void* block : bin) std::free(block);
    bin.clear();
    bin.shrink_to_fit();
  }
  cached = 0;
}

MemoryStats memory_stats() { return {live.load(), peak.load(), cached.load(), system_calls.load()}; }
void reset_peak_memory() { peak = live.load(); }

}  // namespace reel
