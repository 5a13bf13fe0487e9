// Random numbers: the generator's published vectors, its distributions, and what they may not depend on.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "autograd/gradcheck.h"
#include "reel.h"
#include "tensor/cpu/random_loops.h"
#include "tensor/parallel.h"

using namespace reel;

namespace {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(c[0]) * 0xD2511F53u, b = uint64_t(c[2]) * 0xCD9E8D57u;
    c = {uint32_t(b >> 32) ^ c[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ k1, uint32_t(a)};
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  return c;
}
bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && std::memcmp(a.raw(), b.raw(), size_t(a.bytes())) == 0;
}
// The largest distance between the samples' distribution and `cdf` (Kolmogorov and Smirnov), times sqrt(n): above 2.2 once in 10^4.
template <class F> double distance(const Tensor& x, F&& cdf) {
  Tensor c = clone(cast(x, float64));
  auto v = c.mutable_values<double>();
  std::sort(v.begin(), v.end());
  double d = 0, n = double(v.size());
  for (size_t i = 0; i < v.size(); ++i) {
    double p = cdf(v[i]);
    d = std::max({d, p - double(i) / n, double(i + 1) / n - p});
  }
  return d * std::sqrt(n);
}
double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.)); }
constexpr int64_t kMany = 200001;

}  // namespace

TEST_CASE("Philox4x32-10 gives its published vectors, and so do the loops") {
  CHECK(philox({0, 0, 0, 0}, 0, 0) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, ~0u, ~0u) == std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
        std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  Draw draw{0xa4093822'299f31d0, 0x13198a2e'03707344};
  uint64_t first = (uint64_t(1) << 32) / 16 - 1;  // so that the counter crosses 2^32
  uint32_t words[160];
  random_loops.words(draw, first, 160, words);
  uint32_t two[3][2], eight[3][8];  // of blocks of 64 words
  random_loops.first_two(draw, first, 3, two[0]);
  random_loops.first_eight(draw, first, 3, eight[0]);
  for (int block = 0; block < 2; ++block) {
    for (int k = 0; k < 2; ++k) CHECK(two[block][k] == words[64 * block + k]);
    for (int k = 0; k < 8; ++k) CHECK(eight[block][k] == words[64 * block + k]);
  }
  for (int k = 0; k < 2; ++k) CHECK(two[2][k] == words[128 + k]);
  for (int k = 0; k < 8; ++k) CHECK(eight[2][k] == words[128 + k]);
  bool equal = true;
  for (uint64_t i = 0; i < 160; ++i) {
    uint64_t counter = (first + i / 64) * 16 + i % 16;
    equal &= words[i] == philox({uint32_t(counter), uint32_t(counter >> 32), uint32_t(draw.serial), uint32_t(draw.serial >> 32)}, uint32_t(draw.seed),
                                uint32_t(draw.seed >> 32))[i % 64 / 16];
  }
  CHECK(equal);
}

TEST_CASE("the same seed gives the same samples for any number of threads, and serials differ") {
  auto draws = [] {
    set_random_seed(42);
    Tensors t{uniform({kMany}), uniform({333, 3}, -1, 1, float64), normal({kMany}), normal({kMany}, 1, 2, float64), truncated_normal({kMany}),
              randint({kMany}, -5, 7), bernoulli({kMany}, 0.3), permutation(1000), dropout(ones({kMany}), 0.5), dropout(ones({kMany}, float16), 0.5),
              uniform({kMany}, 0, 1, bfloat16), shuffle(arange(10))};
    return t;
  };
  set_num_threads(1);
  Tensors a = draws();
  set_num_threads(2);
  Tensors b = draws();
  set_num_threads(0);
  for (size_t i = 0; i < a.size(); ++i) CHECK_MESSAGE(same(a[i], b[i]), i);
  CHECK(same(cast(a[8], float16), a[9]) == false);  // another serial, another mask
  Generator g{42};
  CHECK(same(uniform({kMany}, 0, 1, float32, g), a[0]));
  CHECK(g.serial == 1);
  CHECK(!same(uniform({kMany}, 0, 1, float32, g), a[0]));
  Generator other{43};
  CHECK(!same(uniform({kMany}, 0, 1, float32, other), a[0]));
  // The first elements do not depend on how many there are, nor on the shape.
  Generator again{42};
  CHECK(same(uniform({5, 20}, 0, 1, float32, again), reshape(clone(a[0][slice(100)]), {5, 20})));
}

