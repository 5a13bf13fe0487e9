#include "tensor/ops/normalization.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/cpu/level.h"
#include "tensor/cpu/wide.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/normalization_parts.h"
#include "tensor/ops/reduce_ops.h"
#include "tensor/ops/view.h"

namespace reel {

NormLoops norm_loops[kDTypes];
REEL_LEVELS(norm_loops)

namespace {

using namespace normalization;

const bool installed = install_norm_loops();

// --- layer normalization over the last `n` values ------------------------------------------------------------------------------

// Inputs x [..., n of gamma], gamma and beta of the dtype that x is computed in.
struct LayerNorm {
  static constexpr const char* name = "layer_norm";
  static constexpr Keep keep = kIn0 | kIn1;
  double epsilon;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), gamma = v.in(1);
    if (!recording()) {
      auto g = apply(LayerNormGrad{epsilon, v.needs(1) || v.needs(2)}, x, gamma, v.gy(), {});
      return {g[0], v.needs(1) ? g[1] : Tensor{}, v.needs(2) ? g[2] : Tensor{}};
    }
    Shape rows{rows_of(x, gamma.size()), gamma.size()};
    Tensors g = standardized_gradients(reshape(x, rows), reshape(gamma, {-1}), reshape(v.gy(), rows), 1, epsilon);
    return {reshape(g[0], x.shape()), reshape(g[1], gamma.shape()), reshape(g[2], gamma.shape())};
  }
  std::string attributes() const { return "epsilon=" + std::to_string(epsilon); }
};
REEL_KERNEL(LayerNorm, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), gamma = contiguous(in[1]), beta = contiguous(in[2]), y = out[0];
  int64_t n = gamma.size();
  parallel_for(x.size() / n, std::max<int64_t>(1, kWork / n), [&](int64_t begin, int64_t end) {
    loops_of(x).layer(at(x, begin * n), end - begin, n, gamma.raw(), beta.raw(), op.epsilon, at(y, begin * n));
  });
}

// out[i] = the sum of the blocks' parts in order, in double.
template <class T> void add_parts(const Parts<T>& parts, int64_t count, int64_t n, T* out) {
  parallel_for(n, std::max<int64_t>(1, kWork / std::max<int64_t>(count, 1)), [&](int64_t begin, int64_t end) {
    constexpr int64_t kMost = 64;
    for (int64_t i = begin; i < end; i += kMost) {
      double sum[kMost] = {};
      int64_t m = std::min(kMost, end - i);
      for (int64_t b = 0; b < count; ++b)
        for (int64_t k = 0; k < m; ++k) sum[k] += double(parts[b][i + k]);
      for (int64_t k = 0; k < m; ++k) out[i + k] = T(sum[k]);
    }
  });
}

REEL_KERNEL(LayerNormGrad, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), gamma = contiguous(in[1]), gy = contiguous(cast(in[2], x.dtype())), gx = out[0];
  int64_t n = gamma.size();
  visit_wide(gamma.dtype(), [&]<class T>(T) {
    Blocks blocks(n ? x.size() / n : 0, 32, 256);
    Parts<T> parts(op.parameters ? blocks.count : 0, n), shifts(op.parameters ? blocks.count : 0, n);
    blocks.each(n, [&](int64_t i, int64_t first, int64_t rows) {
      loops_of(x).layer_grad(at(x, first * n), rows, n, gamma.raw(), at(gy, first * n), op.epsilon, at(gx, first * n),
                             op.parameters ? parts[i] : nullptr, op.parameters ? shifts[i] : nullptr);
    });
    if (op.parameters) add_parts(parts, blocks.count, n, out[1].raw<T>()), add_parts(shifts, blocks.count, n, out[2].raw<T>());
  });
}

// --- batch normalization over all axes but the last ------------------------------------------------------------------------------

