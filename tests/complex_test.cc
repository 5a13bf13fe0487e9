// complex64 and complex128: arithmetic and functions against NumPy's stored answers (tests/data/complex/make.py), gradients against finite
// differences, and that ops without a meaning for them say so.
#include <doctest/doctest.h>

#include <complex>
#include <functional>
#include <map>
#include <set>

#include "complex_cases.h"
#include "op_samples.h"

using namespace reel;
using namespace reel::test;
using C = std::complex<double>;
using F = std::complex<float>;

namespace {

struct Function {
  Tensor (*call)(const Tensors&);
  double ulps = 20;   // relative, of the answer's dtype
  bool pole = false;  // has one at 0, where NumPy's functions do not agree with each other which parts are NaN
};
#define REEL_UNARY(fn) [](const Tensors& x) { return fn(x[0]); }
#define REEL_BINARY(fn) [](const Tensors& x) { return fn(x[0], x[1]); }
// Every elementwise op that takes complex numbers.
const std::map<std::string, Function> kFunctions{
    {"add", {REEL_BINARY(add)}},
    {"subtract", {REEL_BINARY(subtract)}},
    {"multiply", {REEL_BINARY(multiply)}},
    {"divide", {REEL_BINARY(divide)}},
    {"power", {REEL_BINARY(reel::pow), 60, true}},
    {"equal", {REEL_BINARY(equal)}},
    {"not_equal", {REEL_BINARY(not_equal)}},
    {"negative", {REEL_UNARY(negative)}},
    {"conj", {REEL_UNARY(conj)}},
    {"square", {REEL_UNARY(square)}},
    {"reciprocal", {REEL_UNARY(reciprocal), 20, true}},
    {"sqrt", {REEL_UNARY(reel::sqrt)}},
    {"rsqrt", {REEL_UNARY(rsqrt)}},
    {"exp", {REEL_UNARY(reel::exp)}},
    {"log", {REEL_UNARY(reel::log)}},
    {"log2", {REEL_UNARY(reel::log2)}},
    {"log10", {REEL_UNARY(reel::log10)}},
    {"expm1", {REEL_UNARY(reel::expm1)}},
    {"log1p", {REEL_UNARY(reel::log1p)}},
    {"exp2", {REEL_UNARY(reel::exp2)}},
    {"sin", {REEL_UNARY(reel::sin)}},
    {"cos", {REEL_UNARY(reel::cos)}},
    {"tan", {REEL_UNARY(reel::tan)}},
    {"arcsin", {REEL_UNARY(arcsin)}},
    {"arccos", {REEL_UNARY(arccos)}},
    {"arctan", {REEL_UNARY(arctan)}},
    {"sinh", {REEL_UNARY(reel::sinh)}},
    {"cosh", {REEL_UNARY(reel::cosh)}},
    {"tanh", {REEL_UNARY(reel::tanh)}},
    {"arcsinh", {REEL_UNARY(arcsinh)}},
    {"arccosh", {REEL_UNARY(arccosh)}},
    {"arctanh", {REEL_UNARY(arctanh)}},
    {"abs", {REEL_UNARY(reel::abs)}},
    {"angle", {REEL_UNARY(angle)}},
    {"sign", {REEL_UNARY(sign)}},
    {"isnan", {REEL_UNARY(reel::isnan)}},
    {"isinf", {REEL_UNARY(reel::isinf)}},
    {"isfinite", {REEL_UNARY(reel::isfinite)}},
    {"isreal", {REEL_UNARY(isreal)}},
    {"iscomplex", {REEL_UNARY(iscomplex)}},
};
// These take complex numbers too and are checked elsewhere: where in this file, the others as parts of gradients.
const std::set<std::string> kElsewhere{"where", "gated_multiply", "tanh_grad", "logical_and", "logical_or", "logical_xor", "logical_not",
                                       "squared_difference"};

// A few numbers off the axes and the unit circle.
Tensor points(uint64_t seed, const Shape& shape = {2, 3}) {
  Tensor x = samples(shape, float64, 0.2, 1.4, seed), y = samples(shape, float64, -1.3, -0.3, seed + 7);
  return complex(x, y);
}

}  // namespace

