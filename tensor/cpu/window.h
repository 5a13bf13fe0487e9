#pragma once
// A window that slides over the rows and columns of an image, with every number resolved.
#include <cstdint>

namespace reel {

// One axis: `out` windows start at -before, stride apart, and look at `size` of the n cells, `dilation` apart.
struct WindowAxis {
  int64_t n, size, stride, dilation, before, after, out;
  int64_t extent() const { return (size - 1) * dilation + 1; }
};
struct Window {
  WindowAxis y, x;
};

}  // namespace reel
