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

struct Printer {
  Tensor x;  // host, contiguous
  bool summarised;
  bool scientific = false;
  size_t width = 0, fraction = 0;

  double value(int64_t i) const {
    return visit(x.dtype(), [&]<class T>(T*) {
      T v = x.raw<const T>()[i];
      if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) return double(float(v));
      else return double(v);
    });
  }
  std::string number(int64_t i) const {
    DType t = x.dtype();
    if (t == DType::kBool) return x.raw<const bool>()[i] ? "True" : "False";
    if (!is_floating(t)) return std::to_string(visit(t, [&]<class T>(T*) -> int64_t { 
        if constexpr (std::is_integral_v<T>) return int64_t(x.raw<const T>()[i]);
        else return 0;
      }));
    double v = value(i);
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    std::string s = shortest(v, t, scientific);
    if (s.find('.') == std::string::npos) {
      size_t e = s.find('e');
      s.insert(e == std::string::npos ? s.size() : e, ".");
    }
    return s;
  }
  std::string padded(int64_t i) const {
    std::string s = number(i);
    size_t point = s.find('.');
    if (!scientific && is_floating(x.dtype()) && point != std::string::npos) s.append(fraction - (s.size() - point - 1), ' ');
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
    if (is_floating(x.dtype())) {
      double largest = 0, smallest = INFINITY;
      each_shown(0, 0, [&](int64_t i) {
        double v = std::fabs(value(i));
        if (v > 0 && std::isfinite(v)) largest = std::max(largest, v), smallest = std::min(smallest, v);
      });
      scientific = largest >= 1e8 || (largest > 0 && (smallest < 1e-4 || largest / smallest > 1000 * 1e5));
    }
    size_t whole = 0;
    each_shown(0, 0, [&](int64_t i) {
      std::string s = number(i);
      size_t point = s.find('.');
      if (!scientific && is_floating(x.dtype()) && point != std::string::npos) {
        fraction = std::max(fraction, s.size() - point - 1);
        whole = std::max(whole, point + 1);
      } else {
        width = std::max(width, s.size());
      }
    });
    if (whole) width = std::max(width, whole + fraction);
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
  Printer p{contiguous(to(detach(x), cpu())), x.size() > kSummarise};
  p.measure();
  std::string s;
  p.write(s, 0, 0, 0);
  return s;
}

void print(const Tensor& x) { std::printf("%s\n", to_string(x).c_str()); }

}  // namespace reel
