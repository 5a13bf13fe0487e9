#pragma once
// Options as Keras's JSON and back: the fields of an options struct under their own names; for the library's own sources.
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "nn/activations.h"
#include "nn/fields.h"
#include "nn/initializers.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/window.h"

namespace reel::nn {

using Json = nlohmann::ordered_json;

// {"module": .., "class_name": .., "config": .., "registered_name": null}
Json serialized(const char* module, const std::string& class_name, Json config);

// One value as Keras writes it. What Keras has no words for (a function of one's own, padding by numbers) throws Error.
inline Json to_config(bool v) { return v; }
template <class T>
  requires std::is_arithmetic_v<T>
Json to_config(T v) { return v; }
inline Json to_config(const std::string& v) { return v; }
Json to_config(const Axes& v);   // none are null, one is a number
Json to_config(HeightWidth v);  // 0 is null: left to the layer
Json to_config(const Padding& v);
Json to_config(const ActivationFunction& v);
Json to_config(const Initializer& v);  // null for a function: the weights it made are in the file

// The other way round; a value of another kind throws Error. What no initializer here can do starts as zeros: weights are read right after.
void from_config(const Json& json, bool& v);
void from_config(const Json& json, double& v);
void from_config(const Json& json, int64_t& v);
void from_config(const Json& json, int& v);
void from_config(const Json& json, std::string& v);
void from_config(const Json& json, Axes& v);
void from_config(const Json& json, HeightWidth& v);
void from_config(const Json& json, Padding& v);
void from_config(const Json& json, ActivationFunction& v);
void from_config(const Json& json, Initializer& v);

// A config object while it is read: what was not asked for must be something that changes nothing.
class ConfigReader {
 public:
  // `owner` for errors: `Dense "head"`.
  ConfigReader(const Json& config, std::string owner);
  // Leaves v as it is when the key is absent or null.
  template <class T> void read(std::string_view key, T& v) {
    if (const Json* j = find(key)) convert(key, [&] { from_config(*j, v); });
  }
  template <class T> void require(std::string_view key, T& v) {
    if (!find(key)) fail("lacks \"" + std::string(key) + "\"");
    read(key, v);
  }
  // Every field of an options struct by its name.
  template <class O> void options(O& o) {
    each_option(o, [&](std::string_view key, auto& v) { read(key, v); });
  }
  // Null when the key is absent or null.
  const Json* find(std::string_view key);
  // Throws unless the keys nobody asked for are null, false, or known to change nothing here; with `training_too` false regularizers and
  // constraints are among those.
  void finish(bool training_too = true) const;
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  template <class F> void convert(std::string_view key, F&& f) const {
    try {
      f();
    } catch (const Error& e) {
      fail("\"" + std::string(key) + "\": " + e.what());
    }
  }

  const Json* config_;
  std::string owner_;
  std::set<std::string, std::less<>> seen_;
};

// JSON of a file; Error for what is none and for values nested more than 200 deep.
Json parse_config(const std::string& text);

}  // namespace reel::nn
