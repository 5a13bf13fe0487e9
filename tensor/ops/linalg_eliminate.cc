#define EIGEN_DONT_PARALLELIZE
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <complex>

#include "tensor/ops/linalg_decompose.h"

namespace reel::linalg {
namespace {

template <class T> using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T> void eliminate_columns(T* a, int64_t m, int64_t n, int64_t* pivots) {
  if (m == 0 || n == 0) return;
  Eigen::Map<Rows<T>> rows(a, m, n);
  Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> f = rows;
  int64_t k = std::min(m, n);
  // Eigen divides by complex pivots by way of their squares, which must not overflow; a power of two changes no digits.
  double scale = 1;
  if constexpr (std::is_same_v<T, std::complex<double>>) {
    double size = f.cwiseAbs().maxCoeff();
    if (size > 0 && std::isfinite(size) && !(size > 1e-100 && size < 1e100)) f *= scale = std::ldexp(1, std::min(1000, -std::ilogb(size)));
  }
  Eigen::Transpositions<Eigen::Dynamic> swaps(k);
  int count = 0;
  // Eigen forgets what stands right of the square block.
  auto square = f.leftCols(k);
  Eigen::internal::partial_lu_inplace(square, swaps, count);
  for (int64_t j = 0; j < k; ++j) pivots[j] = swaps.coeff(j);
  rows = f;
  auto rest = rows.rightCols(n - k);
  for (int64_t j = 0; j < k; ++j)
    if (pivots[j] != j) rest.row(j).swap(rest.row(pivots[j]));
  if (n > k) rows.leftCols(k).template triangularView<Eigen::UnitLower>().solveInPlace(rest);
  if (scale != 1) rows.template triangularView<Eigen::Upper>() *= T(1 / scale);
}

template <class T> void solve_both(const T* lu, const int64_t* pivots, int64_t n, bool transpose, T* b, int64_t k) {
  Eigen::Map<const Rows<T>> f(lu, n, n);
  Eigen::Map<Rows<T>> x(b, n, k);
  if (!transpose) {
    for (int64_t j = 0; j < n; ++j)
      if (pivots[j] != j) x.row(j).swap(x.row(pivots[j]));
    f.template triangularView<Eigen::UnitLower>().solveInPlace(x);
    f.template triangularView<Eigen::Upper>().solveInPlace(x);
  } else {
    f.transpose().template triangularView<Eigen::Lower>().solveInPlace(x);
    f.transpose().template triangularView<Eigen::UnitUpper>().solveInPlace(x);
    for (int64_t j = n; j-- > 0;)
      if (pivots[j] != j) x.row(j).swap(x.row(pivots[j]));
  }
}

}  // namespace

#define REEL_OF(T)                                                                                                    \
  void eliminate(T* a, int64_t m, int64_t n, int64_t* pivots) { eliminate_columns(a, m, n, pivots); }                 \
  void solve_eliminated(const T* lu, const int64_t* pivots, int64_t n, bool transpose, T* x, int64_t k) {             \
    solve_both(lu, pivots, n, transpose, x, k);                                                                       \
  }
REEL_OF(float)
REEL_OF(double)
REEL_OF(std::complex<double>)
#undef REEL_OF

}  // namespace reel::linalg
