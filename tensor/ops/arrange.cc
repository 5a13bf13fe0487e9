#include "tensor/ops/arrange.h"

#include <algorithm>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/index.h"
#include "tensor/ops/strided.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

int checked_axis(const char* op, int64_t axis, const Tensor& x) { return normalize_axis(op, axis, x.rank(), OneInput(x).in); }

// A view whose axes run through x along any combination of x's axes: a step on axis i moves step[i][k] along axis k. In bounds by
// construction. Elements may be seen more than once.
struct Lattice {
  static constexpr const char* name = "view";
  static constexpr bool complex = true;
  static constexpr Keep keep = kShapes;
  Shape shape;
  int64_t step[kMaxRank][kMaxRank] = {}, start[kMaxRank] = {};
  Spec infer(Inputs in) const {
    const Body& x = in[0].body();
    Spec s;
    s.dtype = x.dtype;
    s.view = true;
    s.shape = shape;
    for (int i = 0; i < shape.rank(); ++i) {
      s.strides[i] = 0;
      for (int k = 0; k < x.shape.rank(); ++k) s.strides[i] += step[i][k] * x.strides[k];
    }
    if (s.shape.size() == 0) return s;
    for (int k = 0; k < x.shape.rank(); ++k) {
      s.offset += start[k] * x.strides[k];
      // A view that was taken of a symbolic tensor may find fewer elements.
      int64_t low = start[k], high = start[k];
      for (int i = 0; i < shape.rank(); ++i) (step[i][k] < 0 ? low : high) += step[i][k] * (shape[i] - 1);
      if (low < 0 || high >= x.shape[k])
        fail<IndexError>(name, "elements " + std::to_string(low) + " to " + std::to_string(high) + " of axis " + std::to_string(k) + " with " + std::to_string(x.shape[k]), in);
    }
    return s;
  }
  Grads vjp(const Vjp& v) const {
    Shape x = v.shape(0);
    Tensor positions = apply(*this, reshape(arange(x.size()), x), {});
    return {reshape(scatter_add(Shape{x.size()}, reshape(positions, {-1}), reshape(v.gy(), {-1})), x)};
  }
  std::string attributes() const { return "shape=" + to_string(shape); }
};

std::vector<int> permutation(const char* op, const Tensor& x, const std::vector<int>& from, const std::vector<int>& to) {
  if (from.size() != to.size()) fail(op, std::to_string(from.size()) + " axes go to " + std::to_string(to.size()) + " places", OneInput(x).in);
  std::vector<int> order(size_t(x.rank()), -1);
  unsigned taken = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    int a = checked_axis(op, from[i], x), b = checked_axis(op, to[i], x);
    if (taken >> a & 1) fail<IndexError>(op, "axis " + std::to_string(from[i]) + " is named twice", OneInput(x).in);
    if (order[size_t(b)] >= 0) fail<IndexError>(op, "place " + std::to_string(to[i]) + " is named twice", OneInput(x).in);
    taken |= 1u << a;
    order[size_t(b)] = a;
  }
  int next = 0;
  for (int& o : order) {
    if (o >= 0) continue;
    while (taken >> next & 1) ++next;
    o = next++;
  }
  return order;
}

// Two different axes of x, as both are named.
std::pair<int, int> two_axes(const char* op, const Tensor& x, int axis1, int axis2) {
  int a = checked_axis(op, axis1, x), b = checked_axis(op, axis2, x);
  if (a == b) fail<IndexError>(op, "both axes are " + std::to_string(a), OneInput(x).in);
  return {a, b};
}

// 0 in x's dtype.
Tensor nothing(const Tensor& x) { return zeros({}, x.dtype(), x.device()); }

// x where column - row compares with k, over the last two axes.
Tensor triangle(const char* op, const Tensor& x, int64_t k, bool lower) {
  if (x.rank() < 2) fail(op, "needs at least two axes", OneInput(x).in);
  Tensor row = reshape(arange(x.shape()[-2]), {-1, 1}), column = arange(x.shape()[-1]);
  Tensor kept = lower ? column - k <= row : column - k >= row;
  return reel::where(to(kept, x.device() == symbolic() ? cpu() : x.device()), x, nothing(x));
}

}  // namespace

