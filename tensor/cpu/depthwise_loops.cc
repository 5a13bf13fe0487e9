// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/depthwise_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/tiles.h"
#include "tensor/cpu/vector.h"

#include <cstring>

namespace reel {
namespace {

using F = V<float>;
constexpr int64_t kWidth = kWide<float>;
static_assert(kWidth == kLeastChannels);

// How many cells of the kernel, or pixels of the result, have their sums in registers at once.
#if defined(__AVX512F__)
constexpr int kMostCells = 8, kMostPixels = 10;
#elif defined(__AVX2__)
constexpr int kMostCells = 5, kMostPixels = 4;
#else
constexpr int kMostCells = 3, kMostPixels = 2;
#endif

// f(c, block) for blocks of channels [c, c + kWidth); the last may overlap the one before.
template <class G> [[gnu::always_inline]] inline void channel_blocks(int64_t channels, G&& f) {
  int64_t blocks = whole(channels, kWidth);
  for (int64_t i = 0; i < blocks; ++i) f(least(i * kWidth, channels - kWidth), i);
}

// The cells [first, last) of the kernel that are inside the image for window o.
struct Cells {
  int64_t first = 0, last;
  Cells(const WindowAxis& a, int64_t o) : last(a.size) {
    int64_t start = o * a.stride - a.before;
    if (start < 0) first = least(whole(-start, a.dilation), a.size);
    if (start + a.extent() > a.n) last = start < a.n ? least(whole(a.n - start, a.dilation), a.size) : 0;
    if (last < first) last = first;
  }
};
// The windows [first, last) that are inside the image as a whole.
struct Interior {
  int64_t first, last = 0;
  explicit Interior(const WindowAxis& a) : first(least(whole(a.before, a.stride), a.out)) {
    if (a.n + a.before >= a.extent()) last = least((a.n + a.before - a.extent()) / a.stride + 1, a.out);
    if (last < first) last = first;
  }
};

// N neighbours of a row of the result, all of whose windows are inside the image: their sums over `rows` rows of the kernel, which are
// row_step apart in x; pixels are `step` apart. A pixel of x is read once for the up to K windows that see it.
template <int K, int Stride, int N>
[[gnu::always_inline]] inline void pixels(int64_t rows, const float* x, int64_t row_step, const float* w, int64_t step, F start, float* y) {
  F sum[N];
  for (int n = 0; n < N; ++n) sum[n] = start;
  for (int64_t a = 0; a < rows; ++a, x += row_step, w += K * step) {
    F weight[K];
    for (int b = 0; b < K; ++b) weight[b] = load<F>(w + b * step);
    const float* from = x;
#pragma GCC unroll 32
    for (int j = 0; j < (N - 1) * Stride + K; ++j, from += step) {
      F pixel = load<F>(from);
#pragma GCC unroll 8
      for (int b = 0; b < K; ++b)
        if (j >= b && (j - b) % Stride == 0 && (j - b) / Stride < N) sum[(j - b) / Stride] += pixel * weight[b];
    }
  }
  for (int n = 0; n < N; ++n, y += step) store(y, sum[n]);
}

// Channels [from, to) of one image.
template <int K, int Stride>
void forward_image(const ConvShape& s, int64_t from, int64_t to, const float* x, const float* w, const float* bias, float* y) {
  const WindowAxis v = s.window.y, h = s.window.x;
  const Interior inside(h);
  const int64_t step = s.channels, row_step = v.dilation * h.n * step;
  for (int64_t oy = 0; oy < v.out; ++oy, y += h.out * step) {
    const Cells ky(v, oy);
    const int64_t rows = ky.last - ky.first;
    const float *row = x + ((oy * v.stride - v.before) * h.n - h.before) * step + ky.first * row_step, *cells = w + ky.first * K * step;
    for (int64_t c = from; c < to; c += kWidth) {
      c = least(c, to - kWidth);
      const F start = bias ? load<F>(bias + c) : F{};
      int64_t ox = inside.first;
      for (; ox + kMostPixels <= inside.last; ox += kMostPixels)
        pixels<K, Stride, kMostPixels>(rows, row + ox * Stride * step + c, row_step, cells + c, step, start, y + ox * step + c);
      if (ox < inside.last)
        with_number<kMostPixels>(inside.last - ox, [&]<int N>() {
          pixels<K, Stride, N>(rows, row + ox * Stride * step + c, row_step, cells + c, step, start, y + ox * step + c);
        });
    }
    auto edge = [&](int64_t ox) {
      const Cells kx(h, ox);
      for (int64_t c = from; c < to; c += kWidth) {
        c = least(c, to - kWidth);
        F sum = bias ? load<F>(bias + c) : F{};
        for (int64_t a = 0; a < rows; ++a)
          for (int64_t b = kx.first; b < kx.last; ++b)
            sum += load<F>(row + (ox * Stride + b) * step + a * row_step + c) * load<F>(cells + (a * K + b) * step + c);
        store(y + ox * step + c, sum);
      }
    };
    for (int64_t ox = 0; ox < inside.first; ++ox) edge(ox);
    for (int64_t ox = inside.last; ox < h.out; ++ox) edge(ox);
  }
}
template <int K, int Stride> void forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  // As many channels at a time as let the rows that a window sees stay in the first cache.
  constexpr int64_t kCache = 8192;  // floats
  int64_t at_once = kCache / (s.window.y.size * s.window.x.n) / kWidth * kWidth;
  if (at_once < kWidth) at_once = kWidth;
  for (int64_t i = 0; i < s.n; ++i, x += s.x_image(), y += s.y_image())
    for (int64_t c = 0; c < s.channels; c += at_once) {
      int64_t to = least(c + at_once, s.channels);
      forward_image<K, Stride>(s, least(c, to - kWidth), to, x, w, bias, y);
    }
}
void forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  bool five = s.window.x.size == 5, two = s.window.x.stride == 2;
  (five ? two ? &forward<5, 2> : &forward<5, 1> : two ? &forward<3, 2> : &forward<3, 1>)(s, x, w, bias, y);
}