// Mean and variance (around it, divided by n) of each channel; of nothing NaN. 16-bit floats are answered in float32.
struct ChannelMoments {
  static constexpr const char* name = "channel_moments";
  static constexpr Keep keep = kNothing;
  static constexpr int outputs = 2;
  std::array<Spec, 2> infer(Inputs in) const {
    Spec s({in[0].shape()[-1]}, wide_dtype(in[0].dtype()));
    return {s, s};
  }
  Grads vjp(const Vjp&) const { throw TapeError("channel_moments: is not recorded"); }
};
REEL_KERNEL(ChannelMoments, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]);
  int64_t n = x.shape()[-1], rows = rows_of(x, n);
  if (rows == 0) return assign(out[0], std::numeric_limits<double>::quiet_NaN()), assign(out[1], std::numeric_limits<double>::quiet_NaN());
  visit_wide(out[0].dtype(), [&]<class T>(T) {
    Blocks blocks = cached_blocks(rows, n);
    Parts<T> means(blocks.count, n), squares(blocks.count, n);
    blocks.each(n, [&](int64_t i, int64_t first, int64_t count) {
      loops_of(x).moments(at(x, first * n), count, n, means[i], squares[i]);
    });
    // Chan, Golub and LeVeque's merge (1979), block by block.
    std::vector<double> mean(size_t(n), 0.), m2(size_t(n), 0.);
    double seen = 0;
    for (int64_t b = 0; b < blocks.count; ++b) {
      double count = double(std::min(blocks.step, rows - b * blocks.step)), share = count / (seen + count);
      for (int64_t c = 0; c < n; ++c) {
        double delta = double(means[b][c]) - mean[size_t(c)];
        mean[size_t(c)] += delta * share;
        m2[size_t(c)] += double(squares[b][c]) + delta * delta * seen * share;
      }
      seen += count;
    }
    for (int64_t c = 0; c < n; ++c) {
      out[0].raw<T>()[c] = T(mean[size_t(c)]);
      out[1].raw<T>()[c] = T(m2[size_t(c)] / seen);
    }
  });
}

// Inputs x, gamma, mean, variance, gy.
struct BatchNormGrad {
  static constexpr const char* name = "batch_norm_grad";
  static constexpr Keep keep = kNothing;
  static constexpr int outputs = 3;
  double epsilon;
  std::array<Spec, 3> infer(Inputs in) const {
    Spec of_parameters(in[1].shape(), in[1].dtype());
    return {Spec(in[0].shape(), in[0].dtype()), of_parameters, of_parameters};
  }
  Grads vjp(const Vjp&) const { throw TapeError("batch_norm_grad: is not recorded; a recorded replay uses its formula"); }
};
// Inputs x [..., channels], gamma, beta, and the mean and variance of this x: functions of x, which the rule for x counts. All but x are of
// the dtype that x is computed in.
struct BatchNorm {
  static constexpr const char* name = "batch_norm";
  static constexpr Keep keep = kIn;
  double epsilon;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), gamma = v.in(1);
    if (!recording()) {
      auto g = apply(BatchNormGrad{epsilon}, Tensors{x, gamma, v.in(3), v.in(4), v.gy()}, {});
      return {g[0], g[1], g[2]};
    }
    Shape rows{rows_of(x, gamma.size()), gamma.size()};
    Tensors g = standardized_gradients(reshape(x, rows), gamma, reshape(v.gy(), rows), 0, epsilon);
    return {reshape(g[0], x.shape()), g[1], g[2]};
  }
  std::string attributes() const { return "epsilon=" + std::to_string(epsilon); }
};

template <class T> std::vector<T> reciprocal_deviations(const Tensor& variance, double epsilon) {
  std::vector<T> r(size_t(variance.size()));
  for (size_t i = 0; i < r.size(); ++i) r[i] = T(1 / std::sqrt(double(variance.raw<const T>()[i]) + epsilon));
  return r;
}

REEL_KERNEL(BatchNorm, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), gamma = contiguous(in[1]), beta = contiguous(in[2]), mean = contiguous(in[3]), variance = contiguous(in[4]), y = out[0];
  int64_t n = gamma.size();
  visit_wide(gamma.dtype(), [&]<class T>(T) {
    std::vector<T> scale = reciprocal_deviations<T>(variance, op.epsilon);
    for (int64_t i = 0; i < n; ++i) scale[size_t(i)] *= gamma.raw<T>()[i];
    parallel_for(x.size() / n, std::max<int64_t>(1, kWork / n), [&](int64_t begin, int64_t end) {
      loops_of(x).batch(at(x, begin * n), end - begin, n, mean.raw(), scale.data(), beta.raw(), at(y, begin * n));
    });
  });
}

