// The largest error of each unary elementwise function of float32, in units in the last place of the exact answer, over every STRIDE-th
// of the 2^32 floats: prints "name ulps argument".   Usage: accuracy [STRIDE]   ./dev accuracy writes docs/accuracy.md from it.
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "tensor/ops/activation.h"
#include "tensor/ops/create.h"
#include "tensor/ops/error_function.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/gamma.h"
#include "tensor/ops/trigonometric.h"

using namespace reel;

namespace {

struct Function {
  const char* name;
  Tensor (*ours)(const Tensor& x);
  double (*exact)(double x);  // float64 is 2^29 times finer
};

#define REEL_SAME(fn) {#fn, [](const Tensor& x) { return reel::fn(x); }, [](double x) -> double { return std::fn(x); }}
#define REEL_AS(fn, expression) {#fn, [](const Tensor& x) { return reel::fn(x); }, [](double x) -> double { return expression; }}

double sigmoid_of(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
double normal_of(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }

const Function kFunctions[] = {
    REEL_SAME(exp), REEL_SAME(exp2), REEL_SAME(expm1), REEL_SAME(log), REEL_SAME(log2), REEL_SAME(log10), REEL_SAME(log1p), REEL_SAME(sqrt),
    REEL_AS(rsqrt, 1 / std::sqrt(x)), REEL_SAME(cbrt), REEL_AS(reciprocal, 1 / x), REEL_AS(square, x * x),
    REEL_SAME(sin), REEL_SAME(cos), REEL_SAME(tan), REEL_AS(arcsin, std::asin(x)), REEL_AS(arccos, std::acos(x)), REEL_AS(arctan, std::atan(x)),
    REEL_SAME(sinh), REEL_SAME(cosh), REEL_SAME(tanh), REEL_AS(arcsinh, std::asinh(x)), REEL_AS(arccosh, std::acosh(x)),
    REEL_AS(arctanh, std::atanh(x)),
    REEL_SAME(erf), REEL_SAME(erfc), REEL_AS(ndtr, normal_of(x)), REEL_AS(gammaln, std::lgamma(x)),
    REEL_AS(sigmoid, sigmoid_of(x)), REEL_AS(softplus, x > 40 ? x : std::log1p(std::exp(x))), REEL_AS(silu, x < -800 ? -0. : x * sigmoid_of(x)),
    {"gelu", [](const Tensor& x) { return gelu(x); }, [](double x) -> double { return x < -50 ? -0. : x * normal_of(x); }},
    {"elu", [](const Tensor& x) { return elu(x); }, [](double x) -> double { return x > 0 ? x : std::expm1(x); }},
};

double ulps(float got, double exact) {
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  double largest = std::numeric_limits<float>::max(), magnitude = std::fabs(exact);
  if (std::isinf(got)) return magnitude > largest * (1 - 0x1p-26) && std::signbit(got) == std::signbit(exact) ? 0 : std::numeric_limits<double>::infinity();
  if (std::isinf(exact)) return std::numeric_limits<double>::infinity();
  int exponent = magnitude < 0x1p-126 ? -126 : std::ilogb(magnitude);
  return std::fabs(double(got) - exact) / std::ldexp(1., exponent - 23);
}

}  // namespace

int main(int arguments, char** argument) {
  uint64_t stride = arguments > 1 ? std::strtoull(argument[1], nullptr, 10) : 1021;
  if (stride == 0) stride = 1;
  NoGrad no_grad;
  constexpr int64_t kChunk = 1 << 16;
  for (const Function& f : kFunctions) {
    double worst = 0;
    float where = 0;
    Tensor x = empty({kChunk});
    for (uint64_t bits = 0; bits < uint64_t(1) << 32;) {
      int64_t n = 0;
      for (; n < kChunk && bits < uint64_t(1) << 32; ++n, bits += stride) x.raw<float>()[n] = std::bit_cast<float>(uint32_t(bits));
      Tensor y = f.ours(x);
      for (int64_t i = 0; i < n; ++i) {
        float at = x.raw<float>()[i];
        double error = ulps(y.raw<float>()[i], f.exact(double(at)));
        if (error > worst) worst = error, where = at;
      }
    }
    std::printf("%s %.2f %.9g\n", f.name, worst, double(where));
    std::fflush(stdout);
  }
}