TEST_CASE("elementwise functions of complex numbers agree with NumPy's, on both sides of the branch cuts") {
  ComplexCases stored;
  Tensor z = stored("z"), w = stored("w");
  for (const auto& [name, f] : kFunctions) {
    CAPTURE(name);
    Tensor y = f.call({z, w});
    CHECK(stored.difference(y, name, f.ulps, f.pole ? z != 0 : Tensor()) == "");
    Tensor single = f.call({cast(z, complex64), cast(w, complex64)});
    CHECK(single.dtype() == (y.dtype() == complex128 ? complex64 : y.dtype() == float64 ? float32 : boolean));
    CHECK(stored.difference(single, name, f.ulps, f.pole ? z != 0 : Tensor()) == "");
    // Strided operands, broadcast ones, and nothing.
    CHECK(same_bits(contiguous(f.call({transpose(z), transpose(w)})), contiguous(transpose(y))));
    CHECK(same_bits(f.call({z[3], w[3]}), contiguous(y[3])));
    CHECK(f.call({empty({0, 3}, complex64), empty({0, 3}, complex64)}).shape() == Shape{0, 3});
  }
}

TEST_CASE("every elementwise op that takes complex numbers is among the checked ones") {
  for (const ElementwiseOp& op : elementwise_ops()) {
    CAPTURE(op.name);
    if (op.types & kComplex) CHECK((kFunctions.count(op.name) || kElsewhere.count(op.name)));
    // The others refuse them.
    if (op.types & kComplex) continue;
    Tensors in(size_t(op.arity), zeros({2}, complex64));
    CHECK_THROWS_WITH_AS(op.call(in), doctest::Contains("not defined for complex numbers"), DTypeError);
  }
}

TEST_CASE("any other function refuses complex numbers or agrees on them with its real self where they are real") {
  int answered = 0;
  for (const Row& row : rows()) {
    if (row.shapes.empty() || !takes(row.types, float64)) continue;
    CAPTURE(row.name);
    Tensors real, complex;
    for (size_t i = 0; i < row.shapes.size(); ++i) {
      real.push_back(samples(row.shapes[i], float64, row.low, row.high, i + 1));
      complex.push_back(cast(real.back(), complex128));
    }
    Tensor expected = row.call(real);
    try {
      Tensor got = row.call(complex);
      ++answered;
      CHECK(allclose(cast(got, complex128), expected, 1e-9, 1e-11, true));
    } catch (const DTypeError& e) {
      CHECK(std::string(e.what()).find("complex") != std::string::npos);
    }
  }
  CHECK(answered > 50);
}

TEST_CASE("gradients of complex functions, first and second order, and forward mode") {
  for (const auto& [name, f] : kFunctions) {
    if (f.call({points(1), points(2)}).dtype() == boolean) continue;
    CAPTURE(name);
    CHECK(gradcheck([&](const Tensors& x) { return f.call(x); }, {points(1), points(2)}, {.second_order = true}) == "");
    // The other half plane, where a wrong branch shows.
    CHECK(gradcheck([&](const Tensors& x) { return f.call({-x[0], x[1]}); }, {points(3), points(4)}, {.second_order = true}) == "");
    // J t forward against the real inner product with J^H u backward.
    Tensor t = points(5), u;
    Dual d = jvp([&](const Tensors& x) { return Tensors{f.call({x[0], points(2)})}; }, {points(1)}, {t});
    Tensor x = variable(points(1)), y = f.call({x, points(2)});
    u = is_complex(y.dtype()) ? points(6) : real(points(6));
    Tensor g = grad(sum(real(y * conj(u))), {x})[0];
    double forward = sum(real(d.tangent[0] * conj(u))).item(), back = sum(real(t * conj(g))).item();
    CHECK(std::fabs(forward - back) < 1e-10 * (1 + std::fabs(back)));
  }
}

