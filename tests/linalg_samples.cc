// Rows of linear algebra: the formulas are Gaussian elimination and series, element by element.
#include <algorithm>
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

// Matrices whose diagonal outweighs the rest; integers stay integers.
Tensor dominant(const Tensor& x) { return x + 12 * eye(x.shape()[-1], -1, x.dtype() == boolean ? int64 : x.dtype()); }
Array dominant(Array a) {
  size_t n = size_t(a.dims.back());
  for (size_t i = 0; i < a.v.size(); ++i)
    if (i % n == i / n % n) a.v[i] += 12;
  return a;
}
Tensor positive(const Tensor& x) {
  Tensor a = dominant(x);
  return a + transpose(a, {0, 2, 1});
}
Array transposed(const Array& a) {
  Ints dims = a.dims;
  std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  Array y(dims);
  a.each([&](const Ints& i) {
    Ints j = i;
    std::swap(j[j.size() - 1], j[j.size() - 2]);
    y(j) = a(i);
  });
  return y;
}
Array positive(const Array& a) {
  Array d = dominant(a), t = transposed(d);
  for (size_t i = 0; i < d.v.size(); ++i) d.v[i] += t.v[i];
  return d;
}

using Matrix = std::vector<std::vector<double>>;
Matrix matrix(const Array& a, int64_t which) {
  size_t m = size_t(a.dims[a.dims.size() - 2]), n = size_t(a.dims.back());
  Matrix y(m, std::vector<double>(n));
  for (size_t i = 0; i < m; ++i)
    for (size_t j = 0; j < n; ++j) y[i][j] = a.v[(size_t(which) * m + i) * n + j];
  return y;
}
void put(Array& a, int64_t which, const Matrix& y) {
  size_t n = y[0].size();
  for (size_t i = 0; i < y.size(); ++i)
    for (size_t j = 0; j < n; ++j) a.v[(size_t(which) * y.size() + i) * n + j] = y[i][j];
}
// Gauss and Jordan, with row exchanges: b becomes a^-1 b. Answers det(a).
double eliminate(Matrix a, Matrix& b) {
  double det = 1;
  size_t n = a.size();
  for (size_t k = 0; k < n; ++k) {
    size_t top = k;
    for (size_t i = k; i < n; ++i)
      if (std::fabs(a[i][k]) > std::fabs(a[top][k])) top = i;
    if (top != k) std::swap(a[k], a[top]), std::swap(b[k], b[top]), det = -det;
    det *= a[k][k];
    for (size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      double f = a[i][k] / a[k][k];
      for (size_t j = 0; j < n; ++j) a[i][j] -= f * a[k][j];
      for (double& x : b[i]) x -= f * b[k][size_t(&x - b[i].data())];
    }
  }
  for (size_t i = 0; i < n; ++i)
    for (double& x : b[i]) x /= a[i][i];
  return det;
}
Matrix identity(size_t n) {
  Matrix y(n, std::vector<double>(n));
  for (size_t i = 0; i < n; ++i) y[i][i] = 1;
  return y;
}
Matrix product(const Matrix& a, const Matrix& b) {
  Matrix y(a.size(), std::vector<double>(b[0].size()));
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b[0].size(); ++j)
      for (size_t k = 0; k < b.size(); ++k) y[i][j] += a[i][k] * b[k][j];
  return y;
}
Array each_matrix(const Array& a, const std::function<Matrix(Matrix)>& f) {
  Array y(a.dims);
  for (int64_t i = 0; i < a.dims[0]; ++i) put(y, i, f(matrix(a, i)));
  return y;
}
Array inverses(const Array& a) {
  return each_matrix(a, [](const Matrix& m) {
    Matrix y = identity(m.size());
    eliminate(m, y);
    return y;
  });
}
Array solutions(const Array& a, const Array& b) {
  Array y(b.dims);
  for (int64_t i = 0; i < a.dims[0]; ++i) {
    Matrix x = matrix(b, i);
    eliminate(matrix(a, i), x);
    put(y, i, x);
  }
  return y;
}
Array determinants(const Array& a) {
  Array y({a.dims[0]});
  for (int64_t i = 0; i < a.dims[0]; ++i) {
    Matrix none = identity(size_t(a.dims[1]));
    y.v[size_t(i)] = eliminate(matrix(a, i), none);
  }
  return y;
}
Array cholesky_of(const Array& a) {
  return each_matrix(a, [](Matrix m) {
    size_t n = m.size();
    for (size_t j = 0; j < n; ++j)
      for (size_t i = 0; i < n; ++i) {
        double s = m[i][j];
        for (size_t k = 0; k < j; ++k) s -= m[i][k] * m[j][k];
        m[i][j] = i < j ? 0 : i == j ? std::sqrt(s) : s / m[j][j];
      }
    return m;
  });
}
Array exponentials(const Array& a) {
  return each_matrix(a, [](Matrix m) {
    Matrix y = identity(m.size()), term = y;
    for (int k = 1; k < 60; ++k) {
      term = product(term, m);
      for (auto& row : term)
        for (double& x : row) x /= k;
      for (size_t i = 0; i < y.size(); ++i)
        for (size_t j = 0; j < y.size(); ++j) y[i][j] += term[i][j];
    }
    return y;
  });
}
Array lower(const Array& a, bool keep_diagonal) {
  Array y = a;
  a.each([&](const Ints& i) {
    if (i[2] > i[1] || (i[2] == i[1] && !keep_diagonal)) y(i) = i[2] == i[1];
  });
  return y;
}
// The pseudo-inverse of a tall matrix by the normal equations.
Array pseudo_inverses(const Array& a) {
  Array y(transposed(a).dims);
  for (int64_t i = 0; i < a.dims[0]; ++i) {
    Matrix at = matrix(transposed(a), i), x = at;
    eliminate(product(at, matrix(a, i)), x);
    put(y, i, x);
  }
  return y;
}
Tensor tall(const Tensor& x) { return x + 12 * eye(x.shape()[1], x.shape()[2], x.dtype() == boolean ? int64 : x.dtype()); }
Array tall(Array a) {
  a.each([&](const Ints& i) { a(i) += i[1] == i[2] ? 12 : 0; });
  return a;
}
Array column_sums(const Array& a, double (*f)(double x)) {
  Array y({a.dims[0]});
  for (size_t i = 0; i < a.v.size(); ++i) y.v[i / size_t(a.dims[1] * a.dims[2])] += f(a.v[i]);
  return y;
}

