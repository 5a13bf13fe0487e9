// Rows of tensor/ops/activation.h.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double erf_of(double x) { return std::erf(x); }
double gelu_slope(double x) { return 0.5 * (1 + erf_of(x / std::sqrt(2.))) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }
double gelu_inner(double x) { return std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x); }
double gelu_tanh_slope(double x) {
  double t = std::tanh(gelu_inner(x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
}

const AddElementwise here(ActivationOps{}, {
    {"relu_grad", REEL_F(x[1] > 0 ? x[0] : 0), {{-2, -0.2}}, 0},
    {"relu", REEL_F(x[0] < 0 ? 0 : x[0]), {{-2, -0.2}}, 0},
    {"tanh_grad", REEL_F(x[0] * (1 - x[1] * x[1])), {}, 4, 4},
    {"tanh", REEL_F(std::tanh(x[0])), {{-0.01, 0.01}, {-20, 20}}},
    {"sigmoid_grad", REEL_F(x[0] * (x[1] * (1 - x[1]))), {}, 4, 4},
    {"sigmoid", REEL_F(sigmoid_of(x[0])), {{-80, 80}}},
    {"softplus", REEL_F((x[0] > 0 ? x[0] : 0) + std::log1p(std::exp(-std::fabs(x[0])))), {{-80, 80}}},
    {"gelu_grad", REEL_F(x[0] * gelu_slope(x[1])), {}, 4, 4},
    {"gelu", REEL_F(x[0] * 0.5 * (1 + erf_of(x[0] / std::sqrt(2.)))), {{-6, 6}}, 4, 4},
    {"gelu_tanh_grad", REEL_F(x[0] * gelu_tanh_slope(x[1])), {}, 4, 4},
    {"gelu_tanh", REEL_F(0.5 * x[0] * (1 + std::tanh(gelu_inner(x[0])))), {{-6, 6}}, 4, 4},
    {"silu_grad", REEL_F(x[0] * (sigmoid_of(x[1]) + x[1] * sigmoid_of(x[1]) * (1 - sigmoid_of(x[1])))), {}, 4, 4},
    {"silu", REEL_F(x[0] * sigmoid_of(x[0])), {{-80, 80}}},
    {"leaky_relu", REEL_F(x[0] > 0 ? x[0] : 0.2 * x[0]), {{-2, -0.2}}, 1},
    {"elu", REEL_F(x[0] > 0 ? x[0] : std::expm1(x[0])), {{-20, -0.2}}},
});

}  // namespace
}  // namespace reel::test
