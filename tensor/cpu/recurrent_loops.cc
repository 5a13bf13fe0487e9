// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/recurrent_loops.h"

#include "tensor/cpu/level.h"
#include "tensor/cpu/vector.h"
#include "tensor/math.h"

namespace reel {
namespace {

template <class T> void lstm(int64_t n, void* g, const void* before, void* to_c, void* to_h) {
  T *gates = static_cast<T*>(g), *c = static_cast<T*>(to_c), *h = static_cast<T*>(to_h);
  const T* c_before = static_cast<const T*>(before);
#pragma GCC ivdep
  for (int64_t k = 0; k < n; ++k) {
    T i = math::sigmoid(gates[k]), f = math::sigmoid(gates[n + k]), a = math::tanh(gates[2 * n + k]), o = math::sigmoid(gates[3 * n + k]);
    T next = f * c_before[k] + i * a;
    gates[k] = i, gates[n + k] = f, gates[2 * n + k] = a, gates[3 * n + k] = o;
    c[k] = next;
    h[k] = o * math::tanh(next);
  }
}

// With kMore the gates have gradients of their own; asked inside the loop it would not be vectorized.
template <bool kMore, class T>
void lstm_grad_loop(int64_t n, const void* g, const void* before, const void* now, const void* h, const void* c_gradient, const void* more, void* to, void* to_c) {
  const T *gates = static_cast<const T*>(g), *c_before = static_cast<const T*>(before), *c = static_cast<const T*>(now);
  const T *gh = static_cast<const T*>(h), *gc = static_cast<const T*>(c_gradient), *gg = static_cast<const T*>(more);
  T *gz = static_cast<T*>(to), *gc_before = static_cast<T*>(to_c);
#pragma GCC ivdep
  for (int64_t k = 0; k < n; ++k) {
    T i = gates[k], f = gates[n + k], a = gates[2 * n + k], o = gates[3 * n + k], t = math::tanh(c[k]);
    T d = gc[k] + gh[k] * o * (T(1) - t * t);
    T gi = d * a, gf = d * c_before[k], ga = d * i, go = gh[k] * t;
    if constexpr (kMore) gi += gg[k], gf += gg[n + k], ga += gg[2 * n + k], go += gg[3 * n + k];
    gz[k] = gi * i * (T(1) - i);
    gz[n + k] = gf * f * (T(1) - f);
    gz[2 * n + k] = ga * (T(1) - a * a);
    gz[3 * n + k] = go * o * (T(1) - o);
    gc_before[k] = d * f;
  }
}
template <class T>
void lstm_grad(int64_t n, const void* g, const void* before, const void* now, const void* h, const void* c_gradient, const void* more, void* to, void* to_c) {
  (more ? lstm_grad_loop<true, T> : lstm_grad_loop<false, T>)(n, g, before, now, h, c_gradient, more, to, to_c);
}

template <class T> void gru(int64_t n, const void* recurrent, const void* before, void* s, void* to) {
  const T *r = static_cast<const T*>(recurrent), *h_before = static_cast<const T*>(before);
  T *saved = static_cast<T*>(s), *h = static_cast<T*>(to);
#pragma GCC ivdep
  for (int64_t k = 0; k < n; ++k) {
    T update = math::sigmoid(saved[k] + r[k]), reset = math::sigmoid(saved[n + k] + r[n + k]), last = r[2 * n + k];
    T candidate = math::tanh(saved[2 * n + k] + reset * last);
    saved[k] = update, saved[n + k] = reset, saved[2 * n + k] = candidate, saved[3 * n + k] = last;
    h[k] = update * h_before[k] + (T(1) - update) * candidate;
  }
}

template <bool kMore, class T>
void gru_grad_loop(int64_t n, const void* s, const void* before, const void* g, const void* more, void* to_z, void* to_r, void* to_h) {
  const T *saved = static_cast<const T*>(s), *h_before = static_cast<const T*>(before), *gh = static_cast<const T*>(g), *gs = static_cast<const T*>(more);
  T *gz = static_cast<T*>(to_z), *gr = static_cast<T*>(to_r), *gh_before = static_cast<T*>(to_h);
#pragma GCC ivdep
  for (int64_t k = 0; k < n; ++k) {
    T u = saved[k], r = saved[n + k], a = saved[2 * n + k], last = saved[3 * n + k];
    T gu = gh[k] * (h_before[k] - a), ga = gh[k] * (T(1) - u);
    if constexpr (kMore) gu += gs[k], ga += gs[2 * n + k];
    ga *= T(1) - a * a;
    T reset = ga * last, gl = ga * r;
    if constexpr (kMore) reset += gs[n + k], gl += gs[3 * n + k];
    gu *= u * (T(1) - u);
    reset *= r * (T(1) - r);
    gz[k] = gu, gz[n + k] = reset, gz[2 * n + k] = ga;
    gr[k] = gl;
    gh_before[k] = gh[k] * u;
  }
}
template <class T>
void gru_grad(int64_t n, const void* s, const void* before, const void* g, const void* more, void* to_z, void* to_r, void* to_h) {
  (more ? gru_grad_loop<true, T> : gru_grad_loop<false, T>)(n, s, before, g, more, to_z, to_r, to_h);
}

template <class T> void tanh_of(int64_t n, void* to) {
  T* h = static_cast<T*>(to);
#pragma GCC ivdep
  for (int64_t k = 0; k < n; ++k) h[k] = math::tanh(h[k]);
}

template <class T> void tanh_grad(int64_t n, const void* of, const void* g, void* to) {
  const T *h = static_cast<const T*>(of), *gh = static_cast<const T*>(g);
  T* gz = static_cast<T*>(to);
  for (int64_t k = 0; k < n; ++k) gz[k] = gh[k] * (T(1) - h[k] * h[k]);
}
template <class T> void add(int64_t n, const void* from, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t k = 0; k < n; ++k) y[k] += x[k];
}

template <class T> void add_rows(int64_t rows, int64_t n, const void* from, int64_t stride, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  int64_t k = 0;
  for (; k + kWide<T> <= n; k += kWide<T>) {
    V<T> sum = load<V<T>>(y + k);
    for (int64_t r = 0; r < rows; ++r) sum += load<V<T>>(x + r * stride + k);
    store(y + k, sum);
  }
  for (; k < n; ++k)
    for (int64_t r = 0; r < rows; ++r) y[k] += x[r * stride + k];
}

template <class T> constexpr RecurrentLoops loops() { return {&lstm<T>, &lstm_grad<T>, &gru<T>, &gru_grad<T>, &tanh_of<T>, &tanh_grad<T>, &add<T>, &add_rows<T>}; }

}  // namespace

void REEL_LEVEL_FUNCTION(recurrent_loops)() {
  recurrent_loops[0] = loops<float>();
  recurrent_loops[1] = loops<double>();
}
}  // namespace reel
