#include "tensor/ops/view.h"

#include <algorithm>
#include <cstring>

#include "tensor/cpu/elementwise.h"
#include "tensor/held.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/update.h"
#include "tensor/symbolic.h"

namespace reel {
namespace {

Spec view_spec(Inputs in) {
  Spec s;
  s.dtype = in[0].dtype();
  s.view = true;
  return s;
}

// Strides of `shape` over x's values without moving any, or false.
bool view_strides(const Body& x, const Shape& shape, int64_t* strides) {
  if (x.size == 0 || x.contiguous) {
    int64_t n = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) strides[i] = n, n *= shape[i];
    return true;
  }
  // Axes of 1 say nothing; the others are grouped into runs that lie evenly, each of which a group of new axes must fill.
  int r = 0;
  int64_t dims[kMaxRank], old[kMaxRank];
  for (int i = 0; i < x.shape.rank(); ++i)
    if (x.shape[i] != 1) dims[r] = x.shape[i], old[r++] = x.strides[i];
  int k = shape.rank() - 1;
  for (int i = r - 1; i >= 0;) {
    int64_t run = dims[i], step = old[i];
    int j = i - 1;
    while (j >= 0 && old[j] == dims[j + 1] * old[j + 1]) run *= dims[j--];
    int64_t filled = 1;
    while (k >= 0 && filled < run) {
      strides[k] = step * filled;
      filled *= shape[k--];
    }
    if (filled != run) return false;
    i = j;
  }
  for (; k >= 0; --k) {
    if (shape[k] != 1) return false;
    strides[k] = 1;
  }
  return true;
}

struct Reshape {
  static constexpr const char* name = "reshape";
  static constexpr Keep keep = kShapes;
  Shape to;
  Spec infer(Inputs in) const {
    Spec s = view_spec(in);
    s.shape = to;
    if (to.size() != in[0].size()) fail(name, std::to_string(in[0].size()) + " elements do not fill " + to_string(to), in);
    if (!view_strides(in[0].body(), to, s.strides)) fail(name, "no view of this layout has the shape " + to_string(to), in);
    return s;
  }
  static constexpr bool views = true;
  Grads vjp(const Vjp& v) const { return {reshape(v.gy(), v.shape(0))}; }
  Tensor batch(const Batch& b) const { return reshape(b.in(0), batch_shape(b.size(), to), b.where()); }
  std::string attributes() const { return "shape=" + to_string(to); }
};

struct Transpose {
  static constexpr const char* name = "transpose";
  static constexpr Keep keep = kNothing;
  int rank;
  int axes[kMaxRank];
  Spec infer(Inputs in) const {
    const Body& x = in[0].body();
    Spec s = view_spec(in);
    for (int i = 0; i < rank; ++i) {
      s.shape.push(x.shape[axes[i]]);
      s.strides[i] = x.strides[axes[i]];
    }
    return s;
  }
  Grads vjp(const Vjp& v) const {
    int back[kMaxRank] = {};
    for (int i = 0; i < rank; ++i) back[axes[i]] = i;
    return {transpose(v.gy(), std::span<const int>(back, size_t(rank)))};
  }
  static constexpr bool views = true;
  Tensor batch(const Batch& b) const {
    Transpose t{rank + 1, {}};
    for (int i = 0; i < rank; ++i) t.axes[i + 1] = axes[i] + 1;
    return apply(t, b.in(0), b.where());
  }
  std::string attributes() const {
    std::string s = "axes=";
    for (int i = 0; i < rank; ++i) s += (i ? "," : "") + std::to_string(axes[i]);
    return s;
  }
};

struct BroadcastTo {
  static constexpr const char* name = "broadcast_to";
  static constexpr Keep keep = kShapes;
  Shape to;
  Spec infer(Inputs in) const {
    const Body& x = in[0].body();
    Spec s = view_spec(in);
    s.shape = to;
    int shift = to.rank() - x.shape.rank();
    bool fits = shift >= 0;
    for (int i = 0; fits && i < to.rank(); ++i) {
      bool repeats = i < shift || (x.shape[i - shift] == 1 && to[i] != 1);
      fits = repeats || x.shape[i - shift] == to[i];
      s.strides[i] = repeats ? 0 : fits ? x.strides[i - shift] : 0;
    }
    if (!fits) fail(name, "cannot broadcast to " + to_string(to), in);
    return s;
  }
  Grads vjp(const Vjp& v) const { return {sum_to(v.gy(), v.shape(0))}; }
  static constexpr bool views = true;
  Tensor batch(const Batch& b) const {
    Tensor x = b.in(0);
    Shape s = batch_shape(b.size(), to);
    for (int i = 0; i < to.rank(); ++i) {
      int own = i - (to.rank() + 1 - x.rank());
      s[i + 1] = own < 0 ? 1 : x.shape()[own + 1];
    }
    return broadcast_to(reshape(x, s, b.where()), batch_shape(b.size(), to), b.where());
  }
  std::string attributes() const { return "shape=" + to_string(to); }
};

// Every step-th element from start on, per axis; axes that were indexed by an integer have count 1 and are dropped by a reshape
// inside the same view.
struct SliceView {
  static constexpr const char* name = "slice";
  static constexpr Keep keep = kShapes;
  int64_t start[kMaxRank], step[kMaxRank], count[kMaxRank];
  int rank;
  static constexpr bool views = true;
  // The same of every element of a batch of n.
  SliceView of_each(int64_t n) const {
    SliceView v{{0}, {1}, {n}, rank + 1};
    for (int i = 0; i < rank; ++i) v.start[i + 1] = start[i], v.step[i + 1] = step[i], v.count[i + 1] = count[i];
    return v;
  }
  Tensor batch(const Batch& b) const { return apply(of_each(b.size()), b.in(0), b.where()); }
  Spec infer(Inputs in) const {
    const Body& x = in[0].body();
    Spec s = view_spec(in);
    for (int i = 0; i < rank; ++i) {
      s.shape.push(count[i]);
      s.strides[i] = x.strides[i] * step[i];
      if (count[i] <= 0) continue;
      // A slice that was taken of a symbolic tensor may find fewer elements.
      int64_t last = start[i] + (count[i] - 1) * step[i];
      if (std::min(start[i], last) < 0 || std::max(start[i], last) >= x.shape[i])
        fail<IndexError>(name, "elements " + std::to_string(start[i]) + " to " + std::to_string(last) + " of axis " + std::to_string(i) + " with " +
                                   std::to_string(x.shape[i]), in);
      s.offset += start[i] * x.strides[i];
    }
    return s;
  }
  // The same slice where an axis of `was` elements has `now`: all of them are, and what was near the end is as near to the new one.
  void follow(int axis, int64_t was, int64_t now) {
    if (count[axis] == was) count[axis] = now;
    if (start[axis] > was / 2) start[axis] += now - was;
  }
  Grads vjp(const Vjp& v) const;
  std::string attributes() const {
    std::string s = "[";
    for (int i = 0; i < rank; ++i)
      s += (i ? ", " : "") + std::to_string(start[i]) + ":" + std::to_string(start[i] + count[i] * step[i]) + (step[i] == 1 ? "" : ":" + std::to_string(step[i]));
    return s + "]";
  }
};

// Zeros of shape `full` with the input written into the slice: the gradient of SliceView, and the other way round.
struct SliceInto {
  static constexpr const char* name = "slice_into";
  static constexpr bool complex = true;
  static constexpr Keep keep = kNothing;
  SliceView at;
  Shape full;
  Spec infer(Inputs in) const { return {full, in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {apply(at, v.gy(), {})}; }
  Tensor batch(const Batch& b) const { return apply(SliceInto{at.of_each(b.size()), batch_shape(b.size(), full)}, b.in(0), b.where()); }
};
REEL_KERNEL(SliceInto, kCpu) {
  std::memset(out[0].raw(), 0, size_t(out[0].bytes()));
  const Tensor* whole[] = {&out[0]};
  Spec s = op.at.infer(Inputs(whole, 1));
  copy_values(Tensor(new_view(out[0].body(), s.shape, s.strides, s.offset, {})), in[0]);
}
// The slices of one tensor (a step of a sequence each, say) add their gradients up where the first of them made room.
Grads SliceView::vjp(const Vjp& v) const {
  Tensor sum = v.sum(0), g = v.gy();
  if (!sum || sum.dtype() != g.dtype() || !(sum.shape() == v.shape(0))) return {apply(SliceInto{*this, v.shape(0)}, g, {})};
  const Tensor* all[] = {&sum};
  Spec s = infer(Inputs(all, 1));
  accumulate(Tensor(new_view(sum.body(), s.shape, s.strides, s.offset, {})), g);
  return {Tensor()};
}

SliceView whole(const Shape& s) {
  SliceView v;
  v.rank = s.rank();
  for (int i = 0; i < v.rank; ++i) v.start[i] = 0, v.step[i] = 1, v.count[i] = s[i];
  return v;
}

struct Pad {
  static constexpr const char* name = "pad";
  static constexpr Keep keep = kNothing;
  static constexpr bool complex = true;
  SliceView inside;
  Shape full;
  double value;
  Spec infer(Inputs in) const { return {full, in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {apply(inside, v.gy(), {})}; }
  Tensor batch(const Batch& b) const { return apply(Pad{inside.of_each(b.size()), batch_shape(b.size(), full), value}, b.in(0), b.where()); }
};
REEL_KERNEL(Pad, kCpu) {
  NoGrad no_grad;
  copy_values(out[0], reel::full({}, op.value, out[0].dtype()));
  const Tensor* whole[] = {&out[0]};
  Spec s = op.inside.infer(Inputs(whole, 1));
  copy_values(Tensor(new_view(out[0].body(), s.shape, s.strides, s.offset, {})), in[0]);
}

}  // namespace

bool apply_with_batch(const OpType& type, const void* op, const Shape& seen, const Tensor& x, int64_t n, Tensor* out, Where where) {
  if (&type == &op_type<Reshape>()) {
    out[0] = reshape(x, with_batch(static_cast<const Reshape*>(op)->to, n), where);
  } else if (&type == &op_type<BroadcastTo>()) {
    out[0] = broadcast_to(x, with_batch(static_cast<const BroadcastTo*>(op)->to, n), where);
  } else if (&type == &op_type<SliceView>()) {
    SliceView v = *static_cast<const SliceView*>(op);
    for (int i = 0; i < v.rank; ++i) v.follow(i, seen[i], with_batch(seen[i], n));
    out[0] = apply(v, x, where);
  } else if (&type == &op_type<Pad>()) {
    Pad p = *static_cast<const Pad*>(op);
    for (int i = 0; i < seen.rank(); ++i) {
      int64_t more = with_batch(seen[i], n) - seen[i];
      p.inside.count[i] += more, p.full[i] += more;
    }
    out[0] = apply(p, x, where);
  } else {
    return false;
  }
  return true;
}

Tensor reshape(const Tensor& x, const Shape& shape, Where where) {
  if (shape == x.shape()) return x;
  Shape s = shape;
  formula(where, [&] {
    if (s.size() != x.size()) fail("reshape", std::to_string(x.size()) + " elements do not fill " + to_string(s), OneInput(x).in);
  });
  int64_t strides[kMaxRank];
  if (!view_strides(x.body(), s, strides)) return apply(Reshape{s}, contiguous(x, where), where);
  return apply(Reshape{s}, x, where);
}

Tensor reshape(const Tensor& x, std::initializer_list<int64_t> dims, Where where) {
  Shape s = formula(where, [&] {
    int unknown = -1, i = 0;
    int64_t known = 1;
    std::string text;
    if (dims.size() > kMaxRank) fail("reshape", "more than 8 axes", OneInput(x).in);
    for (int64_t d : dims) {
      text += (i ? ", " : "") + std::to_string(d);
      if (d == -1 && unknown < 0) unknown = i;
      else if (d < 0) fail("reshape", d == -1 ? std::string("only one extent may be -1") : "bad extent " + std::to_string(d), OneInput(x).in);
      else if (__builtin_mul_overflow(known, d, &known)) fail("reshape", "more elements than 2^62", OneInput(x).in);
      ++i;
    }
    Shape shape;
    for (int64_t d : dims) shape.push(d);
    if (unknown >= 0) {
      if (known == 0 || x.size() % known) fail("reshape", std::to_string(x.size()) + " elements do not fill [" + text + "]", OneInput(x).in);
      shape[unknown] = x.size() / known;
    }
    return Shape(std::span<const int64_t>(shape.begin(), size_t(shape.rank())));
  });
  return reshape(x, s, where);
}

Tensor flatten(const Tensor& x, int axis, Where where) {
  Shape s;
  int at = held("flatten", x, where).rank() == 0 ? 0 : formula(where, [&] { return normalize_axis("flatten", axis, x.rank(), OneInput(x).in); });
  int64_t rest = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < at) s.push(x.shape()[i]);
    else rest *= x.shape()[i];
  }
  s.push(rest);
  return reshape(x, s, where);
}

