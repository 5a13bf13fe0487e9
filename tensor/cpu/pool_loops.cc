// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/pool_loops.h"
#include "tensor/cpu/level.h"

#include <cstring>
#include <type_traits>

namespace reel {
namespace {

// The cells [first, last) of an axis that window o looks at.
struct Cells {
  int64_t first, last;
  Cells(const WindowAxis& a, int64_t o) : first(o * a.stride - a.before), last(first + a.size) {
    if (first < 0) first = 0;
    if (last > a.n) last = a.n;
  }
  int64_t count() const { return last - first; }
};
// How many cells window o's sum is divided by.
int64_t divisor(const WindowAxis& a, int64_t o, bool padded) {
  if (!padded) return Cells(a, o).count();
  int64_t first = o * a.stride - a.before, last = first + a.size;
  return (last < a.n + a.after ? last : a.n + a.after) - first;
}

// Vectors of at most 32 bytes: with those of 64 a comparison's answer would go through a mask register and back.
#if defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
template <class T, int N> struct VectorOf { typedef T type __attribute__((vector_size(N * sizeof(T)))); };
template <class T, int N> using Vec = typename VectorOf<T, N>::type;
template <class T> using Bits = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

// N values, or with kChecked as many as there are before `end`.
template <int N, bool kChecked, class T> [[gnu::always_inline]] inline Vec<T, N> load(const T* x, const T* end) {
  Vec<T, N> v = {};
  if (!kChecked || x + N <= end) std::memcpy(&v, x, sizeof v);
  else std::memcpy(&v, x, size_t(end - x) * sizeof(T));
  return v;
}
template <int N, bool kChecked, class T> [[gnu::always_inline]] inline void store(T* y, const T* end, const Vec<T, N>& v) {
  if (!kChecked || y + N <= end) std::memcpy(y, &v, sizeof v);
  else std::memcpy(y, &v, size_t(end - y) * sizeof(T));
}

// For few channels: a vector of them at a time, whose other lanes work on the next pixel's; what they store is overwritten in its turn.
// Only near the end of an image must it be asked where that is.
template <class T> void max_of_few(const Window& w, int64_t channels, const void* from, void* to, int32_t* at) {
  constexpr int kLanes = kVectorBytes / int(sizeof(T));
  using Values = Vec<T, kLanes>;
  using Places = Vec<Bits<T>, kLanes>;
  const T *x = static_cast<const T*>(from), *x_end = x + w.y.n * w.x.n * channels;
  T* y = static_cast<T*>(to);
  const T* y_end = y + w.y.out * w.x.out * channels;
  const int32_t* at_end = at + w.y.out * w.x.out * channels;
  auto pixel = [&]<bool kChecked>(const Cells& rows, const Cells& columns) {
    int64_t start = rows.first * w.x.n + columns.first;
    for (int64_t c = 0; c < channels; c += kLanes) {
      Values best = load<kLanes, kChecked>(x + start * channels + c, x_end);
      Places place = Places{} + Bits<T>(start);
      for (int64_t iy = rows.first; iy < rows.last; ++iy)
        for (int64_t ix = columns.first; ix < columns.last; ++ix) {
          int64_t here = iy * w.x.n + ix;
          Values v = load<kLanes, kChecked>(x + here * channels + c, x_end);
          Places larger = (v > best) | ((v != v) & (best == best));
          best = larger ? v : best;
          place = larger ? Places{} + Bits<T>(here) : place;
        }
      store<kLanes, kChecked>(y + c, y_end, best);
      store<kLanes, kChecked>(at + c, at_end, __builtin_convertvector(place, Vec<int32_t, kLanes>));
    }
  };
  int64_t lanes = (channels + kLanes - 1) / kLanes * kLanes;
  for (int64_t oy = 0; oy < w.y.out; ++oy) {
    Cells rows(w.y, oy);
    for (int64_t ox = 0; ox < w.x.out; ++ox, y += channels, at += channels) {
      Cells columns(w.x, ox);
      int64_t last = ((rows.last - 1) * w.x.n + columns.last - 1) * channels;
      if (x + last + lanes <= x_end && y + lanes <= y_end) pixel.template operator()<false>(rows, columns);
      else pixel.template operator()<true>(rows, columns);
    }
  }
}

template <class T> void max(const Window& w, int64_t channels, const void* from, void* to, int32_t* at) {
  if (channels < 16) return max_of_few<T>(w, channels, from, to, at);
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t oy = 0; oy < w.y.out; ++oy)
    for (int64_t ox = 0; ox < w.x.out; ++ox, y += channels, at += channels) {
      Cells rows(w.y, oy), columns(w.x, ox);
      int64_t start = rows.first * w.x.n + columns.first;
      std::memcpy(y, x + start * channels, size_t(channels) * sizeof(T));
      for (int64_t c = 0; c < channels; ++c) at[c] = int32_t(start);
      for (int64_t iy = rows.first; iy < rows.last; ++iy)
        for (int64_t ix = columns.first; ix < columns.last; ++ix) {
          const int32_t here = int32_t(iy * w.x.n + ix);
          const T* cell = x + int64_t(here) * channels;
#pragma GCC ivdep
          for (int64_t c = 0; c < channels; ++c) {
            bool larger = (cell[c] > y[c]) | ((cell[c] != cell[c]) & (y[c] == y[c]));
            y[c] = larger ? cell[c] : y[c];
            at[c] = larger ? here : at[c];
          }
        }
    }
}

template <class T> void put(const Window& w, int64_t channels, const void* from, const int32_t* at, void* to) {
  const T* y = static_cast<const T*>(from);
  T* x = static_cast<T*>(to);
  std::memset(x, 0, size_t(w.y.n * w.x.n * channels) * sizeof(T));
  for (int64_t o = w.y.out * w.x.out; o > 0; --o, y += channels, at += channels)
    for (int64_t c = 0; c < channels; ++c) x[int64_t(at[c]) * channels + c] += y[c];
}
template <class T> void pick(const Window& w, int64_t channels, const void* from, const int32_t* at, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t o = w.y.out * w.x.out; o > 0; --o, y += channels, at += channels)
    for (int64_t c = 0; c < channels; ++c) y[c] = x[int64_t(at[c]) * channels + c];
}

