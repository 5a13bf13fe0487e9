#include "tensor/ops/sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "tensor/cpu/reduce_loops.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/host.h"
#include "tensor/ops/index.h"
#include "tensor/ops/indexing.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 16384;
constexpr int64_t kRadixFrom = 512;  // shorter rows are sorted by comparison

// A number as an unsigned one of the same order; NaN above all.
template <class T> uint64_t ordered(T v) {
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, uint8_t>) return v;
  else if constexpr (std::is_integral_v<T>) return uint64_t(std::make_unsigned_t<T>(v) ^ (std::make_unsigned_t<T>(1) << (8 * sizeof(T) - 1)));
  else {
    using U = std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>;
    constexpr U sign = U(1) << (8 * sizeof(T) - 1);
    if (v != v) return U(~U(0));
    if (v == T(0)) return sign;
    U bits = std::bit_cast<U>(v);
    return bits & sign ? U(~bits) : U(bits | sign);
  }
}

// A key and where it stood. Keys of up to 32 bits share a word with their position, so that one comparison is both.
struct Packed {
  uint64_t word;
  static Packed of(uint64_t key, int64_t at) { return {key << 32 | uint64_t(at)}; }
  uint64_t key() const { return word >> 32; }
  int64_t at() const { return int64_t(uint32_t(word)); }
  friend bool operator<(Packed a, Packed b) { return a.word < b.word; }
};
struct Wide {
  uint64_t bits;
  int64_t position;
  static Wide of(uint64_t key, int64_t at) { return {key, at}; }
  uint64_t key() const { return bits; }
  int64_t at() const { return position; }
  friend bool operator<(const Wide& a, const Wide& b) { return a.bits != b.bits ? a.bits < b.bits : a.position < b.position; }
};

// Room for items from the allocator of tensors, because malloc would ask the system for every call's pages.
template <class Item> class Room {
 public:
  Item* of(int64_t n) {
    int64_t bytes = n * int64_t(sizeof(Item));
    if (!storage_ || storage_.size() < bytes) storage_ = Tensor(new_body({bytes}, uint8, cpu(), {}));
    return reinterpret_cast<Item*>(storage_.raw<char>());
  }

 private:
  Tensor storage_;
};

// Least digit first; a digit that all keys share is passed over. Answers which of the two holds the items in order.
template <class Item> Item* radix_sort(Item* items, Item* other, int64_t n, int bytes) {
  std::vector<std::array<int64_t, 256>> count(size_t(bytes), std::array<int64_t, 256>{});
  for (int64_t i = 0; i < n; ++i)
    for (int b = 0; b < bytes; ++b) ++count[size_t(b)][items[i].key() >> (8 * b) & 255];
  for (int b = 0; b < bytes; ++b) {
    auto& c = count[size_t(b)];
    if (c[items[0].key() >> (8 * b) & 255] == n) continue;
    int64_t start = 0;
    for (int64_t& k : c) start += std::exchange(k, start);
    for (int64_t i = 0; i < n; ++i) other[c[items[i].key() >> (8 * b) & 255]++] = items[i];
    std::swap(items, other);
  }
  return items;
}
// What one task sorts with, row after row.
template <class Item> struct Scratch {
  std::vector<Item> first;
  Room<Item> items, other;
};

// The `keep` first of the items that item(i) makes, in no order: what cannot be among them is not stored, and what is stored is thinned out
// whenever it has grown to a few times as many. skip(i, last) says from where on one may come before `last`.
template <class Item, class F, class G> void select_first(int64_t n, int64_t keep, std::vector<Item>& items, F&& item, G&& skip) {
  const size_t most = size_t(std::max<int64_t>(4 * keep, 128));
  items.clear();
  items.reserve(most);
  auto thin_out = [&] {
    std::nth_element(items.begin(), items.begin() + (keep - 1), items.end());
    items.resize(size_t(keep));
  };
  int64_t i = 0;
  for (; i < n && items.size() < most; ++i) items.push_back(item(i));
  while (i < n) {
    thin_out();
    const Item last = items.back();
    while (i < n && items.size() < most) {
      i = skip(i, last);
      for (int64_t end = std::min(n, i + kFindBlock); i < end && items.size() < most; ++i)
        if (Item next = item(i); next < last) items.push_back(next);
    }
  }
  if (items.size() > size_t(keep)) thin_out();
}

