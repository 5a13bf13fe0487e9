// Eigenvalues of any matrix and complex systems, against NumPy's stored answers (tests/data/complex/make.py).
#include <doctest/doctest.h>

#include <complex>

#include "complex_cases.h"

using namespace reel;
using namespace reel::test;
using C = std::complex<double>;

TEST_CASE("eigenvalues and eigenvectors of any matrix, and complex systems") {
  ComplexCases stored;
  // Eigenvalues have no order: each of NumPy's must be among ours.
  auto farthest = [](const Tensor& a, const Tensor& b) {
    return max(min(abs(expand_dims(a, -1) - expand_dims(b, -2)), -1)).item();
  };
  for (const char* name : {"m", "q"}) {
    CAPTURE(std::string(name));
    Tensor a = stored(name), expected = stored(std::string("eigvals ") + name);
    auto [w, v] = linalg::eig(a);
    CHECK(w.dtype() == complex128);
    CHECK(farthest(expected, w) < 1e-12);
    CHECK(farthest(expected, linalg::eigvals(a)) < 1e-12);
    CHECK(max(abs(matmul(a, v) - v * expand_dims(w, -2))).item() < 1e-12);
    CHECK(allclose(sqrt(sum(square(abs(v)), -2)), ones({2, a.shape()[-1]}, float64)));
    DType half = is_complex(a.dtype()) ? complex64 : float32;
    CHECK(linalg::eigvals(cast(a, half)).dtype() == complex64);
    CHECK(farthest(expected, linalg::eigvals(cast(a, half))) < 1e-4);
    // Losses that do not depend on order or phase.
    CHECK(check_gradients([](const Tensor& t) { return sum(square(linalg::eigvals(t)) * linalg::eigvals(t), -1); }, a) == "");
    CHECK(check_gradients([](const Tensor& t) {
            auto [values, vectors] = linalg::eig(t);
            return sum(expand_dims(square(values), -2) * square(abs(vectors)), -1);
          }, a) == "");
    Tensor x = variable(a);
    auto [w2, v2] = linalg::eig(x);
    CHECK_THROWS_WITH_AS(backward(sum(real(v2 * C(1, 2)))), doctest::Contains("eig: the loss depends on the phases"), TapeError);
  }
  Tensor q = stored("q"), right = stored("right");
  CHECK(stored.difference(linalg::solve(q, right), "solve", 200) == "");
  CHECK(stored.difference(linalg::inv(q), "inv", 200) == "");
  CHECK(allclose(linalg::solve(q[0], right[0][{slice(), 1}]), linalg::solve(q, right)[0][{slice(), 1}]));
  CHECK(allclose(matmul(real(q), linalg::solve(real(q), right)), right));
  CHECK(gradcheck([](const Tensors& t) { return linalg::solve(t[0], t[1]); }, {q, right}, {.second_order = true}) == "");
  CHECK(linalg::eig(empty({0, 3, 3})).eigenvectors.shape() == Shape{0, 3, 3});
  CHECK(linalg::eigvals(empty({2, 0, 0})).shape() == Shape{2, 0});
  CHECK(linalg::eigvals(tensor({{0, 1}, {-1, 0}})).dtype() == complex64);
  CHECK_THROWS_WITH_AS(linalg::eig(ones({2, 3})), doctest::Contains("eig"), ShapeError);
  CHECK_THROWS_WITH_AS(linalg::eigvals(full({2, 2}, NAN)), doctest::Contains("not finite"), Error);
  CHECK_THROWS_WITH_AS(linalg::inv(zeros({2, 2}, complex64)), doctest::Contains("singular"), Error);
}
