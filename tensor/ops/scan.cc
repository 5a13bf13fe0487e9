#include "tensor/ops/scan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "tensor/complex.h"
#include "tensor/cpu/wide.h"
#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/index.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 32768;

int checked_axis(const char* op, int axis, const Tensor& x) {
  const Tensor* in[] = {&x};
  return normalize_axis(op, axis, held(op, x, {}).rank(), Inputs(in, 1));
}

// x around one axis, and a walk along it: f(offset of the line's first element) for every line.
struct Lines {
  int64_t outer = 1, n, inner = 1;
  Lines(const Shape& s, int axis) : n(s[axis]) {
    for (int i = 0; i < axis; ++i) outer *= s[i];
    for (int i = axis + 1; i < s.rank(); ++i) inner *= s[i];
  }
  // f(at, previous, begin, end): the elements [at + begin, at + end) follow those at `previous`, which is -1 for the first.
  template <class F> void each(bool reverse, F&& f) const {
    if (n == 0) return;
    parallel_for(outer * inner, std::max<int64_t>(1, kWork / n), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin / inner; o * inner < end; ++o) {
        int64_t first = std::max(begin - o * inner, int64_t(0)), last = std::min(end - o * inner, inner);
        for (int64_t k = 0; k < n; ++k) {
          int64_t i = reverse ? n - 1 - k : k, at = (o * n + i) * inner;
          f(at, k == 0 ? -1 : at + (reverse ? inner : -inner), first, last, i);
        }
      }
    });
  }
};

Spec accumulated(Inputs in) {
  DType t = in[0].dtype();
  t = is_inexact(t) ? t : int64;
  return {in[0].shape(), t, t};
}
Spec of_floats(const char* op, Inputs in) {
  DType t = in[0].dtype();
  for (int i = 1; i < in.size(); ++i) t = promote(t, in[i].dtype());
  if (!is_inexact(t)) t = float32;
  for (int i = 1; i < in.size(); ++i)
    if (!(in[i].shape() == in[0].shape())) fail(op, "shapes differ", in);
  return {in[0].shape(), t, t};
}

// Runs f(const T* in..., T* out) in the accumulating dtype.
template <class F> void widely(Inputs in, const Tensor& out, F&& f) {
  NoGrad no_grad;
  if (out.size() == 0) return;
  DType t = out.dtype(), through = t == float16 || t == bfloat16 ? float32 : t;
  Tensors x;
  for (int i = 0; i < in.size(); ++i) x.push_back(contiguous(cast(in[i], through)));
  Tensor result = through == t ? out : Tensor(new_body(out.shape(), through, cpu(), {}));
  visit_any(through, [&]<class T>(T*) {
    if constexpr (is_complex_type<T> || (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)) f(x[0].raw<const T>(), x.back().raw<const T>(), result.raw<T>());
  });
  if (through != t) assign(detach(out), result);
}

// The sums along one line whose elements are `step` apart, 1 or -1: eight at a time, so that only their totals wait for each other. Floats
// add up in double, which no other summation order needs to make up for.
template <class T> void sum_line(const T* x, T* y, int64_t n, int64_t step) {
  using Sum = std::conditional_t<std::is_same_v<T, float>, double, std::conditional_t<std::is_same_v<T, Complex64>, Complex128, T>>;
  constexpr int64_t kStep = 8;
  Sum carry = 0;
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    Sum sum[kStep];
    for (int64_t j = 0; j < kStep; ++j) sum[j] = j ? Sum(sum[j - 1] + Sum(x[(i + j) * step])) : Sum(x[i * step]);
    for (int64_t j = 0; j < kStep; ++j) y[(i + j) * step] = T(carry + sum[j]);
    carry = Sum(carry + sum[kStep - 1]);
  }
  for (; i < n; ++i) y[i * step] = T(carry = Sum(carry + Sum(x[i * step])));
}

struct Scan {
  int axis;
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};