// Ranks one row: the first `keep` positions in order. `least`: no key is below it.
template <class Item, class T> void rank_row(const T* x, int64_t n, int64_t keep, bool descending, bool nan_first, uint64_t least, int64_t* to,
    Scratch<Item>& scratch) {
  constexpr uint64_t ones = sizeof(T) == 8 ? ~uint64_t(0) : (uint64_t(1) << 8 * sizeof(T) % 64) - 1;
  if (keep == 0) return;
  auto item = [&](int64_t i) {
    uint64_t key = ordered(x[i]);
    return Item::of((descending && (nan_first || !(x[i] != x[i])) ? ones - key : key) - least, i);
  };
  Item* items;
  if (keep < n / 8) {
    auto find = descending ? row_loops[int(dtype_of<T>())].find_above : row_loops[int(dtype_of<T>())].find_below;
    select_first(n, keep, scratch.first, item, [&](int64_t i, const Item& last) {
      T bound = x[last.at()];
      return find && bound == bound ? find(x, i, n, &bound) : i;
    });
    items = scratch.first.data();
    std::sort(items, items + keep);
  } else {
    items = scratch.items.of(n);
    for (int64_t i = 0; i < n; ++i) items[i] = item(i);
    constexpr int bytes = std::is_same_v<Item, Packed> && sizeof(T) > 4 ? 4 : int(sizeof(T));
    if (n < kRadixFrom) std::sort(items, items + n);
    else items = radix_sort(items, scratch.other.of(n), n, bytes);
  }
  for (int64_t i = 0; i < keep; ++i) to[i] = items[i].at();
}

// The least and the largest of the keys of integers.
template <class T> std::pair<uint64_t, uint64_t> key_range(const T* x, int64_t n) {
  T low = x[0], high = x[0];
  for (int64_t i = 1; i < n; ++i) low = x[i] < low ? x[i] : low, high = x[i] > high ? x[i] : high;
  return {ordered(low), ordered(high)};
}

// Positions that rank the rows of x [rows, n], `keep` of each.
void rank_rows(const Tensor& x, int64_t keep, bool descending, bool nan_first, const Tensor& positions) {
  int64_t n = x.shape()[-1], rows = n ? x.size() / n : 0;
  visit(x.dtype(), [&]<class T>(T*) {
    auto run = [&]<class Item>(Item*) {
      parallel_for(rows, std::max<int64_t>(1, kWork / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
        Scratch<Item> scratch;
        Scratch<Packed> near;
        for (int64_t r = begin; r < end; ++r) {
          const T* row = x.raw<const T>() + r * n;
          int64_t* to = positions.raw<int64_t>() + r * keep;
          if constexpr (std::is_same_v<T, int64_t>) {
            // Those that lie together have keys of 32 bits between them.
            auto [low, high] = n >= kRadixFrom ? key_range(row, n) : std::pair<uint64_t, uint64_t>{0, ~uint64_t(0)};
            if (high - low < (uint64_t(1) << 32) && n < (int64_t(1) << 32)) {
              rank_row<Packed>(row, n, keep, descending, nan_first, descending ? ~high : low, to, near);
              continue;
            }
          }
          rank_row<Item>(row, n, keep, descending, nan_first, 0, to, scratch);
        }
      });
    };
    if (sizeof(T) <= 4 && n < (int64_t(1) << 32)) run(static_cast<Packed*>(nullptr));
    else run(static_cast<Wide*>(nullptr));
  });
}

// The first `keep` elements of each row in order, and their positions.
struct Rank {
  static constexpr const char* name = "sort";
  static constexpr Keep keep = kOut | kShapes;
  static constexpr int outputs = 2;
  int axis;
  int64_t count;
  bool descending, nan_first;
  std::array<Spec, 2> infer(Inputs in) const {
    Shape s = in[0].shape();
    s[axis] = count;
    return {Spec(s, in[0].dtype()), Spec(s, int64)};
  }
  Grads vjp(const Vjp& v) const { return {add_along_axis(zeros(v.shape(0), v.gy().dtype(), v.gy().device()), v.out(1), v.gy(), axis)}; }
  std::string attributes() const { return "axis=" + std::to_string(axis) + (descending ? " descending" : ""); }
};
REEL_KERNEL(Rank, kCpu) {
  NoGrad no_grad;
  if (out[0].size() == 0) return;
  bool last = op.axis == in[0].rank() - 1;
  Tensor x = contiguous(last ? in[0] : swapaxes(in[0], op.axis, -1));
  Shape s = x.shape();
  s[-1] = op.count;
  Tensor positions = last ? out[1] : Tensor(new_body(s, int64, cpu(), {})), values = last ? out[0] : Tensor(new_body(s, x.dtype(), cpu(), {}));
  rank_rows(x, op.count, op.descending, op.nan_first, positions);
  int64_t n = x.shape()[-1], rows = x.size() / n;
  visit(x.dtype(), [&]<class T>(T*) {
    parallel_for(rows * op.count, kWork, [&](int64_t begin, int64_t end) {
      const int64_t* at = positions.raw<const int64_t>();
      T* to = values.raw<T>();
      for (int64_t row = begin / op.count; row * op.count < end; ++row) {
        const T* from = x.raw<const T>() + row * n;
        for (int64_t i = std::max(begin, row * op.count), last = std::min(end, (row + 1) * op.count); i < last; ++i) to[i] = from[at[i]];
      }
    });
  });
  if (last) return;
  assign(detach(out[0]), swapaxes(values, op.axis, -1));
  assign(detach(out[1]), swapaxes(positions, op.axis, -1));
}

