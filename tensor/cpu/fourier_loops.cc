// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/fourier_loops.h"

#include <utility>

#include "tensor/cpu/fourier_radix.h"
#include "tensor/cpu/level.h"

namespace reel {
namespace {

template <class R> constexpr int kLanes = kRegister / int(sizeof(R));
template <class R> using Lanes = Z<Register<R>>;

template <class R> [[gnu::always_inline]] inline Lanes<R> load_z(const R* p) {
  Lanes<R> z;
  std::memcpy(&z, p, sizeof z);
  return z;
}
template <class R> [[gnu::always_inline]] inline void store_z(R* p, const Z<Register<R>>& z) { std::memcpy(p, &z, sizeof z); }

// One step by Stockham's scheme: the order of the elements is right after the last one. Without `twiddled` m is 1.
template <int radix, bool twiddled, class R> void pass(const FourierStep<R>& step, const R* x, R* y) {
  constexpr int kSize = 2 * kLanes<R>, kMost = radix ? radix : kLargestRadix;
  const int r = radix ? radix : step.radix;
  const int64_t m = step.m, done = step.done;
  std::complex<R> roots[kMost];
  for (int j = 0; j < r; ++j) roots[j] = step.roots[j];
  for (int64_t p = 0; p < m; ++p) {
    const std::complex<R>* w = step.twiddles + p * (r - 1);
    for (int64_t q = 0; q < done; ++q) {
      Lanes<R> a[kMost];
      const R* from = x + kSize * (q + done * p);
      R* to = y + kSize * (q + done * r * p);
#pragma GCC unroll 8
      for (int j = 0; j < r; ++j) a[j] = load_z<R>(from + kSize * done * m * j);
      if constexpr (radix == 2) butterfly2(a[0], a[1]);
      else if constexpr (radix == 4) butterfly4(a[0], a[1], a[2], a[3]);
      else if constexpr (radix == 8) butterfly8(a, roots[1].real());
      else butterfly_odd<kMost>(a, r, roots);
      store_z<R>(to, a[0]);
#pragma GCC unroll 8
      for (int k = 1; k < r; ++k) store_z<R>(to + kSize * done * k, twiddled ? a[k] * w[k - 1] : a[k]);
    }
  }
}
template <int radix, class R> void pass(const FourierStep<R>& step, const R* x, R* y) {
  step.m == 1 ? pass<radix, false>(step, x, y) : pass<radix, true>(step, x, y);
}
template <class R> R* transform(const FourierStep<R>* steps, int count, R* group, R* other) {
  for (int i = 0; i < count; ++i) {
    switch (steps[i].radix) {
      case 2: pass<2>(steps[i], group, other); break;
      case 3: pass<3>(steps[i], group, other); break;
      case 4: pass<4>(steps[i], group, other); break;
      case 5: pass<5>(steps[i], group, other); break;
      case 7: pass<7>(steps[i], group, other); break;
      case 8: pass<8>(steps[i], group, other); break;
      default: pass<0>(steps[i], group, other);
    }
    std::swap(group, other);
  }
  return group;
}

// Complex numbers as they stand in memory, from and to two registers.
template <class R, int... i> [[gnu::always_inline]] inline Lanes<R> apart(Register<R> a, Register<R> b, std::integer_sequence<int, i...>) {
  return {__builtin_shufflevector(a, b, (2 * i)...), __builtin_shufflevector(a, b, (2 * i + 1)...)};
}
template <class R, int... i> [[gnu::always_inline]] inline Lanes<R> together(Lanes<R> z, std::integer_sequence<int, i...>) {
  constexpr int n = kLanes<R>;
  return {__builtin_shufflevector(z.r, z.i, (i / 2 + i % 2 * n)...), __builtin_shufflevector(z.r, z.i, (n / 2 + i / 2 + i % 2 * n)...)};
}
template <class R, int... i> [[gnu::always_inline]] inline Lanes<R> backwards(Lanes<R> z, std::integer_sequence<int, i...>) {
  constexpr int n = kLanes<R>;
  return {__builtin_shufflevector(z.r, z.r, (n - 1 - i)...), __builtin_shufflevector(z.i, z.i, (n - 1 - i)...)};
}
template <class R> using Order = std::make_integer_sequence<int, kLanes<R>>;

// The first `count` lanes, the others zero.
template <class R> [[gnu::always_inline]] inline Lanes<R> load_complex(const std::complex<R>* p, int64_t count = kLanes<R>) {
  Register<R> both[2] = {};
  if (count == kLanes<R>) std::memcpy(both, p, sizeof both);
  else std::memcpy(both, p, size_t(count) * sizeof *p);
  return apart<R>(both[0], both[1], Order<R>{});
}
template <class R> [[gnu::always_inline]] inline void store_complex(std::complex<R>* p, Lanes<R> z, int64_t count = kLanes<R>) {
  z = together<R>(z, Order<R>{});
  if (count == kLanes<R>) std::memcpy(static_cast<void*>(p), &z, sizeof z);
  else std::memcpy(static_cast<void*>(p), &z, size_t(count) * sizeof *p);
}
template <class T> [[gnu::always_inline]] inline Z<T> swapped(Z<T> z, bool swap) { return swap ? Z<T>{z.i, z.r} : z; }

// A square of lanes x lanes numbers, mirrored at its diagonal: blocks of 1, 2, 4 ... change places.
template <int block, class R, int... i> [[gnu::always_inline]] inline void exchange(Register<R>& a, Register<R>& b, std::integer_sequence<int, i...>) {
  constexpr int n = kLanes<R>;
  Register<R> low = __builtin_shufflevector(a, b, (i & block ? i - block + n : i)...);
  b = __builtin_shufflevector(a, b, (i & block ? i + n : i + block)...);
  a = low;
}
template <class R, int block = 1> [[gnu::always_inline]] inline void mirror(Register<R>* a) {
  if constexpr (block < kLanes<R>) {
#pragma GCC unroll 16
    for (int j = 0; j < kLanes<R>; ++j)
      if (!(j & block)) exchange<block, R>(a[j], a[j + block], Order<R>{});
    mirror<R, 2 * block>(a);
  }
}
template <class R> [[gnu::always_inline]] inline void mirror(const Lanes<R>* z, R* to) {
  Register<R> r[kLanes<R>], i[kLanes<R>];
#pragma GCC unroll 16
  for (int j = 0; j < kLanes<R>; ++j) r[j] = z[j].r;
  mirror<R>(r);
#pragma GCC unroll 16
  for (int j = 0; j < kLanes<R>; ++j) std::memcpy(to + 2 * j * kLanes<R>, &r[j], sizeof r[j]);
#pragma GCC unroll 16
  for (int j = 0; j < kLanes<R>; ++j) i[j] = z[j].i;
  mirror<R>(i);
#pragma GCC unroll 16
  for (int j = 0; j < kLanes<R>; ++j) std::memcpy(to + (2 * j + 1) * kLanes<R>, &i[j], sizeof i[j]);
}

template <class R> void load_columns(const std::complex<R>* x, int64_t stride, int64_t count, int64_t n, bool swap, R* group) {
  for (int64_t j = 0; j < n; ++j) store_z<R>(group + 2 * kLanes<R> * j, swapped(load_complex<R>(x + j * stride, count), swap));
}
template <class R> void store_columns(const R* group, std::complex<R>* y, int64_t stride, int64_t count, int64_t n, bool swap, R scale) {
  for (int64_t j = 0; j < n; ++j) store_complex<R>(y + j * stride, swapped(scaled(load_z<R>(group + 2 * kLanes<R> * j), scale), swap), count);
}
template <class R> void load_rows(const std::complex<R>* x, int64_t stride, int64_t count, int64_t n, bool swap, R* group) {
  constexpr int64_t w = kLanes<R>;
  for (int64_t j = 0; j < n; j += w) {
    int64_t wide = n - j < w ? n - j : w;
    Lanes<R> z[w] = {};
    R square[2 * w * w];
    for (int64_t i = 0; i < count; ++i) z[i] = swapped(load_complex<R>(x + i * stride + j, wide), swap);
    mirror<R>(z, square);
    std::memcpy(group + 2 * w * j, square, size_t(2 * w * wide) * sizeof(R));
  }
}
template <class R> void store_rows(const R* group, std::complex<R>* y, int64_t stride, int64_t count, int64_t n, bool swap, R scale) {
  constexpr int64_t w = kLanes<R>;
  for (int64_t j = 0; j < n; j += w) {
    int64_t wide = n - j < w ? n - j : w;
    Lanes<R> z[w] = {};
    R square[2 * w * w];
    for (int64_t i = 0; i < wide; ++i) z[i] = swapped(scaled(load_z<R>(group + 2 * w * (j + i)), scale), swap);
    mirror<R>(z, square);
    for (int64_t i = 0; i < count; ++i) store_complex<R>(y + i * stride + j, load_z<R>(square + 2 * w * i), wide);
  }
}

template <class R> void turn(const R* group, int64_t n, const std::complex<R>* starts, const R* w, R* to, int64_t apart) {
  constexpr int64_t lanes = kLanes<R>;
  for (int64_t k = 0; k < n; k += lanes, to += apart) {
    Lanes<R> z[lanes];
#pragma GCC unroll 16
    for (int64_t l = 0; l < lanes; ++l) {
      int64_t at = 2 * lanes * (k + l);
      z[l] = load_z<R>(group + at) * (load_z<R>(w + at) * starts[k + l]);
    }
    mirror<R>(z, to);
  }
}

// Coefficients k and m - k of the real transform, a and b, from those of the complex one, or the other way round.
template <bool joins, class T, class W, class R> [[gnu::always_inline]] inline void pair(Z<T>& a, Z<T>& b, W w, R half) {
  Z<T> even = a + conj(b), odd = minus_i(a - conj(b));
  if constexpr (joins) {
    odd = odd * conj(w);
    a = even - odd, b = conj(even + odd);
  } else {
    odd = odd * w;
    a = scaled(even + odd, half), b = scaled(conj(even - odd), half);
  }
}
// The ends, which need no w, and the pairs from k on, of a group or of single numbers.
template <bool joins, bool swaps, class T, class R> [[gnu::always_inline]] inline void pairs(R* all, int64_t m, const std::complex<R>* w, int64_t k) {
  constexpr int64_t size = sizeof(Z<T>) / sizeof(R);
  auto at = [&](int64_t i) {
    Z<T> z;
    std::memcpy(&z, all + size * i, sizeof z);
    return z;
  };
  auto put = [&](int64_t i, Z<T> z) {
    z = swapped(z, swaps);
    std::memcpy(all + size * i, &z, sizeof z);
  };
  Z<T> first = at(0);
  if constexpr (joins) {
    T last = at(m).r;
    put(0, {first.r + last, first.r - last});
  } else {
    put(0, {first.r + first.i, T{}}), put(m, {first.r - first.i, T{}});
  }
  for (; 2 * k < m; ++k) {
    Z<T> a = at(k), b = at(m - k);
    pair<joins>(a, b, w[k], R(0.5));
    put(k, a), put(m - k, b);
  }
  if (m % 2 == 0) put(m / 2, scaled(conj(at(m / 2)), R(joins ? 2 : 1)));
}
template <bool joins, class R> void group_pairs(R* group, int64_t m, const std::complex<R>* w) { pairs<joins, joins, Register<R>>(group, m, w, 1); }
template <bool joins, class R> void row_pairs(std::complex<R>* row, int64_t m, const std::complex<R>* w) {
  constexpr int64_t n = kLanes<R>;
  int64_t k = 1;
  for (; 2 * (k + n - 1) < m; k += n) {
    std::complex<R>* other = row + m - k - n + 1;
    Lanes<R> a = load_complex<R>(row + k), b = backwards<R>(load_complex<R>(other), Order<R>{});
    pair<joins>(a, b, load_complex<R>(w + k), R(0.5));
    store_complex<R>(row + k, a), store_complex<R>(other, backwards<R>(b, Order<R>{}));
  }
  pairs<joins, false, R>(reinterpret_cast<R*>(row), m, w, k);
}

template <class R> void multiply(const std::complex<R>* a, const std::complex<R>* b, std::complex<R>* y, int64_t n, bool swap_a, bool swap_y, R scale) {
  for (int64_t k = 0; k < n; k += kLanes<R>) {
    int64_t count = n - k < kLanes<R> ? n - k : kLanes<R>;
    store_complex<R>(y + k, swapped(scaled(swapped(load_complex<R>(a + k, count), swap_a) * load_complex<R>(b + k, count), scale), swap_y), count);
  }
}

template <class R> void install() {
  fourier_loops<R> = {kLanes<R>,         &load_columns<R>,          &load_rows<R>,          &store_columns<R>,        &store_rows<R>,         &transform<R>,
                      &turn<R>,          &group_pairs<false, R>,    &row_pairs<false, R>,   &group_pairs<true, R>,    &row_pairs<true, R>,    &multiply<R>};
}

}  // namespace

void REEL_LEVEL_FUNCTION(fourier_loops)() { install<float>(), install<double>(); }
}  // namespace reel
