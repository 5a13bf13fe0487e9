#pragma once
// Random numbers for generated data: the same everywhere for the same seed and stream, whatever else draws.
#include <cmath>
#include <cstdint>

namespace reel {

// SplitMix64 (Steele, Lea and Flood, 2014): a counter and a mixing function.
class Dice {
 public:
  // Different streams of one seed are unrelated: one for each generated sample lets them be made in any order.
  Dice(uint64_t seed, uint64_t stream) : counter_(mix(mix(seed) + stream)) {}
  uint64_t next() { return mix(counter_ += 0x9e3779b97f4a7c15); }
  int below(int n) { return int((next() >> 32) * uint64_t(n) >> 32); }                                // 0 .. n - 1
  double uniform(double low, double high) { return low + (high - low) * double(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return uniform(0, 1) < probability; }
  double normal() {
    double radius = std::sqrt(-2 * std::log(uniform(0x1p-53, 1)));
    return radius * std::cos(uniform(0, 6.283185307179586));
  }

 private:
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t counter_;
};

}  // namespace reel
