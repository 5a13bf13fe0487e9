#pragma once
// How the benchmarks measure: medians of repeated batches, printed as "name value unit".
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace reel::bench {

inline std::string filter;  // rows whose name contains it run
inline bool wanted(const std::string& name) { return filter.empty() || name.find(filter) != std::string::npos; }

// Seconds of one call: doubled batches until one takes min_seconds, then the median of `repeats` batches.
template <class F> double seconds(F&& f, int repeats, double min_seconds = 0.02) {
  using Clock = std::chrono::steady_clock;
  auto batch = [&](int n) {
    auto start = Clock::now();
    for (int i = 0; i < n; ++i) f();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  f();
  f();
  int inner = 1;
  while (batch(inner) <= min_seconds && inner <= 1 << 20) inner *= 2;
  std::vector<double> each;
  for (int r = 0; r < repeats; ++r) each.push_back(batch(inner) / inner);
  std::sort(each.begin(), each.end());
  return each[each.size() / 2];
}

inline void row(const std::string& name, double value, const char* unit) {
  std::printf("%-28s %12.4f %s\n", name.c_str(), value, unit);
  std::fflush(stdout);
}

}  // namespace reel::bench