TEST_CASE("a complex variable's gradient is dL/dre + i dL/dim: |z| and z conj(z) descend, the loss must be real") {
  Tensor z = variable(tensor({C(3, -4)}, complex128));
  CHECK(allclose(grad(sum(abs(z)), {z})[0], tensor({C(0.6, -0.8)}, complex128)));
  CHECK(allclose(grad(sum(real(z * conj(z))), {z})[0], tensor({C(6, -8)}, complex128)));
  CHECK(allclose(grad(sum(real(z * z)), {z})[0], tensor({C(6, 8)}, complex128)));
  Tensor zero = variable(zeros({2}, complex64));
  CHECK(allclose(grad(sum(abs(zero)), {zero})[0], zeros({2}, complex64)));
  CHECK_THROWS_WITH_AS(backward(sum(z)), doctest::Contains("the loss is complex"), DTypeError);
  // A real operand of a complex op has a real gradient.
  Tensor x = variable(tensor({2.}, float64));
  Tensor g = grad(sum(imag(x * C(1, 3) + x * z)), {x})[0];
  CHECK(g.dtype() == float64);
  CHECK(g.item() == doctest::Approx(3 - 4));
  // Through a mixed promotion: float64 with complex64 is complex128.
  CHECK((x * tensor(F(1, 1))).dtype() == complex128);
}

TEST_CASE("dtypes, numbers and promotion") {
  CHECK(promote(float32, complex64) == complex64);
  CHECK(promote(float64, complex64) == complex128);
  CHECK(promote(boolean, complex64) == complex64);
  CHECK(promote(int64, complex128) == complex128);
  CHECK(dtype_from_name("complex128") == complex128);
  CHECK(item_size(complex64) == 8);
  CHECK(item_size(complex128) == 16);
  Tensor z = tensor({{F(1, 2), F(3, -4)}});
  CHECK(z.dtype() == complex64);
  CHECK(z.at<F>(0, 1) == F(3, -4));
  CHECK(z.values<F>()[0] == F(1, 2));
  CHECK(z.values<Complex64>()[0].im == 2);
  CHECK(z[0][1].item<C>() == C(3, -4));
  CHECK(tensor(2.5).item<C>() == C(2.5, 0));
  CHECK_THROWS_WITH_AS(z[0][1].item(), doctest::Contains("asked for as a real one"), DTypeError);
  CHECK_THROWS_WITH_AS(z.at<float>(0, 1), doctest::Contains("the tensor is complex64"), DTypeError);
  CHECK((z + 1).at<F>(0, 0) == F(2, 2));
  CHECK((z * C(0, 1)).dtype() == complex64);
  CHECK((ones({2}) * C(0, 1)).dtype() == complex64);
  CHECK((ones({2}, float64) * C(0, 1)).dtype() == complex128);
  CHECK((ones({2}, int32) + C(0, 1)).dtype() == complex64);
  CHECK((1. / z).at<F>(0, 0) == F(0.2f, -0.4f));
  CHECK(tensor(std::vector<C>{C(1, 1)}).dtype() == complex128);
  CHECK(full({2}, C(1, 2), complex128).at<C>(1) == C(1, 2));
  CHECK(eye(2, -1, complex64).at<F>(1, 1) == F(1, 0));
  CHECK(pow(z, 2).at<F>(0, 0) == F(-3, 4));
  CHECK(reel::where(tensor({{true, false}}), z, C(0, 1)).at<F>(0, 1) == F(0, 1));
  CHECK(array_equal(logical_not(tensor({F(0, 0), F(0, 1)})), tensor({true, false})));
  CHECK(array_equal(logical_and(tensor({F(0, 2), F(0, 1)}), tensor({F(1, 0), F(0, 0)})), tensor({true, false})));
  CHECK(allclose(z, z + 1e-9));
  CHECK_FALSE(allclose(z, z + C(0, 1e-3)));
}

