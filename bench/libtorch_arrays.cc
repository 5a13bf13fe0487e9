// The peer's rows of arrays.cc.
#include <torch/torch.h>

#include "bench/groups.h"
#include "bench/rows.h"

namespace reel::bench {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;
constexpr int64_t kMany = 1000000;

void ordered() {
  Tensor x = torch::rand({kMany}), places = torch::randint(kMany, {kMany}), y, at;
  {
    torch::NoGradGuard no_grad;
    op_row("sort_1e6", [&] { std::tie(y, at) = torch::sort(x); });
    op_row("topk_1e6", [&] { std::tie(y, at) = torch::topk(x, 100); });
    op_row("take_1e6", [&] { y = x.index_select(0, places); });
    op_row("cumsum_1e6", [&] { y = x.cumsum(0); });
  }
  Tensor given = torch::rand({kMany}), w = x.clone().requires_grad_();
  auto both = [&](const char* name, auto&& f) {
    op_row(name, [&] {
      f().backward(given);
      w.mutable_grad().reset();
    });
  };
  both("sort_1e6_fwdbwd", [&] { return std::get<0>(torch::sort(w)); });
  both("take_1e6_fwdbwd", [&] { return w.index_select(0, places); });
  both("cumsum_1e6_fwdbwd", [&] { return w.cumsum(0); });
}

void transforms() {
  torch::NoGradGuard no_grad;
  Tensor z = torch::complex(torch::rand({kMany}), torch::rand({kMany})), x = torch::rand({64, 4096}), y;
  op_row("fft_1e6", [&] { y = torch::fft::fft(z); });
  op_row("rfft_64x4096", [&] { y = torch::fft::rfft(x); });
}

void small_tensors() {
  if (!wanted("adam_1000x64")) return;
  Tensors variables, gradients;
  for (int i = 0; i < 1000; ++i) {
    variables.push_back(torch::rand({64}, torch::requires_grad()));
    gradients.push_back(torch::rand({64}));
  }
  torch::optim::Adam adam(variables, torch::optim::AdamOptions(1e-3));
  op_row("adam_1000x64", [&] {
    for (size_t i = 0; i < variables.size(); ++i) variables[i].mutable_grad() = gradients[i];
    adam.step();
    adam.zero_grad();
  });
}

}  // namespace

void array_rows() {
  ordered();
  transforms();
  small_tensors();
}

}  // namespace reel::bench
