// Convolutions of other ranks, transposed and depthwise ones, and patches, against stored numbers of PyTorch.
#include "tensor/ops/conv_nd.h"

#include <cmath>

#include "autograd/gradcheck.h"
#include "op_samples.h"
#include "stored_cases.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("convolutions of sequences and volumes agree with PyTorch") {
  StoredCases s("convolution");
  struct Case { int64_t stride, padding, dilation, groups; };
  int i = 0;
  for (Case c : {Case{1, 0, 1, 1}, Case{2, 3, 2, 2}, Case{3, 1, 1, 1}}) {
    AxisPadding p(c.padding, c.padding);
    s.check("conv1_" + std::to_string(i), [&](const Tensors& x) { return conv1d(x[0], x[1], x[2], {c.stride, p, c.dilation, c.groups}); });
    s.check("conv3_" + std::to_string(i++), [&](const Tensors& x) {
      return conv3d(x[0], x[1], x[2], {.strides = {c.stride, c.stride, c.stride}, .padding = {p, p, p}, .dilation = {c.dilation, c.dilation, c.dilation}, .groups = c.groups});
    });
  }
}

TEST_CASE("transposed convolutions agree with PyTorch") {
  StoredCases s("convolution");
  struct Case { int64_t stride, padding, dilation, groups, more; };
  int i = 0;
  for (Case c : {Case{1, 0, 1, 1, 0}, Case{2, 1, 1, 1, 1}, Case{3, 2, 2, 2, 0}, Case{3, 0, 1, 1, 2}}) {
    AxisPadding p(c.padding, c.padding);
    s.check("transpose1_" + std::to_string(i), [&](const Tensors& x) { return conv_transpose1d(x[0], x[1], x[2], {c.stride, p, c.dilation, c.groups, c.more}); });
    s.check("transpose2_" + std::to_string(i), [&](const Tensors& x) {
      return conv_transpose2d(x[0], x[1], x[2], {c.stride, {c.padding, c.padding, c.padding, c.padding}, c.dilation, c.groups, c.more});
    });
    s.check("transpose3_" + std::to_string(i++), [&](const Tensors& x) {
      return conv_transpose3d(x[0], x[1], x[2], {.strides = {c.stride, c.stride, c.stride}, .padding = {p, p, p}, .dilation = {c.dilation, c.dilation, c.dilation},
                                                 .groups = c.groups, .output_padding = {c.more, c.more, c.more}});
    });
  }
}

TEST_CASE("depthwise convolutions and patches agree with PyTorch") {
  StoredCases s("convolution");
  s.check("depthwise", [](const Tensors& x) { return depthwise_conv2d(x[0], x[1], {.padding = {1, 1, 1, 1}}); });
  Conv2dOptions o{.strides = {2, 1}, .padding = {1, 1, 2, 2}, .dilation = {1, 2}};
  s.check("unfold", [&](const Tensors& x) { return unfold(x[0], {3, 2}, o); });
  s.check("fold", [&](const Tensors& x) { return fold(x[0], {2, 6, 6, 3}, {3, 2}, o); });
}

TEST_CASE("transposed sizes and crops are Keras's") {
  auto line = [](int64_t size, int64_t stride, const char* padding, int64_t more) {
    return conv_transpose1d(reshape(tensor({1., 10.}), {1, 2, 1}), reshape(arange(1., double(size) + 1), {size, 1, 1}), {},
                            {.strides = stride, .padding = padding, .output_padding = more});
  };
  auto text = [](const Tensor& x) { return to_string(reshape(x, {-1})); };
  CHECK(text(line(3, 2, "valid", -1)) == "[ 1.  2. 13. 20. 30.]");
  CHECK(text(line(1, 3, "valid", -1)) == "[ 1.  0.  0. 10.  0.  0.]");
  CHECK(text(line(3, 2, "same", -1)) == "[ 1.  2. 13. 20.]");   // one cut off the end
  CHECK(text(line(4, 2, "same", -1)) == "[ 2. 13. 24. 30.]");   // one at each end
  CHECK(text(line(5, 2, "same", -1)) == "[ 2. 13. 24. 35.]");   // one before, two after
  for (int64_t size = 1; size < 6; ++size)
    for (int64_t stride = 1; stride < 4; ++stride) {
      CHECK(line(size, stride, "same", -1).shape()[1] == 2 * stride);
      CHECK(line(size, stride, "valid", -1).shape()[1] == stride + std::max(size, stride));
      for (int64_t more = 0; more < stride; ++more) {
        CHECK(line(size, stride, "same", more).shape()[1] == stride + size % 2 + more);
        CHECK(line(size, stride, "valid", more).shape()[1] == stride + size + more);
      }
    }
  Tensor cube = conv_transpose3d(ones({1, 2, 2, 2, 1}), ones({3, 3, 3, 1, 1}), {}, {.strides = {2, 2, 2}, .padding = {"same", "same", "same"}});
  CHECK(cube.shape() == Shape{1, 4, 4, 4, 1});
  CHECK(conv1d(ones({1, 5, 1}), ones({3, 1, 1}), {}, {.padding = "causal", .dilation = 2}).shape() == Shape{1, 5, 1});
  CHECK(text(conv1d(reshape(arange(1., 5.), {1, 4, 1}), ones({2, 1, 1}), {}, {.padding = "causal"})) == "[1. 3. 5. 7.]");
  CHECK(conv3d(ones({1, 5, 5, 5, 1}), ones({2, 2, 2, 1, 1}), {}, {.strides = {2, 2, 2}, .padding = {"same", "same", "same"}}).shape() == Shape{1, 3, 3, 3, 1});
}

