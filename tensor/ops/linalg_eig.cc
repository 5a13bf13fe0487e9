#include <cmath>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

// As LAPACK leaves them: every vector has the length 1 and a real largest component.
template <class T> bool decompose(const T* a, int64_t n, C128* values, C128* vectors) {
  if (!eigenvalues(a, n, values, vectors)) return false;
  for (int64_t j = 0; j < n; ++j) {
    C128 *v = vectors + j, *largest = v;
    double squares = 0;
    for (int64_t i = 0; i < n; ++i) {
      squares += std::norm(v[i * n]);
      if (std::norm(v[i * n]) > std::norm(*largest)) largest = v + i * n;
    }
    C128 at = *largest, factor = 1 / std::sqrt(squares);
    if (at.imag() != 0) factor *= std::conj(at) / std::abs(at);
    for (int64_t i = 0; i < n; ++i) v[i * n] *= factor;
    *largest = largest->real();
  }
  return true;
}
constexpr const char* kTrouble = "has a value that is not finite, or its eigenvalues did not converge";

Tensor diagonal_mask(const Tensor& x) { return eye(x.shape()[-1], -1, boolean); }
// vectors^-H middle vectors^H; of a real matrix the real part.
Tensor gradient_of(const Tensor& vectors, const Tensor& middle, DType matrix) {
  Tensor vh = adjoint(vectors), g = solve(vh, matmul(middle, vh));
  return is_complex(matrix) ? g : real(g);
}

struct Eig {
  static constexpr const char* name = "eig";
  static constexpr bool complex = true;
  static constexpr Keep keep = kOut;
  static constexpr uint8_t outputs = 2;
  DType matrix;
  std::array<Spec, 2> infer(Inputs in) const {
    return {Spec{joined(batch_of(in[0]), {in[0].shape()[-1]}), complex128}, Spec{in[0].shape(), complex128}};
  }
  // Boeddeker et al. 2017: the part of v^H gv off the diagonal by the gaps of the eigenvalues, without what would change a length.
  Grads vjp(const Vjp& g) const {
    Tensor w = g.out(0), v = g.out(1), middle;
    if (g.has_gy(1)) {
      Tensor turned = matmul(adjoint(v), g.gy(1)), along = sum(reel::where(diagonal_mask(v), turned, 0), {-1});
      check_phase(name, turned, along, v);
      turned = turned - matmul(adjoint(v), v) * expand_dims(real(along), -2);
      Tensor diagonal = diagonal_mask(v), gaps = conj(expand_dims(w, -2) - expand_dims(w, -1));
      middle = reel::where(diagonal, 0, turned / reel::where(diagonal, 1, gaps));
    }
    if (g.has_gy(0)) middle = middle ? middle + diagonal_matrix(g.gy(0)) : diagonal_matrix(g.gy(0));
    return {gradient_of(v, middle, matrix)};
  }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Eig, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  visit_wide(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eig::name, a, 25 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return decompose(a.raw<const T>() + i * n * n, n, out[0].raw<C128>() + i * n, out[1].raw<C128>() + i * n * n);
    });
  });
}

struct Eigvals {
  static constexpr const char* name = "eigvals";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const { return {joined(batch_of(in[0]), {in[0].shape()[-1]}), complex128}; }
  Grads vjp(const Vjp& g) const {
    auto [w, v] = apply(Eig{g.in(0).dtype()}, g.in(0), {});
    return {gradient_of(v, diagonal_matrix(g.gy()), g.in(0).dtype())};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Eigvals, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  visit_wide(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eigvals::name, a, 10 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return eigenvalues(a.raw<const T>() + i * n * n, n, out[0].raw<C128>() + i * n, nullptr);
    });
  });
}

Tensor as_eigen(const Tensor& y, const Tensor& a) { return cast(y, part_dtype(a.dtype()) == float64 ? complex128 : complex64); }

}  // namespace

EigResult eig(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("eig", a);
    Tensor m = widened(a);
    auto [w, v] = apply(Eig{m.dtype()}, m, where);
    return EigResult{as_eigen(w, a), as_eigen(v, a)};
  });
}

Tensor eigvals(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("eigvals", a);
    return as_eigen(apply(Eigvals{}, widened(a), where), a);
  });
}

}  // namespace reel::linalg
