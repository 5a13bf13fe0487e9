// What the machine can do with all threads, whatever computes it: the rates of memory and of arithmetic that ops are held against. The best
// of several ways each: a limit that a kernel beats is none.
#include <algorithm>
#include <cstring>

#include "bench/groups.h"
#include "bench/limit_loops.h"
#include "bench/measure.h"
#include "reel.h"
#include "tensor/cpu/level.h"
#include "tensor/parallel.h"

namespace reel::bench {

LimitLoops limit_loops;
REEL_LEVELS(limit_loops)

namespace {

// Makes the compiler compute v.
void keep(float v) { asm volatile("" : : "m"(v)); }

// The shortest time of f(begin, end) over [0, n), on one thread and on all.
template <class F> double shortest(int64_t n, F&& f) {
  double alone = seconds([&] { f(0, n); }, 7);
  return std::min(alone, seconds([&] { parallel_for(n, 1024, f); }, 7));
}

void bandwidth(const char* suffix, int64_t n) {
  auto name = [&](const char* kind) { return std::string("limit_") + kind + "_" + suffix; };
  if (!wanted(name("copy")) && !wanted(name("add")) && !wanted(name("read"))) return;
  Tensor first = full({n}, 1.f), second = full({n}, 1.f), written = full({n}, 0.f);
  const float *a = first.raw<const float>(), *b = second.raw<const float>();
  float* c = written.raw<float>();
  auto report = [&](const char* kind, int streams, double s) { row(name(kind), double(n) * 4 * streams / s * 1e-9, "GB/s"); };
  if (wanted(name("copy")))
    report("copy", 2, std::min(shortest(n, [&](int64_t i, int64_t end) { std::memcpy(c + i, a + i, size_t(end - i) * 4); }),
                               shortest(n, [&](int64_t i, int64_t end) { limit_loops.copy_streaming(a + i, c + i, end - i); })));
  if (wanted(name("add")))
    report("add", 3, std::min(shortest(n, [&](int64_t i, int64_t end) { limit_loops.add(a + i, b + i, c + i, end - i); }),
                              shortest(n, [&](int64_t i, int64_t end) { limit_loops.add_streaming(a + i, b + i, c + i, end - i); })));
  if (wanted(name("read"))) report("read", 1, shortest(n, [&](int64_t i, int64_t end) { keep(limit_loops.read(a + i, end - i)); }));
}

const bool installed = (install_limit_loops(), true);

}  // namespace

double peak_flop_per_second() {
  constexpr int64_t kSteps = 1 << 18;
  int threads = num_threads();
  double s = seconds([&] { parallel_tasks(threads, [&](int64_t) { keep(limit_loops.multiply_add(kSteps)); }); }, 7);
  return double(limit_loops.flops) * kSteps * threads / s;
}

void limit_rows() {
  bandwidth("1e4", 10000);
  bandwidth("1e6", 1000000);
  bandwidth("4e6", 4096 * 1024);
  bandwidth("3e7", 30000000);
  if (wanted("limit_fma")) row("limit_fma", peak_flop_per_second() * 1e-9, "GFLOP/s");
}

}  // namespace reel::bench
