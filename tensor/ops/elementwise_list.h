#pragma once
// The elementwise ops by name: what the kernels of every level and device, and the tests, run over.
#include "tensor/ops/activation.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/loss.h"

namespace reel {

template <class... O> struct OpList {};
using ElementwiseOps =
    OpList<Add, Neg, Sub, Mul, GatedMul, Reciprocal, Div, FloorDivide, Remainder, Pow, Maximum, Minimum, Atan2, Less, LessEqual, Greater,
           GreaterEqual, Equal, NotEqual, LogicalAnd, LogicalOr, LogicalNot, IsNan, IsFinite, Where3, Abs, Sign, Square, Sqrt, Rsqrt, Exp,
           Expm1, Log, Log1p, Sin, Cos, Tan, Atan, Erf, Floor, Ceil, Trunc, Round, Clip, ReluGrad, Relu, TanhGrad, Tanh, SigmoidGrad,
           Sigmoid, Softplus, GeluGrad, Gelu, SiluGrad, Silu, LeakyRelu, Elu, SigmoidCrossEntropy>;

}  // namespace reel
