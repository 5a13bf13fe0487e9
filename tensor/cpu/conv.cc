#include "tensor/cpu/conv.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <dnnl.hpp>
#include <memory>
#include <unordered_map>
#include <vector>

#include "tensor/convert.h"
#include "tensor/cpu/conv_direct.h"
#include "tensor/cpu/conv_loops.h"
#include "tensor/cpu/conv_parts.h"
#include "tensor/cpu/depthwise_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/product.h"
#include "tensor/cpu/winograd.h"
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

using Key = std::array<int64_t, 21>;
struct KeyHash {
  size_t operator()(const Key& k) const {
    uint64_t h = 0;
    for (int64_t v : k) h = (h ^ uint64_t(v)) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
    return h;
  }
};

Plan make_plan(Kind kind, const ConvShape& s, bool bias, memory::data_type t) {
  const WindowAxis &v = s.window.y, &h = s.window.x;
  using Tag = memory::format_tag;
  memory::desc x({s.n, s.channels, v.n, h.n}, t, Tag::nhwc), y({s.n, s.filters, v.out, h.out}, t, Tag::nhwc);
  memory::dims weights{s.filters, s.channels, v.size, h.size};
  if (s.groups > 1) weights = {s.groups, s.filters / s.groups, s.channels / s.groups, v.size, h.size};
  // A gradient by the weights is a sum over parts: of float.
  auto weight_type = kind == Kind::kKernelGrad ? memory::data_type::f32 : t;
  memory::desc any(weights, t, Tag::any), plain(weights, weight_type, s.groups > 1 ? Tag::hwigo : Tag::hwio), b;
  if (bias) b = memory::desc({s.filters}, t, Tag::x);
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
    memory::desc any_gradient(weights, weight_type, Tag::any);
    dnnl::convolution_backward_weights::primitive_desc d({how, x, any_gradient, y, strides, dilation, before, after}, engine(), forward);
    bind(d, d.diff_weights_desc());
  }
  if (p.w.get_desc() != plain) p.reorder = kind == Kind::kKernelGrad ? dnnl::reorder(p.w, p.plain_w) : dnnl::reorder(p.plain_w, p.w);
  return p;
}

// This thread's plan for a shape, the least recently used one of many making room.
Plan& plan_of(Kind kind, const ConvShape& s, bool bias, memory::data_type t) {
  constexpr size_t kMost = 256;
  thread_local std::unordered_map<Key, Plan, KeyHash> plans;
  thread_local uint64_t clock = 0;
  const WindowAxis &v = s.window.y, &h = s.window.x;
  Key key{int64_t(kind), bias, int64_t(t), s.n, s.channels, s.filters, s.groups, v.n, v.size, v.stride, v.dilation, v.before, v.after, v.out,
          h.n, h.size, h.stride, h.dilation, h.before, h.after, h.out};
  auto it = plans.find(key);
  if (it == plans.end()) {
    if (plans.size() >= kMost) {
      auto oldest = plans.begin();
      for (auto p = plans.begin(); p != plans.end(); ++p)
        if (p->second.used < oldest->second.used) oldest = p;
      plans.erase(oldest);
    }
    it = plans.emplace(key, make_plan(kind, s, bias, t)).first;
  }
  it->second.used = ++clock;
  return it->second;
}

template <class T> void bind(memory& m, const T* data) { m.set_data_handle(const_cast<T*>(data)); }
template <class T> constexpr memory::data_type type_of = std::is_same_v<T, BFloat16> ? memory::data_type::bf16 : memory::data_type::f32;

// The weights in the layout that the primitive likes; null: as they lie.
template <class T> std::unique_ptr<Buffer<T>> pack(Plan& p, const T* w) {
  if (!p.reorder) return nullptr;
  auto packed = std::make_unique<Buffer<T>>(int64_t(p.w.get_desc().get_size() / sizeof(T)));
  bind(p.plain_w, w);
  bind(p.w, packed->data());
  p.reorder.execute(p.stream, {{DNNL_ARG_FROM, p.plain_w}, {DNNL_ARG_TO, p.w}});
  p.stream.wait();
  return packed;
}

