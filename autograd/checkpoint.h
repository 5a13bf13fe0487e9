#pragma once
// Memory for time: a function whose intermediate values are computed again when the replay comes to it.
#include <string_view>

#include "autograd/function.h"

namespace reel {

struct CheckpointOptions {
  // Ops whose results are kept all the same, by name: products are worth more than the activations between them.
  bool (*keep)(std::string_view op) = nullptr;
  bool verify = false;  // compare the second run's results with the first's bit by bit, not by shape and dtype alone
};
// For .keep: matrix products and convolutions.
bool keep_products(std::string_view op);

namespace detail {
Tensors run_checkpoint(const Function& f, const Tensors& inputs, const CheckpointOptions& options, Where where);
}

// f(inputs), with nothing kept on the tape but the inputs. The replay runs f again with the same random numbers and mode (training),
// then takes its gradient, also for variables that f captures, to any order. f must compute the same again: another
// number, kind or shape of results, other ops and inputs written to in place are errors; other values of captured constants show with
// .verify only. f cannot call grad itself. Checkpoints nest. Within vmap and jvp it is f itself.
template <class F> auto checkpoint(F f, const Tensors& inputs, CheckpointOptions options = {}, Where where = {}) {
  Tensors y = detail::run_checkpoint(f, inputs, options, where);
  if constexpr (std::is_same_v<decltype(detail::call(f, inputs)), Tensor>) return Tensor(std::move(y[0]));
  else return y;
}
template <class F> auto checkpoint(F f, const Tensor& x, CheckpointOptions options = {}, Where where = {}) {
  return checkpoint(std::move(f), Tensors{x}, options, where);
}

}  // namespace reel
