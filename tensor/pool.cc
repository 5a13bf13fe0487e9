#include "tensor/pool.h"

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "tensor/allocator.h"

namespace reel::pool {
#if defined(__SANITIZE_ADDRESS__) || defined(REEL_PLAIN_MALLOC)
void* take(size_t bytes) {
  void* block = std::aligned_alloc(16, (bytes + 15) / 16 * 16);
  if (!block) throw std::bad_alloc();
  return block;
}
void give(void* block, size_t) { std::free(block); }
#else
namespace detail {
thread_local FreeList lists[kClasses];
namespace {

constexpr size_t kChunk = 64 << 10;

// What threads left over: chains of blocks by size class. Leaked on purpose, tensors may outlive static destruction.
struct Depot {
  std::mutex mutex;
  struct Chain {
    void* head;
    uint32_t count;
  };
  std::vector<Chain> chains[kClasses];
};
Depot& depot() {
  static Depot* d = new Depot;
  return *d;
}

void deposit(int c) {
  FreeList& list = lists[c];
  if (!list.head) return;
  std::lock_guard lock(depot().mutex);
  depot().chains[c].push_back({list.head, list.count});
  list = {};
}

// Brings a thread's blocks to the depot when the thread ends; the main thread's lists die with the process.
struct AtThreadEnd {
  bool armed = false;
  ~AtThreadEnd() {
    for (int c = 0; c < kClasses; ++c) deposit(c);
  }
};
thread_local AtThreadEnd at_thread_end;

}  // namespace

uint32_t most(int c) {
  size_t n = (8 << 20) / (class_bytes(c) + 1);
  return n < 64 ? 64 : uint32_t(n) * 2;
}

void surplus(int c) { deposit(c); }

void* refill(int c) {
  at_thread_end.armed = true;
  FreeList& list = lists[c];
  {
    std::lock_guard lock(depot().mutex);
    auto& chains = depot().chains[c];
    if (!chains.empty()) {
      list = {chains.back().head, chains.back().count};
      chains.pop_back();
    }
  }
  size_t bytes = class_bytes(c);
  if (bytes < 16) bytes = 16;
  if (!list.head) {
    size_t chunk = bytes * 8 > kChunk ? bytes * 8 : kChunk;
    auto* p = static_cast<char*>(std::aligned_alloc(64, (chunk + 63) / 64 * 64));
    if (!p) throw std::bad_alloc();
    count_system_allocation();
    for (size_t at = 0; at + bytes <= chunk; at += bytes) {
      *reinterpret_cast<void**>(p + at) = list.head;
      list.head = p + at;
      ++list.count;
    }
  }
  void* block = list.head;
  list.head = *static_cast<void**>(block);
  --list.count;
  return block;
}
}  // namespace detail
#endif
}  // namespace reel::pool