// f(plan, part, number) for every part, with the weights w (null: none) bound.
template <class T, class F> void run_parts(Kind kind, const Parts& parts, const T* w, bool bias, F&& f) {
  // Parts of other sizes may like the weights in other layouts.
  std::vector<std::pair<memory::desc, std::unique_ptr<Buffer<T>>>> packed;
  std::vector<const T*> weights(size_t(parts.count()), w);
  for (int64_t i = 0; w && i < parts.count(); ++i) {
    OneThread guard;
    Plan& p = plan_of(kind, parts[i].shape, bias, type_of<T>);
    if (!p.reorder) continue;
    memory::desc layout = p.w.get_desc();
    auto it = std::find_if(packed.begin(), packed.end(), [&](const auto& q) { return q.first == layout; });
    if (it == packed.end()) it = packed.insert(it, {layout, pack(p, w)});
    weights[size_t(i)] = it->second->data();
  }
  parallel_tasks(parts.count(), [&](int64_t i) {
    OneThread guard;
    Part part = parts[i];
    Plan& p = plan_of(kind, part.shape, bias, type_of<T>);
    if (w) bind(p.w, weights[size_t(i)]);
    f(p, part, i);
    p.stream.wait();
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
  return is_depthwise(s) && s.window.x.size > 3;
}
bool finite(const float* x, int64_t n) {
  return std::all_of(x, x + n, [](float v) { return std::isfinite(v); });
}

bool depthwise_forward(const ConvShape& s, const float* x, const float* w, const float* b, float* y) {
  if (!depthwise_forward_does(s)) return false;
  each_part(Parts(s), [&](const Part& part, int64_t) { depthwise_loops.forward(part.shape, x + part.x, w, b, y + part.y); });
  return true;
}
bool forward_in_loops(const ConvShape& s, const float* x, const float* w, const float* b, float* y) {
  if (!loops_do_forward(s) || !finite(w, s.weights())) return false;
  each_part(Parts(s), [&](const Part& part, int64_t) {
    FloatBuffer room(conv_loops.planes_room(part.shape));
    conv_loops.forward(part.shape, x + part.x, w, b, y + part.y, room.data());
  });
  return true;
}
// Runs a plan for a forward convolution.
template <class T> void convolve(Plan& p, const T* x, const T* bias, T* y) {
  bind(p.x, x);
  bind(p.y, y);
  if (!bias) return p.conv.execute(p.stream, {{DNNL_ARG_SRC, p.x}, {DNNL_ARG_WEIGHTS, p.w}, {DNNL_ARG_DST, p.y}});
  bind(p.bias, bias);
  p.conv.execute(p.stream, {{DNNL_ARG_SRC, p.x}, {DNNL_ARG_WEIGHTS, p.w}, {DNNL_ARG_BIAS, p.bias}, {DNNL_ARG_DST, p.y}});
}
template <class T> void run_forward(const ConvShape& s, const T* x, const T* w, const T* b, T* y) {
  if constexpr (std::is_same_v<T, float>)
    if (depthwise_forward(s, x, w, b, y) || forward_in_loops(s, x, w, b, y) || winograd_forward(s, x, w, b, y)) return;
  run_parts(Kind::kForward, Parts(s), w, b != nullptr, [&](Plan& p, const Part& part, int64_t) {
    convolve(p, x + part.x, b, y + part.y);
  });
}

// Adds the bias (null: none) to every pixel of a part's input gradient.
template <class T> void add_to_pixels(const ConvShape& s, const T* bias, T* gx) {
  using W = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const int64_t pixels = bias ? s.n * s.window.y.n * s.window.x.n : 0, c = s.channels;
  for (int64_t i = 0; i < pixels; ++i, gx += c)
    for (int64_t k = 0; k < c; ++k) gx[k] = convert<T>(convert<W>(gx[k]) + convert<W>(bias[k]));
}

bool input_grad_in_loops(const ConvShape& s, const float* gy, const float* w, const float* bias, float* gx) {
  if (!loops_do_input_grad(s)) return false;
  FloatBuffer packed(conv_loops.packed_size(s));
  conv_loops.pack(s, w, packed.data());
  each_part(Parts(s, 1), [&](const Part& part, int64_t) {
    FloatBuffer room(conv_loops.input_grad_room(part.shape));
    conv_loops.input_grad(part.shape, gy + part.y, packed.data(), gx + part.x, room.data());
    add_to_pixels(part.shape, bias, gx + part.x);
  });
  return true;
}
// By a convolution with turned weights, whose kernels are faster than oneDNN's for gradients: 367 GFLOP/s with 64 channels of 32 x 32 pixels,
// 412.
template <class T> bool input_grad_turned(const ConvShape& s, const T* gy, const T* w, const T* bias, T* gx) {
  const ConvShape t = turned(s);
  const bool depthwise = std::is_same_v<T, float> && depthwise_forward_does(t);
  if (!turns(s) || !(s.groups == 1 || depthwise)) return false;
  const Buffer<T> weights = turned_weights(s, w);
  if constexpr (std::is_same_v<T, float>)
    if (depthwise) return depthwise_forward(t, gy, weights.data(), bias, gx);
  run_parts(Kind::kForward, Parts(t), static_cast<const T*>(weights.data()), bias != nullptr, [&](Plan& p, const Part& part, int64_t) {
    convolve(p, gy + part.x, bias, gx + part.y);
  });
  return true;
}
template <class T> void run_input_grad(const ConvShape& s, const T* gy, const T* w, const T* bias, T* gx) {
  if constexpr (std::is_same_v<T, float>)
    if (input_grad_in_loops(s, gy, w, bias, gx) || winograd_input_grad(s, gy, w, bias, gx)) return;
  if (input_grad_turned(s, gy, w, bias, gx)) return;
  run_parts(Kind::kInputGrad, Parts(s, 1), w, false, [&](Plan& p, const Part& part, int64_t) {
    bind(p.x, gx + part.x);
    bind(p.y, gy + part.y);
    p.conv.execute(p.stream, {{DNNL_ARG_DIFF_SRC, p.x}, {DNNL_ARG_WEIGHTS, p.w}, {DNNL_ARG_DIFF_DST, p.y}});
    p.stream.wait();
    add_to_pixels(part.shape, bias, gx + part.x);
  });
}

bool kernel_grad_in_loops(const ConvShape& s, const float* x, const float* gy, const Partials& partials) {
  bool few = loops_do_kernel_grad(s);
  if (!few && !loops_do_depthwise(s)) return false;
  each_part(partials.parts, [&](const Part& part, int64_t i) {
    FloatBuffer room(few ? conv_loops.planes_room(part.shape) : depthwise_loops.kernel_grad_room(part.shape));
    (few ? conv_loops.kernel_grad : depthwise_loops.kernel_grad)(part.shape, x + part.x, gy + part.y, partials.of(i), room.data());
  });
  partials.add_up();
  return !few || finite(partials.of(0), s.weights());  // what the lanes of the padding met counts as well
}
template <class T> void run_kernel_grad(const ConvShape& s, const T* x, const T* gy, float* gw) {
  Partials partials(s, gw);
  if constexpr (std::is_same_v<T, float>)
    if (kernel_grad_in_loops(s, x, gy, partials) || winograd_kernel_grad(s, x, gy, partials)) return;
  run_parts<T>(Kind::kKernelGrad, partials.parts, nullptr, false, [&](Plan& p, const Part& part, int64_t i) {
    float* to = partials.of(i);
    std::unique_ptr<FloatBuffer> blocked;
    if (p.reorder) blocked = std::make_unique<FloatBuffer>(int64_t(p.w.get_desc().get_size() / 4));
    bind(p.x, x + part.x);
    bind(p.y, gy + part.y);
    bind(p.w, blocked ? blocked->data() : to);
    p.conv.execute(p.stream, {{DNNL_ARG_SRC, p.x}, {DNNL_ARG_DIFF_WEIGHTS, p.w}, {DNNL_ARG_DIFF_DST, p.y}});
    if (!blocked) return;
    bind(p.plain_w, to);
    p.reorder.execute(p.stream, {{DNNL_ARG_FROM, p.w}, {DNNL_ARG_TO, p.plain_w}});
    p.stream.wait();
  });
  partials.add_up();
}

// What oneDNN has no kernel for goes through the plain loops, which write everything again.
template <class F, class G> void or_else(F&& fast, G&& plain) {
  try {
    return fast();
  } catch (const dnnl::error&) {
  }
  plain();
}

// Where few channels leave most of the registers empty, float has kernels for it and bfloat16 has none.
bool in_bfloat(const ConvShape& s) { return has_bfloat_product() && s.groups == 1 && std::min(s.channels, s.filters) >= 16; }
template <class F> bool if_in_bfloat(const ConvShape& s, F&& f) {
  if (!in_bfloat(s)) return false;
  try {
    f();
    return true;
  } catch (const dnnl::error&) {
    return false;
  }
}

}  // namespace

void conv_forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  or_else([&] { run_forward(s, x, w, bias, y); }, [&] { direct_forward(s, x, w, bias, y); });
}
void conv_input_grad(const ConvShape& s, const float* gy, const float* w, const float* bias, float* gx) {
  or_else([&] { run_input_grad(s, gy, w, bias, gx); }, [&] { direct_input_grad(s, gy, w, gx), add_to_pixels(s, bias, gx); });
}
void conv_kernel_grad(const ConvShape& s, const float* x, const float* gy, float* gw) {
  or_else([&] { run_kernel_grad(s, x, gy, gw); }, [&] { direct_kernel_grad(s, x, gy, gw); });
}
void conv_forward(const ConvShape& s, const double* x, const double* w, const double* bias, double* y) { direct_forward(s, x, w, bias, y); }
void conv_input_grad(const ConvShape& s, const double* gy, const double* w, const double* bias, double* gx) {
  direct_input_grad(s, gy, w, gx), add_to_pixels(s, bias, gx);
}
void conv_kernel_grad(const ConvShape& s, const double* x, const double* gy, double* gw) { direct_kernel_grad(s, x, gy, gw); }
bool conv_forward(const ConvShape& s, const BFloat16* x, const BFloat16* w, const BFloat16* bias, BFloat16* y) {
  return if_in_bfloat(s, [&] { run_forward(s, x, w, bias, y); });
}
bool conv_input_grad(const ConvShape& s, const BFloat16* gy, const BFloat16* w, const BFloat16* bias, BFloat16* gx) {
  return if_in_bfloat(s, [&] { run_input_grad(s, gy, w, bias, gx); });
}
bool conv_kernel_grad(const ConvShape& s, const BFloat16* x, const BFloat16* gy, float* gw) {
  return if_in_bfloat(s, [&] { run_kernel_grad(s, x, gy, gw); });
}

}  // namespace reel
