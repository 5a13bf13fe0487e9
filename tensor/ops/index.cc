#include "tensor/ops/index.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "tensor/complex.h"
#include "tensor/ops/along.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/row_sum.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 32768;  // elements worth a thread

void need_integers(const char* op, const Tensor& indices, Inputs in) {
  if (!is_integer(indices.dtype())) fail<DTypeError>(op, std::string("indices must be integers, not ") + name(indices.dtype()), in);
}
// What take answers: the axis of x replaced by the axes of indices.
Shape taken_shape(const char* op, const Shape& x, const Shape& indices, int axis, Inputs in) {
  if (x.rank() - 1 + indices.rank() > kMaxRank)
    fail(op, "the result would have " + std::to_string(x.rank() - 1 + indices.rank()) + " axes, more than " + std::to_string(kMaxRank), in);
  Shape s;
  for (int i = 0; i < axis; ++i) s.push(x[i]);
  for (int64_t d : indices) s.push(d);
  for (int i = axis + 1; i < x.rank(); ++i) s.push(x[i]);
  return s;
}

// "[1, 3]": where in a row-major tensor an element stands.
std::string position(const Shape& shape, int64_t at) {
  Shape index = shape;
  for (int i = shape.rank() - 1; i >= 0; --i) index[i] = at % shape[i], at /= shape[i];
  return to_string(index);
}

// Which indices a place takes, for errors: `what` says what one is, `of` what it counts.
struct IndexRule {
  const char *op, *what, *of;
  int64_t rows;
  bool from_end = true;  // negative ones count from the end
  int64_t low() const { return from_end ? -rows : 0; }
};

// Calls f with the indices as int32 or int64 in row-major order, unlooked at.
template <class F> void with_raw_indices(const Tensor& given, F&& f) {
  NoGrad no_grad;
  Tensor indices = contiguous(given.dtype() == int32 || given.dtype() == int64 ? given : cast(given, int64));
  if (indices.dtype() == int32) f(indices.raw<const int32_t>());
  else f(indices.raw<const int64_t>());
}
template <class I> void check_indices(const IndexRule& rule, const I* p, const Shape& shape, Inputs in) {
  std::atomic<bool> outside = false;
  parallel_for(shape.size(), kWork, [&](int64_t begin, int64_t end) {
    bool any = false;  // looked for without a branch: hardly ever is there one
    for (int64_t i = begin; i < end; ++i) any |= p[i] < rule.low() || p[i] >= rule.rows;
    if (any) outside = true;
  });
  for (int64_t i = 0; outside && i < shape.size(); ++i)
    if (p[i] < rule.low() || p[i] >= rule.rows)
      fail<IndexError>(rule.op, std::string(rule.what) + " " + std::to_string(p[i]) + " at position " + position(shape, i) + " is outside the " +
                                    std::to_string(rule.rows) + " " + rule.of, in);
}
// The same after looking through all of them.
template <class F> void with_indices(const char* op, const char* what, const char* of, const Tensor& given, int64_t rows, Inputs in, F&& f) {
  with_raw_indices(given, [&]<class I>(const I* p) {
    check_indices({op, what, of, rows}, p, given.shape(), in);
    f(p);
  });
}

// x around one axis: [outer, rows, inner].
struct Around {
  int64_t outer = 1, rows, inner = 1;
  Around(const Shape& s, int axis) : rows(s[axis]) {
    for (int i = 0; i < axis; ++i) outer *= s[i];
    for (int i = axis + 1; i < s.rank(); ++i) inner *= s[i];
  }
};

