#include "tensor/cpu/fourier.h"

#include "tensor/cpu/fourier_rows.h"
#include "tensor/cpu/level.h"

namespace reel {

REEL_LEVELS(fourier_loops)

namespace {

const bool installed = install_fourier_loops();

// Whether `count` transforms of at most `longest` elements are done as groups, side by side, rather than one after the other.
template <class R> bool side_by_side(const FourierPlan<R>* plan, int64_t count, int64_t longest) {
  return plan && plan->whole && (!plan->split || (plan->n <= longest && 2 * count >= fourier_loops<R>.lanes));
}
// Rows are, while a group stays in the innermost cache: 131,072 complex64 numbers in rows of 16, 256 and 1024 take 46, 62 and 108 us as
// groups, 932, 82 and 82 one after the other.
template <class R> int64_t longest_row() { return 49152 / (2 * fourier_loops<R>.lanes * int64_t(sizeof(R))); }

// f(first, count, room) for groups of at most `lanes` of `all` transforms; the room is for two groups of n elements.
template <class R, class F> void in_groups(int64_t all, int64_t n, F&& f) {
  const int64_t lanes = fourier_loops<R>.lanes;
  in_tasks((all + lanes - 1) / lanes, lanes * n, [&](int64_t begin, int64_t end) {
    Room<R> room(2 * 2 * lanes * n);
    for (int64_t g = begin; g < end; ++g) f(g * lanes, std::min(lanes, all - g * lanes), room.get());
  });
}
template <class R> R* transformed(const FourierSteps<R>& s, R* room, int64_t n) {
  return fourier_loops<R>.transform(s.steps.data(), int(s.steps.size()), room, room + 2 * fourier_loops<R>.lanes * n);
}

// f(i) for rows of n elements. A few long ones come one after the other, each on all threads.
template <class F> void each_row(int64_t count, int64_t n, F&& f) {
  constexpr int64_t kLong = 1 << 16;
  if (n >= kLong && count < 4 * num_threads()) {
    for (int64_t i = 0; i < count; ++i) f(i);
  } else {
    in_tasks(count, n, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i);
    });
  }
}

template <class R> void rows(const std::complex<R>* x, std::complex<R>* y, int64_t count, int64_t n, bool inverse, R scale) {
  const FourierLoops<R>& loops = fourier_loops<R>;
  FourierRow<R> row(n);
  if (side_by_side(row.plan(), count, longest_row<R>())) {
    in_groups<R>(count, n, [&](int64_t first, int64_t lanes, R* room) {
      loops.load_rows(x + first * n, lanes, n, inverse, room);
      loops.store_rows(transformed(*row.plan()->whole, room, n), y + first * n, lanes, n, inverse, scale);
    });
    return;
  }
  each_row(count, n, [&](int64_t i) { row.transform(x + i * n, y + i * n, inverse, scale); });
}

// Columns one after the other: as rows, so many at a time that lines of the cache are used up.
template <class R>
void columns_as_rows(const FourierRow<R>& row, const std::complex<R>* x, std::complex<R>* y, int64_t n, int64_t inner, bool inverse, R scale) {
  using C = std::complex<R>;
  const int64_t together = std::min<int64_t>(16, inner);
  Room<C> room(2 * together * n);
  C *from = room.get(), *to = from + together * n;
  for (int64_t first = 0; first < inner; first += together) {
    int64_t count = std::min(together, inner - first);
    in_tasks(n, count, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j)
        for (int64_t i = 0; i < count; ++i) from[i * n + j] = x[j * inner + first + i];
    });
    each_row(count, n, [&](int64_t i) { row.transform(from + i * n, to + i * n, inverse, scale); });
    in_tasks(n, count, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j)
        for (int64_t i = 0; i < count; ++i) y[j * inner + first + i] = to[i * n + j];
    });
  }
}

// Real rows of odd length: as complex ones, some at a time.
template <class R, class In, class Out> void as_complex_rows(int64_t count, int64_t n, bool inverse, R scale, In in, Out out) {
  using C = std::complex<R>;
  const int64_t together = std::min<int64_t>(16, count);
  in_tasks(together ? (count + together - 1) / together : 0, together * n, [&](int64_t begin, int64_t end) {
    Room<C> room(2 * together * n);
    C *from = room.get(), *to = from + together * n;
    for (int64_t g = begin; g < end; ++g) {
      int64_t first = g * together, some = std::min(together, count - first);
      for (int64_t i = 0; i < some; ++i) in(first + i, from + i * n);
      rows(from, to, some, n, inverse, scale);
      for (int64_t i = 0; i < some; ++i) out(to + i * n, first + i);
    }
  });
}

}  // namespace