TEST_CASE("uniform is uniform, in [low, high) in every float dtype") {
  Generator g{7};
  for (DType t : {float32, float64}) {
    CHECK(distance(uniform({kMany}, 0, 1, t, g), [](double x) { return x; }) < 2.2);
    CHECK(distance(uniform({kMany}, -3, 5, t, g), [](double x) { return (x + 3) / 8; }) < 2.2);
  }
  for (DType t : {float16, bfloat16, float32, float64}) {
    Tensor x = cast(uniform({kMany}, 0, 1, t, g), float64);
    CHECK(max(x).item() < 1);
    CHECK(max(x).item() > 0.99);
    CHECK(min(x).item() >= 0);
    CHECK(mean(x).item() == doctest::Approx(t == bfloat16 ? 0.498 : 0.5).epsilon(0.01));
    for (auto [low, high] : {std::pair{-1., 0.}, {1., 1.015625}, {-2., 2.}, {1000., 1008.}}) {
      Tensor y = cast(uniform({kMany}, low, high, t, g), float64);
      CHECK(min(y).item() == doctest::Approx(low).epsilon(0.001));
      CHECK(min(y).item() >= low);
      CHECK(max(y).item() < high);
    }
  }
  CHECK(uniform({1}, 2, 2).item() == 2);
  CHECK(uniform({0, 3}).size() == 0);
}

