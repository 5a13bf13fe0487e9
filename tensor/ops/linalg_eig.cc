#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Eigenvalues>
#include <complex>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

using C = std::complex<double>;

bool finite(double x) { return std::isfinite(x); }
bool finite(C z) { return std::isfinite(z.real()) && std::isfinite(z.imag()); }

template <class T> using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T> using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// T is double or C. As LAPACK leaves them: every vector has the length 1 and a real largest component.
template <class T> bool decompose(const T* a, int64_t n, C* values, C* vectors) {
  if (n == 0) return true;
  for (int64_t i = 0; i < n * n; ++i)
    if (!finite(a[i])) return false;
  Columns<T> m = Eigen::Map<const Rows<T>>(a, n, n);
  std::conditional_t<std::is_same_v<T, C>, Eigen::ComplexEigenSolver<Columns<T>>, Eigen::EigenSolver<Columns<T>>> solver(m, vectors != nullptr);
  if (solver.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::Matrix<C, Eigen::Dynamic, 1>>(values, n) = solver.eigenvalues();
  if (!vectors) return true;
  Columns<C> v = solver.eigenvectors();
  for (int64_t j = 0; j < n; ++j) {
    Eigen::Index largest;
    v.col(j).cwiseAbs2().maxCoeff(&largest);
    C at = v(largest, j);
    v.col(j) /= v.col(j).norm();
    if (at.imag() == 0) continue;
    v.col(j) *= std::conj(at) / std::abs(at);
    v(largest, j) = v(largest, j).real();
  }
  Eigen::Map<Rows<C>>(vectors, n, n) = v;
  return true;
}
constexpr const char* kTrouble = "has a value that is not finite, or its eigenvalues did not converge";

Tensor diagonal_mask(const Tensor& x) { return eye(x.shape()[-1], -1, boolean); }
Tensor adjoint(const Tensor& x) { return conj(transposed(x)); }
// f(T*) for a matrix of T: float64 or complex128.
template <class F> void visit_matrix(DType t, F&& f) {
  if (t == float64) f(static_cast<double*>(nullptr));
  else f(static_cast<C*>(nullptr));
}
// vectors^-H middle vectors^H; of a real matrix the real part.
Tensor gradient_of(const Tensor& vectors, const Tensor& middle, DType matrix) {
  Tensor vh = adjoint(vectors), g = solve(vh, matmul(middle, vh));
  return is_complex(matrix) ? g : real(g);
}

// The length of a vector is 1 and does not change, and its phase means nothing: a loss that depends on it has no gradient. `turned` is
// v^H gv; on its diagonal a phase shows as an imaginary part, beside roundings of the matrix's largest element.
void check_phase(const Tensor& turned, const Tensor& along, const Tensor& vectors) {
  if (along.device() != cpu() || along.size() == 0) return;
  NoGrad no_grad;
  Tensor phase = max(abs(imag(along)), -1), size = max(abs(turned), {-2, -1});
  if (!any(phase > 1e-5 * size).item<bool>()) return;
  const Tensor* in[] = {&vectors};
  fail<TapeError>("eig", "the loss depends on the phases of the eigenvectors, which are arbitrary: it has no gradient", Inputs(in, 1));
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
      check_phase(turned, along, v);
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
  visit_matrix(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eig::name, a, 25 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return decompose(a.raw<const T>() + i * n * n, n, out[0].raw<C>() + i * n, out[1].raw<C>() + i * n * n);
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
  visit_matrix(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eigvals::name, a, 10 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return decompose<T>(a.raw<const T>() + i * n * n, n, out[0].raw<C>() + i * n, nullptr);
    });
  });
}

// Computed in float64 or complex128 whatever the dtype: what decides is the matrix's condition, not its storage.
Tensor as_matrix(const Tensor& a) { return cast(a, is_complex(a.dtype()) ? complex128 : float64); }
Tensor as_eigen(const Tensor& y, const Tensor& a) { return cast(y, part_dtype(a.dtype()) == float64 ? complex128 : complex64); }

}  // namespace

EigResult eig(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("eig", a);
    Tensor m = as_matrix(a);
    auto [w, v] = apply(Eig{m.dtype()}, m, where);
    return EigResult{as_eigen(w, a), as_eigen(v, a)};
  });
}

Tensor eigvals(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("eigvals", a);
    return as_eigen(apply(Eigvals{}, as_matrix(a), where), a);
  });
}

}  // namespace reel::linalg
