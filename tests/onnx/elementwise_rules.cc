// Operators that compute element by element.
#include <cmath>

#include "rules.h"

namespace reel::onnx {
namespace {

template <class F> Tensor folded(const Call& c, F&& f) {
  Tensor y = c[0];
  for (size_t i = 1; i < c.in.size(); ++i) y = f(y, c[i]);
  return y;
}
Tensor mean_of(const Call& c) {
  return folded(c, [](const Tensor& a, const Tensor& b) { return a + b; }) / double(c.in.size());
}
// Towards zero, which is how ONNX divides integers.
Tensor quotient(const Tensor& a, const Tensor& b) {
  return is_floating(a.dtype()) ? a / b : floor_divide(a - fmod(a, b), b);
}
Tensor infinite(const Call& c) {
  bool below = c.i("detect_negative", 1), above = c.i("detect_positive", 1);
  return below && above ? isinf(c[0]) : below ? isneginf(c[0]) : above ? isposinf(c[0]) : zeros(c[0].shape(), boolean);
}
Tensor shrunk(const Call& c) {
  double lambda = c.f("lambd", 0.5), bias = c.f("bias", 0);
  if (bias == lambda) return soft_shrink(c[0], lambda);
  return where(c[0] < -lambda, c[0] + bias, where(c[0] > lambda, c[0] - bias, 0));
}

const AddRules here({
    REEL_ONNX("Acos", arccos(c[0])), REEL_ONNX("Acosh", arccosh(c[0])), REEL_ONNX("Asin", arcsin(c[0])), REEL_ONNX("Asinh", arcsinh(c[0])),
    REEL_ONNX("Atan", arctan(c[0])), REEL_ONNX("Atanh", arctanh(c[0])), REEL_ONNX("Cos", cos(c[0])), REEL_ONNX("Cosh", cosh(c[0])),
    REEL_ONNX("Sin", sin(c[0])), REEL_ONNX("Sinh", sinh(c[0])), REEL_ONNX("Tan", tan(c[0])), REEL_ONNX("Tanh", tanh(c[0])),
    REEL_ONNX("Erf", erf(c[0])), REEL_ONNX("Exp", exp(c[0])), REEL_ONNX("Log", log(c[0])), REEL_ONNX("Sqrt", sqrt(c[0])),
    REEL_ONNX("Ceil", ceil(c[0])), REEL_ONNX("Floor", floor(c[0])), REEL_ONNX("Round", round(c[0])), REEL_ONNX("Neg", -c[0]),
    REEL_ONNX("Sign", sign(c[0])), REEL_ONNX("IsNaN", isnan(c[0])), REEL_ONNX("IsInf", infinite(c)), REEL_ONNX("Not", logical_not(c[0])),

    REEL_ONNX("Add", c[0] + c[1]), REEL_ONNX("Sub", c[0] - c[1]), REEL_ONNX("Mul", c[0] * c[1]), REEL_ONNX("Div", quotient(c[0], c[1])),
    REEL_ONNX("Pow", cast(pow(c[0], c[1]), c[0].dtype())), REEL_ONNX("Mod", c.i("fmod", 0) ? fmod(c[0], c[1]) : remainder(c[0], c[1])),
    REEL_ONNX("And", logical_and(c[0], c[1])), REEL_ONNX("Or", logical_or(c[0], c[1])), REEL_ONNX("Xor", logical_xor(c[0], c[1])),
    REEL_ONNX("Equal", c[0] == c[1]), REEL_ONNX("Greater", c[0] > c[1]), REEL_ONNX("GreaterOrEqual", c[0] >= c[1]),
    REEL_ONNX("Less", c[0] < c[1]), REEL_ONNX("LessOrEqual", c[0] <= c[1]), REEL_ONNX("Where", where(c[0], c[1], c[2])),
    REEL_ONNX("Max", folded(c, [](const Tensor& a, const Tensor& b) { return maximum(a, b); })),
    REEL_ONNX("Min", folded(c, [](const Tensor& a, const Tensor& b) { return minimum(a, b); })),
    REEL_ONNX("Sum", folded(c, [](const Tensor& a, const Tensor& b) { return a + b; })), REEL_ONNX("Mean", mean_of(c)),

    REEL_ONNX("Clip", clip(c[0], c[1] ? c[1].item() : -INFINITY, c[2] ? c[2].item() : INFINITY)),
    REEL_ONNX("Celu", celu(c[0], c.f("alpha", 1))), REEL_ONNX("Elu", elu(c[0], c.f("alpha", 1))),
    REEL_ONNX("Selu", c.has("alpha") ? c.f("gamma", 1.0507009873554805) * elu(c[0], c.f("alpha", 1)) : selu(c[0])),
    REEL_ONNX("HardSigmoid", clip(c.f("alpha", 0.2) * c[0] + c.f("beta", 0.5), 0, 1)), REEL_ONNX("HardSwish", hard_silu(c[0])),
    REEL_ONNX("LeakyRelu", leaky_relu(c[0], c.f("alpha", 0.01))), REEL_ONNX("Mish", mish(c[0])), REEL_ONNX("Relu", relu(c[0])),
    REEL_ONNX("Shrink", shrunk(c)), REEL_ONNX("Sigmoid", sigmoid(c[0])), REEL_ONNX("Softplus", softplus(c[0])),
    REEL_ONNX("Softsign", softsign(c[0])), REEL_ONNX("SwiGLU", c[0] * sigmoid(c.f("alpha", 1) * c[0]) * c[1]),
    REEL_ONNX("ThresholdedRelu", threshold(c[0], c.f("alpha", 1), 0)),
    // Inference: nothing is dropped.
    REEL_ONNX("Dropout", c[0], ones(c[0].shape(), boolean)),
});

}  // namespace
}  // namespace reel::onnx
