#include "tensor/ops/join.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/arrange.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/host.h"
#include "tensor/ops/index.h"
#include "tensor/ops/mask.h"
#include "tensor/ops/sort.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

int checked_axis(const char* op, int axis, const Tensor& x) { return normalize_axis(op, axis, x.rank(), OneInput(x).in); }

void need_parts(const char* op, const Tensors& parts) {
  if (parts.empty()) throw ShapeError(std::string(op) + ": no tensors given");
}

int depth_of(const NestedTensors& b) {
  if (b.tensor) return 0;
  if (b.list.empty()) throw ShapeError("block: an empty list");
  int depth = depth_of(b.list[0]);
  for (const NestedTensors& inside : b.list)
    if (depth_of(inside) != depth) throw ShapeError("block: the nested lists are not of one depth");
  return depth + 1;
}
int rank_of(const NestedTensors& b) {
  int rank = b.tensor ? b.tensor.rank() : 0;
  for (const NestedTensors& inside : b.list) rank = std::max(rank, rank_of(inside));
  return rank;
}
// The innermost lists have depth 1 and join along the last axis.
Tensor joined(const NestedTensors& b, int depth, int rank) {
  if (b.tensor) {
    Shape s;
    for (int i = b.tensor.rank(); i < rank; ++i) s.push(1);
    for (int64_t d : b.tensor.shape()) s.push(d);
    return reshape(b.tensor, s);
  }
  Tensors parts;
  for (const NestedTensors& inside : b.list) parts.push_back(joined(inside, depth - 1, rank));
  return concat(parts, rank - depth);
}

constexpr int64_t kWork = 1 << 17;  // bytes worth a thread

enum class Continuation : uint8_t { kReflect, kSymmetric, kEdge, kWrap };
constexpr std::pair<std::string_view, Continuation> kContinuations[] = {
    {"reflect", Continuation::kReflect}, {"symmetric", Continuation::kSymmetric}, {"edge", Continuation::kEdge},
    {"wrap", Continuation::kWrap},       {"replicate", Continuation::kEdge},      {"circular", Continuation::kWrap}};

// Which element of n stands at place i of the continued axis, i from -before on.
int64_t continued(Continuation mode, int64_t i, int64_t n) {
  if (mode == Continuation::kEdge) return std::clamp<int64_t>(i, 0, n - 1);
  auto modulo = [](int64_t a, int64_t m) { return (a % m + m) % m; };
  if (mode == Continuation::kWrap) return modulo(i, n);
  if (mode == Continuation::kSymmetric) {
    int64_t k = modulo(i, 2 * n);
    return k < n ? k : 2 * n - 1 - k;
  }
  if (n == 1) return 0;
  int64_t k = modulo(i, 2 * (n - 1));
  return k < n ? k : 2 * (n - 1) - k;
}

// x and what continues it along all axes at once.
struct PadContinued {
  static constexpr const char* name = "pad";
  static constexpr Keep keep = kShapes;
  static constexpr bool complex = true;
  Continuation mode;
  int64_t before[kMaxRank] = {}, after[kMaxRank] = {};
  bool pads(int axis) const { return before[axis] || after[axis]; }
  Spec infer(Inputs in) const {
    Shape s = in[0].shape();
    for (int i = 0; i < s.rank(); ++i) s[i] += before[i] + after[i];
    return {s, in[0].dtype()};
  }
  Tensor batch(const Batch& b) const {
    PadContinued op{mode};
    for (int i = 0; i + 1 < b.in(0).rank(); ++i) op.before[i + 1] = before[i], op.after[i + 1] = after[i];
    return apply(op, b.in(0), b.where());
  }
  // Where each place of an axis of n comes from.
  std::vector<int64_t> places(int axis, int64_t n) const {
    std::vector<int64_t> from(size_t(before[axis] + n + after[axis]));
    for (size_t k = 0; k < from.size(); ++k) from[k] = continued(mode, int64_t(k) - before[axis], n);
    return from;
  }
  Grads vjp(const Vjp& v) const {
    Tensor g = v.gy();
    for (int i = g.rank() - 1; i >= 0; --i) {
      if (!pads(i)) continue;
      Shape s = g.shape();
      s[i] = v.shape(0)[i];
      g = scatter_add(s, tensor(places(i, s[i])), g, i);
    }
    return {g};
  }
};

