// Rows of the reductions written in others.
#include <algorithm>
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;
using Line = std::vector<double>;

// f of each column of a matrix.
std::function<Array(const Arrays&)> columns(double (*f)(const Line&)) {
  return [f](const Arrays& a) {
    Array y({a[0].dims[1]});
    for (int64_t k = 0; k < a[0].dims[1]; ++k) {
      Line line;
      for (int64_t i = 0; i < a[0].dims[0]; ++i) line.push_back(a[0]({i, k}));
      y.v[size_t(k)] = f(line);
    }
    return y;
  };
}
double sum_of(const Line& v) { double s = 0; for (double x : v) s += x; return s; }
double prod_of(const Line& v) { double s = 1; for (double x : v) s *= x; return s; }
double mean_of(const Line& v) { return sum_of(v) / double(v.size()); }
double var_of(const Line& v) { double s = 0; for (double x : v) s += (x - mean_of(v)) * (x - mean_of(v)); return s / double(v.size()); }
double max_of(const Line& v) { return *std::max_element(v.begin(), v.end()); }
double min_of(const Line& v) { return *std::min_element(v.begin(), v.end()); }
double three_norm_of(const Line& v) { double s = 0; for (double x : v) s += std::pow(std::fabs(x), 3); return std::cbrt(s); }
double norm_of(const Line& v) { double s = 0; for (double x : v) s += x * x; return std::sqrt(s); }
double lse_of(const Line& v) { double s = 0; for (double x : v) s += std::exp(x); return std::log(s); }
const auto to_int64 = [](DType) { return int64; };

const AddRows statistics({
    {.name = "nansum", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nansum(x[0], 0); },
     .formula = columns(sum_of), .answers = accumulated, .atol = 16},
    {.name = "nanprod", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanprod(x[0], 0); },
     .formula = columns(prod_of), .answers = accumulated},
    {.name = "nanmean", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanmean(x[0], 0); },
     .formula = columns(mean_of), .answers = float_of, .atol = 8},
    {.name = "nanvar", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanvar(x[0], 0); },
     .formula = columns(var_of), .answers = float_of, .atol = 8},
    {.name = "nanmax", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanmax(x[0], 0); },
     .formula = columns(max_of), .ulps = 0, .atol = 0},
    {.name = "nanmin", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanmin(x[0], 0); },
     .formula = columns(min_of), .ulps = 0, .atol = 0},
    {.name = "ptp", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return ptp(x[0], 0); },
     .formula = columns([](const Line& v) { return max_of(v) - min_of(v); }),
     .types = kNumbers},
    {.name = "count_nonzero", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return count_nonzero(x[0], 0); },
     .formula = columns([](const Line& v) { return double(v.size()) - double(std::count(v.begin(), v.end(), 0.)); }), .answers = to_int64,
     .differentiable = false},
    {.name = "norm", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return norm(x[0], 2, 0); }, .formula = columns(norm_of), .answers = float_of},
    {.name = "norm of order 3", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return norm(x[0], 3, 0); },
     .formula = columns(three_norm_of), .answers = float_of},
    {.name = "average", .shapes = {{4, 3}, {4}}, .call = [](const Tensors& x) { return average(x[0], x[1], 0); },
     .formula = [](const Arrays& a) {
       Array y({3});
       for (int64_t k = 0; k < 3; ++k)
         for (int64_t i = 0; i < 4; ++i) y({k}) += a[0]({i, k}) * a[1].v[size_t(i)] / sum_of(a[1].v);
       return y;
     }, .low = 1, .high = 2, .answers = float_of, .atol = 16},
    {.name = "cov", .shapes = {{2, 5}}, .call = [](const Tensors& x) { return cov(x[0]); },
     .formula = [](const Arrays& a) {
       Array y({2, 2});
       Line rows[2]{{a[0].v.begin(), a[0].v.begin() + 5}, {a[0].v.begin() + 5, a[0].v.end()}};
       y.each([&](const Ints& i) {
         const Line &u = rows[i[0]], &v = rows[i[1]];
         for (size_t k = 0; k < 5; ++k) y(i) += (u[k] - mean_of(u)) * (v[k] - mean_of(v)) / 4;
       });
       return y;
     }, .answers = float_of, .atol = 16},
    {.name = "nanstd", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanstd(x[0], 0); },
     .formula = columns([](const Line& v) { return std::sqrt(var_of(v)); }), .answers = float_of, .atol = 8},
    {.name = "nanargmax", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanargmax(x[0], 0); },
     .formula = columns([](const Line& v) { return double(std::max_element(v.begin(), v.end()) - v.begin()); }), .answers = to_int64,
     .differentiable = false, .reads_values = true},
    {.name = "nanargmin", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nanargmin(x[0], 0); },
     .formula = columns([](const Line& v) { return double(std::min_element(v.begin(), v.end()) - v.begin()); }), .answers = to_int64,
     .differentiable = false, .reads_values = true},
    {.name = "var_mean", .shapes = {{4, 3}}, .call = [](const Tensors& x) { auto [v, m] = var_mean(x[0], 0); return v + m; },
     .formula = columns([](const Line& v) { return var_of(v) + mean_of(v); }), .answers = float_of, .atol = 8},
    {.name = "std_mean", .shapes = {{4, 3}}, .call = [](const Tensors& x) { auto [v, m] = std_mean(x[0], 0); return v + m; },
     .formula = columns([](const Line& v) { return std::sqrt(var_of(v)) + mean_of(v); }), .answers = float_of, .atol = 8},
    {.name = "corrcoef", .shapes = {{2, 5}}, .call = [](const Tensors& x) { return corrcoef(x[0]); },
     .formula = [](const Arrays& a) {
       Array y({2, 2}, 1);
       Line u{a[0].v.begin(), a[0].v.begin() + 5}, v{a[0].v.begin() + 5, a[0].v.end()};
       double s = 0;
       for (size_t k = 0; k < 5; ++k) s += (u[k] - mean_of(u)) * (v[k] - mean_of(v)) / 5;
       y.v[1] = y.v[2] = s / std::sqrt(var_of(u) * var_of(v));
       return y;
     }, .answers = float_of, .atol = 16},
    {.name = "softmax of two axes", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return softmax(x[0], {0, -1}); },
     .formula = [](const Arrays& a) {
       Array y = a[0];
       for (int64_t k = 0; k < 3; ++k) {
         double s = 0;
         for (int64_t i = 0; i < 2; ++i)
           for (int64_t j = 0; j < 4; ++j) s += std::exp(a[0]({i, k, j}));
         for (int64_t i = 0; i < 2; ++i)
           for (int64_t j = 0; j < 4; ++j) y({i, k, j}) = std::exp(a[0]({i, k, j})) / s;
       }
       return y;
     }, .answers = float_of},
    {.name = "logsumexp of two axes", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return logsumexp(x[0], {0, 1}); },
     .formula = [](const Arrays& a) {
       Array y;
       y.v = {lse_of(a[0].v)};
       return y;
     }, .answers = float_of},
});

}  // namespace
}  // namespace reel::test
