#include "tensor/ops/orthogonal.h"

#include <algorithm>
#include <Eigen/QR>

#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/random.h"

namespace reel {

Tensor orthogonal(const Shape& shape, double gain, Generator& generator, Where where) {
  if (shape.rank() < 2) fail_at(ShapeError("orthogonal: needs at least two axes, got " + to_string(shape)), where);
  NoGrad no_grad;
  int64_t columns = shape[-1], rows = columns ? shape.size() / columns : 0;
  Tensor y = empty(shape, float32, {}, where);
  if (y.size() == 0) return y;
  bool wide = columns > rows;
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  int64_t m = std::max(rows, columns), n = std::min(rows, columns);
  Tensor a = normal({m, n}, 0, 1, float64, generator, where);
  Eigen::HouseholderQR<Matrix> qr(Eigen::Map<Matrix>(a.raw<double>(), m, n));
  Matrix q = qr.householderQ() * Matrix::Identity(m, n);
  for (int64_t k = 0; k < n; ++k)
    if (qr.matrixQR()(k, k) < 0) q.col(k) *= -1;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) y.raw<float>()[i * columns + j] = float(gain * (wide ? q(j, i) : q(i, j)));
  return y;
}

}  // namespace reel
