// Random programs, run on Reel and on a reference that knows neither strides nor dtypes nor threads: each of its values is a list of
// places in a list of float64 numbers. After every step the new numbers are compared and taken over, so that errors do not add up; at
// the end every value that is still alive must hold exactly what the reference says, which finds writes that went astray.
//
// REEL_SEED=n runs the one program with that seed, and shows it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "autograd/gradcheck.h"
#include "op_samples.h"

using namespace reel;
using namespace reel::test;

namespace {

using Ints = std::vector<int64_t>;

struct Random {
  uint64_t state;
  explicit Random(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15u + 12345) { next(), next(); }
  uint64_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
  int64_t below(int64_t n) { return int64_t(next() % uint64_t(n)); }
  bool chance(int64_t percent) { return below(100) < percent; }
  template <class T> const T& of(const std::vector<T>& v) { return v[size_t(below(int64_t(v.size())))]; }
};

struct Value {
  Tensor x;
  std::shared_ptr<std::vector<double>> store;
  std::vector<size_t> at;  // element i, in row-major order, is (*store)[at[i]]
  Array array() const {
    Array a(Ints(x.shape().begin(), x.shape().end()));
    for (size_t i = 0; i < at.size(); ++i) a.v[i] = (*store)[at[i]];
    return a;
  }
  bool overlaps() const {
    std::vector<size_t> sorted = at;
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  }
};

// Where element i of an answer of `dims` finds its own among elements of `from` that broadcast.
std::vector<size_t> spread(const Ints& from, const Ints& dims) {
  std::vector<size_t> at;
  Array places(from), whole(dims);
  whole.each([&](const Ints& index) {
    Ints own(index.end() - std::ptrdiff_t(from.size()), index.end());
    for (size_t i = 0; i < own.size(); ++i)
      if (from[i] == 1) own[i] = 0;
    at.push_back(places.at(own));
  });
  return at;
}
Ints dims_of(const Tensor& x) { return Ints(x.shape().begin(), x.shape().end()); }

bool refused(const ElementwiseOp& op, DType t) {
  return (t == boolean && !(op.types & kBools) && (op.types & kInts)) || (is_floating(t) && !(op.types & kFloats));
}
// A quotient that is nearly whole goes either way; nextafter has tests of its own.
bool usable(const ElementwiseOp& op, DType t) {
  static const std::vector<std::string> edgy{"floor_divide", "remainder", "fmod", "nextafter"};
  return op.row.formula && !refused(op, t) && !(is_floating(t) && std::count(edgy.begin(), edgy.end(), op.name));
}
// The interval that operand k is clipped to, as in the samples of every_op_test.
Domain interval(const ElementwiseOp& op, DType t, int k) {
  if (is_floating(t)) return op.domain;
  bool divides = op.name == "floor_divide" || op.name == "remainder" || op.name == "divide" || op.name == "fmod";
  if (op.name == "power") return k ? Domain{0, 4} : Domain{-3, 3};
  return {k == 1 && divides ? 1. : -5., 5.};
}

class Program {
 public:
  explicit Program(uint64_t seed) : random_(seed) {}

  // "" or what went wrong.
  std::string run() {
    for (int i = 0; i < 2; ++i) fresh(shape(), dtype());
    int64_t steps = 4 + random_.below(9);
    for (int64_t i = 0; i < steps && problem_.empty(); ++i) step();
    for (size_t i = 0; i < values_.size() && problem_.empty(); ++i) problem_ = compare(values_[i].x, values_[i].array(), 0, 0);
    return problem_;
  }
  const std::string& listing() const { return listing_; }

 private:
  static constexpr size_t kMostElements = 400;

  DType dtype() {
    static const std::vector<DType> some{float32, float32, float32, float64, float16, bfloat16, int32, int64, int8, uint8, int16, boolean};
    return random_.of(some);
  }
  Shape shape() {
    Shape s;
    for (int64_t rank = random_.below(5); rank--;) s.push(random_.chance(4) ? 0 : 1 + random_.below(5));
    return s;
  }
  Value& pick() { return values_[size_t(random_.below(int64_t(values_.size())))]; }
  void say(const std::string& what, const Tensor& y) { listing_ += "  " + what + " -> " + name(y.dtype()) + to_string(y.shape()) + "\n"; }