struct TakeRows {
  int axis = 0;
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
Spec take_spec(const char* op, int axis, Inputs in) {
  need_integers(op, in[1], in);
  return {taken_shape(op, in[0].shape(), in[1].shape(), axis, in), in[0].dtype()};
}
struct Take : TakeRows {
  static constexpr const char* name = "take";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn1 | kShapes;
  Spec infer(Inputs in) const { return take_spec(name, axis, in); }
  Grads vjp(const Vjp& v) const;
  Tensor batch(const Batch& b) const {
    if (!b.has(1)) return take(b.in(0), b.in(1), axis + 1, b.where());
    return b.has(0) || axis ? Tensor() : take(b.in(0), b.in(1), 0, b.where());
  }
};
struct Embedding : TakeRows {
  static constexpr const char* name = "embedding";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn1 | kShapes;
  Spec infer(Inputs in) const {
    if (in[0].rank() != 2) fail(name, "the table must have two axes, [rows, width]", in);
    return take_spec(name, 0, in);
  }
  Tensor batch(const Batch& b) const { return b.has(0) ? b.has(1) ? Tensor() : take(b.in(0), b.in(1), 1, b.where()) : apply(*this, b.in(0), b.in(1), b.where()); }
  Grads vjp(const Vjp& v) const;
};

// Rows of Bytes bytes, at any address: to[k] = from[index[k]] for every block of `rows`. Answers false where it met an index outside of them.
template <int Bytes, class I> bool take_numbers(const Around& a, int64_t low, int64_t count, const I* index, const char* from, char* to) {
  std::atomic<bool> inside = true;
  parallel_for(a.outer * count, kWork, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin / count; block * count < end; ++block) {
      int64_t first = std::max(begin - block * count, int64_t(0)), last = std::min(end - block * count, count);
      const char* source = from + block * a.rows * Bytes;
      char* target = to + block * count * Bytes;
      const I* places = index;  // bytes that are written might be anything's but a local's
      const int64_t rows = a.rows, lowest = low;
      for (int64_t i = first; i < last; ++i) {
        int64_t at = places[i];
        if (uint64_t(at) - uint64_t(lowest) >= uint64_t(rows - lowest)) [[unlikely]] {
          inside = false;
          return;
        }
        std::memcpy(target + i * Bytes, source + (at + (rows & (at >> 63))) * Bytes, Bytes);
      }
    }
  });
  return inside;
}

void run_take(const IndexRule& rule, int axis, Inputs in, const Tensor& out) {
  Around a(in[0].shape(), axis);
  with_raw_indices(in[1], [&]<class I>(const I* index) {
    int64_t count = in[1].size(), row = a.inner * item_size(in[0].dtype());
    if (out.size() == 0 || a.rows == 0) return check_indices(rule, index, in[1].shape(), in);
    Tensor x = contiguous(in[0]);
    const char* from = x.raw<const char>();
    char* to = out.raw<char>();
    auto numbers = [&]<int Bytes>() {
      if (!take_numbers<Bytes>(a, rule.low(), count, index, from, to)) check_indices(rule, index, in[1].shape(), in);
    };
    if (row == 1) return numbers.template operator()<1>();
    if (row == 2) return numbers.template operator()<2>();
    if (row == 4) return numbers.template operator()<4>();
    if (row == 8) return numbers.template operator()<8>();
    check_indices(rule, index, in[1].shape(), in);
    parallel_for(a.outer * count, std::max<int64_t>(1, kWork / a.inner), [&](int64_t begin, int64_t end) {
      int64_t block = begin / count, i = begin % count;
      for (int64_t k = begin; k < end; ++k) {
        int64_t at = index[i] < 0 ? index[i] + a.rows : index[i];
        const char* source = from + (block * a.rows + at) * row;
        std::memcpy(to + k * row, source, size_t(row));
        if (++i == count) i = 0, ++block;
      }
    });
  });
}
REEL_KERNEL(Take, kCpu) { run_take({"take", "index", "rows of the axis", in[0].shape()[op.axis]}, op.axis, in, out[0]); }
REEL_KERNEL(Embedding, kCpu) { run_take({"embedding", "id", "rows of the table", in[0].shape()[0], false}, 0, in, out[0]); }

// The dtype that additions happen in; bool has none.
DType adding_dtype(const char* op, DType t, Inputs in) {
  if (t == boolean) fail<DTypeError>(op, "bools do not add up (cast to an integer first)", in);
  return t == float16 || t == bfloat16 ? float32 : t;
}

