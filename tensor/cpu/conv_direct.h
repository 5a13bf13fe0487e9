#pragma once
// Plain loops for what oneDNN does not do: float64, and shapes it has no kernel for.
#include <algorithm>

#include "tensor/cpu/conv.h"
#include "tensor/parallel.h"

namespace reel {

// f(output column, input column) for the columns of one output row where kernel column kx meets the image; rows likewise.
template <class F> void each_inside(const WindowAxis& a, int64_t k, F&& f) {
  int64_t shift = k * a.dilation - a.before;
  int64_t first = shift >= 0 ? 0 : (-shift + a.stride - 1) / a.stride;
  for (int64_t o = first, i = first * a.stride + shift; o < a.out && i < a.n; ++o, i += a.stride) f(o, i);
}

// f(x, w, y) for each meeting of an input pixel with a kernel cell and an output pixel, in the order of cells, of one image:
// pointers to the pixel's channels, the cell's [channels / groups, filters] and the output's filters.
template <class X, class W, class Y, class F> void each_meeting(const ConvShape& s, X* x, W* w, Y* y, F&& f) {
  const WindowAxis &v = s.window.y, &h = s.window.x;
  int64_t cell = s.channels / s.groups * s.filters;
  for (int64_t ky = 0; ky < v.size; ++ky)
    for (int64_t kx = 0; kx < h.size; ++kx)
      each_inside(v, ky, [&](int64_t oy, int64_t iy) {
        each_inside(h, kx, [&](int64_t ox, int64_t ix) {
          f(x + (iy * h.n + ix) * s.channels, w + (ky * h.size + kx) * cell, y + (oy * h.out + ox) * s.filters);
        });
      });
}

template <class T> void direct_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* y) {
  int64_t c = s.channels / s.groups, f = s.filters / s.groups;
  parallel_tasks(s.n, [&](int64_t i) {
    T* image = y + i * s.y_image();
    for (int64_t k = 0; k < s.y_image(); ++k) image[k] = bias ? bias[k % s.filters] : T(0);
    each_meeting(s, x + i * s.x_image(), w, image, [&](const T* from, const T* cell, T* to) {
      for (int64_t g = 0; g < s.groups; ++g)
        for (int64_t a = 0; a < c; ++a)
          for (int64_t b = 0; b < f; ++b) to[g * f + b] += from[g * c + a] * cell[a * s.filters + g * f + b];
    });
  });
}

template <class T> void direct_input_grad(const ConvShape& s, const T* gy, const T* w, T* gx) {
  int64_t c = s.channels / s.groups, f = s.filters / s.groups;
  parallel_tasks(s.n, [&](int64_t i) {
    std::fill_n(gx + i * s.x_image(), s.x_image(), T(0));
    each_meeting(s, gx + i * s.x_image(), w, gy + i * s.y_image(), [&](T* to, const T* cell, const T* from) {
      for (int64_t g = 0; g < s.groups; ++g)
        for (int64_t a = 0; a < c; ++a) {
          T sum = 0;
          for (int64_t b = 0; b < f; ++b) sum += from[g * f + b] * cell[a * s.filters + g * f + b];
          to[g * c + a] += sum;
        }
    });
  });
}

// One task a kernel cell: its sum runs over all images in order.
template <class T> void direct_kernel_grad(const ConvShape& s, const T* x, const T* gy, T* gw) {
  int64_t c = s.channels / s.groups, f = s.filters / s.groups, cell = c * s.filters;
  const WindowAxis &v = s.window.y, &h = s.window.x;
  std::fill_n(gw, s.weights(), T(0));
  parallel_tasks(v.size * h.size, [&](int64_t k) {
    T* to = gw + k * cell;
    for (int64_t i = 0; i < s.n; ++i)
      each_inside(v, k / h.size, [&](int64_t oy, int64_t iy) {
        each_inside(h, k % h.size, [&](int64_t ox, int64_t ix) {
          const T* from = x + i * s.x_image() + (iy * h.n + ix) * s.channels;
          const T* g = gy + i * s.y_image() + (oy * h.out + ox) * s.filters;
          for (int64_t b = 0; b < s.groups; ++b)
            for (int64_t a = 0; a < c; ++a)
              for (int64_t j = b * f; j < (b + 1) * f; ++j) to[a * s.filters + j] += from[b * c + a] * g[j];
        });
      });
  });
}

}  // namespace reel
