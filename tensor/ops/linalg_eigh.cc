#include "tensor/ops/arithmetic.h"
#include "tensor/ops/arrange.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

constexpr const char* kTrouble = "has a value that is not finite, or its eigenvalues did not converge";

struct Eigh {
  static constexpr const char* name = "eigh";
  static constexpr bool complex = true;
  static constexpr Keep keep = kOut;
  static constexpr uint8_t outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    return {Spec{joined(batch_of(in[0]), {in[0].shape()[-1]}), float64}, Spec{in[0].shape(), in[0].dtype()}};
  }
  // v (diag(gw) + (v^H gv) / (w_j - w_i)) v^H (Giles 2008), for a Hermitian change of a.
  Grads vjp(const Vjp& g) const {
    Tensor w = g.out(0), v = g.out(1), middle;
    if (g.has_gy(1)) {
      Tensor off = identity_like(v) == 0, gaps = expand_dims(w, -2) - expand_dims(w, -1);
      Tensor turned = matmul(adjoint(v), g.gy(1));
      check_phase(name, turned, diagonal(turned, 0, -2, -1), v);
      middle = reel::where(off, turned / reel::where(off, gaps, 1), 0);
    }
    if (g.has_gy(0)) middle = middle ? middle + diagonal_matrix(g.gy(0)) : diagonal_matrix(g.gy(0));
    return {hermitian(matmul(v, matmul(middle, adjoint(v))))};
  }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Eigh, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  visit_wide(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eigh::name, a, 9 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return hermitian_eigenvalues(a.raw<const T>() + i * n * n, n, out[0].raw<double>() + i * n, out[1].raw<T>() + i * n * n);
    });
  });
}

struct Eigvalsh {
  static constexpr const char* name = "eigvalsh";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const { return {joined(batch_of(in[0]), {in[0].shape()[-1]}), float64}; }
  Grads vjp(const Vjp& g) const {
    auto [w, v] = apply(Eigh{}, g.in(0), {});
    return {matmul(v * expand_dims(g.gy(), -2), adjoint(v))};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Eigvalsh, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  visit_wide(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eigvalsh::name, a, 2 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return hermitian_eigenvalues(a.raw<const T>() + i * n * n, n, out[0].raw<double>() + i * n, nullptr);
    });
  });
}

}  // namespace

EighResult eigh(const Tensor& a, bool upper, Where where) {
  return formula(where, [&] {
    check_square("eigh", a);
    auto [w, v] = apply(Eigh{}, upper ? adjoint(widened(a)) : widened(a), where);
    return EighResult{as_answer(w, part_dtype(a.dtype())), as_answer(v, a.dtype())};
  });
}

Tensor eigvalsh(const Tensor& a, bool upper, Where where) {
  return formula(where, [&] {
    check_square("eigvalsh", a);
    return as_answer(apply(Eigvalsh{}, upper ? adjoint(widened(a)) : widened(a), where), part_dtype(a.dtype()));
  });
}

}  // namespace reel::linalg