// Starts `out` from base (or zeros), lets f(T* values) add to it in the adding dtype and brings the result back.
template <class F> void accumulate(const Tensor& out, const Tensor* base, F&& f) {
  NoGrad no_grad;
  DType t = out.dtype(), through = t == float16 || t == bfloat16 ? float32 : t;
  Tensor sum = through == t ? out : Tensor(new_body(out.shape(), through, cpu(), {}));
  if (base) assign(detach(sum), *base);
  else if (sum.size()) std::memset(sum.raw(), 0, size_t(sum.bytes()));
  visit_any(through, [&]<class T>(T*) {
    if constexpr (is_complex_type<T> || (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)) f(sum.raw<T>());
  });
  if (through != t) assign(detach(out), sum);
}

// Inputs indices, updates and maybe base.
struct ScatterAdd {
  static constexpr const char* name = "scatter_add";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn0;
  int axis;
  Shape shape;
  Spec infer(Inputs in) const {
    need_integers(name, in[0], in);
    adding_dtype(name, in[1].dtype(), in);
    Shape expected = taken_shape(name, shape, in[0].shape(), axis, in);
    if (!(in[1].shape() == expected)) fail(name, "updates must be " + to_string(expected) + " for axis " + std::to_string(axis) + " of " + to_string(shape), in);
    if (in.size() == 3 && in[2].dtype() != in[1].dtype()) fail<DTypeError>(name, "base and updates must have the same dtype", in);
    return {shape, in[1].dtype()};
  }
  Grads vjp(const Vjp& v) const {
    return {Tensor{}, v.needs(1) ? take(v.gy(), v.in(0), axis) : Tensor{}, v.inputs() == 3 ? v.gy() : Tensor{}};
  }
  std::string attributes() const { return "axis=" + std::to_string(axis) + " shape=" + to_string(shape); }
};
constexpr int64_t kAhead = 32;  // updates between the fetching of a place and its use

// Updates that are one number each, for the rows [first, last). An update that is another task's goes to a place that nobody reads: whose
// it is cannot be predicted, and a wrong guess costs more than the addition.
template <class T, class I> void add_numbers(T* sum, int64_t first, int64_t last, int64_t rows, const I* index, const T* x, int64_t count) {
  T elsewhere[16] = {};
  for (int64_t i = 0; i < count; ++i) {
    if (int64_t soon = i + kAhead; soon < count) __builtin_prefetch(sum + (index[soon] + (rows & (int64_t(index[soon]) >> 63))), 1);
    int64_t at = index[i] + (rows & (int64_t(index[i]) >> 63));
    uintptr_t mine = -uintptr_t(uint64_t(at - first) < uint64_t(last - first));  // a mask: of ?: the compiler makes a branch
    T* to = reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(sum + at) & mine) | (reinterpret_cast<uintptr_t>(elsewhere + i % 16) & ~mine));
    *to = T(*to + x[i]);
  }
}

constexpr int64_t kNear = 1 << 13;  // numbers that stay in the nearest cache: none has to be fetched ahead

// Each task owns a range of rows and looks through all indices: every row meets its updates in index order, whatever the threads.
REEL_KERNEL(ScatterAdd, kCpu) {
  Around a(op.shape, op.axis);
  with_indices("scatter_add", "index", "rows of the axis", in[0], a.rows, in, [&]<class I>(const I* index) {
    accumulate(out[0], in.size() == 3 ? &in[2] : nullptr, [&]<class T>(T* sum) {
      if (in[1].size() == 0) return;
      Tensor updates = contiguous(cast(in[1], dtype_of<T>()));
      const T* from = updates.template raw<const T>();
      int64_t count = in[0].size();
      int64_t grain = std::max<int64_t>(1, kWork * a.rows / std::max<int64_t>(1, count * a.inner));
      if (a.inner == 1 && a.rows <= kNear) grain = std::max(grain, a.rows);
      parallel_for(a.outer * a.rows, grain, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin / a.rows; block * a.rows < end; ++block) {
          int64_t first = std::max(begin - block * a.rows, int64_t(0)), last = std::min(end - block * a.rows, a.rows);
          if (a.inner == 1 && first == 0 && last == a.rows && a.rows <= kNear) {
            T* to = sum + block * a.rows;
            const T* x = from + block * count;
            const int64_t rows = a.rows;
            for (int64_t i = 0; i < count; ++i) {
              int64_t at = index[i] + (rows & (int64_t(index[i]) >> 63));
              to[at] = T(to[at] + x[i]);
            }
            continue;
          }
          if (a.inner == 1) {
            add_numbers(sum + block * a.rows, first, last, a.rows, index, from + block * count, count);
            continue;
          }
          for (int64_t i = 0; i < count; ++i) {
            int64_t at = index[i] < 0 ? index[i] + a.rows : index[i];
            if (at < first || at >= last) continue;
            T* to = sum + (block * a.rows + at) * a.inner;
            const T* x = from + (block * count + i) * a.inner;
#pragma GCC ivdep
            for (int64_t k = 0; k < a.inner; ++k) to[k] = T(to[k] + x[k]);
          }
        }
      });
    });
  });
}

