// NumPy's rendering of tensors.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "tensor/ops/copy.h"
#include "tensor/mode.h"
#include "tensor/tensor.h"

namespace reel {
namespace {

constexpr int64_t kSummarise = 1000;
constexpr int64_t kEdge = 3;
constexpr int kPrecision = 8;
constexpr int kLineWidth = 75;

// The shortest decimal that reads back as the same value of its dtype, at most kPrecision digits after the point.
std::string shortest(double v, DType t, bool scientific) {
  auto stored = [t](double x) {
    return t == DType::kF64 ? x : t == DType::kF16 ? float(Half(float(x))) : t == DType::kBF16 ? float(BFloat16(float(x))) : float(x);
  };
  char text[64];
  for (int digits = 0; digits <= kPrecision; ++digits) {
    std::snprintf(text, sizeof text, scientific ? "%.*e" : "%.*f", digits, v);
    if (stored(std::strtod(text, nullptr)) == v) break;
  }
  return text;
}

// How floats of one tensor, or one part of complex ones, are written: points below each other.
struct FloatFormat {
  DType dtype;
  bool signs = false;  // a plus sign before what is not negative
  bool scientific = false;
  size_t whole = 0, fraction = 0;  // characters up to the point with it, and behind it
  size_t width = 0;

  std::string text(double v) const {
    std::string sign = std::signbit(v) && !std::isnan(v) ? "-" : signs ? "+" : "";
    if (std::isnan(v)) return sign + "nan";
    if (std::isinf(v)) return sign + "inf";
    std::string s = shortest(std::fabs(v), dtype, scientific);
    if (s.find('.') == std::string::npos) {
      size_t e = s.find('e');
      s.insert(e == std::string::npos ? s.size() : e, ".");
    }
    return sign + s;
  }
  // `each` calls its argument with every shown value.
  template <class Each> void measure(Each each) {
    double largest = 0, smallest = INFINITY;
    each([&](double given) {
      double v = std::fabs(given);
      if (v > 0 && std::isfinite(v)) largest = std::max(largest, v), smallest = std::min(smallest, v);
    });
    scientific = largest >= 1e8 || (largest > 0 && (smallest < 1e-4 || largest / smallest > 1000 * 1e5));
    each([&](double v) {
      std::string s = text(v);
      size_t point = s.find('.');
      if (!scientific && point != std::string::npos) {
        fraction = std::max(fraction, s.size() - point - 1);
        whole = std::max(whole, point + 1);
      } else {
        width = std::max(width, s.size());
      }
    });
    if (whole) width = std::max(width, whole + fraction);
  }
  // The text with `suffix` after its last digit, padded on both sides.
  std::string padded(double v, const char* suffix = "") const {
    std::string s = text(v);
    size_t point = s.find('.'), right = !scientific && point != std::string::npos ? fraction - (s.size() - point - 1) : 0;
    size_t left = s.size() + right < width ? width - s.size() - right : 0;
    return std::string(left, ' ') + s + suffix + std::string(right, ' ');
  }
};

struct Printer {
  Tensor x;  // host, contiguous
  bool summarised;
  size_t width = 0;
  FloatFormat real, imaginary;

