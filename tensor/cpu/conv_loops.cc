// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/conv_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/tiles.h"
#include "tensor/cpu/vector.h"

#include <cstring>
#include <utility>

namespace reel {
namespace {

using F = V<float>;
constexpr int64_t kWidth = kWide<float>;

// How many sums stay in registers (in vectors of 64 bytes), and the most filters or rows that a tile of them has.
#if defined(__AVX512F__)
constexpr int kSums = 24, kMostTile = 8;
#elif defined(__AVX2__)
constexpr int kSums = 6, kMostTile = 6;
#else
constexpr int kSums = 2, kMostTile = 2;
#endif

// f<N>(i) for tiles of N at i that cover [0, n): of Most, then of 2, then of 1.
template <int Most, class G> [[gnu::always_inline]] inline void tiles(int64_t n, G&& f) {
  int64_t i = 0;
  for (; i + Most <= n; i += Most) f.template operator()<Most>(i);
  if constexpr (Most > 2)
    for (; i + 2 <= n; i += 2) f.template operator()<2>(i);
  if constexpr (Most > 1)
    for (; i < n; ++i) f.template operator()<1>(i);
}

// Four registers as the rows of 4 x 4 matrices side by side. (Built from quarters through memory a register waits for its stores.)
template <class R> struct Quarters {
  static constexpr int kLanes = sizeof(R) / sizeof(float);
  template <int... lane> using Lanes = std::integer_sequence<int, lane...>;
  static constexpr std::make_integer_sequence<int, kLanes> all{};
  using Half = Quarters<Register<float, sizeof(R) / 2>>;

  // The register of quarters that lie `apart`.
  [[gnu::always_inline]] static R gather(const float* p, int64_t apart) {
    if constexpr (kLanes == 4) {
      R v;
      std::memcpy(&v, p, sizeof v);
      return v;
    } else {
      return join(Half::gather(p, apart), Half::gather(p + kLanes / 8 * apart, apart), all);
    }
  }
  template <int q> [[gnu::always_inline]] static void put(const R& v, float* p) {
    auto quarter = __builtin_shufflevector(v, v, q * 4, q * 4 + 1, q * 4 + 2, q * 4 + 3);
    std::memcpy(p, &quarter, sizeof quarter);
  }
  [[gnu::always_inline]] static void transpose(R (&v)[4]) {
    R a = mix<0, 4, 1, 5>(v[0], v[1], all), b = mix<2, 6, 3, 7>(v[0], v[1], all);
    R c = mix<0, 4, 1, 5>(v[2], v[3], all), d = mix<2, 6, 3, 7>(v[2], v[3], all);
    v[0] = mix<0, 1, 4, 5>(a, c, all), v[1] = mix<2, 3, 6, 7>(a, c, all);
    v[2] = mix<0, 1, 4, 5>(b, d, all), v[3] = mix<2, 3, 6, 7>(b, d, all);
  }

 private:
  template <class H, int... lane> [[gnu::always_inline]] static R join(H a, H b, Lanes<lane...>) { return __builtin_shufflevector(a, b, lane...); }
  template <int a, int b, int c, int d, int... lane> [[gnu::always_inline]] static R mix(R x, R y, Lanes<lane...>) {
    constexpr int from[] = {a, b, c, d};
    return __builtin_shufflevector(x, y, (lane / 4 * 4 + from[lane % 4] % 4 + from[lane % 4] / 4 * kLanes)...);
  }
};
using Block = Quarters<Register<float>>;
constexpr int64_t kBlock = Block::kLanes;

// f(i, c) for blocks of kBlock pixels from i on and four channels from c on, and g(i, c) for each pixel and channel that is left over. A
// block may look at pixels after the n, of which there are `after`, and at channels of the next pixel.
template <class A, class B> [[gnu::always_inline]] inline void blocks(int64_t n, int64_t after, int64_t channels, A&& f, B&& g) {
  int64_t most = n + after - (channels < 4), whole_blocks = least(whole(n, kBlock), most / kBlock) * kBlock;
  for (int64_t c = 0;; c = least(c + 4, channels - 4)) {
    for (int64_t i = 0; i < whole_blocks; i += kBlock) f(i, c);
    if (c + 4 >= channels) break;
  }
  for (int64_t i = whole_blocks; i < n; ++i)
    for (int64_t c = 0; c < channels; ++c) g(i, c);
}

// planes[c * plane + i] = pixels[i * channels + c] for n neighbouring pixels, with kWidth zeros after them; and back, where up to kBlock - 1
// more are written, or as many as there are `after`. (Number by number they take longer than the sums of a small kernel.)
void to_planes(int64_t n, int64_t after, int64_t channels, const float* pixels, float* planes, int64_t plane) {
  if (channels == 1) std::memcpy(planes, pixels, size_t(n) * sizeof(float));
  else blocks(
      n, after, channels,
      [&](int64_t i, int64_t c) {
        Register<float> v[4];
        for (int k = 0; k < 4; ++k) v[k] = Block::gather(pixels + (i + k) * channels + c, 4 * channels);
        Block::transpose(v);
        for (int k = 0; k < 4 && c + k < channels; ++k) std::memcpy(planes + (c + k) * plane + i, &v[k], sizeof v[k]);
      },
      [&](int64_t i, int64_t c) { planes[c * plane + i] = pixels[i * channels + c]; });
  for (int64_t c = 0; c < channels; ++c) store(planes + c * plane + n, F{});
}
void to_pixels(int64_t n, int64_t after, int64_t channels, const float* planes, int64_t plane, float* pixels) {
  if (channels == 1) {
    std::memcpy(pixels, planes, size_t(n) * sizeof(float));
    return;
  }
  blocks(
      n, after, channels,
      [&](int64_t i, int64_t c) {
        Register<float> v[4];
        for (int k = 0; k < 4; ++k) std::memcpy(&v[k], planes + least(c + k, channels - 1) * plane + i, sizeof v[k]);
        Block::transpose(v);
        // In the order of pixels: channels that one does not have are the next one's.
        [&]<int... q>(std::integer_sequence<int, q...>) {
          ((Block::put<q>(v[0], pixels + (i + 4 * q) * channels + c), Block::put<q>(v[1], pixels + (i + 4 * q + 1) * channels + c),
            Block::put<q>(v[2], pixels + (i + 4 * q + 2) * channels + c), Block::put<q>(v[3], pixels + (i + 4 * q + 3) * channels + c)),
           ...);
        }(std::make_integer_sequence<int, kBlock / 4>());
      },
      [&](int64_t i, int64_t c) { pixels[i * channels + c] = planes[c * plane + i]; });
}

// Some rows of an image as one plane for each channel, with zeros where there is padding. Kernel cell (ky, kx) of channel c meets output
// q = row * pitch + column at start(ky, kx, c) + q, so that outputs lie side by side in a vector, across rows too. Columns of a row from
// `out` on are no outputs. Only for strides 1: with others every number would be laid out for fewer sums.
struct Planes {
  explicit Planes(const ConvShape& s) : s(s) {
    const WindowAxis &v = s.window.y, &h = s.window.x;
    pitch = h.out + h.extent() - 1;
    more = v.extent() - 1;
    // As many rows at a time as stay near with their outputs: with a quarter of the floats 64 channels took up to 1.8 times as long.
    constexpr int64_t kFloats = 1 << 15;
    int64_t most = kFloats / (pitch * (s.channels + s.filters)) - more;
    rows = most < 1 ? 1 : whole(v.out, whole(v.out, most));
    plane = (rows + more) * pitch + kWidth;  // a row is written in whole vectors
    x_floats = (whole(plane * s.channels + pitch, kWidth) + 1) * kWidth;  // vectors read beyond the last row
    y_plane = (whole(rows * pitch, kWidth) + 1) * kWidth;
  }
  void starts(int64_t* to) const {
    for (int64_t ky = 0; ky < s.window.y.size; ++ky)
      for (int64_t kx = 0; kx < s.window.x.size; ++kx)
        for (int64_t c = 0; c < s.channels; ++c) *to++ = c * plane + ky * s.window.y.dilation * pitch + kx * s.window.x.dilation;
  }
  int64_t cells() const { return s.window.y.size * s.window.x.size * s.channels; }
  // The rows of the first of `images` that outputs [first, first + rows) look at. The columns of padding, the same in all, are zeros before.
  void load(int64_t first, const float* image, int64_t images, float* planes) const {
    const WindowAxis &v = s.window.y, &h = s.window.x;
    // Column j shows pixel j - before.
    int64_t begin = least(h.before, pitch), end = least(h.n + h.before, pitch);
    for (int64_t r = 0; r < rows + more; ++r, planes += pitch) {
      int64_t iy = first - v.before + r;
      if (iy >= 0 && iy < v.n && begin < end) {
        int64_t after = (images * v.n - iy) * h.n - (end - begin);
        to_planes(end - begin, after, s.channels, image + iy * h.n * s.channels, planes + begin, plane);
      } else {
        for (int64_t c = 0; c < s.channels; ++c) std::memset(planes + c * plane, 0, size_t(pitch) * sizeof(float));
      }
    }
  }
  // Output pixels after this row of this image.
  int64_t after(int64_t image, int64_t row) const { return ((s.n - image) * s.window.y.out - row - 1) * s.window.x.out; }
  const ConvShape& s;
  int64_t pitch, more, rows, plane, x_floats, y_plane;
};

int64_t planes_room(const ConvShape& s) {
  Planes p(s);
  return p.x_floats + p.y_plane * s.filters + p.cells() * (s.filters * kWidth + 2);
}

// Filters x (Vectors * 16) outputs at once: the bias plus the sum over the cells in order. LeNet's first layer of 64 images took 310 us of
// one thread with oneDNN and takes 140.
template <int Filters, int Vectors>
[[gnu::always_inline]] inline void correlate(int64_t cells, const int64_t* starts, const float* x, const float* w, int64_t w_row, const float* bias, float* y,
                                             int64_t y_plane) {
  F sum[Filters][Vectors];
  for (int f = 0; f < Filters; ++f)
    for (int v = 0; v < Vectors; ++v) sum[f][v] = F{} + (bias ? bias[f] : 0.f);
  for (int64_t t = 0; t < cells; ++t, w += w_row) {
    F in[Vectors];
    for (int v = 0; v < Vectors; ++v) in[v] = load<F>(x + starts[t] + v * kWidth);
    for (int f = 0; f < Filters; ++f)
      for (int v = 0; v < Vectors; ++v) sum[f][v] += in[v] * w[f];
  }
  for (int f = 0; f < Filters; ++f)
    for (int v = 0; v < Vectors; ++v) store(y + f * y_plane + v * kWidth, sum[f][v]);
}

// f<N>(i) for the filters [i, i + N): as few tiles as there can be, as even as can be.
template <class G> void filter_tiles(int64_t filters, G&& f) {
  int64_t even = whole(filters, whole(filters, kMostTile));
  for (int64_t i = 0; i < filters; i += even)
    with_number<kMostTile>(least(even, filters - i), [&]<int N>() { f.template operator()<N>(i); });
}

void forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y, float* room) {
  const Planes p(s);
  const WindowAxis &v = s.window.y, &h = s.window.x;
  float *planes = room, *sums = planes + p.x_floats;
  auto* starts = reinterpret_cast<int64_t*>(sums + p.y_plane * s.filters);
  p.starts(starts);
  std::memset(planes, 0, size_t(p.x_floats) * sizeof(float));
  for (int64_t i = 0; i < s.n; ++i, x += s.x_image(), y += s.y_image())
    for (int64_t first = 0; first < v.out; first += p.rows) {
      int64_t rows = least(p.rows, v.out - first);
      p.load(first, x, s.n - i, planes);
      filter_tiles(s.filters, [&]<int N>(int64_t f) {
        constexpr int kVectors = kSums / N < 8 ? kSums / N : 8;
        tiles<kVectors>(whole(rows * p.pitch, kWidth), [&]<int M>(int64_t q) {
          correlate<N, M>(p.cells(), starts, planes + q * kWidth, w + f, s.filters, bias ? bias + f : nullptr, sums + f * p.y_plane + q * kWidth, p.y_plane);
        });
      });
      for (int64_t r = 0; r < rows; ++r)
        to_pixels(h.out, p.after(i, first + r), s.filters, sums + r * p.pitch, p.y_plane, y + (first + r) * h.out * s.filters);
    }
}

// Adds to sum[cell][filter] the products of a cell's inputs with a filter's outputs, lane by lane. Of LeNet's first layer: 215 us before, 125.
template <int Cells, int Filters>
[[gnu::always_inline]] inline void add_products(int64_t n, const int64_t* starts, const float* x, const float* gy, int64_t y_plane, float* to, int64_t filters) {
  F sum[Cells][Filters];
  for (int t = 0; t < Cells; ++t)
    for (int f = 0; f < Filters; ++f) sum[t][f] = load<F>(to + (t * filters + f) * kWidth);
  const float* cell[Cells];
  for (int t = 0; t < Cells; ++t) cell[t] = x + starts[t];
  for (int64_t q = 0; q < n; q += kWidth) {
    F in[Cells];
    for (int t = 0; t < Cells; ++t) in[t] = load<F>(cell[t] + q);
    for (int f = 0; f < Filters; ++f) {
      F g = load<F>(gy + f * y_plane + q);
      for (int t = 0; t < Cells; ++t) sum[t][f] += in[t] * g;
    }
  }
  for (int t = 0; t < Cells; ++t)
    for (int f = 0; f < Filters; ++f) store(to + (t * filters + f) * kWidth, sum[t][f]);
}

void kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw, float* room) {
  const Planes p(s);
  const WindowAxis &v = s.window.y, &h = s.window.x;
  int64_t cells = p.cells();
  float *planes = room, *outputs = planes + p.x_floats, *sums = outputs + p.y_plane * s.filters;
  auto* starts = reinterpret_cast<int64_t*>(sums + cells * s.filters * kWidth);
  p.starts(starts);
  std::memset(room, 0, size_t(p.x_floats + p.y_plane * s.filters + cells * s.filters * kWidth) * sizeof(float));
  for (int64_t i = 0; i < s.n; ++i, x += s.x_image(), gy += s.y_image())
    for (int64_t first = 0; first < v.out; first += p.rows) {
      int64_t rows = least(p.rows, v.out - first);
      p.load(first, x, s.n - i, planes);
      for (int64_t r = 0; r < rows; ++r)
        to_planes(h.out, p.after(i, first + r), s.filters, gy + (first + r) * h.out * s.filters, outputs + r * p.pitch, p.y_plane);
      if (rows < p.rows)  // a last, shorter band leaves outputs of the one before
        for (int64_t f = 0; f < s.filters; ++f)
          std::memset(outputs + f * p.y_plane + rows * p.pitch, 0, size_t(p.y_plane - rows * p.pitch) * sizeof(float));
      filter_tiles(s.filters, [&]<int N>(int64_t f) {
        constexpr int kCells = kSums / N < 8 ? (kSums / N < 1 ? 1 : kSums / N) : 8;
        tiles<kCells>(cells, [&]<int M>(int64_t t) {
          add_products<M, N>(rows * p.pitch, starts + t, planes, outputs + f * p.y_plane, p.y_plane, sums + (t * s.filters + f) * kWidth, s.filters);
        });
      });
    }
  for (int64_t i = 0; i < cells * s.filters; ++i) gw[i] = lane_sum<float>(load<F>(sums + i * kWidth));
}

