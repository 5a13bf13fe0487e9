#include "tensor/ops/indexing.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/index.h"
#include "tensor/ops/mask.h"
#include "tensor/ops/scatter.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 32768;  // elements worth a thread

// The axes [first, last) of b, all positions in row-major order as distances in elements.
std::vector<int64_t> distances(const Body& b, int first, int last) {
  std::vector<int64_t> at{0};
  for (int i = first; i < last; ++i) {
    std::vector<int64_t> next;
    next.reserve(at.size() * size_t(b.shape[i]));
    for (int64_t a : at)
      for (int64_t k = 0; k < b.shape[i]; ++k) next.push_back(a + k * b.strides[i]);
    at = std::move(next);
  }
  return at;
}

// How a kernel walks x: axes before the chosen ones, positions along those, axes after them in runs of neighbours.
struct Walk {
  std::vector<int64_t> before, chosen, after;
  int64_t run = 1;  // elements that lie together behind each distance of `after`
  Walk(const Tensor& x, const Tensor& at, int lead, int count) {
    const Body& b = x.body();
    int last = b.shape.rank();
    while (last > lead + count && (b.shape[last - 1] == 1 || b.strides[last - 1] == run)) run *= b.shape[--last];
    if (b.size == 0) return;
    before = distances(b, 0, lead);
    after = distances(b, lead + count, last);
    chosen.resize(size_t(at.size()));
    const int64_t* position = at.raw<const int64_t>();
    if (count == 1) {
      for (size_t i = 0; i < chosen.size(); ++i) chosen[i] = position[i] * b.strides[lead];
      return;
    }
    for (size_t i = 0; i < chosen.size(); ++i) {
      int64_t k = position[i], d = 0;
      for (int axis = lead + count - 1; axis >= lead; --axis) d += k % b.shape[axis] * b.strides[axis], k /= b.shape[axis];
      chosen[i] = d;
    }
  }
  int64_t row() const { return run * int64_t(after.size()); }
};

// Reads x, whose axes [lead, lead + count) are one long axis for the positions `at` (in range, row-major): [before, at's axes, after].
struct IndexRead {
  static constexpr const char* name = "index";
  static constexpr bool complex = true;
  static constexpr Keep keep = kIn1 | kShapes;
  int lead, count;
  Spec infer(Inputs in) const {
    const Shape &x = in[0].shape(), &at = in[1].shape();
    if (x.rank() - count + at.rank() > kMaxRank) fail(name, "the result has more than " + std::to_string(kMaxRank) + " axes", in);
    Shape s;
    for (int i = 0; i < lead; ++i) s.push(x[i]);
    for (int64_t d : at) s.push(d);
    for (int i = lead + count; i < x.rank(); ++i) s.push(x[i]);
    return {s, in[0].dtype()};
  }
  Grads vjp(const Vjp& v) const;
};
REEL_KERNEL(IndexRead, kCpu) {
  if (out[0].size() == 0) return;
  Walk w(in[0], in[1], op.lead, op.count);
  int64_t n = int64_t(w.chosen.size()), row = w.row();
  visit_any(in[0].dtype(), [&]<class T>(T*) {
    const T* from = in[0].raw<const T>();
    T* to = out[0].raw<T>();
    parallel_for(int64_t(w.before.size()) * n, std::max<int64_t>(1, kWork / row), [&](int64_t begin, int64_t end) {
      int64_t block = begin / n, i = begin % n;
      for (int64_t k = begin; k < end; ++k) {
        const T* source = from + w.before[size_t(block)] + w.chosen[size_t(i)];
        T* target = to + k * row;
        if (++i == n) i = 0, ++block;
        if (row == 1) *target = *source;
        else
          for (int64_t d : w.after) std::memcpy(static_cast<void*>(target), source + d, size_t(w.run) * sizeof(T)), target += w.run;
      }
    });
  });
}
// x with its chosen axes as one.
Shape joined(const Shape& x, int lead, int count) {
  Shape s;
  for (int i = 0; i < lead; ++i) s.push(x[i]);
  s.push(1);
  for (int i = lead; i < lead + count; ++i) s[lead] *= x[i];
  for (int i = lead + count; i < x.rank(); ++i) s.push(x[i]);
  return s;
}
Grads IndexRead::vjp(const Vjp& v) const {
  return {reshape(scatter_add(joined(v.shape(0), lead, count), v.in(1), v.gy(), lead), v.shape(0))};
}

