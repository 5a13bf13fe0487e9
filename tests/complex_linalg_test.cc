// Products and linear algebra of complex numbers: values and gradients against PyTorch's and NumPy's stored answers
// (tests/data/complex/make.py), gradients of both orders against finite differences, forward mode, complex64.
#include <doctest/doctest.h>

#include <complex>
#include <functional>
#include <map>

#include "complex_cases.h"
#include "op_samples.h"

using namespace reel;
using namespace reel::test;
using C = std::complex<double>;

namespace {

Tensor adjoint(const Tensor& x) { return conj(swapaxes(x, -1, -2)); }
Tensor positive(const Tensor& x) { return matmul(x, adjoint(x)) + eye(4, -1, x.dtype()); }
Tensor hermitian(const Tensor& x) { return x + adjoint(x); }
// Of each pair of vectors, columns of a and rows of b, the product, which knows no phase: [..., k, m, n].
Tensor products(const Tensor& a, const Tensor& b) { return expand_dims(swapaxes(a, -1, -2), -1) * expand_dims(b, -2); }
double distance(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  return a.size() ? max(abs(cast(a, complex128) - cast(b, complex128))).item() : 0;
}

struct Case {
  std::function<Tensors(const Tensors&)> f;
  bool twice = true;  // has a second gradient at the point
};
Tensors one(const Tensor& y) { return {y}; }

const std::map<std::string, Case>& cases() {
  static const std::map<std::string, Case> all = [] {
    std::map<std::string, Case> c{
        {"expm1", {[](const Tensors& x) { return one(reel::expm1(x[0])); }}},
        {"log1p", {[](const Tensors& x) { return one(reel::log1p(x[0])); }}},
        {"exp2", {[](const Tensors& x) { return one(reel::exp2(x[0])); }}},
        {"prod", {[](const Tensors& x) { return one(prod(x[0], -1)); }}},
        {"prod with zeros", {[](const Tensors& x) { return one(prod(x[0], -1)); }}},
        {"prod of all", {[](const Tensors& x) { return one(prod(x[0])); }}},
        {"cumprod", {[](const Tensors& x) { return one(cumprod(x[0], -1)); }}},
        {"cumprod with zeros", {[](const Tensors& x) { return one(cumprod(x[0], -1)); }}},
        {"cumsum", {[](const Tensors& x) { return one(cumsum(x[0], 0)); }}},
        {"trapezoid", {[](const Tensors& x) { return one(trapezoid(x[0], 0.5)); }}},
        {"det", {[](const Tensors& x) { return one(linalg::det(x[0])); }}},
        {"det of a singular matrix", {[](const Tensors& x) { return one(linalg::det(x[0])); }, false}},
        {"slogdet", {[](const Tensors& x) {
           auto [sign, logarithm] = linalg::slogdet(x[0]);
           return Tensors{sign, logarithm};
         }}},
        {"cholesky", {[](const Tensors& x) { return one(linalg::cholesky(positive(x[0]))); }}},
        {"cholesky upper", {[](const Tensors& x) { return one(linalg::cholesky(positive(x[0]), true)); }}},
        {"cholesky_solve", {[](const Tensors& x) { return one(linalg::cholesky_solve(x[1], linalg::cholesky(positive(x[0])))); }}},
        {"pinv of low rank", {[](const Tensors& x) { return one(linalg::pinv(matmul(x[0], x[1]), 1e-4)); }}},
        {"eigh", {[](const Tensors& x) {
           auto [w, v] = linalg::eigh(hermitian(x[0]));
           return Tensors{w, products(v, adjoint(v))};
         }}},
        {"eigvalsh", {[](const Tensors& x) { return one(linalg::eigvalsh(hermitian(x[0]))); }}},
        {"solve", {[](const Tensors& x) { return one(linalg::solve(x[0], x[1])); }}},
        {"solve of a real matrix", {[](const Tensors& x) { return one(linalg::solve(x[0], x[1])); }}},
        {"inv", {[](const Tensors& x) { return one(linalg::inv(x[0])); }}},
        {"solve_triangular", {[](const Tensors& x) { return one(linalg::solve_triangular(x[0], x[1], true)); }}},
        {"solve_triangular with ones", {[](const Tensors& x) { return one(linalg::solve_triangular(x[0], x[1], false, true)); }}},
        {"lu_solve", {[](const Tensors& x) { return one(linalg::lu_solve(linalg::lu_factor(x[0]), x[1])); }}},
        {"lu_solve transposed", {[](const Tensors& x) { return one(linalg::lu_solve(linalg::lu_factor(x[0]), x[1], true)); }}},
        {"householder_product", {[](const Tensors& x) { return one(linalg::householder_product(x[0], x[1])); }}},
        {"lstsq", {[](const Tensors& x) {
           auto r = linalg::lstsq(x[0], x[1]);
           return Tensors{r.x, r.residuals};
         }}},
        {"matrix_exp", {[](const Tensors& x) { return one(linalg::matrix_exp(x[0])); }}},
        {"matrix_power", {[](const Tensors& x) { return one(linalg::matrix_power(x[0], 3)); }}},
        {"inverse matrix_power", {[](const Tensors& x) { return one(linalg::matrix_power(x[0], -2)); }}},
        {"cond 1", {[](const Tensors& x) { return one(linalg::cond(x[0], 1)); }}},
    };
    for (std::string shape : {"square", "tall", "wide"}) {
      c["qr " + shape] = {[](const Tensors& x) {
        auto [q, r] = linalg::qr(x[0]);
        return Tensors{q, r};
      }};
      c["svd " + shape] = {[](const Tensors& x) {
        auto [u, s, vh] = linalg::svd(x[0], false);
        return Tensors{s, products(u, vh)};
      }};
      c["svdvals " + shape] = {[](const Tensors& x) { return one(linalg::svdvals(x[0])); }};
      c["pinv " + shape] = {[](const Tensors& x) { return one(linalg::pinv(x[0])); }};
      c["cond " + shape] = {[](const Tensors& x) { return one(linalg::cond(x[0])); }};
      c["lu " + shape] = {[](const Tensors& x) {
        auto [p, l, u] = linalg::lu(x[0] + 6 * eye(x[0].shape()[-2], x[0].shape()[-1], x[0].dtype()));
        return Tensors{l, u};
      }};
      for (const char* order : {"fro", "nuc"})
        c[std::string("norm ") + order + " " + shape] = {[order](const Tensors& x) { return one(linalg::norm(x[0], order, {-2, -1})); }};
      for (auto [text, order] : {std::pair{"1", 1.}, {"-1", -1.}, {"2", 2.}, {"-2", -2.}, {"inf", INFINITY}, {"-inf", -INFINITY}})
        c[std::string("norm ") + text + " " + shape] = {[order = order](const Tensors& x) { return one(linalg::norm(x[0], order, {-2, -1})); }};
    }
    return c;
  }();
  return all;
}

// The operands or weights of a case that are stored: name/x0, name/x1 ...
Tensors numbered(const ComplexCases& stored, const std::string& name, size_t count) {
  Tensors all;
  for (size_t i = 0; i < count; ++i) all.push_back(stored(name + std::to_string(i)));
  return all;
}
size_t operands_of(const ComplexCases& stored, const std::string& name) { return stored.has(name + "/x1") ? 2 : 1; }
Tensor weighted(const Tensors& y, const Tensors& w) {
  Tensor total;
  for (size_t i = 0; i < y.size(); ++i) {
    Tensor part = sum(real(conj(w[i]) * y[i]));
    total = total ? total + part : part;
  }
  return total;
}

}  // namespace

