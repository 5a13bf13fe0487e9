#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Cholesky>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

struct Cholesky {
  static constexpr const char* name = "cholesky";
  static constexpr bool complex = true;
  static constexpr Keep keep = kOut;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  // L^-H sym(tril(L^H g) with half its diagonal) L^-1 (Murray 2016, equation 9).
  Grads vjp(const Vjp& v) const {
    Tensor lh = adjoint(v.out()), p = matmul(lh, lower_part(v.gy()));
    Tensor s = hermitian(lower_part(p) + lower_part(p, -1));
    Tensor half = solved_triangular(lh, 0.5 * s, false);
    return {adjoint(solved_triangular(lh, adjoint(half), false))};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Cholesky, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  if (a.size() == 0) return;
  visit_working(a.dtype(), [&]<class T>(T*) {
    using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    each_matrix(Cholesky::name, a, double(n) * double(n) * double(n) / 3, "is not positive definite", [&](int64_t i) {
      Eigen::Map<Matrix> l(out[0].raw<T>() + i * n * n, n, n);
      l = Eigen::Map<const Matrix>(a.raw<const T>() + i * n * n, n, n);
      Eigen::LLT<Eigen::Ref<Matrix>, Eigen::Lower> llt(l);
      bool positive = llt.info() == Eigen::Success;
      for (int64_t k = 0; k < n; ++k) {
        auto d = std::real(l(k, k));
        positive &= d > 0 && d <= std::numeric_limits<decltype(d)>::max();  // NaN passes through Eigen
      }
      l.template triangularView<Eigen::StrictlyUpper>().setZero();
      return positive;
    });
  });
}

}  // namespace

Tensor cholesky(const Tensor& a, bool upper, Where where) {
  return formula(where, [&] {
    check_square("cholesky", a);
    Tensor l = apply(Cholesky{}, upper ? adjoint(worked(a)) : worked(a), where);
    return as_answer(upper ? adjoint(l) : l, a.dtype());
  });
}

Tensor cholesky_solve(const Tensor& b, const Tensor& factor, bool upper, Where where) {
  return formula(where, [&] {
    return right_hand_side(b, [&](const Tensor& columns) {
      auto [f, x] = system("cholesky_solve", factor, columns);
      Tensor l = upper ? adjoint(f) : f;
      Tensor y = solved_triangular(l, x, true, false, "cholesky_solve");
      return as_answer(solved_triangular(adjoint(l), y, false), promote(factor.dtype(), b.dtype()));
    });
  });
}

}  // namespace reel::linalg