Grads Take::vjp(const Vjp& v) const { return {rows_gradient(v, v.in(1), v.gy(), axis)}; }
Grads Embedding::vjp(const Vjp& v) const { return {rows_gradient(v, v.in(1), v.gy(), 0)}; }

struct TakeAlong {
  static constexpr const char* name = "take_along_axis";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn1 | kShapes;
  int axis;
  const char* called = name;
  Spec infer(Inputs in) const { return {in[1].shape(), in[0].dtype()}; }
  Tensor batch(const Batch& b) const { return b.call(TakeAlong{axis + 1, called}); }
  Grads vjp(const Vjp& v) const;
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
// Numbers from [outer, rows, inner] to [outer, n, inner]. Answers false where it met an index outside of the rows.
template <bool single, class T, class I> bool take_lines(const Around& a, int64_t n, const I* index, const T* from, T* to) {
  std::atomic<bool> inside = true;
  parallel_for(a.outer * n, std::max<int64_t>(1, kWork / a.inner), [&](int64_t begin, int64_t end) {
    for (int64_t block = begin / n; block * n < end; ++block) {
      const int64_t rows = a.rows, inner = single ? 1 : a.inner, first = std::max(begin, block * n), last = std::min(end, (block + 1) * n);
      const int64_t together = single ? last - first : inner;  // of single numbers, all rows
      const T* source = from + block * rows * inner;
      for (int64_t i = first * inner; i < last * inner; i += together) {
        const I* places = index + i;
        T* y = to + i;
        for (int64_t j = 0; j < together; ++j) {
          int64_t at = places[j];
          if (uint64_t(at) + uint64_t(rows) >= 2 * uint64_t(rows)) [[unlikely]] {
            inside = false;
            return;
          }
          y[j] = source[(at + (rows & (at >> 63))) * inner + (single ? 0 : j)];
        }
      }
    }
  });
  return inside;
}
REEL_KERNEL(TakeAlong, kCpu) {
  Around a(in[0].shape(), op.axis);
  with_raw_indices(in[1], [&]<class I>(const I* index) {
    if (out[0].size() == 0) return;
    Tensor x = contiguous(in[0]);
    visit_any(x.dtype(), [&]<class T>(T*) {
      auto lines = a.inner == 1 ? &take_lines<true, T, I> : &take_lines<false, T, I>;
      if (!lines(a, in[1].shape()[op.axis], index, x.raw<const T>(), out[0].raw<T>()))
        check_indices({op.called, "index", "elements of the axis", a.rows}, index, in[1].shape(), in);
    });
  });
}

// Inputs indices, updates and maybe base.
struct AddAlong {
  static constexpr const char* name = "add_along_axis";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn0;
  int axis;
  Shape shape;
  const char* called = name;
  Spec infer(Inputs in) const {
    need_integers(called, in[0], in);
    adding_dtype(called, in[1].dtype(), in);
    Shape expected = shape;
    if (in[0].rank() == shape.rank()) expected[axis] = in[0].shape()[axis];
    if (!(in[0].shape() == expected)) fail(called, "indices must have base's shape " + to_string(shape) + " but for axis " + std::to_string(axis), in);
    if (!(in[1].shape() == expected)) fail(called, "updates must have the shape of indices, " + to_string(expected), in);
    if (in.size() == 3 && in[2].dtype() != in[1].dtype()) fail<DTypeError>(called, "base and updates must have the same dtype", in);
    return {shape, in[1].dtype()};
  }
  Grads vjp(const Vjp& v) const {
    return {Tensor{}, v.needs(1) ? apply(TakeAlong{axis}, v.gy(), v.in(0), {}) : Tensor{}, v.inputs() == 3 ? v.gy() : Tensor{}};
  }
  Tensor batch(const Batch& b) const { return b.call(AddAlong{axis + 1, batch_shape(b.size(), shape), called}); }
  std::string attributes() const { return "axis=" + std::to_string(axis); }
};
// Adds numbers [outer, n, inner] to [outer, rows, inner]. A task owns lines along the rows: each meets its updates in order. Answers false
// where it met an index outside of them.
template <bool single, class T, class I> bool add_lines(const Around& a, int64_t n, const I* index, const T* from, T* sum) {
  std::atomic<bool> inside = true;
  parallel_for(a.outer * a.inner, std::max<int64_t>(1, kWork / n), [&](int64_t begin, int64_t end) {
    const int64_t rows = a.rows, inner = single ? 1 : a.inner;
    for (int64_t block = begin / inner; block * inner < end; ++block) {
      T* to = sum + block * rows * inner;
      const int64_t first = single ? 0 : std::max(begin - block * inner, int64_t(0)), last = single ? n : std::min(end - block * inner, inner);
      for (int64_t k = 0; k < (single ? 1 : n); ++k) {
        const I* places = index + (block * n + k) * inner;
        const T* x = from + (block * n + k) * inner;
        for (int64_t j = first; j < last; ++j) {
          int64_t at = places[j];
          if (uint64_t(at) + uint64_t(rows) >= 2 * uint64_t(rows)) [[unlikely]] {
            inside = false;
            return;
          }
          if (int64_t soon = j + kAhead; !single && soon < last) {  // not looked at yet: any number, and an address of nothing
            const uint64_t place = uint64_t(int64_t(places[soon])) + uint64_t(rows & (int64_t(places[soon]) >> 63));
            __builtin_prefetch(reinterpret_cast<const void*>(uintptr_t(to) + (place * uint64_t(inner) + uint64_t(soon)) * sizeof(T)), 1);
          }
          T& y = to[(at + (rows & (at >> 63))) * inner + (single ? 0 : j)];
          y = T(y + x[j]);
        }
      }
    }
  });
  return inside;
}
REEL_KERNEL(AddAlong, kCpu) {
  Around a(op.shape, op.axis);
  with_raw_indices(in[0], [&]<class I>(const I* index) {
    accumulate(out[0], in.size() == 3 ? &in[2] : nullptr, [&]<class T>(T* sum) {
      if (in[1].size() == 0) return;
      Tensor updates = contiguous(cast(in[1], dtype_of<T>()));
      auto lines = a.inner == 1 ? &add_lines<true, T, I> : &add_lines<false, T, I>;
      if (!lines(a, in[0].shape()[op.axis], index, updates.template raw<const T>(), sum))
        check_indices({op.called, "index", "elements of the axis", a.rows}, index, in[0].shape(), in);
    });
  });
}
Grads TakeAlong::vjp(const Vjp& v) const { return {apply(AddAlong{axis, v.shape(0)}, v.in(1), v.gy(), {})}; }

// x and indices brought to common extents but along the axis.
Tensor along(const Tensor& x, const Tensor& indices, int axis, Where where) {
  const Tensor* operands[] = {&x, &indices};
  Inputs in(operands, 2);
  const char* op = TakeAlong::name;
  need_integers(op, indices, in);
  if (x.rank() != indices.rank())
    fail(op, "x has " + std::to_string(x.rank()) + " axes, indices have " + std::to_string(indices.rank()), in);
  axis = normalize_axis(op, axis, x.rank(), in);
  Shape xs = x.shape(), is = indices.shape();
  for (int i = 0; i < x.rank(); ++i) {
    if (i == axis || xs[i] == is[i]) continue;
    if (xs[i] != 1 && is[i] != 1)
      fail(op, "axis " + std::to_string(i) + " is " + std::to_string(xs[i]) + " in x and " + std::to_string(is[i]) + " in indices", in);
    (xs[i] == 1 ? xs[i] : is[i]) = xs[i] == 1 ? is[i] : xs[i];
  }
  return apply(TakeAlong{axis}, xs == x.shape() ? x : broadcast_to(x, xs, where), is == indices.shape() ? indices : broadcast_to(indices, is, where), where);
}

}  // namespace

