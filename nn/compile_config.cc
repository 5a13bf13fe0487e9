// What compile was given, as Keras writes it: optimizer, loss and metrics.
#include <algorithm>

#include "nn/keras_format.h"

namespace reel::nn {
namespace {

// A row of the table: the options follow from the struct's fields, but for those that Keras's class has not.
struct LossClass {
  const char* name;
  const char* class_name;
  Loss (*make)(ConfigReader& config);
  bool has_options = true, smooths = true;
};
template <class L, class Options> Loss read_loss(ConfigReader& config) {
  Options o;
  config.options(o);
  return L(o);
}
constexpr LossClass kLosses[] = {
    {"sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", &read_loss<SparseCategoricalCrossentropy, CrossentropyOptions>, true, false},
    {"categorical_crossentropy", "CategoricalCrossentropy", &read_loss<CategoricalCrossentropy, CrossentropyOptions>},
    {"binary_crossentropy", "BinaryCrossentropy", &read_loss<BinaryCrossentropy, CrossentropyOptions>},
    {"binary_focal_crossentropy", "BinaryFocalCrossentropy", &read_loss<BinaryFocalCrossentropy, BinaryFocalCrossentropyOptions>},
    {"categorical_focal_crossentropy", "CategoricalFocalCrossentropy", &read_loss<CategoricalFocalCrossentropy, CategoricalFocalCrossentropyOptions>},
    {"dice", "Dice", &read_loss<Dice, DiceOptions>},
    {"tversky", "Tversky", &read_loss<Tversky, TverskyOptions>},
    {"mean_squared_error", "MeanSquaredError", [](ConfigReader&) -> Loss { return MeanSquaredError(); }, false},
    {"mean_absolute_error", "MeanAbsoluteError", [](ConfigReader&) -> Loss { return MeanAbsoluteError(); }, false},
};

// A row of the table: the options follow from the struct's fields.
struct OptimizerClass {
  const char* name;
  const char* class_name;
  Optimizer (*make)(ConfigReader& config);
};
template <class O, class Options> Optimizer read_optimizer(ConfigReader& config) {
  Options o;
  config.options(o);
  return O(o);
}
constexpr OptimizerClass kOptimizers[] = {
    {"sgd", "SGD", &read_optimizer<SGD, SGDOptions>},
    {"adam", "Adam", &read_optimizer<Adam, AdamOptions>},
    {"adagrad", "Adagrad", &read_optimizer<Adagrad, AdagradOptions>},
    {"rmsprop", "RMSprop", &read_optimizer<RMSprop, RMSpropOptions>},
    // Adam with another default.
    {"adamw", "AdamW", [](ConfigReader& config) -> Optimizer {
       AdamOptions o{.weight_decay = 0.004};
       config.options(o);
       return Adam(o);
     }},
};

// "SparseCategoricalAccuracy" is the metric "sparse_categorical_accuracy".
constexpr const char* kMetricClasses[] = {"BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "MeanSquaredError", "MeanAbsoluteError"};

template <class T, size_t N, class Found> const T& row_of(const char* what, const std::string& class_name, const T (&rows)[N], Found&& found) {
  std::vector<std::string> known;
  for (const T& row : rows) {
    if (found(row)) return row;
    known.push_back(row.class_name);
  }
  unknown_name(what, class_name, known);
}

// {"class_name": .., "config": ..}, or a bare name; "" when it is neither.
std::string class_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object() || !json.contains("class_name") || !json["class_name"].is_string()) return "";
  // {"class_name": "function", "config": "mse"} names a function.
  if (json["class_name"] == "function" && json.contains("config") && json["config"].is_string()) return json["config"].get<std::string>();
  return json["class_name"].get<std::string>();
}
bool has_config(const Json& json) { return json.is_object() && json.contains("config") && json["config"].is_object(); }

Optimizer optimizer_from(const Json& json) {
  std::string name = class_of(json);
  const OptimizerClass& c = row_of("optimizer", name, kOptimizers, [&](const OptimizerClass& o) { return name == o.class_name || name == o.name; });
  Json config = has_config(json) ? json["config"] : Json::object();
  ConfigReader reader(config, c.class_name);
  Optimizer optimizer = c.make(reader);
  reader.finish();
  return optimizer;
}

Loss loss_from(const Json& json) {
  const Json& one = json.is_array() && json.size() == 1 ? json[0] : json;
  std::string name = class_of(one);
  if (!has_config(one)) return Loss(name);
  const LossClass& c = row_of("loss", name, kLosses, [&](const LossClass& l) { return name == l.class_name; });
  ConfigReader reader(one["config"], c.class_name);
  Loss loss = c.make(reader);
  reader.finish();
  return loss;
}

void metrics_from(const Json& json, std::vector<Metric>& metrics) {
  if (json.is_null()) return;
  if (json.is_array()) {
    for (const Json& each : json) metrics_from(each, metrics);
    return;
  }
  std::string name = class_of(json);
  for (const char* c : kMetricClasses)
    if (name == c) name = snake_case(c);
  metrics.push_back(Metric(name));
}

}  // namespace

Json compile_config(const CompileOptions& options) {
  const OptimizerClass& optimizer =
      row_of("optimizer", options.optimizer.name(), kOptimizers, [&](const OptimizerClass& o) { return options.optimizer.name() == o.name; });
  Json numbers{{"name", optimizer.name}};
  for (auto& [name, value] : options.optimizer.options()) {
    if (value.kind == Scalar::Kind::kBool) numbers[name] = value.i != 0;
    else if (name == "weight_decay" && value.f == 0) numbers[name] = nullptr;
    else numbers[name] = value.as_double();
  }
  const LossClass* loss = nullptr;
  for (const LossClass& l : kLosses)
    if (options.loss.name() == l.name) loss = &l;
  if (!loss) throw Error("the loss \"" + options.loss.name() + "\" is a function of one's own, which a file cannot hold: save with {.include_optimizer = false}");
  Json loss_config{{"name", loss->name}, {"reduction", "sum_over_batch_size"}};
  auto write = [&](const auto& o) {
    each_option(o, [&](std::string_view key, const auto& v) {
      if (loss->smooths || key != "label_smoothing") loss_config[std::string(key)] = to_config(v);
    });
  };
  if (loss->has_options) std::visit(write, options.loss.options());
  Json metrics = nullptr;
  for (const Metric& m : options.metrics) {
    try {
      (void)Metric(m.name());
    } catch (const Error&) {
      throw Error("the metric \"" + m.name() + "\" is a function of one's own, which a file cannot hold: save with {.include_optimizer = false}");
    }
    metrics.push_back(m.name());
  }
  return {{"optimizer", serialized("keras.optimizers", optimizer.class_name, std::move(numbers))},
          {"loss", serialized("keras.losses", loss->class_name, std::move(loss_config))},
          {"loss_weights", nullptr},
          {"metrics", std::move(metrics)},
          {"weighted_metrics", nullptr},
          {"run_eagerly", false},
          {"steps_per_execution", 1},
          {"jit_compile", false}};
}

CompileOptions compile_from_config(const Json& json) {
  ConfigReader reader(json, "compile_config");
  CompileOptions options;
  if (const Json* o = reader.find("optimizer")) options.optimizer = optimizer_from(*o);
  if (const Json* l = reader.find("loss")) options.loss = loss_from(*l);
  if (const Json* m = reader.find("metrics")) metrics_from(*m, options.metrics);
  reader.find("steps_per_execution");
  reader.find("auto_scale_loss");
  reader.find("run_eagerly");
  reader.finish();
  return options;
}

}  // namespace reel::nn
