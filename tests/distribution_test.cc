// Distributions against theory: moments, the distance to the distribution function, tails, and what the samples may not depend on.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "op_samples.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr int64_t kMany = 100000;

// The largest distance between the samples' distribution and the law's (Kolmogorov and Smirnov), times sqrt(n): above 2.2 once in 10^4.
double distance(const Tensor& x, const std::function<double(double)>& law) {
  Array a = to_array(x);
  std::sort(a.v.begin(), a.v.end());
  double d = 0, n = double(a.v.size());
  for (size_t i = 0; i < a.v.size(); ++i) {
    double p = law(a.v[i]);
    d = std::max({d, p - double(i) / n, double(i + 1) / n - p});
  }
  return d * std::sqrt(n);
}
// Pearson's statistic of counts against probabilities of 0, 1, 2 ..., cells of fewer than ten expected left out, over its degrees of
// freedom.
double chi_square(const Tensor& x, const std::function<double(int64_t)>& probability, int64_t most) {
  std::vector<double> counts(size_t(most + 1), 0);
  Array a = to_array(x);
  for (double v : a.v)
    if (v <= double(most)) ++counts[size_t(v)];
  double chi = 0, cells = 0;
  for (int64_t k = 0; k <= most; ++k) {
    double expected = probability(k) * double(a.v.size());
    if (expected < 10) continue;
    chi += (counts[size_t(k)] - expected) * (counts[size_t(k)] - expected) / expected, ++cells;
  }
  CHECK(cells > 3);
  return (chi - cells) / std::sqrt(2 * cells);  // nearly normal: above 4.5 hardly ever
}
double one(const Tensor& x) { return x.item(); }
double student_by_sum(double t, double df) {  // by Simpson's rule
  double scale = std::exp(std::lgamma((df + 1) / 2) - std::lgamma(df / 2)) / std::sqrt(df * M_PI);
  auto density = [&](double z) { return scale * std::pow(1 + z * z / df, -(df + 1) / 2); };
  double h = t / 200, sum = density(0) + density(t);
  for (int i = 1; i < 200; ++i) sum += density(i * h) * (i % 2 ? 4 : 2);
  return 0.5 + sum * h / 3;
}

}  // namespace

TEST_CASE("continuous distributions have their distribution functions") {
  Generator g{3};
  auto law = [&](Tensor x, const std::function<double(double)>& f) {
    CHECK(x.shape() == Shape{kMany});
    CHECK(distance(x, f) < 2.2);
  };
  for (DType t : {float32, float64}) {
    law(exponential({kMany}, 2.5, t, g), [](double x) { return 1 - std::exp(-x / 2.5); });
    law(gumbel({kMany}, 1, 2, t, g), [](double x) { return std::exp(-std::exp(-(x - 1) / 2)); });
    law(laplace({kMany}, 1, 2, t, g), [](double x) { return x < 1 ? 0.5 * std::exp((x - 1) / 2) : 1 - 0.5 * std::exp((1 - x) / 2); });
    law(cauchy({kMany}, 1, 2, t, g), [](double x) { return 0.5 + std::atan((x - 1) / 2) / M_PI; });
    law(lognormal({kMany}, 0.5, 0.7, t, g), [](double x) { return 0.5 * std::erfc(-(std::log(x) - 0.5) / 0.7 / std::sqrt(2.)); });
  }
  // Each point of the distribution function costs a tensor: fewer samples.
  auto few = [&](Tensor x, const std::function<double(double)>& f) { CHECK(distance(x, f) < 2.2); };
  for (double k : {0.05, 0.5, 1., 2.5, 40.})
    few(gamma({4000}, k, 3, float64, g), [&](double x) { return one(gammainc(full({}, k, float64), x / 3)); });
  few(chisquare({4000}, 3, float64, g), [](double x) { return one(gammainc(full({}, 1.5, float64), x / 2)); });
  few(standard_t({4000}, 4, float64, g), [](double x) { return student_by_sum(x, 4); });
  few(beta({4000}, 0.5, 0.5, float64, g), [](double x) { return 2 / M_PI * std::asin(std::sqrt(x)); });
  few(beta({4000}, 3, 1, float64, g), [](double x) { return x * x * x; });
}

