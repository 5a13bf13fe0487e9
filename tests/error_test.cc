// Whole messages: op, numbers, operands with dtype, shape, device and origin, the user's line, the layer path.
#include <doctest/doctest.h>

#include "reel.h"
#include "tensor/backend.h"

using namespace reel;

namespace {
// "LINE" in the expected text stands for the line of the call, "MADE" for the one where the operands were made.
template <class E, class F> void check_message(F&& call, std::string expected, int line, int made) {
  auto fill = [&](const std::string& word, int number) {
    for (size_t at; (at = expected.find(word)) != std::string::npos;) expected.replace(at, word.size(), "error_test.cc:" + std::to_string(number));
  };
  fill("LINE", line);
  fill("MADE", made);
  std::string text = "nothing was thrown";
  try {
    call();
  } catch (const E& e) {
    text = e.what();
  } catch (const std::exception& e) {
    text = std::string("another kind: ") + e.what();
  }
  CHECK(text == expected);
}
}  // namespace

TEST_CASE("messages, whole") {
  const int made = __LINE__ + 1;
  Tensor a = relu(ones({4, 8})), b = variable(ones({3, 2}), "head/kernel"), i = tensor({1, 2});
#define MESSAGE_OF(E, call, text) check_message<E>([&] { call; }, text, __LINE__, made)
  const std::string operand_a = "\n  a  float32[4, 8] cpu   relu at MADE", operand_b = "\n  b  float32[3, 2] cpu   variable \"head/kernel\"", at = "\n  at LINE";
  MESSAGE_OF(ShapeError, a + b, "add: shapes do not broadcast: axis -2 is 4 in a and 3 in b" + operand_a + operand_b + at);
  MESSAGE_OF(ShapeError, reshape(a, {5, -1}), "reshape: 32 elements do not fill [5, -1]" + operand_a + at);
  MESSAGE_OF(ShapeError, concat({a, b}), "concat: axis 1 is 8 in the first and 2 in operand 1" + operand_a + operand_b + at);
  MESSAGE_OF(ShapeError, stack({a, b}), "stack: shapes differ" + operand_a + operand_b + at);
  MESSAGE_OF(ShapeError, broadcast_to(a, {4, 9}), "broadcast_to: cannot broadcast to [4, 9]" + operand_a + at);
  MESSAGE_OF(ShapeError, split(a, 3, 1), "split: axis 1 of 8 elements does not divide into 3" + operand_a + at);
  MESSAGE_OF(ShapeError, a.item(), "item: needs a tensor of one element" + operand_a + at);
  MESSAGE_OF(ShapeError, assign(a, ones({3})), "assign: a value of shape [3] does not broadcast to [4, 8]" + operand_a + "\n  b  float32[3] cpu   full at LINE" + at);
  MESSAGE_OF(ShapeError, max(zeros({2, 0}), 1), "max: axis 1 is empty and has no max\n  a  float32[2, 0] cpu   full at LINE" + at);
  MESSAGE_OF(IndexError, sum(a, 2), "sum: axis 2 is outside the 2 axes" + operand_a + at);
  MESSAGE_OF(IndexError, mean(a, -3), "mean: axis -3 is outside the 2 axes" + operand_a + at);
  MESSAGE_OF(IndexError, reel::std(a, 2), "std: axis 2 is outside the 2 axes" + operand_a + at);
  MESSAGE_OF(IndexError, softmax(a, 3), "softmax: axis 3 is outside the 2 axes" + operand_a + at);
  MESSAGE_OF(IndexError, (a[{0, 9}]), "index: index 9 of axis 1 with 8 elements" + operand_a + at);
  MESSAGE_OF(IndexError, a.dim(5), "dim: axis 5 is outside the 2 axes" + operand_a + at);
  MESSAGE_OF(IndexError, transpose(a, {0, 0}), "transpose: axis 0 is named twice" + operand_a + at);
  MESSAGE_OF(IndexError, one_hot(i, 2), "one_hot: label 2 at position 1 is outside [0, 2)\n  a  int64[2] cpu   made at MADE" + at);
  MESSAGE_OF(DTypeError, where(i, i, i), "where: the condition must be bool, it is int64\n  a  int64[2] cpu   made at MADE\n  b  int64[2] cpu   made at MADE\n"
                                         "  c  int64[2] cpu   made at MADE" + at);
  MESSAGE_OF(DTypeError, variable(i), "variable: only floats and complex numbers have gradients\n  a  int64[2] cpu   made at MADE" + at);
  MESSAGE_OF(DTypeError, cast(i, uint8) + 256, "the number 256 does not fit uint8 (cast the tensor first)\n  a  uint8[2] cpu   cast at LINE" + at);
  MESSAGE_OF(Error, floor_divide(i, 0), "floor_divide: integer division by zero\n  a  int64[2] cpu   made at MADE" + at);
  MESSAGE_OF(Error, a + Tensor(), "add: operand b is an empty Tensor (default-constructed or moved from)" + at);
  MESSAGE_OF(Error, Tensor() + a, "add: operand a is an empty Tensor (default-constructed or moved from)" + at);
  const std::string empty = "an operand is an empty Tensor (default-constructed or moved from)" + at;
  MESSAGE_OF(Error, Tensor() + 1, "add: operand a is an empty Tensor (default-constructed or moved from)" + at);
  MESSAGE_OF(Error, remainder(i, Tensor()), "remainder: operand b is an empty Tensor (default-constructed or moved from)" + at);
  MESSAGE_OF(Error, pow(Tensor(), 3), "pow: " + empty);
  MESSAGE_OF(Error, where(a > 0, a, Tensor()), "where: " + empty);
  MESSAGE_OF(Error, cast(Tensor(), int8), "cast: " + empty);
  MESSAGE_OF(Error, to(Tensor(), cpu()), "to: " + empty);
  MESSAGE_OF(Error, contiguous(Tensor()), "contiguous: " + empty);
  MESSAGE_OF(Error, detach(Tensor()), "detach: " + empty);
  MESSAGE_OF(Error, assign(a, Tensor()), "assign: " + empty);
  MESSAGE_OF(Error, transpose(Tensor()), "transpose: " + empty);
  MESSAGE_OF(Error, flip(Tensor(), 0), "flip: " + empty);
  MESSAGE_OF(Error, mean(Tensor()), "mean: " + empty);
  MESSAGE_OF(Error, any(Tensor()), "any: " + empty);
  MESSAGE_OF(Error, cumsum(Tensor(), 0), "cumsum: " + empty);
  MESSAGE_OF(ShapeError, sum_to(a, {3, 8}), "sum_to: [4, 8] is no broadcast of [3, 8]" + operand_a + at);
  MESSAGE_OF(Error, zeros_like(Tensor()), "zeros_like: " + empty);
  MESSAGE_OF(Error, abs(Tensor()), "abs: " + empty);
  MESSAGE_OF(Error, real(Tensor()), "real: " + empty);
  MESSAGE_OF(ShapeError, one_hot(i, -1), "one_hot: a negative depth, -1\n  a  int64[2] cpu   made at MADE" + at);
  MESSAGE_OF(TapeError, assign(b, 0), "assign: a variable is written in place while recording; do it under NoGrad\n  a  float32[3, 2] cpu   variable \"head/kernel\"" + at);
  MESSAGE_OF(TapeError, backward(sum(a)), "backward: the loss has no history: it does not depend on a variable, or was computed under NoGrad\n"
                                          "  a  float32[] cpu   sum at LINE" + at);
  MESSAGE_OF(ShapeError, backward(b * 2), "backward: the loss has 6 elements; reduce it (sum, mean) or pass .gradient\n  a  float32[3, 2] cpu   multiply at LINE" + at);
  MESSAGE_OF(Error, dtype_from_name("float31"),
             "unknown dtype \"float31\"; valid: \"bool\", \"uint8\", \"int8\", \"int16\", \"int32\", \"int64\", \"float16\", \"bfloat16\", \"float32\", \"float64\", \"complex64\", \"complex128\"");
#undef MESSAGE_OF
}

