#pragma once
// Elementwise ops: each is one struct (name, domain, value, gradient rule) and one function. `value` is compiled for every
// instruction-set level of the CPU and for CUDA; inputs broadcast as in NumPy. To add an op: write it here (or in activation.h) and name it in elementwise_list.h.
#include "tensor/math.h"
#include "tensor/op.h"
#include "tensor/ops/create.h"

namespace reel {

// A tensor or a plain number in an expression, with the line of that expression.
struct Operand {
  const Tensor* tensor = nullptr;
  Scalar scalar = 0;
  Where where;
  Operand(const Tensor& t, Where w = {}) : tensor(&t), where(w) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  Operand(T v, Where w = {}) : scalar(v), where(w) {}
  // The number as a tensor of no axes, of the dtype that `other OP number` computes in; throws when it does not fit an integer dtype.
  Tensor like(const Tensor& other) const;
};

// Shape rules. Broadcasting throws ShapeError naming the axis.
Shape broadcast_shapes(const char* op, Inputs in);
Spec same_spec(Inputs in);                                       // one input, its shape and dtype
Spec float_spec(const char* op, Inputs in);                      // as broadcast, integers become float32
Spec arithmetic_spec(const char* op, Inputs in, bool on_bool);   // as broadcast, promoted
Spec bool_spec(const char* op, Inputs in);                       // compares in the promoted dtype, answers bool

// Which dtypes `value` is compiled for; f16 and bf16 compute in float.
enum Types : uint8_t { kFloats = 1, kInts = 2, kBools = 4, kNumbers = 3, kAny = 7 };
// Where the op's samples lie (tests) and roughly how many additions one element costs (threading).
struct Domain { double low = -2, high = 2; bool smooth = true; };

template <class O> struct Elementwise {
  static constexpr bool broadcasts = true;
  static constexpr bool answers_bool = false, first_is_bool = false;
  static constexpr Keep keep = kNothing;
  static constexpr Types types = kFloats;
  static constexpr Domain domain{};
  static constexpr int cost = 1;
  static constexpr int arity = 1;
  Spec infer(Inputs in) const { return float_spec(O::name, in); }
};
template <class O> struct Binary : Elementwise<O> {
  static constexpr int arity = 2;
  static constexpr Types types = kNumbers;
  Spec infer(Inputs in) const { return arithmetic_spec(O::name, in, bool(O::types & kBools)); }
};
template <class O> struct FloatBinary : Elementwise<O> { static constexpr int arity = 2; };
template <class O> struct Comparison : Binary<O> {
  static constexpr Types types = kAny;
  static constexpr bool answers_bool = true;
  Spec infer(Inputs in) const { return bool_spec(O::name, in); }
  Grads vjp(const Vjp&) const { return {}; }
};
template <class O> struct Test : Elementwise<O> {  // float -> bool
  static constexpr bool answers_bool = true;
  Spec infer(Inputs in) const { return bool_spec(O::name, in); }
  Grads vjp(const Vjp&) const { return {}; }
};

// `x OP y` for tensors and numbers in any combination.
template <class O> Tensor combine(const O& op, const Operand& a, const Operand& b) {
  if (a.tensor && b.tensor) return apply(op, *a.tensor, *b.tensor, a.where);
  if (a.tensor) return apply(op, *a.tensor, b.like(*a.tensor), a.where);
  if (b.tensor) return apply(op, a.like(*b.tensor), *b.tensor, a.where);
  throw Error(std::string(O::name) + ": needs a tensor");
}



#define REEL_W Where where = {}

// --- arithmetic ---------------------------------------------------------------------------------------------------------------

struct Add : Binary<Add> {
  static constexpr const char* name = "add";
  static constexpr Types types = kAny;
  template <class T> REEL_HD T value(T a, T b) const { return T(a + b); }
  Grads vjp(const Vjp& v) const { return {v.gy(), v.gy()}; }
};
inline Tensor operator+(Operand a, Operand b) { return combine(Add{}, a, b); }
inline Tensor add(Operand a, Operand b) { return combine(Add{}, a, b); }

struct Neg : Elementwise<Neg> {
  static constexpr const char* name = "negative";
  static constexpr Types types = kNumbers;
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return T(-x); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor operator-(Operand x) { return apply(Neg{}, *x.tensor, x.where); }
inline Tensor negative(const Tensor& x, REEL_W) { return apply(Neg{}, x, where); }
inline Grads Neg::vjp(const Vjp& v) const { return {-v.gy()}; }

struct Sub : Binary<Sub> {
  static constexpr const char* name = "subtract";
  template <class T> REEL_HD T value(T a, T b) const { return T(a - b); }
  Grads vjp(const Vjp& v) const { return {v.gy(), v.needs(1) ? -v.gy() : Tensor{}}; }
};
inline Tensor operator-(Operand a, Operand b) { return combine(Sub{}, a, b); }
inline Tensor subtract(Operand a, Operand b) { return combine(Sub{}, a, b); }

struct Mul : Binary<Mul> {
  static constexpr const char* name = "multiply";
  static constexpr Keep keep = kCross;
  static constexpr Types types = kAny;
  template <class T> REEL_HD T value(T a, T b) const { return T(a * b); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor operator*(Operand a, Operand b) { return combine(Mul{}, a, b); }
inline Tensor multiply(Operand a, Operand b) { return combine(Mul{}, a, b); }
inline Grads Mul::vjp(const Vjp& v) const { return {v.needs(0) ? v.gy() * v.in(1) : Tensor{}, v.needs(1) ? v.gy() * v.in(0) : Tensor{}}; }

// gy * factor, exactly zero where gy is zero: keeps 0 * inf out of the gradients of functions with a limited domain.
struct GatedMul : FloatBinary<GatedMul> {
  static constexpr const char* name = "gated_multiply";
  static constexpr Keep keep = kCross;
  template <class T> REEL_HD T value(T g, T f) const { return g == T(0) ? T(0) : g * f; }
  Grads vjp(const Vjp& v) const;
};
inline Tensor gated_multiply(const Tensor& gy, const Tensor& factor, REEL_W) { return apply(GatedMul{}, gy, factor, where); }
inline Grads GatedMul::vjp(const Vjp& v) const {
  return {v.needs(0) ? gated_multiply(v.gy(), v.in(1)) : Tensor{}, v.needs(1) ? v.gy() * v.in(0) : Tensor{}};
}

struct Reciprocal : Elementwise<Reciprocal> {
  static constexpr const char* name = "reciprocal";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.3, 3};
  template <class T> REEL_HD T value(T x) const { return T(1) / x; }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), -(v.out() * v.out()))}; }
};
inline Tensor reciprocal(const Tensor& x, REEL_W) { return apply(Reciprocal{}, x, where); }