TEST_CASE("normal numbers") {
  Generator g{8};
  for (DType t : {float32, float64}) {
    Tensor x = normal({kMany}, 0, 1, t, g), y = truncated_normal({kMany}, 0, 1, t, g);
    CHECK(distance(x, normal_cdf) < 2.2);
    double low = normal_cdf(-2), inside = 1 - 2 * low;
    CHECK(distance(y, [&](double z) { return (normal_cdf(z) - low) / inside; }) < 2.2);
    CHECK(max(abs(y)).item() <= 2);
    CHECK(max(abs(y)).item() > 1.999);
    CHECK(max(abs(x)).item() > 4);
    CHECK(mean(normal({kMany}, 10, 0.5, t, g)).item() == doctest::Approx(10).epsilon(0.001));
    CHECK(reel::std(normal({kMany}, 10, 0.5, t, g)).item() == doctest::Approx(0.5).epsilon(0.01));
  }
  CHECK(normal({1}, 3, 0).item() == 3);
  for (DType t : {float16, bfloat16}) CHECK(reel::std(cast(normal({kMany}, 0, 1, t, g), float32)).item() == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("normal numbers are the inverse of the distribution at the words' probabilities") {
  Draw draw{5, 6};
  double z[3200];
  float f[6400];
  uint32_t words[6400];
  random_loops.normal[int(float64)](draw, 0, 3200, 0, 1, false, z);
  random_loops.normal[int(float32)](draw, 0, 6400, 0, 1, false, f);
  random_loops.words(draw, 0, 6400, words);
  double worst = 0, worst_float = 0;
  for (int i = 0; i < 3200; ++i) {
    const uint32_t* w = words + i / 32 * 64 + i % 32 / 16 * 32 + i % 16;
    uint64_t u = uint64_t(w[0]) << 32 | w[16];
    double p = (double(u << 1 >> 12) + 0.5) * 0x1p-53;
    worst = std::max(worst, std::fabs(normal_cdf(-std::fabs(z[i])) / p - 1));
    CHECK((z[i] > 0) == bool(u >> 63));
  }
  for (int i = 0; i < 6400; ++i) {
    double p = (double(words[i] & 0x7fffffff) + 0.5) * 0x1p-32;
    worst_float = std::max(worst_float, std::fabs(normal_cdf(-std::fabs(double(f[i]))) / p - 1));
  }
  CHECK(worst < 1e-14);
  CHECK(worst_float < 5e-6);  // a relative error of 10^-7 in z times z^2
}

TEST_CASE("integers, coins and orders") {
  Generator g{9};
  Tensor x = randint({120000}, -2, 4, int64, g);
  for (int64_t k = -2; k < 4; ++k) CHECK(sum(x == k).item() == doctest::Approx(20000).epsilon(0.03));
  CHECK(min(x).item<int64_t>() == -2);
  CHECK(max(x).item<int64_t>() == 3);
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min(), kHigh = std::numeric_limits<int64_t>::max();
  Tensor all = randint({1000}, kLow, kHigh, int64, g);
  CHECK(min(all).item<int64_t>() < kLow / 100 * 98);
  CHECK(max(all).item<int64_t>() > kHigh / 100 * 98);
  CHECK(max(randint({5000}, 0, 256, uint8, g)).item<int>() == 255);
  CHECK(min(randint({5000}, -128, 128, int8, g)).item<int>() == -128);

  CHECK(mean(bernoulli({kMany}, 0.25, float32, g)).item() == doctest::Approx(0.25).epsilon(0.02));
  CHECK(sum(bernoulli({1000}, 1, boolean, g)).item<int>() == 1000);
  CHECK(sum(bernoulli({1000}, 0, int32, g)).item<int>() == 0);

  Tensor p = permutation(1000, g), seen = scatter_add(Shape{1000}, p, ones({1000}, int32));
  CHECK(min(seen).item<int>() == 1);
  CHECK(permutation(0, g).size() == 0);
  CHECK(permutation(1, g).item<int>() == 0);
  // Each of the 24 orders of four, 500 times or so.
  int counts[256] = {};
  for (int i = 0; i < 12000; ++i) {
    Tensor order = permutation(4, g);
    auto v = order.values<int64_t>();
    ++counts[v[0] * 64 + v[1] * 16 + v[2] * 4 + v[3]];
  }
  int orders = 0;
  double chi = 0;
  for (int c : counts)
    if (c) ++orders, chi += (c - 500.) * (c - 500.) / 500;
  CHECK(orders == 24);
  CHECK(chi < 55);  // 23 degrees of freedom: above 55 once in 5000
  Tensor rows = shuffle(reshape(arange(60), {20, 3}), g);
  CHECK(rows.shape() == Shape{20, 3});
  CHECK(sum(rows).item<int>() == 60 * 59 / 2);
  CHECK(rows.at<int64_t>(4, 2) == rows.at<int64_t>(4, 0) + 2);
}

TEST_CASE("dropout draws its mask again for the gradient") {
  for (DType t : {float32, float64, float16, bfloat16}) {
    Generator g{11};
    Tensor x = variable(full({50, 41}, 2, t));
    Tensor y = dropout(x, 0.75, g);
    backward(sum(cast(y, float64)));
    Tensor dx = gradient(x);
    CHECK(y.dtype() == t);
    CHECK(same(cast(y, float32), cast(dx, float32) * 2));
    double kept = sum(cast(dx != 0, float64)).item() / 2050;
    CHECK(kept == doctest::Approx(0.25).epsilon(0.2));
    CHECK(max(cast(y, float64)).item() == 8);
    CHECK(g.serial == 1);
  }
  Generator g{11};
  Tensor x = variable(tensor({1., 2., std::numeric_limits<double>::infinity()}));
  CHECK(dropout(x, 0, g).get() == x.get());
  CHECK(g.serial == 0);
  Tensor y = dropout(x, 1, g);
  backward(sum(y));
  for (int i = 0; i < 3; ++i) {
    CHECK(y.at<float>(i) == 0);
    CHECK(gradient(x).at<float>(i) == 0);
  }
  Tensor v = linspace(-1, 1, 12, float64);
  CHECK(gradcheck([](const Tensors& in) {
    Generator fixed{3};
    return square(dropout(in[0], 0.5, fixed));
  }, {v}, {.second_order = true}) == "");
  Generator a{3}, b{3};
  CHECK(same(clone(transpose(dropout(transpose(reshape(v, {3, 4})), 0.5, a))), dropout(reshape(v, {3, 4}), 0.5, b)) == false);
  Generator c{3}, d{3};
  CHECK(same(dropout(transpose(reshape(v, {3, 4})), 0.5, c), dropout(clone(transpose(reshape(v, {3, 4}))), 0.5, d)));
}

TEST_CASE("what cannot be drawn says so") {
  CHECK_THROWS_WITH_AS(uniform({2}, 1, 0), doctest::Contains("uniform: low must not be above high"), Error);
  CHECK_THROWS_WITH_AS(uniform({2}, 1, 0), doctest::Contains("at random_test.cc:"), Error);
  CHECK_THROWS_AS(uniform({2}, 0, std::numeric_limits<double>::quiet_NaN()), Error);
  CHECK_THROWS_AS(uniform({2}, -3e38, 3e38), Error);
  CHECK_THROWS_AS(uniform({2}, 0, 1, int32), DTypeError);
  CHECK_THROWS_AS(normal({2}, 0, -1), Error);
  CHECK_THROWS_AS(truncated_normal({2}, 0, 1, int8), DTypeError);
  CHECK_THROWS_AS(randint({2}, 3, 3), Error);
  CHECK_THROWS_WITH_AS(randint({2}, 0, 257, uint8), doctest::Contains("[0, 257) does not fit uint8"), Error);
  CHECK_THROWS_AS(randint({2}, 0, 2, float32), DTypeError);
  CHECK_THROWS_AS(bernoulli({2}, 1.5), Error);
  CHECK_THROWS_AS(permutation(-1), ShapeError);
  CHECK_THROWS_AS(shuffle(tensor(1)), ShapeError);
  CHECK_THROWS_WITH_AS(dropout(ones({2}), -0.5), doctest::Contains("rate is in [0, 1]"), Error);
  CHECK_THROWS_AS(dropout(tensor({1, 2}), 0.5), DTypeError);
}