// Calls f(target, value) for every element in the order of the positions: each task owns a range of them and looks through all.
template <class T, class F> void write_each(const Tensor& x, const Tensor& at, int lead, int count, const Tensor& values, F&& f) {
  if (values.size() == 0) return;
  Walk w(x, at, lead, count);
  int64_t n = int64_t(w.chosen.size()), row = w.row(), places = joined(x.shape(), lead, count)[lead], all = int64_t(w.before.size()) * places;
  int64_t tasks = std::clamp<int64_t>(values.size() / (4 * kWork), 1, std::min<int64_t>(all, 64));
  T* to = x.raw<T>();
  const T* from = values.raw<const T>();
  const int64_t* position = at.raw<const int64_t>();
  parallel_tasks(tasks, [&](int64_t task) {
    int64_t begin = all / tasks * task, end = task + 1 == tasks ? all : all / tasks * (task + 1);
    for (int64_t b = begin / places; b * places < end; ++b) {
      int64_t first = std::max(begin - b * places, int64_t(0)), last = std::min(end - b * places, places);
      for (int64_t i = 0; i < n; ++i) {
        if (position[i] < first || position[i] >= last) continue;
        T* target = to + w.before[size_t(b)] + w.chosen[size_t(i)];
        const T* value = from + (b * n + i) * row;
        for (int64_t d : w.after)
          for (int64_t k = 0; k < w.run; ++k) f(target[d + k], *value++);
      }
    }
  });
}

// What an expression's indices come to.
struct Places {
  Tensor view, at;  // x with the chosen axes together, int64 positions along them
  int lead = 0, count = 0;
};

// A tensor index: integers for one axis, or a mask for as many as it has.
struct Choice {
  Tensor positions;  // int64, non-negative
  int64_t extent;    // of the axes it stands for, together
  int axes, first;   // of x
};

Choice choose(const Tensor& x, const Tensor& index, int axis) {
  const Tensor* at[] = {&x, &index};
  Inputs in(at, 2);
  if (index.dtype() == boolean) {
    Choice c{{}, 1, index.rank(), axis};
    for (int i = 0; i < index.rank(); ++i) {
      if (index.shape()[i] != x.shape()[axis + i])
        fail<IndexError>("index",
            "a mask of shape " + to_string(index.shape()) + " for axis " + std::to_string(axis + i) + " with " + std::to_string(x.shape()[axis + i]) +
                                      " elements", in);
      c.extent *= index.shape()[i];
    }
    c.positions = flatnonzero(index);
    return c;
  }
  if (!is_integer(index.dtype()))
    fail<DTypeError>("index", std::string("a tensor index must hold integers or bools, not ") + name(index.dtype()), in);
  if (index.device() != cpu()) fail<DeviceError>("index", "a tensor index must be in host memory (to(index, cpu()) copies)", in);
  Choice c{Tensor(new_body(index.shape(), int64, cpu(), {})), x.shape()[axis], 1, axis};
  assign(c.positions, index);
  int64_t* p = c.positions.raw<int64_t>();
  const int64_t extent = c.extent;
  std::atomic<bool> outside = false;
  parallel_for(index.size(), kWork, [&](int64_t begin, int64_t end) {
    bool any = false;
    for (int64_t i = begin; i < end; ++i) {
      bool beyond = p[i] < -extent || p[i] >= extent;
      any |= beyond;
      p[i] += extent & (p[i] >> 63) & -int64_t(!beyond);  // one that is outside stays as it is, for the message
    }
    if (any) outside = true;
  });
  for (int64_t i = 0; outside && i < index.size(); ++i)
    if (p[i] < 0 || p[i] >= extent)
      fail<IndexError>("index", "index " + std::to_string(p[i]) + " of axis " + std::to_string(axis) + " with " + std::to_string(extent) + " elements", in);
  return c;
}

