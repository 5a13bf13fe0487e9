#include <algorithm>
#include <limits>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/arrange.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/create.h"
#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

constexpr const char* kNotFinite = "has a value that is not finite";

// f / (s_j^2 - s_i^2) off the diagonal, which is zero.
Tensor over_gaps(const Tensor& f, const Tensor& s) {
  Tensor one = identity_like(f), squares = s * s;
  Tensor gaps = expand_dims(squares, -2) - expand_dims(squares, -1);
  return reel::where(one == 0, f / reel::where(one == 0, gaps, 1), 0);
}
Tensor skew(const Tensor& x) { return x - adjoint(x); }

// {u, s, vh, rest of u, rest of vh}: the thin factors, and with `full` what completes u and vh to square matrices (else empty).
struct Svd {
  static constexpr const char* name = "svd";
  static constexpr bool complex = true;
  static constexpr Keep keep = kOut;
  static constexpr uint8_t outputs = 5;
  bool full;
  const char* refuse = name;  // whom to blame for a matrix that is not finite
  std::array<Spec, 5> infer(Inputs in) const {
    DType t = in[0].dtype();
    Shape batch = batch_of(in[0]);
    int64_t m = in[0].shape()[-2], n = in[0].shape()[-1], k = std::min(m, n);
    return {Spec{joined(batch, {m, k}), t}, Spec{joined(batch, {k}), float64}, Spec{joined(batch, {k, n}), t},
            Spec{joined(batch, {m, full ? m - k : 0}), t}, Spec{joined(batch, {full ? n - k : 0, n}), t}};
  }
  // Townsend 2016: u ((skew(u^H gu) / e) s + s (skew(v^H gv) / e) + diag(gs)) vh, and what gu and gv have outside the spans of u and v.
  // Of complex vectors a pair turns together; turned apart, it is the imaginary diagonal of a matrix in their midst.
  Grads vjp(const Vjp& v) const {
    if ((v.has_gy(3) && v.out(3).size()) || (v.has_gy(4) && v.out(4).size()))  // jvp has one for every output, empty ones too
      throw Error("svd: with full_matrices the vectors of a matrix that is not square have no gradient (full_matrices = false has)");
    Tensor u = v.out(0), s = v.out(1), vh = v.out(2);
    int64_t m = u.shape()[-2], n = vh.shape()[-1], k = s.shape()[-1];
    Tensor middle, row = expand_dims(s, -2), column = expand_dims(s, -1), outside, turned, along;
    if (v.has_gy(1) || !(v.has_gy(0) || v.has_gy(2))) middle = diagonal_matrix(v.gy(1));
    auto add = [](Tensor& total, const Tensor& part) { total = total ? total + part : part; };
    auto check = [&](const Tensor& projected) {
      NoGrad no_grad;
      add(turned, abs(projected));
      add(along, diagonal(projected, 0, -2, -1));
    };
    if (v.has_gy(0)) {
      Tensor gu = v.gy(0), projected = matmul(adjoint(u), gu);
      add(middle, over_gaps(skew(projected), s) * row);
      if (is_complex(u.dtype())) {
        check(projected);
        add(middle, diagonal_matrix(reel::complex(zeros_like(s), imag(diagonal(projected, 0, -2, -1)) / s)));
      }
      if (m > k) add(outside, matmul((gu - matmul(u, projected)) / row, vh));
    }
    if (v.has_gy(2)) {
      Tensor gvh = v.gy(2), projected = matmul(vh, adjoint(gvh));
      add(middle, column * over_gaps(skew(projected), s));
      if (is_complex(u.dtype())) check(projected);
      if (n > k) add(outside, matmul(u, (gvh - matmul(adjoint(projected), vh)) / column));
    }
    if (along) check_phase(name, turned, along, u);
    Tensor ga = matmul(matmul(u, middle), vh);
    return {outside ? ga + outside : ga};
  }
  std::array<Tensor, 5> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Svd, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t m = a.shape()[-2], n = a.shape()[-1], k = std::min(m, n);
  visit_wide(a.dtype(), [&]<class T>(T*) {
    each_matrix(op.refuse, a, 20 * double(m) * double(n) * double(k), kNotFinite, [&](int64_t i) {
      const T* from = a.raw<const T>() + i * m * n;
      T *u = out[0].raw<T>() + i * m * k, *vh = out[2].raw<T>() + i * k * n;
      double* s = out[1].raw<double>() + i * k;
      if (!op.full || m == n) return singular_values(from, m, n, false, u, s, vh);
      std::vector<T> whole_u(size_t(m * m)), whole_vh(size_t(n * n));
      if (!singular_values(from, m, n, true, whole_u.data(), s, whole_vh.data())) return false;
      T *rest_u = out[3].raw<T>() + i * m * (m - k), *rest_vh = out[4].raw<T>() + i * (n - k) * n;
      for (int64_t row = 0; row < m; ++row) {
        std::copy_n(whole_u.data() + row * m, k, u + row * k);
        std::copy_n(whole_u.data() + row * m + k, m - k, rest_u + row * (m - k));
      }
      std::copy_n(whole_vh.data(), k * n, vh);
      std::copy_n(whole_vh.data() + k * n, (n - k) * n, rest_vh);
      return true;
    });
  });
}

