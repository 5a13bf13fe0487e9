#pragma once
// Arithmetic, elementwise: sums, products, quotients, powers, signs and extremes.
#include "tensor/ops/elementwise.h"

namespace reel {

// The complex conjugate; the same handle where there is nothing complex. Gradient rules multiply by the conjugate of a derivative: so a
// complex variable's gradient points where the loss grows fastest (PyTorch's convention; JAX's is its conjugate).
struct Conj : Elementwise<Conj> {
  static constexpr const char* name = "conj";
  static constexpr Types types = kComplex;
  template <class T> REEL_HD T value(T z) const { return conjugate(z); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor conj(const Tensor& z, REEL_W) { return is_complex(z.dtype()) ? apply(Conj{}, z, where) : z; }
inline Grads Conj::vjp(const Vjp& v) const { return {conj(v.gy())}; }

struct Add : Binary<Add> {
  static constexpr const char* name = "add";
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD T value(T a, T b) const { return T(a + b); }
  Grads vjp(const Vjp& v) const { return {v.gy(), v.gy()}; }
};
inline Tensor operator+(Operand a, Operand b) { return combine(Add{}, a, b); }
inline Tensor add(Operand a, Operand b) { return combine(Add{}, a, b); }

struct Neg : Elementwise<Neg> {
  static constexpr const char* name = "negative";
  static constexpr Types types = kNumbers | kComplex;
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return T(-x); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor operator-(Operand x) { return apply(Neg{}, *x.tensor, x.where); }
inline Tensor negative(const Tensor& x, REEL_W) { return apply(Neg{}, x, where); }
inline Grads Neg::vjp(const Vjp& v) const { return {-v.gy()}; }

struct Sub : Binary<Sub> {
  static constexpr const char* name = "subtract";
  static constexpr Types types = kNumbers | kComplex;
  template <class T> REEL_HD T value(T a, T b) const { return T(a - b); }
  Grads vjp(const Vjp& v) const { return {v.gy(), v.needs(1) ? -v.gy() : Tensor{}}; }
};
inline Tensor operator-(Operand a, Operand b) { return combine(Sub{}, a, b); }
inline Tensor subtract(Operand a, Operand b) { return combine(Sub{}, a, b); }

struct Mul : Binary<Mul> {
  static constexpr const char* name = "multiply";
  static constexpr Keep keep = kCross;
  static constexpr Types types = kAny | kComplex;
  template <class T> REEL_HD T value(T a, T b) const { return T(a * b); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor operator*(Operand a, Operand b) { return combine(Mul{}, a, b); }
inline Tensor multiply(Operand a, Operand b) { return combine(Mul{}, a, b); }
inline Grads Mul::vjp(const Vjp& v) const {
  return {v.needs(0) ? v.gy() * conj(v.in(1)) : Tensor{}, v.needs(1) ? v.gy() * conj(v.in(0)) : Tensor{}};
}

// gy * factor, exactly zero where gy is zero: keeps 0 * inf out of the gradients of functions with a limited domain.
struct GatedMul : FloatBinary<GatedMul> {
  static constexpr const char* name = "gated_multiply";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kCross;
  template <class T> REEL_HD T value(T g, T f) const { return g == T(0) ? T(0) : g * f; }
  Grads vjp(const Vjp& v) const;
};
inline Tensor gated_multiply(const Tensor& gy, const Tensor& factor, REEL_W) { return apply(GatedMul{}, gy, factor, where); }
inline Grads GatedMul::vjp(const Vjp& v) const {
  return {v.needs(0) ? gated_multiply(v.gy(), conj(v.in(1))) : Tensor{}, v.needs(1) ? v.gy() * conj(v.in(0)) : Tensor{}};
}

struct Reciprocal : Elementwise<Reciprocal> {
  static constexpr const char* name = "reciprocal";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.3, 3};
  template <class T> REEL_HD T value(T x) const { return T(1) / x; }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), -conj(v.out() * v.out()))}; }
};
inline Tensor reciprocal(const Tensor& x, REEL_W) { return apply(Reciprocal{}, x, where); }

// True division: integers give float32.
struct Div : FloatBinary<Div> {
  static constexpr const char* name = "divide";
  static constexpr Types types = kFloats | kComplex;
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.3, 3};
  template <class T> REEL_HD T value(T a, T b) const { return a / b; }
  Grads vjp(const Vjp& v) const;
};
inline Tensor operator/(Operand a, Operand b) { return combine(Div{}, a, b); }
inline Tensor divide(Operand a, Operand b) { return combine(Div{}, a, b); }
inline Grads Div::vjp(const Vjp& v) const {
  Tensor r = reciprocal(v.in(1));
  return {v.needs(0) ? gated_multiply(v.gy(), conj(r)) : Tensor{}, v.needs(1) ? gated_multiply(-v.gy(), conj(v.in(0) * r * r)) : Tensor{}};
}