TEST_CASE("tails of distributions reach as far as they should") {
  Generator g{4};
  // The largest of 10^5: log(10^5) = 11.5, and within a few of it.
  double largest = one(max(exponential({kMany}, 1, float32, g)));
  CHECK(largest > 9);
  CHECK(largest < 25);
  CHECK(one(min(exponential({kMany}, 1, float32, g))) > 0);
  CHECK(one(max(abs(cauchy({kMany}, 0, 1, float32, g)))) > 5000);
  CHECK(one(min(gumbel({kMany}, 0, 1, float32, g))) < -2);
  CHECK(one(max(gumbel({kMany}, 0, 1, float32, g))) > 9);
  // A concentration so small that gamma numbers vanish: their ratios do not.
  Tensor b = beta({1000}, 1e-4, 1e-4, float64, g);
  CHECK(one(sum(isnan(b))) == 0);
  CHECK(one(mean(b)) == doctest::Approx(0.5).epsilon(0.1));
  CHECK(one(sum(isnan(dirichlet({1000}, full({3}, 1e-4), g)))) == 0);
}

TEST_CASE("counting distributions have their probabilities") {
  Generator g{5};
  for (double rate : {0.3, 4., 9.9, 10., 30., 200.}) {
    CAPTURE(rate);
    Tensor x = poisson({kMany}, rate, int64, g);
    CHECK(chi_square(x, [&](int64_t k) { return std::exp(double(k) * std::log(rate) - rate - std::lgamma(double(k) + 1)); }, 400) < 4.5);
    CHECK(one(mean(x)) == doctest::Approx(rate).epsilon(5 * std::sqrt(1 / rate / double(kMany))));
  }
  for (auto [n, p] : {std::pair<int64_t, double>{10, 0.3}, {40, 0.6}, {100, 0.02}, {300, 0.4}, {1000, 0.97}}) {
    CAPTURE(n);
    Tensor x = binomial({kMany}, n, p, int64, g);
    double all = double(n), chance = p;
    CHECK(chi_square(x, [&](int64_t k) {
            double i = double(k);
            if (i > all) return 0.;
            double ways = std::lgamma(all + 1) - std::lgamma(i + 1) - std::lgamma(all - i + 1);
            return std::exp(ways + i * std::log(chance) + (all - i) * std::log1p(-chance));
          }, 1000) < 4.5);
    CHECK(one(max(x)) <= all);
  }
  for (double p : {0.05, 0.5, 0.9}) {
    Tensor x = geometric({kMany}, p, int64, g);
    CHECK(one(min(x)) == 1);
    CHECK(chi_square(x, [&](int64_t k) { return k ? p * std::pow(1 - p, double(k - 1)) : 0.; }, 300) < 4.5);
  }
  CHECK(one(sum(poisson({100}, 0, int32, g))) == 0);
  CHECK(one(sum(binomial({100}, 7, 1, int64, g))) == 700);
  CHECK(one(sum(binomial({100}, 7, 0, float32, g))) == 0);
  CHECK(one(sum(geometric({100}, 1, int64, g))) == 100);
  CHECK(one(mean(poisson({1000}, 1e12, float64, g))) == doctest::Approx(1e12).epsilon(1e-6));
}

TEST_CASE("points of the simplex") {
  Generator g{6};
  Tensor x = dirichlet({20000}, tensor({1., 2., 5.}), g);
  CHECK(x.shape() == Shape{20000, 3});
  CHECK(x.dtype() == float32);
  CHECK(one(max(abs(sum(x, -1) - 1))) < 1e-6);
  Tensor means = mean(x, 0), variances = var(x, 0);
  for (int i = 0; i < 3; ++i) {
    double a = std::vector{1., 2., 5.}[size_t(i)] / 8;
    CHECK(one(means[i]) == doctest::Approx(a).epsilon(0.02));
    CHECK(one(variances[i]) == doctest::Approx(a * (1 - a) / 9).epsilon(0.05));
  }
}

