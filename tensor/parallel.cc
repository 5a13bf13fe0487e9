#include "tensor/parallel.h"

#include <omp.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>

#include "tensor/mode.h"

// GCC's OpenMP runtime is not instrumented: ThreadSanitizer is told what its fork and join order, and does not look at the block of
// captured variables that the compiler makes for the region.
#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#define REEL_ORDER_BEFORE(p) __tsan_release(p)
#define REEL_ORDER_AFTER(p) __tsan_acquire(p)
#define REEL_UNWATCHED [[gnu::no_sanitize("thread"), gnu::noinline]]
#else
#define REEL_ORDER_BEFORE(p)
#define REEL_ORDER_AFTER(p)
#define REEL_UNWATCHED
#endif

namespace reel {
namespace {
std::atomic<int> chosen{0};

// OpenMP's threads turn in a loop for some milliseconds after work, unless told to sleep at once. Each thread that shares work has a team of
// its own: that another's is awake does not help.
using Clock = std::chrono::steady_clock;
constexpr auto kAwake = std::chrono::milliseconds(1);
constinit thread_local Clock::rep last_region = std::numeric_limits<Clock::rep>::min() / 2;
const bool turns = !std::getenv("OMP_WAIT_POLICY") && !std::getenv("GOMP_SPINCOUNT");
}  // namespace

int num_threads() {
  int n = chosen.load(std::memory_order_relaxed);
  return n ? n : omp_get_max_threads();
}

void set_num_threads(int threads) {
  int most = omp_get_num_procs();
  chosen = threads <= 0 ? 0 : threads < most ? threads : most;
}

bool threads_awake() {
  return turns && Clock::now().time_since_epoch().count() - last_region < Clock::duration(kAwake).count();
}

OneThread::OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
OneThread::~OneThread() { omp_set_num_threads(before_); }

namespace {
struct Region {
  int64_t tasks;
  void (*task)(void*, int64_t);
  void* context;
  uint32_t callers_mode;
  std::atomic<int64_t> next{0};
  std::exception_ptr first;
  std::mutex mutex;
  char fork = 0, join = 0;

  // What each thread of the team does.
  [[gnu::noinline]] void work() {
    REEL_ORDER_AFTER(&fork);
    uint32_t own = detail::mode;
    detail::mode = callers_mode & ~kFormula;  // that line is the caller's own
    try {
      for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) task(context, i);
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
    }
    detail::mode = own;
    REEL_ORDER_BEFORE(&join);
  }
};

REEL_UNWATCHED void run_team(Region* region, int threads) {
#pragma omp parallel num_threads(threads) default(shared)
  region->work();
}
}  // namespace

namespace detail {

void parallel(int64_t tasks, void (*task)(void*, int64_t), void* context) {
  int threads = int(tasks < num_threads() ? tasks : num_threads());
  if (threads <= 1 || omp_in_parallel()) {
    for (int64_t i = 0; i < tasks; ++i) task(context, i);
    return;
  }
  Region region{tasks, task, context, detail::mode};
  REEL_ORDER_BEFORE(&region.fork);
  run_team(&region, threads);
  REEL_ORDER_AFTER(&region.join);
  last_region = Clock::now().time_since_epoch().count();
  if (region.first) std::rethrow_exception(region.first);
}

}  // namespace detail
}  // namespace reel
