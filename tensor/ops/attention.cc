#include "tensor/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/cpu/product.h"
#include "tensor/cpu/reduce_loops.h"
#include "tensor/cpu/wide.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/random.h"
#include "tensor/ops/softmax.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Inputs q [n, queries, heads, depth], k, v and maybe a mask that broadcasts to [n, heads, queries, keys]; q, k, v of one dtype.
struct Scores {
  double scale;
  bool causal;
  std::string attributes() const { return "scale=" + std::to_string(scale) + (causal ? " causal" : ""); }
};
Tensor heads_first(const Tensor& x) { return transpose(x, {0, 2, 1, 3}); }

// The probabilities [n, heads, queries, keys] in ops; a row without keys is zeros.
Tensor probabilities(const Scores& s, const Tensor& q, const Tensor& k, const Tensor& mask) {
  Tensor scores = matmul(heads_first(q), swapaxes(heads_first(k), -1, -2)) * s.scale;
  Tensor allowed;
  if (mask && mask.dtype() == boolean) allowed = mask;
  else if (mask) scores = scores + cast(mask, scores.dtype());
  if (s.causal) {
    Tensor below = expand_dims(arange(q.shape()[1]), 1) >= arange(k.shape()[1]);
    allowed = allowed ? logical_and(allowed, below) : below;
  }
  if (!mask && !s.causal) return softmax(scores);
  if (allowed) scores = where(allowed, scores, -kInf);
  // A row of -inf alone has no softmax: its scores are taken as 0 and its probabilities away.
  Tensor some = max(scores, -1, true) > -kInf;
  return where(some, softmax(where(some, scores, 0)), 0);
}

// Inputs as below, then gy; answers the gradients of q, k and v.
struct AttentionGrad : Scores {
  static constexpr const char* name = "attention_grad";
  static constexpr Keep keep = kNothing;
  static constexpr int outputs = 3;
  std::array<Spec, 3> infer(Inputs in) const {
    DType t = in[0].dtype();
    return {Spec(in[0].shape(), t), Spec(in[1].shape(), t), Spec(in[2].shape(), t)};
  }
  Grads vjp(const Vjp&) const { throw TapeError("attention_grad: is not recorded; a recorded replay uses its formula"); }
};
struct Attention : Scores {
  static constexpr const char* name = "attention";
  static constexpr Precision precision = kLow;
  static constexpr Keep keep = kIn;
  Spec infer(Inputs in) const {
    Shape s = in[0].shape();
    s[3] = in[2].shape()[3];
    return {s, in[0].dtype()};
  }
  // The scores and what they weigh.
  double flop(Inputs in, const Tensor* out) const { return 2. * double((in[0].size() + out[0].size()) * in[1].shape()[1]); }
  Grads vjp(const Vjp& v) const {
    Tensor q = v.in(0), k = v.in(1), x = v.in(2), mask = v.inputs() == 4 ? v.in(3) : Tensor();
    if (!recording()) {
      Tensors in{q, k, x, v.gy()};
      if (mask) in.push_back(mask);
      auto g = apply(AttentionGrad{*this}, in, {});
      return {g[0], g[1], g[2]};
    }
    Tensor p = probabilities(*this, q, k, mask), gy = heads_first(v.gy());
    Tensor gp = p * matmul(gy, swapaxes(heads_first(x), -1, -2)), gs = (gp - p * sum(gp, -1, true)) * scale;
    return {heads_first(matmul(gs, heads_first(k))), heads_first(matmul(swapaxes(gs, -1, -2), heads_first(q))), heads_first(matmul(swapaxes(p, -1, -2), gy))};
  }
};