Tensor moveaxis(const Tensor& x, int from, int to, Where where) { return moveaxis(x, std::vector<int>{from}, std::vector<int>{to}, where); }
Tensor moveaxis(const Tensor& x, const std::vector<int>& from, const std::vector<int>& to, Where where) {
  return formula(where, [&] { return transpose(x, permutation("moveaxis", x, from, to)); });
}
Tensor rollaxis(const Tensor& x, int axis, int start, Where where) {
  return formula(where, [&] {
    int a = checked_axis("rollaxis", axis, x), s = start < 0 ? start + x.rank() : start;
    if (s < 0 || s > x.rank())
      fail<IndexError>("rollaxis", "start " + std::to_string(start) + " is outside the " + std::to_string(x.rank()) + " axes", OneInput(x).in);
    return moveaxis(x, a, a < s ? s - 1 : s);
  });
}
Tensor ravel(const Tensor& x, Where where) { return reshape(x, {-1}, where); }
Tensor unflatten(const Tensor& x, int axis, const std::vector<int64_t>& extents, Where where) {
  return formula(where, [&] {
    int a = checked_axis("unflatten", axis, x);
    int64_t n = x.shape()[a], known = 1;
    int unknown = -1;
    std::vector<int64_t> s(x.shape().begin(), x.shape().begin() + a);
    for (size_t i = 0; i < extents.size(); ++i) {
      bool open = extents[i] == -1 && unknown < 0;
      if (open) unknown = int(s.size());
      else if (extents[i] < 0) fail("unflatten", "bad extent " + std::to_string(extents[i]), OneInput(x).in);
      else if (__builtin_mul_overflow(known, extents[i], &known)) fail("unflatten", "more elements than 2^62", OneInput(x).in);
      s.push_back(extents[i]);
    }
    if (unknown >= 0 && known > 0) s[size_t(unknown)] = n / known;
    if (unknown >= 0 ? known == 0 || n % known : known != n)
      fail("unflatten", std::to_string(n) + " elements of axis " + std::to_string(a) + " do not fill the extents, whose product is " + std::to_string(known), OneInput(x).in);
    s.insert(s.end(), x.shape().begin() + a + 1, x.shape().end());
    return reshape(x, Shape(s));
  });
}
Tensor atleast_1d(const Tensor& x, Where where) { return x.rank() ? x : reshape(x, {1}, where); }
Tensor atleast_2d(const Tensor& x, Where where) {
  return formula(where, [&] { return x.rank() >= 2 ? x : expand_dims(atleast_1d(x), 0); });
}
Tensor atleast_3d(const Tensor& x, Where where) {
  return formula(where, [&] { return x.rank() >= 3 ? x : expand_dims(atleast_2d(x), 2); });
}
Tensors broadcast_arrays(const Tensors& tensors, Where where) {
  return formula(where, [&] {
    std::vector<const Tensor*> at;
    for (const Tensor& t : tensors) at.push_back(&t);
    Tensors out;
    if (tensors.empty()) return out;
    Shape s = broadcast_shapes("broadcast_arrays", Inputs(at.data(), int(at.size())));
    for (const Tensor& t : tensors) out.push_back(broadcast_to(t, s));
    return out;
  });
}

Tensor flip(const Tensor& x, Where where) {
  return formula(where, [&] {
    Tensor y = x;
    for (int i = 0; i < x.rank(); ++i) y = flip(y, i);
    return y;
  });
}
Tensor flip(const Tensor& x, const std::vector<int>& axes, Where where) {
  return formula(where, [&] {
    unsigned seen = 0;
    for (int axis : axes) {
      int a = checked_axis("flip", axis, x);
      if (seen >> a & 1) fail<IndexError>("flip", "axis " + std::to_string(axis) + " is named twice", OneInput(x).in);
      seen |= 1u << a;
    }
    Tensor y = x;
    for (int axis : axes) y = flip(y, axis);
    return y;
  });
}
Tensor fliplr(const Tensor& x, Where where) { return flip(x, 1, where); }
Tensor flipud(const Tensor& x, Where where) { return flip(x, 0, where); }
Tensor rot90(const Tensor& x, int k, std::pair<int, int> axes, Where where) {
  return formula(where, [&] {
    auto [a, b] = two_axes("rot90", x, axes.first, axes.second);
    k = (k % 4 + 4) % 4;
    if (k == 0) return x;
    if (k == 2) return flip(flip(x, a), b);
    return k == 1 ? swapaxes(flip(x, b), a, b) : flip(swapaxes(x, a, b), b);
  });
}
Tensor roll(const Tensor& x, int64_t shift, Where where) {
  return formula(where, [&] { return reshape(roll(reshape(x, {-1}), shift, 0), x.shape()); });
}
Tensor roll(const Tensor& x, int64_t shift, int axis, Where where) {
  return formula(where, [&] {
    int a = checked_axis("roll", axis, x);
    int64_t n = x.shape()[a];
    if (n == 0) return x;
    int64_t s = (shift % n + n) % n;
    return s == 0 ? x : concat({slice_axis(x, a, n - s, s), slice_axis(x, a, 0, n - s)}, a);
  });
}
Tensor roll(const Tensor& x, const std::vector<int64_t>& shifts, const std::vector<int>& axes, Where where) {
  return formula(where, [&] {
    if (shifts.size() != axes.size()) fail("roll", std::to_string(shifts.size()) + " shifts for " + std::to_string(axes.size()) + " axes", OneInput(x).in);
    Tensor y = x;
    for (size_t i = 0; i < axes.size(); ++i) y = roll(y, shifts[i], axes[i]);
    return y;
  });
}

