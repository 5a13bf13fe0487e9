#include "tensor/ops/products.h"

#include <algorithm>
#include <limits>

#include "tensor/autocast.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/create.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

struct Two {
  const Tensor* at[2];
  Inputs in;
  Two(const Tensor& a, const Tensor& b) : at{&a, &b}, in(at, 2) {}
};

// [extent of the axes before `last`, that of the rest].
Tensor as_matrix(const Tensor& x, int first) {
  int64_t rows = 1, columns = 1;
  for (int i = 0; i < x.rank(); ++i) (i < first ? rows : columns) *= x.shape()[i];
  return reshape(x, {rows, columns});
}

// a's axes [.., contracted] times b's [contracted, ..], as many as `count`; the axes are in place already.
Tensor contracted(const Tensor& a, const Tensor& b, int count) {
  Shape s;
  for (int i = 0; i < a.rank() - count; ++i) s.push(a.shape()[i]);
  for (int i = count; i < b.rank(); ++i) s.push(b.shape()[i]);
  return reshape(matmul(as_matrix(a, a.rank() - count), as_matrix(b, count)), s);
}

Tensor contract_axes(const char* op, const Tensor& a, const Tensor& b, const std::vector<int>& a_axes, const std::vector<int>& b_axes) {
  Two two(a, b);
  if (a_axes.size() != b_axes.size())
    fail(op, std::to_string(a_axes.size()) + " axes of a go with " + std::to_string(b_axes.size()) + " of b", two.in);
  std::vector<int> of_a, of_b, x, y;
  for (size_t i = 0; i < a_axes.size(); ++i) {
    of_a.push_back(normalize_axis(op, a_axes[i], a.rank(), two.in));
    of_b.push_back(normalize_axis(op, b_axes[i], b.rank(), two.in));
    int64_t m = a.shape()[of_a.back()], n = b.shape()[of_b.back()];
    if (m != n)
      fail(op, "axis " + std::to_string(a_axes[i]) + " of a has " + std::to_string(m) + " elements, axis " + std::to_string(b_axes[i]) + " of b " + std::to_string(n), two.in);
  }
  if (a.rank() + b.rank() - 2 * int(of_a.size()) > kMaxRank) fail(op, "the result has more than " + std::to_string(kMaxRank) + " axes", two.in);
  for (int i = 0; i < a.rank(); ++i)
    if (std::find(of_a.begin(), of_a.end(), i) == of_a.end()) x.push_back(i);
  x.insert(x.end(), of_a.begin(), of_a.end());
  y = of_b;
  for (int i = 0; i < b.rank(); ++i)
    if (std::find(of_b.begin(), of_b.end(), i) == of_b.end()) y.push_back(i);
  return contracted(transpose(a, x), transpose(b, y), int(of_a.size()));
}

void need_rank(const char* op, const Tensor& a, int a_rank, const Tensor& b, int b_rank) {
  if (a.rank() != a_rank || b.rank() != b_rank)
    fail(op, "needs " + std::to_string(a_rank) + " axes in a and " + std::to_string(b_rank) + " in b", Two(a, b).in);
}

}  // namespace