Ranked rank(const char* op, const Tensor& x, int64_t count, int axis, bool descending, bool nan_first) {
  const Tensor* in[] = {&x};
  int a = normalize_axis(op, axis, x.rank(), Inputs(in, 1));
  int64_t n = x.shape()[a];
  if (count < 0) count = n;
  if (count > n) fail<IndexError>(op, std::to_string(count) + " elements of axis " + std::to_string(a) + " with " + std::to_string(n), Inputs(in, 1));
  auto both = apply(Rank{a, count, descending, nan_first}, x, {});
  return {both[0], both[1]};
}

Uniques room(int64_t n, int64_t groups) {
  return {{}, Tensor(new_body({groups}, int64, cpu(), {})), Tensor(new_body({n}, int64, cpu(), {})), zeros({groups}, int64)};
}
// Runs of equal items in an order: at(i), the position of item i, and whether each starts a run, as the four answers.
template <class F> Uniques collect(const std::vector<uint8_t>& starts, F&& at) {
  int64_t n = int64_t(starts.size()), groups = 0;
  for (uint8_t s : starts) groups += s;
  Uniques u = room(n, groups);
  int64_t *index = u.index.raw<int64_t>(), *inverse = u.inverse.raw<int64_t>(), *counts = u.counts.raw<int64_t>();
  for (int64_t i = 0, g = -1, begun = 0; i < n; ++i) {
    if (starts[size_t(i)]) index[++g] = at(i), begun = i;
    inverse[at(i)] = g;
    counts[g] = i + 1 - begun;
  }
  return u;
}
// The same of integers that are few beside how many there are, by counting each of them. Answers false where they are many.
template <class T> bool counted(const T* x, int64_t n, Uniques& u) {
  if (n == 0) return false;
  auto [low, high] = key_range(x, n);
  if (high - low >= uint64_t(n)) return false;
  struct Seen {
    int64_t first, count;
  };
  std::vector<Seen> seen(size_t(high - low + 1), Seen{0, 0});
  auto number = [&, least = low](int64_t i) { return size_t(ordered(x[i]) - least); };
  int64_t groups = 0;
  for (int64_t i = n - 1; i >= 0; --i) {
    Seen& s = seen[number(i)];
    groups += s.count == 0;
    s = {i, s.count + 1};
  }
  u = room(n, groups);
  int64_t g = 0, *inverse = u.inverse.raw<int64_t>();
  for (Seen& s : seen)
    if (s.count) {
      u.index.raw<int64_t>()[g] = s.first, u.counts.raw<int64_t>()[g] = s.count;
      s.first = g++;
    }
  for (int64_t i = 0; i < n; ++i) inverse[i] = seen[number(i)].first;
  return true;
}

