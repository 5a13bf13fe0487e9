#include "tensor/cpu/fourier_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace reel {
namespace {

int64_t up_to_lanes(int64_t n, int64_t lanes) { return (n + lanes - 1) / lanes * lanes; }

// Large radices save passes over memory; 8 is what registers hold.
std::vector<int> radices_of(int64_t n) {
  std::vector<int> all;
  for (int r : {8, 4, 2})
    while (n % r == 0 && !(r == 8 && n % 32 == 16)) all.push_back(r), n /= r;  // 4 x 4 rather than 8 x 2
  for (int r = 3; n > 1; r += 2)
    while (n % r == 0) all.push_back(r), n /= r;
  return all;
}

// What a group of length n costs, in about a cycle; beyond the caches memory costs more.
double cost(int64_t n) {
  double each = 8;
  for (int r : radices_of(n)) each += r == 2 ? 4 : r == 3 ? 5 : r == 4 ? 5 : r == 5 ? 7 : r == 8 ? 8 : 2 * r;
  return double(n) * each * (n <= 256 ? 1 : n <= 2048 ? 1.2 : n <= 8192 ? 2 : 4);
}

// The first length of the best split, or 0: short transforms fill no register either way.
int64_t best_split(int64_t n, int64_t lanes) {
  int64_t best = 0;
  double least = 0;
  for (int64_t low = 2; low * low <= n; ++low) {
    if (n % low) continue;
    for (int64_t first : {low, n / low}) {
      int64_t second = n / first;
      double c = double(up_to_lanes(second, lanes)) * cost(first) + double(up_to_lanes(first, lanes)) * cost(second);
      if (!best || c < least) best = first, least = c;
    }
  }
  return best && least < double(lanes) * cost(n) ? best : 0;
}

template <class R> std::complex<R> root(int64_t k, int64_t n) { return std::complex<R>(root_of_one(k, n)); }

}  // namespace

std::complex<double> root_of_one(int64_t k, int64_t n) {
  // Angles of at most an eighth of the circle: the others mirror them.
  bool below = 2 * k <= n;
  if (!below) k = n - k;
  bool left = 4 * k > n;
  int64_t half = left ? n - 2 * k : 2 * k;  // the angle is pi half / n
  bool steep = 4 * half > n;
  double angle = std::numbers::pi * (steep ? double(n - 2 * half) / (2 * double(n)) : double(half) / double(n));
  double c = std::cos(angle), s = std::sin(angle);
  if (steep) std::swap(c, s);
  return {left ? -c : c, below ? -s : s};
}

bool is_smooth(int64_t n) {
  while (n % 2 == 0) n /= 2;
  for (int64_t p = 3; p <= kLargestRadix; p += 2)
    while (n % p == 0) n /= p;
  return n == 1;
}

template <class R> FourierSteps<R>::FourierSteps(int64_t length) : n(length) {
  std::vector<int> radices = radices_of(n);
  std::vector<size_t> places;
  int64_t left = n;
  for (int r : radices) {
    int64_t m = left / r;
    places.push_back(numbers.size());
    for (int64_t p = 0; p < m; ++p)
      for (int k = 1; k < r; ++k) numbers.push_back(root<R>(p * k, left));
    for (int k = 0; k < r; ++k) numbers.push_back(root<R>(k, r));
    steps.push_back({r, m, n / left, nullptr, nullptr});
    left = m;
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    steps[i].twiddles = numbers.data() + places[i];
    steps[i].roots = steps[i].twiddles + steps[i].m * (steps[i].radix - 1);
  }
}

template <class R> FourierSplit<R>::FourierSplit(int64_t first_length, int64_t second_length) : first(first_length), second(second_length) {
  int64_t lanes = fourier_loops<R>.lanes, n1 = first.n, n2 = second.n, rows = up_to_lanes(n1, lanes);
  for (int64_t j = 0; j < n2; j += lanes)
    for (int64_t k = 0; k < rows; ++k) starts.push_back(k < n1 ? root<R>(j * k, n1 * n2) : 0);
  w.resize(size_t(2 * rows * lanes));
  for (int64_t k = 0; k < n1; ++k)
    for (int64_t l = 0; l < lanes; ++l) {
      std::complex<R> z = root<R>(k * l % (n1 * n2), n1 * n2);
      w[size_t(2 * k * lanes + l)] = z.real(), w[size_t((2 * k + 1) * lanes + l)] = z.imag();
    }
}

template <class R> FourierPlan<R>::FourierPlan(int64_t length) : n(length) {
  if (int64_t first = best_split(n, fourier_loops<R>.lanes)) split.emplace(first, n / first);
  if (n <= kLongestGroup) whole.emplace(n);
}
template <class R> int64_t FourierPlan<R>::numbers() const {
  size_t count = 1;
  if (whole) count += whole->numbers.size();
  if (split) count += split->first.numbers.size() + split->second.numbers.size() + split->starts.size() + split->w.size() / 2;
  return int64_t(count);
}

template <class R> RealRoots<R>::RealRoots(int64_t n) {
  for (int64_t k = 0; k <= n / 4; ++k) w.push_back(root<R>(k, n));
}

template struct FourierSteps<float>;
template struct FourierSteps<double>;
template struct FourierSplit<float>;
template struct FourierSplit<double>;
template struct FourierPlan<float>;
template struct FourierPlan<double>;
template struct RealRoots<float>;
template struct RealRoots<double>;

}  // namespace reel
