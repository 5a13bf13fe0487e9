// Rows of tensor/ops/exponential.h.
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
});

}  // namespace
}  // namespace reel::test
