// Rows of tensor/ops/exponential.h.
// Where a row names no bound it is the 4 ulp that vector functions promise (tensor/cpu/vector_math.h).
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(ExponentialOps{}, {
    {"sqrt", REEL_F(std::sqrt(x[0])), {}, 1},
    {"rsqrt", REEL_F(1 / std::sqrt(x[0])), {}, 2},
    {"exp", REEL_F(std::exp(x[0])), {{-80, 80}}},
    {"expm1", REEL_F(std::expm1(x[0])), {{-10, 10}, {-1e-4, 1e-4}}},
    {"log", REEL_F(std::log(x[0])), {{1e-6, 1e-3}, {100, 1e6}}},
    {"log1p", REEL_F(std::log1p(x[0])), {{-1e-4, 1e-4}, {100, 1e6}}},
    {"cbrt", REEL_F(std::cbrt(x[0])), {{-3, -0.3}}},
    {"exp2", REEL_F(std::exp2(x[0])), {{-80, 80}}},
    {"log2", REEL_F(std::log2(x[0])), {{1e-6, 1e-3}, {100, 1e6}}},
    {"log10", REEL_F(std::log10(x[0])), {{1e-6, 1e-3}, {100, 1e6}}},
    {"logaddexp", REEL_F(x[0] == x[1] ? x[0] + M_LN2 : std::fmax(x[0], x[1]) + std::log1p(std::exp(-std::fabs(x[0] - x[1])))), {{-80, 80}}, 4, 4},
    {"xlogy", REEL_F(std::isnan(x[1]) ? x[1] : x[0] == 0 ? 0 : x[0] * std::log(x[1])), {}, 4, 4},
    {"xlog1py", REEL_F(std::isnan(x[1]) ? x[1] : x[0] == 0 ? 0 : x[0] * std::log1p(x[1])), {}, 4, 4},
});

const AddRows formulas({
    {.name = "logaddexp2", .shapes = {{4, 5}, {4, 5}}, .call = [](const Tensors& x) { return logaddexp2(x[0], x[1]); },
     .formula = each_element(REEL_F(std::log2(std::exp2(x[0]) + std::exp2(x[1])))), .low = -2, .high = 2, .types = kAny, .answers = float_of, .ulps = 8, .atol = 8},
});

}  // namespace
}  // namespace reel::test
