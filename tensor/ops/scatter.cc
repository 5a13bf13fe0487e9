#include "tensor/ops/scatter.h"

#include <algorithm>
#include <atomic>
#include <tuple>

#include "tensor/ops/along.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/host.h"
#include "tensor/ops/index.h"
#include "tensor/ops/join.h"
#include "tensor/ops/sort.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 32768;

// Indices as contiguous int64 in [0, rows), the same tensor where they are that already; throws on others.
Tensor wrapped(const char* op, const Tensor& indices, int64_t rows, int axis, Inputs in) {
  if (!is_integer(indices.dtype())) fail<DTypeError>(op, std::string("indices must be integers, not ") + name(indices.dtype()), in);
  NoGrad no_grad;
  on_host(op, indices);
  Tensor at = contiguous(cast(indices, int64));
  const int64_t* p = at.raw<const int64_t>();
  std::atomic<bool> outside = false, negative = false;
  parallel_for(at.size(), kWork, [&](int64_t begin, int64_t end) {
    bool beyond = false, below = false;
    for (int64_t i = begin; i < end; ++i) beyond |= p[i] < -rows || p[i] >= rows, below |= p[i] < 0;
    if (beyond) outside = true;
    if (below) negative = true;
  });
  for (int64_t i = 0; outside; ++i)
    if (p[i] < -rows || p[i] >= rows)
      fail<IndexError>(op, "index " + std::to_string(p[i]) + " of axis " + std::to_string(axis) + " with " + std::to_string(rows) + " elements", in);
  return negative ? reel::where(at < 0, at + rows, at) : at;
}

enum class ScatterFold : uint8_t { kSet, kProd, kMax, kMin };
constexpr const char* kFoldNames[] = {"index_copy", "scatter_prod", "scatter_amax", "scatter_amin"};

// Inputs base, indices, updates: the rows of base that indices name folded with updates, or, without `include`, replaced by their fold.
template <ScatterFold kFold> struct Scatter {
  static constexpr const char* name = kFoldNames[int(kFold)];
  static constexpr bool complex = kFold == ScatterFold::kSet;
  static constexpr Keep keep = kFold == ScatterFold::kSet ? kIn1 | kShapes : kIn | kOut;
  int axis;
  bool include;
  Spec infer(Inputs in) const {
    if (in[0].dtype() != in[2].dtype()) fail<DTypeError>(name, "updates must have the dtype of a", in);
    if (kFold != ScatterFold::kSet && in[0].dtype() == boolean) fail<DTypeError>(name, "is not defined for bool (cast to an integer first)", in);
    const Shape& s = in[0].shape();
    if (s.rank() - 1 + in[1].rank() > kMaxRank) fail(name, "updates would have more than " + std::to_string(kMaxRank) + " axes", in);
    Shape expected;
    for (int i = 0; i < axis; ++i) expected.push(s[i]);
    for (int64_t d : in[1].shape()) expected.push(d);
    for (int i = axis + 1; i < s.rank(); ++i) expected.push(s[i]);
    if (!(in[2].shape() == expected)) fail(name, "updates must be " + to_string(expected) + " for axis " + std::to_string(axis), in);
    return {s, in[0].dtype()};
  }
  Grads vjp(const Vjp& v) const;
  std::string attributes() const { return "axis=" + std::to_string(axis) + (include ? "" : " without self"); }
};

template <ScatterFold kFold, class T> T fold(T a, T b) {
  if constexpr (kFold == ScatterFold::kSet) return b;
  else if constexpr (kFold == ScatterFold::kProd) return T(a * b);
  else {  // in two choices, of which the compiler makes no branch
    T beyond = kFold == ScatterFold::kMax ? (b > a ? b : a) : (b < a ? b : a);
    return b != b ? b : beyond;
  }
}

constexpr int64_t kAhead = 32;  // updates between the fetching of a place and its use