template <class R>
void fourier(const std::complex<R>* x, std::complex<R>* y, int64_t outer, int64_t n, int64_t inner, bool inverse, double scale) {
  if (inner == 1) return rows(x, y, outer, n, inverse, R(scale));
  const FourierLoops<R>& loops = fourier_loops<R>;
  FourierRow<R> row(n);
  if (side_by_side(row.plan(), inner, kLongestGroup)) {
    const int64_t lanes = loops.lanes, groups = (inner + lanes - 1) / lanes;
    in_tasks(outer * groups, lanes * n, [&](int64_t begin, int64_t end) {
      Room<R> room(2 * 2 * lanes * n);
      for (int64_t g = begin; g < end; ++g) {
        int64_t first = g % groups * lanes, at = g / groups * n * inner + first, count = std::min(lanes, inner - first);
        loops.load_columns(x + at, inner, count, n, inverse, room.get());
        loops.store_columns(transformed(*row.plan()->whole, room.get(), n), y + at, inner, count, n, inverse, R(scale));
      }
    });
    return;
  }
  in_tasks(outer, n * inner, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) columns_as_rows(row, x + o * n * inner, y + o * n * inner, n, inner, inverse, R(scale));
  });
}

template <class R> void real_fourier(const R* x, std::complex<R>* y, int64_t count, int64_t n, double scale) {
  using C = std::complex<R>;
  const int64_t to = n / 2 + 1;
  if (n % 2) {
    as_complex_rows<R>(count, n, false, R(scale), [&](int64_t i, C* row) { std::copy_n(x + i * n, n, row); },
                       [&](const C* row, int64_t i) { std::copy_n(row, to, y + i * to); });
    return;
  }
  // Pairs of neighbours as complex numbers.
  const FourierLoops<R>& loops = fourier_loops<R>;
  const int64_t m = n / 2;
  const C* z = reinterpret_cast<const C*>(x);
  FourierRow<R> row(m);
  auto roots = cached<RealRoots<R>>(n);
  if (side_by_side(row.plan(), count, longest_row<R>())) {
    in_groups<R>(count, to, [&](int64_t first, int64_t lanes, R* room) {
      loops.load_rows(z + first * m, lanes, m, false, room);
      R* done = transformed(*row.plan()->whole, room, to);
      loops.split_group(done, m, roots->w.data());
      loops.store_rows(done, y + first * to, lanes, to, false, R(scale));
    });
    return;
  }
  each_row(count, m, [&](int64_t i) {
    row.transform(z + i * m, y + i * to, false, R(scale));
    loops.split_row(y + i * to, m, roots->w.data());
  });
}

template <class R> void inverse_real_fourier(const std::complex<R>* y, R* x, int64_t count, int64_t n, double scale) {
  using C = std::complex<R>;
  const int64_t from = n / 2 + 1;
  if (n % 2) {
    auto whole = [&](int64_t i, C* row) {
      const C* half = y + i * from;
      row[0] = half[0].real();
      for (int64_t k = 1; k < from; ++k) row[k] = half[k], row[n - k] = std::conj(half[k]);
    };
    as_complex_rows<R>(count, n, true, R(scale), whole, [&](const C* row, int64_t i) {
      for (int64_t j = 0; j < n; ++j) x[i * n + j] = row[j].real();
    });
    return;
  }
  const FourierLoops<R>& loops = fourier_loops<R>;
  const int64_t m = n / 2;
  C* z = reinterpret_cast<C*>(x);
  FourierRow<R> row(m);
  auto roots = cached<RealRoots<R>>(n);
  if (side_by_side(row.plan(), count, longest_row<R>())) {
    in_groups<R>(count, from, [&](int64_t first, int64_t lanes, R* room) {
      loops.load_rows(y + first * from, lanes, from, false, room);
      loops.join_group(room, m, roots->w.data());
      loops.store_rows(transformed(*row.plan()->whole, room, from), z + first * m, lanes, m, true, R(scale));
    });
    return;
  }
  each_row(count, m, [&](int64_t i) {
    Room<C> room(from);
    std::copy_n(y + i * from, from, room.get());
    loops.join_row(room.get(), m, roots->w.data());
    row.transform(room.get(), z + i * m, true, R(scale));
  });
}

template void fourier(const std::complex<float>*, std::complex<float>*, int64_t, int64_t, int64_t, bool, double);
template void fourier(const std::complex<double>*, std::complex<double>*, int64_t, int64_t, int64_t, bool, double);
template void real_fourier(const float*, std::complex<float>*, int64_t, int64_t, double);
template void real_fourier(const double*, std::complex<double>*, int64_t, int64_t, double);
template void inverse_real_fourier(const std::complex<float>*, float*, int64_t, int64_t, double);
template void inverse_real_fourier(const std::complex<double>*, double*, int64_t, int64_t, double);

}  // namespace reel