TEST_CASE("complex products and linear algebra agree with PyTorch and NumPy, and so do their gradients") {
  ComplexCases stored;
  for (const auto& [name, c] : cases()) {
    CAPTURE(name);
    Tensors x = numbered(stored, name + "/x", operands_of(stored, name)), y = c.f(x), w;
    for (size_t i = 0; i < y.size(); ++i) {
      CAPTURE(i);
      CHECK(stored.difference(y[i], name + "/y" + std::to_string(i), 1000) == "");
      w.push_back(stored(name + "/w" + std::to_string(i)));
    }
    for (Tensor& v : x) v = variable(v);
    Tensors g = grad(weighted(c.f(x), w), x);
    for (size_t i = 0; i < x.size(); ++i) {
      CAPTURE(i);
      CHECK(stored.difference(g[i], name + "/g" + std::to_string(i), 20000) == "");
    }
    // complex64 in, complex64 (or float32) out; the worst condition among the stored matrices is near 100.
    Tensors half;
    for (const Tensor& v : x) half.push_back(cast(detach(v), is_complex(v.dtype()) ? complex64 : float32));
    Tensors z = c.f(half);
    for (size_t i = 0; i < z.size(); ++i) {
      CHECK(part_dtype(z[i].dtype()) == float32);
      CHECK(distance(z[i], y[i]) < 1e-4 * (1 + max(abs(y[i])).item()));
    }
  }
}

