#include "tensor/cpu/conv.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <dnnl.hpp>
#include <memory>
#include <unordered_map>
#include <vector>

#include "tensor/cpu/conv_direct.h"
#include "tensor/cpu/conv_loops.h"
#include "tensor/cpu/depthwise_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/parallel.h"
#include "tensor/storage.h"

namespace reel {

ConvLoops conv_loops;
REEL_LEVELS(conv_loops)
DepthwiseLoops depthwise_loops;
REEL_LEVELS(depthwise_loops)

namespace {

const bool installed = install_conv_loops() && install_depthwise_loops();

using dnnl::memory;
enum class Kind : int64_t { kForward, kInputGrad, kKernelGrad };

dnnl::engine& engine() {
  static auto* e = new dnnl::engine(dnnl::engine::kind::cpu, 0);  // outlives every thread's primitives
  return *e;
}

// A compiled convolution for `n` images with its memory descriptors bound; used by the thread that made it.
struct Plan {
  dnnl::stream stream{engine()};
  dnnl::primitive conv, reorder;
  memory x, w, bias, y;  // w in the layout that the primitive likes
  memory plain_w;        // and as it lies in a tensor
  uint64_t used = 0;
};

using Key = std::array<int64_t, 20>;
struct KeyHash {
  size_t operator()(const Key& k) const {
    uint64_t h = 0;
    for (int64_t v : k) h = (h ^ uint64_t(v)) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
    return h;
  }
};

Plan make_plan(Kind kind, const ConvShape& s, bool bias) {
  const WindowAxis &v = s.window.y, &h = s.window.x;
  using D = memory::data_type;
  using Tag = memory::format_tag;
  memory::desc x({s.n, s.channels, v.n, h.n}, D::f32, Tag::nhwc), y({s.n, s.filters, v.out, h.out}, D::f32, Tag::nhwc);
  memory::dims weights{s.filters, s.channels, v.size, h.size};
  if (s.groups > 1) weights = {s.groups, s.filters / s.groups, s.channels / s.groups, v.size, h.size};
  memory::desc any(weights, D::f32, Tag::any), plain(weights, D::f32, s.groups > 1 ? Tag::hwigo : Tag::hwio), b;
  if (bias) b = memory::desc({s.filters}, D::f32, Tag::x);
  memory::dims strides{v.stride, h.stride}, dilation{v.dilation - 1, h.dilation - 1}, before{v.before, h.before}, after{v.after, h.after};
  auto how = dnnl::algorithm::convolution_direct;
  dnnl::convolution_forward::primitive_desc forward({dnnl::prop_kind::forward_training, how, x, any, b, y, strides, dilation, before, after}, engine());
  Plan p;
  p.x = memory(x, engine(), nullptr);
  p.y = memory(y, engine(), nullptr);
  p.plain_w = memory(plain, engine(), nullptr);
  auto bind = [&](const auto& conv, const memory::desc& w) {
    using Primitive = std::conditional_t<std::is_same_v<decltype(conv), const dnnl::convolution_forward::primitive_desc&>, dnnl::convolution_forward,
                                         std::conditional_t<std::is_same_v<decltype(conv), const dnnl::convolution_backward_data::primitive_desc&>,
                                                            dnnl::convolution_backward_data, dnnl::convolution_backward_weights>>;
    p.conv = Primitive(conv);
    p.w = memory(w, engine(), nullptr);
  };
  if (kind == Kind::kForward) {
    bind(forward, forward.weights_desc());
    if (bias) p.bias = memory(b, engine(), nullptr);
  } else if (kind == Kind::kInputGrad) {
    dnnl::convolution_backward_data::primitive_desc d({how, x, any, y, strides, dilation, before, after}, engine(), forward);
    bind(d, d.weights_desc());
  } else {
    dnnl::convolution_backward_weights::primitive_desc d({how, x, any, y, strides, dilation, before, after}, engine(), forward);
    bind(d, d.diff_weights_desc());
  }
  if (p.w.get_desc() != plain) p.reorder = kind == Kind::kKernelGrad ? dnnl::reorder(p.w, p.plain_w) : dnnl::reorder(p.plain_w, p.w);
  return p;
}

// This thread's plan for a shape, the least recently used one of many making room.
Plan& plan_of(Kind kind, const ConvShape& s, bool bias) {
  constexpr size_t kMost = 256;
  thread_local std::unordered_map<Key, Plan, KeyHash> plans;
  thread_local uint64_t clock = 0;
  const WindowAxis &v = s.window.y, &h = s.window.x;
  Key key{int64_t(kind), bias, s.n, s.channels, s.filters, s.groups, v.n, v.size, v.stride, v.dilation, v.before, v.after, v.out,
          h.n, h.size, h.stride, h.dilation, h.before, h.after, h.out};
  auto it = plans.find(key);
  if (it == plans.end()) {
    if (plans.size() >= kMost) {
      auto oldest = plans.begin();
      for (auto p = plans.begin(); p != plans.end(); ++p)
        if (p->second.used < oldest->second.used) oldest = p;
      plans.erase(oldest);
    }
    it = plans.emplace(key, make_plan(kind, s, bias)).first;
  }
  it->second.used = ++clock;
  return it->second;
}

void bind(memory& m, const float* data) { m.set_data_handle(const_cast<float*>(data)); }

// The batch in chunks whose number is a power of two and depends on the shape alone; `most` bounds it.
struct Chunks {
  int64_t step, count;
};
Chunks chunks_of(const ConvShape& s, int64_t most) {
  double flop = 2. * double(s.n) * double(s.window.y.out * s.window.x.out) * double(s.weights());
  int64_t count = 1;
  while (count < 64 && 2 * count <= std::min(s.n, most) && flop / double(2 * count) > 4e6) count *= 2;
  int64_t step = (s.n + count - 1) / count;
  return {step, (s.n + step - 1) / step};
}

struct FloatBuffer {
  explicit FloatBuffer(int64_t n) : storage(host_storage(n * 4)) {}
  ~FloatBuffer() { release(storage); }
  FloatBuffer(const FloatBuffer&) = delete;
  float* data() const { return static_cast<float*>(storage->data); }
  Storage* storage;
};

// The weights once per chunk size in the layout that its primitive likes, shared by all chunks of that size.
std::unique_ptr<FloatBuffer> pack(Plan& p, const float* w) {
  if (!p.reorder) return nullptr;
  auto packed = std::make_unique<FloatBuffer>(int64_t(p.w.get_desc().get_size() / 4));
  bind(p.plain_w, w);
  bind(p.w, packed->data());
  p.reorder.execute(p.stream, {{DNNL_ARG_FROM, p.plain_w}, {DNNL_ARG_TO, p.w}});
  p.stream.wait();
  return packed;
}

// f(plan, images before, number) for every chunk, with the weights w (null: none) bound.
template <class F> void run_chunks(Kind kind, const ConvShape& s, const Chunks& c, const float* w, bool bias, F&& f) {
  auto part = [&](int64_t i) {
    ConvShape p = s;
    p.n = std::min(c.step, s.n - i * c.step);
    return p;
  };
  std::unique_ptr<FloatBuffer> packed[2];  // for whole chunks and for a last, shorter one
  int64_t last = c.count - 1;
  bool uneven = part(last).n != c.step;
  if (w) {
    OneThread guard;
    packed[0] = pack(plan_of(kind, part(0), bias), w);
    if (uneven) packed[1] = pack(plan_of(kind, part(last), bias), w);
  }
  parallel_tasks(c.count, [&](int64_t i) {
    OneThread guard;
    Plan& p = plan_of(kind, part(i), bias);
    const auto& own = packed[uneven && i == last];
    if (w) bind(p.w, own ? own->data() : w);
    f(p, i * c.step, i);
    p.stream.wait();
  });
}

// f(shape, images before, number) for every chunk.
template <class F> void each_chunk(const ConvShape& s, const Chunks& c, F&& f) {
  parallel_tasks(c.count, [&](int64_t i) {
    ConvShape part = s;
    part.n = std::min(c.step, s.n - i * c.step);
    f(part, i * c.step, i);
  });
}

// What the loops lay out anew is at most 64 MiB for a thread, whatever the strides and the padding.
bool modest(const WindowAxis& a) { return a.stride <= 8 && a.before <= 4096 && a.after <= 4096 && a.extent() <= 4096; }
bool modest(const ConvShape& s, int64_t (*room)(const ConvShape&)) {
  return s.groups == 1 && modest(s.window.y) && modest(s.window.x) && room(s) <= 1 << 24;
}
// Shapes for which conv_loops were faster than oneDNN, whose vectors have room for 16 filters or channels: measured from 7 x 7 to 64 x 64
// pixels, 1 to 256 channels and 1 to 24 filters with AVX-512.
bool loops_do_planes(const ConvShape& s) {
  const WindowAxis &v = s.window.y, &h = s.window.x;
  return s.channels <= 128 && v.stride == 1 && h.stride == 1 && v.size * h.size > 1 && modest(s, conv_loops.planes_room);
}
bool loops_do_forward(const ConvShape& s) { return (s.filters <= 10 || (s.filters > 16 && s.filters <= 20)) && loops_do_planes(s); }
bool loops_do_kernel_grad(const ConvShape& s) {
  return s.filters <= 6 && s.window.y.out * s.window.x.out >= 32 * s.filters && loops_do_planes(s);
}
bool loops_do_input_grad(const ConvShape& s) {
  return s.channels <= 8 && s.window.x.dilation == 1 && s.window.x.size * s.channels <= kMostRow && modest(s, conv_loops.input_grad_room);
}
// oneDNN has vectors over the channels of such kernels up to 3 columns; with more it took 2 to 15 times as long.
bool loops_do_depthwise(const ConvShape& s) {
  return s.groups == s.channels && s.filters == s.channels && s.channels >= kLeastChannels && s.window.x.size > 3;
}
bool finite(const float* x, int64_t n) {
  return std::all_of(x, x + n, [](float v) { return std::isfinite(v); });
}

void run_forward(const ConvShape& s, const float* x, const float* w, const float* b, float* y) {
  Chunks c = chunks_of(s, 64);
  if (loops_do_forward(s) && finite(w, s.weights())) {
    return each_chunk(s, c, [&](const ConvShape& part, int64_t image, int64_t) {
      FloatBuffer room(conv_loops.planes_room(part));
      conv_loops.forward(part, x + image * s.x_image(), w, b, y + image * s.y_image(), room.data());
    });
  }
  run_chunks(Kind::kForward, s, c, w, b != nullptr, [&](Plan& p, int64_t image, int64_t) {
    bind(p.x, x + image * s.x_image());
    bind(p.y, y + image * s.y_image());
    if (!b) return p.conv.execute(p.stream, {{DNNL_ARG_SRC, p.x}, {DNNL_ARG_WEIGHTS, p.w}, {DNNL_ARG_DST, p.y}});
    bind(p.bias, b);
    p.conv.execute(p.stream, {{DNNL_ARG_SRC, p.x}, {DNNL_ARG_WEIGHTS, p.w}, {DNNL_ARG_BIAS, p.bias}, {DNNL_ARG_DST, p.y}});
  });
}

void run_input_grad(const ConvShape& s, const float* gy, const float* w, float* gx) {
  Chunks c = chunks_of(s, 64);
  if (loops_do_input_grad(s)) {
    FloatBuffer packed(conv_loops.packed_size(s));
    conv_loops.pack(s, w, packed.data());
    return each_chunk(s, c, [&](const ConvShape& part, int64_t image, int64_t) {
      FloatBuffer room(conv_loops.input_grad_room(part));
      conv_loops.input_grad(part, gy + image * s.y_image(), packed.data(), gx + image * s.x_image(), room.data());
    });
  }
  run_chunks(Kind::kInputGrad, s, c, w, false, [&](Plan& p, int64_t image, int64_t) {
    bind(p.x, gx + image * s.x_image());
    bind(p.y, gy + image * s.y_image());
    p.conv.execute(p.stream, {{DNNL_ARG_DIFF_SRC, p.x}, {DNNL_ARG_WEIGHTS, p.w}, {DNNL_ARG_DIFF_DST, p.y}});
  });
}

void onednn_kernel_grad(Plan& p, const float* x, const float* gy, float* gw) {
  std::unique_ptr<FloatBuffer> blocked;
  if (p.reorder) blocked = std::make_unique<FloatBuffer>(int64_t(p.w.get_desc().get_size() / 4));
  bind(p.x, x);
  bind(p.y, gy);
  bind(p.w, blocked ? blocked->data() : gw);
  p.conv.execute(p.stream, {{DNNL_ARG_SRC, p.x}, {DNNL_ARG_DIFF_WEIGHTS, p.w}, {DNNL_ARG_DIFF_DST, p.y}});
  if (!blocked) return;
  bind(p.plain_w, gw);
  p.reorder.execute(p.stream, {{DNNL_ARG_FROM, p.w}, {DNNL_ARG_TO, p.plain_w}});
  p.stream.wait();
}

// Each chunk's gradient for itself, then their sum in order.
void run_kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw) {
  constexpr int64_t kMostPartials = 1 << 24;  // floats
  Chunks c = chunks_of(s, std::max<int64_t>(1, kMostPartials / s.weights()));
  FloatBuffer partials((c.count - 1) * s.weights());
  auto part_of = [&](int64_t i) { return i == 0 ? gw : partials.data() + (i - 1) * s.weights(); };
  auto sum = [&] {
    parallel_for(s.weights(), 1 << 15, [&](int64_t begin, int64_t end) {
      for (int64_t k = 1; k < c.count; ++k) {
        const float* from = part_of(k);
        for (int64_t i = begin; i < end; ++i) gw[i] += from[i];
      }
    });
  };
  if (loops_do_kernel_grad(s)) {
    each_chunk(s, c, [&](const ConvShape& part, int64_t image, int64_t i) {
      FloatBuffer room(conv_loops.planes_room(part));
      conv_loops.kernel_grad(part, x + image * s.x_image(), gy + image * s.y_image(), part_of(i), room.data());
    });
    sum();
    if (finite(gw, s.weights())) return;
  }
  if (loops_do_depthwise(s)) {
    each_chunk(s, c, [&](const ConvShape& part, int64_t image, int64_t i) {
      FloatBuffer room(depthwise_loops.kernel_grad_room(part));
      depthwise_loops.kernel_grad(part, x + image * s.x_image(), gy + image * s.y_image(), part_of(i), room.data());
    });
    return sum();
  }
  run_chunks(Kind::kKernelGrad, s, c, nullptr, false,
             [&](Plan& p, int64_t image, int64_t i) { onednn_kernel_grad(p, x + image * s.x_image(), gy + image * s.y_image(), part_of(i)); });
  sum();
}

// What oneDNN has no kernel for goes through the plain loops, which write everything again.
template <class F, class G> void or_else(F&& fast, G&& plain) {
  try {
    return fast();
  } catch (const dnnl::error&) {
  }
  plain();
}

}  // namespace

void conv_forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  or_else([&] { run_forward(s, x, w, bias, y); }, [&] { direct_forward(s, x, w, bias, y); });
}
void conv_input_grad(const ConvShape& s, const float* gy, const float* w, float* gx) {
  or_else([&] { run_input_grad(s, gy, w, gx); }, [&] { direct_input_grad(s, gy, w, gx); });
}
void conv_kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw) {
  or_else([&] { run_kernel_grad(s, x, gy, gw); }, [&] { direct_kernel_grad(s, x, gy, gw); });
}
void conv_forward(const ConvShape& s, const double* x, const double* w, const double* bias, double* y) { direct_forward(s, x, w, bias, y); }
void conv_input_grad(const ConvShape& s, const double* gy, const double* w, double* gx) { direct_input_grad(s, gy, w, gx); }
void conv_kernel_grad(const ConvShape& s, const double* x, const double* gy, double* gw) { direct_kernel_grad(s, x, gy, gw); }

}  // namespace reel