  // A value with numbers of its own; it takes them over from the tensor.
  Value keep(const Tensor& y) {
    Value v{y, std::make_shared<std::vector<double>>(to_array(y).v), {}};
    for (size_t i = 0; i < v.store->size(); ++i) v.at.push_back(i);
    push(v);
    return v;
  }
  void push(const Value& v) {
    if (values_.size() >= 10) values_.erase(values_.begin() + random_.below(10));
    values_.push_back(v);
  }
  Value fresh(const Shape& s, DType t) {
    Tensor x = samples(s, t, -2, 2, random_.next());
    say("samples", x);
    return keep(x);
  }
  // y must be `expected`, of that dtype.
  void check(const std::string& what, const Tensor& y, DType t, const Array& expected, double ulps, double atol) {
    say(what, y);
    if (y.dtype() != t) problem_ = what + ": " + name(y.dtype()) + " instead of " + name(t);
    else problem_ = compare(y, expected, ulps, atol);
    if (!problem_.empty()) problem_ = what + ": " + problem_;
    keep(y);
  }

  void step() {
    switch (random_.below(10)) {
      case 0: case 1: case 2: return elementwise();
      case 3: case 4: return view();
      case 5: case 6: return write();
      case 7: return reduce();
      case 8: return join();
      default: return random_.chance(50) ? convert() : product();
    }
  }

  // Another operand for a value of that shape: the same, or one that broadcasts.
  Value partner(const Shape& s) {
    for (int attempt = 0; attempt < 4; ++attempt) {
      Value& v = pick();
      bool fits = v.x.rank() <= s.rank();
      for (int i = 1; fits && i <= v.x.rank(); ++i) fits = v.x.shape()[-i] == s[-i] || v.x.shape()[-i] == 1;
      if (fits) return v;
    }
    Shape own;
    for (int i = int(random_.below(s.rank() + 1)); i < s.rank(); ++i) own.push(random_.chance(30) ? 1 : s[i]);
    return fresh(own, dtype());
  }

  void elementwise() {
    const ElementwiseOp& op = random_.of(elementwise_ops());
    std::vector<Value> from{pick()};
    while (int(from.size()) < op.arity) from.push_back(partner(from[0].x.shape()));
    std::rotate(from.begin(), from.begin() + random_.below(op.arity), from.end());
    DType t = from.back().x.dtype();
    for (size_t k = op.first_is_bool ? 1 : 0; k < from.size(); ++k) t = promote(t, from[k].x.dtype());
    if (!usable(op, t)) return;
    Tensors in;
    Arrays a;
    Ints dims;
    for (size_t k = 0; k < from.size(); ++k) {
      Tensor x = from[k].x;
      Domain d = interval(op, t, int(k));
      if (k == 0 && op.first_is_bool) x = x != 0;
      else if (op.first_is_bool) x = cast(x, t);
      else if (is_floating(x.dtype())) x = clip(x, d.low, d.high);
      else if (x.dtype() != boolean) x = clip(x, std::ceil(d.low), std::floor(d.high));
      // Rounding of a bound to 16 bits, and integers or bools beside floats, may leave the interval.
      Array v = to_array(x);
      for (double e : v.v)
        if (!op.first_is_bool && !(e >= d.low - 0.01 && e <= d.high + 0.01)) return;
      in.push_back(x), a.push_back(v);
      if (v.dims.size() > dims.size()) dims.insert(dims.begin(), v.dims.begin(), v.dims.end() - std::ptrdiff_t(dims.size()));
      for (size_t i = 1; i <= v.dims.size(); ++i)
        if (v.dims[v.dims.size() - i] != 1) dims[dims.size() - i] = v.dims[v.dims.size() - i];
    }
    DType answer = op.answers_bool ? boolean : takes(op.types, t) ? t : float32;
    Array expected(dims);
    std::vector<std::vector<size_t>> at;
    for (const Array& v : a) at.push_back(spread(v.dims, dims));
    for (size_t i = 0; i < expected.v.size(); ++i) {
      double x[4];
      for (size_t k = 0; k < a.size(); ++k) x[k] = a[k].v[at[k][i]];
      double& y = expected.v[i] = op.row.formula(x);
      if (answer == uint8) y -= 256 * std::floor(y / 256);
      if (answer == int8) y -= 256 * std::floor((y + 128) / 256);
      if (answer == boolean && op.row.bits) y = double(int64_t(y) & 1);
    }
    check(op.name, op.call(in), answer, expected, std::max(op.row.ulps, is_floating(t) ? 0. : 1.) + 1, op.row.atol);
  }

