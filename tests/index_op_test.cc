// Gathering and scattering against plain loops.
#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/parallel.h"

using namespace reel;

namespace {

Tensor filled(const Shape& shape, unsigned seed, DType dtype = float64) {
  std::mt19937 r(seed);
  std::uniform_real_distribution<double> d(-2, 2);
  Tensor x = empty(shape, float64);
  for (int64_t i = 0; i < x.size(); ++i) x.raw<double>()[i] = d(r);
  return cast(x, dtype);
}
Tensor indices_below(int64_t rows, const Shape& shape, unsigned seed) {
  std::mt19937 r(seed);
  Tensor x = empty(shape, int64);
  for (int64_t i = 0; i < x.size(); ++i) x.raw<int64_t>()[i] = int64_t(r() % unsigned(2 * rows)) - rows;
  return x;
}
bool same(const Tensor& a, const Tensor& b) {
  Tensor x = contiguous(a), y = contiguous(b);
  return x.shape() == y.shape() && x.dtype() == y.dtype() && std::memcmp(x.raw(), y.raw(), size_t(x.bytes())) == 0;
}

}  // namespace

TEST_CASE("take replaces one axis by the axes of the indices") {
  Tensor x = filled({4, 3, 5}, 1);
  for (int axis = -3; axis < 3; ++axis) {
    int a = axis < 0 ? axis + 3 : axis;
    int64_t rows = x.shape()[a];
    Tensor i = indices_below(rows, {2, 3}, 7);
    Tensor y = take(x, i, axis);
    int64_t inner = 1, outer = 1;
    for (int k = 0; k < 3; ++k) (k < a ? outer : inner) *= k == a ? 1 : x.shape()[k];
    REQUIRE(y.size() == outer * 6 * inner);
    REQUIRE(y.rank() == 4);
    bool equal = true;
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t k = 0; k < 6; ++k)
        for (int64_t j = 0; j < inner; ++j) {
          int64_t at = i.raw<int64_t>()[k];
          if (at < 0) at += rows;
          equal &= y.raw<double>()[(o * 6 + k) * inner + j] == x.raw<double>()[(o * rows + at) * inner + j];
        }
    CHECK(equal);
  }
}

TEST_CASE("gather, scatter and scatter_reduce along any axis agree with a loop, with the same bits for any number of threads") {
  const Shape s{3, 70, 200};
  for (DType t : {float32, float64, float16, int64, int8})
    for (int axis = 0; axis < 3; ++axis)
      for (bool whole : {true, false}) {
        CAPTURE(name(t));
        CAPTURE(axis);
        CAPTURE(whole);
        Shape n = s;
        for (int i = 0; i < 3 && !whole; ++i) n[i] -= i == axis ? -1 : 1;
        Tensor x = cast(filled(s, 1) * 3, t), u = cast(filled(n, 2) * 3, t), index = indices_below(s[axis], n, 3);
        Tensor wide_x = cast(x, float64), wide_u = cast(u, float64), taken = empty(n, float64), set = clone(wide_x), sum = clone(wide_x), most = clone(wide_x);
        for (int64_t i = 0; i < u.size(); ++i) {
          int64_t k[3] = {i / (n[1] * n[2]), i / n[2] % n[1], i % n[2]}, &at = k[axis];
          at = index.raw<int64_t>()[i] + (index.raw<int64_t>()[i] < 0 ? s[axis] : 0);
          int64_t to = (k[0] * s[1] + k[1]) * s[2] + k[2];
          double v = wide_u.raw<double>()[i];
          taken.raw<double>()[i] = wide_x.raw<double>()[to], set.raw<double>()[to] = v, sum.raw<double>()[to] += v;
          most.raw<double>()[to] = std::max(most.raw<double>()[to], v);
        }
        Tensors first;
        for (int threads = 1; threads <= 2; ++threads) {
          set_num_threads(threads);
          Tensors got{gather(x, axis, index), scatter(x, axis, index, u), scatter_reduce(x, axis, index, u, "amax"), scatter_reduce(x, axis, index, u, "sum")};
          set_num_threads(0);
          CHECK(same(gather(x, axis, cast(index, int32)), got[0]));
          CHECK(same(got[0], cast(taken, t)));
          CHECK(same(got[1], cast(set, t)));
          CHECK(same(got[2], cast(most, t)));
          // Up to a few tens of terms below 6 at one place; sums of float16 are made in float32 and rounded once, by at most 1/16 below 256.
          if (is_floating(t)) CHECK(max(abs(cast(got[3], float64) - sum)).item<double>() < (t == float16 ? 0.1 : 1e-4));
          else CHECK(same(got[3], cast(cast(sum, int64), t)));
          for (size_t i = 0; threads == 2 && i < got.size(); ++i) CHECK(same(got[i], first[i]));
          first = got;
        }
      }
  CHECK(gather(ones({3, 4}), 1, empty({3, 0}, int64)).shape() == Shape{3, 0});
  CHECK(gather(ones({3, 4}), 1, empty({0, 2}, int64)).shape() == Shape{0, 2});
  CHECK(same(scatter_reduce(ones({3, 4}), 1, empty({0, 2}, int64), empty({0, 2}), "sum"), ones({3, 4})));
  CHECK(same(scatter_reduce(ones({3, 4}), 1, empty({3, 0}, int64), empty({3, 0}), "sum"), ones({3, 4})));
  CHECK(scatter_reduce(ones({0, 5}), 0, empty({0, 3}, int64), empty({0, 3}), "sum").shape() == Shape{0, 5});
  CHECK(same(scatter_reduce(ones({5}), 0, tensor({1, 1, -1}), tensor({2., 3., 4.}), "sum"), tensor({1., 6., 1., 1., 5.})));
  for (int64_t wrong : {INT64_MAX, INT64_MIN, int64_t(3)}) {  // far behind the place that is written
    Tensor places = zeros({1, 100}, int64);
    places.raw<int64_t>()[90] = wrong;
    CHECK_THROWS_AS(scatter_reduce(ones({3, 100}), 0, places, ones({1, 100}), "sum"), IndexError);
  }
  CHECK_THROWS_WITH_AS(scatter_reduce(ones({3, 4}), 1, tensor({{0}, {1}, {-5}}), ones({3, 1}), "sum"),
                       doctest::Contains("scatter_reduce: index -5 at position [2, 0] is outside the 4 elements"), IndexError);
}