// All choices broadcast, as row-major positions along their axes together.
Tensor combined(std::vector<Choice>& choices) {
  if (choices.size() == 1) return choices[0].positions;
  std::vector<const Tensor*> at;
  for (Choice& c : choices) at.push_back(&c.positions);
  Shape s = broadcast_shapes("index", Inputs(at.data(), int(at.size())));
  Tensor sum(new_body(s, int64, cpu(), {}));
  for (size_t k = 0; k < choices.size(); ++k) {
    Tensor t = contiguous(broadcast_to(choices[k].positions, s));
    const int64_t* p = t.raw<const int64_t>();
    int64_t* to = sum.raw<int64_t>();
    for (int64_t i = 0; i < t.size(); ++i) to[i] = k == 0 ? p[i] : to[i] * choices[k].extent + p[i];
  }
  return sum;
}

Places resolve(const Tensor& x, const AnyIndices& indices, Where where) {
  int named = 0;
  for (const AnyIndex& i : indices.at)
    named += i.tensor ? (i.tensor.dtype() == boolean ? i.tensor.rank() : 1) : i.basic.kind == Index::Kind::kInt || i.basic.kind == Index::Kind::kSlice;
  if (named > x.rank()) fail<IndexError>("index", std::to_string(named) + " indices for " + std::to_string(x.rank()) + " axes", OneInput(x).in);
  // Tensors become slices of everything for the basic part; what they choose is noted with the axes it has there.
  std::vector<Index> basic;
  std::vector<Choice> choices;
  std::vector<int> chosen_axes;
  int axis = 0, made = 0, first = -1;
  bool apart = false, since = false;  // whether something stands between two choices; whether something followed the last one
  for (const AnyIndex& i : indices.at) {
    bool chooses = i.tensor || i.basic.kind == Index::Kind::kInt;
    if (chooses) {
      apart |= first >= 0 && since;
      since = false;
      if (first < 0) first = made;
    } else {
      since = true;
    }
    if (i.tensor) {
      choices.push_back(choose(x, i.tensor, axis));
      for (int k = 0; k < choices.back().axes; ++k, ++axis) {
        basic.push_back(slice());
        chosen_axes.push_back(made++);
      }
      continue;
    }
    basic.push_back(i.basic);
    if (i.basic.kind == Index::Kind::kEllipsis) axis += x.rank() - named, made += x.rank() - named;
    else if (i.basic.kind == Index::Kind::kInt) ++axis;
    else if (i.basic.kind == Index::Kind::kNewAxis) ++made;
    else ++axis, ++made;
  }
  Places p;
  {
    NoGrad no_grad;
    p.at = combined(choices);
  }
  p.view = detail::basic_index(x, basic, where);
  p.count = int(chosen_axes.size());
  p.lead = apart ? 0 : first;
  std::vector<int> order;
  auto others = [&](int from, int to) {
    for (int i = from; i < to; ++i)
      if (std::find(chosen_axes.begin(), chosen_axes.end(), i) == chosen_axes.end()) order.push_back(i);
  };
  others(0, p.lead);
  order.insert(order.end(), chosen_axes.begin(), chosen_axes.end());
  others(p.lead, p.view.rank());
  if (!std::is_sorted(order.begin(), order.end())) p.view = transpose(p.view, order, where);
  return p;
}

// Everything that can be wrong with writing `value` (x's device and dtype come by cast), before anything changes.
Tensor ready_to_write(const char* op, const Tensor& x, const Tensor& value, const Shape& shape, Where where) {
  const Tensor* at[] = {&x, &value};
  Inputs in(at, 2);
  if (recording() && value.has_history())
    fail<TapeError>(op, "the value is recorded and its gradient would be lost (index_put makes a new tensor; or use NoGrad)", in);
  if (x.device() != cpu() || value.device() != cpu()) fail<DeviceError>(op, "writes in host memory only", in);
  const Shape& v = value.shape();
  bool fits = v.rank() <= shape.rank();
  for (int i = 1; fits && i <= v.rank(); ++i) fits = v[v.rank() - i] == shape[shape.rank() - i] || v[v.rank() - i] == 1;
  if (!fits) fail(op, "a value of shape " + to_string(v) + " does not broadcast to " + to_string(shape), in);
  if (is_complex(value.dtype()) && !is_complex(x.dtype())) fail<DTypeError>(op, "complex numbers are not written into real ones", in);
  begin_write(x, op, where);
  NoGrad no_grad;
  Tensor cast_value = contiguous(broadcast_to(cast(value, x.dtype()), shape));
  return cast_value.body().storage == x.body().storage ? clone(cast_value) : cast_value;
}

