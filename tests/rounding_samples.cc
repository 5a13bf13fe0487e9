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

}  // namespace
}  // namespace reel::test