Tensor take_along(const char* op, const Tensor& x, const Tensor& indices, int axis) {
  const Tensor* in[] = {&x, &indices};
  need_integers(op, indices, Inputs(in, 2));
  return apply(TakeAlong{axis, op}, x, indices, {});
}
Tensor add_along(const char* op, const Tensor& base, const Tensor& indices, const Tensor& updates, int axis) {
  return apply(AddAlong{axis, base.shape(), op}, indices, updates, base, {});
}

Tensor rows_gradient(const Vjp& v, const Tensor& indices, const Tensor& given, int axis) {
  Tensor updates = given, sum = axis == 0 ? v.sum(0) : Tensor();
  Shape table = v.shape(0);
  bool few = 2 * indices.size() <= table[0];  // many would be read again and again
  if (axis == 0 && (sum || few) && updates.dtype() == float32 && updates.device() == cpu()) {
    updates = contiguous(updates);
    const Tensor* in[] = {&updates, &indices};
    bool done = false;
    with_indices("take", "index", "rows of the axis", indices, table[0], Inputs(in, 2), [&]<class I>(const I* index) {
      auto row = [&](int64_t i) { return index[i] < 0 ? index[i] + table[0] : int64_t(index[i]); };
      if (!sum) {
        std::vector<int64_t> rows(size_t(indices.size()));
        for (size_t i = 0; i < rows.size(); ++i) rows[i] = row(int64_t(i));
        done = defer_rows(v, 0, table, std::move(rows), updates);
        return;
      }
      done = sum.dtype() == float32;
      int64_t width = sum.size() / std::max<int64_t>(1, table[0]);
      for (int64_t i = 0; done && i < indices.size(); ++i) {
        float* to = sum.raw<float>() + row(i) * width;
        const float* x = updates.raw<const float>() + i * width;
        for (int64_t k = 0; k < width; ++k) to[k] += x[k];
      }
    });
    if (done) return {};
  }
  return scatter_add(table, indices, updates, axis);
}

