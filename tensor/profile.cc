#include "tensor/profile.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>

#include "tensor/ops/create.h"
#include "tensor/ops/matmul.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Running {
  ProfileEvent event;
  double inside = 0;  // of the ops that it called
};
struct Profiler {
  Profile profile;
  double start = now();
  std::vector<Running> running;
  std::map<std::string, OpProfile> ops;
};
thread_local Profiler* profiler = nullptr;

template <class F> double best_of(int times, F&& f) {
  double best = 1e30;
  for (int i = 0; i < times; ++i) {
    double start = now();
    f();
    best = std::min(best, now() - start);
  }
  return best;
}
void measure_limits(Profile& p) {
  NoGrad no_grad;
  constexpr int64_t kFloats = 8 << 20, kSide = 512;
  Tensor from = zeros({kFloats}), to = zeros({kFloats});
  double seconds = best_of(3, [&] {
    parallel_for(kFloats, 1 << 16, [&](int64_t begin, int64_t end) {
      std::memcpy(to.raw<float>() + begin, from.raw<float>() + begin, size_t(end - begin) * sizeof(float));
    });
  });
  p.copied_per_second = 2. * kFloats * sizeof(float) / seconds;
  Tensor a = ones({kSide, kSide});
  p.flop_per_second = 2. * kSide * kSide * kSide / best_of(5, [&] { matmul(a, a); });
}

}  // namespace

void ProfileSpan::begin(const char* name, Where where, int64_t bytes, double flop) {
  if (profiler) profiler->running.push_back({{name, where, now() - profiler->start, 0, 0, bytes, flop, int(profiler->running.size())}, 0});
}
void ProfileSpan::end() {
  if (!profiler) return;
  Running r = std::move(profiler->running.back());
  profiler->running.pop_back();
  r.event.seconds = now() - profiler->start - r.event.start;
  r.event.alone = r.event.seconds - r.inside;
  if (!profiler->running.empty()) profiler->running.back().inside += r.event.seconds;
  OpProfile& o = profiler->ops[r.event.op];
  ++o.calls;
  o.seconds += r.event.alone;
  o.bytes += r.event.bytes;
  o.flop += r.event.flop;
  if (int64_t(profiler->profile.events.size()) < Profile::kMostEvents) profiler->profile.events.push_back(r.event);
}

Profile detail::run_profile(void (*f)(void* context), void* context) {
  Profiler own;
  measure_limits(own.profile);
  struct Entered {
    Profiler* before;
    explicit Entered(Profiler* now) : before(profiler) { profiler = now; }
    ~Entered() { profiler = before; }
  };
  {
    Entered entered(&own);
    ModeScope on(kProfile, 0);
    own.start = now();
    f(context);
    own.profile.seconds = now() - own.start;
  }
  for (auto& [name, op] : own.ops) own.profile.ops.push_back({name, op.calls, op.seconds, op.bytes, op.flop});
  std::sort(own.profile.ops.begin(), own.profile.ops.end(), [](const OpProfile& a, const OpProfile& b) { return a.seconds > b.seconds; });
  return std::move(own.profile);
}

std::string to_string(const Profile& p) {
  char line[200];
  std::string s;
  auto add = [&](const char* format, auto... values) {
    std::snprintf(line, sizeof line, format, values...);
    s += line;
  };
  double inside = 0;
  for (const OpProfile& o : p.ops) inside += o.seconds;
  double whole = std::max(p.seconds, 1e-12);
  add("%.3f ms in all, %.1f %% of it in kernels; this machine copies %.1f GB/s and multiplies at %.1f GFLOP/s\n", p.seconds * 1e3, 100 * inside / whole,
      p.copied_per_second * 1e-9, p.flop_per_second * 1e-9);
  add("%-28s %8s %10s %7s %9s %6s %9s %6s\n", "op", "calls", "ms", "%", "GB/s", "limit", "GFLOP/s", "limit");
  for (const OpProfile& o : p.ops) {
    double seconds = std::max(o.seconds, 1e-12), bytes = double(o.bytes) / seconds, flop = o.flop / seconds;
    add("%-28s %8lld %10.3f %6.1f%% %9.2f %5.0f%%", o.op.c_str(), static_cast<long long>(o.calls), o.seconds * 1e3, 100 * o.seconds / whole, bytes * 1e-9,
        100 * bytes / p.copied_per_second);
    if (o.flop > 0) add(" %9.2f %5.0f%%", flop * 1e-9, 100 * flop / p.flop_per_second);
    s += "\n";
  }
  return s;
}
void print(const Profile& p) {
  std::string text = to_string(p);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace reel
