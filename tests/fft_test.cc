// Fourier transforms against NumPy's stored answers (tests/data/complex/make.py), against the sum they are, and their gradients.
#include <doctest/doctest.h>

#include <complex>
#include <limits>

#include "complex_cases.h"
#include "op_samples.h"

using namespace reel;
using namespace reel::test;
using C = std::complex<double>;

namespace {

constexpr fft::Norm kNorms[] = {fft::Norm::kBackward, fft::Norm::kOrtho, fft::Norm::kForward};
constexpr const char* kNormNames[] = {"backward", "ortho", "forward"};

Tensor numbers(const Shape& s, uint64_t seed) { return complex(samples(s, float64, -1, 1, seed), samples(s, float64, -1, 1, seed + 1)); }

// The definition, at a few coefficients: phases are reduced exactly.
double distance_from_sum(const Tensor& x, const Tensor& y) {
  int64_t n = x.size();
  double worst = 0;
  for (int64_t k : {int64_t(0), int64_t(1), n / 3, n / 2, n - 1}) {
    C sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      double phase = -2 * 3.14159265358979323846 * double(j * k % n) / double(n);
      sum += x.values<C>()[size_t(j)] * C(std::cos(phase), std::sin(phase));
    }
    worst = std::max(worst, std::abs(sum - y.values<C>()[size_t(k)]) / std::sqrt(double(n)));
  }
  return worst;
}

// The root mean square errors of fft and of there and back, in units of what roundings add up to: epsilon times sqrt(1 + log2 n).
struct Errors {
  double forward = 0, round_trip = 0;
};
template <class R> Errors errors_of(int64_t n) {
  using Long = std::complex<long double>;
  Tensor x = cast(numbers({n}, uint64_t(n)), sizeof(R) == 8 ? complex128 : complex64), y = fft::fft(x), z = fft::ifft(y);
  auto at = [](const Tensor& t, int64_t i) { return Long(t.values<std::complex<R>>()[size_t(i)]); };
  std::vector<Long> roots;
  for (int64_t k = 0; k < n; ++k) roots.push_back(std::polar(1.0L, -2 * 3.14159265358979323846264338328L * k / n));
  long double off = 0, of = 0, back_off = 0, back_of = 0;
  int64_t step = n <= 200 ? 1 : n / 5;
  for (int64_t k = 0; k < n; k += step) {
    Long sum = 0;
    for (int64_t j = 0, place = 0; j < n; ++j, place = (place + k) % n) sum += at(x, j) * roots[size_t(place)];
    off += std::norm(sum - at(y, k)), of += std::norm(sum);
  }
  for (int64_t j = 0; j < n; ++j) back_off += std::norm(at(x, j) - at(z, j)), back_of += std::norm(at(x, j));
  double unit = std::numeric_limits<R>::epsilon() * std::sqrt(1 + std::log2(double(n)));
  return {std::sqrt(double(off / of)) / unit, std::sqrt(double(back_off / back_of)) / unit};
}

}  // namespace