  Complex128 value(int64_t i) const {
    return visit_any(x.dtype(), [&]<class T>(T*) -> Complex128 {
      T v = x.raw<const T>()[i];
      if constexpr (is_complex_type<T>) return {v.re, v.im};
      else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) return double(float(v));
      else return double(v);
    });
  }
  std::string number(int64_t i) const {
    if (x.dtype() == DType::kBool) return x.raw<const bool>()[i] ? "True" : "False";
    return std::to_string(visit(x.dtype(), [&]<class T>(T*) -> int64_t {
      if constexpr (std::is_integral_v<T>) return int64_t(x.raw<const T>()[i]);
      else return 0;
    }));
  }
  std::string padded(int64_t i) const {
    if (is_complex(x.dtype())) {
      Complex128 v = value(i);
      return real.padded(v.re) + imaginary.padded(v.im, "j");
    }
    if (is_floating(x.dtype())) return real.padded(value(i).re);
    std::string s = number(i);
    return s.size() < width ? std::string(width - s.size(), ' ') + s : s;
  }
  template <class F> void each_shown(int axis, int64_t offset, F&& f) const {
    int64_t n = axis < x.rank() ? x.shape()[axis] : 0;
    if (axis == x.rank()) return f(offset);
    int64_t step = 1;
    for (int i = axis + 1; i < x.rank(); ++i) step *= x.shape()[i];
    for (int64_t i = 0; i < n; ++i) {
      if (summarised && n > 2 * kEdge && i == kEdge) i = n - kEdge;
      each_shown(axis + 1, offset + i * step, f);
    }
  }
  void measure() {
    real.dtype = imaginary.dtype = part_dtype(x.dtype());
    imaginary.signs = true;
    if (is_inexact(x.dtype())) real.measure([&](auto f) { each_shown(0, 0, [&](int64_t i) { f(value(i).re); }); });
    if (is_complex(x.dtype())) imaginary.measure([&](auto f) { each_shown(0, 0, [&](int64_t i) { f(value(i).im); }); });
    if (is_complex(x.dtype())) width = real.width + imaginary.width + 1;
    else if (is_floating(x.dtype())) width = real.width;
    else each_shown(0, 0, [&](int64_t i) { width = std::max(width, number(i).size()); });
  }
  void write(std::string& s, int axis, int64_t offset, int indent) const {
    if (axis == x.rank()) {
      s += padded(offset);
      return;
    }
    int64_t n = x.shape()[axis], step = 1;
    for (int i = axis + 1; i < x.rank(); ++i) step *= x.shape()[i];
    bool innermost = axis == x.rank() - 1, cut = summarised && n > 2 * kEdge;
    s += '[';
    size_t line = s.size() - (s.rfind('\n') + 1);
    for (int64_t i = 0; i < n; ++i) {
      if (i) {
        if (!innermost) s.append(size_t(x.rank() - axis - 1), '\n').append(size_t(indent + 1), ' ');
        else s += ' ';
      }
      if (cut && i == kEdge) {
        s += "...";
        if (!innermost) s.append(size_t(x.rank() - axis - 1), '\n').append(size_t(indent + 1), ' ');
        else s += ' ';
        i = n - kEdge;
      }
      if (innermost) {
        size_t used = s.size() - (s.rfind('\n') + 1);
        if (used + width > size_t(kLineWidth) && used > line) {
          while (!s.empty() && s.back() == ' ') s.pop_back();
          s += '\n';
          s.append(size_t(indent + 1), ' ');
        }
      }
      write(s, axis + 1, offset + i * step, indent + 1);
    }
    s += ']';
  }
};

}  // namespace

std::string to_string(const Tensor& x) {
  if (!x) return "Tensor()";
  if (x.device() == traced()) return "<traced " + std::string(name(x.dtype())) + to_string(x.shape()) + ">";
  if (x.device() == symbolic()) return "<symbolic " + std::string(name(x.dtype())) + to_string(x.shape()) + ">";
  if (x.size() == 0) return "[]";
  NoGrad no_grad;
  Printer p{contiguous(to(detach(x), cpu())), x.size() > kSummarise, 0, {}, {}};
  p.measure();
  std::string s;
  p.write(s, 0, 0, 0);
  return s;
}

std::string to_string(const Scalar& number) {
  if (number.kind == Scalar::Kind::kInt) return std::to_string(number.i);
  if (number.kind == Scalar::Kind::kBool) return number.i ? "True" : "False";
  FloatFormat real{float64}, imaginary{float64, true};
  Complex128 z = number.as_complex();
  return number.kind == Scalar::Kind::kComplex ? real.text(z.re) + imaginary.text(z.im) + "j" : real.text(z.re);
}

void print(const Tensor& x) { std::printf("%s\n", to_string(x).c_str()); }

}  // namespace reel
