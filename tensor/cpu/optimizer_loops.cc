// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/optimizer_loops.h"
#include "tensor/cpu/level.h"

#include <limits>

#include "tensor/math.h"

namespace reel {
namespace {

template <class T> [[gnu::always_inline]] inline T flushed(T x) { return math::abs(x) < std::numeric_limits<T>::min() ? T(0) : x; }

template <UpdateRule R, class T> void sgd(const UpdateNumbers& numbers, void* const* at, int64_t n) {
  T* w = static_cast<T*>(at[0]);
  const T* gradient = static_cast<const T*>(at[1]);
  T* v = static_cast<T*>(at[2]);
  const T rate = T(numbers.rate), keep = T(numbers.keep), scale = T(numbers.gradient_scale), momentum = T(numbers.beta_1);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T g = gradient[i] * scale;
    if constexpr (R == UpdateRule::kSgd) {
      w[i] = math::fma(w[i], keep, -rate * g);
    } else {
      T next = flushed(momentum * v[i] - rate * g);
      v[i] = next;
      w[i] = math::fma(w[i], keep, R == UpdateRule::kNesterov ? momentum * next - rate * g : next);
    }
  }
}

template <bool kAmsgrad, class T> void adam(const UpdateNumbers& numbers, void* const* at, int64_t n) {
  T* w = static_cast<T*>(at[0]);
  const T* gradient = static_cast<const T*>(at[1]);
  T *m = static_cast<T*>(at[2]), *v = static_cast<T*>(at[3]), *top = static_cast<T*>(at[4]);
  const T rate = T(numbers.rate), keep = T(numbers.keep), scale = T(numbers.gradient_scale);
  const T b1 = T(1 - numbers.beta_1), b2 = T(1 - numbers.beta_2), epsilon = T(numbers.epsilon);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T g = gradient[i] * scale;
    T mi = flushed(math::fma(g - m[i], b1, m[i])), vi = flushed(math::fma(math::fma(g, g, -v[i]), b2, v[i]));
    m[i] = mi;
    v[i] = vi;
    if constexpr (kAmsgrad) top[i] = vi = math::maximum(top[i], vi);
    w[i] = math::fma(w[i], keep, -(rate * mi / (math::sqrt(vi) + epsilon)));
  }
}

template <class T> void adagrad(const UpdateNumbers& numbers, void* const* at, int64_t n) {
  T* w = static_cast<T*>(at[0]);
  const T* gradient = static_cast<const T*>(at[1]);
  T* a = static_cast<T*>(at[2]);
  const T rate = T(numbers.rate), keep = T(numbers.keep), scale = T(numbers.gradient_scale), epsilon = T(numbers.epsilon);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T g = gradient[i] * scale, sum = flushed(math::fma(g, g, a[i]));
    a[i] = sum;
    w[i] = math::fma(w[i], keep, -(rate * g / math::sqrt(sum + epsilon)));
  }
}

template <bool kCentered, bool kMomentum, class T> [[gnu::always_inline]] inline void rmsprop_loop(const UpdateNumbers& numbers, void* const* at, int64_t n) {
  T* w = static_cast<T*>(at[0]);
  const T* gradient = static_cast<const T*>(at[1]);
  T *v = static_cast<T*>(at[2]), *mean = static_cast<T*>(at[3]), *momentum = static_cast<T*>(at[4]);
  const T rate = T(numbers.rate), keep = T(numbers.keep), scale = T(numbers.gradient_scale), epsilon = T(numbers.epsilon);
  const T rho = T(numbers.beta_2), rest = T(1 - numbers.beta_2), mu = T(numbers.beta_1);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T g = gradient[i] * scale, vi = flushed(math::fma(rho, v[i], rest * g * g));
    v[i] = vi;
    if constexpr (kCentered) {
      T mi = flushed(math::fma(rho, mean[i], rest * g));
      mean[i] = mi;
      vi -= mi * mi;
      vi = vi < T(0) ? T(0) : vi;  // rounding alone makes a variance negative
    }
    T step = rate * g / math::sqrt(vi + epsilon);
    if constexpr (kMomentum) momentum[i] = step = flushed(math::fma(mu, momentum[i], step));
    w[i] = math::fma(w[i], keep, -step);
  }
}
template <class T> void rmsprop(const UpdateNumbers& numbers, void* const* at, int64_t n) {
  if (at[3] && at[4]) rmsprop_loop<true, true, T>(numbers, at, n);
  else if (at[3]) rmsprop_loop<true, false, T>(numbers, at, n);
  else if (at[4]) rmsprop_loop<false, true, T>(numbers, at, n);
  else rmsprop_loop<false, false, T>(numbers, at, n);
}

template <class T> void install(int type) {
  using R = UpdateRule;
  update_loops[int(R::kSgd)][type] = &sgd<R::kSgd, T>;
  update_loops[int(R::kMomentum)][type] = &sgd<R::kMomentum, T>;
  update_loops[int(R::kNesterov)][type] = &sgd<R::kNesterov, T>;
  update_loops[int(R::kAdam)][type] = &adam<false, T>;
  update_loops[int(R::kAmsgrad)][type] = &adam<true, T>;
  update_loops[int(R::kAdagrad)][type] = &adagrad<T>;
  update_loops[int(R::kRmsprop)][type] = &rmsprop<T>;
}

}  // namespace

void REEL_LEVEL_FUNCTION(optimizer_loops)() {
  install<float>(0);
  install<double>(1);
}
}  // namespace reel