REEL_KERNEL(BatchNormGrad, kCpu) {
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), gamma = contiguous(in[1]), mean = contiguous(in[2]), variance = contiguous(in[3]);
  Tensor gy = contiguous(cast(in[4], x.dtype())), gx = out[0];
  int64_t n = gamma.size(), rows = rows_of(x, n);
  visit_wide(gamma.dtype(), [&]<class T>(T) {
    Blocks blocks(rows, std::clamp<int64_t>(16384 / std::max<int64_t>(n, 1), 16, 256), 256);
    Parts<T> sums(blocks.count, n), products(blocks.count, n);
    std::vector<T> deviation = reciprocal_deviations<T>(variance, op.epsilon);
    blocks.each(n, [&](int64_t i, int64_t first, int64_t count) {
      loops_of(x).batch_sums(at(x, first * n), at(gy, first * n), count, n, mean.raw(), sums[i], products[i]);
    });
    T *to_gamma = out[1].raw<T>(), *to_beta = out[2].raw<T>();
    add_parts(sums, blocks.count, n, to_beta);
    add_parts(products, blocks.count, n, to_gamma);
    std::vector<T> scale(deviation), a(deviation), b(deviation);
    for (int64_t c = 0; c < n; ++c) {
      size_t i = size_t(c);
      to_gamma[c] = rows ? to_gamma[c] * deviation[i] : T(0);  // of nothing there is no deviation
      scale[i] *= gamma.raw<T>()[c];
      a[i] = to_beta[c] / T(rows);
      b[i] *= to_gamma[c] / T(rows);
    }
    blocks.each(n, [&](int64_t, int64_t first, int64_t count) {
      loops_of(x).batch_grad(at(x, first * n), at(gy, first * n), count, n, mean.raw(), scale.data(), a.data(), b.data(), at(gx, first * n));
    });
  });
}

// Inputs x [..., channels], factor and shift [channels] of the dtype that x is computed in: x * factor + shift in x's own dtype.
struct ChannelAffine {
  static constexpr const char* name = "channel_affine";
  static constexpr Keep keep = kIn0 | kIn1;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const {
    Tensor factor = v.in(1), gx = v.needs(0) ? apply(ChannelAffine{}, v.gy(), factor, zeros_like(factor), {}) : Tensor{};
    if (!v.needs(1) && !v.needs(2)) return {gx, Tensor{}, Tensor{}};
    Shape rows{rows_of(v.in(0), factor.size()), factor.size()};
    Tensor x = reshape(cast(v.in(0), factor.dtype()), rows), gy = reshape(cast(v.gy(), factor.dtype()), rows);
    return {gx, sum(gy * x, 0), sum(gy, 0)};
  }
};
REEL_KERNEL(ChannelAffine, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), factor = contiguous(in[1]), shift = contiguous(in[2]), none = zeros_like(factor), y = out[0];
  int64_t n = factor.size();
  parallel_for(x.size() / n, std::max<int64_t>(1, kWork / n), [&](int64_t begin, int64_t end) {
    loops_of(x).batch(at(x, begin * n), end - begin, n, none.raw(), factor.raw(), shift.raw(), at(y, begin * n));
  });
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean, const Tensor& running_variance,
                  const BatchNormOptions& o, Where where) {
  const char* op = BatchNorm::name;
  return formula(where, [&] {
    Order order(op, x, o.axis);
    check_epsilon(op, o.epsilon, x);
    Operands operands(op, x, gamma, beta, where);
    Shape channels = order.chosen(x);
    Tensor scale = operands.parameter("gamma", gamma, channels, 1, x), shift = operands.parameter("beta", beta, channels, 0, x);
    for (const Tensor& running : {running_mean, running_variance}) {
      const Tensor* in[] = {&x, &running};
      if (running && !(running.shape() == channels)) fail(op, "the running statistics must be " + to_string(channels), Inputs(in, 2));
      if (running && !is_floating(running.dtype())) fail<DTypeError>(op, "the running statistics must be floats", Inputs(in, 2));
      if (!running && !o.training) throw Error(std::string(op) + ": outside training it needs the running mean and variance");
    }
    if (!o.training) {
      Tensor factor = scale * rsqrt(operands.wide_of(running_variance) + o.epsilon), added = shift - operands.wide_of(running_mean) * factor;
      if (x.device() == cpu() && factor.device() == cpu() && added.device() == cpu()) {  // in one pass
        return order.undo(apply(ChannelAffine{}, order.put(cast(x, operands.t, where), where), factor, added, where), where);
      }
      return operands.answer(spread(factor, x, order, where) * operands.wide_of(x) + spread(added, x, order, where));
    }
    Tensor rows = order.put(cast(x, operands.t, where), where);
    std::array<Tensor, 2> moments;
    {
      NoGrad no_grad;
      moments = apply(ChannelMoments{}, detach(rows), where);  // x's rule counts that they are functions of x
    }
    Tensor y = apply(BatchNorm{o.epsilon}, Tensors{rows, scale, shift, moments[0], moments[1]}, where);
    if (x.size() > 0 && x.device() != symbolic()) {
      NoGrad no_grad;
      if (running_mean) assign(running_mean, o.momentum * running_mean + (1 - o.momentum) * moments[0], where);
      if (running_variance) assign(running_variance, o.momentum * running_variance + (1 - o.momentum) * moments[1], where);
    }
    return order.undo(y, where);
  });
}

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Axes axes, double epsilon, Where where) {
  const char* op = LayerNorm::name;
  return formula(where, [&] {
    Order order(op, x, axes);
    check_epsilon(op, epsilon, x);
    Operands operands(op, x, gamma, beta, where);
    Shape s = order.chosen(x);
    Tensor scale = operands.parameter("gamma", gamma, s, 1, x), shift = operands.parameter("beta", beta, s, 0, x);
    return order.undo(apply(LayerNorm{epsilon}, order.put(cast(x, operands.t, where), where), scale, shift, where), where);
  });
}