TEST_CASE("a complex number becomes a real one by name only, and is never cut silently") {
  Tensor z = tensor({F(1, 2)}), x = zeros({1});
  CHECK_THROWS_WITH_AS(cast(z, float32), doctest::Contains("complex64 has no one value in float32"), DTypeError);
  CHECK_THROWS_WITH_AS(cast(z, int32), doctest::Contains("no one value"), DTypeError);
  CHECK(cast(z, boolean).item<bool>());
  CHECK_FALSE(cast(zeros({}, complex64), boolean).item<bool>());
  CHECK_THROWS_WITH_AS(assign(x, z), doctest::Contains("not written into real ones"), DTypeError);
  CHECK_THROWS_AS(x[0] = z[0], DTypeError);
  CHECK_THROWS_AS(x += z, DTypeError);
  CHECK_THROWS_AS(x += C(1, 1), DTypeError);
  CHECK(x.item() == 0);
  CHECK_THROWS_AS(full({2}, C(1, 2), float32), DTypeError);
  CHECK_THROWS_WITH_AS(z < z, doctest::Contains("less: is not defined for complex numbers"), DTypeError);
  CHECK_THROWS_WITH_AS(sort(z), doctest::Contains("not defined for complex"), DTypeError);
  CHECK_THROWS_WITH_AS(relu(z), doctest::Contains("not defined for complex"), DTypeError);
  CHECK_THROWS_WITH_AS(max(z), doctest::Contains("not defined for complex"), DTypeError);
  CHECK_THROWS_AS(one_hot(tensor({1}), 2, complex64), DTypeError);
  // Into complex memory everything goes.
  z[0] = 3;
  CHECK(z.at<F>(0) == F(3, 0));
  z += C(0, 1);
  z *= tensor({2.f});
  CHECK(z.at<F>(0) == F(6, 2));
}

TEST_CASE("parts, views and moves of complex tensors") {
  ComplexCases stored;
  Tensor z = stored("a");
  CHECK(same_bits(complex(real(z), imag(z)), z));
  CHECK(same_bits(complex(real(transpose(z)), imag(transpose(z))), contiguous(transpose(z))));
  CHECK(complex(ones({3, 1}), zeros({4})).shape() == Shape{3, 4});
  CHECK(complex(tensor({1}), tensor({2}, float64)).dtype() == complex128);
  CHECK(allclose(polar(abs(z), angle(z)), z));
  CHECK(array_equal(isreal(tensor({F(1, 0), F(0, 1)})), tensor({true, false})));
  CHECK(array_equal(iscomplex(tensor({F(1, 0), F(0, 1)})), tensor({false, true})));
  Tensor x = tensor({-1., 2.});
  CHECK(real(x).get() == x.get());
  CHECK(conj(x).get() == x.get());
  CHECK(array_equal(imag(x), zeros({2})));
  CHECK(allclose(angle(x), tensor({3.14159265f, 0.f})));
  // Every op that only moves values, against the same moves of the parts.
  Tensor ids = tensor({2, 0, 0}), mask = real(z) > 0;
  const std::vector<std::function<Tensor(const Tensor&)>> moves{
      [](const Tensor& t) { return transpose(t); },
      [](const Tensor& t) { return reshape(t, {5, -1}); },
      [](const Tensor& t) { return t[{1, slice({}, {}, -2)}]; },
      [](const Tensor& t) { return concat({t, flip(t, 1)}, 2); },
      [](const Tensor& t) { return stack({t, t}, 1); },
      [](const Tensor& t) { return pad(t, {{1, 0}, {0, 2}, {0, 0}}); },
      [&](const Tensor& t) { return take(t, ids, 0); },
      [&](const Tensor& t) { return t[ids]; },
      [&](const Tensor& t) { return t[mask]; },
      [&](const Tensor& t) { return take_along_axis(t, argsort(real(t), 1), 1); },
      [](const Tensor& t) { return roll(t, 2, 1); },
      [](const Tensor& t) { return triu(t); },
      [](const Tensor& t) { return diagonal(t); },
      [](const Tensor& t) { return broadcast_to(t[0], {2, 4, 5}); },
      [&](const Tensor& t) { return scatter_add(Shape{4, 4, 5}, ids, t, 0); },
      [](const Tensor& t) { return clone(t[{slice(), slice({}, {}, 3)}]); },
  };
  for (DType t : {complex64, complex128})
    for (size_t i = 0; i < moves.size(); ++i) {
      CAPTURE(i);
      Tensor c = cast(z, t);
      Tensor expected = i == 9 ? Tensor() : complex(moves[i](real(c)), moves[i](imag(c)));
      if (expected) CHECK(same_bits(contiguous(moves[i](c)), expected));
      CHECK(check_gradients([&](const Tensor& v) { return moves[i](v); }, cast(c, complex128)) == "");
    }
  Tensor w = clone(z);
  w[{ellipsis, 0}] = C(7, 8);
  CHECK(w.at<C>(2, 3, 0) == C(7, 8));
  w[mask] = 0;
  CHECK(sum(abs(w[mask])).item() == 0);
}