Tensor dot(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] {
    if (a.rank() == 0 || b.rank() == 0) return a * b;
    return contract_axes("dot", a, b, {-1}, {b.rank() == 1 ? 0 : -2});
  });
}
Tensor vdot(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] { return contract_axes("vdot", reshape(conj(a), {-1}), reshape(b, {-1}), {0}, {0}); });
}
Tensor inner(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] { return a.rank() == 0 || b.rank() == 0 ? a * b : contract_axes("inner", a, b, {-1}, {-1}); });
}
Tensor outer(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] { return reshape(a, {-1, 1}) * reshape(b, {1, -1}); });
}
Tensor mv(const Tensor& matrix, const Tensor& vector, Where where) {
  return formula(where, [&] {
    need_rank("mv", matrix, 2, vector, 1);
    return matmul(matrix, vector);
  });
}
Tensor bmm(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] {
    need_rank("bmm", a, 3, b, 3);
    if (a.shape()[0] != b.shape()[0])
      fail("bmm", "a has " + std::to_string(a.shape()[0]) + " matrices, b has " + std::to_string(b.shape()[0]), Two(a, b).in);
    return matmul(a, b);
  });
}
Tensor tensordot(const Tensor& a, const Tensor& b, int axes, Where where) {
  return formula(where, [&] {
    if (axes < 0 || axes > std::min(a.rank(), b.rank())) fail("tensordot", std::to_string(axes) + " axes to sum over", Two(a, b).in);
    std::vector<int> of_a, of_b;
    for (int i = 0; i < axes; ++i) of_a.push_back(a.rank() - axes + i), of_b.push_back(i);
    return contract_axes("tensordot", a, b, of_a, of_b);
  });
}
Tensor tensordot(const Tensor& a, const Tensor& b, const std::vector<int>& a_axes, const std::vector<int>& b_axes, Where where) {
  return formula(where, [&] { return contract_axes("tensordot", a, b, a_axes, b_axes); });
}
Tensor kron(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] {
    int r = std::max(a.rank(), b.rank());
    Shape x, y, joined;
    for (int i = 0; i < r; ++i) {
      int64_t m = i < r - a.rank() ? 1 : a.shape()[i - (r - a.rank())], n = i < r - b.rank() ? 1 : b.shape()[i - (r - b.rank())];
      x.push(m), y.push(n), joined.push(m * n);
    }
    // With many axes one after the other, so that the pairs of axes never outnumber what a tensor has.
    if (2 * r <= kMaxRank) {
      Shape wide_x, wide_y;
      for (int i = 0; i < r; ++i) wide_x.push(x[i]), wide_x.push(1), wide_y.push(1), wide_y.push(y[i]);
      return reshape(reshape(a, wide_x) * reshape(b, wide_y), joined);
    }
    if (a.size() == 0 || b.size() == 0) return reshape(outer(a, b), joined);
    Tensor product = outer(a, b);  // [all of a, all of b]
    int64_t rest_x = a.size(), rest_y = b.size(), made = 1;
    for (int i = 0; i < r; ++i) {
      rest_x /= x[i], rest_y /= y[i];
      product = transpose(reshape(product, {made, x[i], rest_x, y[i], rest_y}), {0, 1, 3, 2, 4});
      made *= x[i] * y[i];
    }
    return reshape(product, joined);
  });
}
Tensor cross(const Tensor& a, const Tensor& b, int axis, Where where) {
  return formula(where, [&] {
    Two two(a, b);
    int at_a = normalize_axis("cross", axis, a.rank(), two.in), at_b = normalize_axis("cross", axis, b.rank(), two.in);
    int64_t m = a.shape()[at_a], n = b.shape()[at_b];
    if ((m != 2 && m != 3) || (n != 2 && n != 3))
      fail("cross", "vectors have " + std::to_string(m) + " and " + std::to_string(n) + " elements, not 2 or 3", two.in);
    auto x = [&](int i) { return squeeze(slice_axis(a, at_a, i, 1), at_a); };
    auto y = [&](int i) { return squeeze(slice_axis(b, at_b, i, 1), at_b); };
    Tensor last = x(0) * y(1) - x(1) * y(0);
    if (m == 2 && n == 2) return last;
    Tensor first = n == 2 ? -(x(2) * y(1)) : m == 2 ? x(1) * y(2) : x(1) * y(2) - x(2) * y(1);
    Tensor second = n == 2 ? x(2) * y(0) : m == 2 ? -(x(0) * y(2)) : x(2) * y(0) - x(0) * y(2);
    return stack({first, second, last}, axis);
  });
}