TEST_CASE("complex products and linear algebra: gradients of both orders against finite differences, and forward mode") {
  ComplexCases stored;
  for (const auto& [name, c] : cases()) {
    CAPTURE(name);
    Tensors x = numbered(stored, name + "/x", operands_of(stored, name)), w = numbered(stored, name + "/w", c.f(x).size());
    CHECK(gradcheck([&](const Tensors& v) { return weighted(c.f(v), w); }, x, {.second_order = c.twice}) == "");
    // J t forward against the real inner product with the gradient backward.
    if (name.starts_with("prod") || name == "lstsq") continue;  // they look at values, which forward mode has none of
    Tensors t, v;
    for (size_t i = 0; i < x.size(); ++i) {
      Tensor part = samples(x[i].shape(), float64, -1, 1, i + 3);
      t.push_back(is_complex(x[i].dtype()) ? complex(part, samples(x[i].shape(), float64, -1, 1, i + 5)) : part);
      v.push_back(variable(x[i]));
    }
    Dual d = jvp([&](const Tensors& at) { return c.f(at); }, x, t);
    Tensors g = grad(weighted(c.f(v), w), v);
    double forward = weighted(d.tangent, w).item(), back = weighted(g, t).item();
    CHECK(std::fabs(forward - back) < 1e-8 * (1 + std::fabs(back)));
  }
}

TEST_CASE("a complex linear recurrence is a loop, with gradients of both operands") {
  auto random = [](const Shape& s, uint64_t seed) { return complex(samples(s, float64, -1, 1, seed), samples(s, float64, -1, 1, seed + 1)); };
  Tensor a = random({3, 4}, 1), b = random({3, 4}, 3), y = linear_recurrence(a, b, 0), row = b[0];
  for (int i = 1; i < 3; ++i) row = b[i] + a[i] * row;
  CHECK(distance(y[2], row) < 1e-14);
  for (bool reverse : {false, true})
    CHECK(gradcheck([&](const Tensors& x) { return linear_recurrence(x[0], x[1], 1, reverse); }, {a, b}, {.second_order = true}) == "");
  // A real operand keeps a real gradient.
  CHECK(gradcheck([&](const Tensors& x) { return linear_recurrence(x[0], x[1], 1); }, {real(a), b}, {.second_order = true}) == "");
}

TEST_CASE("complex log1p, expm1 and exp2 keep their digits near 0") {
  ComplexCases stored;
  Tensor z = stored("small");
  // Of the number's own size, not of 1; the parts one by one only as far as they do not cancel.
  auto worst = [&](const Tensor& got, const char* name) {
    Tensor e = stored(name);
    return max(abs(cast(got, complex128) - e) / where(abs(e) == 0, 1, abs(e))).item();
  };
  CHECK(worst(reel::expm1(z), "small expm1") < 4 * 2.2e-16);
  CHECK(worst(reel::log1p(z), "small log1p") < 4 * 2.2e-16);
  CHECK(worst(reel::exp2(z), "small exp2") < 4 * 2.2e-16);
  Tensor real_expm1 = reel::expm1(complex(tensor({1e-9, -INFINITY, INFINITY, 800.}, float64), zeros({4}, float64)));
  CHECK(array_equal(real(real_expm1), reel::expm1(tensor({1e-9, -INFINITY, INFINITY, 800.}, float64))));
  CHECK(array_equal(imag(real_expm1), zeros({4}, float64)));
  CHECK(array_equal(reel::exp2(tensor({C(INFINITY, 0), C(-INFINITY, 0), C(10, 0)}, complex128)), tensor({C(INFINITY, 0), C(0, 0), C(1024, 0)}, complex128)));
  CHECK(array_equal(reel::log1p(tensor({C(-1, 0), C(0, 0)}, complex128)), tensor({C(-INFINITY, 0), C(0, 0)}, complex128)));
}