// True division: integers give float32.
struct Div : FloatBinary<Div> {
  static constexpr const char* name = "divide";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.3, 3};
  template <class T> REEL_HD T value(T a, T b) const { return a / b; }
  Grads vjp(const Vjp& v) const;
};
inline Tensor operator/(Operand a, Operand b) { return combine(Div{}, a, b); }
inline Tensor divide(Operand a, Operand b) { return combine(Div{}, a, b); }
inline Grads Div::vjp(const Vjp& v) const {
  Tensor r = reciprocal(v.in(1));
  return {v.needs(0) ? gated_multiply(v.gy(), r) : Tensor{}, v.needs(1) ? gated_multiply(-v.gy(), v.in(0) * r * r) : Tensor{}};
}

// x = x OP y in x's own memory; x keeps its shape and dtype, so y must broadcast to it and not be of a higher kind (ints += 0.5
// throws). While recording a recorded x goes on with the new history, and whoever saved the old values notices in backward; a variable
// or a view of recorded values is refused: gradients could not follow. Indexing expressions work too: x[2] *= 3.
Tensor& operator+=(Tensor& x, Operand y);
Tensor& operator-=(Tensor& x, Operand y);
Tensor& operator*=(Tensor& x, Operand y);
Tensor& operator/=(Tensor& x, Operand y);
inline void operator+=(Tensor&& x, Operand y) { x += y; }
inline void operator-=(Tensor&& x, Operand y) { x -= y; }
inline void operator*=(Tensor&& x, Operand y) { x *= y; }
inline void operator/=(Tensor&& x, Operand y) { x /= y; }

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
  template <class T> REEL_HD T value(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      T r = math::fmod(a, b);
      return r != T(0) && ((r < T(0)) != (b < T(0))) ? r + b : r;
    } else if constexpr (std::is_signed_v<T>) {
      if (b == 0 || b == -1) return 0;
      T r = T(a % b);
      return T(r != 0 && ((r < 0) != (b < 0)) ? r + b : r);
    } else return b == 0 ? T(0) : T(a % b);
  }
  Grads vjp(const Vjp& v) const { return {v.gy(), v.needs(1) ? -v.gy() * floor_divide(v.in(0), v.in(1)) : Tensor{}}; }
};
Tensor remainder(Operand a, Operand b);
inline Tensor operator%(Operand a, Operand b) { return remainder(a, b); }

