// Rows of tensor/ops/arithmetic.h.
#include <cmath>
#include <numeric>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(ArithmeticOps{}, {
    {"add", REEL_F(x[0] + x[1]), {}, 1, 1},
    {"negative", REEL_F(-x[0]), {}, 0},
    {"subtract", REEL_F(x[0] - x[1]), {}, 1, 1},
    {"multiply", REEL_F(x[0] * x[1]), {}, 1},
    {"gated_multiply", REEL_F(x[0] == 0 ? 0 : x[0] * x[1]), {}, 1},
    {"reciprocal", REEL_F(1 / x[0]), {{-3, -0.3}}, 1},
    {"divide", REEL_F(x[0] / x[1]), {{-3, -0.3}}, 1},
    {"floor_divide", REEL_F(std::floor(x[0] / x[1])), {{-3, -0.3}}, 0},
    {"remainder", REEL_F(x[0] - std::floor(x[0] / x[1]) * x[1]), {{-3, -0.3}}, 1, 4},
    {"power", REEL_F(std::pow(x[0], x[1])), {}, 2},
    {"maximum", REEL_F(std::fmax(x[0], x[1])), {}, 0},
    {"minimum", REEL_F(std::fmin(x[0], x[1])), {}, 0},
    {"abs", REEL_F(std::fabs(x[0])), {{-2, -0.2}}, 0},
    {"sign", REEL_F(std::isnan(x[0]) ? x[0] : double(x[0] > 0) - double(x[0] < 0)), {{-2, -0.2}}, 0},
    {"square", REEL_F(x[0] * x[0]), {}, 1},
    {"fmod", REEL_F(std::fmod(x[0], x[1])), {{-3, -0.3}}, 1, 4},
    {"fmax", REEL_F(std::fmax(x[0], x[1])), {}, 0},
    {"fmin", REEL_F(std::fmin(x[0], x[1])), {}, 0},
    {"copysign", REEL_F(std::copysign(x[0], x[1])), {{-2, -0.2}}, 0},
    {"nextafter", REEL_F(x[0]), {}, 1, 1},
    {"hypot", REEL_F(std::hypot(x[0], x[1])), {{-2, -0.2}}, 2},
    {"gcd", REEL_F(double(std::gcd(int64_t(x[0]), int64_t(x[1])))), {}, 0},
    {"lcm", REEL_F(double(std::lcm(int64_t(x[0]), int64_t(x[1])))), {}, 0},
});

const AddRows formulas({
    {.name = "lerp", .shapes = {{4, 5}, {4, 5}}, .call = [](const Tensors& x) { return lerp(x[0], x[1], 0.25); },
     .formula = each_element(REEL_F(x[0] + 0.25 * (x[1] - x[0]))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "addcmul", .shapes = {{4, 5}, {4, 5}, {4, 5}}, .call = [](const Tensors& x) { return addcmul(x[0], x[1], x[2], 0.5); },
     .formula = each_element(REEL_F(x[0] + 0.5 * x[1] * x[2])), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "addcdiv", .shapes = {{4, 5}, {4, 5}, {4, 5}}, .call = [](const Tensors& x) { return addcdiv(x[0], x[1], x[2], 0.5); },
     .formula = each_element(REEL_F(x[0] + 0.5 * x[1] / x[2])), .low = 1, .high = 3, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "ldexp", .shapes = {{4, 5}, {4, 5}}, .call = [](const Tensors& x) { return ldexp(x[0], x[1]); },
     .formula = each_element(REEL_F(x[0] * std::exp2(x[1]))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "divmod", .shapes = {{4, 5}, {4, 5}}, .call = [](const Tensors& x) { return divmod(x[0], x[1]).first; },
     .formula = each_element(REEL_F(std::floor(x[0] / x[1]))), .low = 1, .high = 3, .types = kNumbers, .ulps = 0, .atol = 0},
    {.name = "float_power", .shapes = {{4, 5}, {4, 5}}, .call = [](const Tensors& x) { return float_power(x[0], x[1]); },
     .formula = each_element(REEL_F(std::pow(x[0], x[1]))), .low = 1, .high = 3, .types = kAny, .answers = [](DType) { return float64; }, .ulps = 8, .atol = 8},
    {.name = "float_power scalar base", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return float_power(2, x[0]); },
     .formula = each_element(REEL_F(std::pow(2, x[0]))), .low = -2, .high = 2, .types = kAny, .answers = [](DType) { return float64; }, .ulps = 8, .atol = 8},
});

}  // namespace
}  // namespace reel::test
