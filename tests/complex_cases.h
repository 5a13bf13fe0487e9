#pragma once
// NumPy's answers that tests/data/complex/make.py stored, against ours.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>

#include "autograd/gradcheck.h"
#include "reel.h"

namespace reel::test {

// Both orders, of a function of one tensor.
template <class F> std::string check_gradients(F&& f, const Tensor& point) {
  return gradcheck([&](const Tensors& x) { return f(x[0]); }, {point}, {.second_order = true});
}

class ComplexCases {
 public:
  ComplexCases() {
    for (auto& [name, x] : load_npz(REEL_TEST_DATA "/complex/complex.npz")) all_[name] = x;
  }
  Tensor operator()(const std::string& name) const {
    INFO(name);
    REQUIRE(all_.count(name));
    return all_.at(name);
  }
  bool has(const std::string& name) const { return all_.count(name); }
  // "" when got has the stored shape and its values, those that `looked_at` chooses, within `ulps` of the larger of the number's size and 1;
  // NaN and infinities agree by part.
  std::string difference(const Tensor& got, const std::string& name, double ulps = 20, const Tensor& looked_at = {}) const {
    const Tensor expected = (*this)(name);
    if (!(got.shape() == expected.shape())) return "shape " + to_string(got.shape()) + ", NumPy's is " + to_string(expected.shape());
    if (is_complex(got.dtype()) != is_complex(expected.dtype())) return std::string("dtype ") + reel::name(got.dtype());
    double eps = part_dtype(got.dtype()) == float64 ? 2.3e-16 : 1.2e-7;
    Tensor a = contiguous(cast(got, complex128)), b = contiguous(cast(expected, complex128));
    for (int64_t i = 0; i < a.size(); ++i) {
      if (looked_at && !looked_at.raw<const bool>()[i]) continue;
      Complex128 x = a.raw<Complex128>()[i], y = b.raw<Complex128>()[i];
      double size = std::fmax(1, std::hypot(std::isfinite(y.re) ? y.re : 0, std::isfinite(y.im) ? y.im : 0));
      auto apart = [&](double p, double q) { return std::isnan(p) != std::isnan(q) || (!std::isnan(q) && p != q && !(std::fabs(p - q) <= ulps * eps * size)); };
      if (apart(x.re, y.re) || apart(x.im, y.im))
        return "element " + std::to_string(i) + " is " + std::to_string(x.re) + " " + std::to_string(x.im) + "j, NumPy's is " + std::to_string(y.re) + " " +
               std::to_string(y.im) + "j";
    }
    return "";
  }

 private:
  std::map<std::string, Tensor> all_;
};

}  // namespace reel::test