// Rows of one head of one sample: row i stands at data + i * row.
template <class T> struct Head {
  T* data;
  int64_t row;
};
// x with unit stride along its last axis.
Tensor unit_rows(const Tensor& x) {
  NoGrad no_grad;
  Tensor y = cast(x, wide_dtype(x.dtype()));
  const Body& b = y.body();
  bool fits = b.shape[3] <= 1 || b.strides[3] == 1;
  for (int i = 0; i < 3; ++i) fits = fits && (b.shape[i] <= 1 || b.strides[i] >= b.shape[3]);
  return fits ? y : clone(y);
}
template <class T> Head<T> head_of(const Tensor& x, T* data, int64_t n, int64_t head) {
  const Body& b = x.body();
  auto stride = [&](int i) { return b.shape[i] == 1 ? 0 : b.strides[i]; };
  return {data + n * stride(0) + head * stride(2), b.shape[1] == 1 ? std::max<int64_t>(b.shape[3], 1) : b.strides[1]};
}

// What the forward and backward kernels share: shapes, and the probabilities of a block of query rows of one head.
struct Plan {
  Scores op;
  Tensor q, k, v, mask;
  int64_t n, queries, heads, depth, keys, width;
  Plan(const Scores& op, const Tensor& q_, const Tensor& k_, const Tensor& v_, const Tensor& mask_)
      : op(op), q(unit_rows(q_)), k(unit_rows(k_)), v(unit_rows(v_)), n(q.shape()[0]), queries(q.shape()[1]), heads(q.shape()[2]), depth(q.shape()[3]),
        keys(k.shape()[1]), width(v.shape()[3]) {
    NoGrad no_grad;
    if (!mask_) return;
    mask = mask_.dtype() == boolean ? mask_ : cast(mask_, q.dtype());
    mask = broadcast_to(mask, {n, heads, queries, keys});
  }
  // So many query rows at a time that their scores stay in the second-level cache.
  int64_t block() const { return std::clamp<int64_t>((1 << 17) / std::max<int64_t>(keys, 1), 1, std::max<int64_t>(queries, 1)); }

  // p [rows, keys] for the query rows from `first` on.
  template <class T> void fill(int64_t sample, int64_t head, int64_t first, int64_t rows, T* p) const {
    Head<const T> a = head_of(q, q.raw<const T>(), sample, head), b = head_of(k, k.raw<const T>(), sample, head);
    product(false, true, rows, keys, depth, T(op.scale), a.data + first * a.row, a.row, b.data, b.row, T(0), p, keys);
    const T none = -std::numeric_limits<T>::infinity();
    const auto* loops = &row_loops[int(q.dtype())];
    for (int64_t i = 0; i < rows; ++i) {
      T* row = p + i * keys;
      if (mask) {
        const Body& m = mask.body();
        int64_t at = sample * m.strides[0] + head * m.strides[1] + (first + i) * m.strides[2], step = m.strides[3];
        if (m.dtype == boolean) {
          const bool* allowed = static_cast<const bool*>(m.data) + at;
          for (int64_t j = 0; j < keys; ++j)
            if (!allowed[j * step]) row[j] = none;
        } else {
          const T* more = static_cast<const T*>(m.data) + at;
          for (int64_t j = 0; j < keys; ++j) row[j] += more[j * step];
        }
      }
      int64_t seen = op.causal ? std::min(first + i + 1, keys) : keys;
      bool any = std::any_of(row, row + seen, [&](T s) { return !(s == none); });
      if (any) loops->softmax(row, seen, row);
      std::fill(row + (any ? seen : 0), row + keys, T(0));
    }
  }
  // f(sample, head) for every pair, in parallel.
  template <class F> void each_head(F&& f) const {
    int64_t work = queries * keys * (depth + width);
    parallel_for(n * heads, std::max<int64_t>(1, (1 << 18) / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i / heads, i % heads);
    });
  }
};

