#define EIGEN_DONT_PARALLELIZE
#include <Eigen/SVD>

#include "tensor/ops/linalg_svd_loops.h"

namespace reel::linalg {

bool singular_values(const float* a, int64_t m, int64_t n, bool full, float* u, float* s, float* vh) {
  return bidiagonalised(a, m, n, full, u, s, vh);
}

}  // namespace reel::linalg
