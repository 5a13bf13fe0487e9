#pragma once
// A user's function of tensors, owned: what custom gradients, checkpoints and transformations are given.
#include <array>
#include <atomic>
#include <type_traits>
#include <utility>

#include "tensor/tensor.h"

namespace reel {
namespace detail {

inline Tensors as_tensors(Tensor y) {
  Tensors all;
  all.push_back(std::move(y));
  return all;
}
inline Tensors as_tensors(Tensors y) { return y; }
template <size_t kCount> Tensors as_tensors(const std::array<Tensor, kCount>& y) { return {y.begin(), y.end()}; }

// f(const Tensors&), or f with one to four tensors.
template <class F> constexpr int arity() {
  if constexpr (std::is_invocable_v<F&, const Tensor&>) return 1;
  else if constexpr (std::is_invocable_v<F&, const Tensor&, const Tensor&>) return 2;
  else if constexpr (std::is_invocable_v<F&, const Tensor&, const Tensor&, const Tensor&>) return 3;
  else if constexpr (std::is_invocable_v<F&, const Tensor&, const Tensor&, const Tensor&, const Tensor&>) return 4;
  else return 0;
}
[[noreturn]] void wrong_count(int takes, size_t given);
template <class F> auto call(F& f, const Tensors& x) {
  constexpr int n = arity<F>();
  if constexpr (n > 0)
    if (x.size() != size_t(n)) wrong_count(n, x.size());
  if constexpr (n == 1) return f(x[0]);
  else if constexpr (n == 2) return f(x[0], x[1]);
  else if constexpr (n == 3) return f(x[0], x[1], x[2]);
  else if constexpr (n == 4) return f(x[0], x[1], x[2], x[3]);
  else return f(x);
}

}  // namespace detail

// Any callable from tensors to a Tensor or Tensors: taking const Tensors&, or one to four tensors. Copies share it.
class Function {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Function>)
  Function(F&& f) : held_(new Holds<std::decay_t<F>>(std::forward<F>(f))) {}
  Function(const Function& o) : held_(o.held_) { held_->refs.fetch_add(1, std::memory_order_relaxed); }
  Function& operator=(const Function& o) {
    Function copy(o);
    std::swap(held_, copy.held_);
    return *this;
  }
  ~Function() {
    if (held_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete held_;
  }
  Tensors operator()(const Tensors& x) const { return held_->call(x); }

 private:
  struct Held {
    std::atomic<int> refs{1};
    virtual ~Held() = default;
    virtual Tensors call(const Tensors& x) = 0;
  };
  template <class F> struct Holds final : Held {
    F f;
    template <class G> explicit Holds(G&& g) : f(std::forward<G>(g)) {}
    Tensors call(const Tensors& x) override { return detail::as_tensors(detail::call(f, x)); }
  };
  Held* held_;
};

}  // namespace reel
