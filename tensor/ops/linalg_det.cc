#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

Tensor as_matrix(const Tensor& scalars) { return expand_dims(expand_dims(scalars, -1), -1); }
Tensor inverse_of(const Tensor& a, const char* refuse) { return solved(a, broadcast_to(identity_like(a), a.shape()), refuse); }

// The sign of the permutation that eliminate made.
double sign_of(const std::vector<int64_t>& pivots) {
  double sign = 1;
  for (size_t j = 0; j < pivots.size(); ++j)
    if (pivots[j] != int64_t(j)) sign = -sign;
  return sign;
}
template <class T> T determinant(std::vector<T> a, int64_t n) {
  std::vector<int64_t> pivots(static_cast<size_t>(n));
  eliminate(a.data(), n, n, pivots.data());
  T y = sign_of(pivots);
  for (int64_t j = 0; j < n; ++j) y *= a[size_t(j * n + j)];
  return y;
}

// The derivative of det by each element: det(a) a^-T, and where a is singular the product of the other singular values along each pair
// of singular vectors, det(u) det(vh) conj(u) diag(products) conj(vh).
struct Cofactors {
  static constexpr const char* name = "cofactors";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn | kOut;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  // From C = det(a) a^-T: <g, C> a^-H - conj(C) g^T a^-H.
  Grads vjp(const Vjp& v) const {
    Tensor a = v.in(0), c = conj(v.out()), g = v.gy();
    Tensor inverse = adjoint(inverse_of(a, "gradient of the gradient of det"));
    return {sum(g * c, {-2, -1}, true) * inverse - matmul(c, matmul(transposed(g), inverse))};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
template <class T> void cofactors(const T* a, int64_t n, T* c) {
  std::vector<T> lu(a, a + n * n);
  std::vector<int64_t> pivots(static_cast<size_t>(n));
  eliminate(lu.data(), n, n, pivots.data());
  T det = sign_of(pivots);
  double least = std::numeric_limits<double>::infinity(), largest = 0;
  for (int64_t j = 0; j < n; ++j) {
    T d = lu[size_t(j * n + j)];
    det *= d;
    least = std::min(least, std::abs(d)), largest = std::max(largest, std::abs(d));
  }
  std::fill_n(c, n * n, T(0));
  if (least > 1e-10 * largest) {
    for (int64_t j = 0; j < n; ++j) c[j * n + j] = det;
    return solve_eliminated(lu.data(), pivots.data(), n, true, c, n);
  }
  std::vector<T> u(size_t(n * n)), vh(size_t(n * n));
  std::vector<double> s(static_cast<size_t>(n));
  singular_values(a, n, n, true, u.data(), s.data(), vh.data());
  T phase = determinant(u, n) * determinant(vh, n);
  for (int64_t i = 0; i < n; ++i) {
    T others = phase;
    for (int64_t j = 0; j < n; ++j)
      if (j != i) others *= s[size_t(j)];
    for (int64_t row = 0; row < n; ++row)
      for (int64_t column = 0; column < n; ++column) {
        T product = u[size_t(row * n + i)] * vh[size_t(i * n + column)];
        if constexpr (std::is_same_v<T, C128>) product = std::conj(product);
        c[row * n + column] += others * product;
      }
  }
}
REEL_KERNEL(Cofactors, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t n = a.shape()[-1];
  if (a.size() == 0) return;
  visit_wide(a.dtype(), [&]<class T>(T*) {
    each_matrix("gradient of det", a, 2 * double(n) * double(n) * double(n), "is not finite", [&](int64_t i) {
      const T* from = a.raw<const T>() + i * n * n;
      if (!all_finite(from, n * n)) return false;
      cofactors(from, n, out[0].raw<T>() + i * n * n);
      return true;
    });
  });
}

// Of each matrix of a stack each(i, sign of the permutation, U).
template <class F> void each_elimination(const Tensor& x, F&& each) {
  Tensor a = contiguous(x);
  int64_t n = a.shape()[-1];
  visit_working(a.dtype(), [&]<class T>(T*) {
    each_matrix("", a, double(n) * double(n) * double(n), "", [&](int64_t i) {
      std::vector<T> u(a.raw<const T>() + i * n * n, a.raw<const T>() + (i + 1) * n * n);
      std::vector<int64_t> pivots(static_cast<size_t>(n));
      eliminate(u.data(), n, n, pivots.data());
      each(i, T(sign_of(pivots)), u.data());
      return true;
    });
  });
}

struct Det {
  static constexpr const char* name = "det";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const { return {batch_of(in[0]), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const {
    Tensor a = v.in(0);
    return {as_matrix(v.gy()) * conj(cast(apply(Cofactors{}, widened(a), {}), a.dtype()))};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Det, kCpu) {
  int64_t n = in[0].shape()[-1];
  each_elimination(in[0], [&]<class T>(int64_t i, T sign, const T* u) {
    for (int64_t k = 0; k < n; ++k) sign *= u[k * n + k];
    out[0].raw<T>()[i] = sign;
  });
}

struct Slogdet {
  static constexpr const char* name = "slogdet";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn | kOut;
  static constexpr uint8_t outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    Shape s = batch_of(in[0]);
    return {Spec(s, in[0].dtype()), Spec(s, part_dtype(in[0].dtype()))};
  }
  // d log det = trace(a^-1 da); its real part moves the logarithm, its imaginary part turns the sign.
  Grads vjp(const Vjp& v) const {
    Tensor a = v.in(0), along;
    if (v.has_gy(1)) along = v.gy(1);
    if (v.has_gy(0) && is_complex(a.dtype())) {
      Tensor turn = imag(v.gy(0) * conj(v.out(0)));
      along = reel::complex(along ? along : zeros_like(turn), turn);
    }
    if (!along) return {zeros_like(a)};
    return {as_matrix(along) * adjoint(inverse_of(a, nullptr))};
  }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Slogdet, kCpu) {
  int64_t n = in[0].shape()[-1];
  each_elimination(in[0], [&]<class T>(int64_t i, T sign, const T* u) {
    using R = decltype(std::abs(sign));
    R total = 0;
    for (int64_t k = 0; k < n; ++k) {
      T d = u[k * n + k];
      R size = std::abs(d);
      sign = size == 0 ? T(0) : sign * (d / size);
      total += std::log(size);
    }
    out[0].raw<T>()[i] = sign;
    out[1].raw<R>()[i] = sign == T(0) ? -std::numeric_limits<R>::infinity() : total;
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
    return SlogdetResult{as_answer(sign, a.dtype()), as_answer(logarithm, part_dtype(a.dtype()))};
  });
}

}  // namespace reel::linalg