// Updates that are one number each, for the rows [first, last), in groups that are mostly of one task. Where one is not, what is another
// task's goes to a place that nobody reads: whose an update is cannot be predicted there.
template <ScatterFold kFold, class T> void fold_numbers(T* to, int64_t first, int64_t last, const int64_t* index, const T* x, int64_t count) {
  constexpr int64_t kGroup = 64;
  T elsewhere[16] = {};
  auto mine = [&](int64_t i) { return uint64_t(index[i] - first) < uint64_t(last - first); };
  for (int64_t begin = 0; begin < count; begin += kGroup) {
    const int64_t end = std::min(begin + kGroup, count);
    int64_t owned = 0;
    for (int64_t i = begin; i < end; ++i) owned += mine(i);
    if (owned == 0) continue;
    if (owned == end - begin) {
      for (int64_t i = begin; i < end; ++i) to[index[i]] = fold<kFold>(to[index[i]], x[i]);
      continue;
    }
    for (int64_t i = begin; i < end; ++i) {
      if (i + kAhead < count) __builtin_prefetch(to + index[i + kAhead], 1);
      uintptr_t mask = -uintptr_t(mine(i));  // of ?: the compiler makes a branch
      T* place = reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(to + index[i]) & mask) | (reinterpret_cast<uintptr_t>(elsewhere + i % 16) & ~mask));
      *place = fold<kFold>(*place, x[i]);
    }
  }
}

// Each task owns a range of rows and looks through all indices.
template <ScatterFold kFold> void run_scatter(const Scatter<kFold>& op, Inputs in, const Tensor& out) {
  NoGrad no_grad;
  const Shape& s = out.shape();
  int64_t rows = s[op.axis], outer = 1, inner = 1;
  for (int i = 0; i < s.rank(); ++i) (i < op.axis ? outer : inner) *= i == op.axis ? 1 : s[i];
  Tensor at = wrapped(op.name, in[1], rows, op.axis, in);
  DType t = out.dtype(), through = (t == float16 || t == bfloat16) && kFold == ScatterFold::kProd ? float32 : t;
  Tensor result = through == t ? out : Tensor(new_body(s, through, cpu(), {})), updates = contiguous(cast(in[2], through));
  assign(detach(result), in[0]);
  const int64_t* index = at.raw<const int64_t>();
  int64_t count = at.size();
  visit_any(through, [&]<class T>(T*) {
    if constexpr (kFold == ScatterFold::kSet || !(std::is_same_v<T, bool> || is_complex_type<T>)) {
      if (updates.size() == 0) return;
      const T* from = updates.raw<const T>();
      T* sum = result.raw<T>();
      int64_t grain = std::max<int64_t>(1, kWork * rows / std::max<int64_t>(1, count * inner));
      parallel_for(outer * rows, grain, [&](int64_t begin, int64_t end) {
        if (inner == 1 && op.include) {
          for (int64_t block = begin / rows; block * rows < end; ++block) {
            T* to = sum + block * rows;
            const T* x = from + block * count;
            const int64_t first = std::max(begin - block * rows, int64_t(0)), last = std::min(end - block * rows, rows);
            fold_numbers<kFold>(to, first, last, index, x, count);
          }
          return;
        }
        std::vector<bool> seen(op.include ? 0 : size_t(end - begin));
        for (int64_t block = begin / rows; block * rows < end; ++block)
          for (int64_t i = 0; i < count; ++i) {
            int64_t row = block * rows + index[i];
            if (row < begin || row >= end) continue;
            T* to = sum + row * inner;
            const T* x = from + (block * count + i) * inner;
            bool first = !op.include && !seen[size_t(row - begin)];
            if (first) seen[size_t(row - begin)] = true;
            for (int64_t k = 0; k < inner; ++k) to[k] = first ? x[k] : fold<kFold>(to[k], x[k]);
          }
      });
    }
  });
  if (through != t) assign(detach(out), result);
}
using IndexCopy = Scatter<ScatterFold::kSet>;
using ScatterProd = Scatter<ScatterFold::kProd>;
using ScatterMax = Scatter<ScatterFold::kMax>;
using ScatterMin = Scatter<ScatterFold::kMin>;
REEL_KERNEL(IndexCopy, kCpu) { run_scatter(op, in, out[0]); }
REEL_KERNEL(ScatterProd, kCpu) { run_scatter(op, in, out[0]); }
REEL_KERNEL(ScatterMax, kCpu) { run_scatter(op, in, out[0]); }
REEL_KERNEL(ScatterMin, kCpu) { run_scatter(op, in, out[0]); }

