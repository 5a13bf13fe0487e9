// Writes through views while recording: what is viewed goes on with the new history, or the write is refused.
#include <doctest/doctest.h>

#include "autograd/gradcheck.h"
#include "reel.h"

using namespace reel;

namespace {
const Tensors points() { return {tensor({{0.5, -1.}, {2., 0.3}}, float64), tensor({1.5, 0.7}, float64)}; }
const GradcheckOptions options{.rtol = 1e-5, .atol = 1e-7, .second_order = true};
}  // namespace

TEST_CASE("3.4.50 4.25 an update through a view reaches what is viewed") {
  Tensor x = variable(tensor({1., 1.}, float64)), y = x * 2;
  y[0] *= 5;
  CHECK(to_string(y) == "[10.  2.]");
  backward(sum(y));
  CHECK(gradient(x).at<double>(0) == 10);
  CHECK(gradient(x).at<double>(1) == 2);
}

TEST_CASE("updates through rows, columns, steps, flips and views of views have the expression's gradient, to second order") {
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; y[0] += x[1]; return y * y; }, points(), options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; y[{ellipsis, 1}] *= x[1]; return y * y; }, points(), options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; y[{slice({}, {}, -1)}] *= x[0]; return exp(y); }, points(), options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; transpose(y)[1] /= x[1]; return y * x[0]; }, points(), options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; Tensor row = y[1]; row[0] -= x[1][1]; return y * y; }, points(), options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 2; for (int i = 0; i < 2; ++i) y[i] += x[1] * clone(y[1 - i]); return y; }, points(), options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = x[0] * 1; Tensor row = y[0]; row += x[1]; return row * row * y; }, points(), options) == "");
  CHECK(gradcheck([](const Tensors& x) { Tensor y = exp(x[0]) * 1; y[0] = x[1]; y[1] = 3.; return y * x[0]; }, points(), options) == "");
}

TEST_CASE("recorded values written into a plain tensor take their history along") {
  Tensor w = variable(tensor({1., 2.}, float64)), out = zeros({3, 2}, float64);
  for (int i = 0; i < 3; ++i) out[i] = w * (i + 1);
  out[2] += 1;
  CHECK(to_string(out) == "[[1. 2.]\n [2. 4.]\n [4. 7.]]");
  backward(sum(out * out));
  CHECK(gradient(w).at<double>(1) == 2 * (2 + 4 * 2 + 7 * 3));
  Tensor whole = zeros({2}, float64);
  assign(whole, w * 3);
  CHECK(grad(sum(whole), {w})[0].at<double>(0) == 3);
  whole = zeros({2}, float64);
  whole[{ellipsis}] = sum(w);
  CHECK(grad(sum(whole), {w})[0].at<double>(0) == 2);
}

TEST_CASE("a value written over has no gradient any more") {
  Tensor x = variable(tensor({3., 4.}, float64)), y = x * 2;
  y[0] = 7.;
  backward(sum(y));
  CHECK(gradient(x).at<double>(0) == 0);
  CHECK(gradient(x).at<double>(1) == 2);
  Tensor z = x * 2;
  assign(z, 1.);
  CHECK(!z.has_history());
}

TEST_CASE("siblings of an updated view, parts of a split and old saves are caught, never wrong") {
  Tensor x = variable(tensor({{1., 2.}, {3., 4.}}, float64)), y = x * 2, first = y[0], second = y[1];
  first += 1;
  CHECK_THROWS_WITH_AS(second * 2, doctest::Contains("was overwritten at view_update_test.cc"), TapeError);
  CHECK((y * 1).at<double>(0, 0) == 3);
  Tensor z = x * 2;
  Tensors parts = split(z, 2);
  parts[0] *= 3;
  CHECK_THROWS_AS(parts[1] + 1, TapeError);
  Tensor e = exp(x), loss = sum(e);
  e[0] += 1;
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("the saved output of exp"), TapeError);
  CHECK_THROWS_WITH_AS(backward(sum(e)), doctest::Contains("the saved output of exp"), TapeError);
  CHECK(!gradient(x));
}

TEST_CASE("3.4.52 a view made under NoGrad, or of a detached alias, is refused") {
  Tensor x = variable(tensor({1., 2.})), y = x * 2;
  Tensor view = [&] {
    NoGrad no_grad;
    return y[0];
  }();
  CHECK_THROWS_AS(view += x[0], TapeError);
  Tensor alias = detach(y);
  CHECK_THROWS_AS(alias[0] += x[0], TapeError);
  CHECK(y.at<float>(0) == 2);
  backward(sum(y * y));
  CHECK(gradient(x).at<float>(1) == 16);
}

TEST_CASE("3.4.51 4.23 a detached alias shares storage and version") {
  Tensor x = variable(tensor({1., 2.})), y = x * 2, loss = sum(y * y);
  detach(y) += 1;
  CHECK(y.at<float>(0) == 3);
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("was overwritten in place at view_update_test.cc"), TapeError);
}

TEST_CASE("aliases that would take recorded values without their history are refused") {
  Tensor w = variable(tensor({1., 2.})), buffer = zeros({2, 2}), other = buffer[0];
  CHECK_THROWS_WITH_AS(buffer[0] += w, doctest::Contains("others share"), TapeError);
  other = Tensor();
  buffer[0] += w;
  CHECK(buffer.has_history());
  Tensor base = zeros({2, 2}), row = base[1];
  base = Tensor();
  row += w;  // nobody else sees it
  backward(sum(row));
  CHECK(gradient(w).at<float>(0) == 1);
}

TEST_CASE("3.4.48 4.27 saved values that an update overwrites: caught where they matter, allowed where not") {
  Tensor x = variable(tensor({1., 2.}, float64)), y = exp(x), z = y * y;
  y += 1;
  CHECK_THROWS_WITH_AS(backward(sum(z)), doctest::Contains("was overwritten in place"), TapeError);
  Tensor a = x + 1, b = a + 2;
  a += 5;
  backward(sum(b));
  CHECK(gradient(x).at<double>(0) == 1);
  Tensor p = x * 1;
  p *= x;  // the rule needs the old value, of which it has a copy
  backward(sum(p));
  CHECK(gradient(x).at<double>(1) == 1 + 2 * 2);
}

TEST_CASE("3.4.6 4.26 a broadcast view is not written, a narrower dtype neither") {
  Tensor x = variable(tensor({1., 2.})), y = x * 2;
  CHECK_THROWS_AS(broadcast_to(reshape(y, {2, 1}), {2, 3}) += x[0], ShapeError);
  CHECK_THROWS_AS(broadcast_to(reshape(y, {2, 1}), {2, 3})[0] = x[0], ShapeError);
  Tensor n = tensor({1, 2});
  CHECK_THROWS_AS(n += x, DTypeError);
  CHECK(y.at<float>(1) == 4);
  backward(sum(y));
  CHECK(gradient(x).at<float>(0) == 2);
}

TEST_CASE("a long loop of writes into a buffer is replayed without recursion") {
  Tensor x = variable(tensor(1., float64)), out = zeros({2000}, float64);
  for (int i = 0; i < 2000; ++i) out[i] = x * i;
  backward(sum(out));
  CHECK(gradient(x).item() == 1999 * 1000);
}