TEST_CASE("take works for every dtype of values and indices, for views and for nothing") {
  Tensor x = filled({6, 4}, 2);
  Tensor i = tensor({5, -6, 0, 3}, int64), expected = take(x, i);
  for (DType t : {uint8, int8, int16, int32})
    if (t != uint8) CHECK(same(take(x, cast(i, t)), expected));
  CHECK(same(take(x, tensor({5, 0, 0, 3}, uint8)), expected));
  for (int t = 0; t < kDTypes; ++t) CHECK(same(take(cast(x, DType(t)), i), cast(expected, DType(t))));
  CHECK(same(take(transpose(x), i, 1), transpose(expected)));
  CHECK(take(x, empty({0, 2}, int32)).shape() == Shape{0, 2, 4});
  CHECK(take(empty({3, 0}), tensor({1, 2})).shape() == Shape{2, 0});
  CHECK(take(x, tensor(2)).shape() == Shape{4});
  CHECK(take(empty({0, 4}), empty({0}, int64)).shape() == Shape{0, 4});
}

TEST_CASE("an index out of range names itself, its position and the rows") {
  Tensor x = filled({4, 2}, 1);
  CHECK_THROWS_WITH_AS(take(x, tensor({{0, 1}, {4, 0}})), doctest::Contains("take: index 4 at position [1, 0] is outside the 4 rows"), IndexError);
  CHECK_THROWS_WITH_AS(take(x, tensor({-5})), doctest::Contains("index -5"), IndexError);
  CHECK_THROWS_WITH_AS(embedding(x, tensor({1, 20})), doctest::Contains("embedding: id 20 at position [1] is outside the 4 rows of the table"), IndexError);
  CHECK_THROWS_WITH_AS(embedding(x, tensor({1, 20})), doctest::Contains("index_op_test.cc:"), IndexError);
  CHECK_THROWS_AS(take(empty({0, 2}), tensor({0})), IndexError);
  CHECK_THROWS_WITH_AS(take(x, tensor({0.5})), doctest::Contains("indices must be integers, not float32"), DTypeError);
  CHECK_THROWS_AS(take(x, tensor({true})), DTypeError);
  CHECK_THROWS_AS(take(x, tensor({0}), 2), IndexError);
  CHECK_THROWS_AS(take(tensor(1.), tensor({0})), IndexError);
  CHECK_THROWS_AS(embedding(empty({4}), tensor({0})), ShapeError);
  CHECK_THROWS_AS(take(empty({2, 1, 1, 1, 1}), empty({1, 1, 1, 1, 1}, int64)), ShapeError);
  CHECK_THROWS_AS(scatter_add(Shape{4, 2}, tensor({4}), empty({1, 2})), IndexError);
  CHECK_THROWS_WITH_AS(scatter_add(Shape{4, 2}, tensor({1}), empty({2, 2})), doctest::Contains("updates must be [1, 2]"), ShapeError);
  CHECK_THROWS_AS(scatter_add(Shape{4}, tensor({1}), empty({1}, boolean)), DTypeError);
  CHECK_THROWS_AS(take_along_axis(x, tensor({{2}}), 1), IndexError);
  CHECK_THROWS_AS(take_along_axis(x, tensor({0}), 1), ShapeError);
  CHECK_THROWS_AS(take_along_axis(x, empty({3, 1}, int64), 1), ShapeError);
}

