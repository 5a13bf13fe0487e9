#pragma once
// What is known of Fourier transforms of one length before any number is seen: its factors and its roots of 1.
#include <complex>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "tensor/cpu/fourier_loops.h"

namespace reel {

// exp(-2 pi i k / n), 0 <= k < n, rounded once or twice in double.
std::complex<double> root_of_one(int64_t k, int64_t n);
// Whether all prime factors are small: then butterflies do, and FourierPlan and FourierSteps are for it.
bool is_smooth(int64_t n);

// The passes over a group of transforms of length n.
template <class R> struct FourierSteps {
  explicit FourierSteps(int64_t length);
  int64_t n;
  std::vector<FourierStep<R>> steps;
  std::vector<std::complex<R>> numbers;
};

// A long transform as two rounds of short ones: n = n1 n2, elements j = j1 n2 + j2, coefficients k = k1 + n1 k2. In the first round lanes
// run over j2, in the second over k1, so both read and write memory in order; in between exp(-2 pi i j2 k1 / n), as a product of
// starts[j2 / lanes][k1] and w[k1][j2 % lanes].
template <class R> struct FourierSplit {
  FourierSplit(int64_t first_length, int64_t second_length);
  FourierSteps<R> first, second;
  std::vector<std::complex<R>> starts;
  std::vector<R> w;
};

// Up to this length groups are transformed as they are.
inline constexpr int64_t kLongestGroup = 4096;

template <class R> struct FourierPlan {
  explicit FourierPlan(int64_t length);
  int64_t n;
  std::optional<FourierSteps<R>> whole;  // n <= kLongestGroup
  std::optional<FourierSplit<R>> split;  // where n is long enough and no prime
  int64_t numbers() const;
};

// exp(-2 pi i k / n) for k up to n / 4, of real transforms of even n.
template <class R> struct RealRoots {
  explicit RealRoots(int64_t n);
  std::vector<std::complex<R>> w;
  int64_t numbers() const { return int64_t(w.size()); }
};

// The P(n) of every n asked for lately. Callable from several threads; what a caller holds stays.
template <class P> std::shared_ptr<const P> cached(int64_t n) {
  constexpr int64_t kHeld = 1 << 22;  // numbers
  static std::mutex mutex;
  static std::unordered_map<int64_t, std::shared_ptr<const P>> plans;
  static int64_t held = 0;
  {
    std::lock_guard lock(mutex);
    if (auto found = plans.find(n); found != plans.end()) return found->second;
  }
  auto made = std::make_shared<const P>(n);
  if (made->numbers() > kHeld) return made;
  std::lock_guard lock(mutex);
  if (held + made->numbers() > kHeld) plans.clear(), held = 0;
  if (plans.emplace(n, made).second) held += made->numbers();
  return made;
}

}  // namespace reel
