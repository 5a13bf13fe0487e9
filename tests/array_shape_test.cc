// Functions of arrays whose answers fit on a line, by hand as NumPy documents them.
#include <doctest/doctest.h>

#include <cmath>

#include "reel.h"

using namespace reel;

TEST_CASE("axes put around, taken off, turned over and cut") {
  Tensor v = tensor({1, 2, 3}), m = tensor({{1, 2, 3}, {4, 5, 6}});
  CHECK(atleast_1d(tensor(7)).shape() == Shape{1});
  CHECK(atleast_2d(v).shape() == Shape{1, 3});
  CHECK(atleast_2d(m).shape() == Shape{2, 3});
  CHECK(array_equal(ravel(transpose(m)), tensor({1, 4, 2, 5, 3, 6})));
  CHECK(ravel(m).raw() == m.raw());
  CHECK(array_equal(fliplr(m), tensor({{3, 2, 1}, {6, 5, 4}})));
  CHECK(array_equal(flipud(m), tensor({{4, 5, 6}, {1, 2, 3}})));
  CHECK_THROWS_AS(fliplr(v), Error);
  Tensors both = broadcast_arrays({v, tensor({{1}, {2}})});
  CHECK(both[0].shape() == Shape{2, 3});
  CHECK(array_equal(both[1], tensor({{1, 1, 1}, {2, 2, 2}})));
  CHECK(array_equal(hsplit(v, 3)[1], tensor({2})));
  CHECK(array_equal(hsplit(m, 3)[1], tensor({{2}, {5}})));
  CHECK(array_equal(vsplit(m, 2)[1], tensor({{4, 5, 6}})));
  CHECK(dsplit(reshape(arange(12), {1, 3, 4}), 2)[1].shape() == Shape{1, 3, 2});
  CHECK(array_equal(diagflat(tensor({{1, 2}}), 1), tensor({{0, 1, 0}, {0, 0, 2}, {0, 0, 0}})));
}

TEST_CASE("tensors like others, and index grids") {
  Tensor x = tensor({{1.5, 2.5}}, float16);
  CHECK(array_equal(full_like(x, 3), tensor({{3., 3.}}, float16)));
  CHECK(full_like(x, 3).dtype() == float16);
  CHECK(empty_like(x).shape() == x.shape());
  CHECK(empty_like(x).dtype() == float16);
  CHECK(array_equal(tri(2, 3, 1), tensor({{1., 1., 0.}, {1., 1., 1.}})));
  // As many as a triangle has, however long its empty part is; more than there is room for is an error at once.
  for (int64_t k : {-9, -3, -1, 0, 1, 2, 9})
    for (int64_t rows : {0, 1, 4})
      for (int64_t columns : {0, 1, 3, 6}) {
        CHECK(tril_indices(rows, columns, k)[0].size() == int64_t(sum(cast(tril(ones({rows, columns}), k), int64)).item<int64_t>()));
        CHECK(triu_indices(rows, columns, k)[0].size() == int64_t(sum(cast(triu(ones({rows, columns}), k), int64)).item<int64_t>()));
      }
  CHECK(tril_indices(int64_t(1) << 60, 0)[0].size() == 0);
  CHECK(tril_indices(int64_t(1) << 60, 3, -(int64_t(1) << 60) + 1)[0].size() == 1);
  CHECK_THROWS_AS(tril_indices(int64_t(1) << 61), Error);
  CHECK_THROWS_AS(triu_indices(int64_t(1) << 62), Error);
  Tensors lower = tril_indices(2);
  CHECK(array_equal(lower[0], tensor({0, 1, 1})));
  CHECK(array_equal(lower[1], tensor({0, 0, 1})));
}