// Lines along the last axis that grows, whose middle is one piece; of long elements, each of them.
REEL_KERNEL(PadContinued, kCpu) {
  if (out[0].size() == 0) return;
  NoGrad no_grad;
  constexpr int64_t kLong = 64;  // bytes
  Tensor x = contiguous(in[0]);
  const Shape &s = x.shape(), &full = out[0].shape();
  int axes = s.rank();
  int64_t item = item_size(x.dtype());
  while (axes > 1 && !op.pads(axes - 1)) item *= s[--axes];
  int64_t lines = 1, n = 1, width = 1, start = 0;
  std::vector<int64_t> across{0};
  if (item < kLong) --axes, n = s[axes], width = full[axes], start = op.before[axes], across = op.places(axes, n);
  std::vector<std::vector<int64_t>> distances;
  for (int i = 0; i < axes; ++i) distances.push_back(op.places(i, s[i])), lines *= full[i];
  int64_t step = n * item;
  for (int i = axes - 1; i >= 0; step *= s[i], --i)
    for (int64_t& d : distances[size_t(i)]) d *= step;
  parallel_for(lines, std::max<int64_t>(1, kWork / (width * item)), [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const char* from = x.raw<const char>();
      char* to = out[0].raw<char>() + line * width * item;
      int64_t rest = line;
      for (int i = axes - 1; i >= 0; rest /= full[i], --i) from += distances[size_t(i)][size_t(rest % full[i])];
      auto some = [&](int64_t first, int64_t last) {
        for (int64_t k = first; k < last; ++k) {
          const char* source = from + across[size_t(k)] * item;
          if (item == 4) std::memcpy(to + k * 4, source, 4);
          else std::memcpy(to + k * item, source, size_t(item));
        }
      };
      some(0, start);
      std::memcpy(to + start * item, from, size_t(n * item));
      some(start + n, width);
    }
  });
}

}  // namespace

Tensor hstack(const Tensors& parts, Where where) {
  return formula(where, [&] {
    need_parts("hstack", parts);
    Tensors p;
    for (const Tensor& t : parts) p.push_back(atleast_1d(t));
    return concat(p, p[0].rank() == 1 ? 0 : 1);
  });
}
Tensor vstack(const Tensors& parts, Where where) {
  return formula(where, [&] {
    need_parts("vstack", parts);
    Tensors p;
    for (const Tensor& t : parts) p.push_back(atleast_2d(t));
    return concat(p, 0);
  });
}
Tensor dstack(const Tensors& parts, Where where) {
  return formula(where, [&] {
    need_parts("dstack", parts);
    Tensors p;
    for (const Tensor& t : parts) p.push_back(atleast_3d(t));
    return concat(p, 2);
  });
}
Tensor column_stack(const Tensors& parts, Where where) {
  return formula(where, [&] {
    need_parts("column_stack", parts);
    Tensors p;
    for (const Tensor& t : parts) p.push_back(t.rank() < 2 ? expand_dims(atleast_1d(t), 1) : t);
    return concat(p, 1);
  });
}
Tensor block(std::initializer_list<NestedTensors> blocks, Where where) {
  return formula(where, [&] {
    NestedTensors all(blocks);
    int depth = depth_of(all), rank = std::max(depth, rank_of(all));
    if (rank > kMaxRank) throw ShapeError("block: lists of depth " + std::to_string(depth) + " make more than 8 axes");
    return joined(all, depth, rank);
  });
}

