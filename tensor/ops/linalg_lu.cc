// Gaussian elimination and what follows from it at once: systems, inverses, determinants.
#include <algorithm>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/create.h"
#include "tensor/ops/index.h"
#include "tensor/ops/linalg_decompose.h"
#include "tensor/ops/linalg_matrices.h"
#include "tensor/ops/matmul.h"

namespace reel::linalg {
namespace {

// int64 [..., rows]: the row of a that stands in each row of L U, or with `back` the row of L U where each row of a stands.
struct Permutation {
  static constexpr const char* name = "permutation";
  static constexpr Keep keep = kNothing;
  int64_t rows;
  bool back;
  Spec infer(Inputs in) const {
    Shape s = in[0].shape();
    s[-1] = rows;
    return {s, int64};
  }
  Grads vjp(const Vjp&) const { return {}; }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Permutation, kCpu) {
  Tensor pivots = contiguous(in[0]);
  int64_t k = pivots.shape()[-1], m = op.rows, count = m ? out[0].size() / m : 0;
  std::vector<int64_t> order(static_cast<size_t>(m));
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < m; ++j) order[size_t(j)] = j;
    for (int64_t j = 0; j < k; ++j) {
      int64_t other = pivots.raw<const int64_t>()[i * k + j];
      if (other < 0 || other >= m)
        fail<IndexError>("lu_solve", "pivot " + std::to_string(other) + " is outside the " + std::to_string(m) + " rows", in);
      std::swap(order[size_t(j)], order[size_t(other)]);
    }
    int64_t* to = out[0].raw<int64_t>() + i * m;
    for (int64_t j = 0; j < m; ++j) (op.back ? to[order[size_t(j)]] : to[j]) = op.back ? j : order[size_t(j)];
  }
}
// The rows of x [..., m, k] in the order of the eliminated matrix, or back in their own.
Tensor permuted(const Tensor& x, const Tensor& pivots, bool back) {
  Tensor order = apply(Permutation{x.shape()[-2], back}, pivots, {});
  return take_along_axis(x, expand_dims(order, -1), -2);
}

struct LuFactor {
  static constexpr const char* name = "lu_factor";
  static constexpr bool complex = true;
  static constexpr Keep keep = kOut;
  static constexpr uint8_t outputs = 2;
  const char* refuse = nullptr;
  std::array<Spec, 2> infer(Inputs in) const {
    int64_t m = in[0].shape()[-2], n = in[0].shape()[-1];
    return {Spec{in[0].shape(), in[0].dtype()}, Spec{joined(batch_of(in[0]), {std::min(m, n)}), int64}};
  }
  // Of the square block: P L^-H (tril(L^H gL, -1) + triu(gU U^H)) U^-H; rows below it are B U^-1, columns beside it L^-1 B.
  Grads vjp(const Vjp& v) const {
    Tensor f = conj(v.out(0)), g = v.gy(0);
    int64_t m = f.shape()[-2], n = f.shape()[-1], k = std::min(m, n);
    Tensor square = slice_axis(slice_axis(f, -2, 0, k), -1, 0, k), g_square = slice_axis(slice_axis(g, -2, 0, k), -1, 0, k);
    Tensor lt = transposed(lower_part(square, -1)) + identity_like(square), ut = transposed(upper_part(square));
    Tensor gl = lower_part(g_square, -1), gu = upper_part(g_square), rest;
    if (m > n) {
      rest = transposed(solved_triangular(transposed(ut), transposed(slice_axis(g, -2, k, m - k)), false));
      gu = gu - upper_part(matmul(transposed(slice_axis(f, -2, k, m - k)), rest));
    } else if (n > m) {
      rest = solved_triangular(lt, slice_axis(g, -1, k, n - k), false, true);
      gl = gl - lower_part(matmul(rest, transposed(slice_axis(f, -1, k, n - k))), -1);
    }
    Tensor middle = lower_part(matmul(lt, gl), -1) + upper_part(matmul(gu, ut));
    Tensor left = solved_triangular(lt, middle, false, true);
    Tensor ga = transposed(solved_triangular(transposed(ut), transposed(left), false));
    if (rest) ga = concat({ga, rest}, m > n ? -2 : -1);
    return {permuted(ga, v.out(1), true)};
  }
  std::array<Tensor, 2> batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(LuFactor, kCpu) {
  Tensor a = contiguous(in[0]);
  int64_t m = a.shape()[-2], n = a.shape()[-1], k = std::min(m, n);
  if (a.size() == 0) return;
  visit_working(a.dtype(), [&]<class T>(T*) {
    each_matrix(op.refuse ? op.refuse : "", a, double(m) * double(n) * double(k), "is singular", [&](int64_t i) {
      T* f = out[0].raw<T>() + i * m * n;
      std::copy_n(a.raw<const T>() + i * m * n, m * n, f);
      eliminate(f, m, n, out[1].raw<int64_t>() + i * k);
      if (op.refuse)
        for (int64_t j = 0; j < k; ++j)
          if (f[j * n + j] == T(0)) return false;
      return true;
    });
  });
}

// x of a x = b (or a^T x = b); inputs a, b and a's factors, which have no gradient of their own here.
struct Solve {
  static constexpr const char* name = "solve";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn | kOut;
  bool transpose;
  Spec infer(Inputs in) const { return {in[1].shape(), in[1].dtype()}; }
  Grads vjp(const Vjp& v) const {
    Tensor gb = conj(apply(Solve{!transpose}, {v.in(0), conj(v.gy()), v.in(2), v.in(3)}, {}));
    if (!v.needs(0)) return {Tensor{}, gb, Tensor{}, Tensor{}};
    return {transpose ? -matmul(conj(v.out()), transposed(gb)) : -matmul(gb, adjoint(v.out())), gb, Tensor{}, Tensor{}};
  }
  Tensor batch(const Batch& b) const { return b.call(*this); }
};
REEL_KERNEL(Solve, kCpu) {
  Tensor b = contiguous(in[1]), lu = contiguous(in[2]), pivots = contiguous(in[3]);
  int64_t n = b.shape()[-2], k = b.shape()[-1];
  if (b.size() == 0) return;
  visit_working(b.dtype(), [&]<class T>(T*) {
    each_matrix("", b, double(n) * double(n) * double(k), "", [&](int64_t i) {
      T* x = out[0].raw<T>() + i * n * k;
      std::copy_n(b.raw<const T>() + i * n * k, n * k, x);
      solve_eliminated(lu.raw<const T>() + i * n * n, pivots.raw<const int64_t>() + i * n, n, op.transpose, x, k);
      return true;
    });
  });
}

}  // namespace

