#pragma once
// The singular value decomposition of one matrix: Eigen's Jacobi rotations for small ones, divide and conquer for larger. The source that
// instantiates it includes Eigen/SVD before.
#include <algorithm>

#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"

namespace reel::linalg {

template <class T> bool bidiagonalised(const T* a, int64_t m, int64_t n, bool full, T* u, T* s, T* vh) {
  using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  int64_t k = std::min(m, n), ku = full ? m : k, kv = full ? n : k;
  if (k == 0) {
    if (u) Eigen::Map<Rows>(u, m, ku).setIdentity();
    if (vh) Eigen::Map<Rows>(vh, kv, n).setIdentity();
    return true;
  }
  if (!all_finite(a, m * n)) return false;
  unsigned wanted = !u ? 0 : full ? Eigen::ComputeFullU | Eigen::ComputeFullV : Eigen::ComputeThinU | Eigen::ComputeThinV;
  Eigen::BDCSVD<Columns> svd(Eigen::Map<const Rows>(a, m, n), wanted);
  if (svd.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(s, k) = svd.singularValues();
  if (u) Eigen::Map<Rows>(u, m, ku) = svd.matrixU();
  if (vh) Eigen::Map<Rows>(vh, kv, n) = svd.matrixV().transpose();
  return true;
}

}  // namespace reel::linalg
