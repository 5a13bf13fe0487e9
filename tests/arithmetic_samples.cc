// Rows of tensor/ops/arithmetic.h.
#include <cmath>

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
});

}  // namespace
}  // namespace reel::test
