#include "tensor/cpu/winograd.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "tensor/cpu/conv_parts.h"
#include "tensor/cpu/gemm_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/winograd_loops.h"
#include "tensor/parallel.h"

namespace reel {

WinogradLoops winograd_loops;
REEL_LEVELS(winograd_loops)

namespace {

const bool installed = install_winograd_loops();

bool three(const WindowAxis& a) { return a.size == 3 && a.stride == 1; }
bool does(const ConvShape& s) {
  constexpr int64_t kLeast = 16 * 32, kMost = 1 << 18;  // weights of a tap: of fewer, the transforms take longer; of more, they leave the caches
  bool fits = s.groups == 1 && three(s.window.y) && three(s.window.x) && s.channels % kWinogradLanes == 0 &&
              s.filters % kWinogradLanes == 0 && s.channels * s.filters >= kLeast && s.channels * s.filters <= kMost;
  // In multiplications of a weight: 16 for a tile, and transforming it takes as long as kTransform; those of oneDNN's kernels are faster.
  constexpr double kTransform = 2000, kFaster = 0.85;
  double n = double(s.n), pixels = n * double(s.window.y.out * s.window.x.out), tiles = n * double(winograd_tiles(s.window.y) * winograd_tiles(s.window.x));
  return fits && 16 * tiles + kTransform < kFaster * 9 * pixels;
}

FloatBuffer transformed(const ConvShape& s, const float* w) {
  FloatBuffer matrices(winograd_loops.matrices_size(s));
  parallel_for(s.channels, std::max<int64_t>(1, (1 << 13) / s.filters), [&](int64_t begin, int64_t end) {
    winograd_loops.weights(s, begin, end, w, matrices.data());
  });
  return matrices;
}
bool run(const ConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  const FloatBuffer matrices = transformed(s, w);
  std::atomic<bool> finite{true};
  each_part(Parts(s), [&](const Part& part, int64_t) {
    FloatBuffer room(winograd_loops.forward_room(part.shape));
    if (!winograd_loops.forward(part.shape, x + part.x, matrices.data(), bias, y + part.y, room.data())) finite = false;
  });
  return finite;
}

}  // namespace

bool winograd_forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  return does(s) && run(s, x, w, bias, y);
}
bool winograd_input_grad(const ConvShape& s, const float* gy, const float* w, const float* bias, float* gx) {
  return does(s) && turns(s) && run(turned(s), gy, turned_weights(s, w).data(), bias, gx);
}
bool winograd_kernel_grad(const ConvShape& s, const float* x, const float* gy, const Partials& partials) {
  if (!does(s)) return false;
  each_part(partials.parts, [&](const Part& part, int64_t i) {
    FloatBuffer room(winograd_loops.kernel_grad_room(part.shape));
    winograd_loops.kernel_grad(part.shape, x + part.x, gy + part.y, partials.of(i), room.data());
  });
  partials.add_up();
  return std::all_of(partials.of(0), partials.of(0) + s.weights(), [](float v) { return std::isfinite(v); });
}

}  // namespace reel
