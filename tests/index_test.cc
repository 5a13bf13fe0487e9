// NumPy's basic indexing, against a plain loop over Python's slice rule.
#include <doctest/doctest.h>

#include <limits>

#include "reel.h"

using namespace reel;

namespace {
// The positions that Python's start:stop:step names on an axis of n, by walking.
std::vector<int64_t> positions(int64_t n, std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step) {
  auto clip = [&](int64_t b, int64_t low, int64_t high) { return b < low ? low : b > high ? high : b; };
  auto resolve = [&](std::optional<int64_t> b, int64_t missing) {
    if (!b) return missing;
    int64_t at = *b < 0 ? *b + n : *b;
    return step > 0 ? clip(at, 0, n) : clip(at, -1, n - 1);
  };
  std::vector<int64_t> at;
  for (int64_t i = resolve(start, step > 0 ? 0 : n - 1), end = resolve(stop, step > 0 ? n : -1); step > 0 ? i < end : i > end; i += step) at.push_back(i);
  return at;
}
}  // namespace

TEST_CASE("every slice of short axes") {
  for (int64_t n = 0; n <= 5; ++n) {
    Tensor x = arange(n);
    for (int64_t start = -8; start <= 8; ++start)
      for (int64_t stop = -8; stop <= 8; ++stop)
        for (int64_t step : {-7, -3, -2, -1, 1, 2, 3, 7}) {
          // 8 stands for an absent bound.
          std::optional<int64_t> a, b;
          if (start != 8) a = start;
          if (stop != 8) b = stop;
          Tensor y = x[slice(a, b, step)];
          std::vector<int64_t> expected = positions(n, a, b, step);
          REQUIRE(y.size() == int64_t(expected.size()));
          for (size_t i = 0; i < expected.size(); ++i) REQUIRE(y.at<int64_t>(i) == expected[i]);
        }
  }
}

TEST_CASE("steps and bounds as large as integers are") {
  const int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
  Tensor x = arange(5);
  CHECK(to_string(x[slice({}, {}, most)]) == "[0]");
  CHECK(to_string(x[slice({}, {}, least)]) == "[4]");
  CHECK(to_string(x[slice(1, most, most)]) == "[1]");
  CHECK(to_string(x[slice(least, most)]) == "[0 1 2 3 4]");
  CHECK(to_string(x[slice(most, least, -1)]) == "[4 3 2 1 0]");
  CHECK(x[slice(most, {})].size() == 0);
}

TEST_CASE("integers, newaxis and ellipsis together") {
  Tensor x = reshape(arange(24), {2, 3, 4});
  CHECK(x[1].shape() == Shape{3, 4});
  CHECK(x[{1, 2, 3}].item<int64_t>() == 23);
  CHECK(x[{ellipsis, -1}].shape() == Shape{2, 3});
  CHECK(x[{0, ellipsis}].shape() == Shape{3, 4});
  CHECK(x[{newaxis, ellipsis, newaxis}].shape() == Shape{1, 2, 3, 4, 1});
  CHECK(x[{slice(), newaxis, 1}].shape() == Shape{2, 1, 4});
  CHECK(x[{0, ellipsis, 1, 2}].item<int64_t>() == 6);
  CHECK(x[{slice(), slice({}, {}, -1), slice(1, 3)}].at<int64_t>(1, 0, 1) == 12 + 8 + 2);
  CHECK(x[{1, slice(5, 9)}].shape() == Shape{0, 4});
}

TEST_CASE("views of views end where the values are") {
  Tensor x = arange(100);
  Tensor y = x[slice(10, 90, 2)][slice({}, {}, -3)][slice(1, 5)];
  for (int64_t i = 0; i < 4; ++i) CHECK(y.at<int64_t>(i) == 10 + 2 * (39 - 3 * (i + 1)));
  y[0] = -1;
  CHECK(x.at<int64_t>(10 + 2 * 36) == -1);
}

TEST_CASE("wrong indices") {
  Tensor x = reshape(arange(6), {2, 3});
  CHECK_THROWS_AS(x[2], IndexError);
  CHECK_THROWS_AS(x[-3], IndexError);
  CHECK_THROWS_AS((x[{0, 0, 0}]), IndexError);
  CHECK_THROWS_AS((x[{ellipsis, ellipsis}]), IndexError);
  CHECK_THROWS_AS(x[slice(0, 1, 0)], IndexError);
  CHECK_THROWS_AS(tensor(1.)[0], IndexError);
  CHECK_THROWS_AS(zeros({0})[0], IndexError);
}

TEST_CASE("axis numbers beyond a byte do not wrap around") {
  Tensor x = ones({2, 3});
  for (int axis : {256, -256, 255, 128, -129, 1 << 20, 2, -3}) {
    CHECK_THROWS_AS(sum(x, axis), IndexError);
    CHECK_THROWS_AS(sum(x, {0, axis}), IndexError);
    CHECK_THROWS_AS(softmax(x, axis), IndexError);
    CHECK_THROWS_AS(flip(x, axis), IndexError);
    CHECK_THROWS_AS(concat({x, x}, axis), IndexError);
  }
  CHECK_THROWS_AS(sum(x, {0, 0}), IndexError);
  CHECK_THROWS_AS(sum(x, {0, -2}), IndexError);
  CHECK_THROWS_AS(sum(x, {0, 1, 0, 1, 0, 1, 0, 1, 0}), IndexError);
}
