// Promotion, conversion between all pairs of dtypes, 16-bit formats bit by bit.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "op_samples.h"
#include "reel.h"

using namespace reel;

namespace {
constexpr DType kAll[] = {boolean, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64};

// What x becomes as t: saturated for integers, NaN is 0, rounded to nearest even for floats.
double converted(double x, DType t) {
  if (t == boolean) return x != 0;
  if (is_floating(t)) {
    if (t == float64 || !std::isfinite(x)) return x;
    if (t == float32) return double(float(x));
    // To the precision of the format at x's exponent, in double, where halves are exact.
    int digits = t == float16 ? 11 : 8, lowest = t == float16 ? -24 : -133;
    double v = double(float(x));
    if (v == 0) return v;
    int step = std::max(std::ilogb(v) - digits + 1, lowest);
    v = std::ldexp(std::nearbyint(std::ldexp(v, -step)), step);
    double most = t == float16 ? 65504 : 0x1.fep127;
    return std::fabs(v) > most ? std::copysign(INFINITY, v) : v;
  }
  return visit(t, [&]<class T>(T*) -> double {
    if constexpr (std::is_integral_v<T>) {
      if (std::isnan(x)) return 0;
      if (x <= double(std::numeric_limits<T>::min())) return double(std::numeric_limits<T>::min());
      if (x >= double(std::numeric_limits<T>::max())) return double(std::numeric_limits<T>::max());
      return double(T(x));
    }
    return 0;
  });
}
}  // namespace

TEST_CASE("promotion is symmetric and its own fixed point") {
  for (DType a : kAll)
    for (DType b : kAll) {
      DType c = promote(a, b);
      CHECK(c == promote(b, a));
      CHECK(promote(c, a) == c);
      CHECK((ones({1}, a) * ones({1}, b)).dtype() == c);
    }
  CHECK(promote(uint8, int8) == int16);
  CHECK(promote(float16, bfloat16) == float32);
  CHECK(promote(int64, float16) == float16);
  CHECK(promote(boolean, uint8) == uint8);
}

TEST_CASE("numbers are weak: they never widen a dtype of their kind") {
  CHECK((ones({1}, float16) * 0.1).dtype() == float16);
  CHECK((ones({1}, int8) + 1).dtype() == int8);
  CHECK((ones({1}, int8) + 0.5).dtype() == float32);
  CHECK((ones({1}, boolean) + 1).dtype() == int64);
  CHECK((1 - ones({1}, float64)).dtype() == float64);
  CHECK(pow(ones({1}, int32), 2).dtype() == int32);
  CHECK(pow(ones({1}, int32), 2.).dtype() == float32);
  CHECK(pow(ones({1}, boolean), 2).dtype() == int64);
  CHECK((ones({1}, int32) / 2).dtype() == float32);
}

TEST_CASE("every dtype converts to every other as defined") {
  const std::vector<double> values{0, -0., 1, -1, 0.5, 1.5, 2.5, -2.5, 100.7, 255, 256, 300, -129, 40000, 1e6, 3e9, -3e9, 1e19, -1e19, 1e20, 65504, 65519, 65520,
                                   1e-8, 6e-8, 1e-5, 3.3895e38, 1e300, INFINITY, -INFINITY, NAN};
  for (DType from : kAll)
    for (DType to : kAll) {
      Tensor x = cast(tensor(values), from), y = cast(x, to);
      test::Array a = test::to_array(x), b = test::to_array(y);
      for (size_t i = 0; i < values.size(); ++i) {
        double expected = converted(a.v[i], to);
        CAPTURE(name(from));
        CAPTURE(name(to));
        CAPTURE(a.v[i]);
        // Integers of a narrower dtype wrap, as in NumPy.
        if (is_integer(from) && is_integer(to) && item_size(to) <= item_size(from)) continue;
        if (from == int8 && to == uint8) continue;
        if (!is_floating(from) && from != boolean && to == uint8) continue;
        CHECK((b.v[i] == expected || (std::isnan(b.v[i]) && std::isnan(expected))));
      }
    }
}

TEST_CASE("integers wrap between each other") {
  CHECK(cast(tensor({300, -1}), uint8).at<uint8_t>(0) == 44);
  CHECK(cast(tensor({300, -1}), uint8).at<uint8_t>(1) == 255);
  CHECK(cast(tensor({40000}), int16).at<int16_t>(0) == 40000 - 65536);
}

