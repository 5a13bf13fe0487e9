// Rows of tensor/ops/trigonometric.h.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(TrigonometricOps{}, {
    {"sin", REEL_F(std::sin(x[0])), {{-100, 100}}, 2},
    {"cos", REEL_F(std::cos(x[0])), {{-100, 100}}, 2},
    {"tan", REEL_F(std::tan(x[0])), {}, 2},
    {"arctan", REEL_F(std::atan(x[0])), {{-100, 100}}, 2},
    {"arctan2", REEL_F(std::atan2(x[0], x[1])), {{-2, -0.2}}, 2},
});

}  // namespace
}  // namespace reel::test
