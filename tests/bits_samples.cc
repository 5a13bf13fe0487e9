// Rows of tensor/ops/bits.h. Bits of a bool are its truth: ~true is false, not -2.
#include "op_samples.h"

namespace reel::test {
namespace {

const AddElementwise here(BitsOps{}, {
    {"bitwise_and", REEL_F(double(int64_t(x[0]) & int64_t(x[1]))), {}, 0, 0, true},
    {"bitwise_or", REEL_F(double(int64_t(x[0]) | int64_t(x[1]))), {}, 0, 0, true},
    {"bitwise_xor", REEL_F(double(int64_t(x[0]) ^ int64_t(x[1]))), {}, 0, 0, true},
    {"bitwise_not", REEL_F(double(~int64_t(x[0]))), {}, 0, 0, true},
    {"left_shift", REEL_F(x[1] < 0 ? 0 : double(int64_t(x[0]) * (int64_t(1) << int64_t(x[1])))), {}, 0, 0, true},
    {"right_shift", REEL_F(x[1] < 0 ? (x[0] < 0 ? -1. : 0.) : double(int64_t(x[0]) >> int64_t(x[1]))), {}, 0, 0, true},
});

}  // namespace
}  // namespace reel::test
