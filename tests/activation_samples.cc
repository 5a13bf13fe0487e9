// Rows of tensor/ops/activation.h.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double normal(double x) { return double(0.5L * std::erfc(-x / std::sqrt(2.L))); }
double gelu_slope(double x) { return normal(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }
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
    {"log_sigmoid", REEL_F((x[0] < 0 ? x[0] : 0) - std::log1p(std::exp(-std::fabs(x[0])))), {{-80, 80}}},
    {"mish", REEL_F(x[0] * std::tanh(std::log1p(std::exp(x[0])))), {{-80, 80}}, 8},
    {"gelu_grad", REEL_F(x[0] * gelu_slope(x[1])), {}, 8, 4},  // float64 adds what an erfc and an exp are off by
    {"gelu", REEL_F(x[0] * normal(x[0])), {{-6, 6}}, 40},  // x / sqrt(2) is rounded before erfc in float64
    {"gelu_tanh_grad", REEL_F(x[0] * gelu_tanh_slope(x[1])), {}, 4, 4},
    {"gelu_tanh", REEL_F(0.5 * x[0] * (1 + std::tanh(gelu_inner(x[0])))), {{-6, 6}}, 4, 4},
    {"silu_grad", REEL_F(x[0] * (sigmoid_of(x[1]) + x[1] * sigmoid_of(x[1]) * (1 - sigmoid_of(x[1])))), {}, 4, 4},
    {"silu", REEL_F(x[0] * sigmoid_of(x[0])), {{-80, 80}}},
    {"leaky_relu", REEL_F(x[0] > 0 ? x[0] : 0.2 * x[0]), {{-2, -0.2}}, 1},
    {"elu", REEL_F(x[0] > 0 ? x[0] : std::expm1(x[0])), {{-20, -0.2}}},
});

const AddRows formulas({
    {.name = "selu", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return selu(x[0]); },
     .formula = each_element(REEL_F(1.0507009873554805 * (x[0] > 0 ? x[0] : 1.6732632423543772 * std::expm1(x[0])))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "hard_sigmoid", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return hard_sigmoid(x[0]); },
     .formula = each_element(REEL_F(std::fmin(std::fmax(x[0] / 6 + 0.5, 0), 1))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "relu6", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return relu6(x[0]); },
     .formula = each_element(REEL_F(std::fmin(std::fmax(x[0], 0), 6))), .low = 0.5, .high = 7, .types = kNumbers, .ulps = 8, .atol = 8},
    {.name = "softsign", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return softsign(x[0]); },
     .formula = each_element(REEL_F(x[0] / (1 + std::fabs(x[0])))), .low = 0.1, .high = 2, .types = kNumbers, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "celu", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return celu(x[0], 1.5); },
     .formula = each_element(REEL_F(x[0] > 0 ? x[0] : 1.5 * std::expm1(x[0] / 1.5))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "hard_tanh", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return hard_tanh(x[0], -3, 3); },
     .formula = each_element(REEL_F(std::fmin(std::fmax(x[0], -3), 3))), .low = -2, .high = 2, .types = kNumbers, .ulps = 8, .atol = 8},
    {.name = "hard_silu", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return hard_silu(x[0]); },
     .formula = each_element(REEL_F(x[0] * std::fmin(std::fmax(x[0] / 6 + 0.5, 0), 1))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "threshold", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return threshold(x[0], 0.1, 3); },
     .formula = each_element(REEL_F(x[0] > 0.1 ? x[0] : 3)), .low = 0.2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "hard_shrink", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return hard_shrink(x[0], 0.5); },
     .formula = each_element(REEL_F(std::fabs(x[0]) <= 0.5 ? 0 : x[0])), .low = 0.6, .high = 2, .types = kNumbers, .ulps = 8, .atol = 8},
    {.name = "soft_shrink", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return soft_shrink(x[0], 1); },
     .formula = each_element(REEL_F(x[0] > 1 ? x[0] - 1 : x[0] < -1 ? x[0] + 1 : 0)), .low = 1.1, .high = 3, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "tanh_shrink", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return tanh_shrink(x[0]); },
     .formula = each_element(REEL_F(x[0] - std::tanh(x[0]))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "prelu", .shapes = {{4, 5}, {4, 5}}, .call = [](const Tensors& x) { return prelu(x[0], x[1]); },
     .formula = each_element(REEL_F(x[0] > 0 ? x[0] : x[1] * x[0])), .low = -2, .high = 2, .types = kAny, .ulps = 8, .atol = 8},
    {.name = "sparse_sigmoid", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return sparse_sigmoid(x[0]); },
     .formula = each_element(REEL_F(std::fmin(std::fmax((x[0] + 1) / 2, 0), 1))), .low = -0.9, .high = 0.9, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "sparse_plus", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return sparse_plus(x[0]); },
     .formula = each_element(REEL_F(x[0] <= -1 ? 0 : x[0] >= 1 ? x[0] : (x[0] + 1) * (x[0] + 1) / 4)), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "squareplus", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return squareplus(x[0], 4); },
     .formula = each_element(REEL_F((x[0] + std::sqrt(x[0] * x[0] + 4)) / 2)), .low = -2, .high = 2, .types = kNumbers, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "logit", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return logit(x[0], 1e-3); },
     .formula = each_element(REEL_F(std::log(std::fmin(std::fmax(x[0], 1e-3), 1 - 1e-3) / (1 - std::fmin(std::fmax(x[0], 1e-3), 1 - 1e-3))))), .low = 0.1, .high = 0.9, .types = kAny, .answers = float_of, .ulps = 16, .atol = 64},
    {.name = "glu", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return glu(x[0]); },
     .formula = [](const Arrays& a) {
       Array y({3, 2});
       y.each([&](const std::vector<int64_t>& i) { y(i) = a[0](i) * sigmoid_of(a[0]({i[0], i[1] + 2})); });
       return y;
     }, .answers = float_of},
    {.name = "entr", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return entr(x[0]); },
     .formula = each_element(REEL_F(x[0] < 0 ? -INFINITY : x[0] == 0 ? 0 : -x[0] * std::log(x[0]))), .low = 0.2, .high = 3, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
});

}  // namespace
}  // namespace reel::test
