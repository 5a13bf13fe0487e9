#pragma once
// What the kernels of convolutions share: how one is divided among threads, and how its gradient becomes another.
#include <algorithm>
#include <utility>

#include "tensor/cpu/conv.h"
#include "tensor/cpu/transpose_loops.h"
#include "tensor/parallel.h"
#include "tensor/storage.h"

namespace reel {

// Some images of a convolution, or some rows of one image's result: a shape of its own, and what lies before it.
struct Part {
  ConvShape shape;
  int64_t x, y;
};

// A convolution in parts that have different results. Their number depends on the shape alone and is at most `most`; an image of a small
// batch is cut into up to `bands` bands of rows.
class Parts {
 public:
  explicit Parts(const ConvShape& s, int64_t bands = kEnough, int64_t most = 64) : whole_(s) {
    double flop = 2. * double(s.n) * double(s.window.y.out * s.window.x.out) * double(s.weights());
    int64_t wanted = 1;
    while (2 * wanted <= most && flop / double(2 * wanted) > 4e6) wanted *= 2;
    int64_t images = 1;
    while (2 * images <= std::min(s.n, wanted)) images *= 2;
    images_ = std::max<int64_t>(1, (s.n + images - 1) / images);
    if (s.n == 0 || s.n >= kFew || !every_window_meets_a_cell(s.window.y)) return;
    int64_t count = 1;
    bands = std::min({bands, std::min(wanted, kEnough) / s.n, s.window.y.out * s.window.x.out / kLeastPixels});
    while (2 * count <= bands) count *= 2;
    if (count == 1) return;
    images_ = 1;
    rows_ = (s.window.y.out + count - 1) / count;
  }
  int64_t count() const { return (whole_.n + images_ - 1) / images_ * bands(); }
  Part operator[](int64_t i) const {
    Part p{whole_, 0, 0};
    int64_t image = i / bands() * images_;
    p.shape.n = std::min(images_, whole_.n - image);
    p.x = image * whole_.x_image();
    p.y = image * whole_.y_image();
    if (rows_ < whole_.window.y.out) take_rows(p, i % bands() * rows_);
    return p;
  }

 private:
  static constexpr int64_t kFew = 8, kEnough = 16, kLeastPixels = 64;
  static bool every_window_meets_a_cell(const WindowAxis& a) {
    return a.before < a.extent() && (a.out - 1) * a.stride - a.before < a.n;
  }
  int64_t bands() const { return (whole_.window.y.out + rows_ - 1) / rows_; }
  void take_rows(Part& p, int64_t first) const {
    const WindowAxis& a = whole_.window.y;
    WindowAxis& band = p.shape.window.y;
    band.out = std::min(rows_, a.out - first);
    int64_t from = first * a.stride - a.before, to = from + (band.out - 1) * a.stride + a.extent();
    band.before = std::max<int64_t>(-from, 0);
    band.after = std::max<int64_t>(to - a.n, 0);
    band.n = to - from - band.before - band.after;
    p.x += (from + band.before) * whole_.window.x.n * whole_.channels;
    p.y += first * whole_.window.x.out * whole_.filters;
  }
  ConvShape whole_;
  int64_t images_ = 1, rows_ = std::max<int64_t>(1, whole_.window.y.out);
};

// f(part, number) for every part.
template <class F> void each_part(const Parts& parts, F&& f) {
  parallel_tasks(parts.count(), [&](int64_t i) { f(parts[i], i); });
}

// The gradient by the input of a convolution with strides of 1 is a convolution of gy: every tap from the other side, channels and filters
// exchanged.
inline bool turns(const WindowAxis& a) { return a.stride == 1 && a.extent() > a.before && a.extent() > a.after; }
inline WindowAxis turned(const WindowAxis& a) {
  return {a.out, a.size, 1, a.dilation, a.extent() - 1 - a.before, a.extent() - 1 - a.after, a.n};
}
inline bool turns(const ConvShape& s) { return turns(s.window.y) && turns(s.window.x); }
inline ConvShape turned(const ConvShape& s) { return {s.n, s.filters, s.channels, s.groups, {turned(s.window.y), turned(s.window.x)}}; }

template <class T> struct Buffer {
  explicit Buffer(int64_t n) : storage(host_storage(n * int64_t(sizeof(T)))) {}
  Buffer(Buffer&& other) noexcept : storage(std::exchange(other.storage, nullptr)) {}
  ~Buffer() {
    if (storage) release(storage);
  }
  T* data() const { return static_cast<T*>(storage->data); }
  Storage* storage;
};
using FloatBuffer = Buffer<float>;

// The weights of the turned convolution; those of groups for a group of one channel each.
template <class T> Buffer<T> turned_weights(const ConvShape& s, const T* w) {
  const int64_t taps = s.window.y.size * s.window.x.size, c = s.channels / s.groups, f = s.filters, item = sizeof(T);
  const Turn turn = transpose_loops.turn[item == 2 ? 1 : 2];
  Buffer<T> to(s.weights());
  parallel_for(taps, std::max<int64_t>(1, (1 << 15) / (c * f)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      turn(reinterpret_cast<const char*>(w + i * c * f), f * item, reinterpret_cast<char*>(to.data() + (taps - 1 - i) * c * f), c * item, c, f);
  });
  return to;
}

// Each part's kernel gradient for itself, the first where the answer will be, then their sum in order.
class Partials {
 public:
  Partials(const ConvShape& s, float* gw)
      : parts(s, s.window.y.out * s.window.x.out / kLeastPixels, std::max<int64_t>(1, kMost / s.weights())),
        weights_(s.weights()),
        first_(gw),
        others_((parts.count() - 1) * weights_) {}
  float* of(int64_t part) const { return part == 0 ? first_ : others_.data() + (part - 1) * weights_; }
  void add_up() const {
    parallel_for(weights_, 1 << 15, [&](int64_t begin, int64_t end) {
      for (int64_t k = 1; k < parts.count(); ++k) {
        const float* from = of(k);
        for (int64_t i = begin; i < end; ++i) first_[i] += from[i];
      }
    });
  }
  const Parts parts;

 private:
  static constexpr int64_t kMost = 1 << 24;  // floats
  static constexpr int64_t kLeastPixels = 128;  // of a band, or adding up takes as long as what it saves
  int64_t weights_;
  float* first_;
  FloatBuffer others_;
};

}  // namespace reel
