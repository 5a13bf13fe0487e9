// Rows of tensor/ops/special.h.
// Where a row names no bound it is the 4 ulp that vector functions promise (tensor/cpu/vector_math.h).
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(SpecialOps{}, {
    {"erf", REEL_F(std::erf(x[0])), {{-6, 6}}},
    {"erfc", REEL_F(std::erfc(x[0])), {{-6, 6}}},
});

}  // namespace
}  // namespace reel::test