TEST_CASE("a separable convolution is its two parts, and gradients of all are right twice") {
  auto any = [](const Shape& s, uint64_t seed) { return samples(s, float64, -1, 1, seed); };
  Tensor x = any({1, 4, 4, 2}, 1), d = any({3, 3, 2, 2}, 2), p = any({1, 1, 4, 3}, 3);
  CHECK(StoredCases::distance(separable_conv2d(x, d, p), conv2d(depthwise_conv2d(x, d), p)) < 1e-14);
  GradcheckOptions twice{.second_order = true};
  CHECK(gradcheck([](const Tensors& v) { return square(separable_conv2d(v[0], v[1], v[2], {}, {.padding = "same"})); }, {x, d, p}, twice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(conv3d(v[0], v[1], v[2])); }, {any({1, 3, 3, 2, 2}, 4), any({2, 2, 1, 2, 2}, 5), any({2}, 6)}, twice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(conv_transpose2d(v[0], v[1], v[2], {.strides = 2, .padding = "same"})); },
                  {any({1, 2, 3, 2}, 7), any({3, 2, 2, 2}, 8), any({2}, 9)}, twice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(fold(v[0], {1, 3, 3, 1}, 2)); }, {any({1, 2, 2, 4}, 10)}, twice) == "");
}

TEST_CASE("convolutions of no images, and what cannot be convolved") {
  CHECK(conv1d(empty({0, 5, 2}), ones({3, 2, 4})).shape() == Shape{0, 3, 4});
  CHECK(conv3d(empty({0, 3, 3, 3, 2}), ones({2, 2, 2, 2, 4})).shape() == Shape{0, 2, 2, 2, 4});
  CHECK(conv_transpose2d(empty({0, 3, 3, 2}), ones({2, 2, 4, 2})).shape() == Shape{0, 4, 4, 4});
  CHECK(unfold(empty({0, 3, 3, 2}), 2).shape() == Shape{0, 2, 2, 8});
  CHECK_THROWS_WITH_AS(conv1d(ones({5, 2}), ones({3, 2, 4})), doctest::Contains("conv1d: x must be [n, steps, channels]"), ShapeError);
  CHECK_THROWS_WITH_AS(conv1d(ones({1, 2, 2}), ones({3, 2, 4})), doctest::Contains("the window 3 is larger than the padded input 2"), ShapeError);
  CHECK_THROWS_WITH_AS(conv1d(ones({1, 4, 2}), ones({3, 2, 4}), {}, {.padding = "full"}), doctest::Contains("valid: \"valid\", \"same\", \"causal\""), Error);
  CHECK_THROWS_AS(conv1d(ones({1, 4, 2}), ones({3, 2, 4}), {}, {.strides = 0}), ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(ones({1, 4, 4, 2}), ones({3, 3, 4, 3})), doctest::Contains("the kernel sees 3 channels, x has 2"), ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(ones({1, 4, 4, 2}), ones({3, 3, 4, 2}), {}, {.strides = 2, .output_padding = 2}),
                       doctest::Contains("output_padding 2 must be less than the strides 2"), ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(ones({1, 1, 1, 2}), ones({2, 2, 4, 2}), {}, {.padding = {2, 2, 2, 2}}), doctest::Contains("cuts everything off"), ShapeError);
  CHECK_THROWS_WITH_AS(fold(ones({1, 2, 2, 3}), {1, 3, 3, 1}, 2), doctest::Contains("fold: patches must be [1, 2, 2, 4]"), ShapeError);
  CHECK_THROWS_AS(depthwise_conv2d(ones({1, 4, 4, 2}), ones({3, 3, 3, 1})), ShapeError);
}