Tensor log(const Tensor& x, Where where);
Tensor where(const Tensor& condition, Operand a, Operand b);

// x to the power y; an integer to a negative power throws. pow(x, 0) is 1 with gradient 0, also at 0.
struct Pow : Binary<Pow> {
  static constexpr const char* name = "power";
  static constexpr Keep keep = kIn | kOut;
  static constexpr Domain domain{0.3, 2};
  static constexpr int cost = 40;
  template <class T> REEL_HD T value(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return math::pow(a, b);
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

struct Atan2 : FloatBinary<Atan2> {
  static constexpr const char* name = "arctan2";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 2};
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T a, T b) const { return math::atan2(a, b); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.in(0), x = v.in(1), r = reciprocal(x * x + y * y);
    return {gated_multiply(v.gy(), x * r), gated_multiply(-v.gy(), y * r)};
  }
};
inline Tensor arctan2(Operand y, Operand x) { return combine(Atan2{}, y, x); }

// --- comparisons and logic: the answer is bool ----------------------------------------------------------------------------------

#define REEL_COMPARISON(Op, fn, sign)                                                 \
  struct Op : Comparison<Op> {                                                        \
    static constexpr const char* name = #fn;                                          \
    template <class T> REEL_HD bool value(T a, T b) const { return a sign b; }        \
  };                                                                                  \
  inline Tensor operator sign(Operand a, Operand b) { return combine(Op{}, a, b); }   \
  inline Tensor fn(Operand a, Operand b) { return combine(Op{}, a, b); }
REEL_COMPARISON(Less, less, <)
REEL_COMPARISON(LessEqual, less_equal, <=)
REEL_COMPARISON(Greater, greater, >)
REEL_COMPARISON(GreaterEqual, greater_equal, >=)
REEL_COMPARISON(Equal, equal, ==)
REEL_COMPARISON(NotEqual, not_equal, !=)
#undef REEL_COMPARISON

struct LogicalAnd : Comparison<LogicalAnd> {
  static constexpr const char* name = "logical_and";
  template <class T> REEL_HD bool value(T a, T b) const { return (a != T(0)) & (b != T(0)); }
};
inline Tensor logical_and(Operand a, Operand b) { return combine(LogicalAnd{}, a, b); }
struct LogicalOr : Comparison<LogicalOr> {
  static constexpr const char* name = "logical_or";
  template <class T> REEL_HD bool value(T a, T b) const { return (a != T(0)) | (b != T(0)); }
};
inline Tensor logical_or(Operand a, Operand b) { return combine(LogicalOr{}, a, b); }
struct LogicalNot : Test<LogicalNot> {
  static constexpr const char* name = "logical_not";
  static constexpr Types types = kAny;
  template <class T> REEL_HD bool value(T x) const { return x == T(0); }
};
inline Tensor logical_not(const Tensor& x, REEL_W) { return apply(LogicalNot{}, x, where); }
struct IsNan : Test<IsNan> {
  static constexpr const char* name = "isnan";
  static constexpr Types types = kAny;
  template <class T> REEL_HD bool value(T x) const { return x != x; }
};
inline Tensor isnan(const Tensor& x, REEL_W) { return apply(IsNan{}, x, where); }
struct IsFinite : Test<IsFinite> {
  static constexpr const char* name = "isfinite";
  static constexpr Types types = kAny;
  template <class T> REEL_HD bool value(T x) const {
    if constexpr (std::is_floating_point_v<T>) return math::abs(x) <= std::numeric_limits<T>::max();
    else return true;
  }
};
inline Tensor isfinite(const Tensor& x, REEL_W) { return apply(IsFinite{}, x, where); }

