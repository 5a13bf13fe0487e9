// The structured op of docs/writing_an_op.md, compiled and checked.
#include <reel.h>

namespace mine {

using namespace reel;

struct RunningTotal {
  static constexpr const char* name = "running_total";
  static constexpr Keep keep = kNothing;
  bool backward = false;  // from the last element to the first

  Spec infer(Inputs in) const {
    if (in[0].rank() == 0) fail(name, "needs at least one axis", in);
    if (!is_floating(in[0].dtype())) fail<DTypeError>(name, "is defined for floats", in);
    DType computed = in[0].dtype() == float64 ? float64 : float32;  // 16-bit floats are converted before the kernel
    return {in[0].shape(), computed, computed};
  }
  Grads vjp(const Vjp& v) const { return {apply(RunningTotal{!backward}, v.gy(), {})}; }
};

REEL_KERNEL(RunningTotal, kCpu) {
  Tensor x = contiguous(in[0]);
  int64_t n = x.shape()[-1], rows = n ? x.size() / n : 0;
  visit(x.dtype(), [&]<class T>(T*) {
    for (int64_t row = 0; row < rows; ++row) {
      const T* from = x.raw<const T>() + row * n;
      T* to = out[0].raw<T>() + row * n;
      T total = 0;
      for (int64_t k = 0; k < n; ++k) {
        int64_t i = op.backward ? n - 1 - k : k;
        to[i] = total = T(total + from[i]);
      }
    }
  });
}

Tensor running_total(const Tensor& x, Where where = {}) { return apply(RunningTotal{}, x, where); }

}  // namespace mine

#include <doctest/doctest.h>

#include "autograd/gradcheck.h"

TEST_CASE("the structured op of the documentation") {
  using namespace reel;
  Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}});
  CHECK(to_string(mine::running_total(x)) == "[[ 1.  3.  6.]\n [ 4.  9. 15.]]");
  CHECK(to_string(mine::running_total(transpose(x))) == "[[1. 5.]\n [2. 7.]\n [3. 9.]]");
  CHECK(mine::running_total(zeros({2, 0})).shape() == Shape{2, 0});
  CHECK(gradcheck([](const Tensors& in) { return mine::running_total(in[0]); }, {cast(x, float64)}, {.second_order = true}) == "");
  CHECK_THROWS_WITH_AS(mine::running_total(arange(3)), doctest::Contains("running_total: is defined for floats\n  a  int64[3] cpu"), DTypeError);
  CHECK_THROWS_AS(mine::running_total(tensor(1.)), ShapeError);
}