Tensor transpose(const Tensor& x, Where where) {
  held("transpose", x, where);
  int axes[kMaxRank];
  for (int i = 0; i < x.rank(); ++i) axes[i] = x.rank() - 1 - i;
  return transpose(x, std::span<const int>(axes, size_t(x.rank())), where);
}
Tensor transpose(const Tensor& x, std::initializer_list<int> axes, Where where) {
  return transpose(x, std::span<const int>(axes.begin(), axes.size()), where);
}
Tensor transpose(const Tensor& x, std::span<const int> axes, Where where) {
  Transpose op{held("transpose", x, where).rank(), {}};
  formula(where, [&] {
    if (int(axes.size()) != x.rank()) fail("transpose", std::to_string(axes.size()) + " axes given for " + std::to_string(x.rank()), OneInput(x).in);
    unsigned seen = 0;
    for (int i = 0; i < op.rank; ++i) {
      op.axes[i] = normalize_axis("transpose", axes[size_t(i)], op.rank, OneInput(x).in);
      if (seen >> op.axes[i] & 1) fail<IndexError>("transpose", "axis " + std::to_string(axes[size_t(i)]) + " is named twice", OneInput(x).in);
      seen |= 1u << op.axes[i];
    }
  });
  return apply(op, x, where);
}
Tensor swapaxes(const Tensor& x, int a, int b, Where where) {
  held("swapaxes", x, where);
  int axes[kMaxRank];
  for (int i = 0; i < x.rank(); ++i) axes[i] = i;
  formula(where, [&] { std::swap(axes[normalize_axis("swapaxes", a, x.rank(), OneInput(x).in)], axes[normalize_axis("swapaxes", b, x.rank(), OneInput(x).in)]); });
  return transpose(x, std::span<const int>(axes, size_t(x.rank())), where);
}

