#pragma once
// Moving values: between dtypes, devices and layouts, and into existing tensors.
#include "tensor/op.h"

namespace reel {

// x as dtype; the same handle when it is that already. Floats become integers by saturation (NaN is 0); a complex
// number becomes a real one by real, imag, abs or angle, not by a cast, which throws. Gradients are cast back.
Tensor cast(const Tensor& x, DType dtype, Where where = {});
// x on device; the same handle when it is there already. Gradients travel back.
Tensor to(const Tensor& x, Device device, Where where = {});
// x in row-major order; the same handle when it is that already.
Tensor contiguous(const Tensor& x, Where where = {});
// A copy of the values, recorded.
Tensor clone(const Tensor& x, Where where = {});
// The same values without history; shares storage and its version, so that writes through either are noticed.
Tensor detach(const Tensor& x, Where where = {});
// Writes value into x, broadcast and cast; x keeps its shape and dtype. While recording, gradients follow: x, and what x is a view of,
// go on with the value's history. Refused for a variable, and where other tensors on the same storage could not follow.
void assign(const Tensor& x, const Tensor& value, Where where = {});
void assign(const Tensor& x, Scalar value, Where where = {});
// The position in memory order of the first NaN or infinity of a host tensor, -1 without one.
int64_t first_nonfinite(const Tensor& x);

}  // namespace reel
