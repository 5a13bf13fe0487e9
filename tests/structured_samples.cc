// Rows of the ops that are not elementwise, and of elementwise ones with attributes.
#include <algorithm>
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

// f folded over the reduced axes of x, element by element in row-major order.
Array folded(const Array& x, const std::vector<size_t>& axes, bool keepdims, const std::function<double(const std::vector<double>&)>& f) {
  auto reduced = [&](size_t k) { return std::find(axes.begin(), axes.end(), k) != axes.end(); };
  auto target = [&](const Ints& index) {
    Ints to;
    for (size_t k = 0; k < index.size(); ++k)
      if (!reduced(k)) to.push_back(index[k]);
      else if (keepdims) to.push_back(0);
    return to;
  };
  Ints dims;
  for (size_t k = 0; k < x.dims.size(); ++k)
    if (!reduced(k)) dims.push_back(x.dims[k]);
    else if (keepdims) dims.push_back(1);
  Array y(dims);
  std::vector<std::vector<double>> groups(y.v.size());
  x.each([&](const Ints& index) { groups[y.at(target(index))].push_back(x(index)); });
  for (size_t i = 0; i < groups.size(); ++i) y.v[i] = f(groups[i]);
  return y;
}

double sum_of(const std::vector<double>& v) { double s = 0; for (double x : v) s += x; return s; }
double prod_of(const std::vector<double>& v) { double s = 1; for (double x : v) s *= x; return s; }
double mean_of(const std::vector<double>& v) { return sum_of(v) / double(v.size()); }
double squares_of(const std::vector<double>& v) {
  double m = mean_of(v), s = 0;
  for (double x : v) s += (x - m) * (x - m);
  return s;
}
double var_of(const std::vector<double>& v) { return squares_of(v) / double(v.size()); }
double sample_var_of(const std::vector<double>& v) { return squares_of(v) / double(v.size() - 1); }
double max_of(const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); }
double min_of(const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); }
double argmax_of(const std::vector<double>& v) { return double(std::max_element(v.begin(), v.end()) - v.begin()); }
double argmin_of(const std::vector<double>& v) { return double(std::min_element(v.begin(), v.end()) - v.begin()); }
double any_of(const std::vector<double>& v) { return std::any_of(v.begin(), v.end(), [](double x) { return x != 0; }); }
double all_of(const std::vector<double>& v) { return std::all_of(v.begin(), v.end(), [](double x) { return x != 0; }); }
double logsumexp_of(const std::vector<double>& v) {
  double top = max_of(v), s = 0;
  for (double x : v) s += std::exp(x - top);
  return top + std::log(s);
}

// Each row of `axis` changed as a whole.
Array along(const Array& x, size_t axis, const std::function<std::vector<double>(std::vector<double>)>& f) {
  Array y(x.dims);
  x.each([&](const Ints& at) {
    if (at[axis]) return;
    Ints index = at;
    std::vector<double> row;
    for (int64_t i = 0; i < x.dims[axis]; ++i) index[axis] = i, row.push_back(x(index));
    row = f(row);
    for (int64_t i = 0; i < x.dims[axis]; ++i) index[axis] = i, y(index) = row[size_t(i)];
  });
  return y;
}
std::vector<double> softmax_of(std::vector<double> v) {
  double z = logsumexp_of(v);
  for (double& x : v) x = std::exp(x - z);
  return v;
}
std::vector<double> log_softmax_of(std::vector<double> v) {
  double z = logsumexp_of(v);
  for (double& x : v) x -= z;
  return v;
}

// y[index] = x[from(index)] for y of the given shape; an empty answer of `from` leaves `fill`.
Array picked(const Array& x, Ints dims, const std::function<Ints(const Ints&)>& from, double fill = 0) {
  Array y(std::move(dims), fill);
  y.each([&](const Ints& index) {
    Ints at = from(index);
    if (!at.empty() || x.dims.empty()) y(index) = x(at);
  });
  return y;
}
Array reshaped(Array x, Ints dims) {
  x.dims = std::move(dims);
  return x;
}

const auto to_bool = [](DType) { return boolean; };
const auto to_int64 = [](DType) { return int64; };
const auto first = [](const Arrays& a) -> const Array& { return a[0]; };