TEST_CASE("complex decompositions multiply back, for every shape, also large and of low rank") {
  ComplexCases stored;
  auto random = [](const Shape& s, uint64_t seed) { return complex(samples(s, float64, -1, 1, seed), samples(s, float64, -1, 1, seed + 1)); };
  Tensor low = matmul(random({30, 4}, 9), random({4, 20}, 10));
  for (const Tensor& a : {stored("svd square/x0"), stored("svd tall/x0"), stored("svd wide/x0"), random({60, 40}, 1), random({40, 60}, 2),
                          random({70, 70}, 3), low, random({1, 1}, 4), random({5, 1}, 5), random({1, 5}, 6), zeros({3, 2}, complex128),
                          1e200 * random({20, 18}, 7), 1e-200 * random({4, 3}, 8)}) {
    CAPTURE(to_string(a.shape()));
    int64_t m = a.shape()[-2], n = a.shape()[-1];
    double near = 1e-13 * std::fmax(max(abs(a)).item(), 1e-300) * double(m + n);
    for (bool full : {false, true}) {
      auto [u, s, vh] = linalg::svd(a, full);
      int64_t k = s.shape()[-1];
      CHECK(s.dtype() == float64);
      Tensor thin_u = slice_axis(u, -1, 0, k), thin_vh = slice_axis(vh, -2, 0, k);
      CHECK(distance(matmul(thin_u * expand_dims(s, -2), thin_vh), a) < near);
      CHECK(distance(matmul(adjoint(u), u), broadcast_to(eye(u.shape()[-1]), matmul(adjoint(u), u).shape())) < 1e-12);
      CHECK(distance(matmul(vh, adjoint(vh)), broadcast_to(eye(vh.shape()[-2]), matmul(vh, adjoint(vh)).shape())) < 1e-12);
      CHECK(distance(s, linalg::svdvals(a)) <= near);
    }
    auto [p, l, u] = linalg::lu(a);
    CHECK(distance(matmul(cast(p, complex128), matmul(l, u)), a) < near);
    double size = max(abs(a)).item();
    if (size != 0 && !(size > 1e-100 && size < 1e100)) continue;  // the others add up squares
    for (auto mode : {linalg::QRMode::kReduced, linalg::QRMode::kComplete}) {
      auto [q, r] = linalg::qr(a, mode);
      CHECK(distance(matmul(q, r), a) < near);
      CHECK(distance(matmul(adjoint(q), q), broadcast_to(eye(q.shape()[-1]), matmul(adjoint(q), q).shape())) < 1e-12);
      CHECK(max(abs(imag(diagonal(r, 0, -2, -1)))).item() == 0);
    }
    if (m != n) continue;
    Tensor h = hermitian(a);
    for (bool upper : {false, true}) {
      auto [w, v] = linalg::eigh(upper ? triu(h) : tril(h), upper);
      CHECK(w.dtype() == float64);
      CHECK(distance(matmul(v * expand_dims(w, -2), adjoint(v)), h) < 1e-12 * double(n));
      CHECK(distance(w, linalg::eigvalsh(h)) < 1e-12 * double(n));
      Tensor spd = matmul(a, adjoint(a)) + eye(n), f = linalg::cholesky(upper ? triu(spd) : tril(spd), upper);
      CHECK(distance(upper ? matmul(adjoint(f), f) : matmul(f, adjoint(f)), spd) < 1e-12 * double(n));
    }
    CHECK(distance(matmul(a, linalg::inv(a)), broadcast_to(eye(n), a.shape())) < 1e-10);
  }
  for (std::string shape : {"square", "tall", "wide"}) {
    CAPTURE(shape);
    Tensor a = stored("qr " + shape + "/x0");
    auto [q, r] = linalg::qr(a, linalg::QRMode::kComplete);
    CHECK(stored.difference(q, "complete q " + shape, 200) == "");
    CHECK(stored.difference(r, "complete r " + shape, 200) == "");
    auto [h, tau] = linalg::qr(a[0], linalg::QRMode::kRaw);
    CHECK(stored.difference(h, "raw h " + shape, 200) == "");
    CHECK(stored.difference(tau, "raw tau " + shape, 200) == "");
  }
}

