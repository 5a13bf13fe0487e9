// NumPy's rendering, as NumPy 1.24 prints the same arrays.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "reel.h"

using namespace reel;

TEST_CASE("numbers, rows and blocks") {
  CHECK(to_string(tensor(3.5)) == "3.5");
  CHECK(to_string(tensor({{1., 2.}, {3., 4.}})) == "[[1. 2.]\n [3. 4.]]");
  CHECK(to_string(tensor({-1, 10, 200})) == "[ -1  10 200]");
  CHECK(to_string(tensor({true, false})) == "[ True False]");
  CHECK(to_string(zeros({2, 2, 2})) == "[[[0. 0.]\n  [0. 0.]]\n\n [[0. 0.]\n  [0. 0.]]]");
  CHECK(to_string(linspace(0, 1, 5)) == "[0.   0.25 0.5  0.75 1.  ]");
  CHECK(to_string(transpose(tensor({{1, 2}, {3, 4}}))) == "[[1 3]\n [2 4]]");
}

TEST_CASE("infinities, NaN and scientific notation") {
  CHECK(to_string(tensor({1., NAN, -INFINITY})) == "[  1.  nan -inf]");
  CHECK(to_string(tensor({0.1, 1e10, -3.})) == "[ 1.e-01  1.e+10 -3.e+00]");
  CHECK(to_string(tensor({1e-5, 1.})) == "[1.e-05 1.e+00]");
  CHECK(to_string(tensor({1e300, 1e-300}, float64)) == "[1.e+300 1.e-300]");
}

TEST_CASE("as many digits as the dtype has, no more") {
  CHECK(to_string(tensor({0.1})) == "[0.1]");
  CHECK(to_string(cast(tensor({0.1, 0.2}), float16)) == "[0.1 0.2]");
  CHECK(to_string(tensor({1. / 3}, float64)) == "[0.33333333]");
  CHECK(to_string(cast(tensor({65504.}), float16)) == "[65504.]");
  CHECK(to_string(tensor({9007199254740993})) == "[9007199254740993]");
  CHECK(to_string(tensor({std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()})) == "[-9223372036854775808  9223372036854775807]");
  CHECK(to_string(tensor({255}, uint8)) == "[255]");
}

TEST_CASE("nothing, and a lot") {
  CHECK(to_string(zeros({0})) == "[]");
  CHECK(to_string(zeros({2, 0})) == "[]");
  CHECK(to_string(arange(1001)) == "[   0    1    2 ...  998  999 1000]");
  CHECK(to_string(arange(30) * 1000) ==
        "[    0  1000  2000  3000  4000  5000  6000  7000  8000  9000 10000 11000\n"
        " 12000 13000 14000 15000 16000 17000 18000 19000 20000 21000 22000 23000\n"
        " 24000 25000 26000 27000 28000 29000]");
  std::string square = to_string(reshape(arange(2500), {50, 50}));
  CHECK(square.substr(0, 37) == "[[   0    1    2 ...   47   48   49]\n");
  CHECK(square.find("\n ...\n") != std::string::npos);
  CHECK(to_string(broadcast_to(ones({1}), {1000000000})) == "[1. 1. 1. ... 1. 1. 1.]");
}

TEST_CASE("the tape as a listing") {
  Tensor w = variable(tensor({1., 2.}), "w");
  Tensor loss = sum(w * tensor({3., 4.}));
  const int line = __LINE__ - 1;
  std::string at = "   at print_test.cc:" + std::to_string(line) + "\n";
  CHECK(tape(loss) == "%0 = variable \"w\"\n%1 = multiply %0 const                  " + at + "%2 = sum %1  axes=0                     " + at);
}