Tensor expand_dims(const Tensor& x, int axis, Where where) {
  int at = formula(where, [&] {
    if (x.rank() == kMaxRank) fail("expand_dims", "there are " + std::to_string(kMaxRank) + " axes already", OneInput(x).in);
    return normalize_axis("expand_dims", axis, x.rank() + 1, OneInput(x).in);
  });
  Shape s;
  for (int i = 0; i <= x.rank(); ++i) {
    if (i == at) s.push(1);
    if (i < x.rank()) s.push(x.shape()[i]);
  }
  return reshape(x, s, where);
}
Tensor squeeze(const Tensor& x, Where where) {
  Shape s;
  for (int64_t d : held("squeeze", x, where).shape())
    if (d != 1) s.push(d);
  return reshape(x, s, where);
}
Tensor squeeze(const Tensor& x, int axis, Where where) {
  Shape s;
  int at = formula(where, [&] {
    int a = normalize_axis("squeeze", axis, x.rank(), OneInput(x).in);
    if (x.shape()[a] != 1) fail("squeeze", "axis " + std::to_string(axis) + " has " + std::to_string(x.shape()[a]) + " elements", OneInput(x).in);
    return a;
  });
  for (int i = 0; i < x.rank(); ++i)
    if (i != at) s.push(x.shape()[i]);
  return reshape(x, s, where);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, Where where) {
  return x.shape() == shape ? x : apply(BroadcastTo{shape}, x, where);
}

