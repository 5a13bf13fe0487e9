// Rows of tensor/ops/loss_nd.h, and of the losses with labels in loss.h.
#include <algorithm>
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

const auto loss_of = [](DType t) { return t == float64 ? float64 : float32; };

double positive(double x) { return x > 0 ? x : 0; }
double huber(double d, double delta) { return std::fabs(d) <= delta ? d * d / 2 : delta * (std::fabs(d) - delta / 2); }
double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double clipped_log(double p) { return std::max(std::log(p), -100.); }
double focal(double x, double t) {
  double p = sigmoid_of(x), own = t * p + (1 - t) * (1 - p);
  return -(0.25 * t + 0.75 * (1 - t)) * std::pow(1 - own, 2) * (t * std::log(p) + (1 - t) * std::log(1 - p));
}

#define REEL_ROW(text, value, expression, ...)                                                                 \
  {.name = text, .shapes = {{2, 3}, {2, 3}}, .call = [](const Tensors& x) { return value; },                     \
   .formula = each_element([](const double* x) -> double { return expression; }), __VA_ARGS__ .answers = float_of}

const AddRows of_elements({
    REEL_ROW("absolute_error", absolute_error(x[0], x[1]), std::fabs(x[0] - x[1]), ),
    REEL_ROW("squared_error", squared_error(x[0], x[1]), (x[0] - x[1]) * (x[0] - x[1]), ),
    REEL_ROW("huber_loss", huber_loss(x[0], x[1], 0.7), huber(x[0] - x[1], 0.7), ),
    REEL_ROW("smooth_l1_loss", smooth_l1_loss(x[0], x[1], 0.7), huber(x[0] - x[1], 0.7) / 0.7, ),
    REEL_ROW("binary_cross_entropy", binary_cross_entropy(x[0], x[1]), -x[1] * clipped_log(x[0]) - (1 - x[1]) * clipped_log(1 - x[0]), .low = 0.1, .high = 0.9, ),
    REEL_ROW("kl_divergence", kl_divergence(x[0], x[1]), x[1] > 0 ? x[1] * (std::log(x[1]) - x[0]) : 0, .low = 0.1, .high = 3, ),
    REEL_ROW("hinge_loss", hinge_loss(x[0], x[1]), positive(1 - x[0] * x[1]), ),
    REEL_ROW("poisson_nll_loss", poisson_nll_loss(x[0], x[1]), std::exp(x[0]) - x[0] * x[1], ),
    REEL_ROW("poisson_nll_loss of rates", poisson_nll_loss(x[0], x[1], false), x[0] - x[1] * std::log(x[0] + 1e-8), .low = 0.5, .high = 3, ),
    {.name = "sigmoid_focal_loss", .shapes = {{2, 3}, {2, 3}}, .call = [](const Tensors& x) { return sigmoid_focal_loss(x[0], x[1]); },
     .formula = each_element(REEL_F(focal(x[0], x[1]))), .low = 0.1, .high = 1.9, .answers = loss_of},
});
#undef REEL_ROW

const AddRows of_three({
    {.name = "hinge_embedding_loss", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return hinge_embedding_loss(x[0], tensor({1, -1, 1}), 1.5); },
     .formula = [](const Arrays& a) {
       Array y({2, 3});
       y.each([&](const Ints& i) { y(i) = i[1] == 1 ? positive(1.5 - a[0](i)) : a[0](i); });
       return y;
     }, .answers = float_of},
    {.name = "margin_ranking_loss", .shapes = {{2, 3}, {2, 3}}, .call = [](const Tensors& x) { return margin_ranking_loss(x[0], x[1], tensor({1, -1, 1}), 0.3); },
     .formula = [](const Arrays& a) {
       Array y({2, 3});
       y.each([&](const Ints& i) { y(i) = positive((i[1] == 1 ? a[0](i) - a[1](i) : a[1](i) - a[0](i)) + 0.3); });
       return y;
     }, .answers = float_of},
    {.name = "gaussian_nll_loss", .shapes = {{2, 3}, {2, 3}, {2, 3}}, .call = [](const Tensors& x) { return gaussian_nll_loss(x[0], x[1], x[2]); },
     .formula = each_element(REEL_F((std::log(std::max(x[2], 1e-6)) + (x[0] - x[1]) * (x[0] - x[1]) / std::max(x[2], 1e-6)) / 2)), .low = 0.5, .high = 3,
     .answers = float_of},
    {.name = "triplet_margin_loss", .shapes = {{3, 4}, {3, 4}, {3, 4}}, .call = [](const Tensors& x) { return triplet_margin_loss(x[0], x[1], x[2], 4); },
     .formula = [](const Arrays& a) {
       Array y({3});
       for (int64_t i = 0; i < 3; ++i) {
         double p = 0, n = 0;
         for (int64_t k = 0; k < 4; ++k) {
           p += std::pow(a[0]({i, k}) - a[1]({i, k}) + 1e-6, 2);
           n += std::pow(a[0]({i, k}) - a[2]({i, k}) + 1e-6, 2);
         }
         y({i}) = positive(std::sqrt(p) - std::sqrt(n) + 4);
       }
       return y;
     }, .answers = float_of},
    {.name = "cosine_embedding_loss", .shapes = {{3, 4}, {3, 4}}, .call = [](const Tensors& x) { return cosine_embedding_loss(x[0], x[1], tensor({1, -1, 1}), -0.9); },
     .formula = [](const Arrays& a) {
       Array y({3});
       for (int64_t i = 0; i < 3; ++i) {
         double ab = 0, aa = 1e-12, bb = 1e-12;
         for (int64_t k = 0; k < 4; ++k) {
           ab += a[0]({i, k}) * a[1]({i, k});
           aa += a[0]({i, k}) * a[0]({i, k});
           bb += a[1]({i, k}) * a[1]({i, k});
         }
         double cosine = ab / std::sqrt(aa * bb);
         y({i}) = i == 1 ? positive(cosine + 0.9) : 1 - cosine;
       }
       return y;
     }, .answers = float_of},
});