TEST_CASE("transforms of every length, axis and normalization agree with NumPy's, in both precisions") {
  ComplexCases stored;
  Tensor x = stored("x"), c = stored("c");
  for (DType t : {float64, float32}) {
    Tensor xs = cast(x, t), cs = cast(c, t == float64 ? complex128 : complex64);
    for (int norm = 0; norm < 3; ++norm)
      for (int64_t n : {0, 4, 9, 67})
        for (int axis : {-1, 1}) {
          std::string key = std::string(" ") + kNormNames[norm] + " " + std::to_string(n) + " " + std::to_string(axis);
          CAPTURE(key);
          fft::Options o{n, axis, kNorms[norm]};
          CHECK(stored.difference(fft::fft(cs, o), "fft" + key) == "");
          CHECK(stored.difference(fft::ifft(cs, o), "ifft" + key) == "");
          CHECK(stored.difference(fft::rfft(xs, o), "rfft" + key) == "");
          CHECK(stored.difference(fft::irfft(cs, o), "irfft" + key) == "");
          CHECK(stored.difference(fft::hfft(cs, o), "hfft" + key) == "");
          CHECK(stored.difference(fft::ihfft(xs, o), "ihfft" + key) == "");
        }
    for (int64_t n : {1, 2, 3, 4, 6, 7, 8, 10, 15, 60, 67, 101, 128, 134, 211}) {
      CAPTURE(n);
      Tensor s = cast(stored("signal " + std::to_string(n)), t == float64 ? complex128 : complex64);
      std::string of = " of " + std::to_string(n);
      double ulps = 20 * std::sqrt(double(n));  // the roundings are of the spectrum's size, about sqrt(n)
      CHECK(stored.difference(fft::fft(s), "fft" + of, ulps) == "");
      CHECK(stored.difference(fft::ifft(s), "ifft" + of) == "");
      CHECK(stored.difference(fft::rfft(real(s)), "rfft" + of, ulps) == "");
      CHECK(stored.difference(fft::irfft(s[{slice({}, n / 2 + 1)}], {.n = n}), "irfft" + of) == "");
    }
  }
  for (int norm = 0; norm < 3; ++norm) {
    std::string key = std::string(" ") + kNormNames[norm];
    CHECK(stored.difference(fft::fftn(c, {.norm = kNorms[norm]}), "fftn" + key) == "");
    CHECK(stored.difference(fft::ifftn(c, {.axes = {0, 2}, .norm = kNorms[norm]}), "ifftn" + key) == "");
    CHECK(stored.difference(fft::rfftn(x, {{4, 10}, {1, 2}, kNorms[norm]}), "rfftn" + key) == "");
    CHECK(stored.difference(fft::irfftn(c, {{5, 8}, {1, 2}, kNorms[norm]}), "irfftn" + key) == "");
  }
  CHECK(stored.difference(fft::fft2(c), "fft2") == "");
  CHECK(stored.difference(fft::ifft2(c), "ifft2") == "");
  CHECK(stored.difference(fft::rfft2(x), "rfft2") == "");
  CHECK(stored.difference(fft::irfft2(c), "irfft2") == "");
  for (int64_t n : {1, 8, 9}) {
    CHECK(stored.difference(fft::fftfreq(n, 0.5, float64), "fftfreq " + std::to_string(n)) == "");
    CHECK(stored.difference(fft::rfftfreq(n, 0.5, float64), "rfftfreq " + std::to_string(n)) == "");
  }
  CHECK(stored.difference(fft::fftshift(x), "fftshift") == "");
  CHECK(stored.difference(fft::ifftshift(x, {1}), "ifftshift") == "");
  CHECK(array_equal(fft::ifftshift(fft::fftshift(c)), c));
}

TEST_CASE("long transforms: powers of two, highly composite lengths, primes and twice a prime") {
  for (int64_t n : {65536, 30030, 10007, 20014, 64 * 1009}) {
    CAPTURE(n);
    Tensor x = numbers({n}, 3), y = fft::fft(x);
    CHECK(distance_from_sum(x, y) < 1e-12);
    CHECK(allclose(fft::ifft(y), x, 1e-10, 1e-12));
    Tensor single = fft::fft(cast(x, complex64));
    CHECK(max(abs(single - y)).item() / std::sqrt(double(n)) < 3e-6);
    Tensor r = real(x);
    CHECK(allclose(fft::rfft(r), fft::fft(r)[{slice({}, n / 2 + 1)}], 1e-9, 1e-9));
    CHECK(allclose(fft::irfft(fft::rfft(r), {.n = n}), r, 1e-10, 1e-11));
  }
}

TEST_CASE("transforms: the errors of every length up to 200, of large factors, of primes and of a million numbers are those of roundings") {
  auto small = [](const Errors& e) { return e.forward < 1.3 && e.round_trip < 1.6; };
  for (int64_t n = 1; n <= 200; ++n) {
    CAPTURE(n);
    CHECK(small(errors_of<float>(n)));
    CHECK(small(errors_of<double>(n)));
  }
  for (int64_t n : {360, 384, 729, 1000, 1024, 1155, 2310, 3721, 4096, 4199, 5040, 1009, 4099, 10007, 1 << 20, 1000000, 1000003}) {
    CAPTURE(n);
    CHECK(small(errors_of<float>(n)));
    CHECK(small(errors_of<double>(n)));
  }
}