// For each index whether it is the last that names its row, in a shape that broadcasts over updates.
Tensor last_writers(const Tensor& indices, int64_t rows, int axis, int rank) {
  NoGrad no_grad;
  const Tensor* in[] = {&indices};
  Tensor at = wrapped("index_copy", indices, rows, axis, Inputs(in, 1)), last(new_body(at.shape(), boolean, cpu(), {}));
  std::vector<bool> seen(static_cast<size_t>(rows));
  for (int64_t i = at.size() - 1; i >= 0; --i) {
    size_t row = size_t(at.raw<int64_t>()[i]);
    last.raw<bool>()[i] = !seen[row];
    seen[row] = true;
  }
  Shape s = at.shape();
  for (int i = axis + 1; i < rank; ++i) s.push(1);
  return reshape(last, s);
}

// Along axis 1 of x, whose elements belong to runs of equal ids: of each the product of those before it in its run. By doubling: after
// each pass an element has the product of twice as many. Nothing is divided, so that zeros are exact in gradients of any order.
Tensor product_before(const Tensor& x, const Tensor& ids) {
  int64_t n = ids.size();
  Tensor y = x;
  bool more = true;
  auto moved = [&](int64_t by) {  // the element `by` before, 1 where that is of another run
    Tensor same = slice_axis(ids, 0, by, n - by) == slice_axis(ids, 0, 0, n - by);
    more = any(same).item<bool>();
    Tensor before = reel::where(reshape(same, {n - by, 1}), slice_axis(y, 1, 0, n - by), 1);
    return pad(before, {{0, 0}, {by, 0}, {0, 0}}, 1);
  };
  y = moved(1);
  for (int64_t by = 1; more && by < n; by *= 2) y = y * moved(by);
  return y;
}
// For each of x's rows of `axis` and for each update the product of all other factors of its row.
std::pair<Tensor, Tensor> products_of_others(const Tensor& x, const Tensor& at, const Tensor& updates, int axis) {
  int64_t rows = x.shape()[axis], outer = 1;
  for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
  int64_t inner = x.size() / (outer * rows);
  Tensor factors = concat({reshape(x, {outer, rows, inner}), reshape(updates, {outer, at.size(), inner})}, 1);
  Tensor ids = concat({arange(rows), reshape(at, {-1})}), order = argsort(ids), back = argsort(order);
  factors = take(factors, order, 1), ids = take(ids, order);
  Tensor others = product_before(factors, ids) * flip(product_before(flip(factors, 1), flip(ids, 0)), 1);
  Tensors parts = split(take(others, back, 1), {rows, at.size()}, 1);
  return {reshape(parts[0], x.shape()), reshape(parts[1], updates.shape())};
}

