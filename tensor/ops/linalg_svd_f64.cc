#define EIGEN_DONT_PARALLELIZE
#include <Eigen/SVD>

#include "tensor/ops/linalg_svd_loops.h"

namespace reel::linalg {

bool singular_values(const double* a, int64_t m, int64_t n, bool full, double* u, double* s, double* vh) {
  return bidiagonalised(a, m, n, full, u, s, vh);
}

}  // namespace reel::linalg