Tensor tile(const Tensor& x, const std::vector<int64_t>& reps, Where where) {
  return formula(where, [&] {
    int rank = std::max(x.rank(), int(reps.size()));
    if (rank > kMaxRank) fail("tile", "the result has more than " + std::to_string(kMaxRank) + " axes", OneInput(x).in);
    Shape s;
    for (int i = x.rank(); i < rank; ++i) s.push(1);
    for (int64_t d : x.shape()) s.push(d);
    Tensor y = reshape(x, s);
    for (int i = 0; i < rank; ++i) {
      int k = i - (rank - int(reps.size()));
      int64_t times = k < 0 ? 1 : reps[size_t(k)];
      if (times < 0) fail("tile", std::to_string(times) + " repetitions", OneInput(x).in);
      if (times == 1) continue;
      // All before this axis, the repetitions, all from it on.
      int64_t outer = 1, inner = 1, extent;
      for (int a = 0; a < rank; ++a) (a < i ? outer : inner) *= y.shape()[a];
      Shape full = y.shape();
      if (__builtin_mul_overflow(full[i], times, &extent)) fail("tile", "axis " + std::to_string(i) + " grows beyond 64 bits", OneInput(x).in);
      full[i] = extent;
      checked_bytes(full, item_size(x.dtype()));
      y = reshape(broadcast_to(reshape(y, {outer, 1, inner}), {outer, times, inner}), full);
    }
    return y.get() == x.get() ? clone(x) : y;
  });
}
Tensor repeat(const Tensor& x, int64_t count, Where where) {
  return formula(where, [&] { return repeat(reshape(x, {-1}), count, 0); });
}
Tensor repeat(const Tensor& x, int64_t count, int axis, Where where) {
  return formula(where, [&] {
    int a = checked_axis("repeat", axis, x);
    int64_t extent;
    if (count < 0) fail("repeat", std::to_string(count) + " repetitions", OneInput(x).in);
    if (__builtin_mul_overflow(x.shape()[a], count, &extent)) fail("repeat", "axis " + std::to_string(a) + " grows beyond 64 bits", OneInput(x).in);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < x.rank(); ++i) (i <= a ? outer : inner) *= x.shape()[i];
    Shape s = x.shape();
    s[a] = extent;
    checked_bytes(s, item_size(x.dtype()));
    return reshape(broadcast_to(reshape(x, {outer, 1, inner}), {outer, count, inner}), s);
  });
}
Tensor repeat(const Tensor& x, const Tensor& counts, int axis, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&x, &counts};
    Inputs in(at, 2);
    int a = checked_axis("repeat", axis, x);
    if (!is_integer(counts.dtype())) fail<DTypeError>("repeat", std::string("counts must be integers, not ") + name(counts.dtype()), in);
    on_host("repeat", counts);
    if (counts.size() == 1 && counts.rank() <= 1) return repeat(x, counts.item<int64_t>(), a);
    if (counts.rank() != 1 || counts.shape()[0] != x.shape()[a])
      fail("repeat", "counts must have one axis of " + std::to_string(x.shape()[a]) + " elements", in);
    Tensor c = contiguous(cast(counts, int64));
    int64_t total = 0;
    for (int64_t k : std::span(c.raw<const int64_t>(), size_t(c.size()))) {
      if (k < 0) fail("repeat", std::to_string(k) + " repetitions", in);
      if (__builtin_add_overflow(total, k, &total)) fail("repeat", "axis " + std::to_string(a) + " grows beyond 64 bits", in);
    }
    Tensor from = empty({total}, int64);
    int64_t* to = from.raw<int64_t>();
    for (int64_t i = 0; i < c.size(); ++i) to = std::fill_n(to, c.raw<const int64_t>()[i], i);
    return take(x, from, a);
  });
}