// Adds to each cell's vector the products of n pixels' gradients with the inputs that the cell meets, `starts` on from x. 128
// channels of 28 x 28 pixels and a kernel of 5 x 5: 2050 us with oneDNN, 215.
template <int N> void add_products(int64_t n, const int64_t* starts, const float* x, int64_t x_step, const float* gy, int64_t y_step, float* to) {
  F sum[N];
  const float* in[N];
  for (int k = 0; k < N; ++k) sum[k] = load<F>(to + k * kWidth), in[k] = x + starts[k];
  for (int64_t i = 0; i < n; ++i) {
    F g = load<F>(gy + i * y_step);
    for (int k = 0; k < N; ++k) sum[k] += load<F>(in[k] + i * x_step) * g;
  }
  for (int k = 0; k < N; ++k) store(to + k * kWidth, sum[k]);
}

// A vector for each block of channels and cell, and where the cells start (an int64 in the room of two floats).
int64_t kernel_grad_room(const ConvShape& s) {
  int64_t cells = s.window.y.size * s.window.x.size;
  return cells * (whole(s.channels, kWidth) * kWidth + 2);
}

void kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw, float* room) {
  const WindowAxis &v = s.window.y, &h = s.window.x;
  const Interior inside(h);
  int64_t cells = v.size * h.size, x_step = h.stride * s.channels;
  auto* starts = reinterpret_cast<int64_t*>(room + whole(s.channels, kWidth) * kWidth * cells);
  for (int64_t k = 0; k < cells; ++k) starts[k] = (k / h.size * v.dilation * h.n + k % h.size * h.dilation) * s.channels;
  std::memset(room, 0, size_t(whole(s.channels, kWidth) * kWidth * cells) * sizeof(float));
  for (int64_t i = 0; i < s.n; ++i, x += s.x_image())
    for (int64_t oy = 0; oy < v.out; ++oy, gy += h.out * s.channels) {
      const Cells ky(v, oy);
      int64_t row = (oy * v.stride - v.before) * h.n - h.before, first = ky.first * h.size, n = ky.last * h.size - first;
      if (n == 0) continue;
      int64_t even = whole(n, whole(n, kMostCells));
      channel_blocks(s.channels, [&](int64_t c, int64_t block) {
        float* sums = room + block * cells * kWidth;
        if (inside.first < inside.last)
          for (int64_t k = 0; k < n; k += even)
            with_number<kMostCells>(least(even, n - k), [&]<int N>() {
              add_products<N>(inside.last - inside.first, starts + first + k, x + row * s.channels + inside.first * x_step + c, x_step,
                              gy + inside.first * s.channels + c, s.channels, sums + (first + k) * kWidth);
            });
        auto edge = [&](int64_t ox) {
          const Cells kx(h, ox);
          F g = load<F>(gy + ox * s.channels + c);
          for (int64_t a = ky.first; a < ky.last; ++a)
            for (int64_t b = kx.first; b < kx.last; ++b) {
              int64_t k = a * h.size + b;
              float* to = sums + k * kWidth;
              store(to, load<F>(to) + load<F>(x + row * s.channels + ox * x_step + starts[k] + c) * g);
            }
        };
        for (int64_t ox = 0; ox < inside.first; ++ox) edge(ox);
        for (int64_t ox = inside.last; ox < h.out; ++ox) edge(ox);
      });
    }
  channel_blocks(s.channels, [&](int64_t c, int64_t block) {
    for (int64_t k = 0; k < cells; ++k) std::memcpy(gw + k * s.channels + c, room + (block * cells + k) * kWidth, size_t(kWidth) * sizeof(float));
  });
}

}  // namespace

void REEL_LEVEL_FUNCTION(depthwise_loops)() { depthwise_loops = {&forward, &kernel_grad, &kernel_grad_room}; }
}  // namespace reel