Tensor take(const Tensor& x, const Tensor& indices, int axis, Where where) {
  const Tensor* in[] = {&x, &indices};
  Take op;
  op.axis = axis;
  return formula(where, [&] {
    op.axis = normalize_axis("take", axis, x.rank(), Inputs(in, 2));
    return apply(op, x, indices, where);
  });
}
Tensor embedding(const Tensor& table, const Tensor& ids, Where where) { return apply(Embedding{}, table, ids, where); }
Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis, Where where) {
  return formula(where, [&] { return along(x, indices, axis, where); });
}

Tensor scatter_add(const Shape& shape, const Tensor& indices, const Tensor& updates, int axis, Where where) {
  const Tensor* in[] = {&indices, &updates};
  return formula(where, [&] {
    return apply(ScatterAdd{normalize_axis("scatter_add", axis, shape.rank(), Inputs(in, 2)), shape}, indices, updates, where);
  });
}
Tensor scatter_add(const Tensor& base, const Tensor& indices, const Tensor& updates, int axis, Where where) {
  const Tensor* in[] = {&indices, &updates, &base};
  return formula(where, [&] {
    return apply(ScatterAdd{normalize_axis("scatter_add", axis, base.rank(), Inputs(in, 3)), base.shape()}, indices, updates, base, where);
  });
}
Tensor add_along_axis(const Tensor& base, const Tensor& indices, const Tensor& updates, int axis, Where where) {
  const Tensor* in[] = {&indices, &updates, &base};
  return formula(where, [&] {
    return apply(AddAlong{normalize_axis("add_along_axis", axis, base.rank(), Inputs(in, 3)), base.shape()}, indices, updates, base, where);
  });
}

}  // namespace reel
