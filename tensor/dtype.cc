#include "tensor/dtype.h"

#include <bit>
#include <cstring>
#include <limits>

#include "tensor/error.h"
#include "tensor/half.h"

namespace reel {
namespace {
constexpr const char* kNames[kDTypes] = {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
                                     "complex64", "complex128"};
}

Half::Half(float value) : bits(float_to_half(value)) {}
Half::operator float() const { return half_to_float(bits); }
BFloat16::BFloat16(float value) : bits(float_to_bfloat(value)) {}
BFloat16::operator float() const { return bfloat_to_float(bits); }

const char* name(DType t) { return kNames[int(t)]; }

DType dtype_from_name(const char* given) {
  for (int i = 0; i < kDTypes; ++i)
    if (std::strcmp(given, kNames[i]) == 0) return DType(i);
  unknown_name("dtype", given, {kNames, kNames + kDTypes});
}

void not_real(DType t) { throw DTypeError(std::string("not defined for ") + name(t)); }
int Scalar::throw_complex() { throw DTypeError("a complex number is given where a real one is needed"); }

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) { DType t = a; a = b; b = t; }
  if (is_complex(b)) return a == DType::kF64 ? DType::kC128 : b;
  if (is_floating(b)) {
    if (a == DType::kF16 && b == DType::kBF16) return DType::kF32;
    return b;
  }
  if (a == DType::kU8 && b == DType::kI8) return DType::kI16;
  return b;
}

DType promote(DType tensor, Scalar scalar) {
  if (scalar.kind == Scalar::Kind::kComplex) return is_complex(tensor) ? tensor : tensor == DType::kF64 ? DType::kC128 : DType::kC64;
  if (scalar.kind == Scalar::Kind::kFloat) return is_inexact(tensor) ? tensor : DType::kF32;
  if (scalar.kind == Scalar::Kind::kInt) return tensor == DType::kBool ? DType::kI64 : tensor;
  return tensor;
}

bool fits(Scalar scalar, DType t) {
  if (scalar.kind == Scalar::Kind::kComplex) return is_complex(t);
  if (!is_integer(t) || scalar.kind != Scalar::Kind::kInt) return true;
  return visit(t, [&]<class T>(T*) {
    if constexpr (std::is_integral_v<T>) return scalar.i >= int64_t(std::numeric_limits<T>::min()) && scalar.i <= int64_t(std::numeric_limits<T>::max());
    else return true;
  });
}

}  // namespace reel