template <ScatterFold kFold> Grads Scatter<kFold>::vjp(const Vjp& v) const {
  Tensor gy = v.gy(), at = v.in(1);
  if constexpr (kFold == ScatterFold::kSet) {
    Shape s = v.shape(0);
    return {v.needs(0) ? index_fill(gy, at, 0, axis) : Tensor{}, Tensor{},
            v.needs(2) ? reel::where(last_writers(at, s[axis], axis, s.rank()), take(gy, at, axis), 0) : Tensor{}};
  } else {
    Tensor x = v.in(0), u = v.in(2);
    if constexpr (kFold == ScatterFold::kProd) {
      // The product of the others, a quotient where no factor is zero. Rows that are replaced are no factors.
      Tensor self = include ? x : index_fill(x, at, 1, axis), for_x, for_u;
      if (any(detach(self) == 0).item<bool>() || any(detach(u) == 0).item<bool>()) {
        const Tensor* in[] = {&x, &at, &u};
        std::tie(for_x, for_u) = products_of_others(self, wrapped(name, at, x.shape()[axis], axis, Inputs(in, 3)), u, axis);
      } else {
        Tensor y = v.out();
        for_x = y / self, for_u = take(y, at, axis) / u;
      }
      Tensor gx = gy * for_x;
      return {include ? gx : index_fill(gx, at, 0, axis), Tensor{}, take(gy, at, axis) * for_u};
    } else {
      DType t = x.dtype();
      Tensor y = v.out(), chosen_x = cast(x == y, t), chosen_u = cast(u == take(y, at, axis), t);
      if (!include) chosen_x = index_fill(chosen_x, at, 0, axis);
      // Rows that nothing named have themselves.
      Tensor share = gy / maximum(scatter_add(chosen_x, at, chosen_u, axis), 1);
      Tensor gx = share * chosen_x;
      if (!include) {
        Tensor untouched = index_fill(ones_like(x), at, 0, axis);
        gx = gy * untouched;
      }
      return {gx, Tensor{}, take(share, at, axis) * chosen_u};
    }
  }
}

template <class O> Tensor scatter_rows(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis, bool include) {
  const Tensor* in[] = {&x, &indices, &updates};
  return apply(O{normalize_axis(O::name, axis, x.rank(), Inputs(in, 3)), include}, x, indices, updates, {});
}

void check_along(const char* op, const Tensor& x, int axis, const Tensor& index, Inputs in) {
  if (x.rank() != index.rank()) fail(op, "x has " + std::to_string(x.rank()) + " axes, index has " + std::to_string(index.rank()), in);
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis && index.shape()[i] > x.shape()[i])
      fail(op, "axis " + std::to_string(i) + " is " + std::to_string(x.shape()[i]) + " in x and " + std::to_string(index.shape()[i]) + " in index", in);
}
// The part of x that index speaks of, all of it along the axis.
Tensor part_along(const char* op, const Tensor& x, const Tensor& index, int axis, Inputs in) {
  check_along(op, x, axis, index, in);
  on_host(op, index);
  Tensor part = x;
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis && index.shape()[i] < x.shape()[i]) part = slice_axis(part, i, 0, index.shape()[i]);
  return part;
}

// Row-major positions in x of x[..., index, ...] along one axis; index may be smaller along the others.
Tensor positions_along(const char* op, const Tensor& x, int axis, const Tensor& index, Inputs in) {
  check_along(op, x, axis, index, in);
  const Shape &s = x.shape(), &n = index.shape();
  Tensor at = wrapped(op, index, s[axis], axis, in), places(new_body({at.size()}, int64, cpu(), {}));
  if (at.size() == 0) return places;
  int64_t step[kMaxRank], total = 1, last = s.rank() - 1, width = n[last];
  for (int i = s.rank() - 1; i >= 0; --i) step[i] = total, total *= s[i];
  parallel_for(at.size() / width, std::max<int64_t>(1, kWork / width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      int64_t start = 0, rest = row;
      for (int64_t i = last - 1; i >= 0; rest /= n[int(i)], --i)
        if (i != axis) start += rest % n[int(i)] * step[i];
      const int64_t* from = at.raw<const int64_t>() + row * width;
      int64_t *to = places.raw<int64_t>() + row * width, each = step[axis], column = last != axis;
      for (int64_t k = 0; k < width; ++k) to[k] = start + from[k] * each + k * column;
    }
  });
  return places;
}
// The part of source that index speaks of, flat and in x's dtype.
Tensor matching(const char* op, const Tensor& x, const Tensor& index, const Tensor& source, Inputs in) {
  if (source.rank() != index.rank()) fail(op, "index has " + std::to_string(index.rank()) + " axes, source has " + std::to_string(source.rank()), in);
  Tensor part = source;
  for (int i = 0; i < index.rank(); ++i) {
    if (index.shape()[i] > source.shape()[i])
      fail(op, "axis " + std::to_string(i) + " is " + std::to_string(index.shape()[i]) + " in index and " + std::to_string(source.shape()[i]) + " in source", in);
    if (index.shape()[i] < source.shape()[i]) part = slice_axis(part, i, 0, index.shape()[i]);
  }
  return cast(part, x.dtype());
}

