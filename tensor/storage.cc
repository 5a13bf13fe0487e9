#include "tensor/storage.h"

#include <new>

#include "tensor/allocator.h"
#include "tensor/pool.h"

namespace reel {
namespace {

constexpr int64_t kInline = 64;
constexpr int64_t kHeader = sizeof(Storage);  // aligned for eight bytes: with that one number fits in 64
static_assert(kHeader % 8 == 0);

// Small values stand behind the header, up to the pool's limit they get a pooled block, above that a cached one.
void free_inline(Storage* s) {
  int64_t bytes = s->bytes;
  s->~Storage();
  pool::give(s, size_t(kHeader + bytes));
}
void free_pooled(Storage* s) {
  pool::give(s->data, size_t(s->bytes));
  count_live(-s->bytes);
  s->~Storage();
  pool::give(s, sizeof(Storage));
}
void free_block(Storage* s) {
  give_block(s->data, s->bytes);
  count_live(-s->bytes);
  s->~Storage();
  pool::give(s, sizeof(Storage));
}
void free_foreign(Storage* s) {
  // The user's deleter and its argument stand behind the header.
  auto deleter = *reinterpret_cast<void (**)(void*)>(reinterpret_cast<char*>(s) + kHeader);
  void* context = *reinterpret_cast<void**>(reinterpret_cast<char*>(s) + kHeader + 8);
  s->~Storage();
  pool::give(s, size_t(kHeader + 16));
  if (deleter) deleter(context);
}

}  // namespace

Storage* host_storage(int64_t bytes) {
  if (bytes <= kInline) {
    auto* s = new (pool::take(size_t(kHeader + bytes))) Storage;
    s->data = reinterpret_cast<char*>(s) + kHeader;
    s->bytes = bytes;
    s->free = &free_inline;
    return s;
  }
  bool pooled = bytes <= int64_t(pool::kLargest);
  void* data = pooled ? pool::take(size_t(bytes)) : take_block(bytes);
  count_live(bytes);
  auto* s = new (pool::take(sizeof(Storage))) Storage;
  s->data = data;
  s->bytes = bytes;
  s->free = pooled ? &free_pooled : &free_block;
  return s;
}

Storage* foreign_storage(void* data, int64_t bytes, void (*deleter)(void*), void* context, Device device) {
  auto* s = new (pool::take(size_t(kHeader + 16))) Storage;
  s->data = data;
  s->bytes = bytes;
  s->device = device;
  s->free = &free_foreign;
  *reinterpret_cast<void (**)(void*)>(reinterpret_cast<char*>(s) + kHeader) = deleter;
  *reinterpret_cast<void**>(reinterpret_cast<char*>(s) + kHeader + 8) = context;
  return s;
}

}  // namespace reel
