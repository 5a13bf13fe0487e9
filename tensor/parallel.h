#pragma once
// The one thread pool (OpenMP's, which oneDNN shares), and how kernels split work over it.
#include <cstdint>
#include <type_traits>

namespace reel {

int num_threads();
// 1 .. the number of processors; 0 restores the default (OMP_NUM_THREADS or all). Results do not depend on it.
void set_num_threads(int threads);

namespace detail {
void parallel(int64_t tasks, void (*task)(void* context, int64_t index), void* context);
}

// Runs task(0) ... task(tasks - 1), on several threads when there is more than one task; inside a parallel region in place.
// The first exception is thrown to the caller after all tasks ended.
template <class F> void parallel_tasks(int64_t tasks, F&& task) {
  if (tasks <= 0) return;
  if (tasks == 1) return task(int64_t(0));
  detail::parallel(tasks, [](void* f, int64_t i) { (*static_cast<std::remove_reference_t<F>*>(f))(i); }, &task);
}

// Splits [0, n) into ranges of at least `grain` elements: body(begin, end).
template <class F> void parallel_for(int64_t n, int64_t grain, F&& body) {
  if (n <= 0) return;
  int64_t tasks = n / (grain < 1 ? 1 : grain), most = num_threads();
  if (tasks > most) tasks = most;
  if (tasks <= 1) return body(int64_t(0), n);
  int64_t step = (n + tasks - 1) / tasks;
  if (step >= 1024) step = (step + 15) / 16 * 16;  // elements: whole lines of the cache. Few blocks or rows are shared out as they come
  tasks = (n + step - 1) / step;
  parallel_tasks(tasks, [&](int64_t i) { body(i * step, i * step + step < n ? i * step + step : n); });
}

// Whether the threads that last shared this one's work still look out for more, so that a call costs 1 us; asleep it would be 50.
bool threads_awake();

// While it lives, the libraries that this thread calls see one thread: what oneDNN computes depends on how many there are.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace reel
