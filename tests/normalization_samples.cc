// Rows of the normalizations.
#include <cmath>
#include <map>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

// x with the values that share `group(index)` shifted to mean 0 (when asked) and divided by sqrt(mean square + epsilon).
Array standardized(const Array& x, double epsilon, bool centred, const std::function<Ints(const Ints&)>& group) {
  std::map<Ints, std::pair<double, int>> sums, squares;
  x.each([&](const Ints& i) { sums[group(i)].first += x(i), ++sums[group(i)].second; });
  auto mean = [&](const Ints& i) { return centred ? sums[group(i)].first / sums[group(i)].second : 0; };
  x.each([&](const Ints& i) { squares[group(i)].first += (x(i) - mean(i)) * (x(i) - mean(i)), ++squares[group(i)].second; });
  Array y(x.dims);
  y.each([&](const Ints& i) { y(i) = (x(i) - mean(i)) / std::sqrt(squares[group(i)].first / squares[group(i)].second + epsilon); });
  return y;
}
// y * gamma[channel] + beta[channel] for the last axis.
Array affine(Array y, const Array* gamma, const Array* beta) {
  y.each([&](const Ints& i) { y(i) = y(i) * (gamma ? (*gamma)({i.back()}) : 1) + (beta ? (*beta)({i.back()}) : 0); });
  return y;
}

const AddRows here({
    {.name = "batch_norm in training", .shapes = {{5, 3, 4}, {4}, {4}},
     .call = [](const Tensors& x) { return batch_norm(x[0], x[1], x[2], {}, {}, {.training = true}); },
     .formula = [](const Arrays& a) { return affine(standardized(a[0], 1e-3, true, [](const Ints& i) { return Ints{i[2]}; }), &a[1], &a[2]); },
     .answers = float_of, .atol = 32},
    {.name = "batch_norm of axis 1", .shapes = {{5, 3, 4}}, .call = [](const Tensors& x) { return batch_norm(x[0], {}, {}, {}, {}, {.axis = 1, .training = true}); },
     .formula = [](const Arrays& a) { return standardized(a[0], 1e-3, true, [](const Ints& i) { return Ints{i[1]}; }); }, .answers = float_of, .atol = 32},
    {.name = "layer_norm", .shapes = {{5, 37}, {37}, {37}}, .call = [](const Tensors& x) { return layer_norm(x[0], x[1], x[2]); },
     .formula = [](const Arrays& a) { return affine(standardized(a[0], 1e-3, true, [](const Ints& i) { return Ints{i[0]}; }), &a[1], &a[2]); },
     .answers = float_of, .atol = 32},
    {.name = "layer_norm of two axes", .shapes = {{3, 4, 5}}, .call = [](const Tensors& x) { return layer_norm(x[0], {}, {}, {0, -1}, 1e-5); },
     .formula = [](const Arrays& a) { return standardized(a[0], 1e-5, true, [](const Ints& i) { return Ints{i[1]}; }); }, .answers = float_of, .atol = 32},
    {.name = "rms_norm", .shapes = {{5, 7}, {7}}, .call = [](const Tensors& x) { return rms_norm(x[0], x[1]); },
     .formula = [](const Arrays& a) { return affine(standardized(a[0], 1e-6, false, [](const Ints& i) { return Ints{i[0]}; }), &a[1], nullptr); },
     .answers = float_of, .atol = 32},
    {.name = "group_norm", .shapes = {{2, 3, 6}, {6}, {6}}, .call = [](const Tensors& x) { return group_norm(x[0], 3, x[1], x[2]); },
     .formula = [](const Arrays& a) { return affine(standardized(a[0], 1e-3, true, [](const Ints& i) { return Ints{i[0], i[2] / 2}; }), &a[1], &a[2]); },
     .answers = float_of, .atol = 32},
    {.name = "instance_norm", .shapes = {{2, 5, 3}}, .call = [](const Tensors& x) { return instance_norm(x[0]); },
     .formula = [](const Arrays& a) { return standardized(a[0], 1e-3, true, [](const Ints& i) { return Ints{i[0], i[2]}; }); }, .answers = float_of, .atol = 32},
    {.name = "local_response_norm", .shapes = {{2, 6}}, .call = [](const Tensors& x) { return local_response_norm(x[0], 4, 0.5, 0.75, 2); },
     .formula = [](const Arrays& a) {
       Array y(a[0].dims);
       y.each([&](const Ints& i) {
         double s = 0;
         for (int64_t c = std::max<int64_t>(0, i[1] - 2); c <= std::min<int64_t>(5, i[1] + 1); ++c) s += a[0]({i[0], c}) * a[0]({i[0], c});
         y(i) = a[0](i) * std::pow(2 + 0.5 / 4 * s, -0.75);
       });
       return y;
     }, .answers = float_of},
    {.name = "unit_norm", .shapes = {{3, 5}}, .call = [](const Tensors& x) { return unit_norm(x[0]); },
     .formula = [](const Arrays& a) {
       Array y = standardized(a[0], 0, false, [](const Ints& i) { return Ints{i[0]}; });
       for (double& v : y.v) v /= std::sqrt(5.);
       return y;
     }, .low = 0.5, .answers = float_of},
});

}  // namespace
}  // namespace reel::test