struct Svdvals {
  static constexpr const char* name = "svdvals";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const {
    return {joined(batch_of(in[0]), {std::min(in[0].shape()[-2], in[0].shape()[-1])}), float64};
  }
  Grads vjp(const Vjp& v) const {
    auto [u, s, vh, rest_u, rest_vh] = apply(Svd{false}, v.in(0), {});
    return {matmul(u * expand_dims(v.gy(), -2), vh)};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Svdvals, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t m = a.shape()[-2], n = a.shape()[-1], k = std::min(m, n);
  visit_wide(a.dtype(), [&]<class T>(T*) {
    each_matrix(Svdvals::name, a, 5 * double(m) * double(n) * double(k), kNotFinite, [&](int64_t i) {
      return singular_values(a.raw<const T>() + i * m * n, m, n, false, nullptr, out[0].raw<double>() + i * k, nullptr);
    });
  });
}

struct Pinv {
  static constexpr const char* name = "pinv";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn | kOut;
  double rcond;
  Spec infer(Inputs in) const { return {joined(batch_of(in[0]), {in[0].shape()[-1], in[0].shape()[-2]}), in[0].dtype()}; }
  // d p = -p da p + p p^H da^H (1 - a p) + (1 - p a) da^H p^H p, transposed (Golub and Pereyra 1973).
  Grads vjp(const Vjp& v) const {
    Tensor a = v.in(0), p = v.out(), g = v.gy(), ph = adjoint(p), gh = adjoint(g);
    Tensor ga = -matmul(ph, matmul(g, ph));
    Tensor left = matmul(matmul(gh, p), ph), right = matmul(ph, matmul(p, gh));
    return {ga + (left - matmul(a, matmul(p, left))) + (right - matmul(matmul(right, p), a))};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
  std::string attributes() const { return "rcond=" + std::to_string(rcond); }
};
REEL_KERNEL(Pinv, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  auto [u, s, vh, rest_u, rest_vh] = apply(Svd{false, Pinv::name}, in[0], {});
  Tensor large = s > op.rcond * slice_axis(s, -1, 0, 1), inverse = reel::where(large, 1 / s, 0);
  assign(detach(out[0]), matmul(adjoint(vh) * expand_dims(inverse, -2), adjoint(u)));
}

// Below it, times the largest, singular values are rounding errors of a's dtype.
double tolerance(DType dtype, const Tensor& a) {
  double epsilon = part_dtype(dtype) == float64 ? std::numeric_limits<double>::epsilon() : double(std::numeric_limits<float>::epsilon());
  return epsilon * double(std::max(a.shape()[-1], a.shape()[-2]));
}

}  // namespace

SVDResult svd(const Tensor& a, bool full_matrices, Where where) {
  return formula(where, [&] {
    check_matrix("svd", a);
    auto [u, s, vh, rest_u, rest_vh] = apply(Svd{full_matrices}, widened(a), where);
    if (rest_u.shape()[-1]) u = concat({u, rest_u}, -1);
    if (rest_vh.shape()[-2]) vh = concat({vh, rest_vh}, -2);
    return SVDResult{as_answer(u, a.dtype()), as_answer(s, part_dtype(a.dtype())), as_answer(vh, a.dtype())};
  });
}

Tensor svdvals(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_matrix("svdvals", a);
    return as_answer(apply(Svdvals{}, widened(a), where), part_dtype(a.dtype()));
  });
}

Tensor pinv(const Tensor& a, double rcond, Where where) {
  return formula(where, [&] {
    check_matrix("pinv", a);
    return as_answer(apply(Pinv{rcond < 0 ? tolerance(a.dtype(), a) : rcond}, widened(a), where), a.dtype());
  });
}

LstsqResult lstsq(const Tensor& a, const Tensor& b, double rcond, Where where) {
  return formula(where, [&] {
    check_matrix("lstsq", a);
    bool vector = b.rank() == 1;
    Tensor columns = vector ? expand_dims(b, -1) : b;
    check_matrix("lstsq", columns);
    const Tensor* in[] = {&a, &b};
    int64_t m = a.shape()[-2], n = a.shape()[-1];
    if (columns.shape()[-2] != m)
      fail("lstsq", "a has " + std::to_string(m) + " rows, b has " + std::to_string(columns.shape()[-2]), Inputs(in, 2));
    DType asked = promote(a.dtype(), b.dtype()), t = wide(asked);
    Shape batch = common_batch("lstsq", a, columns);
    Tensor matrix = cast(a, t), right = with_batch(cast(columns, t), batch);
    double least = rcond < 0 ? tolerance(asked, a) : rcond;
    LstsqResult r;
    {
      NoGrad no_grad;
      Tensor s = apply(Svdvals{}, matrix, where);
      Tensor largest = s.shape()[-1] ? slice_axis(s, -1, 0, 1) : zeros(joined(batch_of(a), {1}), float64);
      r.rank = sum(s > largest * least, -1);
      r.s = as_answer(s, part_dtype(asked));
    }
    Tensor x = matmul(apply(Pinv{least}, matrix, where), right);
    Tensor rest = matmul(matrix, x) - right, total = sum(real(rest * conj(rest)), -2);
    bool determined = m > n && (r.rank.device().type >= DeviceType::kSymbolic || all(r.rank == n).item() != 0);
    r.residuals = as_answer(determined ? total : slice_axis(total, -1, 0, 0), part_dtype(asked));
    r.x = as_answer(vector ? squeeze(x, -1) : x, asked);
    return r;
  });
}

Tensor matrix_rank(const Tensor& a, double tol, Where where) {
  return formula(where, [&] {
    NoGrad no_grad;
    if (a.rank() < 2) return cast(any(a != 0), int64);
    Tensor s = apply(Svdvals{}, widened(a), where);
    if (s.shape()[-1] == 0) return sum(s > 0, -1);
    return sum(s > (tol < 0 ? slice_axis(s, -1, 0, 1) * tolerance(a.dtype(), a) : full({}, tol, float64)), -1);
  });
}

}  // namespace reel::linalg