Tensor flip(const Tensor& x, int axis, Where where) {
  SliceView v = whole(held("flip", x, where).shape());
  int a = formula(where, [&] { return normalize_axis("flip", axis, x.rank(), OneInput(x).in); });
  v.start[a] = x.shape()[a] - 1;
  v.step[a] = -1;
  return apply(v, x, where);
}

Tensor slice_axis(const Tensor& x, int axis, int64_t start, int64_t count, Where where) {
  SliceView v = whole(held("slice_axis", x, where).shape());
  formula(where, [&] {
    axis = normalize_axis("slice_axis", axis, x.rank(), OneInput(x).in);
    if (start < 0 || count < 0 || start > x.shape()[axis] || count > x.shape()[axis] - start)
      fail<IndexError>("slice_axis", std::to_string(count) + " elements from " + std::to_string(start) + " on of axis " + std::to_string(axis) +
                                         " with " + std::to_string(x.shape()[axis]), OneInput(x).in);
  });
  v.start[axis] = start;
  v.count[axis] = count;
  return apply(v, x, where);
}

Tensor pad(const Tensor& x, std::initializer_list<std::pair<int64_t, int64_t>> widths, double value, Where where) {
  return pad(x, std::span<const std::pair<int64_t, int64_t>>(widths.begin(), widths.size()), value, where);
}
Tensor pad(const Tensor& x, std::span<const std::pair<int64_t, int64_t>> widths, double value, Where where) {
  Pad op{whole(held("pad", x, where).shape()), x.shape(), value};
  formula(where, [&] {
    if (int(widths.size()) != x.rank()) fail("pad", std::to_string(widths.size()) + " widths for " + std::to_string(x.rank()) + " axes", OneInput(x).in);
    for (int i = 0; i < x.rank(); ++i) {
      auto [before, after] = widths[size_t(i)];
      if (before < 0 || after < 0) fail("pad", "a negative width on axis " + std::to_string(i), OneInput(x).in);
      op.inside.start[i] = before;
      if (__builtin_add_overflow(op.full[i], before, &op.full[i]) || __builtin_add_overflow(op.full[i], after, &op.full[i]))
        fail("pad", "axis " + std::to_string(i) + " grows beyond 64 bits", OneInput(x).in);
    }
  });
  return apply(op, x, where);
}

