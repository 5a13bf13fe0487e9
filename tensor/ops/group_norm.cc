// Group normalization and instance normalization, which is that of groups of one channel.
#include <cmath>

#include "tensor/cpu/wide.h"
#include "tensor/ops/normalization_parts.h"
#include "tensor/ops/reduce.h"

namespace reel {
namespace {

using namespace normalization;

// Inputs x [n, ..., channels], gamma and beta [channels] of the dtype that x is computed in.
struct GroupNorm {
  static constexpr const char* name = "group_norm";
  static constexpr Keep keep = kIn0 | kIn1;
  int64_t groups;
  double epsilon;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  // Each group of a sample is a row to standardize.
  Grads vjp(const Vjp& v) const {
    Tensor x = v.in(0), gamma = v.in(1), gy = cast(v.gy(), gamma.dtype());
    int64_t n = x.shape()[0], c = gamma.size(), inner = x.size() ? x.size() / (n * c) : 0, row = inner * (c / groups);
    Shape split{n, inner, groups, c / groups}, rows{n * inner, c};
    auto grouped = [&](const Tensor& t) { return reshape(transpose(reshape(t, split), {0, 2, 1, 3}), {n * groups, row}); };
    Tensor gx, one = ones({row}, gamma.dtype());
    if (v.needs(0)) {
      Tensor wide = grouped(cast(x, gamma.dtype())), g = grouped(gy * gamma);
      g = recording() ? standardized_gradients(wide, one, g, 1, epsilon)[0] : apply(LayerNormGrad{epsilon, false}, wide, one, g, {})[0];
      gx = cast(reshape(transpose(reshape(g, {n, groups, inner, c / groups}), {0, 2, 1, 3}), x.shape()), x.dtype());
    }
    auto normal = [&] { return apply(GroupNorm{groups, epsilon}, cast(x, gamma.dtype()), ones_like(gamma), zeros_like(gamma), {}); };
    return {gx, v.needs(1) ? sum(reshape(gy * normal(), rows), 0) : Tensor{}, v.needs(2) ? sum(reshape(gy, rows), 0) : Tensor{}};
  }
  std::string attributes() const { return "groups=" + std::to_string(groups) + " epsilon=" + std::to_string(epsilon); }
};

// The mean of each group of one sample, and 1 / its deviation, from the moments of the channels in every block of the sample's rows: Chan,
// Golub and LeVeque's merge (1979).
template <class T> void group_moments(const Blocks& blocks, const T* means, const T* squares, int64_t c, int64_t groups, double epsilon, T* mean, T* scale) {
  int64_t size = c / groups;
  for (int64_t first = 0; first < c; first += size) {
    double middle = 0, m2 = 0, seen = 0;
    for (int64_t b = 0; b < blocks.count; ++b) {
      double count = double(std::min(blocks.step, blocks.rows - b * blocks.step));
      for (int64_t k = first; k < first + size; ++k) {
        double delta = double(means[b * c + k]) - middle, share = count / (seen + count);
        middle += delta * share;
        m2 += double(squares[b * c + k]) + delta * delta * seen * share;
        seen += count;
      }
    }
    for (int64_t k = first; k < first + size; ++k) mean[k] = T(middle), scale[k] = T(1 / std::sqrt(m2 / seen + epsilon));
  }
}

// Channels stay the last axis: a sample's moments are those of its columns, and what is done to a number depends on its column.
REEL_KERNEL(GroupNorm, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  Tensor x = contiguous(in[0]), gamma = contiguous(in[1]), beta = contiguous(in[2]), y = out[0];
  int64_t n = x.shape()[0], c = gamma.size();
  visit_wide(gamma.dtype(), [&]<class T>(T) {
    Blocks blocks = cached_blocks(x.size() / (n * c), c);
    Parts<T> means(n * blocks.count, c), squares(n * blocks.count, c), mean(n, c), scale(n, c);
    // f(block, its sample, its first row among all of x, its rows)
    auto each = [&](auto&& f) {
      parallel_for(n * blocks.count, std::max<int64_t>(1, kWork / (blocks.step * c)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          int64_t first = i % blocks.count * blocks.step;
          f(i, i / blocks.count, i / blocks.count * blocks.rows + first, std::min(blocks.step, blocks.rows - first));
        }
      });
    };
    each([&](int64_t i, int64_t, int64_t first, int64_t rows) { loops_of(x).moments(at(x, first * c), rows, c, means[i], squares[i]); });
    for (int64_t s = 0; s < n; ++s) {
      group_moments(blocks, means[s * blocks.count], squares[s * blocks.count], c, op.groups, op.epsilon, mean[s], scale[s]);
      for (int64_t k = 0; k < c; ++k) scale[s][k] *= gamma.raw<T>()[k];
    }
    each([&](int64_t, int64_t s, int64_t first, int64_t rows) {
      loops_of(x).batch(at(x, first * c), rows, c, mean[s], scale[s], beta.raw(), at(y, first * c));
    });
  });
}

}  // namespace

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& gamma, const Tensor& beta, int axis, double epsilon, Where where) {
  const char* op = GroupNorm::name;
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    if (x.rank() < 2) fail(op, "x must be [n, ..., channels]", Inputs(in, 1));
    Order order(op, x, axis);
    check_epsilon(op, epsilon, x);
    Operands operands(op, x, gamma, beta, where);
    Shape channels = order.chosen(x);
    if (order.axes[x.rank() - 1] == 0) fail<IndexError>(op, "the channels cannot be the first axis, which is the batch", Inputs(in, 1));
    int64_t c = channels[0];
    if (groups < 1 || c % groups) fail(op, "groups " + std::to_string(groups) + " do not divide " + std::to_string(c) + " channels", Inputs(in, 1));
    Tensor scale = operands.parameter("gamma", gamma, channels, 1, x), shift = operands.parameter("beta", beta, channels, 0, x);
    return order.undo(apply(GroupNorm{groups, epsilon}, order.put(cast(x, operands.t, where), where), scale, shift, where), where);
  });
}

Tensor instance_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, int axis, double epsilon, Where where) {
  return formula(where, [&] { return group_norm(x, std::max<int64_t>(1, x.dim(axis)), gamma, beta, axis, epsilon, where); });
}

}  // namespace reel