// x = x OP y in x's own memory; x keeps its shape and dtype, so y must broadcast to it and not be of a higher kind (ints += 0.5
// throws). While recording a recorded x goes on with the new history, and so does what x is a view of; whoever saved the old values
// notices in backward. A variable is refused: its gradient could not follow. Indexing expressions work too: x[2] *= 3.
Tensor& operator+=(Tensor& x, Operand y);
Tensor& operator-=(Tensor& x, Operand y);
Tensor& operator*=(Tensor& x, Operand y);
Tensor& operator/=(Tensor& x, Operand y);
inline void operator+=(Tensor&& x, Operand y) { x += y; }
inline void operator-=(Tensor&& x, Operand y) { x -= y; }
inline void operator*=(Tensor&& x, Operand y) { x *= y; }
inline void operator/=(Tensor&& x, Operand y) { x /= y; }
// Through tensors as indices every named element is written once, also when it is named more than once (add_at adds each time).
void operator+=(Indexed&& x, Operand y);
void operator-=(Indexed&& x, Operand y);
void operator*=(Indexed&& x, Operand y);
void operator/=(Indexed&& x, Operand y);

// Rounds toward minus infinity; integer division by zero throws.
struct FloorDivide : Binary<FloorDivide> {
  static constexpr const char* name = "floor_divide";
  static constexpr Domain domain{0.3, 3, false};
  template <class T> REEL_HD T value(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return math::floor(a / b);
    else if constexpr (std::is_signed_v<T>) {
      if (b == 0) return 0;
      if (b == -1) return T(0u - std::make_unsigned_t<T>(a));  // INT_MIN wraps
      T q = T(a / b);
      return T(q - ((a % b != 0) && ((a < 0) != (b < 0))));
    } else return b == 0 ? T(0) : T(a / b);
  }
  Grads vjp(const Vjp& v) const { return {zeros_like(v.gy(), {}), zeros_like(v.gy(), {})}; }
};
Tensor floor_divide(Operand a, Operand b);

// Has the sign of the divisor; integer division by zero throws.
struct Remainder : Binary<Remainder> {
  static constexpr const char* name = "remainder";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.3, 3, false};
  static constexpr int cost = 10;
  template <class T> REEL_HD T value(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return turned(math::fmod(a, b), b);
    else if constexpr (std::is_signed_v<T>) {
      if (b == 0 || b == -1) return 0;
      return turned(T(a % b), b);
    } else return b == 0 ? T(0) : T(a % b);
  }
  template <class T> REEL_HD static T turned(T r, T b) { return T(r != T(0) && ((r < T(0)) != (b < T(0))) ? r + b : r); }
  REEL_HD float near_value(float a, float b) const { return turned(math::fmod_near(a, b), b); }
  REEL_HD bool is_near(float a, float b) const { return math::fmod_is_near(a, b); }
  Grads vjp(const Vjp& v) const { return {v.gy(), v.needs(1) ? -v.gy() * floor_divide(v.in(0), v.in(1)) : Tensor{}}; }
};
Tensor remainder(Operand a, Operand b);
inline Tensor operator%(Operand a, Operand b) { return remainder(a, b); }