TEST_CASE("scatter_add adds duplicates up, the same for any number of threads") {
  for (int axis = 0; axis < 3; ++axis) {
    Shape s{60, 50, 40};
    Tensor i = indices_below(s[axis], {3, 37}, 5);
    Shape us = take(zeros(s), i, axis).shape();
    Tensor u = filled(us, 9, float32), base = filled(s, 10, float32);
    set_num_threads(1);
    Tensor one = scatter_add(base, i, u, axis);
    set_num_threads(2);
    CHECK(same(one, scatter_add(base, i, u, axis)));
    set_num_threads(0);
    Tensor expected = clone(base);
    int64_t inner = 1, outer = 1, rows = s[axis];
    for (int k = 0; k < 3; ++k) (k < axis ? outer : inner) *= k == axis ? 1 : s[k];
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t k = 0; k < i.size(); ++k) {
        int64_t at = i.raw<int64_t>()[k] < 0 ? i.raw<int64_t>()[k] + rows : i.raw<int64_t>()[k];
        for (int64_t j = 0; j < inner; ++j) expected.raw<float>()[(o * rows + at) * inner + j] += u.raw<float>()[(o * i.size() + k) * inner + j];
      }
    CHECK(same(one, expected));
    CHECK(same(scatter_add(s, i, u, axis), scatter_add(zeros(s), i, u, axis)));
  }
  // 2049 ones are past what a float16 sum could count one by one.
  CHECK(scatter_add(Shape{1}, zeros({2050}, int32), ones({2050}, float16)).item() == 2050);
  CHECK(same(scatter_add(Shape{3}, tensor({1, -2, 0}), tensor({5, 6, 7})), tensor({7, 11, 0})));
  CHECK(same(scatter_add(Shape{2, 0}, tensor({1}), empty({1, 0})), zeros({2, 0})));
  CHECK(same(scatter_add(Shape{2, 1}, empty({0}, int64), empty({0, 1})), zeros({2, 1})));
}

TEST_CASE("take_along_axis follows argmax, and broadcasts the other axes") {
  Tensor x = filled({3, 4, 5}, 3);
  for (int axis = 0; axis < 3; ++axis) CHECK(same(take_along_axis(x, argmax(x, axis, true), axis), max(x, axis, true)));
  Tensor y = take_along_axis(x, reshape(tensor({4, -5, 0}), {1, 1, 3}), 2);
  CHECK(y.shape() == Shape{3, 4, 3});
  CHECK(y.at<double>(2, 3, 1) == x.at<double>(2, 3, 0));
  Tensor z = take_along_axis(filled({1, 4}, 1), indices_below(4, {3, 2}, 1), -1);
  CHECK(z.shape() == Shape{3, 2});
  Tensor i = argmax(x, 1, true);
  CHECK(same(add_along_axis(zeros({3, 4, 5}, float64), i, take_along_axis(x, i, 1), 1), where(x == max(x, 1, true), x, zeros_like(x))));
}

TEST_CASE("gradients of gathering and scattering, twice") {
  GradcheckOptions twice{.second_order = true};
  for (int axis = 0; axis < 2; ++axis) {
    Tensor i = axis == 0 ? tensor({{2, 0, 2}, {-1, 2, 1}}) : tensor({{1, 1}, {0, -1}});
    Tensor u = filled(take(zeros({3, 2}), i, axis).shape(), 4);
    CHECK(gradcheck([&](const Tensors& v) { return square(take(v[0], i, axis)); }, {filled({3, 2}, 1)}, twice) == "");
    CHECK(gradcheck([&](const Tensors& v) { return square(scatter_add(v[0], i, v[1], axis)); }, {filled({3, 2}, 1), u}, twice) == "");
    CHECK(gradcheck([&](const Tensors& v) { return square(scatter_add(Shape{3, 2}, i, v[0], axis)); }, {u}, twice) == "");
  }
  Tensor i = tensor({{1, 1, 0}, {-1, 0, 0}});
  CHECK(gradcheck([&](const Tensors& v) { return square(take_along_axis(v[0], i, 0)); }, {filled({2, 3}, 1)}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return square(take_along_axis(v[0], i, 1)); }, {filled({1, 2}, 1)}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return square(add_along_axis(v[0], i, v[1], 0)); }, {filled({2, 3}, 1), filled({2, 3}, 2)}, twice) == "");
  CHECK(gradcheck([&](const Tensors& v) { return square(embedding(v[0], tensor({1, 1, 0}))); }, {filled({2, 3}, 1)}, twice) == "");
}

TEST_CASE("index_put by basic indices alone") {
  Tensor x = variable(zeros({2, 3})), v = variable(tensor({1., 2.}));
  Tensor y = index_put(x, AnyIndices{slice(), 1}, v);
  CHECK(to_string(y) == "[[0. 1. 0.]\n [0. 2. 0.]]");
  Tensors g = grad(sum(y * 3), {x, v});
  CHECK(to_string(g[0]) == "[[3. 0. 3.]\n [3. 0. 3.]]");
  CHECK(to_string(g[1]) == "[3. 3.]");
}

TEST_CASE("an id below zero is an error: ids do not count from the end as indices do") {
  Tensor table = ones({3, 2});
  CHECK(take(table, tensor({-1})).shape() == Shape{1, 2});
  CHECK_THROWS_WITH_AS(embedding(table, tensor({1, -1})), doctest::Contains("embedding: id -1 at position [1] is outside the 3 rows of the table"), IndexError);
}
