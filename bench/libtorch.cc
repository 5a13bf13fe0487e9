// The peer's side of the speed table, in LibTorch's C++ front end. Subnormal numbers are flushed here, PyTorch's best case.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Generator.h>
#include <c10/core/Allocator.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "bench/groups.h"
#include "bench/rows.h"

namespace reel::bench {
namespace {

std::atomic<int64_t> live{0}, most{0};

// PyTorch's allocator of host memory counts nothing: one like it that does. The size stands before the block.
struct CountingAllocator : c10::Allocator {
  static constexpr size_t kHeader = 64;
  static void give(void* block) {
    if (!block) return;
    char* start = static_cast<char*>(block) - kHeader;
    int64_t bytes;
    std::memcpy(&bytes, start, sizeof bytes);
    live -= bytes;
    std::free(start);
  }
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &give, c10::Device(c10::DeviceType::CPU)};
    void* start = nullptr;
    if (posix_memalign(&start, 64, bytes + kHeader)) throw std::bad_alloc();
    int64_t size = int64_t(bytes), now = live += size, seen = most;
    std::memcpy(start, &size, sizeof size);
    while (now > seen && !most.compare_exchange_weak(seen, now)) {}
    void* block = static_cast<char*>(start) + kHeader;
    return {block, block, &give, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
};

}  // namespace

void start(int threads) {
  static CountingAllocator counting;
  if (memory) c10::SetAllocator(c10::DeviceType::CPU, &counting, 255);
  at::globalContext().setFlushDenormal(true);
  at::set_num_threads(threads);
  at::manual_seed(0);
}
void rows() {
  op_rows();
  product_rows();
  layer_rows();
  array_rows();
  each_rows();
}
void reset_peak() { most = live.load(); }
int64_t peak_bytes() { return most; }

}  // namespace reel::bench