struct CumSum : Scan {
  static constexpr const char* name = "cumsum";
  static constexpr Precision precision = kHigh;
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  bool reverse;
  Spec infer(Inputs in) const { return accumulated(in); }
  Grads vjp(const Vjp& v) const { return {apply(CumSum{{axis}, !reverse}, v.gy(), {})}; }
};
REEL_KERNEL(CumSum, kCpu) {
  Lines lines(in[0].shape(), op.axis);
  widely(in, out[0], [&]<class T>(const T* x, const T*, T* y) {
    if (lines.inner == 1) {
      int64_t n = lines.n, first = op.reverse ? n - 1 : 0;
      return parallel_for(lines.outer, std::max<int64_t>(1, kWork / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o) sum_line(x + o * n + first, y + o * n + first, n, op.reverse ? -1 : 1);
      });
    }
    lines.each(op.reverse, [&](int64_t at, int64_t before, int64_t begin, int64_t end, int64_t) {
      if (before < 0) std::copy(x + at + begin, x + at + end, y + at + begin);
      else
        for (int64_t k = begin; k < end; ++k) y[at + k] = T(y[before + k] + x[at + k]);
    });
  });
}

// Element i of x moved to i + 1 (or i - 1), `fill` coming in at the end.
Tensor shifted(const Tensor& x, int axis, bool forward, double fill) {
  Shape edge = x.shape();
  if (edge[axis] == 0) return x;
  edge[axis] = 1;
  Tensor in = broadcast_to(full({}, fill, x.dtype(), x.device()), edge), rest = slice_axis(x, axis, forward ? 0 : 1, x.shape()[axis] - 1);
  return forward ? concat({in, rest}, axis) : concat({rest, in}, axis);
}

struct Recurrence : Scan {
  static constexpr const char* name = "linear_recurrence";
  static constexpr Precision precision = kHigh;
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn0 | kOut;
  bool reverse;
  Spec infer(Inputs in) const { return of_floats(name, in); }
  Grads vjp(const Vjp& v) const {
    Tensor gb = apply(Recurrence{{axis}, !reverse}, shifted(conj(v.in(0)), axis, reverse, 0), v.gy(), {});
    return {v.needs(0) ? gb * conj(shifted(v.out(), axis, !reverse, 0)) : Tensor{}, gb};
  }
};
REEL_KERNEL(Recurrence, kCpu) {
  Lines lines(in[0].shape(), op.axis);
  widely(in, out[0], [&]<class T>(const T* a, const T* b, T* y) {
    lines.each(op.reverse, [&](int64_t at, int64_t before, int64_t begin, int64_t end, int64_t) {
      if (before < 0) std::copy(b + at + begin, b + at + end, y + at + begin);
      else
        for (int64_t k = begin; k < end; ++k) y[at + k] = T(b[at + k] + a[at + k] * y[before + k]);
    });
  });
}

// The products along lines that stand one behind the other, several at a time: each waits for itself only.
template <int lines, class T> void multiply_lines(const T* x, T* y, int64_t n) {
  T product[lines];
  for (int j = 0; j < lines; ++j) product[j] = y[j * n] = x[j * n];
  for (int64_t i = 1; i < n; ++i)
    for (int j = 0; j < lines; ++j) product[j] = y[j * n + i] = T(product[j] * x[j * n + i]);
}

struct CumProd : Scan {
  static constexpr const char* name = "cumprod";
  static constexpr Precision precision = kHigh;
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn | kOut;
  Spec infer(Inputs in) const { return accumulated(in); }
  // x[i] is a factor of y[i], y[i + 1] ...: what stands before it times the sum of gy times what stands after it.
  Grads vjp(const Vjp& v) const {
    Tensor after = apply(Recurrence{{axis}, true}, shifted(conj(v.in(0)), axis, false, 0), v.gy(), {});
    return {conj(shifted(v.out(), axis, true, 1)) * after};
  }
};
REEL_KERNEL(CumProd, kCpu) {
  Lines lines(in[0].shape(), op.axis);
  widely(in, out[0], [&]<class T>(const T* x, const T*, T* y) {
    if (lines.inner == 1) {
      int64_t n = lines.n;
      return parallel_for(lines.outer, std::max<int64_t>(1, kWork / n), [&](int64_t begin, int64_t end) {
        for (; begin + 4 <= end; begin += 4) multiply_lines<4>(x + begin * n, y + begin * n, n);
        for (; begin < end; ++begin) multiply_lines<1>(x + begin * n, y + begin * n, n);
      });
    }
    lines.each(false, [&](int64_t at, int64_t before, int64_t begin, int64_t end, int64_t) {
      if (before < 0) std::copy(x + at + begin, x + at + end, y + at + begin);
      else
        for (int64_t k = begin; k < end; ++k) y[at + k] = T(y[before + k] * x[at + k]);
    });
  });
}

