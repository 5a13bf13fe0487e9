// Rows of tensor/ops/rounding.h.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(RoundingOps{}, {
    {"floor", REEL_F(std::floor(x[0])), {{-7.8, -7.2}}, 0},
    {"ceil", REEL_F(std::ceil(x[0])), {{-7.8, -7.2}}, 0},
    {"trunc", REEL_F(std::trunc(x[0])), {{-7.8, -7.2}}, 0},
    {"round", REEL_F(std::nearbyint(x[0])), {{-7.4, -6.6}}, 0},
    {"clip", REEL_F(x[0] < -1 ? -1 : x[0] > 1 ? 1 : x[0]), {{1.1, 3}, {-3, -1.1}}, 0},
});

const AddRows formulas({
    {.name = "round to decimals", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return round(x[0], 1); },
     .formula = each_element(REEL_F(std::nearbyint(x[0] * 10) / 10)), .low = 0.26, .high = 0.34, .types = kNumbers, .ulps = 8, .atol = 8},
    {.name = "frac", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return frac(x[0]); },
     .formula = each_element(REEL_F(x[0] - std::trunc(x[0]))), .low = 0.1, .high = 0.9, .types = kNumbers, .ulps = 8, .atol = 8},
    {.name = "modf", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return modf(x[0]).first; },
     .formula = each_element(REEL_F(x[0] - std::trunc(x[0]))), .low = 0.1, .high = 0.9, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "nan_to_num", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return nan_to_num(x[0], 1, 2, 3); },
     .formula = each_element(REEL_F(x[0])), .low = -2, .high = 2, .types = kAny, .ulps = 8, .atol = 8},
});

}  // namespace
}  // namespace reel::test