TEST_CASE("an error inside layers names their path, once") {
  LayerScope outer("Sequential", "classifier"), inner("Dense", "head");
  Tensor a = ones({4, 8}), b = ones({3, 2});
  CHECK_THROWS_WITH_AS(a + b, doctest::Contains(", in Sequential \"classifier\" > Dense \"head\""), ShapeError);
  try {
    mean(a + b);
  } catch (const Error& e) {
    std::string text = e.what();
    CHECK(text.find("in Sequential") == text.rfind("in Sequential"));
  }
}

TEST_CASE("an error in a gradient names the forward line") {
  Tensor w = variable(ones({2}), "w"), x = ones({2});
  Tensor y = exp(w * x);
  const std::string line = "error_test.cc:" + std::to_string(__LINE__ - 1);
  assign(x, 2);
  CHECK_THROWS_WITH_AS(backward(sum(y)), doctest::Contains(("in the gradient of multiply at " + line).c_str()), TapeError);
}

TEST_CASE("an operand from a line of its own keeps it through views") {
  Tensor a = ones({4, 8});
  CHECK_THROWS_WITH_AS((reshape(a, {2, 16})[{slice(), slice(0, 2)}] + ones({3})), doctest::Contains("a  float32[2, 2] cpu   slice at error_test.cc"), ShapeError);
}

TEST_CASE("without a GPU, asking for one says so") {
  if (available(cuda())) return;
  CHECK_THROWS_WITH_AS(to(ones({2}), cuda()), doctest::Contains("no device cuda"), DeviceError);
  CHECK_THROWS_AS(zeros({2}, float32, cuda()), DeviceError);
}

TEST_CASE("REEL_CHECK's mode stops at the first op with a value that is not finite") {
  ModeScope check(kCheckNan, 0);
  Tensor x = tensor({1., 0.});
  CHECK_THROWS_WITH_AS(log(x), doctest::Contains("log: the result is not finite at element 1"), Error);
  CHECK_THROWS_AS(x /= 0, Error);
  CHECK(exp(x).size() == 2);
}
