// Warm paths ask neither the system nor malloc for anything, and counters return to their start.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "reel.h"
#include "tensor/storage.h"

using namespace reel;

namespace {
std::atomic<int64_t> calls{0};
thread_local bool counting = false;
void* counted(std::size_t bytes) {
  if (counting) calls.fetch_add(1, std::memory_order_relaxed);
  void* p = std::malloc(bytes ? bytes : 1);
  if (!p) throw std::bad_alloc();
  return p;
}

// Calls of operator new on this thread while f runs, and what the library itself asked of the system.
template <class F> int64_t allocations(F&& f) {
  int64_t before = calls, system = memory_stats().system_allocations;
  counting = true;
  f();
  counting = false;
  return calls - before + memory_stats().system_allocations - system;
}
}  // namespace

// Replaces the program's operator new, the shared library's calls included.
void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return std::malloc(bytes ? bytes : 1); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return std::malloc(bytes ? bytes : 1); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

#if defined(__SANITIZE_ADDRESS__)
#define REEL_POOLED doctest::skip(true)  // every block is malloc's there
#else
#define REEL_POOLED doctest::skip(false)
#endif

TEST_CASE("a warm small op allocates nothing" * REEL_POOLED) {
  Tensor a = tensor({1., 2., 3., 4.}), b = tensor({1., 1., 1., 1.}), y;
  auto work = [&] {
    for (int i = 0; i < 1000; ++i) {
      y = a + b;
      y = exp(y * 2) - b;
      y += a;
    }
  };
  work();
  CHECK(allocations(work) == 0);
  CHECK(allocations([] { ::operator delete(::operator new(4)); }) == 1);  // the counter counts: a call, since a new-expression may be dropped
}

TEST_CASE("warm recorded ops, and dropping them, allocate nothing" * REEL_POOLED) {
  Tensor w = variable(tensor({1., 2., 3., 4.})), b = tensor({1., 1., 1., 1.});
  auto work = [&] {
    Tensor y = w;
    for (int i = 0; i < 1000; ++i) y = tanh(y + b) * w;
  };
  work();
  CHECK(allocations(work) == 0);
}

TEST_CASE("a warm backward pass of a thousand ops allocates a handful of times" * REEL_POOLED) {
  Tensor w = variable(tensor({1., 2., 3., 4.})), b = tensor({1., 1., 1., 1.});
  auto work = [&] {
    Tensor y = w;
    for (int i = 0; i < 1000; ++i) y = (y + b) * b;
    backward(y, {.gradient = b});
  };
  work();
  CHECK(allocations(work) <= 24);
}

TEST_CASE("large blocks are recycled" * REEL_POOLED) {
  Tensor a = ones({1 << 20}), b = ones({1 << 20}), y = a + b;
  auto work = [&] {
    for (int i = 0; i < 20; ++i) y = a + b;
  };
  work();
  CHECK(allocations(work) == 0);
}

TEST_CASE("live bytes are those of the tensors, and the peak is their highest sum") {
  int64_t before = memory_stats().live_bytes;
  reset_peak_memory();
  {
    Tensor a = zeros({1000}), b = zeros({1000, 1000}, float64);
    CHECK(memory_stats().live_bytes - before == 4000 + 8000000);
    Tensor view = b[{slice(0, 10)}], same = a;
    CHECK(memory_stats().live_bytes - before == 4000 + 8000000);
    b = Tensor();
    CHECK(memory_stats().live_bytes - before == 4000 + 8000000);  // the view holds on to its storage
  }
  CHECK(memory_stats().live_bytes == before);
  CHECK(memory_stats().peak_bytes - before == 4000 + 8000000);
}

TEST_CASE("cached blocks are given back when asked") {
  { Tensor big = zeros({5000000}); }
  release_cached_memory();
  CHECK(memory_stats().cached_bytes == 0);
}

TEST_CASE("asking for more than there is throws, and says how much") {
  CHECK_THROWS_WITH_AS(empty({int64_t(1) << 50}), doctest::Contains("asked for 4503599627370496 bytes"), OutOfMemory);
  CHECK_THROWS_AS(zeros({int64_t(1) << 61, 4}, float64), ShapeError);
  CHECK_THROWS_AS(ones({1 << 30, 1 << 30}), OutOfMemory);
  CHECK(ones({4}).size() == 4);
}
