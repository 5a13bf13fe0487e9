#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>
#include <unsupported/Eigen/MatrixFunctions>

#include "tensor/autocast.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

struct MatrixExp {
  static constexpr const char* name = "matrix_exp";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  // The corner of exp([[a^H, g], [0, a^H]]) (Mathias 1996).
  Grads vjp(const Vjp& v) const {
    Tensor a = adjoint(v.in(0)), g = v.gy();
    int64_t n = a.shape()[-1];
    Tensor block = concat({concat({a, g}, -1), concat({zeros_like(a), a}, -1)}, -2);
    return {slice_axis(slice_axis(apply(MatrixExp{}, block, {}), -2, 0, n), -1, n, n)};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(MatrixExp, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  if (a.size() == 0) return;
  visit_wide(a.dtype(), [&]<class T>(T*) {
    using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
    using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    each_matrix(MatrixExp::name, a, 20 * double(n) * double(n) * double(n), "has a value that is not finite", [&](int64_t i) {
      const T* from = a.raw<const T>() + i * n * n;
      if (!all_finite(from, n * n)) return false;
      Columns m = Eigen::Map<const Rows>(from, n, n), e = m.exp();
      Eigen::Map<Rows>(out[0].raw<T>() + i * n * n, n, n) = e;
      return true;
    });
  });
}

}  // namespace

Tensor matrix_exp(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("matrix_exp", a);
    return as_answer(apply(MatrixExp{}, widened(a), where), a.dtype());
  });
}

Tensor matrix_power(const Tensor& a, int64_t n, Where where) {
  return formula(where, [&] {
    check_square("matrix_power", a);
    const Tensor* in[] = {&a};
    if (a.dtype() == boolean) fail<DTypeError>("matrix_power", "is not defined for bool (cast to a number first)", Inputs(in, 1));
    if (n == 0) return clone(broadcast_to(identity_like(a), a.shape()));
    Autocast exactly(float32);  // rounding would grow with every product
    Tensor base = n < 0 ? inv(a) : a, y;
    for (uint64_t left = n < 0 ? 0 - uint64_t(n) : uint64_t(n); left; left >>= 1) {
      if (left & 1) y = y ? matmul(y, base) : base;
      if (left > 1) base = matmul(base, base);
    }
    return n == 1 ? clone(y) : y;
  });
}

}  // namespace reel::linalg