TEST_CASE("complex linear algebra: ranks, refusals and phases") {
  ComplexCases stored;
  Tensor singular = stored("singular");
  CHECK(linalg::matrix_rank(singular).item<int64_t>() == 2);
  CHECK(linalg::matrix_rank(cast(singular, complex64)).item<int64_t>() == 2);
  CHECK(linalg::lstsq(singular, singular).rank.item<int64_t>() == 2);
  CHECK(linalg::matrix_rank(zeros({2, 2}, complex64)).item<int64_t>() == 0);
  CHECK(abs(linalg::det(singular)).item() < 1e-13);
  CHECK(linalg::cond(zeros({2, 2}, complex128)).item() == INFINITY);
  auto [sign, logarithm] = linalg::slogdet(zeros({2, 2}, complex64));
  CHECK(sign.item<C>() == C(0));
  CHECK(logarithm.item() == -INFINITY);
  CHECK(logarithm.dtype() == float32);
  CHECK(linalg::det(empty({2, 0, 0}, complex64)).at<std::complex<float>>(1) == 1.f);
  CHECK(linalg::norm(tensor({{C(3, 4), C(0)}, {C(0), C(0, 12)}}, complex128), "nuc").item() == doctest::Approx(17));
  CHECK_THROWS_WITH_AS(linalg::cholesky(-eye(2, -1, complex64)), doctest::Contains("not positive definite"), Error);
  CHECK_THROWS_WITH_AS(linalg::inv(zeros({2, 2}, complex64)), doctest::Contains("inv: the matrix is singular"), Error);
  CHECK_THROWS_WITH_AS(linalg::solve(zeros({2, 2}), ones({2}, complex64)), doctest::Contains("singular"), Error);
  Tensor hole = full({2, 2}, C(1, NAN), complex128);
  CHECK_THROWS_WITH_AS(linalg::svd(hole), doctest::Contains("svd: the matrix has a value that is not finite"), Error);
  CHECK_THROWS_WITH_AS(linalg::pinv(hole), doctest::Contains("pinv: the matrix has a value that is not finite"), Error);
  CHECK_THROWS_WITH_AS(linalg::eigh(hole), doctest::Contains("not finite"), Error);
  CHECK_THROWS_WITH_AS(linalg::matrix_exp(hole), doctest::Contains("not finite"), Error);
  // A loss that depends on phases has no gradient; the phases of a pair of singular vectors turn together.
  Tensor x = variable(stored("svd square/x0")[0]);
  auto [u, s, vh] = linalg::svd(x);
  CHECK_THROWS_WITH_AS(backward(sum(real(u * C(1, 2)))), doctest::Contains("svd: the loss depends on the phases"), TapeError);
  CHECK_THROWS_WITH_AS(backward(sum(real(vh * C(1, 2)))), doctest::Contains("svd: the loss depends on the phases"), TapeError);
  auto [w, v] = linalg::eigh(hermitian(x));
  CHECK_THROWS_WITH_AS(backward(sum(real(v * C(1, 2)))), doctest::Contains("eigh: the loss depends on the phases"), TapeError);
  // Batches, in vmap and as they stand.
  Tensor a = stored("svd square/x0");
  auto each = vmap([](const Tensor& m) { return linalg::det(m) + sum(linalg::svdvals(m)) + sum(abs(linalg::solve(m, m[0]))); });
  Tensor solutions = linalg::solve(a, expand_dims(a[{slice(), 0}], -1));
  CHECK(distance(each({a})[0], linalg::det(a) + sum(linalg::svdvals(a), -1) + sum(abs(solutions), {-2, -1})) < 1e-12);
}
