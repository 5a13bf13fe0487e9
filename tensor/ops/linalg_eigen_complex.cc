#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Eigenvalues>

#include "tensor/ops/linalg_eigen_loops.h"

namespace reel::linalg {

bool eigenvalues(const C128* a, int64_t n, C128* values, C128* vectors) { return diagonalised(a, n, values, vectors); }
bool hermitian_eigenvalues(const C128* a, int64_t n, double* values, C128* vectors) { return diagonalised_hermitian(a, n, values, vectors); }

}  // namespace reel::linalg
