// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/fourier_loops.h"

#include <utility>

#include "tensor/cpu/fourier_radix.h"
#include "tensor/cpu/level.h"

namespace reel {
namespace {

template <class R> constexpr int kLanes = kRegister / int(sizeof(R));
template <class R> using Lanes = Z<Register<R>>;

// An element of a group; with `swap` its parts in each other's place. Part by part: copied as a whole it would pass through the stack.
template <class R> [[gnu::always_inline]] inline Lanes<R> load_z(const R* p, bool swap = false) {
  Register<R> r, i;
  std::memcpy(&r, p + (swap ? kLanes<R> : 0), sizeof r), std::memcpy(&i, p + (swap ? 0 : kLanes<R>), sizeof i);
  return {r, i};
}
template <class R> [[gnu::always_inline]] inline void store_z(R* p, const Z<Register<R>>& z, bool swap = false) {
  std::memcpy(p + (swap ? kLanes<R> : 0), &z.r, sizeof z.r), std::memcpy(p + (swap ? 0 : kLanes<R>), &z.i, sizeof z.i);
}

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

template <class R> [[gnu::always_inline]] inline Lanes<R> load_complex(const std::complex<R>* p) {
  Register<R> a, b;
  std::memcpy(&a, p, sizeof a), std::memcpy(&b, p + kLanes<R> / 2, sizeof b);
  return apart<R>(a, b, Order<R>{});
}
template <class R> [[gnu::always_inline]] inline void store_complex(std::complex<R>* p, Lanes<R> z) {
  z = together<R>(z, Order<R>{});
  std::memcpy(static_cast<void*>(p), &z.r, sizeof z.r), std::memcpy(static_cast<void*>(p + kLanes<R> / 2), &z.i, sizeof z.i);
}
template <class T> [[gnu::always_inline]] inline Z<T> swapped(Z<T> z, bool swap) { return swap ? Z<T>{z.i, z.r} : z; }
// The first `count` lanes, the others zero.
template <class R> Lanes<R> load_some(const std::complex<R>* p, int64_t count) {
  std::complex<R> some[kLanes<R>];
  for (int64_t i = 0; i < count; ++i) some[i] = p[i];
  return load_complex<R>(some);
}
template <class R> void store_some(std::complex<R>* p, const Z<Register<R>>& z, int64_t count) {
  std::complex<R> some[kLanes<R>];
  store_complex<R>(some, z);
  for (int64_t i = 0; i < count; ++i) p[i] = some[i];
}

// A square of `size` registers, each of `size` times `unit` numbers that stay together, mirrored at its diagonal: of two registers `block`
// apart, parts of `block` units change places.
template <int block, class R, int... i> [[gnu::always_inline]] inline void exchange(Register<R>& a, Register<R>& b, std::integer_sequence<int, i...>) {
  constexpr int n = kLanes<R>;
  Register<R> low = __builtin_shufflevector(a, b, (i & block ? i - block + n : i)...);
  b = __builtin_shufflevector(a, b, (i & block ? i + n : i + block)...);
  a = low;
}
template <class R, int size, int unit, int block = 1> [[gnu::always_inline]] inline void mirror(Register<R>* a) {
  if constexpr (block < size) {
#pragma GCC unroll 16
    for (int j = 0; j < size; ++j)
      if (!(j & block)) exchange<block * unit, R>(a[j], a[j + block], Order<R>{});
    mirror<R, size, unit, 2 * block>(a);
  }
}

template <class R> void load_columns(const std::complex<R>* x, int64_t stride, int64_t count, int64_t n, bool swap, R* group) {
  if (count < kLanes<R>)
    for (int64_t j = 0; j < n; ++j) store_z<R>(group + 2 * kLanes<R> * j, load_some<R>(x + j * stride, count), swap);
  else
    for (int64_t j = 0; j < n; ++j) store_z<R>(group + 2 * kLanes<R> * j, load_complex<R>(x + j * stride), swap);
}
template <class R> void store_columns(const R* group, std::complex<R>* y, int64_t stride, int64_t count, int64_t n, bool swap, R scale) {
  if (count < kLanes<R>)
    for (int64_t j = 0; j < n; ++j) store_some<R>(y + j * stride, scaled(load_z<R>(group + 2 * kLanes<R> * j, swap), scale), count);
  else
    for (int64_t j = 0; j < n; ++j) store_complex<R>(y + j * stride, scaled(load_z<R>(group + 2 * kLanes<R> * j, swap), scale));
}

// Rows come and go in squares of as many complex numbers as a register holds: f(j, whether all rows are there). The last square of a row
// overlaps the one before. Rows that are shorter are read and written beyond their end, in a copy: there the next row stands, which is
// written later.
template <class R, class F> [[gnu::always_inline]] inline void in_squares(int64_t count, int64_t n, F&& f) {
  constexpr int64_t h = kLanes<R> / 2;
  if (count < kLanes<R>)
    for (int64_t j = 0; j < n; j += h) f(j + h <= n || n < h ? j : n - h, std::false_type());
  else
    for (int64_t j = 0; j < n; j += h) f(j + h <= n || n < h ? j : n - h, std::true_type());
}
template <class R> constexpr int64_t kCopied = kLanes<R> * kLanes<R>;

template <class R> void load_rows(const std::complex<R>* x, int64_t count, int64_t n, bool swap, R* group) {
  constexpr int64_t h = kLanes<R> / 2;
  R copy[kCopied<R>];
  if (n < h) {
    std::memset(copy, 0, sizeof copy);
    std::memcpy(copy, x, size_t(count * n) * sizeof *x);
    x = reinterpret_cast<const std::complex<R>*>(copy);
  }
  in_squares<R>(count, n, [&]<bool whole>(int64_t j, std::bool_constant<whole>) {
    Register<R> half[2][h] = {};
#pragma GCC unroll 2
    for (int side = 0; side < 2; ++side) {
#pragma GCC unroll 8
      for (int64_t i = 0; i < h; ++i)
        if (int64_t row = side * h + i; whole || row < count) std::memcpy(&half[side][i], x + row * n + j, sizeof half[side][i]);
      mirror<R, h, 2>(half[side]);
    }
#pragma GCC unroll 8
    for (int64_t i = 0; i < h; ++i)
      if (i < n) store_z<R>(group + 2 * kLanes<R> * (j + i), apart<R>(half[0][i], half[1][i], Order<R>{}), swap);
  });
}
template <class R> void store_rows(const R* group, std::complex<R>* y, int64_t count, int64_t n, bool swap, R scale) {
  constexpr int64_t h = kLanes<R> / 2;
  R copy[kCopied<R>];
  std::complex<R>* to = n < h ? reinterpret_cast<std::complex<R>*>(copy) : y;
  in_squares<R>(count, n, [&]<bool whole>(int64_t j, std::bool_constant<whole>) {
    Register<R> half[2][h];
#pragma GCC unroll 8
    for (int64_t i = 0; i < h; ++i) {
      Lanes<R> z = together<R>(scaled(load_z<R>(group + 2 * kLanes<R> * (i < n ? j + i : j), swap), scale), Order<R>{});
      half[0][i] = z.r, half[1][i] = z.i;
    }
#pragma GCC unroll 2
    for (int side = 0; side < 2; ++side) {
      mirror<R, h, 2>(half[side]);
#pragma GCC unroll 8
      for (int64_t i = 0; i < h; ++i)
        if (int64_t row = side * h + i; whole || row < count) std::memcpy(static_cast<void*>(to + row * n + j), &half[side][i], sizeof half[side][i]);
    }
  });
  if (n < h) std::memcpy(static_cast<void*>(y), copy, size_t(count * n) * sizeof *y);
}

template <class R> void turn(const R* group, int64_t n, const std::complex<R>* starts, const R* w, R* to, int64_t apart) {
  constexpr int64_t lanes = kLanes<R>;
  for (int64_t k = 0; k < n; k += lanes, to += apart) {
    Register<R> r[lanes], i[lanes];
#pragma GCC unroll 16
    for (int64_t l = 0; l < lanes; ++l) {
      int64_t at = 2 * lanes * (k + l);
      Lanes<R> z = load_z<R>(group + at) * (load_z<R>(w + at) * starts[k + l]);
      r[l] = z.r, i[l] = z.i;
    }
    mirror<R, lanes, 1>(r), mirror<R, lanes, 1>(i);
#pragma GCC unroll 16
    for (int64_t l = 0; l < lanes; ++l) store_z<R>(to + 2 * lanes * l, {r[l], i[l]});
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
  constexpr int64_t size = sizeof(T) / sizeof(R);
  auto at = [&](int64_t i) {
    T r, im;
    std::memcpy(&r, all + 2 * size * i, sizeof r), std::memcpy(&im, all + 2 * size * i + size, sizeof im);
    return Z<T>{r, im};
  };
  auto put = [&](int64_t i, Z<T> z) {
    z = swapped(z, swaps);
    std::memcpy(all + 2 * size * i, &z.r, sizeof z.r), std::memcpy(all + 2 * size * i + size, &z.i, sizeof z.i);
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
  auto product = [&](Lanes<R> u, Lanes<R> v) { return swapped(scaled(swapped(u, swap_a) * v, scale), swap_y); };
  int64_t k = 0;
  for (; k + kLanes<R> <= n; k += kLanes<R>) store_complex<R>(y + k, product(load_complex<R>(a + k), load_complex<R>(b + k)));
  if (k < n) store_some<R>(y + k, product(load_some<R>(a + k, n - k), load_some<R>(b + k, n - k)), n - k);
}

template <class R> void install() {
  fourier_loops<R> = {
      kLanes<R>, &load_columns<R>,       &load_rows<R>,        &store_columns<R>,     &store_rows<R>,      &transform<R>,
      &turn<R>,  &group_pairs<false, R>, &row_pairs<false, R>, &group_pairs<true, R>, &row_pairs<true, R>, &multiply<R>,
  };
}

}  // namespace

void REEL_LEVEL_FUNCTION(fourier_loops)() { install<float>(), install<double>(); }
}  // namespace reel
