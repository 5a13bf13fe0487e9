#pragma once
// The ten element types of a tensor: their names, sizes, C++ counterparts and promotion.
#include <cstdint>
#include <type_traits>

namespace reel {

enum class DType : uint8_t { kBool, kU8, kI8, kI16, kI32, kI64, kF16, kBF16, kF32, kF64 };
inline constexpr int kDTypes = 10;

// NumPy's names.
inline constexpr DType boolean = DType::kBool, uint8 = DType::kU8, int8 = DType::kI8, int16 = DType::kI16,
                       int32 = DType::kI32, int64 = DType::kI64, float16 = DType::kF16, bfloat16 = DType::kBF16,
                       float32 = DType::kF32, float64 = DType::kF64;

// IEEE binary16 and bfloat16 as stored; arithmetic happens in float. Conversion rounds to nearest even and keeps NaN.
struct Half {
  uint16_t bits = 0;
  Half() = default;
  Half(float value);
  operator float() const;
};
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  BFloat16(float value);
  operator float() const;
};

constexpr int64_t item_size(DType t) {
  constexpr int64_t bytes[] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8};
  return bytes[int(t)];
}
constexpr bool is_floating(DType t) { return t >= DType::kF16; }
constexpr bool is_integer(DType t) { return t > DType::kBool && t < DType::kF16; }
const char* name(DType t);
// The dtype named by NumPy's spelling ("float32", "int64", "bool"); throws Error listing the names otherwise.
DType dtype_from_name(const char* name);

// The smallest dtype of the lattice bool < integers < floats that holds both: uint8 with a signed integer widens, float16 with
// bfloat16 is float32, an integer with a float is that float.
DType promote(DType a, DType b);

template <class T> constexpr DType dtype_of() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, bool>) return DType::kBool;
  else if constexpr (std::is_same_v<U, uint8_t>) return DType::kU8;
  else if constexpr (std::is_same_v<U, int8_t>) return DType::kI8;
  else if constexpr (std::is_same_v<U, int16_t>) return DType::kI16;
  else if constexpr (std::is_same_v<U, int32_t>) return DType::kI32;
  else if constexpr (std::is_integral_v<U> && sizeof(U) == 8 && std::is_signed_v<U>) return DType::kI64;
  else if constexpr (std::is_same_v<U, Half>) return DType::kF16;
  else if constexpr (std::is_same_v<U, BFloat16>) return DType::kBF16;
  else if constexpr (std::is_same_v<U, float>) return DType::kF32;
  else if constexpr (std::is_same_v<U, double>) return DType::kF64;
  else static_assert(!sizeof(U), "a tensor holds bool, uint8_t, int8_t ... int64_t, Half, BFloat16, float or double");
}

// Calls f with a null pointer of the C++ type behind t: visit(t, []<class T>(T*) { ... }).
template <class F> decltype(auto) visit(DType t, F&& f) {
  switch (t) {
    case DType::kBool: return f(static_cast<bool*>(nullptr));
    case DType::kU8: return f(static_cast<uint8_t*>(nullptr));
    case DType::kI8: return f(static_cast<int8_t*>(nullptr));
    case DType::kI16: return f(static_cast<int16_t*>(nullptr));
    case DType::kI32: return f(static_cast<int32_t*>(nullptr));
    case DType::kI64: return f(static_cast<int64_t*>(nullptr));
    case DType::kF16: return f(static_cast<Half*>(nullptr));
    case DType::kBF16: return f(static_cast<BFloat16*>(nullptr));
    case DType::kF64: return f(static_cast<double*>(nullptr));
    default: return f(static_cast<float*>(nullptr));
  }
}

// A C++ number of any arithmetic type, kept exactly: scalars are weak, they never widen a tensor's dtype within its kind.
struct Scalar {
  enum class Kind : uint8_t { kBool, kInt, kFloat };
  Kind kind = Kind::kInt;
  union {
    int64_t i = 0;
    double f;
  };
  template <class T>
    requires std::is_arithmetic_v<T>
  constexpr Scalar(T v) {
    if constexpr (std::is_same_v<T, bool>) kind = Kind::kBool, i = v;
    else if constexpr (std::is_integral_v<T>) i = int64_t(v);
    else kind = Kind::kFloat, f = double(v);
  }
  constexpr double as_double() const { return kind == Kind::kFloat ? f : double(i); }
  constexpr int64_t as_int() const { return kind == Kind::kFloat ? int64_t(f) : i; }
};
// The dtype of `tensor OP scalar`: the tensor's own unless the scalar's kind is higher (integer tensor with 0.5 is float32).
DType promote(DType tensor, Scalar scalar);

// Whether an integer literal lies in t's range; other kinds always convert (floats to integers by saturation).
bool fits(Scalar scalar, DType t);

}  // namespace reel
