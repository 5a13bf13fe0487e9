#include "tensor/ops/search.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/host.h"
#include "tensor/ops/index.h"
#include "tensor/ops/scan.h"
#include "tensor/ops/sort.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {
namespace {

constexpr int64_t kWork = 4096;

void need_line(const char* op, const char* what, const Tensor& x, Inputs in) {
  if (x.rank() != 1) fail(op, std::string(what) + " must have one axis", in);
}

// How many of the ascending numbers are below v (or not above it); NaN is above all.
Tensor ranks(const char* op, const Tensor& sorted, const Tensor& values, bool right) {
  NoGrad no_grad;
  on_host(op, sorted), on_host(op, values);
  DType t = promote(sorted.dtype(), values.dtype());
  Tensor s = contiguous(cast(detach(sorted), t)), v = contiguous(cast(detach(values), t)), y(new_body(v.shape(), int64, cpu(), {}));
  visit(t, [&]<class T>(T*) {
    const T *begin = s.raw<const T>(), *end = begin + s.size();
    auto less = [](T a, T b) { return (a < b) | ((b != b) & (a == a)); };
    auto before = [&](T a, T b) { return right ? !less(b, a) : less(a, b); };
    parallel_for(v.size(), kWork, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        T x = v.raw<const T>()[i];
        // Halving without a branch, which would be foretold wrongly every other time.
        const T* from = begin;
        int64_t n = end - begin;
        for (int64_t half = n / 2; n > 1; n -= half, half = n / 2) from += half & -int64_t(before(from[half - 1], x));
        y.raw<int64_t>()[i] = from - begin + (n == 1 && before(*from, x));
      }
    });
  });
  return y;
}

Tensor flat_weights(const char* op, const Tensor& x, const Tensor& weights, Inputs in) {
  if (!(weights.shape() == x.shape())) fail(op, "weights must have the shape of x, not " + to_string(weights.shape()), in);
  if (weights.dtype() == boolean) fail<DTypeError>(op, "weights must be numbers", in);
  return reshape(weights, {-1});
}

// How many of int64 `bin` are 0, 1, ... bins - 1; others are not counted. Each thread has a table of its own where that is little beside bin.
Tensor tally(const Tensor& bin, int64_t bins) {
  NoGrad no_grad;
  Tensor from = contiguous(bin), to = zeros({bins}, int64);
  const int64_t* at = from.raw<const int64_t>();
  const int64_t n = from.size(), parts = std::clamp<int64_t>(n / std::max<int64_t>(4 * bins, 1 << 15), 1, num_threads());
  Tensor others = zeros({parts - 1, bins}, int64);
  parallel_tasks(parts, [&](int64_t part) {
    int64_t* table = part ? others.raw<int64_t>() + (part - 1) * bins : to.raw<int64_t>();
    for (int64_t i = n * part / parts; i < n * (part + 1) / parts; ++i)
      if (at[i] >= 0 && at[i] < bins) ++table[at[i]];
  });
  return parts > 1 ? to + sum(others, 0) : to;
}
// Counts, or sums of weights, of bins by number; those outside [0, bins) are left out.
Tensor counted(const char* op, const Tensor& x, const Tensor& bin, int64_t bins, const Tensor& weights, Inputs in) {
  if (!weights) return tally(bin, bins);
  Tensor kept = logical_and(bin >= 0, bin < bins), at = where(kept, bin, 0);
  return scatter_add(Shape{bins}, at, where(kept, flat_weights(op, x, weights, in), 0));
}
Histogram finish(Tensor counts, const Tensor& edges, bool density) {
  if (!density) return {counts, edges};
  Tensor n = cast(counts, edges.dtype());
  return {n / (sum(n) * diff(edges)), edges};
}
DType edge_dtype(const Tensor& x) { return x.dtype() == float64 ? float64 : float32; }

}  // namespace

Tensor searchsorted(const Tensor& sorted, const Tensor& values, std::string_view side, const Tensor& sorter, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&sorted, &values};
    if (side != "left" && side != "right") unknown_name("side of searchsorted", side, {"left", "right"});
    need_line("searchsorted", "a", sorted, Inputs(in, 2));
    return ranks("searchsorted", sorter ? take(detach(sorted), sorter) : sorted, values, side == "right");
  });
}
Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right, Where where) { return searchsorted(boundaries, x,
    right ? "right" : "left", {}, where); }
