#pragma once
// The caching allocator of large host blocks: a page fault costs more than the arithmetic on the page, so blocks are recycled.
#include <cstdint>

namespace reel {

// 64-byte aligned; size classes with eight steps a power of two; throws OutOfMemory.
void* take_block(int64_t bytes);
void give_block(void* block, int64_t bytes);
void count_live(int64_t bytes);  // negative when given back
void count_system_allocation();

}  // namespace reel