TEST_CASE("joined and picked") {
  Tensor m = tensor({{1, 2}, {3, 4}});
  CHECK(array_equal(hstack({tensor({1, 2}), tensor({3})}), tensor({1, 2, 3})));
  CHECK(array_equal(hstack({m, m}), tensor({{1, 2, 1, 2}, {3, 4, 3, 4}})));
  CHECK(array_equal(vstack({tensor({1, 2}), m}), tensor({{1, 2}, {1, 2}, {3, 4}})));
  CHECK(array_equal(append(m, tensor({5})), tensor({1, 2, 3, 4, 5})));
  CHECK(array_equal(extract(m > 1, m), tensor({2, 3, 4})));
  CHECK(array_equal(index_add(m, tensor({1, 1}), tensor({{10, 10}, {1, 1}})), tensor({{1, 2}, {14, 15}})));
}

TEST_CASE("products by their other names") {
  Tensor a = uniform({2, 3, 4}, -1, 1, float64), b = uniform({2, 4, 5}, -1, 1, float64), c = uniform({2, 3, 5}, -1, 1, float64), v = uniform({4}, -1, 1, float64);
  CHECK(array_equal(bmm(a, b), matmul(a, b)));
  CHECK_THROWS_AS(bmm(a, b[0]), ShapeError);
  CHECK(allclose(baddbmm(c, a, b, 0.5, 2), 0.5 * c + 2 * matmul(a, b)));
  CHECK(allclose(mv(a[0], v), sum(a[0] * v, 1)));
  CHECK_THROWS_AS(mv(a[0], b[0]), ShapeError);
  CHECK(allclose(chain_matmul({a[0], b[0], transpose(c[0])}), matmul(matmul(a[0], b[0]), transpose(c[0]))));
}

TEST_CASE("statistics in pairs and without NaN") {
  const double nan = std::nan("");
  Tensor x = tensor({{1., nan, 4.}, {2., 3., nan}}, float64), y = tensor({1., 2., 6.}, float64);
  auto [v, mean] = var_mean(y);
  CHECK(v.item<double>() == doctest::Approx(14. / 3));
  CHECK(mean.item<double>() == 3);
  auto [s, again] = std_mean(y, {}, false, 1);
  CHECK(s.item<double>() == doctest::Approx(std::sqrt(7.)));
  CHECK(again.item<double>() == 3);
  CHECK(allclose(nanstd(x, 1), tensor({1.5, 0.5}, float64)));
  CHECK(array_equal(nanargmin(x, 1), tensor({0, 0})));
  CHECK(nanpercentile(x, 50).item<double>() == 2.5);
}

TEST_CASE("sorted, partly and with positions") {
  Tensor x = tensor({{3, 1, 2}, {0, 9, 4}});
  CHECK(array_equal(msort(x), tensor({{0, 1, 2}, {3, 9, 4}})));
  CHECK(array_equal(argpartition(x, 1, 1)[{slice(), 1}], tensor({2, 2})));
  CHECK(array_equal(sort_with_indices(x).indices, tensor({{1, 2, 0}, {0, 2, 1}})));
  putmask(x, x > 2, tensor({7}));
  CHECK(array_equal(x, tensor({{7, 1, 2}, {0, 7, 7}})));
  CHECK(array_equal(bucketize(tensor({1., 2., 5.}), tensor({1., 3.})), searchsorted(tensor({1., 3.}), tensor({1., 2., 5.}))));
}

TEST_CASE("extents that are negative or too many are refused before anything is written") {
  CHECK_THROWS_AS(one_hot(tensor({-1, -1}), -2, int8), ShapeError);
  CHECK_THROWS_AS(one_hot(zeros({2}, int64), INT64_MAX), ShapeError);
  CHECK_THROWS_AS(diag(ones({3}), int64_t(1) << 32), ShapeError);
  CHECK_THROWS_WITH_AS(reshape(ones({4}), {-1, -1}), doctest::Contains("only one extent may be -1"), ShapeError);
  CHECK_THROWS_WITH_AS(from_memory(nullptr, 8, {2}, float32), doctest::Contains("a null pointer for float32[2]"), Error);
  CHECK(kron(ones({1, 1, 1, 1, 1, 1, 1, 2}), zeros({3, 0})).shape() == Shape{1, 1, 1, 1, 1, 1, 3, 0});
}
