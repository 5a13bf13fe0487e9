// Linear algebra against stored answers of NumPy and SciPy; gradients of what has no row; errors and corners.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "autograd/gradcheck.h"
#include "op_samples.h"

using namespace reel;
using namespace reel::test;

namespace {

const std::map<std::string, Tensor>& stored() {
  static const std::map<std::string, Tensor> all = [] {
    std::map<std::string, Tensor> m;
    for (auto& [name, x] : load_npz(std::string(REEL_TEST_DATA) + "/linalg/linalg.npz")) m[name] = x;
    return m;
  }();
  return all;
}
Tensor stored(const std::string& name) {
  INFO(name);
  REQUIRE(stored().count(name));
  return stored().at(name);
}
// The largest difference, relative where the numbers are large.
double distance(const Tensor& got, const Tensor& expected) {
  if (!(got.shape() == expected.shape())) return INFINITY;
  if (got.size() == 0) return 0;
  Tensor x = cast(got, float64), y = cast(expected, float64);
  return max(where(x == y, 0, abs(x - y) / (1 + abs(y)))).item();
}
Tensor t(const Tensor& x) { return swapaxes(x, -1, -2); }
const char* const kCases[] = {"square", "tall", "wide", "large"};
const GradcheckOptions kTwice{.rtol = 1e-4, .atol = 1e-6, .second_order = true};
// x^T x, or its like, determines vectors up to their signs, which a loss must not see.
Tensor signless(const Tensor& v) { return square(v); }

}  // namespace

TEST_CASE("decompositions agree with NumPy and SciPy, and multiply back") {
  for (std::string c : kCases)
    for (DType dtype : {float64, float32}) {
      CAPTURE(c);
      CAPTURE(std::string(name(dtype)));
      double near = dtype == float64 ? 1e-12 : 2e-5;
      Tensor a = cast(stored(c + "/a"), dtype);
      auto [u, s, vh] = linalg::svd(a, false);
      CHECK(distance(s, stored(c + "/s")) < near);
      CHECK(distance(matmul(u * expand_dims(s, -2), vh), a) < near);
      CHECK(distance(linalg::svdvals(a), stored(c + "/s")) < near);
      auto full = linalg::svd(a);
      CHECK(distance(matmul(t(full.u), full.u), broadcast_to(eye(a.shape()[-2]), full.u.shape())) < near);
      CHECK(distance(matmul(full.vh, t(full.vh)), broadcast_to(eye(a.shape()[-1]), full.vh.shape())) < near);
      auto [q, r] = linalg::qr(a);
      CHECK(distance(q, stored(c + "/q")) < near * 10);
      CHECK(distance(r, stored(c + "/r")) < near * 10);
      auto complete = linalg::qr(a, linalg::QRMode::kComplete);
      CHECK(distance(complete.q, stored(c + "/q_complete")) < near * 10);
      CHECK(distance(complete.r, stored(c + "/r_complete")) < near * 10);
      CHECK(same_bits(linalg::qr(a, linalg::QRMode::kR).r, r));
      CHECK(!linalg::qr(a, linalg::QRMode::kR).q);
      auto [h, tau] = linalg::qr(a, linalg::QRMode::kRaw);
      CHECK(distance(h, stored(c + "/h")) < near * 10);
      CHECK(distance(tau, stored(c + "/tau")) < near * 10);
      if (a.shape()[-2] >= a.shape()[-1]) CHECK(distance(linalg::householder_product(t(h), tau), q) < near * 10);
      auto [p, l, up] = linalg::lu(a);
      CHECK(distance(p, stored(c + "/p")) == 0);
      CHECK(distance(l, stored(c + "/l")) < near * 10);
      CHECK(distance(up, stored(c + "/u")) < near * 10);
      CHECK(distance(linalg::pinv(a), stored(c + "/pinv")) < near * 100);
      CHECK(distance(linalg::matrix_rank(a), stored(c + "/rank")) == 0);
      CHECK(distance(linalg::cond(a), stored(c + "/cond")) < near * 100);
      CHECK(distance(linalg::cond(a, -2), stored(c + "/cond_2")) < near);
    }
}

