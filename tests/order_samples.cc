// Rows of sorting, order statistics and scans.
#include <algorithm>
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;
using Line = std::vector<double>;

// Each line of `axis` turned into another, of any length.
std::function<Array(const Arrays&)> lines(size_t axis, std::function<Line(Line)> f) {
  return [axis, f](const Arrays& a) {
    Ints dims = a[0].dims;
    Array y;
    bool made = false;
    a[0].each([&](const Ints& at) {
      if (at[axis]) return;
      Ints index = at;
      Line line;
      for (int64_t i = 0; i < a[0].dims[axis]; ++i) index[axis] = i, line.push_back(a[0](index));
      line = f(line);
      dims[axis] = int64_t(line.size());
      if (!made) y = Array(dims);
      made = true;
      for (size_t i = 0; i < line.size(); ++i) index[axis] = int64_t(i), y(index) = line[i];
    });
    return y;
  };
}
Line ascending(Line v) { return std::sort(v.begin(), v.end()), v; }
Line descending(Line v) { return std::sort(v.begin(), v.end(), std::greater<>()), v; }
Line running(Line v, double (*f)(double, double)) {
  for (size_t i = 1; i < v.size(); ++i) v[i] = f(v[i - 1], v[i]);
  return v;
}
double plus(double a, double b) { return a + b; }
double times(double a, double b) { return a * b; }
double larger(double a, double b) { return std::max(a, b); }
double smaller(double a, double b) { return std::min(a, b); }
double log_plus(double a, double b) { return std::max(a, b) + std::log1p(std::exp(-std::fabs(a - b))); }
const auto to_int64 = [](DType) { return int64; };

const AddRows order({
    {.name = "sort", .shapes = {{3, 70}}, .call = [](const Tensors& x) { return sort(x[0]); }, .formula = lines(1, ascending), .ulps = 0, .atol = 0},
    {.name = "sort of axis 0, descending", .shapes = {{9, 2, 3}}, .call = [](const Tensors& x) { return sort(x[0], 0, true); },
     .formula = lines(0, descending),
     .ulps = 0, .atol = 0},
    {.name = "sort of a long row", .shapes = {{700}}, .call = [](const Tensors& x) { return sort(x[0]); }, .formula = lines(0, ascending),
     .ulps = 0, .atol = 0},
    {.name = "argsort", .shapes = {{4, 9}}, .call = [](const Tensors& x) { return argsort(x[0], 1, true); },
     .formula = lines(1, [](Line v) {
       Line at(v.size());
       for (size_t i = 0; i < v.size(); ++i) at[i] = double(i);
       std::stable_sort(at.begin(), at.end(), [&](double a, double b) { return v[size_t(a)] > v[size_t(b)]; });
       return at;
     }), .answers = to_int64, .differentiable = false},
    {.name = "topk", .shapes = {{3, 40}}, .call = [](const Tensors& x) { return topk(x[0], 3).values; },
     .formula = lines(1, [](Line v) { v = descending(v), v.resize(3); return v; }), .ulps = 0, .atol = 0},
    {.name = "kthvalue", .shapes = {{7, 3}}, .call = [](const Tensors& x) { return kthvalue(x[0], 2, 0, true).values; },
     .formula = lines(0, [](Line v) { return Line{ascending(v)[1]}; }), .ulps = 0, .atol = 0},
    {.name = "partition", .shapes = {{2, 9}},
     .call = [](const Tensors& x) { return x[0].size() ? partition(x[0], 4)[{slice(), slice(4, 5)}] : x[0]; },
     .formula = lines(1, [](Line v) { return Line{ascending(v)[4]}; }), .ulps = 0, .atol = 0},
    {.name = "median", .shapes = {{3, 6}}, .call = [](const Tensors& x) { return median(x[0], 1, true); },
     .formula = lines(1, [](Line v) { v = ascending(v); return Line{(v[2] + v[3]) / 2}; }), .answers = float_of, .reads_values = true},
    {.name = "quantile", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return quantile(x[0], 0.4, 0, "linear", true); },
     .formula = lines(0, [](Line v) { v = ascending(v); return Line{v[1] + 0.6 * (v[2] - v[1])}; }), .answers = float_of, .reads_values = true, .atol = 8},
    {.name = "nanmedian", .shapes = {{3, 5}}, .call = [](const Tensors& x) { return nanmedian(x[0], 1, true); },
     .formula = lines(1, [](Line v) { return Line{ascending(v)[2]}; }), .answers = float_of, .reads_values = true},
    {.name = "nanquantile", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return nanquantile(x[0], 0.4, 0, "linear", true); },
     .formula = lines(0, [](Line v) { v = ascending(v); return Line{v[1] + 0.6 * (v[2] - v[1])}; }), .answers = float_of, .reads_values = true, .atol = 8},
    {.name = "percentile", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return percentile(x[0], 75, 0, "linear", true); },
     .formula = lines(0, [](Line v) { return Line{ascending(v)[3]}; }), .answers = float_of, .reads_values = true},
    {.name = "nanpercentile", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return nanpercentile(x[0], 75, 0, "linear", true); },
     .formula = lines(0, [](Line v) { return Line{ascending(v)[3]}; }), .answers = float_of, .reads_values = true},
    {.name = "msort", .shapes = {{6, 3}}, .call = [](const Tensors& x) { return msort(x[0]); }, .formula = lines(0, ascending), .ulps = 0, .atol = 0},
    {.name = "sort_with_indices", .shapes = {{3, 6}}, .call = [](const Tensors& x) { return sort_with_indices(x[0]).values; },
     .formula = lines(1, ascending), .ulps = 0, .atol = 0},
    {.name = "argpartition", .shapes = {{2, 9}}, .call = [](const Tensors& x) { return take_along_axis(x[0], argpartition(x[0], 4), 1)[{slice(), slice(4, 5)}]; },
     .formula = lines(1, [](Line v) { return Line{ascending(v)[4]}; }), .ulps = 0, .atol = 0},
    {.name = "lexsort", .shapes = {{8}, {8}}, .call = [](const Tensors& x) { return lexsort({x[0], round(cast(x[1], float64))}); },
     .formula = [](const Arrays& a) {
       Array y({8});
       for (size_t i = 0; i < 8; ++i) y.v[i] = double(i);
       auto key = [&](double i) { return std::pair(std::nearbyint(a[1].v[size_t(i)]), a[0].v[size_t(i)]); };
       std::stable_sort(y.v.begin(), y.v.end(), [&](double p, double q) { return key(p) < key(q); });
       return y;
     }, .answers = to_int64, .differentiable = false},
    {.name = "mode", .shapes = {{3, 7}}, .call = [](const Tensors& x) { return mode(x[0], 1, true).values; },
     .formula = lines(1, [](Line v) {
       v = ascending(v);
       double best = v[0];
       int64_t most = 0;
       for (double x : v)
         if (int64_t n = std::count(v.begin(), v.end(), x); n > most) most = n, best = x;
       return Line{best};
     }), .reads_values = true, .ulps = 0, .atol = 0},
});

