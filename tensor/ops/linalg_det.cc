#define EIGEN_DONT_PARALLELIZE
#include <Eigen/LU>
#include <cmath>
#include <limits>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

template <class T> using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T> using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Tensor as_matrix(const Tensor& scalars) { return expand_dims(expand_dims(scalars, -1), -1); }

// The derivative of det by each element: det(a) a^-T, and where a is singular the product of the other singular values along each pair
// of singular vectors.
struct Cofactors {
  static constexpr const char* name = "cofactors";
  static constexpr Keep keep = kIn | kOut;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  // From C = det(a) a^-T: <g, C> a^-T - C g^T a^-T.
  Grads vjp(const Vjp& v) const {
    Tensor a = v.in(0), c = v.out(), g = v.gy();
    Tensor inverse = transposed(solved(a, broadcast_to(identity_like(a), a.shape()), "gradient of the gradient of det"));
    return {sum(g * c, {-2, -1}, true) * inverse - matmul(c, matmul(transposed(g), inverse))};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
template <class T> void cofactors(Eigen::Map<const Rows<T>> a, Eigen::Map<Rows<T>> c) {
  Columns<double> m = a.template cast<double>();
  Eigen::PartialPivLU<Columns<double>> lu(m);
  auto diagonal = lu.matrixLU().diagonal().cwiseAbs();
  if (diagonal.minCoeff() > 1e-10 * diagonal.maxCoeff()) {
    c = (lu.determinant() * lu.inverse().transpose()).template cast<T>();
    return;
  }
  int64_t n = a.rows();
  Rows<double> from = m, u(n, n), vh(n, n);
  Eigen::VectorXd s(n), others(n);
  singular_values(from.data(), n, n, true, u.data(), s.data(), vh.data());
  double sign = Eigen::PartialPivLU<Columns<double>>(u).determinant() * Eigen::PartialPivLU<Columns<double>>(vh).determinant() > 0 ? 1 : -1;
  for (int64_t i = 0; i < n; ++i) {
    others[i] = sign;
    for (int64_t j = 0; j < n; ++j)
      if (j != i) others[i] *= s[j];
  }
  c = (u * others.asDiagonal() * vh).template cast<T>();
}
REEL_KERNEL(Cofactors, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  if (a.size() == 0) return;
  visit_working(a.dtype(), [&]<class T>(T*) {
    each_matrix("gradient of det", a, 2 * double(n) * double(n) * double(n), "is not finite", [&](int64_t i) {
      const T* from = a.raw<const T>() + i * n * n;
      if (!all_finite(from, n * n)) return false;
      cofactors<T>(Eigen::Map<const Rows<T>>(from, n, n), Eigen::Map<Rows<T>>(out[0].raw<T>() + i * n * n, n, n));
      return true;
    });
  });
}

// The signs of a stack's determinants and, per matrix, whatever `each` makes of the diagonal of U.
template <class F> void eliminate(const Tensor& x, F&& each) {
  Tensor a = contiguous(x);
  int64_t n = a.shape()[-1];
  visit_working(a.dtype(), [&]<class T>(T*) {
    each_matrix("", a, double(n) * double(n) * double(n), "", [&](int64_t i) {
      if (n == 0) {
        each(i, T(1), Eigen::Matrix<T, Eigen::Dynamic, 1>());
        return true;
      }
      Columns<T> m = Eigen::Map<const Rows<T>>(a.raw<const T>() + i * n * n, n, n);
      Eigen::PartialPivLU<Eigen::Ref<Columns<T>>> lu(m);
      Eigen::Matrix<T, Eigen::Dynamic, 1> diagonal = m.diagonal();
      each(i, T(lu.permutationP().determinant()), diagonal);
      return true;
    });
  });
}

struct Det {
  static constexpr const char* name = "det";
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const { return {batch_of(in[0]), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {as_matrix(v.gy()) * apply(Cofactors{}, v.in(0), {})}; }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Det, kCpu) {
  eliminate(in[0], [&]<class T, class D>(int64_t i, T sign, const D& diagonal) {
    for (int64_t k = 0; k < diagonal.size(); ++k) sign *= diagonal[k];
    out[0].raw<T>()[i] = sign;
  });
}

struct Slogdet {
  static constexpr const char* name = "slogdet";
  static constexpr Keep keep = kIn;
  static constexpr uint8_t outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    Spec s(batch_of(in[0]), in[0].dtype());
    return {s, s};
  }
  Grads vjp(const Vjp& v) const {
    Tensor a = v.in(0);
    if (!v.has_gy(1)) return {zeros_like(a)};
    return {as_matrix(v.gy(1)) * transposed(solved(a, broadcast_to(identity_like(a), a.shape()), nullptr))};
  }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Slogdet, kCpu) {
  eliminate(in[0], [&]<class T, class D>(int64_t i, T sign, const D& diagonal) {
    T total = 0;
    for (int64_t k = 0; k < diagonal.size(); ++k) {
      T d = diagonal[k];
      sign = d == 0 ? T(0) : d < 0 ? -sign : d > 0 ? sign : d;
      total += std::log(std::abs(d));
    }
    out[0].raw<T>()[i] = sign;
    out[1].raw<T>()[i] = sign == 0 ? -std::numeric_limits<T>::infinity() : total;
  });
}

}  // namespace

Tensor det(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("det", a);
    return as_answer(apply(Det{}, worked(a), where), a.dtype());
  });
}

SlogdetResult slogdet(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("slogdet", a);
    auto [sign, logarithm] = apply(Slogdet{}, worked(a), where);
    return SlogdetResult{as_answer(sign, a.dtype()), as_answer(logarithm, a.dtype())};
  });
}

}  // namespace reel::linalg
