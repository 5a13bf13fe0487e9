#pragma once
// The families of elementwise ops, each with its ops at the end of its file.
#include "tensor/ops/activation.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/bits.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/loss.h"
#include "tensor/ops/rounding.h"
#include "tensor/ops/special.h"
#include "tensor/ops/trigonometric.h"

#define REEL_ELEMENTWISE_FAMILIES(X) \
  X(Activation) X(Arithmetic) X(Bits) X(Comparison) X(Exponential) X(Loss) X(Rounding) X(Special) X(Trigonometric)
