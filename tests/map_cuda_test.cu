// Functions given to map in a file that nvcc compiles: on the CPU as ever, and on a GPU where there is one.
#include <doctest/doctest.h>

#include <cstdio>

#include "reel.h"

using namespace reel;

namespace {

struct Swish {
  REEL_HD auto operator()(auto x) const { return x / (1.f + exp(-x)); }
};
struct Bent {
  double scale;
  REEL_HD auto operator()(auto a, auto b) const { return where(a > b, a * sin(b), pow(a, 3) / (scale + b * b)); }
};

double distance(const Tensor& a, const Tensor& b) { return max(abs(cast(to(a, cpu()), float64) - cast(to(b, cpu()), float64))).item<double>(); }

// Values and derivatives of the first and second order at a and b, which broadcast, and of a transposed operand.
Tensors answers(const Tensor& x, const Tensor& y) {
  auto swish = map(Swish());
  auto bent = map(Bent{3});
  Tensor a = variable(x), b = variable(y), both = bent(a, b);
  Tensors g = grad(sum(both), {a, b}, {.create_graph = true});
  Tensors h = grad(sum(g[0] * g[0]), {a, b});
  return {swish(a), both, grad(sum(swish(a)), {a})[0], g[0], g[1], h[0], h[1], swish(transpose(a)), bent(transpose(a), b)};
}

}  // namespace

TEST_CASE("map: a file compiled by nvcc has the CPU's kernels, of structs and of lambdas") {
  auto lambda = map([](auto x) { return x / (1.f + exp(-x)); });
  for (DType t : {float32, float64}) {
    Tensor x = cast(linspace(-6, 6, 101), t);
    double most = t == float32 ? 2e-6 : 1e-14;
    CHECK(distance(map(Swish())(x), x * sigmoid(x)) < most);
    CHECK(distance(lambda(x), x * sigmoid(x)) < most);
  }
}

TEST_CASE("map: on a GPU as on the CPU") {
  if (!available(reel::cuda())) {
    std::puts("skipped: no GPU");
    return;
  }
  for (DType t : {float32, float64, float16, bfloat16}) {
    CAPTURE(name(t));
    Tensor x = cast(reshape(linspace(-2, 2, 6 * 6, float64), {6, 6}), t), y = cast(linspace(-1.9, 1.7, 6, float64), t);
    Tensors host = answers(x, y), device = answers(to(x, reel::cuda()), to(y, reel::cuda()));
    for (size_t i = 0; i < host.size(); ++i) {
      CAPTURE(i);
      CHECK(device[i].device() == reel::cuda());
      CHECK(device[i].dtype() == host[i].dtype());
      CHECK(distance(device[i], host[i]) < (t == float64 ? 1e-12 : t == float32 ? 2e-4 : t == float16 ? 0.1 : 0.8));
    }
  }
  CHECK_THROWS_WITH_AS(map([](auto x) { return -x; })(to(ones({2}), reel::cuda())), doctest::Contains("map: no cuda kernel (has: cpu): for one, give map a plain struct"),
                       DeviceError);
}
