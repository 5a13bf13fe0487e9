#define EIGEN_DONT_PARALLELIZE
#include <Eigen/QR>
#include <algorithm>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

// Walter and Lehmann 2018: (gq + q copyltu(r gr^H - gq^H q)) r^-H for a matrix of at least as many rows as columns; r's diagonal is real.
Tensor tall_gradient(const Tensor& q, const Tensor& r, const Tensor& gq, const Tensor& gr) {
  Tensor m = matmul(r, adjoint(gr)) - matmul(adjoint(gq), q);
  Tensor mirrored = hermitian(lower_part(m) + lower_part(m, -1));
  Tensor inner = gq + matmul(q, mirrored);
  return adjoint(solved_triangular(r, adjoint(inner), false));
}

// {q, r, rest}: the reduced factors, and with `complete` the columns that make q square (else none).
struct Qr {
  static constexpr const char* name = "qr";
  static constexpr bool complex = true;
  static constexpr Keep keep = kOut;
  static constexpr uint8_t outputs = 3;
  bool complete;
  std::array<Spec, 3> infer(Inputs in) const {
    DType t = in[0].dtype();
    Shape batch = batch_of(in[0]);
    int64_t m = in[0].shape()[-2], n = in[0].shape()[-1], k = std::min(m, n);
    return {Spec{joined(batch, {m, k}), t}, Spec{joined(batch, {k, n}), t}, Spec{joined(batch, {m, complete ? m - k : 0}), t}};
  }
  Grads vjp(const Vjp& v) const {
    // jvp has a gradient for every output, empty ones too.
    if (v.has_gy(2) && v.out(2).size()) throw Error("qr: the complete q of a matrix with more rows than columns has no gradient (QRMode::kReduced has)");
    Tensor q = v.out(0), r = v.out(1), gq = v.gy(0), gr = upper_part(v.gy(1));
    int64_t m = q.shape()[-2], n = r.shape()[-1];
    if (m >= n) return {tall_gradient(q, r, gq, gr)};
    // The columns of r beyond the first m are q^H times a's.
    Tensor g_right = slice_axis(gr, -1, m, n - m), right = matmul(q, slice_axis(r, -1, m, n - m));
    Tensor left = tall_gradient(q, slice_axis(r, -1, 0, m), gq + matmul(right, adjoint(g_right)), slice_axis(gr, -1, 0, m));
    return {concat({left, matmul(q, g_right)}, -1)};
  }
  std::array<Tensor, 3> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Qr, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t m = a.shape()[-2], n = a.shape()[-1], k = std::min(m, n), more = out[2].shape()[-1];
  visit_wide(a.dtype(), [&]<class T>(T*) {
    using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
    using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    each_matrix("", a, 4 * double(m) * double(n) * double(k + more), "", [&](int64_t i) {
      Columns q = Columns::Identity(m, k + more);
      if (k > 0) {
        Eigen::HouseholderQR<Columns> qr(Eigen::Map<const Rows>(a.raw<const T>() + i * m * n, m, n));
        Eigen::Map<Rows> r(out[1].raw<T>() + i * k * n, k, n);
        r = qr.matrixQR().topRows(k);
        r.template triangularView<Eigen::StrictlyLower>().setZero();
        q.applyOnTheLeft(qr.householderQ());
      }
      Eigen::Map<Rows>(out[0].raw<T>() + i * m * k, m, k) = q.leftCols(k);
      Eigen::Map<Rows>(out[2].raw<T>() + i * m * more, m, more) = q.rightCols(more);
      return true;
    });
  });
}

// {h, tau}: r on and above the diagonal, the reflections' vectors below it.
struct RawQr {
  static constexpr const char* name = "qr";
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  static constexpr uint8_t outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    int64_t k = std::min(in[0].shape()[-2], in[0].shape()[-1]);
    return {Spec{in[0].shape(), in[0].dtype()}, Spec{joined(batch_of(in[0]), {k}), in[0].dtype()}};
  }
  Grads vjp(const Vjp&) const { throw Error("qr: the raw reflections have no gradient (QRMode::kReduced has)"); }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(RawQr, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t m = a.shape()[-2], n = a.shape()[-1], k = std::min(m, n);
  if (k == 0) return;
  visit_wide(a.dtype(), [&]<class T>(T*) {
    using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    each_matrix("", a, 2 * double(m) * double(n) * double(k), "", [&](int64_t i) {
      Eigen::HouseholderQR<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>> qr(Eigen::Map<const Rows>(a.raw<const T>() + i * m * n, m, n));
      Eigen::Map<Rows>(out[0].raw<T>() + i * m * n, m, n) = qr.matrixQR();
      // Eigen keeps those of the reflections that made r, which are the adjoints of q's.
      Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(out[1].raw<T>() + i * k, k) = qr.hCoeffs().conjugate();
      return true;
    });
  });
}

}  // namespace

QRResult qr(const Tensor& a, QRMode mode, Where where) {
  return formula(where, [&] {
    check_matrix("qr", a);
    if (mode == QRMode::kRaw) {
      auto [h, tau] = apply(RawQr{}, widened(a), where);
      return QRResult{as_answer(transposed(h), a.dtype()), as_answer(tau, a.dtype())};
    }
    auto [q, r, rest] = apply(Qr{mode == QRMode::kComplete}, widened(a), where);
    if (int64_t more = rest.shape()[-1]) {
      q = concat({q, rest}, -1);
      r = concat({r, zeros(joined(batch_of(a), {more, a.shape()[-1]}), r.dtype())}, -2);
    }
    return QRResult{mode == QRMode::kR ? Tensor{} : as_answer(q, a.dtype()), as_answer(r, a.dtype())};
  });
}

Tensor householder_product(const Tensor& a, const Tensor& tau, Where where) {
  return formula(where, [&] {
    check_matrix("householder_product", a);
    const Tensor* in[] = {&a, &tau};
    int64_t m = a.shape()[-2], n = a.shape()[-1], k = tau.rank() ? tau.shape()[-1] : 0;
    Shape expected = joined(batch_of(a), {k});
    if (n > m) fail("householder_product", "needs at least as many rows as columns", Inputs(in, 2));
    if (tau.rank() == 0 || k > n || !(tau.shape() == expected))
      fail("householder_product", "tau must have a's batch and at most " + std::to_string(n) + " elements in its last axis", Inputs(in, 2));
    DType t = promote(a.dtype(), tau.dtype());
    Tensor v = lower_part(cast(a, working(t)), -1) + eye(m, n, working(t)), factors = cast(tau, working(t));
    Tensor q = broadcast_to(eye(m, n, working(t)), a.shape());
    for (int64_t i = k; i-- > 0;) {  // the last reflection first
      Tensor column = slice_axis(v, -1, i, 1);
      q = q - expand_dims(slice_axis(factors, -1, i, 1), -1) * matmul(column, matmul(adjoint(column), q));
    }
    return as_answer(q, t);
  });
}

}  // namespace reel::linalg