// How a row of `width` numbers compares with another: -1, 0, 1; NaN equals NaN and stands last.
template <class T> int compare_rows(const T* a, const T* b, int64_t width) {
  for (int64_t k = 0; k < width; ++k) {
    uint64_t x = ordered(a[k]), y = ordered(b[k]);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

// x as rows [n, width] of slices along axis, in one piece.
Tensor rows_of(const char* op, const Tensor& x, int axis, Tensor* front) {
  const Tensor* in[] = {&x};
  int a = normalize_axis(op, axis, on_host(op, x).rank(), Inputs(in, 1));
  std::vector<int> order{a};
  for (int i = 0; i < x.rank(); ++i)
    if (i != a) order.push_back(i);
  *front = transpose(x, order);
  int64_t n = x.shape()[a];
  return contiguous(reshape(detach(*front), {n, n ? x.size() / n : 0}));
}

Uniques distinct(const Tensor& rows, bool sorted) {
  NoGrad no_grad;
  int64_t n = rows.shape()[0], width = rows.shape()[1];
  std::vector<uint8_t> starts(static_cast<size_t>(n), 1);
  return visit(rows.dtype(), [&]<class T>(T*) -> Uniques {
    const T* p = rows.raw<const T>();
    auto compare = [&](int64_t a, int64_t b) { return compare_rows(p + a * width, p + b * width, width); };
    if (!sorted) {
      for (int64_t i = 1; i < n; ++i) starts[size_t(i)] = width == 1 ? ordered(p[i - 1]) != ordered(p[i]) : compare(i - 1, i) != 0;
      return collect(starts, [](int64_t i) { return i; });
    }
    if constexpr (std::is_integral_v<T>)
      if (Uniques u; width == 1 && counted(p, n, u)) return u;
    Tensor positions = arange(n);
    int64_t* order = positions.raw<int64_t>();
    if (width == 1) rank_rows(reshape(rows, {1, n}), n, false, false, positions);
    else std::stable_sort(order, order + n, [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
    for (int64_t i = 1; i < n; ++i) starts[size_t(i)] = compare(order[i - 1], order[i]) != 0;
    return collect(starts, [&](int64_t i) { return order[i]; });
  });
}

Uniques of_all(const char* op, const Tensor& x, bool sorted) {
  Tensor flat = reshape(on_host(op, x), {-1});
  Uniques u = distinct(contiguous(reshape(detach(flat), {-1, 1})), sorted);
  u.values = take(flat, u.index);
  u.inverse = reshape(u.inverse, x.shape());
  return u;
}
Uniques of_slices(const char* op, const Tensor& x, int axis, bool sorted) {
  Tensor front;
  Tensor rows = rows_of(op, x, axis, &front);
  Uniques u = distinct(rows, sorted);
  u.values = take(x, u.index, axis);
  return u;
}

}  // namespace

Ranked sort_with_indices(const Tensor& x, int axis, bool descending, Where where) {
  return formula(where, [&] { return rank("sort", x, -1, axis, descending, false); });
}
Tensor sort(const Tensor& x, int axis, bool descending, Where where) { return sort_with_indices(x, axis, descending, where).values; }
Tensor argsort(const Tensor& x, int axis, bool descending, Where where) {
  return formula(where, [&] { return rank("argsort", detach(x), -1, axis, descending, false).indices; });
}
Tensor msort(const Tensor& x, Where where) { return sort(x, 0, false, where); }
Tensor lexsort(const Tensors& keys, int axis, Where where) {
  return formula(where, [&] {
    if (keys.empty()) throw ShapeError("lexsort: no keys given");
    Tensor order;
    for (const Tensor& key : keys) {
      if (!(key.shape() == keys[0].shape())) throw ShapeError("lexsort: shapes differ\n  a  " + describe(keys[0]) + "\n  b  " + describe(key));
      Tensor k = detach(key);
      order = order ? take_along_axis(order, argsort(take_along_axis(k, order, axis), axis), axis) : argsort(k, axis);
    }
    return order;
  });
}
Ranked topk(const Tensor& x, int64_t k, int axis, bool largest, Where where) {
  return formula(where, [&] {
    if (k < 0) throw IndexError("topk: k is " + std::to_string(k) + "\n  a  " + describe(x));
    return rank("topk", x, k, axis, largest, true);
  });
}
Ranked kthvalue(const Tensor& x, int64_t k, int axis, bool keepdims, Where where) {
  return formula(where, [&] {
    if (k < 1) throw IndexError("kthvalue: k is " + std::to_string(k) + ", the smallest has 1\n  a  " + describe(x));
    Ranked r = rank("kthvalue", x, k, axis, false, false);
    r.values = slice_axis(r.values, axis, k - 1, 1);
    r.indices = slice_axis(r.indices, axis, k - 1, 1);
    return keepdims ? r : Ranked{squeeze(r.values, axis), squeeze(r.indices, axis)};
  });
}
namespace {
void check_kth(const char* op, const Tensor& x, int64_t kth, int axis) {
  const Tensor* in[] = {&x};
  int a = normalize_axis(op, axis, x.rank(), Inputs(in, 1));
  int64_t n = x.shape()[a];
  if (kth < -n || kth >= n)
    fail<IndexError>(op, "kth " + std::to_string(kth) + " of axis " + std::to_string(a) + " with " + std::to_string(n) + " elements", Inputs(in, 1));
}
}  // namespace
Tensor partition(const Tensor& x, int64_t kth, int axis, Where where) {
  return formula(where, [&] { return check_kth("partition", x, kth, axis), sort(x, axis); });
}
Tensor argpartition(const Tensor& x, int64_t kth, int axis, Where where) {
  return formula(where, [&] { return check_kth("argpartition", x, kth, axis), argsort(x, axis); });
}

Tensor unique(const Tensor& x, Where where) { return unique_all(x, where).values; }
Uniques unique_all(const Tensor& x, Where where) { return formula(where, [&] { return of_all("unique", x, true); }); }
Uniques unique_all(const Tensor& x, int axis, Where where) { return formula(where, [&] { return of_slices("unique", x, axis, true); }); }
Uniques unique_consecutive(const Tensor& x, Where where) { return formula(where, [&] { return of_all("unique_consecutive", x, false); }); }
Uniques unique_consecutive(const Tensor& x, int axis, Where where) {
  return formula(where, [&] { return of_slices("unique_consecutive", x, axis, false); });
}

}  // namespace reel