TEST_CASE("lu multiplies back for matrices of every shape, wide ones of more rows than a block too") {
  for (const Shape& shape : {Shape{17, 18}, Shape{2, 40, 60}, Shape{60, 40}, Shape{100, 100}, Shape{1, 30}})
    for (DType dtype : {float32, float64}) {
      CAPTURE(to_string(shape));
      Tensor a = samples(shape, dtype, -1, 1, 3);
      auto [p, l, u] = linalg::lu(a);
      CHECK(distance(matmul(p, matmul(l, u)), a) < 100 * epsilon(dtype));
    }
}

TEST_CASE("systems, inverses, determinants and powers agree with NumPy and SciPy") {
  for (std::string c : {"square", "large"})
    for (DType dtype : {float64, float32}) {
      CAPTURE(c);
      CAPTURE(std::string(name(dtype)));
      double near = dtype == float64 ? 1e-11 : 1e-3;  // the worst condition is a few hundred
      Tensor a = cast(stored(c + "/a"), dtype), b = cast(stored(c + "/b"), dtype), spd = cast(stored(c + "/spd"), dtype);
      CHECK(distance(linalg::cholesky(spd), stored(c + "/cholesky")) < near);
      CHECK(distance(linalg::cholesky(spd, true), t(stored(c + "/cholesky"))) < near);
      CHECK(distance(linalg::inv(a), stored(c + "/inv")) < near);
      CHECK(distance(linalg::det(a), stored(c + "/det")) < near);
      auto [sign, logdet] = linalg::slogdet(a);
      CHECK(distance(sign, stored(c + "/sign")) == 0);
      CHECK(distance(logdet, stored(c + "/logdet")) < near);
      CHECK(distance(linalg::solve(a, b), stored(c + "/solve")) < near);
      CHECK(distance(linalg::lu_solve(linalg::lu_factor(a), b), stored(c + "/solve")) < near);
      CHECK(distance(linalg::lu_solve(linalg::lu_factor(t(a)), b, true), stored(c + "/solve")) < near);
      CHECK(distance(linalg::cholesky_solve(b, linalg::cholesky(spd)), linalg::solve(stored(c + "/spd"), stored(c + "/b"))) < near);
      auto [w, v] = linalg::eigh(spd);
      CHECK(distance(w, stored(c + "/w")) < near);
      CHECK(distance(linalg::eigvalsh(spd, true), stored(c + "/w")) < near);
      CHECK(distance(matmul(v * expand_dims(w, -2), t(v)), spd) < near);
      CHECK(distance(linalg::matrix_power(a, 5), stored(c + "/power")) < near);
      if (dtype == float64) CHECK(distance(linalg::matrix_power(a, -3), stored(c + "/inverse_power")) < 1e-8);  // three conditions multiplied
      CHECK(distance(linalg::matrix_exp(a), stored(c + "/exp")) < near);
      CHECK(distance(linalg::cond(a, 1), stored(c + "/cond_1")) < near);
      CHECK(distance(linalg::cond(a, "fro"), stored(c + "/cond_fro")) < near);
      Tensor shifted = a + 3 * eye(a.shape()[-1], -1, dtype);
      if (dtype == float64 || c == "square") CHECK(distance(linalg::solve_triangular(shifted, b, true), stored(c + "/triangular")) < near);
    }
}

TEST_CASE("norms of every order agree with NumPy") {
  for (std::string c : kCases) {
    CAPTURE(c);
    Tensor a = stored(c + "/a");
    CHECK(distance(linalg::norm(a), stored(c + "/norm")) < 1e-13);
    CHECK(linalg::norm(a, {}, {}, true).rank() == a.rank());
    for (const char* order : {"fro", "nuc"}) CHECK(distance(linalg::norm(a, order, {-2, -1}), stored(c + "/matrix_" + order)) < 1e-13);
    for (auto [order, text] : {std::pair{1., "1"}, {-1., "-1"}, {2., "2"}, {-2., "-2"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}}) {
      CAPTURE(text);
      CHECK(distance(linalg::norm(a, order, {-2, -1}), stored(c + std::string("/matrix_") + text)) < 1e-13);
      Tensor kept = linalg::norm(t(a), order, {-1, -2}, true);
      CHECK(distance(kept, expand_dims(expand_dims(stored(c + std::string("/matrix_") + text), -1), -1)) < 1e-13);
    }
    for (auto [order, text] : {std::pair{0., "0"}, {0.5, "0.5"}, {1., "1"}, {2., "2"}, {3., "3"}, {-1., "-1"}, {-2.5, "-2.5"},
                               {INFINITY, "inf"}, {-INFINITY, "-inf"}}) {
      CAPTURE(text);
      CHECK(distance(linalg::norm(a, order, -1), stored(c + std::string("/vector_") + text)) < 1e-13);
    }
  }
  CHECK(linalg::norm(tensor({3, 4})).item() == 5);
  CHECK(linalg::norm(tensor({3, 4})).dtype() == float32);
  CHECK(linalg::norm(empty({0})).item() == 0);
  CHECK(linalg::norm(tensor({{true, false}, {true, true}}), 1).item() == 2);
  for (double order : {0.5, 2., 3.}) {
    Tensor zero = variable(zeros({3}, float64));
    backward(linalg::norm(zero, order));
    CHECK(distance(gradient(zero), zeros({3})) == 0);
  }
}

