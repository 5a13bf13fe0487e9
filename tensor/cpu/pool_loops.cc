// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/pool_loops.h"

#include <cstring>

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

template <class T> void max(const Window& w, int64_t channels, const void* from, void* to, int32_t* at) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t oy = 0; oy < w.y.out; ++oy)
    for (int64_t ox = 0; ox < w.x.out; ++ox, y += channels, at += channels) {
      Cells rows(w.y, oy), columns(w.x, ox);
      bool first = true;
      for (int64_t iy = rows.first; iy < rows.last; ++iy)
        for (int64_t ix = columns.first; ix < columns.last; ++ix) {
          int32_t place = int32_t(iy * w.x.n + ix);
          const T* cell = x + int64_t(place) * channels;
          if (first) {
            std::memcpy(y, cell, size_t(channels) * sizeof(T));
            for (int64_t c = 0; c < channels; ++c) at[c] = place;
            first = false;
            continue;
          }
#pragma GCC ivdep
          for (int64_t c = 0; c < channels; ++c) {
            bool larger = (cell[c] > y[c]) | ((cell[c] != cell[c]) & (y[c] == y[c]));
            y[c] = larger ? cell[c] : y[c];
            at[c] = larger ? place : at[c];
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

template <class T> void average(const Window& w, int64_t channels, const void* from, void* to) {
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
      T scale = T(1) / T(rows.count() * columns.count());
      for (int64_t c = 0; c < channels; ++c) y[c] *= scale;
    }
}
template <class T> void spread(const Window& w, int64_t channels, const void* from, void* to) {
  const T* y = static_cast<const T*>(from);
  T* x = static_cast<T*>(to);
  std::memset(x, 0, size_t(w.y.n * w.x.n * channels) * sizeof(T));
  for (int64_t oy = 0; oy < w.y.out; ++oy)
    for (int64_t ox = 0; ox < w.x.out; ++ox, y += channels) {
      Cells rows(w.y, oy), columns(w.x, ox);
      T scale = T(1) / T(rows.count() * columns.count());
      for (int64_t iy = rows.first; iy < rows.last; ++iy)
        for (int64_t ix = columns.first; ix < columns.last; ++ix) {
          T* cell = x + (iy * w.x.n + ix) * channels;
#pragma GCC ivdep
          for (int64_t c = 0; c < channels; ++c) cell[c] += y[c] * scale;
        }
    }
}

}  // namespace

#define REEL_JOIN_(a, b) a##b
#define REEL_JOIN(a, b) REEL_JOIN_(a, b)
void REEL_JOIN(install_pool_loops_, REEL_LEVEL)() {
  pool_loops[0] = {&max<float>, &put<float>, &pick<float>, &average<float>, &spread<float>};
  pool_loops[1] = {&max<double>, &put<double>, &pick<double>, &average<double>, &spread<double>};
}
}  // namespace reel
