#include "nn/config.h"

#include "tensor/error.h"

namespace reel::nn {
namespace {

constexpr int kDeepest = 200;

[[noreturn]] void not_a(const char* what, const Json& json) {
  std::string shown = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  throw Error("should be " + std::string(what) + ", got " + (shown.size() > 60 ? shown.substr(0, 57) + "..." : shown));
}

// Keras's classes and what makes them those that have a name here.
struct InitializerClass {
  const char* name;
  const char* class_name;
  const char *first, *second;  // the names of its numbers
  double a, b;
};
constexpr InitializerClass kInitializers[] = {
    {"zeros", "Zeros", nullptr, nullptr, 0, 0},
    {"ones", "Ones", nullptr, nullptr, 0, 0},
    {"random_uniform", "RandomUniform", "minval", "maxval", -0.05, 0.05},
    {"random_normal", "RandomNormal", "mean", "stddev", 0, 0.05},
    {"truncated_normal", "TruncatedNormal", "mean", "stddev", 0, 0.05},
    {"glorot_uniform", "GlorotUniform", nullptr, nullptr, 0, 0},
    {"glorot_normal", "GlorotNormal", nullptr, nullptr, 0, 0},
    {"he_uniform", "HeUniform", nullptr, nullptr, 0, 0},
    {"he_normal", "HeNormal", nullptr, nullptr, 0, 0},
    {"lecun_uniform", "LecunUniform", nullptr, nullptr, 0, 0},
    {"lecun_normal", "LecunNormal", nullptr, nullptr, 0, 0},
};

// Keys whose values change nothing here, whatever they are or when they are as given (null: whatever they are).
struct Harmless {
  const char* key;
  const char* value;
};
constexpr Harmless kHarmless[] = {
    {"name", nullptr},          {"dtype", nullptr},         {"seed", nullptr},        {"data_format", "\"channels_last\""}, {"trainable", "true"},
    {"autocast", nullptr},      {"batch_shape", nullptr},   {"batch_input_shape", nullptr}, {"input_length", nullptr},      {"ema_momentum", nullptr},
    {"ema_overwrite_frequency", nullptr}, {"jit_compile", nullptr}, {"reduction", "\"sum_over_batch_size\""}, {"axis", "-1"}, {"decay", "0.0"},
};

}  // namespace

Json serialized(const char* module, const std::string& class_name, Json config) {
  return {{"module", module}, {"class_name", class_name}, {"config", std::move(config)}, {"registered_name", nullptr}};
}

Json to_config(const Axes& v) {
  if (v.count < 2) return v.count ? Json(v.at[0]) : Json(nullptr);
  Json all = Json::array();
  for (int i = 0; i < v.count; ++i) all.push_back(v.at[i]);
  return all;
}
Json to_config(HeightWidth v) { return v.height == 0 ? Json(nullptr) : Json{v.height, v.width}; }
Json to_config(const Padding& v) {
  if (v.kind == Padding::Kind::kExplicit) throw Error("Keras knows the paddings \"valid\" and \"same\", not numbers of cells");
  return v.kind == Padding::Kind::kSame ? "same" : "valid";
}
Json to_config(const ActivationFunction& v) {
  if (v.name() == "custom") throw Error("a function of one's own has no name that a file could keep");
  return v.name() == "swish" ? "silu" : v.name();
}
Json to_config(const Initializer& v) {
  if (v.name() == "constant") return serialized("keras.initializers", "Constant", {{"value", v.constant()}});
  std::string name = v.name() == "uniform" ? "random_uniform" : v.name() == "normal" ? "random_normal" : v.name();
  for (const InitializerClass& c : kInitializers) {
    if (name != c.name) continue;
    Json config = Json::object();
    if (c.first) config = {{c.first, c.a}, {c.second, c.b}};
    if (name != "zeros" && name != "ones") config["seed"] = nullptr;
    return serialized("keras.initializers", c.class_name, std::move(config));
  }
  return nullptr;
}

void from_config(const Json& json, bool& v) {
  if (!json.is_boolean()) not_a("true or false", json);
  v = json.get<bool>();
}
void from_config(const Json& json, double& v) {
  if (!json.is_number()) not_a("a number", json);
  v = json.get<double>();
}
void from_config(const Json& json, int64_t& v) {
  bool whole = json.is_number_integer() && !(json.is_number_unsigned() && json.get<uint64_t>() > uint64_t(INT64_MAX));
  if (!whole) not_a("an integer", json);
  v = json.get<int64_t>();
}
void from_config(const Json& json, int& v) {
  int64_t wide = 0;
  from_config(json, wide);
  if (wide != int(wide)) not_a("a smaller integer", json);
  v = int(wide);
}
void from_config(const Json& json, std::string& v) {
  if (!json.is_string()) not_a("a text", json);
  v = json.get<std::string>();
}
void from_config(const Json& json, Axes& v) {
  v = Axes();
  bool several = json.is_array();
  for (size_t i = 0; i < (several ? json.size() : 1); ++i) {
    int axis = 0;
    from_config(several ? json[i] : json, axis);
    if (i == kMaxRank) not_a("at most eight axes", json);
    v.at[v.count++] = Axes(axis).at[0];
  }
}
void from_config(const Json& json, HeightWidth& v) {
  if (json.is_array() && json.size() == 2) {
    from_config(json[0], v.height);
    from_config(json[1], v.width);
  } else {
    if (json.is_array()) not_a("one number or two", json);
    int64_t both = 0;
    from_config(json, both);
    v = both;
  }
}
void from_config(const Json& json, Padding& v) {
  std::string name;
  from_config(json, name);
  v = Padding(name);
}
void from_config(const Json& json, ActivationFunction& v) {
  // {"class_name": "function", "config": "relu"} names one as well.
  const Json* name = &json;
  if (json.is_object() && json.contains("config") && json["config"].is_string()) name = &json["config"];
  if (!name->is_string()) not_a("the name of an activation", json);
  v = ActivationFunction(name->get<std::string>());
}
void from_config(const Json& json, Initializer& v) {
  Json config = json.is_object() && json.contains("config") ? json["config"] : Json::object();
  const Json& named = json.is_object() && json.contains("class_name") ? json["class_name"] : json;
  if (!named.is_string()) not_a("an initializer", json);
  std::string name = named.get<std::string>();
  v = Initializer("zeros");
  if (name == "Constant" && config.contains("value") && config["value"].is_number()) v = Initializer(config["value"].get<double>());
  for (const InitializerClass& c : kInitializers) {
    if (name != c.name && name != c.class_name) continue;
    auto differs = [&](const char* key, double usual) { return key && config.contains(key) && config[key] != Json(usual); };
    if (!differs(c.first, c.a) && !differs(c.second, c.b)) v = Initializer(c.name);
  }
}

ConfigReader::ConfigReader(const Json& config, std::string owner) : config_(&config), owner_(std::move(owner)) {
  if (!config.is_object()) fail("its config is no object");
}
const Json* ConfigReader::find(std::string_view key) {
  seen_.emplace(key);
  auto it = config_->find(std::string(key));
  return it == config_->end() || it->is_null() ? nullptr : &*it;
}
void ConfigReader::finish(bool training_too) const {
  auto ends = [](const std::string& s, std::string_view end) { return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0; };
  for (auto& [key, value] : config_->items()) {
    if (seen_.count(key) || value.is_null() || value == Json(false)) continue;
    if (!training_too && (ends(key, "_regularizer") || ends(key, "_constraint"))) continue;
    bool harmless = false;
    for (const Harmless& h : kHarmless) harmless |= key == h.key && (!h.value || value == Json::parse(h.value));
    if (harmless) continue;
    std::string shown = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    fail("\"" + key + "\" is " + (shown.size() > 80 ? shown.substr(0, 77) + "..." : shown) + ", which has no counterpart here");
  }
}
void ConfigReader::fail(const std::string& problem) const { throw Error(owner_ + ": " + problem); }

Json parse_config(const std::string& text) {
  try {
    return Json::parse(text, [](int depth, Json::parse_event_t, Json&) {
      if (depth > kDeepest) throw Error("is nested more than " + std::to_string(kDeepest) + " deep");
      return true;
    });
  } catch (const nlohmann::json::exception& e) {
    throw Error(std::string("is no JSON: ") + e.what());
  }
}

}  // namespace reel::nn