const AddRows reductions({
    {.name = "sum", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return sum(x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 1, 2}, false, sum_of); }, .answers = accumulated, .atol = 60},
    {.name = "sum of the last axis", .shapes = {{3, 70}}, .call = [](const Tensors& x) { return sum(x[0], -1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, false, sum_of); }, .answers = accumulated, .atol = 60},
    {.name = "sum of the first axis", .shapes = {{70, 3}}, .call = [](const Tensors& x) { return sum(x[0], 0, true); },
     .formula = [](const Arrays& a) { return folded(a[0], {0}, true, sum_of); }, .answers = accumulated, .atol = 60},
    {.name = "sum of outer axes", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return sum(x[0], {0, -1}); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 2}, false, sum_of); }, .answers = accumulated, .atol = 60},
    {.name = "sum of no axes", .shapes = {{}}, .call = [](const Tensors& x) { return sum(x[0]); },
     .formula = [](const Arrays& a) { return a[0]; }, .answers = accumulated},
    {.name = "prod", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return prod(x[0], 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, false, prod_of); }, .answers = accumulated},
    {.name = "prod of all", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return prod(x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 1}, false, prod_of); }, .answers = accumulated},
    {.name = "mean", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return mean(x[0], {0, 2}, true); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 2}, true, mean_of); }, .answers = float_of},
    {.name = "var", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return var(x[0], 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, false, var_of); }, .answers = float_of},
    {.name = "var with ddof", .shapes = {{3, 7}}, .call = [](const Tensors& x) { return var(x[0], -1, true, 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, true, sample_var_of); }, .answers = float_of},
    {.name = "std", .shapes = {{3, 7}}, .call = [](const Tensors& x) { return std(x[0], {0, 1}); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 1}, false, [](const auto& v) { return std::sqrt(var_of(v)); }); }, .answers = float_of},
    {.name = "max", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return max(x[0], 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, false, max_of); }, .ulps = 0, .atol = 0},
    {.name = "max of all", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return max(x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 1}, false, max_of); }, .ulps = 0, .atol = 0},
    {.name = "min", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return min(x[0], {0, 2}, true); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 2}, true, min_of); }, .ulps = 0, .atol = 0},
    {.name = "any", .shapes = {{3, 2}}, .call = [](const Tensors& x) { return any(x[0], 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, false, any_of); }, .answers = to_bool, .differentiable = false},
    {.name = "all", .shapes = {{3, 2}}, .call = [](const Tensors& x) { return all(x[0], 1, true); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, true, all_of); }, .answers = to_bool, .differentiable = false},
    {.name = "argmax", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return argmax(x[0], 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, false, argmax_of); }, .answers = to_int64, .differentiable = false},
    {.name = "argmax of all", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return argmax(x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {0, 1}, false, argmax_of); }, .answers = to_int64, .differentiable = false},
    {.name = "argmin", .shapes = {{3, 70}}, .call = [](const Tensors& x) { return argmin(x[0], -1, true); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, true, argmin_of); }, .answers = to_int64, .differentiable = false},
    {.name = "sum_to", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return sum_to(x[0], {3, 1}); },
     .formula = [](const Arrays& a) { return reshaped(folded(a[0], {0, 2}, false, sum_of), {3, 1}); }, .answers = accumulated, .atol = 20},
});

const AddRows softmaxes({
    {.name = "softmax", .shapes = {{3, 70}}, .call = [](const Tensors& x) { return softmax(x[0]); },
     .formula = [](const Arrays& a) { return along(a[0], 1, softmax_of); }, .answers = float_of},
    {.name = "softmax of axis 0", .shapes = {{4, 3, 2}}, .call = [](const Tensors& x) { return softmax(x[0], 0); },
     .formula = [](const Arrays& a) { return along(a[0], 0, softmax_of); }, .low = -8, .high = 8, .answers = float_of},
    {.name = "log_softmax", .shapes = {{3, 7}}, .call = [](const Tensors& x) { return log_softmax(x[0], -1); },
     .formula = [](const Arrays& a) { return along(a[0], 1, log_softmax_of); }, .answers = float_of},
    {.name = "log_softmax of axis 1", .shapes = {{2, 4, 3}}, .call = [](const Tensors& x) { return log_softmax(x[0], 1); },
     .formula = [](const Arrays& a) { return along(a[0], 1, log_softmax_of); }, .low = -8, .high = 8, .answers = float_of},
    {.name = "logsumexp", .shapes = {{3, 70}}, .call = [](const Tensors& x) { return logsumexp(x[0], 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {1}, false, logsumexp_of); }, .answers = float_of},
    {.name = "logsumexp of axis 0", .shapes = {{4, 3, 2}}, .call = [](const Tensors& x) { return logsumexp(x[0], 0, true); },
     .formula = [](const Arrays& a) { return folded(a[0], {0}, true, logsumexp_of); }, .low = -8, .high = 8, .answers = float_of},
});

