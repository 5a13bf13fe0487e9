// Rows of tensor/ops/trigonometric.h.
// Where a row names no bound it is the 4 ulp that vector functions promise (tensor/cpu/vector_math.h).
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(TrigonometricOps{}, {
    {"sin", REEL_F(std::sin(x[0])), {{-100, 100}}},
    {"cos", REEL_F(std::cos(x[0])), {{-100, 100}}},
    {"tan", REEL_F(std::tan(x[0]))},
    {"arctan", REEL_F(std::atan(x[0])), {{-100, 100}}},
    {"arctan2", REEL_F(std::atan2(x[0], x[1])), {{-2, -0.2}}},
    {"arcsin", REEL_F(std::asin(x[0]))},
    {"arccos", REEL_F(std::acos(x[0]))},
    {"sinh", REEL_F(std::sinh(x[0])), {{-20, 20}}},
    {"cosh", REEL_F(std::cosh(x[0])), {{-20, 20}}},
    {"arcsinh", REEL_F(std::asinh(x[0])), {{-1e4, 1e4}}},
    {"arccosh", REEL_F(std::acosh(x[0])), {{10, 1e4}}},
    {"arctanh", REEL_F(std::atanh(x[0]))},
});

const AddRows formulas({
    {.name = "sinc", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return sinc(x[0]); },
     .formula = each_element(REEL_F(x[0] == 0 ? 1 : std::sin(M_PI * x[0]) / (M_PI * x[0]))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "sinc near 0", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return sinc(x[0]); },
     .formula = each_element(REEL_F(x[0] == 0 ? 1 : std::sin(M_PI * x[0]) / (M_PI * x[0]))), .low = -0.08, .high = 0.08, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "deg2rad", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return deg2rad(x[0]); },
     .formula = each_element(REEL_F(x[0] * M_PI / 180)), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
    {.name = "rad2deg", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return rad2deg(x[0]); },
     .formula = each_element(REEL_F(x[0] * 180 / M_PI)), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
});

}  // namespace
}  // namespace reel::test
