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
});

}  // namespace
}  // namespace reel::test
