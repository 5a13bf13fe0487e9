// Rows of tensor/ops/special.h.
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(SpecialOps{}, {
    {"erf", REEL_F(std::erf(x[0])), {{-6, 6}}},
    {"erfc", REEL_F(std::erfc(x[0])), {{-6, 6}}, 2},
});

}  // namespace
}  // namespace reel::test
