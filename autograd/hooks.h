#pragma once
// Functions of the user that a replay calls on its way. For one tensor the order is PyTorch's: its gradient hooks as they were
// registered, what retains its gradient, the node's hooks before it, the node, (of a variable) what follows the accumulation, the
// node's hooks after it.
#include "autograd/function.h"

namespace reel {

// A registered function; copies name the same one. Letting go of the handle does not remove it.
class Hook {
 public:
  Hook() = default;
  explicit Hook(struct HookEntry* entry);  // takes the entry over
  Hook(const Hook& o);
  Hook& operator=(Hook o);
  ~Hook();
  // It is not called any more; a hook may remove itself.
  void remove();

 private:
  struct HookEntry* entry_ = nullptr;
};

namespace detail {
template <class F, class... A> Tensors hooked(F& f, const A&... a) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, const A&...>>) {
    f(a...);
    return {};
  } else {
    return as_tensors(f(a...));
  }
}
size_t inputs_of(const Tensor& x);  // of the op that made x
}  // namespace detail

// f(gradient of x) once everything that reaches x has been summed; may answer another gradient of the same shape, dtype and device.
// A replay calls it when it reaches x, also one that asks for x's gradient only. x is a variable or recorded.
Hook on_gradient_function(const Tensor& x, Function f, Where where = {});
template <class F> Hook on_gradient(const Tensor& x, F f, Where where = {}) {
  return on_gradient_function(x, [f](const Tensors& g) mutable { return detail::hooked(f, g[0]); }, where);
}
// f(variable) after backward has added to its gradient; f may read, replace or clear gradient(variable). When one throws, all gradients
// are as they were before that backward.
Hook after_accumulation_function(const Tensor& variable, Function f, Where where = {});
template <class F> Hook after_accumulation(const Tensor& variable, F f, Where where = {}) {
  return after_accumulation_function(variable, [f](const Tensors& v) mutable { return detail::hooked(f, v[0]); }, where);
}
// f(gradients of the outputs) before the gradient rule of the op that made x runs; may answer others. Absent gradients are empty.
Hook before_node_function(const Tensor& x, Function f, Where where = {});
template <class F> Hook before_node(const Tensor& x, F f, Where where = {}) {
  return before_node_function(x, [f](const Tensors& g) mutable { return detail::hooked(f, g); }, where);
}
// f(gradients of the inputs, gradients of the outputs) after it ran; may answer other gradients of the inputs.
Hook after_node_function(const Tensor& x, Function f, Where where = {});
template <class F> Hook after_node(const Tensor& x, F f, Where where = {}) {
  auto inputs = std::ptrdiff_t(detail::inputs_of(x));
  return after_node_function(x, [f, inputs](const Tensors& both) mutable {
    return detail::hooked(f, Tensors(both.begin(), both.begin() + inputs), Tensors(both.begin() + inputs, both.end()));
  }, where);
}
// backward also leaves gradient(x) on a recorded x that is no variable.
void retain_gradient(const Tensor& x, Where where = {});

}  // namespace reel
