#pragma once
// The inner loops of Fourier transforms, compiled once per instruction-set level. They work on groups: as many transforms side by side as
// a register has lanes, element after element, each its real parts followed by its imaginary parts. Every step then is plain arithmetic
// on whole registers, whatever the length; how numbers come into groups and out of them is what the other loops are about.
#include <complex>
#include <cstdint>

namespace reel {

inline constexpr int kLargestRadix = 61;

// One pass over a group: butterflies of `radix`. After it transforms of length m are left, `done` times as many as before it.
template <class R> struct FourierStep {
  int radix;
  int64_t m, done;
  const std::complex<R>* twiddles;  // [m][radix - 1]
  const std::complex<R>* roots;     // [radix] of 1
};

template <class R> struct FourierLoops {
  using C = std::complex<R>;
  int64_t lanes;
  // The group of the `count` <= lanes transforms of n numbers that begin at x, x + 1, ... (columns) or x, x + n, ... (rows); lanes beyond
  // `count` become zeros. With `swap` the real and the imaginary parts change places, which turns a transform into its
  // inverse when it is done at both ends.
  void (*load_columns)(const C* x, int64_t stride, int64_t count, int64_t n, bool swap, R* group);
  void (*load_rows)(const C* x, int64_t count, int64_t n, bool swap, R* group);
  void (*store_columns)(const R* group, C* y, int64_t stride, int64_t count, int64_t n, bool swap, R scale);
  void (*store_rows)(const R* group, C* y, int64_t count, int64_t n, bool swap, R scale);
  // The transforms of a group, which is overwritten as is `other`; answers which of the two holds them.
  R* (*transform)(const FourierStep<R>* steps, int count, R* group, R* other);
  // Between the two halves of a long transform: element k, lane l of a group times starts[k] w[k * lanes + l], turned round in squares of
  // lanes x lanes: element l of square k / lanes, which stand `apart` numbers from each other in `to`. n is a multiple of lanes.
  void (*turn)(const R* group, int64_t n, const C* starts, const R* w, R* to, int64_t apart);
  // Between n real numbers taken for m = n / 2 complex ones and the m + 1 coefficients, in place; w[k] = exp(-2 pi i k / n).
  // join_group leaves the real and the imaginary parts in each other's place, for the inverse.
  void (*split_group)(R* group, int64_t m, const C* w);
  void (*split_row)(C* row, int64_t m, const C* w);
  void (*join_group)(R* group, int64_t m, const C* w);
  void (*join_row)(C* row, int64_t m, const C* w);
  // y[k] = a[k] b[k] scale; parts change places on the way in and out.
  void (*multiply)(const C* a, const C* b, C* y, int64_t n, bool swap_a, bool swap_y, R scale);
};
template <class R> inline FourierLoops<R> fourier_loops;

}  // namespace reel
