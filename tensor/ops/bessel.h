#pragma once
// Bessel functions, elementwise, with the names of scipy.special. On the CPU only; f16, bf16 and float32 are computed in float64 and
// rounded once.
#include "tensor/ops/special.h"

namespace reel {

#define REEL_BESSEL(Op, fn)                                           \
  struct Op : Elementwise<Op> {                                       \
    static constexpr const char* name = #fn;                          \
    static constexpr Keep keep = kIn | kOut;                          \
    static constexpr int cost = 60;                                   \
    template <class T> T value(T x) const;                            \
    Grads vjp(const Vjp& v) const;                                    \
  }
REEL_BESSEL(BesselI0, i0);
REEL_BESSEL(BesselI1, i1);
REEL_BESSEL(BesselI0e, i0e);
REEL_BESSEL(BesselI1e, i1e);
REEL_BESSEL(BesselJ0, j0);
REEL_BESSEL(BesselJ1, j1);
#undef REEL_BESSEL
struct SphericalBessel : Elementwise<SphericalBessel> {
  static constexpr const char* name = "spherical_jn";
  static constexpr Keep keep = kIn | kOut;
  static constexpr int cost = 200;
  int order = 0;
  template <class T> T value(T x) const;
  Grads vjp(const Vjp& v) const;
  std::string attributes() const { return "n=" + std::to_string(order); }
};

// Modified, of the first kind, of order 0.
inline Tensor i0(const Tensor& x, REEL_W) { return apply(BesselI0{}, x, where); }
// Modified, of the first kind, of order 1.
inline Tensor i1(const Tensor& x, REEL_W) { return apply(BesselI1{}, x, where); }
// exp(-|x|) i0(x).
inline Tensor i0e(const Tensor& x, REEL_W) { return apply(BesselI0e{}, x, where); }
// exp(-|x|) i1(x).
inline Tensor i1e(const Tensor& x, REEL_W) { return apply(BesselI1e{}, x, where); }
// Of the first kind, of order 0.
inline Tensor j0(const Tensor& x, REEL_W) { return apply(BesselJ0{}, x, where); }
// Of the first kind, of order 1.
inline Tensor j1(const Tensor& x, REEL_W) { return apply(BesselJ1{}, x, where); }
// Spherical, of the first kind, of order n >= 0.
Tensor spherical_jn(int n, const Tensor& x, REEL_W);

}  // namespace reel