// The gradient of an image in a frame: its padding beside it, so that no window ends outside, and room for what a vector has beyond one.
struct Frame {
  explicit Frame(const ConvShape& s) {
    const WindowAxis &v = s.window.y, &h = s.window.x;
    vectors = whole(h.size * s.channels, kWidth);
    pitch = ((h.out - 1) * h.stride) * s.channels + vectors * kWidth;
    rows = (v.out - 1) * v.stride + v.extent();
  }
  int64_t vectors, pitch, rows;
};
int64_t input_grad_room(const ConvShape& s) {
  Frame p(s);
  return p.pitch * p.rows;
}

int64_t packed_size(const ConvShape& s) { return s.window.y.size * s.filters * Frame(s).vectors * kWidth; }
void pack(const ConvShape& s, const float* w, float* packed) {
  int64_t row = s.window.x.size * s.channels, wide = Frame(s).vectors * kWidth;
  for (int64_t ky = 0; ky < s.window.y.size; ++ky, w += row * s.filters)
    for (int64_t f = 0; f < s.filters; ++f)
      for (int64_t k = 0; k < wide; ++k) *packed++ = k < row ? w[k * s.filters + f] : 0.f;
}

// What Rows output pixels, one below the other, add to the frame through one row of the kernel: the sum over the filters in order. LeNet's
// second layer took 405 us as a matrix product whose result was added up, and takes 155.
template <int Rows, int Vectors>
[[gnu::always_inline]] inline void spread(int64_t filters, const float* gy, int64_t gy_row, const float* w, const V<int32_t>& kept, float* to, int64_t to_row) {
  F sum[Rows][Vectors] = {};
  for (int64_t f = 0; f < filters; ++f, w += Vectors * kWidth) {
    F in[Vectors];
    for (int v = 0; v < Vectors; ++v) in[v] = load<F>(w + v * kWidth);
    for (int r = 0; r < Rows; ++r) {
      float g = gy[r * gy_row + f];
      for (int v = 0; v < Vectors; ++v) sum[r][v] += in[v] * g;
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Vectors; ++v) {
      F more = sum[r][v];
      if (v == Vectors - 1)
        for (int i = 0; i < kParts; ++i) more.part[i] = Register<float>(Register<int32_t>(more.part[i]) & kept.part[i]);
      float* at = to + r * to_row + v * kWidth;
      store(at, load<F>(at) + more);
    }
}

template <int Vectors> void input_grad_of(const ConvShape& s, const Frame& p, const float* gy, const float* packed, float* gx, float* frame) {
  constexpr int kMost = kSums / Vectors < 1 ? 1 : kSums / Vectors < 8 ? kSums / Vectors : 8;
  const WindowAxis &v = s.window.y, &h = s.window.x;
  int64_t even = whole(v.out, whole(v.out, kMost));
  int32_t mask[kWidth];
  for (int64_t i = 0; i < kWidth; ++i) mask[i] = (Vectors - 1) * kWidth + i < h.size * s.channels ? -1 : 0;
  const auto kept = load<V<int32_t>>(mask);
  for (int64_t i = 0; i < s.n; ++i, gx += s.x_image(), gy += s.y_image()) {
    std::memset(frame, 0, size_t(p.pitch * p.rows) * sizeof(float));
    for (int64_t oy = 0; oy < v.out; oy += even)
      with_number<kMost>(least(even, v.out - oy), [&]<int N>() {
        for (int64_t ky = 0; ky < v.size; ++ky) {
          const float* w = packed + ky * s.filters * Vectors * kWidth;
          for (int64_t ox = 0; ox < h.out; ++ox)
            spread<N, Vectors>(s.filters, gy + (oy * h.out + ox) * s.filters, h.out * s.filters, w, kept,
                               frame + (oy * v.stride + ky * v.dilation) * p.pitch + ox * h.stride * s.channels, v.stride * p.pitch);
        }
      });
    // The image's part of the frame; what no window looks at has no gradient.
    int64_t left = h.before, columns = least(h.n, (h.out - 1) * h.stride + h.size - left);
    if (columns < 0) columns = 0;
    for (int64_t y = 0; y < v.n; ++y) {
      float* row = gx + y * h.n * s.channels;
      int64_t inside = y + v.before < p.rows ? columns * s.channels : 0;
      if (inside) std::memcpy(row, frame + (y + v.before) * p.pitch + left * s.channels, size_t(inside) * sizeof(float));
      std::memset(row + inside, 0, size_t(h.n * s.channels - inside) * sizeof(float));
    }
  }
}

void input_grad(const ConvShape& s, const float* gy, const float* packed, float* gx, float* room) {
  const Frame p(s);
  with_number<kMostRow / kWidth>(p.vectors, [&]<int N>() { input_grad_of<N>(s, p, gy, packed, gx, room); });
}

}  // namespace

void REEL_LEVEL_FUNCTION(conv_loops)() { conv_loops = {&forward, &kernel_grad, &input_grad, &pack, &planes_room, &input_grad_room, &packed_size}; }
}  // namespace reel
