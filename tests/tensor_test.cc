// The handle: access, views, making tensors, moving values.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "reel.h"

using namespace reel;

TEST_CASE("a tensor is one pointer; copying shares, clone copies") {
  static_assert(sizeof(Tensor) == sizeof(void*));
  Tensor a = tensor({1., 2.}), b = a, c = clone(a);
  b[0] = 7;
  CHECK(a.at<float>(0) == 7);
  CHECK(c.at<float>(0) == 1);
  Tensor d = std::move(b);
  CHECK(!b);
  CHECK(d.at<float>(0) == 7);
  d = d;
  CHECK(d.at<float>(0) == 7);
}

TEST_CASE("an empty handle throws at every use") {
  Tensor none;
  CHECK_THROWS_AS(none.shape(), Error);
  CHECK_THROWS_AS(none.item(), Error);
  CHECK_THROWS_AS(none[0], Error);
  CHECK_THROWS_AS(none.begin() == none.end(), Error);
  CHECK_THROWS_AS((none.view<float, 1>()), Error);
  CHECK_THROWS_AS(none + 1, Error);
  CHECK_THROWS_AS(1 + none, Error);
  CHECK_THROWS_AS(tensor({1.}) + none, Error);
  CHECK_THROWS_AS(sum(none), Error);
  CHECK_THROWS_AS(reshape(none, {1}), Error);
  CHECK_THROWS_AS(concat({none}), Error);
  CHECK_THROWS_AS(concat({tensor({1.}), none}), Error);
  CHECK_THROWS_AS(stack({none}), Error);
  CHECK_THROWS_AS(where(none, 1, 2), Error);
  CHECK_THROWS_AS(cast(none, int32), Error);
  CHECK_THROWS_AS(clone(none), Error);
  CHECK_THROWS_AS(variable(none), Error);
  CHECK_THROWS_AS(softmax(none), Error);
  CHECK_THROWS_AS(assign(none, 1), Error);
  CHECK(to_string(none) == "Tensor()");
  CHECK(describe(none) == "an empty Tensor");
}

TEST_CASE("element access is checked: dtype, count, bounds, negative indices") {
  Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}});
  CHECK(x.at<float>(1, -1) == 6);
  CHECK(x.at<float>(-2, 0) == 1);
  CHECK_THROWS_AS(x.at<double>(0, 0), DTypeError);
  CHECK_THROWS_AS(x.at<float>(0), IndexError);
  CHECK_THROWS_AS(x.at<float>(2, 0), IndexError);
  CHECK_THROWS_AS(x.at<float>(0, -4), IndexError);
  CHECK(transpose(x).at<float>(2, 1) == 6);
  CHECK(x.dim(-1) == 3);
  CHECK_THROWS_AS(x.dim(2), IndexError);
}

TEST_CASE("spans and typed views") {
  Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}});
  CHECK(x.values<float>()[4] == 5);
  CHECK_THROWS_AS(transpose(x).values<float>(), ShapeError);
  CHECK_THROWS_AS(x.values<int32_t>(), DTypeError);
  x.mutable_values<float>()[0] = 9;
  auto v = transpose(x).view<float, 2>();
  CHECK(v(0, 0) == 9);
  CHECK(v(2, 1) == 6);
  CHECK(v.dim(0) == 3);
  CHECK_THROWS_AS((x.view<float, 1>()), ShapeError);
  CHECK_THROWS_AS((x.view<double, 2>()), DTypeError);
}

TEST_CASE("item reads one element of any dtype") {
  CHECK(tensor({3}, uint8).item() == 3);
  CHECK(tensor({true}).item<bool>());
  CHECK(cast(tensor({0.5}), bfloat16).item() == 0.5);
  CHECK(tensor({int64_t(1) << 60}).item<int64_t>() == int64_t(1) << 60);
  CHECK_THROWS_AS(ones({2}).item(), ShapeError);
  CHECK(ones({1, 1}).item() == 1);
  CHECK(ones({3, 3})[{1, 1}].item() == 1);
}

TEST_CASE("nested lists: dtypes, ragged ones, empties") {
  CHECK(tensor({{1, 2}, {3, 4}}).dtype() == int64);
  CHECK(tensor({1, 2.5}).dtype() == float32);
  CHECK(tensor({true, false}).dtype() == boolean);
  CHECK(tensor(5.f).shape() == Shape{});
  CHECK_THROWS_AS(tensor({{1, 2}, {3}}), ShapeError);
  CHECK_THROWS_AS(tensor({{1, 2}, 3}), ShapeError);
  CHECK_THROWS_AS(tensor({1, {2, 3}}), ShapeError);
  CHECK(tensor(std::vector<double>{1, 2, 3, 4}, {2, 2}).at<double>(1, 0) == 3);
  CHECK_THROWS_AS(tensor(std::vector<double>{1, 2, 3}, {2, 2}), ShapeError);
  CHECK(tensor(std::vector<float>{}).shape() == Shape{0});
}

