#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

struct SolveTriangular {
  static constexpr const char* name = "solve_triangular";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn0 | kOut;
  bool lower, unit;
  const char* refuse;
  Spec infer(Inputs in) const { return {in[1].shape(), in[1].dtype()}; }
  Grads vjp(const Vjp& v) const {
    Tensor gb = solved_triangular(adjoint(v.in(0)), v.gy(), !lower, unit);
    if (!v.needs(0)) return {Tensor{}, gb};
    Tensor ga = -matmul(gb, adjoint(v.out()));
    return {lower ? lower_part(ga, -int64_t(unit)) : upper_part(ga, unit), gb};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
  std::string attributes() const { return std::string("lower=") + (lower ? "true" : "false"); }
};
REEL_KERNEL(SolveTriangular, kCpu) {
  Tensor a = contiguous(in[0]), b = contiguous(in[1]);
  int64_t n = b.shape()[-2], k = b.shape()[-1];
  if (b.size() == 0) return;
  visit_working(b.dtype(), [&]<class T>(T*) {
    using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    each_matrix(op.refuse ? op.refuse : "", a, double(n) * double(n) * double(k), "is singular", [&](int64_t i) {
      Eigen::Map<const Matrix> m(a.raw<const T>() + i * n * n, n, n);
      Eigen::Map<Matrix> x(out[0].raw<T>() + i * n * k, n, k);
      if (op.refuse && !op.unit)
        for (int64_t j = 0; j < n; ++j)
          if (m(j, j) == T(0)) return false;
      x = Eigen::Map<const Matrix>(b.raw<const T>() + i * n * k, n, k);
      if (op.lower && op.unit) m.template triangularView<Eigen::UnitLower>().solveInPlace(x);
      else if (op.lower) m.template triangularView<Eigen::Lower>().solveInPlace(x);
      else if (op.unit) m.template triangularView<Eigen::UnitUpper>().solveInPlace(x);
      else m.template triangularView<Eigen::Upper>().solveInPlace(x);
      return true;
    });
  });
}

}  // namespace

Tensor solved_triangular(const Tensor& a, const Tensor& b, bool lower, bool unit, const char* refuse) {
  return apply(SolveTriangular{lower, unit, refuse}, a, b, {});
}

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool lower, bool unit_diagonal, Where where) {
  return formula(where, [&] {
    return right_hand_side(b, [&](const Tensor& columns) {
      auto [m, x] = system("solve_triangular", a, columns);
      return as_answer(solved_triangular(m, x, lower, unit_diagonal, "solve_triangular"), promote(a.dtype(), b.dtype()));
    });
  });
}

}  // namespace reel::linalg
