// Rows of tensor/ops/comparison.h.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(ComparisonOps{}, {
    {"less", REEL_F(x[0] < x[1]), {}, 0},
    {"less_equal", REEL_F(x[0] <= x[1]), {}, 0},
    {"greater", REEL_F(x[0] > x[1]), {}, 0},
    {"greater_equal", REEL_F(x[0] >= x[1]), {}, 0},
    {"equal", REEL_F(x[0] == x[1]), {}, 0},
    {"not_equal", REEL_F(x[0] != x[1]), {}, 0},
    {"logical_and", REEL_F(x[0] != 0 && x[1] != 0), {}, 0},
    {"logical_or", REEL_F(x[0] != 0 || x[1] != 0), {}, 0},
    {"logical_not", REEL_F(x[0] == 0), {}, 0},
    {"isnan", REEL_F(std::isnan(x[0])), {}, 0},
    {"isfinite", REEL_F(std::isfinite(x[0])), {}, 0},
    {"where", REEL_F(x[0] != 0 ? x[1] : x[2]), {}, 0},
    {"logical_xor", REEL_F((x[0] != 0) != (x[1] != 0)), {}, 0},
    {"isinf", REEL_F(std::isinf(x[0])), {}, 0},
    {"signbit", REEL_F(std::signbit(x[0])), {}, 0},
});

const AddRows formulas({
    {.name = "isposinf", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return isposinf(x[0]); },
     .formula = each_element(REEL_F(x[0] == INFINITY)), .low = -2, .high = 2, .types = kAny, .answers = [](DType) { return boolean; }, .differentiable = false, .ulps = 8, .atol = 8},
    {.name = "isneginf", .shapes = {{4, 5}}, .call = [](const Tensors& x) { return isneginf(x[0]); },
     .formula = each_element(REEL_F(x[0] == -INFINITY)), .low = -2, .high = 2, .types = kAny, .answers = [](DType) { return boolean; }, .differentiable = false, .ulps = 8, .atol = 8},
    {.name = "isclose", .shapes = {{4, 5}, {4, 5}}, .call = [](const Tensors& x) { return isclose(x[0], x[1], 0.5, 0.1); },
     .formula = each_element(REEL_F(std::fabs(x[0] - x[1]) <= 0.1 + 0.5 * std::fabs(x[1]))), .low = -2, .high = 2, .types = kAny, .answers = [](DType) { return boolean; }, .differentiable = false, .ulps = 8, .atol = 8},
});

}  // namespace
}  // namespace reel::test