Tensors unstack(const Tensor& x, int axis, Where where) {
  return formula(where, [&] {
    int a = checked_axis("unstack", axis, x);
    Tensors parts;
    for (int64_t i = 0; i < x.shape()[a]; ++i) parts.push_back(squeeze(slice_axis(x, a, i, 1), a));
    return parts;
  });
}
Tensors chunk(const Tensor& x, int64_t chunks, int axis, Where where) {
  return formula(where, [&] {
    int a = checked_axis("chunk", axis, x);
    if (chunks < 1) fail("chunk", std::to_string(chunks) + " chunks", OneInput(x).in);
    int64_t n = x.shape()[a], size = std::max<int64_t>(1, (n + chunks - 1) / chunks);
    Tensors parts;
    for (int64_t at = 0; at < n || parts.empty(); at += size) parts.push_back(slice_axis(x, a, at, std::min(size, n - at)));
    return parts;
  });
}
Tensors array_split(const Tensor& x, int64_t sections, int axis, Where where) {
  return formula(where, [&] {
    int a = checked_axis("array_split", axis, x);
    if (sections < 1) fail("array_split", std::to_string(sections) + " sections", OneInput(x).in);
    int64_t n = x.shape()[a], at = 0;
    Tensors parts;
    for (int64_t i = 0; i < sections; ++i) {
      int64_t size = n / sections + (i < n % sections);
      parts.push_back(slice_axis(x, a, at, size));
      at += size;
    }
    return parts;
  });
}
Tensors hsplit(const Tensor& x, int sections, Where where) { return split(x, sections, x.rank() == 1 ? 0 : 1, where); }
Tensors vsplit(const Tensor& x, int sections, Where where) {
  return formula(where, [&] {
    if (x.rank() < 2) fail("vsplit", "needs at least two axes", OneInput(x).in);
    return split(x, sections, 0);
  });
}
Tensors dsplit(const Tensor& x, int sections, Where where) {
  return formula(where, [&] {
    if (x.rank() < 3) fail("dsplit", "needs at least three axes", OneInput(x).in);
    return split(x, sections, 2);
  });
}