TEST_CASE("every float16 and bfloat16 survives the way to float32 and back") {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    Half h;
    h.bits = uint16_t(bits);
    BFloat16 b;
    b.bits = uint16_t(bits);
    bool nan = (bits & 0x7fff) > 0x7c00;
    double exponent = double((bits >> 10) & 31), mantissa = double(bits & 1023), sign = bits & 0x8000 ? -1 : 1;
    double value = exponent == 31 ? sign * INFINITY : exponent == 0 ? sign * std::ldexp(mantissa, -24) : sign * std::ldexp(1024 + mantissa, int(exponent) - 25);
    if (nan) REQUIRE(std::isnan(float(h)));
    else REQUIRE(double(float(h)) == value);
    REQUIRE((nan ? std::isnan(float(Half(float(h)))) : Half(float(h)).bits == h.bits));
    REQUIRE(std::bit_cast<uint32_t>(float(b)) == bits << 16);
    REQUIRE(((bits & 0x7fff) > 0x7f80 ? std::isnan(float(BFloat16(float(b)))) : BFloat16(float(b)).bits == b.bits));
  }
}

TEST_CASE("float32 becomes float16 with the same bits in a long array and alone") {
  // Every float16, and what lies halfway to its neighbours and a little beside that.
  std::vector<float> values;
  for (uint32_t bits = 0; bits < 1 << 16; ++bits) {
    Half h;
    h.bits = uint16_t(bits);
    uint32_t wide = std::bit_cast<uint32_t>(float(h));
    for (uint32_t by : {0u, 0xfffu, 0x1000u, 0x1001u}) values.push_back(std::bit_cast<float>(wide + by));
  }
  Tensor all = cast(tensor(values), float16);
  int64_t differ = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    Half got = all.raw<Half>()[i], alone = Half(values[i]);
    differ += std::isnan(values[i]) ? !std::isnan(float(got)) : got.bits != alone.bits;
  }
  CHECK(differ == 0);
}

TEST_CASE("integer arithmetic wraps and divides as documented") {
  CHECK((tensor({200}, uint8) + tensor({100}, uint8)).item<int>() == 44);
  const int64_t least = std::numeric_limits<int64_t>::min();
  CHECK(abs(tensor({least})).item<int64_t>() == least);
  CHECK((-tensor({least})).item<int64_t>() == least);
  CHECK(floor_divide(tensor({least}), -1).item<int64_t>() == least);
  CHECK((tensor({least}) % -1).item<int64_t>() == 0);
  CHECK((tensor({std::numeric_limits<int64_t>::max()}) + 1).item<int64_t>() == least);
  CHECK(sum(full({2}, std::numeric_limits<int64_t>::max(), int64)).item<int64_t>() == -2);
  CHECK(floor_divide(tensor({-7}), 2).item<int>() == -4);
  CHECK((tensor({-7}) / 2).item() == -3.5);
  CHECK((tensor({-7}) % 2).item<int>() == 1);
  CHECK((tensor({7}) % -2).item<int>() == -1);
  CHECK_THROWS_AS(floor_divide(tensor({1}), 0), Error);
  CHECK_THROWS_AS(tensor({1}) % tensor({0}), Error);
  CHECK_THROWS_AS(pow(tensor({2}), -1), Error);
  CHECK_THROWS_AS(pow(tensor({2, 2}), tensor({1, -1})), Error);
  CHECK_THROWS_AS(tensor({true}) - tensor({true}), DTypeError);
  CHECK_THROWS_AS(-tensor({true}), DTypeError);
  CHECK((tensor({true}) + tensor({true})).dtype() == boolean);
}

TEST_CASE("clip saturates its bounds to the dtype") {
  CHECK(to_string(clip(tensor({0, 100, 255}, uint8), -5, 300)) == "[  0 100 255]");
  CHECK(to_string(clip(tensor({-100, 0, 100}, int8), -1e30, 7)) == "[-100    0    7]");
  CHECK(to_string(clip(tensor({1., 20., NAN}), 10, 3)) == "[ 3.  3. nan]");
}

TEST_CASE("sums of narrow dtypes accumulate wide") {
  CHECK(sum(ones({1000}, uint8)).item<int>() == 1000);
  CHECK(sum(ones({300}, boolean)).item<int>() == 300);
  CHECK(prod(full({3}, 100, int8)).item<int>() == 1000000);
  CHECK(mean(full({1 << 17}, 3, float16)).item() == 3);
  CHECK(std::isinf(sum(full({1 << 17}, 3, float16)).item()));
  CHECK(var(tensor({200., -200.}, float16)).item() == 40000);  // the squares sum to 80000, beyond float16
  CHECK(reel::std(full({100}, 2, bfloat16)).item() == 0);
  CHECK(sum(full({1 << 16}, 0.1, float16)).item() == doctest::Approx(6552).epsilon(1e-3));
}