template <class T> void average(const Window& w, bool padded, int64_t channels, const void* from, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t oy = 0; oy < w.y.out; ++oy)
    for (int64_t ox = 0; ox < w.x.out; ++ox, y += channels) {
      Cells rows(w.y, oy), columns(w.x, ox);
      for (int64_t c = 0; c < channels; ++c) y[c] = 0;
      for (int64_t iy = rows.first; iy < rows.last; ++iy)
        for (int64_t ix = columns.first; ix < columns.last; ++ix) {
          const T* cell = x + (iy * w.x.n + ix) * channels;
#pragma GCC ivdep
          for (int64_t c = 0; c < channels; ++c) y[c] += cell[c];
        }
      T scale = T(1) / T(divisor(w.y, oy, padded) * divisor(w.x, ox, padded));
      for (int64_t c = 0; c < channels; ++c) y[c] *= scale;
    }
}
template <class T> void spread(const Window& w, bool padded, int64_t channels, const void* from, void* to) {
  const T* y = static_cast<const T*>(from);
  T* x = static_cast<T*>(to);
  std::memset(x, 0, size_t(w.y.n * w.x.n * channels) * sizeof(T));
  for (int64_t oy = 0; oy < w.y.out; ++oy)
    for (int64_t ox = 0; ox < w.x.out; ++ox, y += channels) {
      Cells rows(w.y, oy), columns(w.x, ox);
      T scale = T(1) / T(divisor(w.y, oy, padded) * divisor(w.x, ox, padded));
      for (int64_t iy = rows.first; iy < rows.last; ++iy)
        for (int64_t ix = columns.first; ix < columns.last; ++ix) {
          T* cell = x + (iy * w.x.n + ix) * channels;
#pragma GCC ivdep
          for (int64_t c = 0; c < channels; ++c) cell[c] += y[c] * scale;
        }
    }
}

}  // namespace

void REEL_LEVEL_FUNCTION(pool_loops)() {
  pool_loops[0] = {&max<float>, &put<float>, &pick<float>, &average<float>, &spread<float>};
  pool_loops[1] = {&max<double>, &put<double>, &pick<double>, &average<double>, &spread<double>};
}
}  // namespace reel
