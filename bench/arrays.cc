// The rows on arrays of a million elements: order, places, scans, Fourier transforms; and an optimizer's step over many small tensors.
#include "bench/groups.h"
#include "bench/rows.h"
#include "reel.h"

namespace reel::bench {
namespace {

constexpr int64_t kMany = 1000000;

void ordered() {
  Tensor x = uniform({kMany}, 0, 1), places = randint({kMany}, 0, kMany), y;
  Ranked ranked;
  {
    NoGrad no_grad;
    op_row("sort_1e6", [&] { ranked = sort_with_indices(x); });
    op_row("topk_1e6", [&] { ranked = topk(x, 100); });
    op_row("take_1e6", [&] { y = take(x, places); });
    op_row("cumsum_1e6", [&] { y = cumsum(x, 0); });
  }
  Tensor given = uniform({kMany}, 0, 1), w = variable(x);
  auto both = [&](const char* name, auto&& f) {
    op_row(name, [&] {
      backward(f(), {.gradient = given});
      clear_gradient(w);
    });
  };
  both("sort_1e6_fwdbwd", [&] { return sort(w); });
  both("take_1e6_fwdbwd", [&] { return take(w, places); });
  both("cumsum_1e6_fwdbwd", [&] { return cumsum(w, 0); });
}

void transforms() {
  NoGrad no_grad;
  Tensor z = complex(uniform({kMany}, 0, 1), uniform({kMany}, 0, 1)), x = uniform({64, 4096}, 0, 1), y;
  op_row("fft_1e6", [&] { y = fft::fft(z); });
  op_row("rfft_64x4096", [&] { y = fft::rfft(x); });
}

// The gradients are handed over anew for every step, as a backward pass would.
void small_tensors() {
  if (!wanted("adam_1000x64")) return;
  Tensors variables, gradients;
  for (int i = 0; i < 1000; ++i) {
    variables.push_back(variable(uniform({64}, 0, 1)));
    gradients.push_back(uniform({64}, 0, 1));
  }
  nn::Adam adam({.learning_rate = 1e-3});
  op_row("adam_1000x64", [&] {
    for (size_t i = 0; i < variables.size(); ++i) set_gradient(variables[i], gradients[i]);
    adam.step(variables);
  });
}

}  // namespace

void array_rows() {
  ordered();
  transforms();
  small_tensors();
}

}  // namespace reel::bench