// Of symmetric or other matrices of two rows and columns.
struct Two { double a, b, c, d; };
Array each_two(const Array& x, double (*large)(const Two&), double (*small)(const Two&)) {
  Array y({x.dims[0], 2});
  for (int64_t i = 0; i < x.dims[0]; ++i) {
    Two m{x({i, 0, 0}), x({i, 0, 1}), x({i, 1, 0}), x({i, 1, 1})};
    y({i, 0}) = large(m);
    y({i, 1}) = small(m);
  }
  return y;
}
double low_eigenvalue(const Two& m) { return (m.a + m.d - std::hypot(m.a - m.d, 2 * m.b)) / 2; }
double high_eigenvalue(const Two& m) { return (m.a + m.d + std::hypot(m.a - m.d, 2 * m.b)) / 2; }
double high_singular(const Two& m) { return (std::hypot(m.a + m.d, m.b - m.c) + std::hypot(m.a - m.d, m.b + m.c)) / 2; }
double low_singular(const Two& m) { return std::fabs(std::hypot(m.a + m.d, m.b - m.c) - std::hypot(m.a - m.d, m.b + m.c)) / 2; }

// Doolittle's elimination without exchanges: U on and above the diagonal, L below it.
Array eliminated(const Array& a) {
  return each_matrix(a, [](Matrix m) {
    for (size_t k = 0; k < m.size(); ++k)
      for (size_t i = k + 1; i < m.size(); ++i) {
        m[i][k] /= m[k][k];
        for (size_t j = k + 1; j < m.size(); ++j) m[i][j] -= m[i][k] * m[k][j];
      }
    return m;
  });
}
Array gram(const Array& a) {
  Array y({a.dims[0], a.dims[2], a.dims[2]});
  for (int64_t i = 0; i < a.dims[0]; ++i) put(y, i, product(matrix(transposed(a), i), matrix(a, i)));
  return y;
}
// The first columns of H(0) H(1) ... for reflectors below the diagonal of a.
Array reflected(const Array& a, const Array& tau) {
  Array y(a.dims);
  for (int64_t which = 0; which < a.dims[0]; ++which) {
    size_t m = size_t(a.dims[1]), n = size_t(a.dims[2]);
    Matrix from = matrix(a, which), q = identity(m);
    for (size_t k = 0; k < size_t(tau.dims[1]); ++k) {
      Matrix h = identity(m);
      auto v = [&](size_t i) { return i < k ? 0 : i == k ? 1 : from[i][k]; };
      for (size_t i = 0; i < m; ++i)
        for (size_t j = 0; j < m; ++j) h[i][j] -= tau({which, int64_t(k)}) * v(i) * v(j);
      q = product(q, h);
    }
    for (auto& row : q) row.resize(n);
    put(y, which, q);
  }
  return y;
}