REEL_KERNEL(Attention, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  Plan plan(op, in[0], in[1], in[2], in.size() == 4 ? in[3] : Tensor());
  WideAnswer y(out[0]);
  visit_wide(plan.q.dtype(), [&]<class T>(T) {
    if (plan.keys == 0) {
      std::fill_n(y.data<T>(), out[0].size(), T(0));
      return;
    }
    int64_t block = plan.block(), row = plan.heads * plan.width;
    plan.each_head([&](int64_t sample, int64_t head) {
      std::vector<T> p(size_t(block * plan.keys));
      Head<const T> v = head_of(plan.v, plan.v.raw<const T>(), sample, head);
      for (int64_t first = 0; first < plan.queries; first += block) {
        int64_t rows = std::min(block, plan.queries - first);
        plan.fill(sample, head, first, rows, p.data());
        product(false, false, rows, plan.width, plan.keys, T(1), p.data(), plan.keys, v.data, v.row, T(0),
                y.data<T>() + (sample * plan.queries + first) * row + head * plan.width, row);
      }
    });
  });
  y.finish();
}

REEL_KERNEL(AttentionGrad, kCpu) {
  NoGrad no_grad;
  Plan plan(op, in[0], in[1], in[2], in.size() == 5 ? in[4] : Tensor());
  Tensor gy = unit_rows(in[3]);
  WideAnswer gq(out[0]), gk(out[1]), gv(out[2]);
  visit_wide(plan.q.dtype(), [&]<class T>(T) {
    std::fill_n(gq.data<T>(), out[0].size(), T(0));
    std::fill_n(gk.data<T>(), out[1].size(), T(0));
    std::fill_n(gv.data<T>(), out[2].size(), T(0));
    if (plan.keys == 0 || gy.size() == 0) return;
    int64_t block = plan.block(), q_row = plan.heads * plan.depth, v_row = plan.heads * plan.width, keys = plan.keys;
    plan.each_head([&](int64_t sample, int64_t head) {
      std::vector<T> p(size_t(block * keys)), gp(p.size());
      Head<const T> q = head_of(plan.q, plan.q.raw<const T>(), sample, head), k = head_of(plan.k, plan.k.raw<const T>(), sample, head),
                    v = head_of(plan.v, plan.v.raw<const T>(), sample, head), g = head_of(gy, gy.raw<const T>(), sample, head);
      T *to_k = gk.data<T>() + sample * keys * q_row + head * plan.depth, *to_v = gv.data<T>() + sample * keys * v_row + head * plan.width;
      for (int64_t first = 0; first < plan.queries; first += block) {
        int64_t rows = std::min(block, plan.queries - first);
        plan.fill(sample, head, first, rows, p.data());
        const T* gradient = g.data + first * g.row;
        product(true, false, keys, plan.width, rows, T(1), p.data(), keys, gradient, g.row, T(1), to_v, v_row);
        product(false, true, rows, keys, plan.width, T(1), gradient, g.row, v.data, v.row, T(0), gp.data(), keys);
        for (int64_t i = 0; i < rows; ++i) {
          T *a = p.data() + i * keys, *b = gp.data() + i * keys, s = 0;
          for (int64_t j = 0; j < keys; ++j) s += a[j] * b[j];
#pragma GCC ivdep
          for (int64_t j = 0; j < keys; ++j) b[j] = a[j] * (b[j] - s);
        }
        product(false, false, rows, plan.depth, keys, T(op.scale), gp.data(), keys, k.data, k.row, T(0),
                gq.data<T>() + (sample * plan.queries + first) * q_row + head * plan.depth, q_row);
        product(true, false, keys, plan.depth, rows, T(op.scale), gp.data(), keys, q.data + first * q.row, q.row, T(1), to_k, q_row);
      }
    });
  });
  gq.finish(), gk.finish(), gv.finish();
}

