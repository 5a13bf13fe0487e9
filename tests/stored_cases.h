#pragma once
// Values and gradients of PyTorch that tests/data/nnops/make.py stored, against ours.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "reel.h"

namespace reel::test {

class StoredCases {
 public:
  explicit StoredCases(const std::string& file) {
    for (auto& [name, x] : load_npz(std::string(REEL_TEST_DATA) + "/nnops/" + file + ".npz")) all_[name] = x;
  }
  Tensor operator()(const std::string& name) const {
    INFO(name);
    REQUIRE(all_.count(name));
    return all_.at(name);
  }
  bool has(const std::string& name) const { return all_.count(name) != 0; }

  // The largest difference, relative where the numbers are large.
  static double distance(const Tensor& a, const Tensor& b) {
    if (!(a.shape() == b.shape())) return INFINITY;
    if (a.size() == 0) return 0;
    Tensor x = cast(a, float64), y = cast(b, float64);
    return max(where(x == y, 0, abs(x - y) / (1 + abs(y)))).item();
  }

  // f(the stored operands) and the gradients it gives them, in float64 and float32.
  template <class F> void check(const std::string& name, F&& f, double single = 2e-5) const {
    for (DType t : {float64, float32}) {
      CAPTURE(name);
      CAPTURE(std::string(reel::name(t)));
      double tolerance = t == float64 ? 1e-11 : single;
      Tensors x;
      for (int i = 0; has(name + "/" + std::to_string(i)); ++i) {
        Tensor v = (*this)(name + "/" + std::to_string(i));
        x.push_back(is_floating(v.dtype()) ? variable(cast(v, t)) : v);
      }
      Tensor y = f(x);
      CHECK(distance(y, (*this)(name + "/y")) < tolerance);
      backward(y, {.gradient = cast((*this)(name + "/g"), y.dtype())});
      for (size_t i = 0; i < x.size(); ++i) {
        CAPTURE(i);
        std::string g = name + "/g" + std::to_string(i);
        if (has(g)) CHECK(distance(gradient(x[i]) ? gradient(x[i]) : zeros_like(x[i]), (*this)(g)) < tolerance);
      }
    }
  }

 private:
  std::map<std::string, Tensor> all_;
};

}  // namespace reel::test