bool has_tensor(const AnyIndices& indices) {
  return std::any_of(indices.at.begin(), indices.at.end(), [](const AnyIndex& i) { return bool(i.tensor); });
}
std::vector<Index> basic_part(const AnyIndices& indices) {
  std::vector<Index> basic;
  for (const AnyIndex& i : indices.at) basic.push_back(i.basic);
  return basic;
}

// Positions in flattened x of the elements that the indices name, in the shape x[indices] has.
Tensor positions_in(const Tensor& x, const AnyIndices& indices, Where where) {
  NoGrad no_grad;
  auto places = [](const AnyIndex& i) { return i.tensor && i.tensor.dtype() != boolean; };
  if (x.rank() > 0 && int(indices.at.size()) == x.rank() && std::all_of(indices.at.begin(), indices.at.end(), places)) {
    std::vector<Choice> choices;  // an axis each: together they are the positions
    for (int i = 0; i < x.rank(); ++i) choices.push_back(choose(x, indices.at[size_t(i)].tensor, i));
    return combined(choices);
  }
  Tensor all = reshape(arange(x.size()), x.shape());
  if (!has_tensor(indices)) return detail::basic_index(all, basic_part(indices), where);
  Places p = resolve(all, indices, where);
  return apply(IndexRead{p.lead, p.count}, p.view, p.at, where);
}

}  // namespace

Indexed Tensor::operator[](AnyIndices index) const {
  Where where = index.at.empty() ? Where{} : index.at[0].basic.where;
  return formula(where, [&] {
    if (!has_tensor(index)) throw IndexError("index: an empty Tensor (default-constructed or moved from) as index\n  a  " + describe(*this));
    Places p = resolve(*this, index, where);
    Indexed y(apply(IndexRead{p.lead, p.count}, p.view, p.at, where));
    y.view_ = std::move(p.view);
    y.at_ = std::move(p.at);
    y.lead_ = p.lead;
    return y;
  });
}

void Indexed::operator=(const Tensor& value) && {
  Where where = body().where;
  formula(where, [&] {
    Tensor v = ready_to_write("assign", view_, value, shape(), where);
    int count = view_.rank() - (rank() - at_.rank());
    visit_any(v.dtype(), [&]<class T>(T*) { write_each<T>(view_, at_, lead_, count, v, [](T& to, T from) { to = from; }); });
  });
}
void Indexed::operator=(Scalar value) && { std::move(*this) = full({}, value, dtype(), device(), body().where); }

namespace {
// values before the update, the update, and back; a recorded x is refused when it is written.
template <class F> void update_indexed(Indexed&& x, F&& update) {
  Tensor values = x;
  update(values);
  std::move(x) = values;
}
}  // namespace
void operator+=(Indexed&& x, Operand y) { update_indexed(std::move(x), [&](Tensor& t) { t += y; }); }
void operator-=(Indexed&& x, Operand y) { update_indexed(std::move(x), [&](Tensor& t) { t -= y; }); }
void operator*=(Indexed&& x, Operand y) { update_indexed(std::move(x), [&](Tensor& t) { t *= y; }); }
void operator/=(Indexed&& x, Operand y) { update_indexed(std::move(x), [&](Tensor& t) { t /= y; }); }

Tensor index_put(const Tensor& x, const AnyIndices& indices, const Tensor& values, bool accumulate, Where where) {
  return formula(where, [&] {
    Tensor at = positions_in(x, indices, where), v = cast(values, x.dtype()), flat = reshape(x, {-1});
    const Tensor* in[] = {&x, &values};
    const Tensor* broadcast[] = {&at, &v};
    if (!(broadcast_shapes("index_put", Inputs(broadcast, 2)) == at.shape()))
      fail("index_put", "values of shape " + to_string(v.shape()) + " do not broadcast to " + to_string(at.shape()), Inputs(in, 2));
    v = reshape(broadcast_to(v, at.shape()), {-1});
    at = reshape(at, {-1});
    return reshape(accumulate ? scatter_add(flat, at, v) : index_copy(flat, at, v, 0), x.shape());
  });
}

