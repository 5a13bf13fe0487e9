// Window functions against stored ones of NumPy and SciPy.
#include <doctest/doctest.h>

#include "reel.h"

using namespace reel;

TEST_CASE("windows agree with NumPy and SciPy") {
  int compared = 0;
  for (const auto& [name, expected] : load_npz(std::string(REEL_TEST_DATA) + "/windows/windows.npz")) {
    CAPTURE(name);
    std::string kind = name.substr(0, name.find('/'));
    bool periodic = name.ends_with("/periodic");
    int64_t n = expected.size();
    Tensor w = kind == "hann" ? hann(n, periodic, float64) : kind == "hamming" ? hamming(n, periodic, float64)
             : kind == "blackman" ? blackman(n, periodic, float64) : kind == "bartlett" ? bartlett(n, periodic, float64)
             : kaiser(n, std::stod(kind.substr(7)), periodic, float64);
    CHECK(w.shape() == expected.shape());
    CHECK(w.dtype() == float64);
    CHECK(allclose(w, expected, 1e-12, 1e-15));
    ++compared;
  }
  CHECK(compared >= 60);
}

TEST_CASE("windows are exactly symmetric, of the dtype asked for, and refuse what they cannot be") {
  for (int64_t n : {2, 5, 64}) {
    CHECK(array_equal(hann(n), flip(hann(n), 0)));
    CHECK(array_equal(kaiser(n, 8.6), flip(kaiser(n, 8.6), 0)));
  }
  CHECK(hamming(4).dtype() == float32);
  CHECK(bartlett(4, false, float16).dtype() == float16);
  CHECK_THROWS_WITH_AS(hann(-1), doctest::Contains("hann: needs a length of at least 0, got -1"), ShapeError);
  CHECK_THROWS_WITH_AS(hann(-1), doctest::Contains("windows_test.cc:"), ShapeError);
  CHECK_THROWS_AS(blackman(4, false, int32), DTypeError);
}