struct LogCumSumExp : Scan {
  static constexpr const char* name = "logcumsumexp";
  static constexpr Precision precision = kHigh;
  static constexpr Keep keep = kIn | kOut;
  Spec infer(Inputs in) const { return of_floats(name, in); }
  // The sum over k >= i of gy[k] exp(x[i] - y[k]), with the factors exp(y[i] - y[i + 1]) <= 1 between neighbours.
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), y = v.out(), next = shifted(y, axis, false, 0);
    Tensor factor = reel::where(y == next, 1, exp(reel::where(y == next, 0, y - next)));
    Tensor after = apply(Recurrence{{axis}, true}, factor, v.gy(), {});
    const double inf = std::numeric_limits<double>::infinity();
    Tensor same = x == y;
    return {after * reel::where(x == -inf, 0, exp(reel::where(same, 0, x - y)))};
  }
};
REEL_KERNEL(LogCumSumExp, kCpu) {
  Lines lines(in[0].shape(), op.axis);
  widely(in, out[0], [&]<class T>(const T* x, const T*, T* y) {
    if constexpr (std::is_floating_point_v<T>)
      lines.each(false, [&](int64_t at, int64_t before, int64_t begin, int64_t end, int64_t) {
        for (int64_t k = begin; k < end; ++k) {
          T b = x[at + k];
          if (before >= 0) {
            T a = y[before + k], top = std::max(a, b), low = std::min(a, b);
            b = a != a || b != b ? a + b : top == low ? top + T(0.6931471805599453) : top + std::log1p(std::exp(low - top));
          }
          y[at + k] = b;
        }
      });
  });
}

template <bool kMax> struct CumExtreme : Scan {
  static constexpr const char* name = kMax ? "cummax" : "cummin";
  static constexpr Keep keep = kOut;
  static constexpr int outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const { return {Spec(in[0].shape(), in[0].dtype()), Spec(in[0].shape(), int64)}; }
  Grads vjp(const Vjp& v) const {
    return {add_along_axis(zeros_like(v.gy()), v.out(1), v.gy(), axis)};
  }
};
using CumMax = CumExtreme<true>;
using CumMin = CumExtreme<false>;
template <bool kMax> void run_extreme(const Tensor& given, int axis, const Tensor& values, const Tensor& indices) {
  if (values.size() == 0) return;
  NoGrad no_grad;
  Lines lines(given.shape(), axis);
  Tensor x = contiguous(given);
  visit(x.dtype(), [&]<class T>(T*) {
    const T* from = x.raw<const T>();
    T* y = values.raw<T>();
    int64_t* found = indices.raw<int64_t>();
    lines.each(false, [&](int64_t at, int64_t before, int64_t begin, int64_t end, int64_t i) {
      for (int64_t k = begin; k < end; ++k) {
        T v = from[at + k];
        bool here = before < 0 || v != v || (kMax ? v >= y[before + k] : v <= y[before + k]);
        y[at + k] = here ? v : y[before + k];
        found[at + k] = here ? i : found[before + k];
      }
    });
  });
}
REEL_KERNEL(CumMax, kCpu) { run_extreme<true>(in[0], op.axis, out[0], out[1]); }
REEL_KERNEL(CumMin, kCpu) { run_extreme<false>(in[0], op.axis, out[0], out[1]); }

}  // namespace