// x to the power y, of complex numbers on the principal branch; an integer to a negative power throws. pow(x, 0) is 1 with gradient 0, also at 0.
struct Pow : Binary<Pow> {
  static constexpr const char* name = "power";
  static constexpr Precision precision = kHigh;
  static constexpr Types types = kNumbers | kComplex;
  static constexpr Keep keep = kIn | kOut;
  static constexpr Domain domain{0.3, 2};
  static constexpr int cost = 30;
  template <class T> REEL_HD T value(T a, T b) const {
    if constexpr (std::is_floating_point_v<T> || is_complex_type<T>) return math::pow(a, b);
    else {
      using U = std::make_unsigned_t<T>;
      uint64_t r = 1, base = uint64_t(U(a));
      for (U e = U(b); e; e = U(e >> 1)) {
        if (e & 1) r *= base;
        base *= base;
      }
      return T(r);
    }
  }
  Grads vjp(const Vjp& v) const;
};
Tensor pow(Operand x, Operand y);

// At equal values both get half of the gradient.
struct Maximum : Binary<Maximum> {
  static constexpr const char* name = "maximum";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kAny;
  template <class T> REEL_HD T value(T a, T b) const { return math::maximum(a, b); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor maximum(Operand a, Operand b) { return combine(Maximum{}, a, b); }
struct Minimum : Binary<Minimum> {
  static constexpr const char* name = "minimum";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kAny;
  template <class T> REEL_HD T value(T a, T b) const { return math::minimum(a, b); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor minimum(Operand a, Operand b) { return combine(Minimum{}, a, b); }

struct Abs : Elementwise<Abs> {
  static constexpr const char* name = "abs";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kNumbers;
  static constexpr Domain domain{0.2, 2};
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return math::abs(x); }
  Grads vjp(const Vjp& v) const;
};
// |x|; of complex numbers real, with the gradient 0 at 0.
Tensor abs(const Tensor& x, REEL_W);
// -1, 0 or 1, and z / |z| of a complex z; NaN stays.
struct Sign : Elementwise<Sign> {
  static constexpr const char* name = "sign";
  static constexpr Types types = kNumbers;
  static constexpr Domain domain{0.2, 2};
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return x > T(0) ? T(1) : x < T(0) ? T(-1) : x == x ? T(0) : x; }
  Grads vjp(const Vjp& v) const { return {zeros_like(v.gy(), {})}; }
};
Tensor sign(const Tensor& x, REEL_W);
inline Grads Abs::vjp(const Vjp& v) const { return {v.gy() * sign(v.in(0))}; }

struct Square : Elementwise<Square> {
  static constexpr const char* name = "square";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kNumbers | kComplex;
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return T(x * x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (2 * conj(v.in(0)))}; }
};
inline Tensor square(const Tensor& x, REEL_W) { return apply(Square{}, x, where); }

// Has the sign of the dividend, as C's fmod; integer division by zero throws.
struct Fmod : Binary<Fmod> {
  static constexpr const char* name = "fmod";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.3, 3, false};
  static constexpr int cost = 9;
  template <class T> REEL_HD T value(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return math::fmod(a, b);
    else if constexpr (std::is_signed_v<T>) return b == 0 || b == -1 ? T(0) : T(a % b);
    else return b == 0 ? T(0) : T(a % b);
  }
  REEL_HD float near_value(float a, float b) const { return math::fmod_near(a, b); }
  REEL_HD bool is_near(float a, float b) const { return math::fmod_is_near(a, b); }
  Grads vjp(const Vjp& v) const;
};
Tensor fmod(Operand a, Operand b);
// {floor_divide(a, b), remainder(a, b)}.
std::pair<Tensor, Tensor> divmod(Operand a, Operand b);
// pow computed in float64, whatever the dtypes.
Tensor float_power(Operand x, Operand y);

// As maximum and minimum, but a number wins over NaN.
struct Fmax : Binary<Fmax> {
  static constexpr const char* name = "fmax";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kAny;
  template <class T> REEL_HD T value(T a, T b) const { return a > b || b != b ? a : b; }
  Grads vjp(const Vjp& v) const;
};
inline Tensor fmax(Operand a, Operand b) { return combine(Fmax{}, a, b); }
struct Fmin : Binary<Fmin> {
  static constexpr const char* name = "fmin";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kAny;
  template <class T> REEL_HD T value(T a, T b) const { return a < b || b != b ? a : b; }
  Grads vjp(const Vjp& v) const;
};
inline Tensor fmin(Operand a, Operand b) { return combine(Fmin{}, a, b); }

