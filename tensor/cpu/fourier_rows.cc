#include "tensor/cpu/fourier_rows.h"

#include <cstring>

namespace reel {
namespace {

// One transform on one lane.
template <class R> void alone(const FourierSteps<R>& s, const std::complex<R>* x, std::complex<R>* y, bool inverse, R scale) {
  const FourierLoops<R>& loops = fourier_loops<R>;
  int64_t size = 2 * loops.lanes * s.n;
  Room<R> room(2 * size);
  loops.load_columns(x, 1, 1, s.n, inverse, room.get());
  const R* done = loops.transform(s.steps.data(), int(s.steps.size()), room.get(), room.get() + size);
  loops.store_columns(done, y, 1, 1, s.n, inverse, scale);
}

template <class R> void in_two_rounds(const FourierSplit<R>& s, const std::complex<R>* x, std::complex<R>* y, bool inverse, R scale) {
  const FourierLoops<R>& loops = fourier_loops<R>;
  const int64_t lanes = loops.lanes, n1 = s.first.n, n2 = s.second.n;
  const int64_t groups1 = (n1 + lanes - 1) / lanes, groups2 = (n2 + lanes - 1) / lanes;
  const int64_t rows = groups1 * lanes, apart = 2 * lanes * groups2 * lanes;
  Room<R> middle(groups1 * apart);
  in_tasks(groups2, lanes * n1, [&](int64_t begin, int64_t end) {
    int64_t size = 2 * lanes * rows;
    Room<R> room(2 * size);
    // What fills the last square up is not used, but computed with.
    for (R* at : {room.get(), room.get() + size}) std::fill(at + 2 * lanes * n1, at + size, R(0));
    for (int64_t g = begin; g < end; ++g) {
      loops.load_columns(x + g * lanes, n2, std::min(lanes, n2 - g * lanes), n1, inverse, room.get());
      const R* done = loops.transform(s.first.steps.data(), int(s.first.steps.size()), room.get(), room.get() + size);
      loops.turn(done, rows, s.starts.data() + g * rows, s.w.data(), middle.get() + 2 * lanes * lanes * g, apart);
    }
  });
  in_tasks(groups1, lanes * n2, [&](int64_t begin, int64_t end) {
    Room<R> other(2 * lanes * n2);
    for (int64_t g = begin; g < end; ++g) {
      const R* done = loops.transform(s.second.steps.data(), int(s.second.steps.size()), middle.get() + g * apart, other.get());
      loops.store_columns(done, y + g * lanes, n1, std::min(lanes, n1 - g * lanes), n2, inverse, scale);
    }
  });
}

template <class R> void by_plan(const FourierPlan<R>& p, const std::complex<R>* x, std::complex<R>* y, bool inverse, R scale) {
  p.split ? in_two_rounds(*p.split, x, y, inverse, scale) : alone(*p.whole, x, y, inverse, scale);
}

// The shortest length of at least n that is a power of two times 1, 3, 5, 9 or 15.
int64_t convenient(int64_t n) {
  int64_t best = 0;
  for (int64_t odd : {1, 3, 5, 9, 15}) {
    int64_t size = odd;
    while (size < n) size *= 2;
    if (!best || size < best) best = size;
  }
  return best;
}

// Runs the convolution; y may be x.
template <class R> void convolved(const FourierChirp<R>& c, const std::complex<R>* x, std::complex<R>* y, bool inverse, R scale) {
  const FourierLoops<R>& loops = fourier_loops<R>;
  std::shared_ptr<const FourierPlan<R>> plan = cached<FourierPlan<R>>(c.size);
  Room<std::complex<R>> room(2 * c.size);
  std::complex<R>*a = room.get(), *b = a + c.size;
  auto multiply = [&](const std::complex<R>* from, const std::vector<std::complex<R>>& by, std::complex<R>* to, bool swap_from, bool swap_to, R times) {
    // In whole blocks: what is left of a range over whole registers may be rounded otherwise.
    constexpr int64_t kBlock = 64;
    const int64_t n = int64_t(by.size());
    in_tasks((n + kBlock - 1) / kBlock, kBlock, [&](int64_t begin, int64_t end) {
      int64_t i = begin * kBlock;
      loops.multiply(from + i, by.data() + i, to + i, std::min(n, end * kBlock) - i, swap_from, swap_to, times);
    });
  };
  multiply(x, c.chirp, a, inverse, false, 1);
  std::fill(a + c.n, a + c.size, std::complex<R>());
  by_plan(*plan, a, b, false, R(1));
  multiply(b, c.spectrum, b, false, false, 1);
  by_plan(*plan, b, a, true, R(1) / R(c.size));
  multiply(a, c.chirp, y, false, inverse, scale);
}

}  // namespace

template <class R>
FourierChirp<R>::FourierChirp(int64_t length) : n(length), size(convenient(2 * length - 1)), chirp(size_t(length)), spectrum(size_t(size)) {
  std::vector<C> wrapped(static_cast<size_t>(size));
  for (int64_t k = 0; k < n; ++k) {
    chirp[size_t(k)] = C(root_of_one(int64_t(__int128(k) * k % (2 * n)), 2 * n));
    wrapped[size_t(k)] = std::conj(chirp[size_t(k)]);
    if (k) wrapped[size_t(size - k)] = wrapped[size_t(k)];
  }
  by_plan(*cached<FourierPlan<R>>(size), wrapped.data(), spectrum.data(), false, R(1));
}

template <class R> FourierRow<R>::FourierRow(int64_t n) {
  if (is_smooth(n)) plan_ = cached<FourierPlan<R>>(n);
  else chirp_ = cached<FourierChirp<R>>(n);
}
template <class R> void FourierRow<R>::transform(const C* x, C* y, bool inverse, R scale) const {
  plan_ ? by_plan(*plan_, x, y, inverse, scale) : convolved(*chirp_, x, y, inverse, scale);
}

template struct FourierChirp<float>;
template struct FourierChirp<double>;
template class FourierRow<float>;
template class FourierRow<double>;

}  // namespace reel