TEST_CASE("sums, means and products of complex tensors agree with NumPy's") {
  ComplexCases stored;
  Tensor a = stored("a"), b = stored("b");
  CHECK(stored.difference(sum(a, {0, 2}), "sum") == "");
  CHECK(stored.difference(sum(a), "sum all") == "");
  CHECK(stored.difference(mean(a, 1), "mean") == "");
  CHECK(stored.difference(var(a, 2), "var") == "");
  CHECK(stored.difference(reel::std(a, 0, false, 1), "std") == "");
  CHECK(stored.difference(matmul(a, b), "matmul") == "");
  CHECK(stored.difference(matmul(a, real(b)), "matmul real") == "");
  CHECK(stored.difference(matmul(real(a), b), "real matmul") == "");
  CHECK(stored.difference(vdot(a, flip(a, 0)), "vdot") == "");
  CHECK(stored.difference(einsum("bij,bjk->ik", {a, b}), "einsum") == "");
  CHECK(stored.difference(outer(a[0][0], b[{0, slice(), 0}]), "outer") == "");
  CHECK(stored.difference(matmul(cast(a, complex64), cast(b, complex64)), "matmul") == "");
  CHECK(gradcheck([](const Tensors& x) { return matmul(x[0], x[1]); }, {a[0], b[0]}, {.second_order = true}) == "");
  CHECK(gradcheck([](const Tensors& x) { return sum(x[0], {0, 2}) + mean(x[0], {0, 2}); }, {a}, {.second_order = true}) == "");
  CHECK(gradcheck([](const Tensors& x) { return var(x[0], 1); }, {a}, {.second_order = true}) == "");
  CHECK(gradcheck([](const Tensors& x) { return squared_difference(x[0], x[1]); }, {a[0], a[1]}, {.second_order = true}) == "");
  CHECK(allclose(squared_difference(a[0], a[1]), square(a[0] - a[1])));
  Tensor large = full({3, 70000}, C(0.5, -1), complex64);
  CHECK(allclose(sum(large, 1), full({3}, C(35000, -70000), complex64)));
  Tensor huge = stored("huge");
  CHECK(stored.difference(huge / flip(huge, 0), "huge divide") == "");
  CHECK(stored.difference(abs(huge), "huge abs") == "");
}

