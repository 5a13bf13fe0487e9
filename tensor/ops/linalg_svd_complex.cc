#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Householder>
#include <Eigen/SVD>
#include <algorithm>

#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"

namespace reel::linalg {
namespace {

using Columns = Eigen::MatrixXcd;
using Rows = Eigen::Matrix<C128, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RealRows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// a [m, n], m >= n, is reflected into a real bidiagonal matrix, whose vectors are reflected back into u [m, ku] and v [n, n].
bool reflected(Columns a, int64_t ku, Columns* u, double* s, Columns* v) {
  int64_t m = a.rows(), n = a.cols();
  double scale = a.cwiseAbs().maxCoeff();  // squares must not overflow
  if (scale == 0) scale = 1;
  Eigen::Map<Eigen::ArrayXd>(reinterpret_cast<double*>(a.data()), 2 * a.size()) /= scale;  // by a complex number would square it
  Eigen::VectorXd diagonal(n), above(n);
  Eigen::internal::upperbidiagonalization_inplace_unblocked(a, diagonal.data(), above.data());
  RealRows middle = RealRows::Zero(n, n), left(n, n), right(n, n);
  middle.diagonal() = diagonal;
  middle.diagonal<1>() = above.head(n - 1);
  if (!singular_values(middle.data(), n, n, false, u ? left.data() : nullptr, s, u ? right.data() : nullptr)) return false;
  Eigen::Map<Eigen::VectorXd>(s, n) *= scale;
  if (!u) return true;
  Eigen::VectorXcd space(m);
  *u = Columns::Identity(m, ku);
  u->topLeftCorner(n, n) = left.cast<C128>();
  for (int64_t k = n; k-- > 0;)
    u->bottomRows(m - k).applyHouseholderOnTheLeft(a.col(k).tail(m - k - 1), std::conj(a(k, k)), space.data());
  *v = right.transpose().cast<C128>();
  for (int64_t k = n - 1; k-- > 0;)
    v->bottomRows(n - k - 1).applyHouseholderOnTheLeft(a.row(k).tail(n - k - 2).adjoint(), a(k, k + 1), space.data());
  return true;
}

}  // namespace

bool singular_values(const C128* a, int64_t m, int64_t n, bool full, C128* u, double* s, C128* vh) {
  int64_t k = std::min(m, n), ku = full ? m : k, kv = full ? n : k;
  if (k == 0) {
    if (u) Eigen::Map<Rows>(u, m, ku).setIdentity();
    if (vh) Eigen::Map<Rows>(vh, kv, n).setIdentity();
    return true;
  }
  if (!all_finite(a, m * n)) return false;
  Eigen::Map<const Rows> given(a, m, n);
  Columns left, right;
  if (m >= n ? !reflected(given, ku, u ? &left : nullptr, s, &right) : !reflected(given.adjoint(), kv, u ? &right : nullptr, s, &left)) return false;
  if (!u) return true;
  Eigen::Map<Rows>(u, m, ku) = left;
  Eigen::Map<Rows>(vh, kv, n) = right.adjoint();
  return true;
}

}  // namespace reel::linalg