TEST_CASE("drawing places by weight, with and without replacement") {
  Generator g{7};
  Tensor w = tensor({1., 0., 3., 6.});
  Tensor x = multinomial(w, 50000, true, g);
  for (auto [place, p] : {std::pair{0, 0.1}, {1, 0.}, {2, 0.3}, {3, 0.6}})
    CHECK(one(mean(cast(x == place, float64))) == doctest::Approx(p).epsilon(0.05));
  // Without: the second place given the first.
  Tensor pairs = multinomial(broadcast_to(w, {50000, 4}), 2, false, g), a = pairs[{slice(), 0}], b = pairs[{slice(), 1}];
  CHECK(one(sum(a == b)) == 0);
  CHECK(one(sum(pairs == 1)) == 0);
  CHECK(one(mean(cast(a == 3, float64))) == doctest::Approx(0.6).epsilon(0.02));
  CHECK(one(sum(logical_and(a == 3, b == 2))) / one(sum(a == 3)) == doctest::Approx(0.75).epsilon(0.02));
  CHECK(multinomial(ones({2, 5, 3}), 3, false, g).shape() == Shape{2, 5, 3});
  CHECK(multinomial(ones({0, 3}), 2, false, g).shape() == Shape{0, 2});
  Tensor c = categorical(log(broadcast_to(w, {50000, 4})), g);
  CHECK(c.shape() == Shape{50000});
  CHECK(one(mean(cast(c == 2, float64))) == doctest::Approx(0.3).epsilon(0.04));
  CHECK(one(sum(c == 1)) == 0);
}

TEST_CASE("samples of distributions do not depend on threads, nor on how many there are") {
  auto draws = [](int64_t n) {
    Generator g{42};
    return Tensors{exponential({n}, 1, float32, g), gamma({n}, 0.5, 1, float64, g), beta({n}, 2, 3, float16, g), poisson({n}, 20, int64, g),
                   binomial({n}, 100, 0.4, int32, g), standard_t({n}, 3, bfloat16, g), geometric({n}, 0.2, uint8, g), cauchy({n}, 0, 1, float32, g)};
  };
  set_num_threads(1);
  Tensors a = draws(20000);
  set_num_threads(2);
  Tensors b = draws(20000), c = draws(100);
  Generator g{42}, h{42};
  Tensor m = multinomial(ones({3000, 9}), 4, false, g);
  set_num_threads(1);
  CHECK(same_bits(m, multinomial(ones({3000, 9}), 4, false, h)));
  set_num_threads(0);
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    CHECK(same_bits(a[i], b[i]));
    CHECK(same_bits(clone(a[i][slice(100)]), c[i]));
  }
  CHECK(rand({3}, float32, g).shape() == Shape{3});
  CHECK(randn({3}, float64, g).dtype() == float64);
}

TEST_CASE("distributions refuse parameters they do not have") {
  CHECK_THROWS_WITH_AS(exponential({2}, 0), doctest::Contains("exponential: a parameter must be finite and above 0, got 0"), Error);
  CHECK_THROWS_WITH_AS(gamma({2}, -1), doctest::Contains("gamma: a parameter must be finite and above 0, got -1"), Error);
  CHECK_THROWS_WITH_AS(beta({2}, 1, NAN), doctest::Contains("beta: a parameter"), Error);
  CHECK_THROWS_WITH_AS(poisson({2}, -1), doctest::Contains("poisson: the rate is in [0, 10^15], got -1"), Error);
  CHECK_THROWS_WITH_AS(binomial({2}, -1, 0.5), doctest::Contains("binomial: the number of trials is in [0, 2^50], got -1"), Error);
  CHECK_THROWS_WITH_AS(binomial({2}, 3, 1.5), doctest::Contains("a probability is in [0, 1]"), Error);
  CHECK_THROWS_WITH_AS(geometric({2}, 0), doctest::Contains("a probability of success is in (0, 1]"), Error);
  CHECK_THROWS_WITH_AS(laplace({2}, INFINITY), doctest::Contains("laplace: parameters must be finite, got inf"), Error);
  CHECK_THROWS_WITH_AS(exponential({2}, 1, int32), doctest::Contains("exponential: a float dtype is needed, not int32"), DTypeError);
  CHECK_THROWS_WITH_AS(poisson({2}, 1, boolean), doctest::Contains("not bool"), DTypeError);
  CHECK_THROWS_WITH_AS(dirichlet({2}, ones({2, 2})), doctest::Contains("dirichlet: alpha must be [n]"), ShapeError);
  CHECK_THROWS_WITH_AS(multinomial(ones({3}), 4), doctest::Contains("multinomial: 4 of 3 places cannot be drawn without replacement"), Error);
  CHECK_THROWS_WITH_AS(multinomial(tensor({1., 0., 0.}), 2), doctest::Contains("row 0 has 1 weights above 0, too few for 2"), Error);
  CHECK_THROWS_WITH_AS(multinomial(tensor({1., -1.}), 1, true), doctest::Contains("a weight must be finite and not negative"), Error);
  CHECK_THROWS_WITH_AS(categorical(full({}, 1.f)), doctest::Contains("categorical: the logits need an axis"), ShapeError);
}