const AddRows rearranging({
    {.name = "reshape", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return reshape(x[0], {2, -1}); },
     .formula = [](const Arrays& a) { return reshaped(a[0], {2, 6}); }, .ulps = 0, .atol = 0},
    {.name = "flatten", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return flatten(x[0], 1); },
     .formula = [](const Arrays& a) { return reshaped(a[0], {2, 12}); }, .ulps = 0, .atol = 0},
    {.name = "expand_dims and squeeze", .shapes = {{2, 1, 3}}, .call = [](const Tensors& x) { return expand_dims(squeeze(x[0], 1), -1); },
     .formula = [](const Arrays& a) { return reshaped(a[0], {2, 3, 1}); }, .ulps = 0, .atol = 0},
    {.name = "squeeze", .shapes = {{2, 1, 3, 1}}, .call = [](const Tensors& x) { return squeeze(x[0]); },
     .formula = [](const Arrays& a) { return reshaped(a[0], {2, 3}); }, .ulps = 0, .atol = 0},
    {.name = "transpose", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return transpose(x[0]); },
     .formula = [](const Arrays& a) { return picked(a[0], {4, 3, 2}, [](const Ints& i) { return Ints{i[2], i[1], i[0]}; }); }, .ulps = 0, .atol = 0},
    {.name = "transpose by axes", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return transpose(x[0], {1, -1, 0}); },
     .formula = [](const Arrays& a) { return picked(a[0], {3, 4, 2}, [](const Ints& i) { return Ints{i[2], i[0], i[1]}; }); }, .ulps = 0, .atol = 0},
    {.name = "swapaxes", .shapes = {{2, 3, 4}}, .call = [](const Tensors& x) { return swapaxes(x[0], 0, -2); },
     .formula = [](const Arrays& a) { return picked(a[0], {3, 2, 4}, [](const Ints& i) { return Ints{i[1], i[0], i[2]}; }); }, .ulps = 0, .atol = 0},
    {.name = "slices", .shapes = {{4, 6, 3}}, .call = [](const Tensors& x) { return x[0][{slice(1, 3), slice(5, {}, -2), 1}]; },
     .formula = [](const Arrays& a) { return picked(a[0], {2, 3}, [](const Ints& i) { return Ints{1 + i[0], 5 - 2 * i[1], 1}; }); }, .ulps = 0, .atol = 0},
    {.name = "newaxis and ellipsis", .shapes = {{4, 6, 3}}, .call = [](const Tensors& x) { return x[0][{-1, newaxis, ellipsis, slice(0, 2)}]; },
     .formula = [](const Arrays& a) { return picked(a[0], {1, 6, 2}, [](const Ints& i) { return Ints{3, i[1], i[2]}; }); }, .ulps = 0, .atol = 0},
    {.name = "slice_axis", .shapes = {{4, 6}}, .call = [](const Tensors& x) { return slice_axis(x[0], 1, 2, 3); },
     .formula = [](const Arrays& a) { return picked(a[0], {4, 3}, [](const Ints& i) { return Ints{i[0], i[1] + 2}; }); }, .ulps = 0, .atol = 0},
    {.name = "broadcast_to", .shapes = {{3, 1}}, .call = [](const Tensors& x) { return broadcast_to(x[0], {2, 3, 4}); },
     .formula = [](const Arrays& a) { return picked(a[0], {2, 3, 4}, [](const Ints& i) { return Ints{i[1], 0}; }); }, .ulps = 0, .atol = 0},
    {.name = "flip", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return flip(x[0], 0); },
     .formula = [](const Arrays& a) { return picked(a[0], {3, 4}, [](const Ints& i) { return Ints{2 - i[0], i[1]}; }); }, .ulps = 0, .atol = 0},
    {.name = "concat", .shapes = {{2, 3}, {2, 1}, {2, 0}}, .call = [](const Tensors& x) { return concat(x, 1); },
     .formula = [](const Arrays& a) {
       Array y = picked(a[0], {2, 4}, [](const Ints& i) { return i[1] < 3 ? i : Ints{}; });
       for (int64_t i = 0; i < 2; ++i) y({i, 3}) = a[1]({i, 0});
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "concat of rows", .shapes = {{2, 3}, {4, 3}}, .call = [](const Tensors& x) { return concat(x); },
     .formula = [](const Arrays& a) {
       Array y({6, 3});
       y.each([&](const Ints& i) { y(i) = i[0] < 2 ? a[0](i) : a[1]({i[0] - 2, i[1]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "stack", .shapes = {{2, 3}, {2, 3}}, .call = [](const Tensors& x) { return stack(x, -1); },
     .formula = [](const Arrays& a) {
       Array y({2, 3, 2});
       y.each([&](const Ints& i) { y(i) = a[size_t(i[2])]({i[0], i[1]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "split", .shapes = {{6, 2}}, .call = [](const Tensors& x) { return split(x[0], 3)[1]; },
     .formula = [](const Arrays& a) { return picked(a[0], {2, 2}, [](const Ints& i) { return Ints{i[0] + 2, i[1]}; }); }, .ulps = 0, .atol = 0},
    {.name = "split by sizes", .shapes = {{2, 6}}, .call = [](const Tensors& x) { return split(x[0], {1, 3, 2}, -1)[1]; },
     .formula = [](const Arrays& a) { return picked(a[0], {2, 3}, [](const Ints& i) { return Ints{i[0], i[1] + 1}; }); }, .ulps = 0, .atol = 0},
    {.name = "pad", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return pad(x[0], {{1, 0}, {0, 2}}, 1); },
     .formula = [](const Arrays& a) {
       return picked(a[0], {3, 5}, [](const Ints& i) { return i[0] > 0 && i[1] < 3 ? Ints{i[0] - 1, i[1]} : Ints{}; }, 1);
     }, .ulps = 0, .atol = 0},
    {.name = "clone", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return clone(x[0]); }, .formula = first, .ulps = 0, .atol = 0},
    {.name = "contiguous", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return contiguous(transpose(x[0])); },
     .formula = [](const Arrays& a) { return picked(a[0], {3, 2}, [](const Ints& i) { return Ints{i[1], i[0]}; }); }, .ulps = 0, .atol = 0},
    {.name = "detach", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return detach(x[0]); }, .formula = first, .differentiable = false, .ulps = 0,
     .atol = 0},
    {.name = "zeros_like", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return zeros_like(x[0]); },
     .formula = [](const Arrays& a) { return Array(a[0].dims); }, .differentiable = false, .ulps = 0, .atol = 0},
    {.name = "ones_like", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return ones_like(x[0]); },
     .formula = [](const Arrays& a) { return Array(a[0].dims, 1); }, .differentiable = false, .ulps = 0, .atol = 0},
    {.name = "full_like", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return full_like(x[0], 1); },
     .formula = [](const Arrays& a) { return Array(a[0].dims, 1); }, .differentiable = false, .ulps = 0, .atol = 0},
    {.name = "cast to float64", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return cast(x[0], float64); }, .formula = first,
     .answers = [](DType) { return float64; }, .ulps = 0, .atol = 0},
});

// Elementwise ops with attributes or several spellings.
const AddRows attributes({
    {.name = "pow by a number", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return pow(x[0], 3); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return v[0] * v[0] * v[0]; }); },
     .answers = [](DType t) { return t == boolean ? int64 : t; }},
    {.name = "pow of a number", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return pow(2.5, x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return std::pow(2.5, v[0]); }); }, .answers = float_of},
    {.name = "floor_divide by a number", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return floor_divide(x[0], 3); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return std::floor(v[0] / 3); }); }, .low = -9, .high = 9,
     .answers = [](DType t) { return t == boolean ? int64 : t; }},
    {.name = "remainder by a number", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return x[0] % 3; },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return v[0] - 3 * std::floor(v[0] / 3); }); }, .low = -9, .high = 9,
     .answers = [](DType t) { return t == boolean ? int64 : t; }},
    {.name = "where with a number", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return where(x[0] > 0, x[0], 0); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return v[0] > 0 ? v[0] : 0; }); }, 
     .answers = [](DType t) { return t == boolean ? int64 : t; }},
    {.name = "clip", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return clip(x[0], -1, 1); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return std::min(std::max(v[0], -1.), 1.); }); },
     .types = kNumbers},
    {.name = "gelu, approximate", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return gelu(x[0], true); },
     .formula = [](const Arrays& a) {
       return folded(a[0], {}, false, [](const auto& v) { return 0.5 * v[0] * (1 + std::tanh(std::sqrt(2 / M_PI) * (v[0] + 0.044715 * v[0] * v[0] * v[0]))); });
     }, .answers = float_of},
    {.name = "log_sigmoid", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return log_sigmoid(x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return -std::log1p(std::exp(-v[0])); }); },
     .answers = float_of},
    {.name = "selu", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return selu(x[0]); },
     .formula = [](const Arrays& a) {
       return folded(a[0], {}, false, [](const auto& v) { return 1.0507009873554805 * (v[0] > 0 ? v[0] : 1.6732632423543772 * std::expm1(v[0])); });
     }, .answers = float_of},
    {.name = "elu with alpha", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return elu(x[0], 0.3); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return v[0] > 0 ? v[0] : 0.3 * std::expm1(v[0]); }); },
     .answers = float_of},
    {.name = "hard_sigmoid", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return hard_sigmoid(x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return std::min(std::max(v[0] / 6 + 0.5, 0.), 1.); }); },
     .answers = float_of},
    {.name = "softsign", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return softsign(x[0]); },
     .formula = [](const Arrays& a) { return folded(a[0], {}, false, [](const auto& v) { return v[0] / (1 + std::fabs(v[0])); }); },
     .types = kNumbers, .answers = float_of},
});

}  // namespace
}  // namespace reel::test