Tensor cumsum(const Tensor& x, int axis, Where where) {
  return formula(where, [&] { return apply(CumSum{{checked_axis("cumsum", axis, x)}, false}, x, {}); });
}
Tensor cumsum(const Tensor& x, Where where) { return cumsum(reshape(x, {-1}, where), 0, where); }
Tensor cumprod(const Tensor& x, int axis, Where where) {
  return formula(where, [&] { return apply(CumProd{{checked_axis("cumprod", axis, x)}}, x, {}); });
}
Tensor cumprod(const Tensor& x, Where where) { return cumprod(reshape(x, {-1}, where), 0, where); }
Ranked cummax(const Tensor& x, int axis, Where where) {
  return formula(where, [&] {
    auto both = apply(CumMax{{checked_axis("cummax", axis, x)}}, x, {});
    return Ranked{both[0], both[1]};
  });
}
Ranked cummin(const Tensor& x, int axis, Where where) {
  return formula(where, [&] {
    auto both = apply(CumMin{{checked_axis("cummin", axis, x)}}, x, {});
    return Ranked{both[0], both[1]};
  });
}
Tensor logcumsumexp(const Tensor& x, int axis, Where where) {
  return formula(where, [&] { return apply(LogCumSumExp{{checked_axis("logcumsumexp", axis, x)}}, x, {}); });
}
Tensor linear_recurrence(const Tensor& a, const Tensor& b, int axis, bool reverse, Where where) {
  return formula(where, [&] { return apply(Recurrence{{checked_axis("linear_recurrence", axis, b)}, reverse}, a, b, {}); });
}

