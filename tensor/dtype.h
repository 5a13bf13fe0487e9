#pragma once
// The twelve element types of a tensor: their names, sizes, C++ counterparts and promotion.
#include <cstdint>
#include <type_traits>

namespace reel {

enum class DType : uint8_t { kBool, kU8, kI8, kI16, kI32, kI64, kF16, kBF16, kF32, kF64, kC64, kC128 };
inline constexpr int kDTypes = 12;

// NumPy's names.
inline constexpr DType boolean = DType::kBool, uint8 = DType::kU8, int8 = DType::kI8, int16 = DType::kI16,
                       int32 = DType::kI32, int64 = DType::kI64, float16 = DType::kF16, bfloat16 = DType::kBF16,
                       float32 = DType::kF32, float64 = DType::kF64, complex64 = DType::kC64, complex128 = DType::kC128;

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

// A complex number as stored, real part first; std::complex converts either way. Its arithmetic is in tensor/complex.h.
template <class C> concept StdComplex = std::is_trivially_copyable_v<C> && requires(const C& z) {
  requires sizeof(C) == 2 * sizeof(typename C::value_type) && std::is_floating_point_v<typename C::value_type>;
  z.real(), z.imag();
};
template <class R> struct Complex {
  R re = 0, im = 0;
  constexpr Complex() = default;
  constexpr Complex(R real, R imag = 0) : re(real), im(imag) {}
  template <StdComplex C> constexpr Complex(const C& z) : re(R(z.real())), im(R(z.imag())) {}
  template <class Q>
    requires(!std::is_same_v<Q, R>)
  constexpr explicit Complex(const Complex<Q>& z) : re(R(z.re)), im(R(z.im)) {}
  template <StdComplex C> constexpr operator C() const { return C(re, im); }
};
using Complex64 = Complex<float>;
using Complex128 = Complex<double>;
template <class T> inline constexpr bool is_complex_type = StdComplex<T> || std::is_same_v<T, Complex64> || std::is_same_v<T, Complex128>;

namespace detail {
inline constexpr uint8_t kItemBytes[kDTypes] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16};
}
constexpr int64_t item_size(DType t) { return detail::kItemBytes[int(t)]; }
constexpr bool is_floating(DType t) { return t >= DType::kF16 && t <= DType::kF64; }
constexpr bool is_complex(DType t) { return t >= DType::kC64; }
// Floats and complex numbers: what has gradients.
constexpr bool is_inexact(DType t) { return t >= DType::kF16; }
// The dtype of a complex number's parts; other dtypes stand for themselves.
constexpr DType part_dtype(DType t) { return t == DType::kC64 ? DType::kF32 : t == DType::kC128 ? DType::kF64 : t; }
constexpr bool is_integer(DType t) { return t > DType::kBool && t < DType::kF16; }
const char* name(DType t);
// The dtype named by NumPy's spelling ("float32", "int64", "bool"); throws Error listing the names otherwise.
DType dtype_from_name(const char* name);

// The smallest dtype of the lattice bool < integers < floats < complex that holds both: uint8 with a signed integer widens, float16
// with bfloat16 is float32, an integer with a float is that float, complex64 with float64 is complex128.
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
  else if constexpr (is_complex_type<U> && sizeof(U) == 8) return DType::kC64;
  else if constexpr (is_complex_type<U> && sizeof(U) == 16) return DType::kC128;
  else static_assert(!sizeof(U), "a tensor holds bool, uint8_t, int8_t ... int64_t, Half, BFloat16, float, double or std::complex of these two");
}

[[noreturn]] void not_real(DType t);
// Calls f with a null pointer of the C++ type behind t: visit(t, []<class T>(T*) { ... }). Complex dtypes throw DTypeError.
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
    case DType::kF32: return f(static_cast<float*>(nullptr));
    case DType::kF64: return f(static_cast<double*>(nullptr));
    default: not_real(t);
  }
}
// The same for all dtypes.
template <class F> decltype(auto) visit_any(DType t, F&& f) {
  if (t == DType::kC64) return f(static_cast<Complex64*>(nullptr));
  if (t == DType::kC128) return f(static_cast<Complex128*>(nullptr));
  return visit(t, f);
}

// A C++ number of any arithmetic type or std::complex, kept exactly: scalars are weak, they never widen a tensor's dtype within its kind.
struct Scalar {
  enum class Kind : uint8_t { kBool, kInt, kFloat, kComplex };
  Kind kind = Kind::kInt;
  union {
    int64_t i = 0;
    double f;
    Complex128 z;
  };
  template <class T>
    requires std::is_arithmetic_v<T>
  constexpr Scalar(T v) {
    if constexpr (std::is_same_v<T, bool>) kind = Kind::kBool, i = v;
    else if constexpr (std::is_integral_v<T>) i = int64_t(v);
    else kind = Kind::kFloat, f = double(v);
  }
  template <class T>
    requires is_complex_type<T>
  constexpr Scalar(const T& v) : kind(Kind::kComplex), z(v) {}
  // A complex number has no real value: these throw DTypeError.
  constexpr double as_double() const { return kind == Kind::kFloat ? f : kind == Kind::kComplex ? throw_complex() : double(i); }
  constexpr int64_t as_int() const { return kind == Kind::kFloat ? int64_t(f) : kind == Kind::kComplex ? throw_complex() : i; }
  constexpr Complex128 as_complex() const { return kind == Kind::kComplex ? z : Complex128(kind == Kind::kFloat ? f : double(i)); }
  [[noreturn]] static int throw_complex();
};
// The dtype of `tensor OP scalar`: the tensor's own unless the scalar's kind is higher (integer tensor with 0.5 is float32, float64
// tensor with a complex number complex128).
DType promote(DType tensor, Scalar scalar);

// Whether an integer literal lies in t's range, and a complex one is for a complex dtype; others always convert (floats to integers by
// saturation).
bool fits(Scalar scalar, DType t);

}  // namespace reel