  // x rearranged, and where its elements come from: both by the same index arithmetic on an array of places.
  void view() {
    Value v = pick();
    Ints dims = dims_of(v.x);
    Array places(dims);
    for (size_t i = 0; i < v.at.size(); ++i) places.v[i] = double(v.at[i]);
    Tensor y;
    Ints to;
    std::function<Ints(const Ints&)> source;
    int rank = v.x.rank();
    int64_t which = random_.below(6);
    if (which == 0 || rank == 0) {
      int axis = int(random_.below(rank + 1));
      if (rank >= kMaxRank) return;
      y = expand_dims(v.x, axis);
      to = dims, to.insert(to.begin() + axis, 1);
      source = [axis](const Ints& i) { Ints s = i; s.erase(s.begin() + axis); return s; };
    } else if (which == 1) {
      std::vector<int> order;
      for (int i = 0; i < rank; ++i) order.insert(order.begin() + random_.below(i + 1), i);
      y = transpose(v.x, std::span<const int>(order));
      for (int i : order) to.push_back(dims[size_t(i)]);
      source = [order](const Ints& i) { Ints s(i.size()); for (size_t k = 0; k < i.size(); ++k) s[size_t(order[k])] = i[k]; return s; };
    } else if (which == 2) {
      int axis = int(random_.below(rank));
      if (dims[size_t(axis)] == 0) return;
      int64_t at = random_.below(dims[size_t(axis)]);
      Tensor front = swapaxes(v.x, 0, axis)[random_.chance(50) ? at : at - dims[size_t(axis)]];
      // The axes before `axis` stand one place further down after the exchange.
      std::vector<int> order;
      for (int i = 0; i < axis; ++i) order.push_back(i ? i - 1 : axis - 1);
      for (int i = axis + 1; i < rank; ++i) order.push_back(i - 1);
      y = transpose(front, std::span<const int>(order));
      to = dims, to.erase(to.begin() + axis);
      source = [axis, at](const Ints& i) { Ints s = i; s.insert(s.begin() + axis, at); return s; };
    } else if (which == 3) {
      int64_t n = dims[0], step = random_.chance(50) ? 1 + random_.below(3) : -1 - random_.below(3);
      int64_t start = random_.below(2 * n + 3) - n - 1, stop = random_.below(2 * n + 3) - n - 1;
      // Python's rule, by counting.
      auto bound = [&](int64_t b) { return std::clamp(b < 0 ? b + n : b, step > 0 ? int64_t(0) : int64_t(-1), step > 0 ? n : n - 1); };
      Ints chosen;
      for (int64_t i = bound(start); step > 0 ? i < bound(stop) : i > bound(stop); i += step) chosen.push_back(i);
      y = v.x[slice(start, stop, step)];
      to = dims, to[0] = int64_t(chosen.size());
      source = [chosen](const Ints& i) { Ints s = i; s[0] = chosen[size_t(i[0])]; return s; };
    } else if (which == 4) {
      Ints more{1 + random_.below(3)};
      more.insert(more.end(), dims.begin(), dims.end());
      for (size_t i = 0; i < dims.size(); ++i)
        if (dims[i] == 1 && random_.chance(50)) more[i + 1] = 1 + random_.below(3);
      if (rank >= kMaxRank || Array(more).v.size() > kMostElements) return;
      y = broadcast_to(v.x, Shape{std::span<const int64_t>(more)});
      to = more;
      source = [dims](const Ints& i) { Ints s(i.begin() + 1, i.end()); for (size_t k = 0; k < s.size(); ++k) if (dims[k] == 1) s[k] = 0; return s; };
    } else {
      y = flatten(v.x);
      say("flatten", y);
      if (y.body().storage != v.x.body().storage) {
        Array a = v.array();
        a.dims = dims_of(y);
        problem_ = compare(y, a, 0, 0);
        keep(y);
      } else {
        push({y, v.store, v.at});
      }
      return;
    }
    say("view", y);
    if (dims_of(y) != to) {
      problem_ = "a view of shape " + to_string(y.shape()) + " instead of " + to_string(Shape{std::span<const int64_t>(to)});
      return;
    }
    Value w{y, v.store, {}};
    Array(to).each([&](const Ints& i) { w.at.push_back(size_t(places(source(i)))); });
    problem_ = compare(y, w.array(), 0, 0);
    push(w);
  }