TEST_CASE("literals that do not fit an integer dtype are errors, floats saturate") {
  CHECK_THROWS_AS(full({2}, 300, uint8), DTypeError);
  CHECK_THROWS_AS(tensor({1, -1}, uint8), DTypeError);
  CHECK_THROWS_AS(tensor({1}, int8) + 200, DTypeError);
  CHECK_THROWS_AS(tensor({1}, uint8) < -1, DTypeError);
  CHECK(full({}, 1e20, int32).item<int64_t>() == std::numeric_limits<int32_t>::max());
  CHECK(full({}, -INFINITY, int64).item<int64_t>() == std::numeric_limits<int64_t>::min());
  CHECK(full({}, NAN, int16).item<int64_t>() == 0);
}

TEST_CASE("ranges") {
  CHECK(to_string(arange(4)) == "[0 1 2 3]");
  CHECK(to_string(arange(5, 0, -2)) == "[5 3 1]");
  CHECK(arange(3, 3).size() == 0);
  CHECK(arange(3, 0).size() == 0);
  CHECK(arange(0., 1., 0.3).size() == 4);
  CHECK(arange((int64_t(1) << 53), (int64_t(1) << 53) + 3).at<int64_t>(1) == (int64_t(1) << 53) + 1);
  CHECK_THROWS_AS(arange(0, 1, 0), Error);
  CHECK_THROWS_AS(arange(0., INFINITY), Error);
  CHECK_THROWS_AS(arange(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()), ShapeError);
  Tensor line = linspace(0.1, 0.7, 7);
  CHECK(line.at<float>(0) == 0.1f);
  CHECK(line.at<float>(-1) == 0.7f);
  CHECK(linspace(2, 3, 1).item() == 2);
  CHECK(linspace(2, 3, 0).size() == 0);
  CHECK_THROWS_AS(linspace(2, 3, -1), ShapeError);
  CHECK(to_string(eye(2, 3)) == "[[1. 0. 0.]\n [0. 1. 0.]]");
  CHECK(to_string(one_hot(tensor({1, 0}), 2, int32)) == "[[0 1]\n [1 0]]");
  CHECK_THROWS_AS(one_hot(tensor({2}), 2), IndexError);
  CHECK_THROWS_AS(one_hot(tensor({-1}), 2), IndexError);
}

TEST_CASE("foreign memory: written through, given back exactly once, also on errors") {
  float values[4] = {1, 2, 3, 4};
  int given_back = 0;
  auto deleter = [](void* count) { ++*static_cast<int*>(count); };
  {
    Tensor row;
    {
      Tensor x = from_memory(values, sizeof values, {2, 2}, float32, deleter, &given_back);
      row = x[1];
      row[0] = 9;
    }
    CHECK(given_back == 0);
    CHECK(values[2] == 9);
  }
  CHECK(given_back == 1);
  CHECK_THROWS_AS(from_memory(values, 8, {2, 2}, float32, deleter, &given_back), ShapeError);
  CHECK(given_back == 2);
}

TEST_CASE("writing: broadcasting, casts, overlap, and what does not fit") {
  Tensor x = zeros({2, 3});
  x[1] = tensor({1, 2, 3});
  x[{ellipsis, 0}] = 5;
  CHECK(to_string(x) == "[[5. 0. 0.]\n [5. 2. 3.]]");
  CHECK_THROWS_AS(x[0] = tensor({1., 2.}), ShapeError);
  CHECK_THROWS_AS(assign(x[0], x), ShapeError);
  CHECK_THROWS_AS(assign(broadcast_to(zeros({1}), {4}), 1), ShapeError);
  Tensor line = arange(6);
  assign(line[{slice(1, {})}], line[{slice(0, -1)}]);
  CHECK(to_string(line) == "[0 0 1 2 3 4]");
  Tensor m = reshape(arange(9), {3, 3});
  assign(m, transpose(m));
  CHECK(to_string(m) == "[[0 3 6]\n [1 4 7]\n [2 5 8]]");
  assign(zeros({0, 3}), 1);
}

