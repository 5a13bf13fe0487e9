#pragma once
// Blocks of up to 32 KiB from per-thread free lists: no lock and, once warm, no system call. A block may be given back on another
// thread than the one that took it; it then serves that thread, and surplus moves through a shared depot.
#include <cstddef>
#include <cstdint>

namespace reel::pool {

inline constexpr size_t kLargest = 32 << 10;

struct FreeList {
  void* head = nullptr;
  uint32_t count = 0;
};
// 16-byte steps up to 512, then four steps a power of two.
constexpr int size_class(size_t bytes) {
  if (bytes <= 512) return int((bytes + 15) / 16);
  int top = 63 - __builtin_clzll(bytes - 1);
  return 33 + (top - 9) * 4 + int(((bytes - 1) >> (top - 2)) & 3);
}
constexpr size_t class_bytes(int c) {
  if (c <= 32) return size_t(c) * 16;
  int top = 9 + (c - 33) / 4;
  return (size_t(1) << top) + (size_t((c - 33) % 4) + 1) * (size_t(1) << (top - 2));
}
inline constexpr int kClasses = size_class(kLargest) + 1;

namespace detail {
extern constinit thread_local FreeList lists[kClasses] __attribute__((tls_model("initial-exec")));
void* refill(int size_class);
void surplus(int size_class);
uint32_t most(int size_class);  // blocks a thread keeps
}  // namespace detail

#if defined(__SANITIZE_ADDRESS__) || defined(REEL_PLAIN_MALLOC)
// Sanitizers see each block on its own.
void* take(size_t bytes);
void give(void* block, size_t bytes);
#else
inline void* take(size_t bytes) {
  FreeList& list = detail::lists[size_class(bytes)];
  if (void* block = list.head) {
    void* next = *static_cast<void**>(block);
    if (next) __builtin_prefetch(next, 1);  // behind a long tape it lies far away; prefetching null would cost 30 ns
    list.head = next;
    --list.count;
    return block;
  }
  return detail::refill(size_class(bytes));
}
inline void give(void* block, size_t bytes) {
  int c = size_class(bytes);
  FreeList& list = detail::lists[c];
  *static_cast<void**>(block) = list.head;
  list.head = block;
  if (++list.count > 4096 && list.count > detail::most(c)) detail::surplus(c);
}
#endif

}  // namespace reel::pool
