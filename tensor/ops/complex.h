#pragma once
// Complex numbers and their parts.
#include "tensor/op.h"

namespace reel {

// complex64 of float32 parts and complex128 of float64 ones; other reals pass through float32. Shapes broadcast.
Tensor complex(const Tensor& real, const Tensor& imag, Where where = {});
// magnitude * (cos(angle) + i sin(angle)).
Tensor polar(const Tensor& magnitude, const Tensor& angle, Where where = {});
// The parts, as copies; of real numbers the same handle, and zeros.
Tensor real(const Tensor& z, Where where = {});
Tensor imag(const Tensor& z, Where where = {});
// The phase in (-pi, pi], in radians; of real numbers 0 or pi.
Tensor angle(const Tensor& z, Where where = {});
// Whether the imaginary part is 0, and whether it is not, element by element.
Tensor isreal(const Tensor& z, Where where = {});
Tensor iscomplex(const Tensor& z, Where where = {});

}  // namespace reel