TEST_CASE("transforms of rows and columns are those of each alone, and the same bits whatever the number of threads") {
  for (int64_t n : {2, 3, 4, 5, 7, 8, 9, 12, 16, 31, 61, 64, 67, 100, 122, 384, 400, 1000, 4096, 5000})
    for (int64_t count : {1, 5, 16, 37}) {
      CAPTURE(n);
      CAPTURE(count);
      Tensor x = numbers({count, n}, 5), y = fft::fft(x), r = real(x), back = fft::ifft(x);
      double most = 1e-14 * double(n);
      for (int64_t i : {int64_t(0), count / 2, count - 1}) {
        CHECK(max(abs(y[i] - fft::fft(x[i]))).item() < most);
        CHECK(max(abs(back[i] - fft::ifft(x[i]))).item() < most);
      }
      CHECK(max(abs(fft::fft(transpose(x), {.axis = 0}) - transpose(y))).item() < most);
      CHECK(max(abs(fft::ifft(stack({x, x * 2}, -1), {.axis = 1})[{slice(), slice(), 1}] - 2 * back)).item() < most);
      Tensor half = fft::rfft(r);
      CHECK(max(abs(half - fft::fft(r)[{slice(), slice({}, n / 2 + 1)}])).item() < most);
      CHECK(max(abs(fft::irfft(half, {.n = n}) - r)).item() < most);
      Tensor single = cast(x, complex64);
      CHECK(max(abs(fft::fft(single) - y)).item() < 5e-7 * double(n));
      CHECK(max(abs(fft::irfft(fft::rfft(real(single)), {.n = n}) - r)).item() < 5e-7 * double(n));
    }
  std::vector<Tensor> answers[2];
  for (int threads : {0, 1}) {
    set_num_threads(threads);
    for (const Shape& s : {Shape{100000}, Shape{10007}, Shape{50, 300}, Shape{20, 2048}, Shape{3, 40000}})
      for (DType t : {complex64, complex128}) {
        Tensor x = cast(numbers(s, 7), t);
        for (const Tensor& y : {fft::fft(x), fft::ifft(x, {.axis = 0}), fft::rfft(real(x)), fft::irfft(x)}) answers[threads].push_back(y);
      }
  }
  set_num_threads(0);
  for (size_t i = 0; i < answers[0].size(); ++i) CHECK(array_equal(answers[0][i], answers[1][i]));
}

TEST_CASE("gradients of transforms, first and second order, forward and batched") {
  Tensor x = samples({2, 7}, float64, -1, 1, 1), c = numbers({2, 5}, 2);
  for (fft::Norm norm : kNorms) {
    CHECK(check_gradients([&](const Tensor& v) { return fft::fft(v, {.norm = norm}); }, c) == "");
    CHECK(check_gradients([&](const Tensor& v) { return fft::ifft(v, {.axis = 0, .norm = norm}); }, c) == "");
    CHECK(check_gradients([&](const Tensor& v) { return fft::rfft(v, {.norm = norm}); }, x) == "");
    for (int64_t n : {8, 9, 6, 12}) CHECK(check_gradients([&](const Tensor& v) { return fft::irfft(v, {.n = n, .norm = norm}); }, c) == "");
    CHECK(check_gradients([&](const Tensor& v) { return fft::hfft(v, {.n = 8, .norm = norm}); }, c) == "");
    CHECK(check_gradients([&](const Tensor& v) { return fft::ihfft(v, {.n = 6, .norm = norm}); }, x) == "");
  }
  CHECK(check_gradients([](const Tensor& v) { return square(abs(fft::rfft2(v))); }, x) == "");
  CHECK(check_gradients([](const Tensor& v) { return fft::irfftn(fft::rfftn(v) * C(1, 2), {.s = {3, 6}}); }, x) == "");
  CHECK(check_gradients([](const Tensor& v) { return fft::fftshift(fft::fft(v)); }, x) == "");
  Tensor y = vmap([](const Tensor& row) { return abs(fft::rfft(row)) + real(fft::fft(row))[{slice({}, 4)}]; })({x})[0];
  CHECK(allclose(y, abs(fft::rfft(x)) + real(fft::fft(x))[{slice(), slice({}, 4)}]));
  Tensor t = samples({2, 7}, float64, -1, 1, 9);
  Dual d = jvp([](const Tensors& v) { return Tensors{fft::rfft(v[0])}; }, {x}, {t});
  CHECK(allclose(d.tangent[0], fft::rfft(t)));
}