Tensor insert(const Tensor& x, const Tensor& positions, const Tensor& values, int axis, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&x, &positions, &values};
    Inputs in(at, 3);
    int a = checked_axis("insert", axis, x);
    if (!is_integer(positions.dtype())) fail<DTypeError>("insert", std::string("positions must be integers, not ") + name(positions.dtype()), in);
    if (positions.rank() > 1) fail("insert", "positions must have at most one axis", in);
    int64_t n = x.shape()[a], m = positions.size();
    Tensor p = contiguous(cast(reshape(on_host("insert", positions), {-1}), int64));
    std::vector<std::pair<int64_t, int64_t>> places;  // before which element, which value
    for (int64_t i = 0; i < m; ++i) {
      int64_t given = p.raw<const int64_t>()[i], k = given < 0 ? given + n : given;
      if (k < 0 || k > n)
        fail<IndexError>("insert",
            "position " + std::to_string(given) + " of axis " + std::to_string(a) + " with " + std::to_string(n) + " elements", in);
      places.push_back({k, i});
    }
    std::stable_sort(places.begin(), places.end(), [](auto& s, auto& t) { return s.first < t.first; });
    Shape s = x.shape();
    s[a] = m;
    // Where one position is a number, values is a slice without the axis, as in NumPy.
    Tensor v = cast(values, x.dtype());
    if (positions.rank() == 0 && v.rank() == x.rank() - 1 && v.rank() > 0) v = expand_dims(v, a);
    Tensor both = concat({x, broadcast_to(v, s)}, a), order = empty({n + m}, int64);
    int64_t* to = order.raw<int64_t>();
    size_t next = 0;
    for (int64_t i = 0; i <= n; ++i) {
      while (next < places.size() && places[next].first == i) *to++ = n + places[next++].second;
      if (i < n) *to++ = i;
    }
    return take(both, order, a);
  });
}
Tensor delete_at(const Tensor& x, const Tensor& positions, int axis, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&x, &positions};
    Inputs in(at, 2);
    int a = checked_axis("delete_at", axis, x);
    int64_t n = x.shape()[a];
    Tensor gone = positions;
    if (positions.dtype() == boolean) {
      if (!(positions.shape() == Shape{n}))
        fail<IndexError>("delete_at",
            "a mask of shape " + to_string(positions.shape()) + " for axis " + std::to_string(a) + " with " + std::to_string(n) + " elements", in);
      gone = flatnonzero(positions);
    } else if (!is_integer(positions.dtype())) {
      fail<DTypeError>("delete_at", std::string("positions must be integers or bools, not ") + name(positions.dtype()), in);
    }
    gone = contiguous(cast(reshape(on_host("delete_at", gone), {-1}), int64));
    Tensor kept = ones({n}, boolean);
    for (int64_t given : std::span(gone.raw<const int64_t>(), size_t(gone.size()))) {
      int64_t k = given < 0 ? given + n : given;
      if (k < 0 || k >= n)
        fail<IndexError>("delete_at",
            "position " + std::to_string(given) + " of axis " + std::to_string(a) + " with " + std::to_string(n) + " elements", in);
      kept.raw<bool>()[k] = false;
    }
    return take(x, flatnonzero(kept), a);
  });
}
Tensor append(const Tensor& x, const Tensor& values, Where where) {
  return formula(where, [&] { return concat({reshape(x, {-1}), reshape(values, {-1})}, 0); });
}
Tensor append(const Tensor& x, const Tensor& values, int axis, Where where) { return concat({x, values}, axis, where); }
Tensor trim_zeros(const Tensor& x, std::string_view trim, Where where) {
  return formula(where, [&] {
    if (trim != "f" && trim != "b" && trim != "fb") unknown_name("side of trim_zeros", trim, {"f", "b", "fb"});
    if (x.rank() != 1) fail("trim_zeros", "needs one axis", OneInput(x).in);
    Tensor there = flatnonzero(detach(x));
    int64_t n = x.shape()[0], first = 0, end = n;
    if (there.size() == 0) end = 0;
    else {
      if (trim.find('f') != std::string_view::npos) first = there.raw<int64_t>()[0];
      if (trim.find('b') != std::string_view::npos) end = there.raw<int64_t>()[there.size() - 1] + 1;
    }
    return slice_axis(x, 0, first, end - first);
  });
}

Tensor pad(const Tensor& x, std::initializer_list<std::pair<int64_t, int64_t>> widths, std::string_view mode, Where where) {
  return pad(x, std::span<const std::pair<int64_t, int64_t>>(widths.begin(), widths.size()), mode, where);
}
Tensor pad(const Tensor& x, std::span<const std::pair<int64_t, int64_t>> widths, std::string_view mode, Where where) {
  return formula(where, [&] {
    if (mode == "constant") return pad(x, widths, 0.);
    auto known = std::find_if(std::begin(kContinuations), std::end(kContinuations), [&](const auto& c) { return c.first == mode; });
    if (known == std::end(kContinuations))
      unknown_name("mode of pad", mode, {"constant", "reflect", "symmetric", "edge", "wrap", "replicate", "circular"});
    if (int(widths.size()) != x.rank()) fail("pad", std::to_string(widths.size()) + " widths for " + std::to_string(x.rank()) + " axes", OneInput(x).in);
    Shape full = x.shape();
    PadContinued op{known->second};
    for (int i = 0; i < x.rank(); ++i) {
      auto [before, after] = widths[size_t(i)];
      op.before[i] = before, op.after[i] = after;
      if (before < 0 || after < 0) fail("pad", "a negative width on axis " + std::to_string(i), OneInput(x).in);
      if (__builtin_add_overflow(full[i], before, &full[i]) || __builtin_add_overflow(full[i], after, &full[i]))
        fail("pad", "axis " + std::to_string(i) + " grows beyond 64 bits", OneInput(x).in);
      if (before + after > 0 && x.shape()[i] == 0) fail("pad", "axis " + std::to_string(i) + " is empty and has nothing to continue with", OneInput(x).in);
    }
    checked_bytes(full, item_size(x.dtype()));
    return full == x.shape() ? x : apply(op, x, where);
  });
}

}  // namespace reel
