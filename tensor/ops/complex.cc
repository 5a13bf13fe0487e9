#include "tensor/ops/complex.h"

#include "tensor/cpu/elementwise.h"
#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/trigonometric.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// The real or the imaginary parts where they stand, for kernels.
Tensor part_of(const Tensor& z, int part) {
  const Body& b = z.body();
  Tensor x(new_view(b, b.shape, b.strides, 0, {}));
  Body& p = x.body();
  p.dtype = part_dtype(b.dtype);
  if (p.data) p.data = static_cast<char*>(p.data) + part * item_size(p.dtype);
  for (int i = 0; i < p.shape.rank(); ++i) p.strides[i] *= 2;
  p.contiguous = p.size == 0;
  return x;
}

// One part of a complex number; its gradient is that part's alone.
template <int kPart> struct Part {
  static constexpr const char* name = kPart ? "imag" : "real";
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const { return {in[0].shape(), part_dtype(in[0].dtype())}; }
  Grads vjp(const Vjp& v) const {
    Tensor gy = v.gy(), none = zeros_like(gy);
    return {kPart ? reel::complex(none, gy) : reel::complex(gy, none)};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
using Real = Part<0>;
using Imag = Part<1>;
REEL_KERNEL(Real, kCpu) { copy_values(out[0], part_of(in[0], 0)); }
REEL_KERNEL(Imag, kCpu) { copy_values(out[0], part_of(in[0], 1)); }

struct Compose {
  static constexpr const char* name = "complex";
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const {
    DType t = promote(in[0].dtype(), in[1].dtype()) == float64 ? float64 : float32;
    return {in[0].shape(), t == float64 ? complex128 : complex64, t};
  }
  Grads vjp(const Vjp& v) const {
    Tensor gy = v.gy();
    return {v.needs(0) ? reel::real(gy) : Tensor{}, v.needs(1) ? reel::imag(gy) : Tensor{}};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Compose, kCpu) {
  for (int part = 0; part < 2; ++part) copy_values(part_of(out[0], part), in[part]);
}

}  // namespace

Tensor complex(const Tensor& real, const Tensor& imag, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&real, &imag};
    Shape s = broadcast_shapes(Compose::name, Inputs(in, 2));
    return apply(Compose{}, real.shape() == s ? real : broadcast_to(real, s), imag.shape() == s ? imag : broadcast_to(imag, s), {});
  });
}
Tensor polar(const Tensor& magnitude, const Tensor& angle, Where where) {
  return formula(where, [&] { return complex(magnitude * cos(angle), magnitude * sin(angle)); });
}
Tensor real(const Tensor& z, Where where) { return is_complex(held("real", z, where).dtype()) ? apply(Real{}, z, where) : z; }
Tensor imag(const Tensor& z, Where where) { return is_complex(held("imag", z, where).dtype()) ? apply(Imag{}, z, where) : zeros_like(z, where); }
Tensor angle(const Tensor& z, Where where) {
  return formula(where, [&] {
    if (is_complex(z.dtype())) return arctan2(imag(z), real(z));
    Tensor x = is_floating(z.dtype()) ? z : cast(z, float32);
    return reel::where(isnan(x), x, reel::where(signbit(x), full({}, 3.141592653589793, x.dtype(), x.device()), 0));
  });
}
Tensor isreal(const Tensor& z, Where where) { return formula(where, [&] { return imag(z) == 0; }); }
Tensor iscomplex(const Tensor& z, Where where) { return formula(where, [&] { return imag(z) != 0; }); }

}  // namespace reel
