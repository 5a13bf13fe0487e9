// The training loop: readable on purpose, every line can hold a breakpoint.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "autograd/backward.h"
#include "nn/progress.h"
#include "nn/state.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/index.h"
#include "tensor/ops/random.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"

namespace reel::nn {
namespace {

struct Samples {
  Tensor x, y, weight;
  int64_t count() const { return x.shape()[0]; }
  int64_t batches(int64_t size) const { return count() / size + (count() % size != 0); }
  Samples range(int64_t begin, int64_t end) const {
    auto cut = [&](const Tensor& t) { return t ? slice_axis(t, 0, begin, end - begin) : t; };
    return {cut(x), cut(y), cut(weight)};
  }
  Samples pick(const Tensor& order) const {
    auto rows = [&](const Tensor& t) { return t ? take(t, order, 0) : t; };
    return {rows(x), rows(y), rows(weight)};
  }
};

void check_samples(const char* what, const Samples& s, Where where) {
  for (auto& [name, t] : {std::pair("x", s.x), std::pair("y", s.y)})
    if (!t) fail_at(Error(std::string(what) + ": " + name + " is an empty Tensor (default-constructed or moved from)"), where);
  auto fail = [&](const std::string& why) {
    fail_at(ShapeError(std::string(what) + ": " + why + "\n  x  " + describe(s.x) + "\n  y  " + describe(s.y) +
                       (s.weight ? "\n  sample_weight  " + describe(s.weight) : "")), where);
  };
  if (s.x.rank() < 1 || s.y.rank() < 1) fail("x and y need a first axis of samples");
  if (s.count() == 0) fail("there are no samples");
  if (s.count() != s.y.shape()[0]) fail("x has " + std::to_string(s.count()) + " samples, y has " + std::to_string(s.y.shape()[0]));
  if (s.weight && (s.weight.rank() < 1 || s.weight.shape()[0] != s.count())) fail("sample_weight needs one entry a sample");
}

void check_batch_size(const char* what, int64_t n, Where where) {
  if (n < 1) fail_at(Error(std::string(what) + ": batch_size must be at least 1, got " + std::to_string(n)), where);
}

// Keras's meaning of a class weight: a sample weight by label; classes not named weigh 1.
Tensor weights_of_classes(const Tensor& y, const std::map<int, double>& classes) {
  NoGrad no_grad;
  Tensor labels = contiguous(cast(y.rank() > 1 && y.shape()[-1] > 1 ? argmax(y, -1) : reshape(y, {y.shape()[0]}), int64));
  Tensor w = ones({labels.size()});
  auto l = labels.values<int64_t>();
  for (size_t i = 0; i < l.size(); ++i)
    if (auto c = classes.find(int(l[i])); c != classes.end()) w.raw<float>()[i] = float(c->second);
  return w;
}

// Mean loss and metrics over what was seen, weighted by batch size.
struct Meters {
  std::vector<Metric>& metrics;
  double loss = 0;
  int64_t count = 0;
  explicit Meters(std::vector<Metric>& m) : metrics(m) {
    for (Metric& metric : metrics) metric.reset();
  }
  void add(double batch_loss, const Tensor& y_true, const Tensor& y_pred, Where where) {
    int64_t n = y_true.shape()[0];
    loss += batch_loss * double(n);
    count += n;
    for (Metric& m : metrics) located(where, [&] { m.update(y_true, y_pred); });
  }
  Logs logs(const std::string& prefix = "") const {
    Logs l;
    l.set(prefix + "loss", count ? loss / double(count) : 0);
    for (const Metric& m : metrics) l.set(prefix + m.name(), m.result());
    return l;
  }
};

}  // namespace

Logs Model::train_on_batch(const Tensor& x, const Tensor& y, const Tensor& sample_weight, Where where) {
  CompileOptions& c = state_->training("train_on_batch", where);
  check_samples("train_on_batch", {x, y, sample_weight}, where);
  Meters meters(c.metrics);
  Training training;
  Tensor y_pred = (*this)(x, where);
  Tensor loss = c.loss(y, y_pred, sample_weight, where);
  backward(c.optimizer.scale_loss(loss, where), {}, where);
  c.optimizer.step(trainable_variables(), where);
  meters.add(loss.item(), y, detach(y_pred), where);
  return meters.logs();
}

History Model::fit(const Tensor& x, const Tensor& y, FitOptions o, Where where) {
  CompileOptions& c = state_->training("fit", where);
  Samples train{x, y, o.sample_weight}, validation;
  check_samples("fit", train, where);
  check_batch_size("fit", o.batch_size, where);
  if (o.epochs < 0) fail_at(Error("fit: epochs must not be negative, got " + std::to_string(o.epochs)), where);
  if (!o.class_weight.empty() && train.weight) fail_at(Error("fit: class_weight and sample_weight exclude each other"), where);
  if (o.validation_data.first) {
    validation = {o.validation_data.first, o.validation_data.second, {}};
    check_samples("fit: validation_data", validation, where);
  } else if (o.validation_split != 0) {
    int64_t kept = int64_t(std::floor(double(train.count()) * (1 - o.validation_split)));
    if (kept < 1 || kept >= train.count())
      fail_at(Error("fit: validation_split " + std::to_string(o.validation_split) + " of " + std::to_string(train.count()) + " samples leaves one side empty"), where);
    validation = train.range(kept, train.count());
    train = train.range(0, kept);
  }
  if (!o.class_weight.empty()) train.weight = weights_of_classes(train.y, o.class_weight);  // validation knows none

  History history;
  Generator order_of_samples{o.seed};
  int64_t steps = train.batches(o.batch_size);
  stop_training() = false;
  auto tell = [&](auto&& event) {
    for (const Callback& callback : o.callbacks) located(where, [&] { event(callback); });
  };
  tell([&](const Callback& c) { c.train_begin(*this); });
  for (int epoch = o.initial_epoch; epoch < o.epochs && !stop_training(); ++epoch) {
    if (o.verbose != 0) std::printf("Epoch %d/%d\n", epoch + 1, o.epochs);
    tell([&](const Callback& c) { c.epoch_begin(*this, epoch); });
    Progress progress(steps, o.verbose);
    Meters meters(c.metrics);
    Tensor order = o.shuffle ? permutation(train.count(), order_of_samples) : Tensor();
    for (int64_t step = 0; step < steps && !stop_training(); ++step) {
      int64_t begin = step * o.batch_size, end = begin + std::min(o.batch_size, train.count() - begin);
      Samples batch = order ? train.pick(slice_axis(order, 0, begin, end - begin)) : train.range(begin, end);

      Tensor y_pred, loss;
      {
        Training training;
        y_pred = (*this)(batch.x, where);
        loss = c.loss(batch.y, y_pred, batch.weight, where);
      }
      double value = loss.item();
      bool may_recover = c.optimizer.loss_scale() > 1;  // float16 overflowed: this step will be skipped
      if (!std::isfinite(value) && !may_recover)
        fail_at(Error("fit: the loss is " + std::to_string(value) + " at epoch " + std::to_string(epoch + 1) + ", step " + std::to_string(step + 1) + " of " +
                      std::to_string(steps) + " (REEL_CHECK=nan stops at the op that made it; a smaller learning rate or clipped inputs may help)"), where);
      backward(c.optimizer.scale_loss(loss, where), {}, where);
      c.optimizer.step(trainable_variables(), where);

      meters.add(value, batch.y, detach(y_pred), where);
      Logs logs = meters.logs();
      progress.update(step + 1, logs);
      tell([&](const Callback& c) { c.batch_end(*this, step, logs); });
    }
    Logs logs = meters.logs();
    if (validation.x) {
      Logs val = evaluate(validation.x, validation.y, {.batch_size = o.batch_size, .verbose = 0, .sample_weight = validation.weight}, where);
      for (auto& [name, v] : val.values) logs.set("val_" + name, v);
    }
    progress.finish(logs);
    history.epoch.push_back(epoch);
    history.logs.push_back(logs);
    tell([&](const Callback& c) { c.epoch_end(*this, epoch, logs); });
  }
  tell([&](const Callback& c) { c.train_end(*this); });
  return history;
}

Logs Model::evaluate(const Tensor& x, const Tensor& y, EvaluateOptions o, Where where) {
  CompileOptions& c = state_->training("evaluate", where);
  Samples samples{x, y, o.sample_weight};
  check_samples("evaluate", samples, where);
  check_batch_size("evaluate", o.batch_size, where);
  NoGrad no_grad;
  Training off(false);
  int64_t steps = samples.batches(o.batch_size);
  Progress progress(steps, o.verbose);
  Meters meters(c.metrics);
  for (int64_t step = 0; step < steps; ++step) {
    int64_t begin = step * o.batch_size, end = begin + std::min(o.batch_size, samples.count() - begin);
    Samples batch = samples.range(begin, end);
    Tensor y_pred = (*this)(batch.x, where);
    meters.add(c.loss(batch.y, y_pred, batch.weight, where).item(), batch.y, y_pred, where);
    progress.update(step + 1, meters.logs());
  }
  Logs logs = meters.logs();
  progress.finish(logs);
  return logs;
}

Tensor Model::predict(const Tensor& x, PredictOptions o, Where where) {
  if (!x) fail_at(Error("predict: x is an empty Tensor (default-constructed or moved from)"), where);
  if (x.rank() < 1) fail_at(ShapeError("predict: x needs a first axis of samples\n  x  " + describe(x)), where);
  check_batch_size("predict", o.batch_size, where);
  NoGrad no_grad;
  Training off(false);
  Tensors parts;
  int64_t n = x.shape()[0];
  for (int64_t begin = 0; begin < std::max<int64_t>(n, 1); begin += o.batch_size) {
    int64_t count = std::min(o.batch_size, n - begin);
    parts.push_back((*this)(slice_axis(x, 0, begin, count), where));
    const Tensor& y = parts.back();
    if (y.rank() < 1 || y.shape()[0] != count)
      fail_at(ShapeError("predict: the model answers " + to_string(y.shape()) + " for " + std::to_string(count) + " samples\n  x  " + describe(x)), where);
  }
  return parts.size() == 1 ? parts[0] : concat(parts, 0, where);
}

}  // namespace reel::nn
