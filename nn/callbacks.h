#pragma once
// What fit calls as it goes, and the numbers it hands over.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace reel::nn {

class Model;

// Named numbers in the order they were made: loss, metrics, then their val_ counterparts.
struct Logs {
  std::vector<std::pair<std::string, double>> values;
  double operator[](const std::string& name) const;  // throws listing the names there are
  const double* find(const std::string& name) const;
  void set(const std::string& name, double value);
};

// What fit returns: one entry an epoch.
struct History {
  std::vector<int> epoch;  // from 0
  std::vector<Logs> logs;
  std::vector<double> operator[](const std::string& name) const;
};

// Any struct with one or more of on_train_begin(model), on_epoch_begin(model, epoch), on_batch_end(model, batch, logs),
// on_epoch_end(model, epoch, logs), on_train_end(model); epochs count from 0. Setting model.stop_training ends the training.
class Callback {
 public:
  template <class C>
    requires(!std::is_same_v<C, Callback>)
  Callback(C callback) : held_(std::make_shared<Held<C>>(std::move(callback))) {}
  void train_begin(Model& m) const { held_->train_begin(m); }
  void epoch_begin(Model& m, int epoch) const { held_->epoch_begin(m, epoch); }
  void batch_end(Model& m, int64_t batch, const Logs& l) const { held_->batch_end(m, batch, l); }
  void epoch_end(Model& m, int epoch, const Logs& l) const { held_->epoch_end(m, epoch, l); }
  void train_end(Model& m) const { held_->train_end(m); }

 private:
  struct Any {
    virtual ~Any() = default;
    virtual void train_begin(Model&) = 0;
    virtual void epoch_begin(Model&, int) = 0;
    virtual void batch_end(Model&, int64_t, const Logs&) = 0;
    virtual void epoch_end(Model&, int, const Logs&) = 0;
    virtual void train_end(Model&) = 0;
  };
  template <class C> struct Held final : Any {
    C c;
    explicit Held(C callback) : c(std::move(callback)) {
      static_assert(requires(Model& m, const Logs& l) { c.on_epoch_end(m, 0, l); } || requires(Model& m, const Logs& l) { c.on_batch_end(m, 0, l); } ||
                        requires(Model& m) { c.on_epoch_begin(m, 0); } || requires(Model& m) { c.on_train_begin(m); } || requires(Model& m) { c.on_train_end(m); },
                    "a callback has at least one of on_train_begin(model), on_epoch_begin(model, epoch), on_batch_end(model, batch, logs), "
                    "on_epoch_end(model, epoch, logs), on_train_end(model)");
    }
    void train_begin([[maybe_unused]] Model& m) override { if constexpr (requires { c.on_train_begin(m); }) c.on_train_begin(m); }
    void epoch_begin([[maybe_unused]] Model& m, [[maybe_unused]] int e) override { if constexpr (requires { c.on_epoch_begin(m, e); }) c.on_epoch_begin(m, e); }
    void batch_end([[maybe_unused]] Model& m, [[maybe_unused]] int64_t b, [[maybe_unused]] const Logs& l) override {
      if constexpr (requires { c.on_batch_end(m, b, l); }) c.on_batch_end(m, b, l);
    }
    void epoch_end([[maybe_unused]] Model& m, [[maybe_unused]] int e, [[maybe_unused]] const Logs& l) override {
      if constexpr (requires { c.on_epoch_end(m, e, l); }) c.on_epoch_end(m, e, l);
    }
    void train_end([[maybe_unused]] Model& m) override { if constexpr (requires { c.on_train_end(m); }) c.on_train_end(m); }
  };
  std::shared_ptr<Any> held_;
};

struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  double min_delta = 0;
  int patience = 0;
  std::string mode = "auto";  // "min", "max"; auto: max for accuracies, min otherwise
  double baseline = __builtin_nan("");
  bool restore_best_weights = false;
  int start_from_epoch = 0;
  bool verbose = false;
};
// Ends the training when the monitored number has not improved by more than min_delta for `patience` epochs; as in Keras 3 the best
// weights are restored at the end even when the training was not cut short.
class EarlyStopping {
 public:
  EarlyStopping(EarlyStoppingOptions options = {});
  void on_train_begin(Model& model);
  void on_epoch_end(Model& model, int epoch, const Logs& logs);
  void on_train_end(Model& model);
  int stopped_epoch() const { return stopped_epoch_; }

 private:
  bool better(double value, double than) const;
  EarlyStoppingOptions options_;
  bool maximize_ = false;
  double best_ = 0;
  int wait_ = 0, best_epoch_ = -1, stopped_epoch_ = -1;
  Tensors best_weights_;
};

}  // namespace reel::nn
