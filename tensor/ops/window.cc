#include "tensor/ops/window.h"

#include <algorithm>
#include <cstring>

namespace reel {
namespace {

std::string pair(int64_t h, int64_t w) { return std::to_string(h) + " x " + std::to_string(w); }

WindowAxis resolve_axis(int64_t n, int64_t size, int64_t stride, int64_t dilation, const Padding& p, int64_t before, int64_t after, bool ceil_mode) {
  WindowAxis a{n, size, stride, dilation, before, after, 0};
  if (p.kind == Padding::Kind::kSame) {
    int64_t out = (n + stride - 1) / stride, total = std::max<int64_t>((out - 1) * stride + a.extent() - n, 0);
    a.before = total / 2;
    a.after = total - a.before;
  }
  int64_t room = n + a.before + a.after - a.extent();
  a.out = room < 0 ? 0 : room / stride + 1;
  if (ceil_mode && p.kind != Padding::Kind::kSame && room > -stride && room % stride && a.out * stride < n + a.before) ++a.out;
  return a;
}

}  // namespace

Padding::Padding(const char* name) {
  if (std::strcmp(name, "valid") == 0) kind = Kind::kValid;
  else if (std::strcmp(name, "same") == 0) kind = Kind::kSame;
  else unknown_name("padding", name, {"valid", "same"});
}

Window resolve_window(const char* op, HeightWidth size, HeightWidth strides, HeightWidth dilation, const Padding& p, Inputs in, bool ceil_mode) {
  constexpr int64_t kMost = int64_t(1) << 31;  // keeps every sum below far from overflow
  auto check = [&](const char* what, HeightWidth v) {
    if (v.height < 1 || v.width < 1 || v.height > kMost || v.width > kMost)
      fail(op, std::string(what) + " must be at least 1, got " + pair(v.height, v.width), in);
  };
  if (in[0].rank() != 4) fail(op, "x must be [n, height, width, channels]", in);
  check("the window", size);
  check("strides", strides);
  check("dilation", dilation);
  for (int64_t pad : {p.top, p.bottom, p.left, p.right})
    if (pad < 0 || pad > kMost)
      fail(op, "padding must not be negative, got top " + std::to_string(p.top) + ", bottom " + std::to_string(p.bottom) + ", left " + std::to_string(p.left) +
                   ", right " + std::to_string(p.right), in);
  const Shape& s = in[0].shape();
  Window w{resolve_axis(s[1], size.height, strides.height, dilation.height, p, p.top, p.bottom, ceil_mode),
           resolve_axis(s[2], size.width, strides.width, dilation.width, p, p.left, p.right, ceil_mode)};
  auto padded = [](const WindowAxis& a) { return a.n + a.before + a.after; };
  if (w.y.n == 0 || w.x.n == 0 || w.y.out < 1 || w.x.out < 1)
    fail(op, "the window " + pair(size.height, size.width) +
                 (dilation.height > 1 || dilation.width > 1 ? " (dilated " + pair(w.y.extent(), w.x.extent()) + ")" : "") +
                 " is larger than the padded input " + pair(padded(w.y), padded(w.x)), in);
  return w;
}

std::string to_string(const Window& w) {
  std::string s = "window=" + pair(w.y.size, w.x.size) + " strides=" + pair(w.y.stride, w.x.stride);
  if (w.y.dilation != 1 || w.x.dilation != 1) s += " dilation=" + pair(w.y.dilation, w.x.dilation);
  if (w.y.before + w.y.after + w.x.before + w.x.after)
    s += " padding=" + std::to_string(w.y.before) + "," + std::to_string(w.y.after) + "," + std::to_string(w.x.before) + "," + std::to_string(w.x.after);
  return s;
}

}  // namespace reel