TEST_CASE("least squares agree with NumPy, of full and of deficient rank") {
  for (std::string c : {"deficient", "full"}) {
    CAPTURE(c);
    auto r = linalg::lstsq(stored(c + "/a"), stored(c + "/b"));
    CHECK(distance(r.x, stored(c + "/x")) < 1e-12);
    CHECK(distance(r.rank, stored(c + "/rank")) == 0);
    CHECK(distance(r.s, stored(c + "/s")) < 1e-12);
    CHECK(distance(r.residuals, stored(c + "/residuals")) < 1e-12);
  }
  CHECK(distance(linalg::pinv(stored("deficient/a")), stored("deficient/pinv")) < 1e-12);
  CHECK(linalg::matrix_rank(stored("deficient/a")).item() == 3);
}

TEST_CASE("gradients of decompositions, both orders, of every shape") {
  for (const Shape& s : {Shape{2, 3, 3}, Shape{4, 2}, Shape{2, 4}}) {
    CAPTURE(to_string(s));
    Tensor a = samples(s, float64, -2, 2, 5);
    CHECK(gradcheck([](const Tensors& x) { return linalg::qr(x[0]).q; }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::qr(x[0]).r; }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::qr(x[0], linalg::QRMode::kComplete).r; }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return signless(linalg::svd(x[0], false).u); }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return signless(linalg::svd(x[0], false).vh); }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::svd(x[0]).s; }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::svdvals(x[0]); }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) {
      auto [u, w, vh] = linalg::svd(x[0], false);
      return matmul(u * expand_dims(exp(w), -2), vh);
    }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::lu(x[0]).l; }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::lu(x[0]).u; }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::pinv(x[0]); }, {a}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& x) { return linalg::cond(x[0]); }, {a}, kTwice) == "");
    for (double order : {1., -1., 2., -2., double(INFINITY), -double(INFINITY)})
      CHECK(gradcheck([&](const Tensors& x) { return linalg::norm(x[0], order, {-2, -1}); }, {a}, kTwice) == "");
    for (double order : {0.5, 1., 3., -2.5, double(INFINITY)}) CHECK(gradcheck([&](const Tensors& x) { return linalg::norm(x[0], order, -1); }, {a}, kTwice) == "");
  }
  Tensor a = samples({2, 3, 3}, float64, -2, 2, 6), tall = samples({5, 3}, float64, -2, 2, 7), b = samples({5, 2}, float64, -2, 2, 8);
  auto symmetric = [](const Tensor& x) { return x + t(x); };
  CHECK(gradcheck([&](const Tensors& x) { return linalg::eigh(symmetric(x[0])).eigenvalues; }, {a}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::eigvalsh(symmetric(x[0]), true); }, {a}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return signless(linalg::eigh(symmetric(x[0])).eigenvectors); }, {a}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::cholesky(matmul(x[0], t(x[0])) + eye(3, -1, float64), true); }, {a}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::lstsq(x[0], x[1]).x; }, {tall, b}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::lstsq(x[0], x[1]).residuals; }, {tall, b}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::lstsq(t(x[0]), x[1]).x; }, {tall, samples({3}, float64, -2, 2, 9)}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::qr(x[0], linalg::QRMode::kComplete).q; }, {a}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::householder_product(x[0], x[1]); }, {tall, samples({2}, float64, -2, 2, 9)}, kTwice) == "");
  CHECK(gradcheck([&](const Tensors& x) { return linalg::cond(x[0], 1); }, {a}, kTwice) == "");
}

