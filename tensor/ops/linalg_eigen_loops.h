#pragma once
// The eigenvalues of one matrix by Eigen. Each source that instantiates it includes Eigen/Eigenvalues before.
#include <type_traits>

#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"

namespace reel::linalg {

template <class T> using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T> using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T> bool diagonalised(const T* a, int64_t n, C128* values, C128* vectors) {
  if (n == 0) return true;
  if (!all_finite(a, n * n)) return false;
  Columns<T> m = Eigen::Map<const Rows<T>>(a, n, n);
  std::conditional_t<std::is_same_v<T, C128>, Eigen::ComplexEigenSolver<Columns<T>>, Eigen::EigenSolver<Columns<T>>> solver(m, vectors != nullptr);
  if (solver.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::VectorXcd>(values, n) = solver.eigenvalues();
  if (vectors) Eigen::Map<Rows<C128>>(vectors, n, n) = solver.eigenvectors();
  return true;
}

// Eigen orders the eigenvalues ascending, as LAPACK does, and reads the lower triangle of its column-major matrix.
template <class T> bool diagonalised_hermitian(const T* a, int64_t n, double* values, T* vectors) {
  if (n == 0) return true;
  Columns<T> m = Eigen::Map<const Rows<T>>(a, n, n);
  for (int64_t j = 0; j < n; ++j)
    if (!all_finite(&m(j, j), n - j)) return false;
  Eigen::SelfAdjointEigenSolver<Columns<T>> solver(m, vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::VectorXd>(values, n) = solver.eigenvalues();
  if (vectors) Eigen::Map<Rows<T>>(vectors, n, n) = solver.eigenvectors();
  return true;
}

}  // namespace reel::linalg