Tensor rms_norm(const Tensor& x, const Tensor& gamma, Axes axes, double epsilon, Where where) {
  const char* op = "rms_norm";
  return formula(where, [&] {
    Order order(op, x, axes);
    check_epsilon(op, epsilon, x);
    Operands operands(op, x, gamma, {}, where);
    Tensor v = operands.wide_of(x), y = v * rsqrt(mean(square(v), axes, true) + epsilon);
    return operands.answer(gamma ? y * spread(operands.parameter("gamma", gamma, order.chosen(x), 1, x), x, order, where) : y);
  });
}

Tensor local_response_norm(const Tensor& x, int64_t size, double alpha, double beta, double k, int axis, Where where) {
  const char* op = "local_response_norm";
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    axis = normalize_axis(op, axis, x.rank(), Inputs(in, 1));
    if (size < 1) fail(op, "size must be at least 1, got " + std::to_string(size), Inputs(in, 1));
    Operands operands(op, x, {}, {}, where);
    Tensor v = operands.wide_of(x);
    int64_t n = x.shape()[axis], window = std::min(size, 2 * n + 1);  // further neighbours are all outside
    int64_t before = window == size ? size / 2 : n;
    std::vector<std::pair<int64_t, int64_t>> around(size_t(x.rank()), {0, 0});
    around[size_t(axis)] = {before, window - 1 - before};
    Tensor squares = pad(square(v), std::span<const std::pair<int64_t, int64_t>>(around), 0, where), total = slice_axis(squares, axis, 0, n, where);
    for (int64_t i = 1; i < window; ++i) total = total + slice_axis(squares, axis, i, n, where);
    return operands.answer(v * pow(k + (alpha / double(size)) * total, -beta));
  });
}

Tensor unit_norm(const Tensor& x, Axes axes, double epsilon, Where where) {
  return formula(where, [&] {
    Order order("unit_norm", x, axes);
    Operands operands("unit_norm", x, {}, {}, where);
    Tensor v = operands.wide_of(x);
    return operands.answer(v * rsqrt(maximum(sum_of_squares(v, axes, true), epsilon * epsilon)));
  });
}

}  // namespace reel