Tensor multi_dot(const Tensors& given, Where where) {
  return formula(where, [&] {
    if (given.size() < 2) throw ShapeError("multi_dot: needs at least two matrices");
    std::vector<const Tensor*> at;
    for (const Tensor& t : given) at.push_back(&t);
    Inputs in(at.data(), int(at.size()));
    Tensors x = given;
    bool row = x.front().rank() == 1, column = x.back().rank() == 1;
    if (row) x.front() = expand_dims(x.front(), 0);
    if (column) x.back() = expand_dims(x.back(), 1);
    size_t n = x.size();
    std::vector<double> extent;
    for (size_t i = 0; i < n; ++i) {
      if (x[i].rank() != 2) fail("multi_dot", "operand " + std::to_string(i) + " is not a matrix", in);
      if (i && x[i - 1].shape()[1] != x[i].shape()[0])
        fail("multi_dot", "operand " + std::to_string(i - 1) + " has " + std::to_string(x[i - 1].shape()[1]) + " columns, the next " + std::to_string(x[i].shape()[0]) + " rows", in);
      extent.push_back(double(x[i].shape()[0]));
    }
    extent.push_back(double(x.back().shape()[1]));
    // cost[i][j] and the best place to split the product i ... j (Cormen et al., Introduction to Algorithms, 15.2).
    std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
    std::vector<std::vector<size_t>> split(n, std::vector<size_t>(n, 0));
    for (size_t length = 1; length < n; ++length)
      for (size_t i = 0; i + length < n; ++i) {
        size_t j = i + length;
        cost[i][j] = std::numeric_limits<double>::infinity();
        for (size_t k = i; k < j; ++k) {
          double c = cost[i][k] + cost[k + 1][j] + extent[i] * extent[k + 1] * extent[j + 1];
          if (c < cost[i][j]) cost[i][j] = c, split[i][j] = k;
        }
      }
    auto product = [&](auto& self, size_t i, size_t j) -> Tensor {
      if (i == j) return x[i];
      return matmul(self(self, i, split[i][j]), self(self, split[i][j] + 1, j));
    };
    Tensor y = product(product, 0, n - 1);
    if (column) y = squeeze(y, 1);
    return row ? squeeze(y, 0) : y;
  });
}
Tensor chain_matmul(const Tensors& matrices, Where where) { return multi_dot(matrices, where); }

namespace {
// beta * c + alpha * p; a factor of 0 leaves its operand out, NaN in it too.
Tensor blended(const char* op, const Tensor& c, const Tensor& p, double beta, double alpha) {
  const Tensor* at[] = {&c, &p};
  if (!(broadcast_shapes(op, Inputs(at, 2)) == p.shape())) fail(op, "c does not broadcast to the product's " + to_string(p.shape()), Inputs(at, 2));
  auto times = [](const Tensor& t, double f) { return f == 1 ? t : is_floating(t.dtype()) || f != double(int64_t(f)) ? t * f : t * int64_t(f); };
  return beta == 0 ? times(p, alpha) : times(c, beta) + times(p, alpha);
}
}  // namespace
Tensor addmm(const Tensor& c, const Tensor& a, const Tensor& b, double beta, double alpha, Where where) {
  return formula(where, [&] {
    need_rank("addmm", a, 2, b, 2);
    return blended("addmm", c, matmul(a, b), beta, alpha);
  });
}
Tensor baddbmm(const Tensor& c, const Tensor& a, const Tensor& b, double beta, double alpha, Where where) {
  return formula(where, [&] { return blended("baddbmm", c, bmm(a, b), beta, alpha); });
}
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Where where) {
  return formula(where, [&] {
    if (weight.rank() != 2) fail("linear", "the weight must have two axes, [out, in]", Two(x, weight).in);
    Tensor y = matmul(x, transpose(weight));
    return bias ? add_bias(y, bias, where) : y;
  });
}
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias, Where where) {
  return formula(where, [&] {
    if (weight.rank() != 3) fail("bilinear", "the weight must have three axes, [out, in1, in2]", Two(x1, weight).in);
    Tensor y = einsum("...i,oij,...j->...o", {x1, weight, x2});
    return bias ? add_bias(y, bias, where) : y;
  });
}

}  // namespace reel