Tensor solved(const Tensor& a, const Tensor& b, const char* refuse) {
  auto [lu, pivots] = [&] {
    NoGrad no_grad;
    return apply(LuFactor{refuse}, a, Where{});
  }();
  return apply(Solve{false}, {a, b, lu, pivots}, {});
}

LUFactors lu_factor(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_matrix("lu_factor", a);
    auto [lu, pivots] = apply(LuFactor{}, worked(a), where);
    return LUFactors{as_answer(lu, a.dtype()), pivots};
  });
}

LUResult lu(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_matrix("lu", a);
    auto [f, pivots] = apply(LuFactor{}, worked(a), where);
    int64_t m = a.shape()[-2], n = a.shape()[-1], k = std::min(m, n);
    Tensor l = lower_part(slice_axis(f, -1, 0, k), -1) + eye(m, k, f.dtype());
    Tensor order = apply(Permutation{m, true}, pivots, where);
    Tensor u = upper_part(slice_axis(f, -2, 0, k));
    Tensor p = cast(expand_dims(order, -1) == arange(m), answered(a.dtype()));  // one_hot would look at the values, which vmap has none of
    return LUResult{p, as_answer(l, a.dtype()), as_answer(u, a.dtype())};
  });
}

Tensor lu_solve(const LUFactors& factors, const Tensor& b, bool transpose, Where where) {
  return formula(where, [&] {
    return right_hand_side(b, [&](const Tensor& columns) {
      const Tensor& p = factors.pivots;
      auto [f, x] = system("lu_solve", factors.lu, columns);
      const Tensor* in[] = {&factors.lu, &p};
      Shape expected = joined(batch_of(factors.lu), {factors.lu.shape()[-1]});
      if (p.dtype() != int64 || !(p.shape() == expected)) fail("lu_solve", "pivots must be int64" + to_string(expected), Inputs(in, 2));
      Shape s = joined(batch_of(f), {p.shape()[-1]});
      Tensor pivots = s == p.shape() ? p : broadcast_to(p, s), y;
      if (transpose) {
        y = solved_triangular(transposed(f), x, true, false, "lu_solve");
        y = permuted(solved_triangular(transposed(f), y, false, true), pivots, true);
      } else {
        y = solved_triangular(f, permuted(x, pivots, false), true, true);
        y = solved_triangular(f, y, false, false, "lu_solve");
      }
      return as_answer(y, promote(factors.lu.dtype(), b.dtype()));
    });
  });
}

Tensor solve(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] {
    return right_hand_side(b, [&](const Tensor& columns) {
      auto [m, x] = system("solve", a, columns);
      return as_answer(solved(m, x, "solve"), promote(a.dtype(), b.dtype()));
    });
  });
}

Tensor inv(const Tensor& a, Where where) {
  return formula(where, [&] {
    check_square("inv", a);
    Tensor m = worked(a);
    return as_answer(solved(m, broadcast_to(identity_like(m), m.shape()), "inv"), a.dtype());
  });
}

}  // namespace reel::linalg
