#pragma once
// A user's function with a gradient of the user's own.
#include "autograd/function.h"

namespace reel {
namespace detail {
// Which of (gradients), (gradients, inputs), (gradients, inputs, outputs) a backward takes: what it does not take the tape does not keep.
enum class Wants : uint8_t { kGradients, kInputs, kOutputs };
template <class B, class T> constexpr bool takes() {
  return std::is_invocable_v<B&, const T&> || std::is_invocable_v<B&, const T&, const T&> || std::is_invocable_v<B&, const T&, const T&, const T&>;
}
template <class B, class T> constexpr Wants wants() {
  if constexpr (std::is_invocable_v<B&, const T&>) return Wants::kGradients;
  else if constexpr (std::is_invocable_v<B&, const T&, const T&>) return Wants::kInputs;
  else return Wants::kOutputs;
}
template <class B, class T> auto call_backward(B& b, const T& g, const T& x, const T& y) {
  if constexpr (wants<B, T>() == Wants::kGradients) return b(g);
  else if constexpr (wants<B, T>() == Wants::kInputs) return b(g, x);
  else return b(g, x, y);
}
// backward sees {gradients, inputs, outputs} one after the other, each list as long as it is: those it does not want hold empty tensors.
Tensors apply_custom(const Function& forward, const Function& backward, Wants wants, const Tensors& inputs, const char* name, Where where);
// Where the lists begin in what backward sees now, on this thread.
struct CustomCounts { size_t outputs, inputs; };
CustomCounts custom_counts();
}  // namespace detail

// y = forward(x...) whose gradient is backward's answer: one tensor for each input, of its shape; an empty one means none. forward runs
// unrecorded and may use anything. backward takes
//   (gy), (gy, x) or (gy, x, y) as Tensor, for one input and one output, or as Tensors in any case;
// written in ops it has gradients itself. A function that captures its own output keeps itself alive: take it as y instead.
//   auto clipped = custom_gradient([](const Tensor& x) { return x; }, [](const Tensor& gy) { return clip(gy, -1, 1); });
//   Tensor y = clipped(x);
template <class F, class B> class CustomGradient {
 public:
  CustomGradient(F forward, B backward)
      : forward_(std::move(forward)), backward_([b = std::move(backward)](const Tensors& all) mutable {
          if constexpr (detail::takes<B, Tensors>()) {
            auto [m, n] = detail::custom_counts();
            auto x = all.begin() + std::ptrdiff_t(m), y = x + std::ptrdiff_t(n);
            return detail::as_tensors(detail::call_backward<B, Tensors>(b, Tensors(all.begin(), x), Tensors(x, y), Tensors(y, all.end())));
          } else {
            return detail::as_tensors(detail::call_backward<B, Tensor>(b, all[0], all[1], all[2]));
          }
        }) {}
  // A Tensor for a forward that answers one, else Tensors.
  auto operator()(const Tensors& x, Where where = {}) const { return answer(x, where); }
  auto operator()(const Tensor& a, Where where = {}) const { return answer({a}, where); }
  auto operator()(const Tensor& a, const Tensor& b, Where where = {}) const { return answer({a, b}, where); }
  auto operator()(const Tensor& a, const Tensor& b, const Tensor& c, Where where = {}) const { return answer({a, b, c}, where); }

 private:
  auto answer(const Tensors& x, Where where) const {
    constexpr auto wants = detail::takes<B, Tensors>() ? detail::wants<B, Tensors>() : detail::wants<B, Tensor>();
    Tensors y = detail::apply_custom(forward_, backward_, wants, x, "custom_gradient", where);
    if constexpr (std::is_same_v<decltype(detail::call(std::declval<F&>(), x)), Tensor>) return std::move(y[0]);
    else return y;
  }
  Function forward_, backward_;
};
template <class F, class B> auto custom_gradient(F forward, B backward) { return CustomGradient<F, B>(std::move(forward), std::move(backward)); }

// x as a constant: no gradient passes. Keras's name for detach.
Tensor stop_gradient(const Tensor& x, Where where = {});

}  // namespace reel