TEST_CASE("vmap, in-place history and checks for NaN know complex numbers") {
  Tensor z = points(1, {4, 3}), w = points(2, {3});
  Tensor y = vmap([&](const Tensor& row) { return sum(real(row * w)) + abs(row) + real(matmul(row, w)); })({z})[0];
  for (int i = 0; i < 4; ++i) CHECK(allclose(y[i], sum(real(z[i] * w)) + abs(z[i]) + real(matmul(z[i], w))));
  CHECK(check_gradients([&](const Tensor& v) {
          Tensor t = clone(v);
          t[0] *= C(0, 2);
          t[{slice(), 1}] = w[1] * v[{slice(), 0}];
          return t * t;
        }, z) == "");
  Tensor bad = tensor({C(1, 1), C(1, NAN)}, complex128);
  CHECK(first_nonfinite(bad) == 1);
}

TEST_CASE("complex numbers print as NumPy prints them") {
  CHECK(to_string(tensor({C(1, 2), C(3.5, -10)}, complex128)) == "[1.  +2.j 3.5-10.j]");
  CHECK(to_string(tensor(F(0, -1))) == "0.-1.j");
  CHECK(to_string(tensor({C(NAN, INFINITY), C(1, 1)}, complex128)) == "[nan+infj  1. +1.j]");
  CHECK(to_string(tensor({C(1e10, 1), C(2, 0)}, complex128)) == "[1.e+10+1.j 2.e+00+0.j]");
  CHECK(to_string(tensor({{C(1.25, 3)}, {C(2, -0.5)}}, complex128)) == "[[1.25+3.j ]\n [2.  -0.5j]]");
}

TEST_CASE("corners of complex arithmetic: tiny and huge numbers, whole powers, NaN by part") {
  CHECK(array_equal(sign(tensor({F(1e-40f, 0), F(0, -2), F(0, 0)})), tensor({F(1, 0), F(0, -1), F(0, 0)})));
  CHECK(array_equal(tensor({F(1e-39f, 1e-39f)}) / tensor({F(1e-39f, 1e-39f)}), tensor({F(1, 0)})));
  CHECK(array_equal(pow(tensor({F(0, 1), F(1, 1), F(-2, 0)}), 3), tensor({F(0, -1), F(-2, 2), F(-8, 0)})));
  CHECK(array_equal(pow(tensor({C(1, 1)}, complex128), -1), tensor({C(0.5, -0.5)}, complex128)));
  Tensor z = ones({1}, complex128), two = tensor({2.}, float64);
  CHECK(addcmul(z, z, two, C(3, 4)).item<C>() == C(7, 8));
  CHECK(addcdiv(z, z, two, C(0, 1)).item<C>() == C(1, 0.5));
  Tensor holes = tensor({C(NAN, 1), C(1, INFINITY)}, complex128);
  CHECK(array_equal(nan_to_num(holes, 0, 9, -9), tensor({C(0, 1), C(1, 9)}, complex128)));
  CHECK(nansum(tensor({C(NAN, 1), C(1, 2)}, complex128)).item<C>() == C(1, 2));
  CHECK(any(tensor({F(0, 0), F(0, 1)})).item<bool>());
  CHECK_FALSE(all(tensor({F(0, 0), F(0, 1)})).item<bool>());
  CHECK(array_equal(cumsum(tensor({F(1, 2), F(3, -1)})), tensor({F(1, 2), F(4, 1)})));
  CHECK(linalg::norm(tensor({F(3, 4), F(0, 12)})).item() == 13);
  CHECK(allclose(angle(tensor({-0., 1., -INFINITY})), tensor({3.14159265f, 0.f, 3.14159265f})));
}