// On [n, length, heads, depth].
Tensor attend(const char* op, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, const AttentionOptions& o, Where where) {
  const Tensor* in[] = {&q, &k, &v};
  DType t = promoted_float(Inputs(in, 3));
  Scores s{o.scale != 0 ? o.scale : 1 / std::sqrt(double(std::max<int64_t>(1, q.shape()[3]))), o.causal};
  Tensor a = cast(q, t, where), b = cast(k, t, where), c = cast(v, t, where);
  if (!(o.dropout >= 0 && o.dropout <= 1)) fail<Error>(op, "dropout must be in [0, 1], got " + std::to_string(o.dropout), Inputs(in, 3));
  // A mask that learns, and dropout, need the probabilities themselves.
  if (o.dropout > 0 || (mask && mask.has_history() && recording())) {
    Tensor p = probabilities(s, a, b, mask);
    return heads_first(matmul(dropout(p, o.dropout, default_generator(), where), heads_first(c), where));
  }
  if (mask) return apply(Attention{s}, Tensors{a, b, c, mask}, where);
  return apply(Attention{s}, a, b, c, where);
}

void check_shapes(const char* op, const Tensor& q, const Tensor& k, const Shape& scores, const Tensor& mask, Inputs in) {
  if (q.shape()[-1] != k.shape()[-1])
    fail(op, "queries have depth " + std::to_string(q.shape()[-1]) + ", keys " + std::to_string(k.shape()[-1]), in);
  if (!mask) return;
  bool fits = mask.rank() <= scores.rank();
  for (int i = 1; fits && i <= mask.rank(); ++i) fits = mask.shape()[-i] == 1 || mask.shape()[-i] == scores[-i];
  if (!fits) fail(op, "the mask " + to_string(mask.shape()) + " does not broadcast to " + to_string(scores), in);
  if (is_integer(mask.dtype())) fail<DTypeError>(op, "the mask must be bool or floats, not " + std::string(name(mask.dtype())), in);
}

}  // namespace

Tensor dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionOptions& o, Where where) {
  const char* op = "dot_product_attention";
  return formula(where, [&] {
    const Tensor* at[] = {&query, &key, &value};
    Inputs in(at, 3);
    for (int i = 0; i < 3; ++i)
      if (in[i].rank() != 4) fail(op, "operands must be [n, length, heads, depth]", in);
    const Shape &q = query.shape(), &k = key.shape(), &v = value.shape();
    if (q[0] != k[0] || q[0] != v[0] || q[2] != k[2] || q[2] != v[2] || k[1] != v[1])
      fail(op, "batches and heads must agree, and the lengths of keys and values", in);
    check_shapes(op, query, key, {q[0], q[2], q[1], k[1]}, o.mask, in);
    return attend(op, query, key, value, o.mask, o, where);
  });
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionOptions& o, Where where) {
  const char* op = "scaled_dot_product_attention";
  return formula(where, [&] {
    const Tensor* at[] = {&query, &key, &value};
    Inputs in(at, 3);
    int r = query.rank();
    bool fits = r >= 2 && key.rank() == r && value.rank() == r;
    for (int i = 0; fits && i < r - 2; ++i) fits = query.shape()[i] == key.shape()[i] && query.shape()[i] == value.shape()[i];
    if (!fits || key.shape()[-2] != value.shape()[-2])
      fail(op, "operands must be [..., length, depth] with equal leading axes and as many keys as values", in);
    Shape scores = query.shape();
    scores[-1] = key.shape()[-2];
    check_shapes(op, query, key, scores, o.mask, in);
    if (r == 4) return heads_first(attend(op, heads_first(query), heads_first(key), heads_first(value), o.mask, o, where));
    int64_t n = 1;
    for (int i = 0; i < r - 2; ++i) n *= query.shape()[i];
    auto with_heads = [&](const Tensor& x) { return reshape(x, {n, x.shape()[-2], 1, x.shape()[-1]}, where); };
    Tensor mask = o.mask && o.mask.rank() > 2 ? reshape(broadcast_to(o.mask, scores, where), {n, 1, scores[-2], scores[-1]}, where) : o.mask;
    Shape result = query.shape();
    result[-1] = value.shape()[-1];
    return reshape(attend(op, with_heads(query), with_heads(key), with_heads(value), mask, o, where), result, where);
  });
}

}  // namespace reel
