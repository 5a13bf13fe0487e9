#pragma once
// How a window slides over the two middle axes of an image batch [n, height, width, channels].
#include "tensor/cpu/window.h"
#include "tensor/op.h"

namespace reel {

// One number for both axes, or one each: .strides = 2, .strides = {2, 1}.
struct HeightWidth {
  int64_t height, width;
  constexpr HeightWidth(int64_t both) : height(both), width(both) {}
  constexpr HeightWidth(int64_t h, int64_t w) : height(h), width(w) {}
};

// "valid" (none), "same" (output ceil(n / stride); an odd cell goes to the end, as in Keras), or {top, bottom, left, right}.
struct Padding {
  enum class Kind : uint8_t { kValid, kSame, kExplicit };
  Kind kind = Kind::kValid;
  int64_t top = 0, bottom = 0, left = 0, right = 0;
  Padding(const char* name);  // throws Error listing the names on another one
  Padding(const std::string& name) : Padding(name.c_str()) {}
  Padding(int64_t t, int64_t b, int64_t l, int64_t r) : kind(Kind::kExplicit), top(t), bottom(b), left(l), right(r) {}
};

// Both axes of x, rank 4; throws ShapeError naming op, numbers and operands on a stride, dilation or size below 1, negative padding and a
// window larger than the padded input. With `ceil_mode` the number of windows is rounded up where a further one begins in the image or the
// padding before it (PyTorch's rule), except with "same".
Window resolve_window(const char* op, HeightWidth size, HeightWidth strides, HeightWidth dilation, const Padding& padding, Inputs in,
                      bool ceil_mode = false);
std::string to_string(const Window& window);

}  // namespace reel
