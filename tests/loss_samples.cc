// Rows of tensor/ops/loss.h.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(LossOps{}, {
    {"sigmoid_cross_entropy", REEL_F((x[0] < 0 ? 0 : x[0]) - x[0] * x[1] + std::log1p(std::exp(-std::fabs(x[0])))), {}, 4, 8},
    {"huber_loss", REEL_F(std::fabs(x[0] - x[1]) <= 1 ? (x[0] - x[1]) * (x[0] - x[1]) / 2 : std::fabs(x[0] - x[1]) - 0.5), {}, 4, 4},
    {"squared_difference", REEL_F((x[0] - x[1]) * (x[0] - x[1]))},
    {"squared_difference_grad", REEL_F(2 * x[0] * (x[1] - x[2]))},
});

}  // namespace
}  // namespace reel::test