  // Writes through a value, which others may see; the source may share its storage.
  void write() {
    Value v = pick();
    if (v.overlaps()) return;
    std::vector<double> written(v.at.size());
    if (random_.chance(40)) {
      assign(v.x, 1);
      written.assign(written.size(), 1);
      say("assign a number", v.x);
    } else {
      Value from = partner(v.x.shape());
      Tensor source = from.x.dtype() == v.x.dtype() ? from.x : cast(clip(cast(from.x, float32), 0, 1), v.x.dtype());
      std::vector<double> numbers = to_array(source).v;
      std::vector<size_t> at = spread(dims_of(source), dims_of(v.x));
      for (size_t i = 0; i < written.size(); ++i) written[i] = numbers[at[i]];
      // Adding where x is a float: the sum of two of its numbers, rounded.
      if (is_floating(v.x.dtype()) && random_.chance(40)) {
        Array sums = v.array();
        for (size_t i = 0; i < sums.v.size(); ++i) sums.v[i] += written[i];
        v.x += source;
        say("+=", v.x);
        problem_ = compare(v.x, sums, 1, 0);
        written = to_array(v.x).v;
      } else {
        assign(v.x, source);
        say("assign", v.x);
      }
    }
    for (size_t i = 0; i < written.size(); ++i) (*v.store)[v.at[i]] = written[i];
    if (problem_.empty()) problem_ = compare(v.x, v.array(), 0, 0);
  }

  void reduce() {
    Value v = pick();
    int rank = v.x.rank();
    Axes axes;
    std::vector<bool> gone(size_t(rank), false);
    for (int i = 0; i < rank; ++i)
      if (random_.chance(50)) axes.at[axes.count++] = int8_t(random_.chance(50) ? i : i - rank), gone[size_t(i)] = true;
    if (axes.count == 0) gone.assign(size_t(rank), true);
    bool keepdims = random_.chance(50);
    Ints dims = dims_of(v.x), kept = dims, squeezed;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (gone[i]) kept[i] = 1;
      else squeezed.push_back(dims[i]);
    }
    int64_t which = random_.below(3);
    DType t = v.x.dtype();
    Array total(kept), sizes(kept), a = v.array();
    if (which == 1 && (a.v.empty() || t == boolean)) return;
    bool started = false;
    std::vector<bool> seen(total.v.size(), false);
    double count = double(a.v.size()) / double(std::max<size_t>(total.v.size(), 1));
    size_t i = 0;
    a.each([&](const Ints& index) {
      Ints own = index;
      for (size_t k = 0; k < own.size(); ++k)
        if (gone[k]) own[k] = 0;
      double x = a.v[i++];
      size_t at = total.at(own);
      if (which == 1) total.v[at] = seen[at] && !(x > total.v[at]) && !std::isnan(x) ? total.v[at] : x, seen[at] = true;
      else total.v[at] += x, sizes.v[at] = std::max(sizes.v[at], std::fabs(x));
      started = true;
    });
    if (which == 2 && !started) return;
    double largest = 0;
    for (double s : sizes.v) largest = std::max(largest, s);
    if (which == 2)
      for (double& x : total.v) x /= count;
    if (!keepdims) total.dims = squeezed;
    if (t == float16 && which == 0 && largest * count > 30000) return;
    double slack = which == 1 ? 0 : 4 + largest * count;  // sums of numbers of that size
    if (which == 0) check("sum", sum(v.x, axes, keepdims), accumulated(t), total, 4, slack);
    else if (which == 1) check("max", max(v.x, axes, keepdims), t, total, 0, 0);
    else check("mean", mean(v.x, axes, keepdims), float_of(t), total, 4, slack);
  }

  void join() {
    Value v = pick();
    Value w = partner(v.x.shape());
    if (!(w.x.shape() == v.x.shape()) || w.x.dtype() != v.x.dtype() || v.x.rank() == 0 || 2 * v.at.size() > kMostElements) return;
    int axis = int(random_.below(v.x.rank()));
    Ints dims = dims_of(v.x);
    int64_t n = dims[size_t(axis)];
    dims[size_t(axis)] = 2 * n;
    Array a = v.array(), b = w.array(), expected(dims);
    expected.each([&](const Ints& index) {
      Ints own = index;
      bool second = own[size_t(axis)] >= n;
      if (second) own[size_t(axis)] -= n;
      expected(index) = second ? b(own) : a(own);
    });
    check("concat", concat({v.x, w.x}, axis), v.x.dtype(), expected, 0, 0);
  }

  void convert() {
    Value v = pick();
    DType t = dtype();
    if (t == v.x.dtype()) return;  // x itself
    Array a = v.array();
    for (double& x : a.v) {
      if (!std::isfinite(x) || std::fabs(x) > 120 || (t == uint8 && x < 0)) return;
      if (is_integer(t)) x = std::trunc(x);
      if (t == boolean) x = x != 0;
    }
    check("cast", cast(v.x, t), t, a, 0.5, 0);
  }

