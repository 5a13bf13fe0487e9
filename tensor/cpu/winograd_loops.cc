// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/winograd_loops.h"

#include <cstring>

#include "tensor/cpu/gemm_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/tiles.h"
#include "tensor/cpu/vector.h"

namespace reel {
namespace {

using R = Register<float>;
constexpr int64_t kLanes = kRegister / int64_t(sizeof(float));
constexpr int64_t kPositions = 16;
constexpr int64_t kApart = 16;  // floats more than a power of two between what would share its places in the cache

[[gnu::always_inline]] inline R get(const float* p) {
  R v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
[[gnu::always_inline]] inline void put(float* p, const R& v) { std::memcpy(p, &v, sizeof v); }

// The four transforms, of rows and then of columns: in [N][N] to out [M][M].
struct OfImage {  // B^T d B
  static constexpr int kFrom = 4, kTo = 4;
  [[gnu::always_inline]] static void line(R a, R b, R c, R d, R* to, int step) {
    to[0] = a - c, to[step] = b + c, to[2 * step] = c - b, to[3 * step] = b - d;
  }
};
struct OfResult {  // A^T m A
  static constexpr int kFrom = 4, kTo = 2;
  [[gnu::always_inline]] static void line(R a, R b, R c, R d, R* to, int step) { to[0] = a + b + c, to[step] = b - c - d; }
};
struct OfWeights {  // G g G^T
  static constexpr int kFrom = 3, kTo = 4;
  [[gnu::always_inline]] static void line(R a, R b, R c, R, R* to, int step) {
    R sides = (a + c) * 0.5f, middle = b * 0.5f;
    to[0] = a, to[step] = sides + middle, to[2 * step] = sides - middle, to[3 * step] = c;
  }
};
struct OfResultGradient {  // A g A^T
  static constexpr int kFrom = 2, kTo = 4;
  [[gnu::always_inline]] static void line(R a, R b, R, R, R* to, int step) { to[0] = a, to[step] = a + b, to[2 * step] = a - b, to[3 * step] = -b; }
};
struct OfWeightsGradient {  // G^T m G
  static constexpr int kFrom = 4, kTo = 3;
  [[gnu::always_inline]] static void line(R a, R b, R c, R d, R* to, int step) {
    R sum = (b + c) * 0.5f;
    to[0] = a + sum, to[step] = (b - c) * 0.5f, to[2 * step] = sum + d;
  }
};

// f(number of a cell) reads [kFrom, kFrom] cells; g(number of a cell, what it is) takes [kTo, kTo].
template <class Transform, class F, class G> [[gnu::always_inline]] inline void transform(F&& f, G&& g) {
  constexpr int n = Transform::kFrom, m = Transform::kTo;
  R half[m * n], whole[m * m];
#pragma GCC unroll 4
  for (int j = 0; j < n; ++j) {
    auto at = [&](int i) { return i < n ? f(i * n + j) : R{}; };
    Transform::line(at(0), at(1), at(2), at(3), half + j, n);
  }
#pragma GCC unroll 4
  for (int i = 0; i < m; ++i) {
    auto at = [&](int j) { return j < n ? half[i * n + j] : R{}; };
    Transform::line(at(0), at(1), at(2), at(3), whole + i * m, 1);
  }
#pragma GCC unroll 16
  for (int i = 0; i < m * m; ++i) g(i, whole[i]);
}

// Matrices [channels, filters] of the transformed weights; their rows are kApart floats longer.
int64_t matrix(const ConvShape& s) { return s.channels * (s.filters + kApart); }
int64_t matrices_size(const ConvShape& s) { return kPositions * matrix(s); }
void weights(const ConvShape& s, int64_t begin, int64_t end, const float* w, float* matrices) {
  for (int64_t c = begin; c < end; ++c) {
    const float* from = w + c * s.filters;
    float* to = matrices + c * (s.filters + kApart);
    for (int64_t f = 0; f < s.filters; f += kLanes)
      transform<OfWeights>([&](int tap) { return get(from + tap * s.channels * s.filters + f); }, [&](int p, R v) { put(to + p * matrix(s) + f, v); });
  }
}

// The tiles of all images, one after the other, in blocks whose transforms stay in the second cache.
class Tiles {
 public:
  explicit Tiles(const ConvShape& s) : s_(s), across_(winograd_tiles(s.window.x)), of_image_(winograd_tiles(s.window.y) * across_) {}
  int64_t count() const { return s_.n * of_image_; }
  static int64_t block(const ConvShape& s) {
    constexpr int64_t kMost = 128 * 1024;  // floats of a block's transforms
    int64_t n = kMost / (kPositions * (s.channels + s.filters)) / 8 * 8;
    return n < 32 ? 32 : n > 128 ? 128 : n;
  }
  // f(cell number, its pixel in the image's array, or -1 outside) for the 4 x 4 pixels that tile t sees.
  template <class F> void seen(int64_t t, F&& f) const {
    const WindowAxis &v = s_.window.y, &h = s_.window.x;
    int64_t image = t / of_image_, y = first(v, t % of_image_ / across_) - v.before, x = first(h, t % across_) - h.before;
    for (int64_t i = 0; i < 4; ++i, y += v.dilation)
      for (int64_t j = 0; j < 4; ++j) {
        int64_t column = x + j * h.dilation;
        f(i * 4 + j, y >= 0 && y < v.n && column >= 0 && column < h.n ? (image * v.n + y) * h.n + column : -1);
      }
  }
  // The same for the 2 x 2 pixels of the result.
  template <class F> void results(int64_t t, F&& f) const {
    const WindowAxis &v = s_.window.y, &h = s_.window.x;
    int64_t image = t / of_image_, y = first(v, t % of_image_ / across_), x = first(h, t % across_);
    for (int64_t i = 0; i < 2; ++i, y += v.dilation)
      for (int64_t j = 0; j < 2; ++j) {
        int64_t column = x + j * h.dilation;
        f(i * 2 + j, y < v.out && column < h.out ? (image * v.out + y) * h.out + column : -1);
      }
  }

 private:
  // Where tile i begins along an axis: those of a dilated window lie between each other.
  static int64_t first(const WindowAxis& a, int64_t i) { return i / a.dilation * 2 * a.dilation + i % a.dilation; }
  const ConvShape& s_;
  int64_t across_, of_image_;
};

// Tiles [first, first + count) of x to 16 matrices [tiles, channels], `apart` floats from one to the next.
void image_tiles(const Tiles& tiles, int64_t first, int64_t count, int64_t channels, const float* x, const float* zeros, float* to, int64_t apart) {
  for (int64_t t = 0; t < count; ++t) {
    const float* from[16];
    tiles.seen(first + t, [&](int64_t i, int64_t pixel) { from[i] = pixel < 0 ? zeros : x + pixel * channels; });
    for (int64_t c = 0; c < channels; c += kLanes)
      transform<OfImage>([&](int i) { return get(from[i] + c); }, [&](int p, R v) { put(to + p * apart + t * channels + c, v); });
  }
}

int64_t forward_room(const ConvShape& s) { return kPositions * (Tiles::block(s) * (s.channels + s.filters) + 2 * kApart) + s.channels + s.filters; }
bool forward(const ConvShape& s, const float* x, const float* matrices, const float* bias, float* y, float* room) {
  const Tiles tiles(s);
  const int64_t block = Tiles::block(s), c = s.channels, f = s.filters, in_apart = block * c + kApart, out_apart = block * f + kApart;
  float *in = room, *out = in + kPositions * in_apart, *beside = out + kPositions * out_apart, *zeros = beside + f;
  std::memset(zeros, 0, size_t(c) * sizeof(float));
  R odd = {};  // stays zero while every number is finite
  for (int64_t first = 0; first < tiles.count(); first += block) {
    const int64_t count = least(block, tiles.count() - first);
    image_tiles(tiles, first, count, c, x, zeros, in, in_apart);
    for (int64_t p = 0; p < kPositions; ++p)
      gemm_loops<float>.rows(count, f, c, in + p * in_apart, c, 1, matrices + p * matrix(s), f + kApart, out + p * out_apart, f, false);
    for (int64_t t = 0; t < count; ++t) {
      float* to[4];
      tiles.results(first + t, [&](int64_t i, int64_t pixel) { to[i] = pixel < 0 ? beside : y + pixel * f; });
      for (int64_t k = 0; k < f; k += kLanes) {
        R add = bias ? get(bias + k) : R{};
        transform<OfResult>([&](int p) { return get(out + p * out_apart + t * f + k); },
                            [&](int i, R v) {
                              v += add;
                              odd += v * 0.f;
                              put(to[i] + k, v);
                            });
      }
    }
  }
  for (int64_t i = 0; i < kLanes; ++i)
    if (odd[i] != 0.f) return false;
  return true;
}

int64_t kernel_grad_room(const ConvShape& s) {
  int64_t transforms = Tiles::block(s) * (s.channels + s.filters) + 2 * kApart, sums = s.channels * s.filters;
  return kPositions * (transforms + sums) + s.channels + s.filters;
}
void kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw, float* room) {
  const Tiles tiles(s);
  const int64_t block = Tiles::block(s), c = s.channels, f = s.filters, in_apart = block * c + kApart, out_apart = block * f + kApart;
  float *in = room, *out = in + kPositions * in_apart, *sums = out + kPositions * out_apart, *zeros = sums + kPositions * c * f;
  std::memset(zeros, 0, size_t(c + f) * sizeof(float));
  for (int64_t first = 0; first < tiles.count(); first += block) {
    const int64_t count = least(block, tiles.count() - first);
    image_tiles(tiles, first, count, c, x, zeros, in, in_apart);
    for (int64_t t = 0; t < count; ++t) {
      const float* from[4];
      tiles.results(first + t, [&](int64_t i, int64_t pixel) { from[i] = pixel < 0 ? zeros : gy + pixel * f; });
      for (int64_t k = 0; k < f; k += kLanes)
        transform<OfResultGradient>([&](int i) { return get(from[i] + k); }, [&](int p, R v) { put(out + p * out_apart + t * f + k, v); });
    }
    for (int64_t p = 0; p < kPositions; ++p)
      gemm_loops<float>.rows(c, f, count, in + p * in_apart, 1, c, out + p * out_apart, f, sums + p * c * f, f, first > 0);
  }
  for (int64_t i = 0; i < c * f; i += kLanes)
    transform<OfWeightsGradient>([&](int p) { return get(sums + p * c * f + i); }, [&](int tap, R v) { put(gw + tap * c * f + i, v); });
}

}  // namespace

void REEL_LEVEL_FUNCTION(winograd_loops)() { winograd_loops = {&weights, &forward, &kernel_grad, &matrices_size, &forward_room, &kernel_grad_room}; }
}  // namespace reel