const AddRows scans({
    {.name = "cumsum", .shapes = {{3, 7}}, .call = [](const Tensors& x) { return cumsum(x[0], 1); },
     .formula = lines(1, [](Line v) { return running(v, plus); }),
     .answers = accumulated, .atol = 16},
    {.name = "cumsum of axis 0", .shapes = {{7, 2, 3}}, .call = [](const Tensors& x) { return cumsum(x[0], 0); },
     .formula = lines(0, [](Line v) { return running(v, plus); }),
     .answers = accumulated, .atol = 16},
    {.name = "cumprod", .shapes = {{3, 5}}, .call = [](const Tensors& x) { return cumprod(x[0], -1); },
     .formula = lines(1, [](Line v) { return running(v, times); }),
     .answers = accumulated},
    {.name = "cumprod of axis 0", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return cumprod(x[0], 0); },
     .formula = lines(0, [](Line v) { return running(v, times); }),
     .answers = accumulated},
    {.name = "cummax", .shapes = {{3, 7}}, .call = [](const Tensors& x) { return cummax(x[0], 1).values; },
     .formula = lines(1, [](Line v) { return running(v, larger); }),
     .ulps = 0, .atol = 0},
    {.name = "cummin", .shapes = {{7, 3}}, .call = [](const Tensors& x) { return cummin(x[0], 0).values; },
     .formula = lines(0, [](Line v) { return running(v, smaller); }),
     .ulps = 0, .atol = 0},
    {.name = "logcumsumexp", .shapes = {{3, 6}}, .call = [](const Tensors& x) { return logcumsumexp(x[0], 1); },
     .formula = lines(1, [](Line v) { return running(v, log_plus); }), .answers = float_of, .atol = 16},
    {.name = "linear_recurrence", .shapes = {{2, 5}, {2, 5}}, .call = [](const Tensors& x) { return linear_recurrence(x[0], x[1], 1); },
     .formula = [](const Arrays& a) {
       Array y = a[1];
       for (int64_t r = 0; r < 2; ++r)
         for (int64_t i = 1; i < 5; ++i) y({r, i}) += a[0]({r, i}) * y({r, i - 1});
       return y;
     }, .answers = float_of, .atol = 16},
    {.name = "linear_recurrence backwards", .shapes = {{4, 2}, {4, 2}},
     .call = [](const Tensors& x) { return linear_recurrence(x[0], x[1], 0, true); },
     .formula = [](const Arrays& a) {
       Array y = a[1];
       for (int64_t i = 2; i >= 0; --i)
         for (int64_t k = 0; k < 2; ++k) y({i, k}) += a[0]({i, k}) * y({i + 1, k});
       return y;
     }, .answers = float_of, .atol = 16},
    {.name = "diff", .shapes = {{3, 5}}, .call = [](const Tensors& x) { return diff(cumsum(x[0], 1), 2); },
     .formula = lines(1, [](Line v) {
       Line d;
       for (size_t i = 2; i < v.size(); ++i) d.push_back(v[i] - v[i - 1]);
       return d;
     }), .answers = accumulated, .atol = 32},
    {.name = "ediff1d", .shapes = {{2, 3}, {1}}, .call = [](const Tensors& x) { return ediff1d(cumsum(x[0]), cumsum(x[1])); },
     .formula = [](const Arrays& a) {
       Array y({6});
       for (size_t i = 0; i < 6; ++i) y.v[i] = i < 5 ? a[0].v[i + 1] : a[1].v[0];
       return y;
     }, .answers = accumulated, .atol = 16},
    {.name = "trapezoid", .shapes = {{2, 4}, {2, 4}}, .call = [](const Tensors& x) { return trapezoid(x[0], x[1]); },
     .formula = [](const Arrays& a) {
       Array y({2});
       for (int64_t r = 0; r < 2; ++r)
         for (int64_t i = 1; i < 4; ++i) y.v[size_t(r)] += (a[0]({r, i}) + a[0]({r, i - 1})) / 2 * (a[1]({r, i}) - a[1]({r, i - 1}));
       return y;
     }, .answers = float_of, .atol = 32},
});

}  // namespace
}  // namespace reel::test