Tensor diagonal(const Tensor& x, int64_t offset, int axis1, int axis2, Where where) {
  return formula(where, [&] {
    auto [a, b] = two_axes("diagonal", x, axis1, axis2);
    Lattice op;
    for (int i = 0; i < x.rank(); ++i)
      if (i != a && i != b) {
        op.step[op.shape.rank()][i] = 1;
        op.shape.push(x.shape()[i]);
      }
    int64_t rows = x.shape()[a], columns = x.shape()[b];
    int64_t first_row = std::clamp<int64_t>(offset, -rows, 0) * -1, first_column = std::clamp<int64_t>(offset, 0, columns);
    int last = op.shape.rank();
    op.step[last][a] = op.step[last][b] = 1;
    op.shape.push(std::min(rows - first_row, columns - first_column));
    op.start[a] = first_row;
    op.start[b] = first_column;
    return apply(op, x, {});
  });
}
Tensor diag_embed(const Tensor& x, int64_t offset, int axis1, int axis2, Where where) {
  return formula(where, [&] {
    if (x.rank() == 0) fail("diag_embed", "needs at least one axis", OneInput(x).in);
    if (x.rank() == kMaxRank) fail("diag_embed", "there are " + std::to_string(kMaxRank) + " axes already", OneInput(x).in);
    int rank = x.rank() + 1, a = normalize_axis("diag_embed", axis1, rank, OneInput(x).in), b = normalize_axis("diag_embed", axis2, rank, OneInput(x).in);
    if (a == b) fail<IndexError>("diag_embed", "both axes are " + std::to_string(a), OneInput(x).in);
    int64_t away = offset < 0 ? -offset : offset, side;
    if (offset == std::numeric_limits<int64_t>::min() || __builtin_add_overflow(x.shape()[-1], away, &side))
      fail("diag_embed", "an offset of " + std::to_string(offset), OneInput(x).in);
    checked_bytes({side, side, x.size()}, item_size(x.dtype()));
    // The diagonals of zeros [.., side, side], which are put where the axes belong.
    PutRegion op{{x.shape(), {}, offset < 0 ? away * side : away}};
    Shape s = x.shape();
    s[-1] = side, s.push(side);
    op.at.strides[x.rank() - 1] = side + 1;
    for (int64_t i = x.rank() - 2, total = side * side; i >= 0; --i) op.at.strides[i] = total, total *= x.shape()[int(i)];
    Tensor squares = apply(op, broadcast_to(nothing(x), s), x, {});
    return moveaxis(squares, std::vector<int>{-2, -1}, std::vector<int>{a, b});
  });
}
Tensor diag(const Tensor& x, int64_t offset, Where where) {
  return formula(where, [&] {
    if (x.rank() != 1 && x.rank() != 2) fail("diag", "needs one or two axes", OneInput(x).in);
    return x.rank() == 1 ? diag_embed(x, offset) : diagonal(x, offset);
  });
}
Tensor diagflat(const Tensor& x, int64_t offset, Where where) {
  return formula(where, [&] { return diag_embed(reshape(x, {-1}), offset); });
}
Tensor trace(const Tensor& x, int64_t offset, int axis1, int axis2, Where where) {
  return formula(where, [&] { return sum(diagonal(x, offset, axis1, axis2), -1); });
}
Tensor tril(const Tensor& x, int64_t k, Where where) {
  return formula(where, [&] { return triangle("tril", x, k, true); });
}
Tensor triu(const Tensor& x, int64_t k, Where where) {
  return formula(where, [&] { return triangle("triu", x, k, false); });
}

Tensor sliding_window_view(const Tensor& x, const std::vector<int64_t>& window, const std::vector<int>& axes, Where where) {
  return formula(where, [&] {
    const char* op_name = "sliding_window_view";
    std::vector<int> at = axes;
    if (at.empty())
      for (int i = 0; i < x.rank(); ++i) at.push_back(i);
    if (at.size() != window.size()) fail(op_name, std::to_string(window.size()) + " extents for " + std::to_string(at.size()) + " axes", OneInput(x).in);
    if (x.rank() + int(window.size()) > kMaxRank) fail(op_name, "the result has more than " + std::to_string(kMaxRank) + " axes", OneInput(x).in);
    Lattice op;
    op.shape = x.shape();
    for (int i = 0; i < x.rank(); ++i) op.step[i][i] = 1;
    for (size_t i = 0; i < at.size(); ++i) {
      int a = checked_axis(op_name, at[i], x);
      if (window[i] < 0 || window[i] > op.shape[a] + (window[i] == 0))
        fail(op_name, "a window of " + std::to_string(window[i]) + " on axis " + std::to_string(a) + " with " + std::to_string(op.shape[a]) + " elements", OneInput(x).in);
      op.shape[a] -= window[i] - 1;
      op.step[op.shape.rank()][a] = 1;
      op.shape.push(window[i]);
    }
    return apply(op, x, {});
  });
}
Tensor as_strided(const Tensor& x, const Shape& shape, const std::vector<int64_t>& strides, int64_t offset, Where where) {
  return formula(where, [&] {
    if (int(strides.size()) != shape.rank())
      fail("as_strided", std::to_string(strides.size()) + " strides for " + std::to_string(shape.rank()) + " axes", OneInput(x).in);
    Shape checked(std::span<const int64_t>(shape.begin(), size_t(shape.rank())));
    Lattice op;
    op.shape = checked;
    op.start[0] = offset;
    __int128 low = offset, high = offset;
    for (int i = 0; i < checked.rank(); ++i) {
      op.step[i][0] = strides[size_t(i)];
      __int128 reach = __int128(strides[size_t(i)]) * (checked[i] - 1);
      (reach < 0 ? low : high) += reach;
    }
    if (checked.size() && (low < 0 || high >= x.size()))
      fail<IndexError>("as_strided",
          "elements from " + std::to_string(double(low)) + " to " + std::to_string(double(high)) + " of " + std::to_string(x.size()), OneInput(x).in);
    if (checked.size() == 0) std::fill_n(&op.step[0][0], kMaxRank * kMaxRank, 0), op.start[0] = 0;
    return apply(op, reshape(x, {-1}), {});
  });
}

}  // namespace reel
