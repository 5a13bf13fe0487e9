#pragma once
// The ops behind copy.h and create.h, for those who write kernels of them.
#include "tensor/math.h"
#include "tensor/ops/copy.h"

namespace reel {

// A kernel of cast broadcasts its input to out's shape and takes any strides on both sides: assign writes with it, too.
struct Cast {
  static constexpr const char* name = "cast";
  static constexpr Keep keep = kNothing;
  DType to, from;
  static constexpr bool complex = true;
  Spec infer(Inputs in) const;
  Grads vjp(const Vjp& v) const;
  Tensor batch(const Batch& b) const { return b.call(*this); }
  std::string attributes() const { return std::string("dtype=") + reel::name(to); }
};

struct Copy {
  static constexpr const char* name = "clone";
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {v.gy()}; }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};

struct Fill {
  static constexpr const char* name = "full";
  static constexpr Keep keep = kNothing;
  Shape shape;
  Scalar value;
  DType dtype;
  Device device;
  Spec infer(Inputs) const;
  Grads vjp(const Vjp&) const { return {}; }
};

// The number that a Fill of dtype_of<T>() writes.
template <class T> T number(Scalar s) {
  if constexpr (is_complex_type<T>) return T(decltype(T::re)(s.as_complex().re), decltype(T::re)(s.as_complex().im));
  else if constexpr (std::is_same_v<T, bool>) return s.kind == Scalar::Kind::kInt || s.kind == Scalar::Kind::kBool ? s.i != 0 : s.as_double() != 0;
  else if constexpr (std::is_integral_v<T>) return s.kind >= Scalar::Kind::kFloat ? math::saturated<T>(s.as_double()) : T(s.i);
  else if constexpr (std::is_same_v<T, double>) return s.as_double();
  else return T(float(s.as_double()));
}

}  // namespace reel