// condition ? a : b, element by element.
struct Where3 : Elementwise<Where3> {
  static constexpr const char* name = "where";
  static constexpr Keep keep = kIn0;
  static constexpr Types types = kAny;
  static constexpr int arity = 3;
  static constexpr bool first_is_bool = true;
  Spec infer(Inputs in) const;
  template <class T> REEL_HD T value(bool c, T a, T b) const { return c ? a : b; }
  Grads vjp(const Vjp& v) const {
    return {Tensor{}, v.needs(1) ? reel::where(v.in(0), v.gy(), 0) : Tensor{}, v.needs(2) ? reel::where(v.in(0), 0, v.gy()) : Tensor{}};
  }
};

// --- functions ----------------------------------------------------------------------------------------------------------------

struct Abs : Elementwise<Abs> {
  static constexpr const char* name = "abs";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kNumbers;
  static constexpr Domain domain{0.2, 2};
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return math::abs(x); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor abs(const Tensor& x, REEL_W) { return apply(Abs{}, x, where); }
// -1, 0 or 1; NaN stays.
struct Sign : Elementwise<Sign> {
  static constexpr const char* name = "sign";
  static constexpr Types types = kNumbers;
  static constexpr Domain domain{0.2, 2};
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return x > T(0) ? T(1) : x < T(0) ? T(-1) : x == x ? T(0) : x; }
  Grads vjp(const Vjp& v) const { return {zeros_like(v.gy(), {})}; }
};
inline Tensor sign(const Tensor& x, REEL_W) { return apply(Sign{}, x, where); }
inline Grads Abs::vjp(const Vjp& v) const { return {v.gy() * sign(v.in(0))}; }

struct Square : Elementwise<Square> {
  static constexpr const char* name = "square";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kNumbers;
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const { return T(x * x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (2 * v.in(0))}; }
};
inline Tensor square(const Tensor& x, REEL_W) { return apply(Square{}, x, where); }

struct Sqrt : Elementwise<Sqrt> {
  static constexpr const char* name = "sqrt";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.2, 3};
  template <class T> REEL_HD T value(T x) const { return math::sqrt(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), 0.5 / v.out())}; }
};
inline Tensor sqrt(const Tensor& x, REEL_W) { return apply(Sqrt{}, x, where); }
struct Rsqrt : Elementwise<Rsqrt> {
  static constexpr const char* name = "rsqrt";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{0.3, 3};
  template <class T> REEL_HD T value(T x) const { return T(1) / math::sqrt(x); }
  Grads vjp(const Vjp& v) const {
    Tensor y = v.out();
    return {gated_multiply(v.gy(), -0.5 * y * y * y)};
  }
};
inline Tensor rsqrt(const Tensor& x, REEL_W) { return apply(Rsqrt{}, x, where); }

struct Exp : Elementwise<Exp> {
  static constexpr const char* name = "exp";
  static constexpr Keep keep = kOut;
  static constexpr int cost = 4;
  template <class T> REEL_HD T value(T x) const { return math::exp(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * v.out()}; }
};
inline Tensor exp(const Tensor& x, REEL_W) { return apply(Exp{}, x, where); }
struct Expm1 : Elementwise<Expm1> {
  static constexpr const char* name = "expm1";
  static constexpr Keep keep = kOut;
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T x) const { return math::expm1(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (v.out() + 1)}; }
};
inline Tensor expm1(const Tensor& x, REEL_W) { return apply(Expm1{}, x, where); }
struct Log : Elementwise<Log> {
  static constexpr const char* name = "log";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{0.2, 3};
  static constexpr int cost = 5;
  template <class T> REEL_HD T value(T x) const { return math::log(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), reciprocal(v.in(0)))}; }
};
inline Tensor log(const Tensor& x, Where where = {}) { return apply(Log{}, x, where); }
struct Log1p : Elementwise<Log1p> {
  static constexpr const char* name = "log1p";
  static constexpr Keep keep = kIn;
  static constexpr Domain domain{-0.5, 3};
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T x) const { return math::log1p(x); }
  Grads vjp(const Vjp& v) const { return {gated_multiply(v.gy(), reciprocal(v.in(0) + 1))}; }
};
inline Tensor log1p(const Tensor& x, REEL_W) { return apply(Log1p{}, x, where); }