TEST_CASE("the determinant of a singular matrix has its cofactors as gradient") {
  Tensor a = variable(tensor({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, float64)), zero = variable(zeros({2, 2}, float64));
  backward(linalg::det(a));
  CHECK(distance(gradient(a), tensor({{-3, 6, -3}, {6, -12, 6}, {-3, 6, -3}})) < 1e-12);
  backward(linalg::det(zero));
  CHECK(distance(gradient(zero), zeros({2, 2})) == 0);
  auto [sign, logarithm] = linalg::slogdet(zeros({2, 2}));
  CHECK(sign.item() == 0);
  CHECK(logarithm.item() == -INFINITY);
}

TEST_CASE("repeated singular and eigenvalues leave the gradient of values defined and that of vectors not finite") {
  Tensor a = variable(eye(3, -1, float64));
  backward(sum(linalg::svdvals(a)));
  CHECK(distance(gradient(a), eye(3)) < 1e-14);
  Tensor b = variable(eye(2, -1, float64));
  backward(sum(linalg::eigvalsh(b)));
  CHECK(distance(gradient(b), eye(2)) < 1e-14);
  Tensor c = variable(eye(2, -1, float64));
  backward(sum(linalg::eigh(c).eigenvectors * tensor({{1., 2.}, {3., 5.}})));
  CHECK(first_nonfinite(gradient(c)) >= 0);
}

TEST_CASE("householder_product multiplies reflections") {
  Tensor a = samples({5, 3}, float64, -2, 2, 3), tau = samples({2}, float64, 0, 1, 4), q = eye(5, -1, float64);
  for (int k = 0; k < 2; ++k) {
    Tensor v = zeros({5, 1}, float64);
    for (int i = k; i < 5; ++i) v.mutable_values<double>()[size_t(i)] = i == k ? 1 : a.at<double>(i, k);
    q = matmul(q, eye(5, -1, float64) - tau[k] * matmul(v, t(v)));
  }
  CHECK(distance(linalg::householder_product(a, tau), slice_axis(q, 1, 0, 3)) < 1e-14);
}

TEST_CASE("matrices without elements have answers") {
  Tensor none = empty({0, 0}), batch = empty({0, 3, 3}), rows = empty({2, 0, 3});
  for (const Tensor& x : {none, batch}) {
    CAPTURE(to_string(x.shape()));
    CHECK(linalg::cholesky(x).shape() == x.shape());
    CHECK(linalg::inv(x).shape() == x.shape());
    CHECK(linalg::matrix_exp(x).shape() == x.shape());
    CHECK(linalg::eigh(x).eigenvectors.shape() == x.shape());
    CHECK(linalg::lu(x).u.shape() == x.shape());
    CHECK(linalg::solve(x, x).shape() == x.shape());
  }
  CHECK(linalg::det(none).item() == 1);
  CHECK(linalg::slogdet(none).logabsdet.item() == 0);
  CHECK(linalg::det(batch).shape() == Shape{0});
  CHECK(linalg::svd(rows).vh.shape() == Shape{2, 3, 3});
  CHECK(distance(linalg::svd(rows).vh[1], eye(3)) == 0);
  CHECK(linalg::svdvals(rows).shape() == Shape{2, 0});
  CHECK(linalg::pinv(rows).shape() == Shape{2, 3, 0});
  CHECK(distance(linalg::qr(t(rows), linalg::QRMode::kComplete).q[0], eye(3)) == 0);
  CHECK(linalg::qr(rows).r.shape() == Shape{2, 0, 3});
  CHECK(distance(linalg::matrix_rank(rows), zeros({2})) == 0);
  CHECK(distance(linalg::lstsq(empty({0, 2}), empty({0, 1})).x, zeros({2, 1})) == 0);
  Tensor v = variable(none);
  backward(linalg::det(v));
  CHECK(gradient(v).shape() == Shape{0, 0});
}

TEST_CASE("matrices that cannot be answered for are named by their place in the batch") {
  Tensor a = clone(broadcast_to(eye(2), {2, 3, 2, 2}));
  a[{1, 2, 0, 0}] = 0.f;
  CHECK_THROWS_WITH_AS(linalg::inv(a), doctest::Contains("inv: matrix [1, 2] of the batch is singular"), Error);
  CHECK_THROWS_WITH_AS(linalg::inv(a), doctest::Contains("linalg_test.cc:"), Error);
  CHECK_THROWS_WITH_AS(linalg::solve(a[1][2], ones({2})), doctest::Contains("solve: the matrix is singular"), Error);
  CHECK_THROWS_WITH_AS(linalg::solve_triangular(a, ones({2, 1})), doctest::Contains("solve_triangular: matrix [1, 2] of the batch is singular"), Error);
  CHECK_THROWS_WITH_AS(linalg::lu_solve(linalg::lu_factor(a), ones({2, 1})), doctest::Contains("lu_solve: matrix [1, 2]"), Error);
  CHECK_THROWS_WITH_AS(linalg::cholesky(a), doctest::Contains("cholesky: matrix [1, 2] of the batch is not positive definite"), Error);
  CHECK_THROWS_AS(linalg::matrix_power(a, -1), Error);
  CHECK(linalg::cond(a, 1).at(1, 2) == INFINITY);
  CHECK(linalg::cond(a).at(1, 2) == INFINITY);
  a[{0, 1, 0, 0}] = NAN;
  CHECK_THROWS_WITH_AS(linalg::svd(a), doctest::Contains("svd: matrix [0, 1] of the batch has a value that is not finite"), Error);
  CHECK_THROWS_WITH_AS(linalg::eigh(a), doctest::Contains("eigh: matrix [0, 1]"), Error);
  CHECK_THROWS_WITH_AS(linalg::pinv(a), doctest::Contains("pinv: matrix [0, 1]"), Error);
  CHECK_THROWS_WITH_AS(linalg::cholesky(a), doctest::Contains("cholesky: matrix [0, 1]"), Error);
  CHECK_THROWS_WITH_AS(linalg::matrix_exp(a), doctest::Contains("matrix_exp: matrix [0, 1]"), Error);
}

TEST_CASE("wrong shapes and orders are refused with numbers") {
  Tensor a = ones({3, 2}), square = eye(2);
  CHECK_THROWS_WITH_AS(linalg::inv(a), doctest::Contains("inv: needs square matrices, not 3 by 2"), ShapeError);
  for (auto f : {+[](const Tensor& x) { linalg::cholesky(x); }, +[](const Tensor& x) { linalg::det(x); },
                 +[](const Tensor& x) { linalg::slogdet(x); }, +[](const Tensor& x) { linalg::eigh(x); },
                 +[](const Tensor& x) { linalg::eigvalsh(x); }, +[](const Tensor& x) { linalg::matrix_exp(x); },
                 +[](const Tensor& x) { linalg::matrix_power(x, 2); }, +[](const Tensor& x) { linalg::solve(x, x); }})
    CHECK_THROWS_AS(f(a), ShapeError);
  for (auto f : {+[](const Tensor& x) { linalg::qr(x); }, +[](const Tensor& x) { linalg::svd(x); }, +[](const Tensor& x) { linalg::svdvals(x); },
                 +[](const Tensor& x) { linalg::lu(x); }, +[](const Tensor& x) { linalg::pinv(x); }, +[](const Tensor& x) { linalg::inv(x); },
                 +[](const Tensor& x) { linalg::cond(x); }})
    CHECK_THROWS_WITH_AS(f(ones({3})), doctest::Contains("at least two axes"), ShapeError);
  CHECK_THROWS_WITH_AS(linalg::solve(square, ones({3})), doctest::Contains("solve: a has 2 rows, b has 3"), ShapeError);
  CHECK_THROWS_WITH_AS(linalg::solve(ones({2, 2, 2}), ones({3, 2, 1})), doctest::Contains("batches do not broadcast"), ShapeError);
  CHECK_THROWS_AS(linalg::lstsq(a, ones({2})), ShapeError);
  CHECK_THROWS_AS(linalg::solve(square, Tensor{}), Error);
  CHECK_THROWS_WITH_AS(linalg::norm(a, 3.5), doctest::Contains("there is no norm of order 3.5 of matrices"), Error);
  CHECK_THROWS_WITH_AS(linalg::norm(ones({3}), "nuc"), doctest::Contains("there is no norm of order \"nuc\" of vectors"), Error);
  CHECK_THROWS_AS(linalg::norm(a, "frob"), Error);
  CHECK_THROWS_AS(linalg::norm(a, 2, {0, 0}), ShapeError);
  CHECK_THROWS_AS(linalg::norm(ones({2, 2, 2}), 2), ShapeError);
  CHECK_THROWS_AS(linalg::norm(a, 2, 2), IndexError);
  linalg::LUFactors wrong{square, tensor({0, 7})};
  CHECK_THROWS_WITH_AS(linalg::lu_solve(wrong, ones({2})), doctest::Contains("pivot 7 is outside the 2 rows"), IndexError);
  CHECK_THROWS_AS(linalg::lu_solve({square, tensor({0})}, ones({2})), ShapeError);
  CHECK_THROWS_AS(linalg::householder_product(ones({2, 3}), ones({2})), ShapeError);
  Tensor v = variable(a);
  CHECK_THROWS_WITH_AS(backward(sum(linalg::svd(v).u)), doctest::Contains("full_matrices = false"), Error);
  CHECK_THROWS_WITH_AS(backward(sum(linalg::qr(v, linalg::QRMode::kRaw).q)), doctest::Contains("raw reflections have no gradient"), Error);
  CHECK_THROWS_WITH_AS(linalg::cholesky_solve(ones({3}), square), doctest::Contains("cholesky_solve: a has 2 rows, b has 3"), ShapeError);
  CHECK_THROWS_WITH_AS(backward(sum(linalg::qr(v, linalg::QRMode::kComplete).q)), doctest::Contains("complete q"), Error);
}

TEST_CASE("one triangle is read, and bits do not depend on threads") {
  Tensor a = samples({3, 3}, float64, -1, 1, 2) + 4 * eye(3, -1, float64), other = clone(a);
  other[{0, 2}] = 99.;
  CHECK(same_bits(linalg::cholesky(a), linalg::cholesky(other)));
  CHECK(same_bits(linalg::eigvalsh(a), linalg::eigvalsh(other)));
  CHECK(same_bits(linalg::eigh(t(a), true).eigenvalues, linalg::eigh(t(other), true).eigenvalues));
  Tensor many = samples({300, 20, 20}, float32, -1, 1, 2);
  set_num_threads(1);
  Tensor one = linalg::inv(many), s = linalg::svdvals(many);
  set_num_threads(2);
  CHECK(same_bits(one, linalg::inv(many)));
  CHECK(same_bits(s, linalg::svdvals(many)));
  set_num_threads(0);
  CHECK(distance(matmul(many, one), broadcast_to(eye(20), many.shape())) < 1e-2);
}

TEST_CASE("integers and bools are computed in float32, 16-bit floats answer as they are") {
  CHECK(linalg::inv(tensor({{2, 0}, {0, 4}})).dtype() == float32);
  CHECK(distance(linalg::inv(eye(2, -1, boolean)), eye(2)) == 0);
  CHECK(linalg::svd(ones({2, 2}, bfloat16)).u.dtype() == bfloat16);
  CHECK(linalg::solve(eye(2, -1, float16), ones({2}, float64)).dtype() == float64);
  CHECK(linalg::matrix_rank(ones({4, 4}, float16)).item() == 1);
  CHECK(linalg::matrix_power(tensor({{1, 1}, {1, 0}}), 10).dtype() == int64);
  CHECK(linalg::matrix_power(tensor({{1, 1}, {1, 0}}), 10).at<int64_t>(0, 1) == 55);
  CHECK(distance(linalg::matrix_power(ones({2, 2}), 0), eye(2)) == 0);
  CHECK(distance(linalg::matrix_power(full({2, 2}, INFINITY), 0), eye(2)) == 0);
  CHECK_THROWS_AS(linalg::matrix_power(eye(2, -1, boolean), 2), DTypeError);
}

TEST_CASE("linear algebra under vmap") {
  Tensor a = samples({4, 3, 3}, float64, -1, 1, 2) + 4 * eye(3, -1, float64), b = samples({3}, float64, -1, 1, 3);
  Tensor y = vmap([&](const Tensors& x) { return Tensors{linalg::solve(x[0], b)}; })({a})[0];
  for (int i = 0; i < 4; ++i) CHECK(distance(y[i], linalg::solve(a[i], b)) < 1e-14);
  CHECK(distance(vmap([](const Tensors& x) { return Tensors{linalg::svdvals(x[0])}; })({a})[0], linalg::svdvals(a)) == 0);
  CHECK(distance(vmap([](const Tensors& x) { return Tensors{linalg::det(x[0])}; })({a})[0], linalg::det(a)) == 0);
}