// How many rows each of `rows` gets, in dtype t, shaped to broadcast over x.
Tensor counts(const Tensor& at, int64_t rows, DType t, int rank) {
  Tensor n = scatter_add(Shape{rows}, at, ones(at.shape(), t));
  Shape s{rows};
  for (int i = 1; i < rank; ++i) s.push(1);
  return reshape(n, s);
}

// Checks ids against x and answers how many segments there are.
int64_t segments_of(const char* op, const Tensor& x, const Tensor& ids, int64_t segments) {
  const Tensor* in[] = {&x, &ids};
  if (x.rank() == 0 || ids.rank() != 1 || ids.shape()[0] != x.shape()[0]) fail(op, "ids must have one axis, as long as x's first", Inputs(in, 2));
  if (segments >= 0) return segments;
  if (segments != -1) fail(op, std::to_string(segments) + " segments", Inputs(in, 2));
  if (!is_integer(ids.dtype())) fail<DTypeError>(op, std::string("ids must be integers, not ") + name(ids.dtype()), Inputs(in, 2));
  NoGrad no_grad;
  on_host(op, ids);
  return ids.size() ? std::max<int64_t>(0, max(ids).item<int64_t>() + 1) : 0;
}
template <class F> Tensor segment(const char* op, const Tensor& x, const Tensor& ids, int64_t segments, double empty, Where where, F&& f) {
  return formula(where, [&] {
    Shape s = x.shape();
    int64_t n = segments_of(op, x, ids, segments);
    s[0] = n;
    return f(full(s, empty, x.dtype()));
  });
}

}  // namespace

Tensor index_copy(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis, Where where) {
  return formula(where, [&] { return scatter_rows<IndexCopy>(x, indices, updates, axis, true); });
}
Tensor index_add(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis, Where where) {
  return scatter_add(x, indices, updates, axis, where);
}
Tensor index_fill(const Tensor& x, const Tensor& indices, Scalar value, int axis, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x, &indices};
    int a = normalize_axis("index_fill", axis, x.rank(), Inputs(in, 2));
    Shape row{x.shape()[a]};
    Tensor at = reshape(wrapped("index_fill", indices, row[0], a, Inputs(in, 2)), {-1});
    Tensor chosen = apply(IndexCopy{0, true}, zeros(row, boolean), at, ones(at.shape(), boolean), {});
    for (int i = a + 1; i < x.rank(); ++i) row.push(1);
    return reel::where(reshape(chosen, row), full({}, value, x.dtype(), x.device()), x);
  });
}
Tensor put_along_axis(const Tensor& x, const Tensor& indices, const Tensor& values, int axis, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&x, &indices, &values};
    Inputs in(at, 3);
    if (x.rank() != indices.rank())
      fail("put_along_axis", "x has " + std::to_string(x.rank()) + " axes, indices have " + std::to_string(indices.rank()), in);
    int a = normalize_axis("put_along_axis", axis, x.rank(), in);
    Shape s = x.shape();
    s[a] = indices.shape()[a];
    return scatter(x, a, broadcast_to(indices, s), broadcast_to(values, s));
  });
}