TEST_CASE("dtypes, layouts and what cannot be transformed") {
  Tensor x = samples({4, 6}, float64, -1, 1, 1);
  CHECK(fft::fft(cast(x, float32)).dtype() == complex64);
  CHECK(fft::fft(arange(8)).dtype() == complex64);
  CHECK(fft::rfft(cast(x, float16)).dtype() == complex64);
  CHECK(fft::irfft(fft::rfft(x)).dtype() == float64);
  CHECK(allclose(fft::fft(transpose(x)), fft::fft(contiguous(transpose(x)))));
  CHECK(allclose(fft::rfft(x[{slice({}, {}, -1), slice({}, {}, 2)}]), fft::rfft(contiguous(x[{slice({}, {}, -1), slice({}, {}, 2)}]))));
  CHECK(fft::fft(empty({0, 4})).shape() == Shape{0, 4});
  CHECK(fft::rfft(empty({0, 4})).shape() == Shape{0, 3});
  CHECK(fft::fft(tensor({3.f})).item<C>() == C(3, 0));
  CHECK_THROWS_WITH_AS(fft::fft(empty({4, 0})), doctest::Contains("fft: the transformed axis must have elements, not 0"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::fft(x, {.n = -3}), doctest::Contains("not -3"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::fft(x, {.n = int64_t(1) << 40}), doctest::Contains("longer than"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::rfft(fft::fft(x)), doctest::Contains("rfft: transforms real numbers"), DTypeError);
  CHECK_THROWS_WITH_AS(fft::irfft(tensor({1.f})), doctest::Contains("not 0"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::fft(x, {.axis = 2}), doctest::Contains("fft: axis 2 is outside the 2 axes"), IndexError);
  CHECK_THROWS_WITH_AS(fft::fft(tensor(1.f)), doctest::Contains("outside the 0 axes"), IndexError);
  CHECK_THROWS_WITH_AS(fft::fftn(x, {.axes = {1, -1}}), doctest::Contains("fftn: axis 1 is named twice"), IndexError);
  CHECK_THROWS_WITH_AS(fft::fftn(x, {.s = {2}, .axes = {0, 1}}), doctest::Contains("1 lengths for 2 axes"), ShapeError);
  CHECK_THROWS_AS(fft::fftfreq(0), ShapeError);
  CHECK_THROWS_AS(fft::rfftfreq(0), ShapeError);
}

TEST_CASE("stft is the transform of windowed frames, and istft takes it back") {
  Tensor x = samples({2, 300}, float64, -1, 1, 4), window = hann(64, true, float64);
  fft::StftOptions o{.size = 64, .hop = 16, .window = window};
  Tensor z = fft::stft(x, o);
  CHECK(z.shape() == Shape{2, 33, 300 / 16 + 1});
  // Frame 5 begins 32 samples before its centre; frame 0 sees its mirror image.
  Tensor frame = x[{1, slice(5 * 16 - 32, 5 * 16 + 32)}];
  CHECK(allclose(z[{1, slice(), 5}], fft::rfft(frame * window)));
  Tensor first = concat({flip(x[{0, slice(1, 33)}], 0), x[{0, slice(0, 32)}]});
  CHECK(allclose(z[{0, slice(), 0}], fft::rfft(first * window)));
  CHECK(allclose(fft::istft(z, o, 300), x, 1e-9, 1e-11));
  CHECK(fft::istft(z, o).shape() == Shape{2, 288});
  o.normalized = true;
  CHECK(allclose(fft::stft(x, o), z / 8.));
  CHECK(allclose(fft::istft(fft::stft(x, o), o, 300), x, 1e-9, 1e-11));
  fft::StftOptions plain{.size = 50, .hop = 25, .center = false};
  CHECK(fft::stft(x, plain).shape() == Shape{2, 26, 11});
  CHECK(allclose(fft::istft(fft::stft(x, plain), plain), x, 1e-9, 1e-11));
  CHECK(fft::stft(x[0], {.size = 40}).shape() == Shape{21, 31});
  fft::StftOptions small{.size = 8, .hop = 3, .window = hann(8, true, float64)};
  CHECK(check_gradients([&](const Tensor& v) { return square(abs(fft::stft(v, small))); }, x[{slice(), slice(0, 12)}]) == "");
  CHECK(check_gradients([&](const Tensor& v) { return fft::istft(v, small); }, fft::stft(x[{slice(), slice(0, 12)}], small)) == "");
  CHECK_THROWS_WITH_AS(fft::stft(x, {.size = 700}), doctest::Contains("cannot be centred"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::stft(x, {.size = 301, .center = false}), doctest::Contains("do not fill a frame"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::stft(x, {.size = 64, .window = ones({63})}), doctest::Contains("the window must be [64]"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::stft(x, {.size = 0}), doctest::Contains("both must be positive"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::stft(z), doctest::Contains("real signals"), DTypeError);
  CHECK_THROWS_WITH_AS(fft::istft(z, {.size = 128}), doctest::Contains("needs [..., 65, frames]"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::istft(z, {.size = 64, .hop = 16}, 5000), doctest::Contains("do not cover 5000"), ShapeError);
  CHECK_THROWS_WITH_AS(fft::istft(z, {.size = 64, .hop = 64, .window = hann(64, true, float64), .center = false}),
                       doctest::Contains("without weight"), Error);
}