TEST_CASE("what would lose a part of a complex number is refused by name") {
  Tensor flags = tensor({true, false}), z = tensor({F(1, 0), F(0, 1)});
  CHECK_THROWS_WITH_AS(flags[flags] = z[{slice(0, 1)}], doctest::Contains("not written into real ones"), DTypeError);
  CHECK(array_equal(flags, tensor({true, false})));
  CHECK_THROWS_WITH_AS(full({2}, C(1, 2)), doctest::Contains("full: the number 1.+2.j does not fit float32"), DTypeError);
  CHECK_THROWS_WITH_AS(tensor({C(1, -2)}, float64), doctest::Contains("1.-2.j does not fit float64"), DTypeError);
}

TEST_CASE("Jacobians of complex numbers: derivatives of what is real or holomorphic, gradients of real values, else an error") {
  Tensor z = points(1, {3}), x = real(z), a = points(2, {2, 3});
  reel::Function holomorphic([&](const Tensor& t) { return matmul(a, exp(t) * t); }), mixed([](const Tensor& t) { return conj(t) * t[0]; });
  reel::Function size([](const Tensor& t) { return square(abs(t)) * real(t[0]); }), turned([&](const Tensor& t) { return matmul(a, square(t)); });
  for (bool forward : {false, true})
    for (int64_t chunk : {0, 2}) {
      CAPTURE(forward);
      auto j = [&](const reel::Function& f, const Tensor& at) { return jacobian(f, at, {.forward = forward, .chunk = chunk}); };
      CHECK(allclose(j(holomorphic, z), a * (exp(z) * (z + 1)), 1e-12, 1e-12));
      CHECK(allclose(j(turned, x), a * (2 * x), 1e-12, 1e-12));
      CHECK(j(turned, x).dtype() == complex128);
      CHECK(j([](const Tensor& t) { return exp(t); }, cast(z, complex64)).dtype() == complex64);
      // Rows of gradients: |z_i|^2 re(z_0) has 2 z_i re(z_0) by z_i, and |z_i|^2 by z_0.
      Tensor expected = eye(3, -1, complex128) * (2 * z * real(z[0]));
      expected += expand_dims(square(abs(z)), 1) * tensor({1., 0., 0.}, float64);
      CHECK(allclose(j(size, z), expected, 1e-12, 1e-12));
      CHECK_THROWS_WITH_AS(j(mixed, z), doctest::Contains("not holomorphic"), DTypeError);
      CHECK(array_equal(j([](const Tensor& t) { return ones_like(detach(t)) * 0 * detach(t); }, z), zeros({3, 3}, complex128)));
    }
  // Differentiable again, and over a batch.
  Tensor v = variable(z);
  Tensor g = grad(sum(real(jacobian([](const Tensor& t) { return t * t * t; }, v))), {v})[0];
  CHECK(allclose(g, conj(6 * z), 1e-12, 1e-12));
  auto slopes = vmap([](const Tensor& t) { return jacobian([](const Tensor& u) { return sin(u); }, t, {.forward = true}); });
  CHECK(allclose(slopes({expand_dims(z, 1)})[0], reshape(cos(z), {3, 1, 1}), 1e-12, 1e-12));
  CHECK_THROWS_WITH_AS(hessian([](const Tensor& t) { return sum(abs(t)); }, z), doctest::Contains("hessian: the point is complex"), DTypeError);
}

TEST_CASE("Hessian products of a real function of complex numbers, as differences of its gradient") {
  Tensor z = complex(tensor({1., 2.}, float64), tensor({3., -1.}, float64)), v = complex(tensor({0.5, 1.}, float64), tensor({1., 2.}, float64));
  auto f = [](const Tensor& x) { return sum(square(real(x * conj(x)))); };
  auto gradient_at = [&](const Tensor& x) {
    Tensor w = variable(x);
    return grad(f(w), {w})[0];
  };
  Tensor expected = (gradient_at(z + 1e-6 * v) - gradient_at(z - 1e-6 * v)) * 5e5;
  CHECK(max(abs(hvp(f, z, v).product - expected)).item<double>() < 1e-6);
  CHECK(max(abs(vhp(f, z, v).product - expected)).item<double>() < 1e-6);
}