Tensor digitize(const Tensor& x, const Tensor& bins, bool right, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x, &bins};
    need_line("digitize", "bins", bins, Inputs(in, 2));
    NoGrad no_grad;
    Tensor b = detach(on_host("digitize", bins));
    int64_t n = b.size();
    Tensor before = slice_axis(b, 0, 0, std::max<int64_t>(0, n - 1)), after = slice_axis(b, 0, std::min<int64_t>(n, 1), std::max<int64_t>(0, n - 1));
    if (all(before <= after).item<bool>()) return ranks("digitize", b, x, !right);
    if (!all(before >= after).item<bool>()) fail<Error>("digitize", "bins must ascend or descend", Inputs(in, 2));
    return n - ranks("digitize", flip(b, 0), x, !right);
  });
}
Tensor isin(const Tensor& x, const Tensor& test, bool invert, Where where) {
  return formula(where, [&] {
    NoGrad no_grad;
    Tensor found = broadcast_to(full({}, false, boolean), x.shape());
    if (test.size()) {
      DType t = promote(x.dtype(), test.dtype());
      Tensor s = sort(cast(reshape(detach(test), {-1}), t)), v = cast(detach(x), t);
      found = v == take(s, minimum(ranks("isin", s, v, false), s.size() - 1));
    }
    return invert ? logical_not(found) : clone(found);
  });
}

Tensor bincount(const Tensor& x, const Tensor& weights, int64_t minlength, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    Inputs one(in, 1);
    need_line("bincount", "a", x, one);
    if (!is_integer(x.dtype())) fail<DTypeError>("bincount", std::string("counts integers, not ") + name(x.dtype()), one);
    if (minlength < 0) fail("bincount", "a minlength of " + std::to_string(minlength), one);
    int64_t bins = minlength;
    on_host("bincount", x);
    if (x.size()) {
      int64_t low = min(x).item<int64_t>();
      if (low < 0) fail<IndexError>("bincount", "a negative number " + std::to_string(low), one);
      bins = std::max(bins, max(x).item<int64_t>() + 1);
    }
    return weights ? scatter_add(Shape{bins}, x, flat_weights("bincount", x, weights, one)) : tally(cast(x, int64), bins);
  });
}

Histogram histogram(const Tensor& x, int64_t bins, std::optional<std::pair<double, double>> range, const Tensor& weights, bool density, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    Inputs one(in, 1);
    if (bins < 1) fail("histogram", std::to_string(bins) + " bins", one);
    Tensor wide = contiguous(cast(reshape(detach(on_host("histogram", x)), {-1}), float64));
    double low = 0, high = 1;
    if (range) low = range->first, high = range->second;
    else if (x.size()) low = min(wide).item(), high = max(wide).item();
    if (!std::isfinite(low) || !std::isfinite(high) || low > high)
      fail<Error>("histogram", "the range from " + std::to_string(low) + " to " + std::to_string(high) + " is not one", one);
    if (low == high) low -= 0.5, high += 0.5;
    Tensor edges = linspace(low, high, bins + 1, float64), bin(new_body(wide.shape(), int64, cpu(), {}));
    const double *e = edges.raw<const double>(), *v = wide.raw<const double>();
    double scale = double(bins) / (high - low);
    parallel_for(wide.size(), kWork, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t k = -1;
        if (v[i] >= low && v[i] <= high) {
          // What division rounds across an edge is put right against the edge itself.
          k = std::min<int64_t>(bins - 1, int64_t((v[i] - low) * scale));
          if (v[i] < e[k]) --k;
          else if (k != bins - 1 && v[i] >= e[k + 1]) ++k;
        }
        bin.raw<int64_t>()[i] = k;
      }
    });
    return finish(counted("histogram", x, bin, bins, weights, one), cast(edges, edge_dtype(x)), density);
  });
}
Histogram histogram(const Tensor& x, const Tensor& edges, const Tensor& weights, bool density, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x, &edges};
    Inputs both(in, 2);
    need_line("histogram", "the edges", edges, both);
    int64_t bins = edges.size() - 1;
    if (bins < 1) fail("histogram", "edges enclose " + std::to_string(std::max<int64_t>(0, bins)) + " bins", both);
    Tensor e = detach(on_host("histogram", edges)), v = reshape(detach(x), {-1});
    if (!all(diff(cast(e, float64)) >= 0).item<bool>()) fail<Error>("histogram", "the edges must ascend", both);
    Tensor bin = ranks("histogram", e, v, true) - 1;
    bin = reel::where(logical_and(v == e[-1], bin == bins), bins - 1, bin);
    return finish(counted("histogram", x, bin, bins, weights, both), edges, density);
  });
}

}  // namespace reel