struct Cos;
struct Sin : Elementwise<Sin> {
  static constexpr const char* name = "sin";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 15;
  template <class T> REEL_HD T value(T x) const { return math::sin(x); }
  Grads vjp(const Vjp& v) const;
};
inline Tensor sin(const Tensor& x, REEL_W) { return apply(Sin{}, x, where); }
struct Cos : Elementwise<Cos> {
  static constexpr const char* name = "cos";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 15;
  template <class T> REEL_HD T value(T x) const { return math::cos(x); }
  Grads vjp(const Vjp& v) const { return {-v.gy() * sin(v.in(0))}; }
};
inline Tensor cos(const Tensor& x, REEL_W) { return apply(Cos{}, x, where); }
inline Grads Sin::vjp(const Vjp& v) const { return {v.gy() * cos(v.in(0))}; }
struct Tan : Elementwise<Tan> {
  static constexpr const char* name = "tan";
  static constexpr Keep keep = kOut;
  static constexpr Domain domain{-1, 1};
  static constexpr int cost = 20;
  template <class T> REEL_HD T value(T x) const { return math::tan(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (1 + square(v.out()))}; }
};
inline Tensor tan(const Tensor& x, REEL_W) { return apply(Tan{}, x, where); }
struct Atan : Elementwise<Atan> {
  static constexpr const char* name = "arctan";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 15;
  template <class T> REEL_HD T value(T x) const { return math::atan(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() / (1 + square(v.in(0)))}; }
};
inline Tensor arctan(const Tensor& x, REEL_W) { return apply(Atan{}, x, where); }
struct Erf : Elementwise<Erf> {
  static constexpr const char* name = "erf";
  static constexpr Keep keep = kIn;
  static constexpr int cost = 10;
  template <class T> REEL_HD T value(T x) const { return math::erf(x); }
  Grads vjp(const Vjp& v) const { return {v.gy() * (1.1283791670955126 * exp(-square(v.in(0))))}; }
};
inline Tensor erf(const Tensor& x, REEL_W) { return apply(Erf{}, x, where); }

// Half to even, as NumPy; integers pass unchanged.
#define REEL_ROUNDING(Op, fn, how)                                                              \
  struct Op : Elementwise<Op> {                                                                 \
    static constexpr const char* name = #fn;                                                    \
    static constexpr Types types = kNumbers;                                                    \
    static constexpr Domain domain{0.2, 0.4, false};                                            \
    Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }                    \
    template <class T> REEL_HD T value(T x) const {                                             \
      if constexpr (std::is_floating_point_v<T>) return math::how(x);                           \
      else return x;                                                                            \
    }                                                                                           \
    Grads vjp(const Vjp& v) const { return {zeros_like(v.gy(), {})}; }                          \
  };                                                                                            \
  inline Tensor fn(const Tensor& x, REEL_W) { return apply(Op{}, x, where); }
REEL_ROUNDING(Floor, floor, floor)
REEL_ROUNDING(Ceil, ceil, ceil)
REEL_ROUNDING(Trunc, trunc, trunc)
REEL_ROUNDING(Round, round, rint)
#undef REEL_ROUNDING

// Clips to [low, high]; the gradient is 1 on the closed interval. low > high gives high, NaN stays.
struct Clip : Elementwise<Clip> {
  static constexpr const char* name = "clip";
  static constexpr Keep keep = kIn;
  static constexpr Types types = kNumbers;
  static constexpr Domain domain{-0.9, 0.9};
  double low = -1, high = 1;
  Spec infer(Inputs in) const { return arithmetic_spec(name, in, false); }
  template <class T> REEL_HD T value(T x) const {
    T from = math::saturated<T>(low), to = math::saturated<T>(high);
    return x < from ? (from > to ? to : from) : x > to ? to : x;
  }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0);
    return {reel::where(logical_and(x >= low, x <= high), v.gy(), 0)};
  }
  std::string attributes() const { return "low=" + std::to_string(low) + " high=" + std::to_string(high); }
};
inline Tensor clip(const Tensor& x, double low, double high, REEL_W) {
  Clip op;
  op.low = low, op.high = high;
  return apply(op, x, where);
}

}  // namespace reel