TEST_CASE("views share, reshape copies only where it must") {
  Tensor x = arange(12), m = reshape(x, {3, 4}), t = transpose(m), back = reshape(t, {12});
  m[{0, 0}] = 100;
  CHECK(x.at<int64_t>(0) == 100);
  CHECK(t.at<int64_t>(0, 0) == 100);
  CHECK(back.at<int64_t>(0) == 0);
  CHECK(back.at<int64_t>(1) == 4);
  Tensor columns = m[{slice(), slice(0, 2)}], deeper = reshape(columns, {3, 2, 1});
  CHECK(deeper.raw() == columns.raw());
  CHECK_THROWS_AS(reshape(x, {5, -1}), ShapeError);
  CHECK_THROWS_AS(reshape(x, {-1, -1}), ShapeError);
  CHECK_THROWS_AS(reshape(x, {13}), ShapeError);
  CHECK_THROWS_AS(reshape(x, {int64_t(1) << 40, int64_t(1) << 40, -1}), ShapeError);
  CHECK(reshape(zeros({0, 3}), {3, 0}).shape() == Shape{3, 0});
  CHECK(reshape(tensor(1.), {1, 1, 1}).rank() == 3);
}

TEST_CASE("eight axes and not one more") {
  Tensor x = ones({1, 2, 1, 2, 1, 2, 1, 2});
  CHECK(sum(x).item() == 16);
  CHECK(sum(transpose(x), {0, 1, 2, 3, 4, 5, 6, 7}).item() == 16);
  CHECK_THROWS_AS(expand_dims(x, 0), ShapeError);
  CHECK_THROWS_AS(stack({x, x}), ShapeError);
  CHECK_THROWS_AS(x[newaxis], ShapeError);
  CHECK(x[{newaxis, 0}].rank() == 8);
  CHECK_THROWS_AS(reshape(x, {1, 1, 1, 1, 1, 1, 1, 1, 16}), ShapeError);
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
  CHECK_THROWS_AS(one_hot(cast(x, int64), 3), ShapeError);
}

TEST_CASE("shapes that overflow are refused before anything is allocated") {
  int64_t big = int64_t(1) << 40;
  CHECK_THROWS_AS((Shape{big, big}), ShapeError);
  CHECK_THROWS_AS((Shape{2, -1}), ShapeError);
  CHECK((Shape{big, 0, big}).size() == 0);
  Tensor wide = broadcast_to(ones({1}), {int64_t(1) << 61});
  CHECK_THROWS_AS(clone(wide), Error);
  CHECK_THROWS_AS(concat({wide, wide, wide, wide}), Error);
  CHECK_THROWS_AS(pad(ones({2}), {{std::numeric_limits<int64_t>::max(), 1}}), ShapeError);
  CHECK_THROWS_AS(pad(ones({2}), {{int64_t(1) << 62, int64_t(1) << 61}}), Error);
}

TEST_CASE("slice_axis and split check their numbers") {
  Tensor x = arange(6);
  int64_t most = std::numeric_limits<int64_t>::max();
  CHECK_THROWS_AS(slice_axis(x, 0, most, 1), IndexError);
  CHECK_THROWS_AS(slice_axis(x, 0, 1, most), IndexError);
  CHECK_THROWS_AS(slice_axis(x, 0, -1, 1), IndexError);
  CHECK_THROWS_AS(slice_axis(x, 1, 0, 1), IndexError);
  CHECK(slice_axis(x, 0, 6, 0).size() == 0);
  CHECK_THROWS_AS(split(x, 4), ShapeError);
  CHECK_THROWS_AS(split(x, 0), ShapeError);
  CHECK_THROWS_AS(split(x, {3, 2}), ShapeError);
  CHECK_THROWS_AS(split(x, {7, -1}), ShapeError);
  CHECK_THROWS_AS(split(x, {most, most, 8}), ShapeError);
  CHECK(split(x, {0, 6})[0].size() == 0);
}

TEST_CASE("the values of a huge broadcast view are counted, not stored") {
  Tensor x = broadcast_to(ones({1, 1}, uint8), {1 << 12, 1 << 10});
  CHECK(sum(x).item<int64_t>() == int64_t(1) << 22);
  CHECK(x.bytes() == int64_t(1) << 22);
}

TEST_CASE("iteration over the first axis") {
  Tensor x = reshape(arange(6), {3, 2});
  int64_t total = 0, rows = 0;
  for (Tensor row : x) total += row.at<int64_t>(1), ++rows;
  CHECK(rows == 3);
  CHECK(total == 1 + 3 + 5);
  CHECK_THROWS_AS(tensor(1.).begin() == tensor(1.).end(), IndexError);
}

TEST_CASE("the first value that is not finite, in memory order") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  CHECK(first_nonfinite(tensor({1.f, 2.f})) == -1);
  CHECK(first_nonfinite(tensor({1.f, inf, nan})) == 1);
  CHECK(first_nonfinite(cast(tensor({{1.f, 2.f}, {3.f, nan}}), float16)) == 3);
  CHECK(first_nonfinite(tensor({1, 2})) == -1);
  CHECK(first_nonfinite(empty({0, 3})) == -1);
}