const AddRows here({
    {.name = "cholesky", .shapes = {{2, 4, 4}}, .call = [](const Tensors& x) { return linalg::cholesky(positive(x[0])); },
     .formula = [](const Arrays& a) { return cholesky_of(positive(a[0])); }, .answers = float_of},
    {.name = "cholesky_solve", .shapes = {{2, 4, 4}, {2, 4, 3}},
     .call = [](const Tensors& x) { return linalg::cholesky_solve(x[1], linalg::cholesky(positive(x[0]))); },
     .formula = [](const Arrays& a) { return solutions(positive(a[0]), a[1]); }, .answers = float_of},
    {.name = "solve", .shapes = {{2, 4, 4}, {2, 4, 3}}, .call = [](const Tensors& x) { return linalg::solve(dominant(x[0]), x[1]); },
     .formula = [](const Arrays& a) { return solutions(dominant(a[0]), a[1]); }, .answers = float_of},
    {.name = "solve_triangular", .shapes = {{2, 4, 4}, {2, 4, 3}},
     .call = [](const Tensors& x) { return linalg::solve_triangular(dominant(x[0]), x[1], true); },
     .formula = [](const Arrays& a) { return solutions(lower(dominant(a[0]), true), a[1]); }, .answers = float_of},
    {.name = "solve_triangular with ones", .shapes = {{2, 3, 3}, {2, 3, 2}},
     .call = [](const Tensors& x) { return linalg::solve_triangular(x[0], x[1], true, true); },
     .formula = [](const Arrays& a) { return solutions(lower(a[0], false), a[1]); }, .answers = float_of, .ulps = 64, .atol = 32},
    {.name = "lu_solve", .shapes = {{2, 4, 4}, {2, 4, 3}},
     .call = [](const Tensors& x) { return linalg::lu_solve(linalg::lu_factor(dominant(x[0])), x[1], true); },
     .formula = [](const Arrays& a) { return solutions(transposed(dominant(a[0])), a[1]); }, .answers = float_of},
    {.name = "inv", .shapes = {{2, 4, 4}}, .call = [](const Tensors& x) { return linalg::inv(dominant(x[0])); },
     .formula = [](const Arrays& a) { return inverses(dominant(a[0])); }, .answers = float_of},
    {.name = "pinv", .shapes = {{2, 4, 3}}, .call = [](const Tensors& x) { return linalg::pinv(tall(x[0])); },
     .formula = [](const Arrays& a) { return pseudo_inverses(tall(a[0])); }, .answers = float_of},
    {.name = "det", .shapes = {{2, 4, 4}}, .call = [](const Tensors& x) { return linalg::det(dominant(x[0])); },
     .formula = [](const Arrays& a) { return determinants(dominant(a[0])); }, .answers = float_of},
    {.name = "slogdet", .shapes = {{2, 4, 4}}, .call = [](const Tensors& x) { return linalg::slogdet(dominant(x[0])).logabsdet; },
     .formula = [](const Arrays& a) {
       Array y = determinants(dominant(a[0]));
       for (double& v : y.v) v = std::log(std::fabs(v));
       return y;
     }, .answers = float_of},
    {.name = "qr", .shapes = {{2, 4, 3}}, .call = [](const Tensors& x) {
       Tensor r = linalg::qr(tall(x[0])).r;
       return r * expand_dims(sign(diagonal(r, 0, -2, -1)), -1);
     },
     .formula = [](const Arrays& a) { return transposed(cholesky_of(gram(tall(a[0])))); }, .answers = float_of, .atol = 32},
    {.name = "householder_product", .shapes = {{2, 4, 3}, {2, 2}}, .call = [](const Tensors& x) { return linalg::householder_product(x[0], x[1]); },
     .formula = [](const Arrays& a) { return reflected(a[0], a[1]); }, .answers = float_of, .ulps = 32, .atol = 128},
    {.name = "svd", .shapes = {{2, 3, 3}}, .call = [](const Tensors& x) {  // u s^3 vh = a a^T a
       auto [u, s, vh] = linalg::svd(dominant(x[0]));
       return matmul(u * expand_dims(s * s * s, -2), vh);
     },
     .formula = [](const Arrays& a) { return each_matrix(dominant(a[0]), [](const Matrix& m) {
       Matrix t = m;
       for (size_t i = 0; i < m.size(); ++i)
         for (size_t j = 0; j < m.size(); ++j) t[i][j] = m[j][i];
       return product(m, product(t, m));
     }); }, .answers = float_of, .ulps = 32, .atol = 16384},
    {.name = "svdvals", .shapes = {{2, 2, 2}}, .call = [](const Tensors& x) { return linalg::svdvals(dominant(x[0])); },
     .formula = [](const Arrays& a) { return each_two(dominant(a[0]), high_singular, low_singular); }, .answers = float_of},
    {.name = "eigh", .shapes = {{2, 3, 3}}, .call = [](const Tensors& x) {  // v w^2 v^T = a a
       auto [w, v] = linalg::eigh(positive(x[0]));
       return matmul(v * expand_dims(w * w, -2), swapaxes(v, -1, -2));
     },
     .formula = [](const Arrays& a) { return each_matrix(positive(a[0]), [](const Matrix& m) { return product(m, m); }); }, .answers = float_of,
     .ulps = 32, .atol = 4096},
    {.name = "eigvalsh", .shapes = {{2, 2, 2}}, .call = [](const Tensors& x) { return linalg::eigvalsh(positive(x[0])); },
     .formula = [](const Arrays& a) { return each_two(positive(a[0]), low_eigenvalue, high_eigenvalue); }, .answers = float_of},
    {.name = "lu_factor", .shapes = {{2, 4, 4}}, .call = [](const Tensors& x) { return linalg::lu_factor(dominant(x[0])).lu; },
     .formula = [](const Arrays& a) { return eliminated(dominant(a[0])); }, .answers = float_of},
    {.name = "lu", .shapes = {{2, 4, 4}}, .call = [](const Tensors& x) { return linalg::lu(dominant(x[0])).l; },
     .formula = [](const Arrays& a) { return lower(eliminated(dominant(a[0])), false); }, .answers = float_of},
    {.name = "lstsq", .shapes = {{2, 4, 3}, {2, 4, 2}}, .call = [](const Tensors& x) { return linalg::lstsq(tall(x[0]), x[1]).x; },
     .formula = [](const Arrays& a) {
       Array inverse = pseudo_inverses(tall(a[0])), y({2, 3, 2});
       for (int64_t i = 0; i < 2; ++i) put(y, i, product(matrix(inverse, i), matrix(a[1], i)));
       return y;
     }, .answers = float_of},
    {.name = "matrix_rank", .shapes = {{4, 2, 2}}, .call = [](const Tensors& x) { return linalg::matrix_rank(x[0]); },
     .formula = [](const Arrays& a) {
       Array y({4}), s = each_two(a[0], high_singular, low_singular);
       for (int64_t i = 0; i < 4; ++i) y({i}) = (s({i, 0}) > 1e-9) + (s({i, 1}) > 1e-9);
       return y;
     }, .answers = [](DType) { return int64; }, .differentiable = false},
    {.name = "cond", .shapes = {{2, 2, 2}}, .call = [](const Tensors& x) { return linalg::cond(dominant(x[0])); },
     .formula = [](const Arrays& a) {
       Array y({2}), s = each_two(dominant(a[0]), high_singular, low_singular);
       for (int64_t i = 0; i < 2; ++i) y({i}) = s({i, 0}) / s({i, 1});
       return y;
     }, .answers = float_of},
    {.name = "matrix_exp", .shapes = {{2, 3, 3}}, .call = [](const Tensors& x) { return linalg::matrix_exp(x[0]); },
     .formula = [](const Arrays& a) { return exponentials(a[0]); }, .answers = float_of, .ulps = 32, .atol = 64},
    {.name = "matrix_power", .shapes = {{2, 3, 3}}, .call = [](const Tensors& x) { return linalg::matrix_power(dominant(x[0]), -2); },
     .formula = [](const Arrays& a) {
       return each_matrix(inverses(dominant(a[0])), [](const Matrix& m) { return product(m, m); });
     }, .answers = float_of},
    {.name = "norm", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return linalg::norm(x[0], "fro", {1, 2}); },
     .formula = [](const Arrays& a) {
       Array y = column_sums(a[0], [](double x) { return x * x; });
       for (double& v : y.v) v = std::sqrt(v);
       return y;
     }, .answers = float_of},
    {.name = "nuclear norm", .shapes = {{2, 3, 3}}, .call = [](const Tensors& x) { return linalg::norm(positive(x[0]), "nuc", {1, 2}); },
     .formula = [](const Arrays& a) {  // of a positive definite matrix the trace
       Array p = positive(a[0]), y({p.dims[0]});
       p.each([&](const Ints& i) { y.v[size_t(i[0])] += i[1] == i[2] ? p(i) : 0; });
       return y;
     }, .answers = float_of},
});

}  // namespace
}  // namespace reel::test