  void product() {
    Value v = pick();
    if (v.x.rank() < 2 || !is_floating(v.x.dtype()) || v.at.size() > 200) return;
    int64_t k = v.x.dim(-1), n = 1 + random_.below(4);
    Value w = fresh({k, n}, v.x.dtype());
    Ints dims = dims_of(v.x);
    dims.back() = n;
    Array a = v.array(), b = w.array(), expected(dims);
    double largest = 0;
    for (double x : a.v) largest = std::max(largest, std::fabs(x));
    if (!(largest < 1000)) return;
    expected.each([&](const Ints& index) {
      Ints own = index;
      double sum = 0;
      for (int64_t j = 0; j < k; ++j) own.back() = j, sum += a(own) * b({j, index.back()});
      expected(index) = sum;
    });
    check("matmul", matmul(v.x, w.x), v.x.dtype(), expected, 2, 4 + 2 * largest * double(k));
  }

  Random random_;
  std::vector<Value> values_;
  std::string problem_, listing_;
};

// A differentiable chain of the op rows over float64 leaves: the same for the same seed, whatever the numbers.
Tensor differentiable_program(uint64_t seed, const Tensors& leaves) {
  Random random(seed);
  Tensors values = leaves;
  // Smoothly into the interval where the op is sampled.
  auto into = [](const Tensor& x, Domain d) { return d.low + (d.high - d.low) * sigmoid(x); };
  for (int64_t steps = 2 + random.below(4); steps--;) {
    Tensor x = random.of(values);
    switch (random.below(8)) {
      case 0: values.push_back(transpose(x)); break;
      case 1: values.push_back(x.rank() ? x[slice({}, {}, -1 - random.below(2))] : x); break;
      case 2: values.push_back(mean(x, x.rank() ? Axes(int(random.below(x.rank()))) : Axes(), random.chance(50))); break;
      case 3: values.push_back(x.rank() ? softmax(x, int(random.below(x.rank()))) : tanh(x)); break;
      case 4: values.push_back(x.rank() == 2 ? matmul(x, transpose(x)) : x * x); break;
      default: {
        const ElementwiseOp& op = random.of(elementwise_ops());
        if (!op.row.formula || op.answers_bool || op.first_is_bool || !(op.types & kFloats) || op.name.ends_with("_grad")) break;
        Tensors in{x};
        for (int k = 1; k < op.arity; ++k) {
          Tensor y = random.of(values);
          in.push_back(y.shape() == x.shape() ? y : mean(y));
        }
        for (Tensor& t : in) t = into(t, op.domain);
        values.push_back(op.call(in));
      }
    }
  }
  Tensor total = values.back();
  for (const Tensor& v : values) total = total + mean(v);
  return total;
}

// The seeds to run: `count` of them, or the one that REEL_SEED names.
std::pair<uint64_t, uint64_t> seeds(uint64_t count) {
  const char* one = std::getenv("REEL_SEED");
  if (!one || !*one) return {1, count};
  uint64_t seed = std::strtoull(one, nullptr, 10);
  return {seed, seed};
}

}  // namespace

TEST_CASE("random programs: values, views and writes in place agree with a reference that knows no strides") {
  auto [first, last] = seeds(60000);
  NoGrad no_grad;
  for (uint64_t seed = first; seed <= last; ++seed) {
    Program program(seed);
    std::string problem;
    try {
      problem = program.run();
    } catch (const Error& e) {
      problem = e.what();
    }
    CHECK_MESSAGE(problem.empty(), "REEL_SEED=" << seed << ": " << problem << "\n" << program.listing());
    if (first == last) MESSAGE("the program:\n" << program.listing());
  }
}

TEST_CASE("random programs: gradients agree with finite differences") {
  auto [first, last] = seeds(6000);
  for (uint64_t seed = first; seed <= last; ++seed) {
    Random random(seed ^ 0x5555);
    Shape s;
    for (int64_t rank = random.below(3); rank--;) s.push(1 + random.below(3));
    std::string problem;
    try {
      problem = gradcheck([&](const Tensors& x) { return differentiable_program(seed, x); },
                          {samples(s, float64, -1, 1, seed), samples(s, float64, -1, 1, seed + 1)}, {.rtol = 1e-4, .atol = 1e-6});
    } catch (const Error& e) {
      problem = e.what();
    }
    CHECK_MESSAGE(problem.empty(), "REEL_SEED=" << seed << ": " << problem);
  }
}
