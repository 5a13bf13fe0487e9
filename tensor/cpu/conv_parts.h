#pragma once
// How a convolution is divided among threads.
#include <algorithm>

#include "tensor/cpu/conv.h"

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
    while (2 * count <= bands && 2 * count * s.n <= std::min(wanted, kEnough) && 2 * count * kLeastPixels <= s.window.y.out * s.window.x.out) count *= 2;
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

}  // namespace reel
