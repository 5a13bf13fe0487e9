#define EIGEN_DONT_PARALLELIZE
#include <Eigen/SVD>
#include <algorithm>

#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"

namespace reel::linalg {

// Eigen's Jacobi rotations for small matrices, divide and conquer for larger.
bool singular_values(const double* a, int64_t m, int64_t n, bool full, double* u, double* s, double* vh) {
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  int64_t k = std::min(m, n), ku = full ? m : k, kv = full ? n : k;
  if (k == 0) {
    if (u) Eigen::Map<Rows>(u, m, ku).setIdentity();
    if (vh) Eigen::Map<Rows>(vh, kv, n).setIdentity();
    return true;
  }
  if (!all_finite(a, m * n)) return false;
  unsigned wanted = !u ? 0 : full ? Eigen::ComputeFullU | Eigen::ComputeFullV : Eigen::ComputeThinU | Eigen::ComputeThinV;
  Eigen::BDCSVD<Eigen::MatrixXd> svd(Eigen::Map<const Rows>(a, m, n), wanted);
  if (svd.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::VectorXd>(s, k) = svd.singularValues();
  if (u) Eigen::Map<Rows>(u, m, ku) = svd.matrixU();
  if (vh) Eigen::Map<Rows>(vh, kv, n) = svd.matrixV().transpose();
  return true;
}

}  // namespace reel::linalg
