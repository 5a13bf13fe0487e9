#include "nn/metrics.h"

#include <cstring>
#include <vector>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel::nn {
namespace {

Tensor without_last(const Tensor& y, const Tensor& like) { return y.rank() == like.rank() && y.rank() > 0 && y.shape()[-1] == 1 ? squeeze(y, -1) : y; }

Tensor binary(const Tensor& y_true, const Tensor& y_pred) {
  Tensor p = reshape(y_pred, {-1}), t = reshape(y_true, {-1});
  return cast((p > 0.5) == (cast(t, float32) > 0.5), float32);
}
Tensor sparse(const Tensor& y_true, const Tensor& y_pred) {
  return cast(argmax(y_pred, -1) == cast(without_last(y_true, y_pred), int64), float32);
}
Tensor categorical(const Tensor& y_true, const Tensor& y_pred) { return cast(argmax(y_pred, -1) == argmax(y_true, -1), float32); }
Tensor accuracy(const Tensor& y_true, const Tensor& y_pred) {
  if (y_pred.rank() == 0 || y_pred.shape()[-1] == 1) return binary(y_true, y_pred);
  if (y_true.rank() < y_pred.rank() || y_true.shape()[-1] == 1) return sparse(y_true, y_pred);
  return categorical(y_true, y_pred);
}
Tensor flat_mean(const Tensor& d) { return d.rank() > 1 ? mean(d, -1) : d; }
Tensor squared(const Tensor& t, const Tensor& p) { return flat_mean(square(reshape(cast(t, p.dtype()), p.shape()) - p)); }
Tensor absolute(const Tensor& t, const Tensor& p) { return flat_mean(abs(reshape(cast(t, p.dtype()), p.shape()) - p)); }

struct Named {
  const char* name;
  Metric::Function function;
};
constexpr Named kMetrics[] = {
    {"accuracy", &accuracy},
    {"acc", &accuracy},
    {"binary_accuracy", &binary},
    {"sparse_categorical_accuracy", &sparse},
    {"categorical_accuracy", &categorical},
    {"mse", &squared},
    {"mean_squared_error", &squared},
    {"mae", &absolute},
    {"mean_absolute_error", &absolute},
};

}  // namespace

Metric::Metric(const char* name) : name_(name) {
  std::vector<std::string> valid;
  for (const Named& m : kMetrics) {
    if (std::strcmp(m.name, name) == 0) {
      function_ = m.function;
      return;
    }
    valid.push_back(m.name);
  }
  unknown_name("metric", name, valid);
}

void Metric::update(const Tensor& y_true, const Tensor& y_pred) {
  NoGrad no_grad;
  DType t = y_pred.dtype();
  Tensor each = function_(y_true, t == float16 || t == bfloat16 ? cast(y_pred, float32) : y_pred);
  if (!each) throw Error("metric \"" + name_ + "\": the function answered an empty Tensor");
  total_ += sum(each).item();
  count_ += each.size();
}

}  // namespace reel::nn