Tensor gather(const Tensor& x, int axis, const Tensor& index, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x, &index};
    int a = normalize_axis("gather", axis, x.rank(), Inputs(in, 2));
    return take_along("gather", part_along("gather", x, index, a, Inputs(in, 2)), index, a);
  });
}
Tensor scatter(const Tensor& x, int axis, const Tensor& index, const Tensor& source, Where where) {
  return formula(where, [&] {
    const Tensor* at[] = {&x, &index, &source};
    Inputs in(at, 3);
    int a = normalize_axis("scatter", axis, x.rank(), in);
    Tensor updates = reshape(matching("scatter", x, index, source, in), {-1});
    return reshape(apply(IndexCopy{0, true}, reshape(x, {-1}), positions_along("scatter", x, a, index, in), updates, {}), x.shape());
  });
}
Tensor scatter(const Tensor& x, int axis, const Tensor& index, Scalar value, Where where) {
  return formula(where, [&] { return scatter(x, axis, index, broadcast_to(full({}, value, x.dtype(), x.device()), index.shape())); });
}
Tensor scatter_reduce(const Tensor& x, int axis, const Tensor& index, const Tensor& source, std::string_view fold, bool include_self, Where where) {
  return formula(where, [&] {
    const Tensor* operands[] = {&x, &index, &source};
    Inputs in(operands, 3);
    const char* op = "scatter_reduce";
    if (fold != "sum" && fold != "prod" && fold != "mean" && fold != "amax" && fold != "amin")
      unknown_name("fold of scatter_reduce", fold, {"sum", "prod", "mean", "amax", "amin"});
    if (x.dtype() == boolean) fail<DTypeError>(op, "is not defined for bool (cast to an integer first)", in);
    int a = normalize_axis(op, axis, x.rank(), in);
    Tensor updates = matching(op, x, index, source, in);
    // Of single lines the updates in order have one owner; those of many lines are shared by lines.
    Shape lines = index.shape();
    if (lines.rank() == x.rank()) lines[a] = x.shape()[a];
    if (fold == "sum" && include_self && lines == x.shape() && x.size() > x.shape()[a]) return add_along(op, x, index, updates, a);
    Tensor flat = reshape(x, {-1}), at = positions_along(op, x, a, index, in), y;
    updates = reshape(updates, {-1});
    if (fold == "prod") y = apply(ScatterProd{0, include_self}, flat, at, updates, {});
    else if (fold == "amax") y = apply(ScatterMax{0, include_self}, flat, at, updates, {});
    else if (fold == "amin") y = apply(ScatterMin{0, include_self}, flat, at, updates, {});
    else {
      if (fold == "mean" && !is_floating(x.dtype())) fail<DTypeError>(op, "a mean is of floats (cast first)", in);
      y = scatter_add(include_self ? flat : index_fill(flat, at, 0), at, updates);
      if (fold == "mean") {
        Tensor n = counts(at, x.size(), x.dtype(), 1);
        y = y / (include_self ? n + 1 : maximum(n, 1));
      }
    }
    return reshape(y, x.shape());
  });
}

Tensor segment_sum(const Tensor& x, const Tensor& ids, int64_t segments, Where where) {
  return segment("segment_sum", x, ids, segments, 0, where, [&](const Tensor& start) { return scatter_add(start.shape(), ids, x); });
}
Tensor segment_mean(const Tensor& x, const Tensor& ids, int64_t segments, Where where) {
  return segment("segment_mean", x, ids, segments, 0, where, [&](const Tensor& start) {
    DType t = is_floating(x.dtype()) ? x.dtype() : float32;
    return scatter_add(start.shape(), ids, cast(x, t)) / maximum(counts(ids, start.shape()[0], t, x.rank()), 1);
  });
}
Tensor segment_prod(const Tensor& x, const Tensor& ids, int64_t segments, Where where) {
  return segment("segment_prod", x, ids, segments, 1, where, [&](const Tensor& start) { return scatter_rows<ScatterProd>(start, ids, x, 0, true); });
}
Tensor segment_max(const Tensor& x, const Tensor& ids, int64_t segments, Where where) {
  return segment("segment_max", x, ids, segments, 0, where, [&](const Tensor& start) { return scatter_rows<ScatterMax>(start, ids, x, 0, false); });
}
Tensor segment_min(const Tensor& x, const Tensor& ids, int64_t segments, Where where) {
  return segment("segment_min", x, ids, segments, 0, where, [&](const Tensor& start) { return scatter_rows<ScatterMin>(start, ids, x, 0, false); });
}

}  // namespace reel