// The magnitude of a with the sign of b.
struct Copysign : FloatBinary<Copysign> {
  static constexpr const char* name = "copysign";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 2};
  template <class T> REEL_HD T value(T a, T b) const { return math::copysign(a, b); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor copysign(Operand a, Operand b) { return combine(Copysign{}, a, b); }
inline Grads Copysign::vjp(const Vjp& v) const {
  return {v.needs(0) ? v.gy() * (sign(v.in(0)) * copysign(1., v.in(1))) : Tensor{}, v.needs(1) ? zeros_like(v.gy(), {}) : Tensor{}};
}
// The next number of the dtype computed in after a on the way to b.
struct Nextafter : FloatBinary<Nextafter> {
  static constexpr const char* name = "nextafter";
  static constexpr Domain domain{0.3, 3};
  static constexpr int cost = 10;
  template <class T> REEL_HD T value(T a, T b) const { return math::nextafter(a, b); }
  Grads vjp(const Vjp& v) const { return {v.gy(), v.needs(1) ? zeros_like(v.gy(), {}) : Tensor{}}; }
};
inline Tensor nextafter(Operand a, Operand b) { return combine(Nextafter{}, a, b); }
// sqrt(a^2 + b^2) without overflow on the way; the gradient at (0, 0) is 0.
struct Hypot : FloatBinary<Hypot> {
  static constexpr const char* name = "hypot";
  static constexpr Keep keep = kIn | kOut;
  static constexpr Domain domain{0.2, 2};
  static constexpr int cost = 4;
  template <class T> REEL_HD T value(T a, T b) const { return math::hypot(a, b); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor hypot(Operand a, Operand b) { return combine(Hypot{}, a, b); }
// start + weight * (end - start).
Tensor lerp(const Tensor& start, Operand end, Operand weight, REEL_W);
// x + value * a * b and x + value * a / b.
Tensor addcmul(const Tensor& x, Operand a, Operand b, Scalar value = 1, REEL_W);
Tensor addcdiv(const Tensor& x, Operand a, Operand b, Scalar value = 1, REEL_W);
// x * 2^y.
Tensor ldexp(const Tensor& x, Operand y, REEL_W);

// The greatest common divisor and the least common multiple, of integers; never negative (but for the dtype's lowest number).
struct Gcd : Binary<Gcd> {
  static constexpr const char* name = "gcd";
  static constexpr Types types = kInts;
  static constexpr int cost = 40;
  Spec infer(Inputs in) const { return integer_spec(name, in, false); }
  template <class T> REEL_HD T value(T a, T b) const {
    using U = std::make_unsigned_t<T>;
    U x = a < T(0) ? U(0) - U(a) : U(a), y = b < T(0) ? U(0) - U(b) : U(b);
    while (y) {
      U r = U(x % y);
      x = y, y = r;
    }
    return T(x);
  }
  Grads vjp(const Vjp&) const { return {}; }
};
inline Tensor gcd(Operand a, Operand b) { return combine(Gcd{}, a, b); }
struct Lcm : Binary<Lcm> {
  static constexpr const char* name = "lcm";
  static constexpr Types types = kInts;
  static constexpr int cost = 40;
  Spec infer(Inputs in) const { return integer_spec(name, in, false); }
  template <class T> REEL_HD T value(T a, T b) const {
    T d = Gcd{}.value(a, b);
    return d == T(0) ? T(0) : math::abs(T(T(a / d) * b));
  }
  Grads vjp(const Vjp&) const { return {}; }
};
inline Tensor lcm(Operand a, Operand b) { return combine(Lcm{}, a, b); }

using ArithmeticOps = OpList<Conj, Add, Neg, Sub, Mul, GatedMul, Reciprocal, Div, FloorDivide, Remainder, Pow, Maximum, Minimum, Abs, Sign, Square,
                             Fmod, Fmax, Fmin, Copysign, Nextafter, Hypot, Gcd, Lcm>;

}  // namespace reel
