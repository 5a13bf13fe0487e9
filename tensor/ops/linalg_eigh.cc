#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Eigenvalues>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

// Eigen orders the eigenvalues ascending, as LAPACK does, and reads the lower triangle of its column-major matrix.
template <class T> bool decompose(const T* a, int64_t n, T* values, T* vectors) {
  using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  if (n == 0) return true;
  Columns m = Eigen::Map<const Rows>(a, n, n);
  for (int64_t j = 0; j < n; ++j)
    if (!all_finite(&m(j, j), n - j)) return false;
  Eigen::SelfAdjointEigenSolver<Columns> solver(m, vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(values, n) = solver.eigenvalues();
  if (vectors) Eigen::Map<Rows>(vectors, n, n) = solver.eigenvectors();
  return true;
}
constexpr const char* kTrouble = "has a value that is not finite, or its eigenvalues did not converge";

struct Eigh {
  static constexpr const char* name = "eigh";
  static constexpr Keep keep = kOut;
  static constexpr uint8_t outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    return {Spec{joined(batch_of(in[0]), {in[0].shape()[-1]}), in[0].dtype()}, Spec{in[0].shape(), in[0].dtype()}};
  }
  // v (diag(gw) + (v^T gv) / (w_j - w_i)) v^T (Giles 2008), for a symmetric change of a.
  Grads vjp(const Vjp& g) const {
    Tensor w = g.out(0), v = g.out(1), middle;
    if (g.has_gy(1)) {
      Tensor off = identity_like(v) == 0, gaps = expand_dims(w, -2) - expand_dims(w, -1);
      middle = reel::where(off, matmul(transposed(v), g.gy(1)) / reel::where(off, gaps, 1), 0);
    }
    if (g.has_gy(0)) middle = middle ? middle + diagonal_matrix(g.gy(0)) : diagonal_matrix(g.gy(0));
    return {symmetric(matmul(v, matmul(middle, transposed(v))))};
  }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Eigh, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  visit_working(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eigh::name, a, 9 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return decompose(a.raw<const T>() + i * n * n, n, out[0].raw<T>() + i * n, out[1].raw<T>() + i * n * n);
    });
  });
}

struct Eigvalsh {
  static constexpr const char* name = "eigvalsh";
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const { return {joined(batch_of(in[0]), {in[0].shape()[-1]}), in[0].dtype()}; }
  Grads vjp(const Vjp& g) const {
    auto [w, v] = apply(Eigh{}, g.in(0), {});
    return {matmul(v * expand_dims(g.gy(), -2), transposed(v))};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Eigvalsh, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  visit_working(a.dtype(), [&]<class T>(T*) {
    each_matrix(Eigvalsh::name, a, 2 * double(n) * double(n) * double(n), kTrouble, [&](int64_t i) {
      return decompose<T>(a.raw<const T>() + i * n * n, n, out[0].raw<T>() + i * n, nullptr);
    });
  });
}

}  // namespace

EighResult eigh(const Tensor& a, bool upper, Where where) {
  return formula(where, [&] {
    check_square("eigh", a);
    auto [w, v] = apply(Eigh{}, upper ? transposed(worked(a)) : worked(a), where);
    return EighResult{as_answer(w, a.dtype()), as_answer(v, a.dtype())};
  });
}

Tensor eigvalsh(const Tensor& a, bool upper, Where where) {
  return formula(where, [&] {
    check_square("eigvalsh", a);
    return as_answer(apply(Eigvalsh{}, upper ? transposed(worked(a)) : worked(a), where), a.dtype());
  });
}

}  // namespace reel::linalg