// --- indexing expressions -------------------------------------------------------------------------------------------------------

Tensor detail::basic_index(const Tensor& x, std::span<const Index> index, Where where) {
  const size_t count = index.size();
  SliceView v = whole(x.shape());
  Shape s;
  int axis = 0, named = 0;
  for (size_t i = 0; i < count; ++i) named += index[i].kind == Index::Kind::kInt || index[i].kind == Index::Kind::kSlice;
  if (named > x.rank()) fail<IndexError>("index", std::to_string(named) + " indices for " + std::to_string(x.rank()) + " axes", OneInput(x).in);
  bool seen_ellipsis = false;
  int made = x.rank();
  for (size_t i = 0; i < count; ++i) made += (index[i].kind == Index::Kind::kNewAxis) - (index[i].kind == Index::Kind::kInt);
  if (made > kMaxRank) fail("index", "the result has more than " + std::to_string(kMaxRank) + " axes", OneInput(x).in);
  auto keep_rest = [&](int n) {
    for (; n > 0; --n) s.push(x.shape()[axis++]);
  };
  for (size_t i = 0; i < count; ++i) {
    const Index& k = index[i];
    if (k.kind == Index::Kind::kNewAxis) {
      s.push(1);
    } else if (k.kind == Index::Kind::kEllipsis) {
      if (seen_ellipsis) fail<IndexError>("index", "more than one ellipsis", OneInput(x).in);
      seen_ellipsis = true;
      keep_rest(x.rank() - named);
    } else if (k.kind == Index::Kind::kInt) {
      int64_t n = x.shape()[axis], at = k.at < 0 ? k.at + n : k.at;
      if (at < 0 || at >= n)
        fail<IndexError>("index", "index " + std::to_string(k.at) + " of axis " + std::to_string(axis) + " with " + std::to_string(n) + " elements", OneInput(x).in);
      v.start[axis] = at;
      v.count[axis++] = 1;
    } else {
      int64_t n = x.shape()[axis], step = k.slice.step;
      if (step == 0) fail<IndexError>("index", "a slice of step 0", OneInput(x).in);
      auto bound = [&](std::optional<int64_t> given, int64_t missing) {
        if (!given) return missing;
        int64_t b = *given < 0 ? *given + n : *given;
        return step > 0 ? std::clamp<int64_t>(b, 0, n) : std::clamp<int64_t>(b, -1, n - 1);
      };
      int64_t start = bound(k.slice.start, step > 0 ? 0 : n - 1), stop = bound(k.slice.stop, step > 0 ? n : -1);
      // Steps may be as large as integers are: nothing is added to them, and one that leads out at once counts as the axis' length.
      int64_t distance = step > 0 ? stop - start : start - stop, stride = std::clamp<int64_t>(step, -std::max<int64_t>(n, 1), std::max<int64_t>(n, 1));
      v.start[axis] = start;
      v.step[axis] = stride;
      v.count[axis] = distance > 0 ? (distance - 1) / std::abs(stride) + 1 : 0;
      s.push(v.count[axis++]);
    }
  }
  keep_rest(x.rank() - axis);
  return reshape(apply(v, x, where), s, where);
}

Tensor Tensor::operator[](Index index) const {
  return located(index.where, [&] { return detail::basic_index(*this, {&index, 1}, index.where); });
}
Tensor Tensor::operator[](std::initializer_list<Index> index) const {
  Where where = index.size() ? index.begin()->where : Where{};
  return formula(where, [&] { return detail::basic_index(*this, {index.begin(), index.size()}, where); });
}

}  // namespace reel