void add_at(const Tensor& x, const AnyIndices& indices, const Tensor& values, Where where) {
  formula(where, [&] {
    if (x.dtype() == boolean) throw DTypeError("add_at: bools do not add up (cast to an integer first)\n  a  " + describe(x));
    Places p = has_tensor(indices) ? resolve(x, indices, where) : Places{detail::basic_index(x, basic_part(indices), where), zeros({}, int64), 0, 0};
    const Tensor* in[] = {&p.view, &p.at};
    Tensor v = ready_to_write("add_at", p.view, values, IndexRead{p.lead, p.count}.infer(Inputs(in, 2)).shape, where);
    visit(v.dtype(), [&]<class T>(T*) {
      if constexpr (!std::is_same_v<T, bool>) write_each<T>(p.view, p.at, p.lead, p.count, v, [](T& to, T from) { to = T(to + from); });
    });
  });
}

void put(const Tensor& x, const Tensor& positions, const Tensor& values, Where where) {
  formula(where, [&] {
    const Tensor* in[] = {&x, &positions, &values};
    Tensor whole = reshape(arange(x.size()), {-1});
    Tensor at = reshape(Tensor(whole[{positions}]), {-1}), v = reshape(values, {-1});
    if (at.size() == 0) return;
    if (v.size() == 0) fail("put", "no values for " + std::to_string(at.size()) + " positions", Inputs(in, 3));
    if (v.size() != 1) v = take(v, remainder(arange(at.size()), v.size()));
    std::vector<AnyIndex> coordinates;
    for (const Tensor& c : unravel_index(at, x.shape())) coordinates.push_back(c);
    if (coordinates.empty()) return assign(x, v[-1], where);
    x[AnyIndices(std::move(coordinates))] = v;
  });
}
void putmask(const Tensor& x, const Tensor& mask, const Tensor& values, Where where) {
  formula(where, [&] {
    Tensor merged = [&] {
      if (recording() && values.has_history()) return values;  // refused by assign
      NoGrad no_grad;
      return masked_fill(x, mask, values);
    }();
    assign(x, merged, where);
  });
}

Tensor ravel_multi_index(const Tensors& coordinates, const Shape& shape, Where where) {
  return formula(where, [&] {
    if (int(coordinates.size()) != shape.rank())
      throw ShapeError("ravel_multi_index: " + std::to_string(coordinates.size()) + " coordinates for " + std::to_string(shape.rank()) + " axes");
    if (coordinates.empty()) return zeros({}, int64);
    NoGrad no_grad;
    Tensor space = broadcast_to(zeros({}, boolean), shape);
    std::vector<Choice> choices;
    for (int i = 0; i < shape.rank(); ++i) {
      if (coordinates[size_t(i)].dtype() == boolean)
        throw DTypeError("ravel_multi_index: coordinates must be integers\n  a  " + describe(coordinates[size_t(i)]));
      choices.push_back(choose(space, coordinates[size_t(i)], i));
    }
    return combined(choices);
  });
}
Tensors unravel_index(const Tensor& positions, const Shape& shape, Where where) {
  return formula(where, [&] {
    if (positions.dtype() == boolean) throw DTypeError("unravel_index: positions must be integers\n  a  " + describe(positions));
    NoGrad no_grad;
    Tensor line = broadcast_to(zeros({}, boolean), {shape.size()});
    Tensor at = choose(line, positions, 0).positions;
    Tensors coordinates;
    for (int i = 0; i < shape.rank(); ++i) coordinates.push_back(Tensor(new_body(at.shape(), int64, cpu(), where)));
    int64_t* to[kMaxRank];
    for (int i = 0; i < shape.rank(); ++i) to[i] = coordinates[size_t(i)].raw<int64_t>();
    const int64_t* from = at.raw<const int64_t>();
    auto divide = [&]<class I>(I) {
      parallel_for(at.size(), 16384, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          I k = I(from[i]);
          for (int axis = shape.rank() - 1; axis > 0; --axis) {
            I extent = I(shape[axis]), rest = k / extent;
            to[axis][i] = int64_t(k - rest * extent);
            k = rest;
          }
          if (shape.rank()) to[0][i] = int64_t(k);
        }
      });
    };
    if (shape.size() <= int64_t(UINT32_MAX)) divide(uint32_t());  // whose division takes half as long
    else divide(int64_t());
    return coordinates;
  });
}

}  // namespace reel