// log of softmax along the last axis.
Array log_softmax_of(Array x) {
  size_t n = size_t(x.dims.back());
  for (size_t row = 0; row < x.v.size(); row += n) {
    double s = 0;
    for (size_t k = 0; k < n; ++k) s += std::exp(x.v[row + k]);
    for (size_t k = 0; k < n; ++k) x.v[row + k] -= std::log(s);
  }
  return x;
}
// The mean of -log_p[label] over the rows with a label that is not negative, weighted by class, part of it spread over all classes.
Array labelled(const Array& log_p, const Ints& labels, const std::vector<double>& weight, double smoothing) {
  Array y;
  double total = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) continue;
    double w = weight[size_t(labels[i])];
    total += w;
    y.v[0] -= (1 - smoothing) * w * log_p({int64_t(i), labels[i]});
    for (int64_t k = 0; k < log_p.dims[1]; ++k) y.v[0] -= smoothing / double(log_p.dims[1]) * weight[size_t(k)] * log_p({int64_t(i), k});
  }
  y.v[0] /= total;
  return y;
}

// -log of the sum over all paths of `steps` classes that say `said` once repetitions and blanks (0) are gone.
double paths(const Array& log_p, int64_t row, int64_t steps, const Ints& said) {
  int64_t classes = log_p.dims[2], count = 1;
  for (int64_t t = 0; t < steps; ++t) count *= classes;
  double sum = 0;
  for (int64_t path = 0; path < count; ++path) {
    Ints words;
    double p = 0;
    int64_t last = 0, rest = path;
    for (int64_t t = 0; t < steps; ++t, rest /= classes) {
      int64_t c = rest % classes;
      p += log_p({row, t, c});
      if (c && (t == 0 || c != last)) words.push_back(c);
      last = c;
    }
    if (words == said) sum += std::exp(p);
  }
  return -std::log(sum);
}
const AddRows with_labels({
    {.name = "cross_entropy", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return cross_entropy(x[0], tensor({2, 0, -100, 1})); },
     .formula = [](const Arrays& a) { return labelled(log_softmax_of(a[0]), {2, 0, -100, 1}, {1, 1, 1}, 0); }, .answers = float_of, .atol = 8},
    {.name = "cross_entropy, weighted and smoothed", .shapes = {{4, 3}},
     .call = [](const Tensors& x) { return cross_entropy(x[0], tensor({2, 0, -1, 1}), {.weight = tensor({0.5, 2., 1.5}), .ignore_index = -1, .label_smoothing = 0.3}); },
     .formula = [](const Arrays& a) { return labelled(log_softmax_of(a[0]), {2, 0, -1, 1}, {0.5, 2, 1.5}, 0.3); }, .answers = float_of, .atol = 16},
    {.name = "nll_loss", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return nll_loss(x[0], tensor({2, 0, -100, 1}), {.weight = tensor({0.5, 2., 1.5})}); },
     .formula = [](const Arrays& a) { return labelled(a[0], {2, 0, -100, 1}, {0.5, 2, 1.5}, 0); }, .answers = float_of, .atol = 8},
    {.name = "ctc_loss", .shapes = {{3, 4, 3}},
     .call = [](const Tensors& x) { return ctc_loss(x[0], tensor({{1, 2}, {1, 1}, {2, 0}}), tensor({4, 3, 4}), tensor({2, 2, 1})); },
     .formula = [](const Arrays& a) {
       Array y({3});
       y.v = {paths(a[0], 0, 4, {1, 2}), paths(a[0], 1, 3, {1, 1}), paths(a[0], 2, 4, {2})};
       return y;
     }, .types = kFloats, .atol = 32},
    {.name = "sparse_softmax_cross_entropy", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return sparse_softmax_cross_entropy(x[0], tensor({2, 0, 3})); },
     .formula = [](const Arrays& a) {
       Array y({3}), p = log_softmax_of(a[0]);
       y.v = {-p({0, 2}), -p({1, 0}), -p({2, 3})};
       return y;
     }, .answers = loss_of},
    {.name = "softmax_cross_entropy", .shapes = {{3, 4}, {3, 4}}, .call = [](const Tensors& x) { return softmax_cross_entropy(x[0], x[1]); },
     .formula = [](const Arrays& a) {
       Array y({3}), p = log_softmax_of(a[0]);
       p.each([&](const Ints& i) { y({i[0]}) -= a[1](i) * p(i); });
       return y;
     }, .low = 0.1, .high = 1.9, .answers = loss_of, .atol = 16},
});

}  // namespace
}  // namespace reel::test