Tensor diff(const Tensor& x, int n, int axis, const Tensor& prepend, const Tensor& append, Where where) {
  return formula(where, [&] {
    int a = checked_axis("diff", axis, x);
    if (n < 0) throw ShapeError("diff: an order of " + std::to_string(n) + "\n  a  " + describe(x));
    // A number is repeated over the other axes.
    auto edge = [&](const Tensor& t) {
      Shape s = x.shape();
      s[a] = 1;
      return t.rank() == 0 ? broadcast_to(t, s) : t;
    };
    Tensor y = x;
    if (n == 0) return y;
    if (prepend) y = concat({edge(prepend), y}, a);
    if (append) y = concat({y, edge(append)}, a);
    for (; n > 0 && y.shape()[a] > 0; --n) {
      int64_t m = y.shape()[a] - 1;
      Tensor later = slice_axis(y, a, 1, m), before = slice_axis(y, a, 0, m);
      y = y.dtype() == boolean ? later != before : later - before;
    }
    return y;
  });
}
Tensor ediff1d(const Tensor& x, const Tensor& to_end, const Tensor& to_begin, Where where) {
  return formula(where, [&] {
    Tensors parts;
    if (to_begin) parts.push_back(cast(reshape(to_begin, {-1}), x.dtype()));
    parts.push_back(diff(reshape(x, {-1}), 1, 0));
    if (to_end) parts.push_back(cast(reshape(to_end, {-1}), x.dtype()));
    return parts.size() == 1 ? parts[0] : concat(parts, 0);
  });
}
namespace {
Tensor floats(const Tensor& x) { return is_inexact(x.dtype()) ? x : cast(x, float32); }
// Means of neighbours along axis; y has at least one element there.
Tensor middles(const Tensor& y, int a) {
  int64_t m = std::max<int64_t>(0, y.shape()[a] - 1);
  Tensor f = floats(y);
  return (slice_axis(f, a, y.shape()[a] - m, m) + slice_axis(f, a, 0, m)) / 2;
}

// The integral of samples dx apart.
struct Trapezoid {
  static constexpr const char* name = "trapezoid";
  static constexpr Keep keep = kShapes;
  static constexpr bool complex = true;
  int axis;
  double dx;
  Spec infer(Inputs in) const {
    Shape s;
    for (int i = 0; i < in[0].rank(); ++i)
      if (i != axis) s.push(in[0].shape()[i]);
    return {s, in[0].dtype()};
  }
  Tensor batch(const Batch& b) const { return apply(Trapezoid{axis + 1, dx}, b.in(0), b.where()); }
  // What a sample counts: half of dx at the ends.
  Grads vjp(const Vjp& v) const {
    Tensor gy = v.gy();
    int64_t n = v.shape(0)[axis];
    Shape line{n};
    for (int i = axis + 1; i < v.shape(0).rank(); ++i) line.push(1);
    std::vector<double> weights(size_t(n), n == 1 ? 0 : dx);
    if (n > 1) weights.front() = weights.back() = dx / 2;
    return {expand_dims(gy, axis) * cast(tensor(weights, line), gy.dtype())};
  }
  std::string attributes() const { return "axis=" + std::to_string(axis) + " dx=" + std::to_string(dx); }
};

// The sum of numbers side by side, in 16 sums of which few are rounded often.
template <class T> double sum_of(const T* x, int64_t n) {
  double total = 0;
  while (n > 0) {
    const int64_t count = std::min<int64_t>(n, 1024), whole = count / 16 * 16;
    T lanes[16] = {};
    for (int64_t i = 0; i < whole; i += 16)
      for (int64_t k = 0; k < 16; ++k) lanes[k] += x[i + k];
    for (int64_t i = whole; i < count; ++i) lanes[i - whole] += x[i];
    for (int64_t half = 8; half > 0; half /= 2)
      for (int64_t k = 0; k < half; ++k) lanes[k] += lanes[k + half];
    total += double(lanes[0]);
    x += count, n -= count;
  }
  return total;
}
constexpr int64_t kPart = 1 << 16, kColumns = 64;  // what a task adds up: so much of a line, or so many lines side by side

// Complex numbers are two real ones side by side.
REEL_KERNEL(Trapezoid, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  DType t = out[0].dtype(), through = t == float16 || t == bfloat16 ? float32 : t;
  Tensor x = contiguous(cast(in[0], through)), y = through == t ? out[0] : Tensor(new_body(out[0].shape(), through, cpu(), {}));
  Lines lines(in[0].shape(), op.axis);
  const int64_t n = lines.n, inner = lines.inner * (is_complex(t) ? 2 : 1);
  visit_wide(through == float64 || through == complex128 ? float64 : float32, [&]<class T>(T) {
    const T* from = x.raw<const T>();
    T* to = y.raw<T>();
    auto integral = [&](const T* line, double inside) { return T((inside + (double(line[0]) + double(line[(n - 1) * inner])) * 0.5) * op.dx); };
    if (n < 2) {
      std::fill(to, to + lines.outer * inner, T(0));
    } else if (inner == 1) {
      const int64_t parts = std::max<int64_t>(1, (n - 2 + kPart - 1) / kPart);
      std::vector<double> sums(size_t(lines.outer * parts));
      parallel_for(lines.outer * parts, std::max<int64_t>(1, kWork / std::min(n, kPart)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          int64_t first = i % parts * kPart;
          sums[size_t(i)] = sum_of(from + i / parts * n + 1 + first, std::min(kPart, n - 2 - first));
        }
      });
      for (int64_t o = 0; o < lines.outer; ++o) {
        double inside = 0;
        for (int64_t i = 0; i < parts; ++i) inside += sums[size_t(o * parts + i)];
        to[o] = integral(from + o * n, inside);
      }
    } else {
      const int64_t blocks = (inner + kColumns - 1) / kColumns;
      parallel_for(lines.outer * blocks, std::max<int64_t>(1, kWork / (n * std::min(inner, kColumns))), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t first = i % blocks * kColumns, width = std::min(kColumns, inner - first);
          const T* column = from + i / blocks * n * inner + first;
          double sums[kColumns] = {};
          for (int64_t k = 1; k + 1 < n; ++k)
            for (int64_t j = 0; j < width; ++j) sums[j] += double(column[k * inner + j]);
          for (int64_t j = 0; j < width; ++j) to[i / blocks * inner + first + j] = integral(column + j, sums[j]);
        }
      });
    }
  });
  if (through != t) assign(detach(out[0]), y);
}

}  // namespace
Tensor trapezoid(const Tensor& y, double dx, int axis, Where where) {
  return formula(where, [&] {
    int a = checked_axis("trapezoid", axis, y);
    return apply(Trapezoid{a, dx}, floats(y), where);
  });
}
Tensor trapezoid(const Tensor& y, const Tensor& x, int axis, Where where) {
  return formula(where, [&] {
    int a = checked_axis("trapezoid", axis, y);
    const Tensor* in[] = {&y, &x};
    bool line = x.rank() == 1;
    if (line ? x.shape()[0] != y.shape()[a] : !(x.shape() == y.shape()))
      fail("trapezoid", "the positions b do not go with axis " + std::to_string(a), Inputs(in, 2));
    Shape s;
    for (int i = 0; i < y.rank(); ++i) s.push(i == a ? x.shape()[0] : 1);
    return sum(middles(y, a) * diff(floats(line ? reshape(x, s) : x), 1, a), a);
  });
}

}  // namespace reel
