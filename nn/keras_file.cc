// .keras files: a zip of metadata.json, config.json and model.weights.h5.
#include <algorithm>
#include <ctime>

#include "io/zip.h"
#include "nn/keras_format.h"
#include "tensor/ops/copy.h"

namespace reel::nn {
namespace {

constexpr const char* kMetadata = "metadata.json";
constexpr const char* kConfig = "config.json";
constexpr const char* kWeights = "model.weights.h5";
constexpr const char* kLikeKeras = "3.8.0";  // whose layout this is
constexpr int64_t kLongestConfig = 256 << 20;

std::string now() {
  std::time_t t = std::time(nullptr);
  std::tm local{};
  localtime_r(&t, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d@%H:%M:%S", &local);
  return text;
}

bool ends_with(const std::string& s, const std::string& end) { return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0; }

std::string content(const ZipReader& zip, const char* name, int64_t limit) {
  auto it = std::find_if(zip.entries().begin(), zip.entries().end(), [&](const ZipReader::Entry& e) { return e.name == name; });
  if (it == zip.entries().end()) zip.file().fail(std::string("is no .keras file: it holds no ") + name);
  ZipSource source(zip, *it);
  if (it->bytes > limit || it->bytes > source.at_most()) zip.file().fail(std::string(name) + " claims " + std::to_string(it->bytes) + " bytes, more than can be there");
  std::string text(size_t(it->bytes), '\0');
  source.read(text.data(), it->bytes);
  source.finish();
  return text;
}

// Puts the stored weights into a model made under WeightsFollow, in the dtypes its layers ask for.
void read_weights(const Hdf5Reader& file, const Model& model, const Architecture& architecture) {
  NoGrad no_grad;
  WeightLayout layout = weight_layout(model);
  std::map<std::string, std::string> stored;
  for (auto& [path, at] : stored_weights(file)) stored[path] = at;
  for (const WeightLayout::Place& p : layout.places) {
    auto it = stored.find(p.path);
    std::string name = p.path + " (" + (p.record ? p.record->type + " \"" + p.record->name + "\", " : "") + p.weight->name + ")";
    if (it == stored.end()) throw FileError(file.name() + ": lacks " + name);
    Tensor x = file.read(it->second).numbers;
    if (!x || !(x.shape() == p.weight->value.shape()))
      throw FileError(file.name() + ": " + name + " has the shape " + (x ? to_string(x.shape()) : "of texts") + ", the architecture needs " + to_string(p.weight->value.shape()));
    auto wanted = architecture.dtypes.find(p.record);
    DType dtype = wanted == architecture.dtypes.end() ? p.weight->value.dtype() : wanted->second;
    bool trained = is_variable(p.weight->value);
    p.weight->value = trained ? variable(cast(x, dtype), variable_name(p.weight->value)) : cast(x, dtype);
    if (std::count(architecture.frozen.begin(), architecture.frozen.end(), p.record)) p.weight->trainable = false;
    stored.erase(it);
  }
  if (!stored.empty())
    throw FileError(file.name() + ": \"" + stored.begin()->second + "\" belongs to no layer of the architecture" +
                    (stored.size() > 1 ? ", nor do " + std::to_string(stored.size() - 1) + " more" : ""));
}

}  // namespace

void Model::save(const std::string& path, SaveOptions options, Where where) const {
  located(where, [&] {
    if (!ends_with(path, ".keras")) throw FileError(path + ": a model is kept in a .keras file (save_weights keeps weights alone)");
    Json config;
    try {
      config = model_config(*this);
      if (options.include_optimizer && state_->compiled) config["compile_config"] = compile_config(*state_->compiled);
    } catch (Error& e) {
      e.add("while writing " + path);
      throw;
    }
    std::string text;
    try {
      text = config.dump();
    } catch (const nlohmann::json::exception&) {
      throw Error(path + ": the name of a layer is not UTF-8");
    }
    std::string weights = weights_bytes(*this, options.include_optimizer);
    ZipWriter zip(path);
    zip.add(kMetadata, Json{{"keras_version", kLikeKeras}, {"date_saved", now()}}.dump());
    zip.add(kConfig, text);
    zip.add(kWeights, weights);
    zip.commit();
  });
}

Model load_model(const std::string& path, LoadOptions options, Where where) {
  return located(where, [&] {
    ZipReader zip(path);
    auto in_file = [&](const char* part, const char* hint, auto&& f) {
      try {
        return f();
      } catch (const FileError&) {
        throw;
      } catch (const OutOfMemory&) {
        throw;
      } catch (const Error& e) {
        throw FileError(path + ": " + part + ": " + e.what() + hint);
      }
    };
    Architecture architecture;
    architecture.for_training = options.compile;
    Json config = in_file(kConfig, "", [&] { return parse_config(content(zip, kConfig, kLongestConfig)); });
    Model model = in_file(kConfig, "", [&] {
      WeightsFollow no_memory;
      return model_from_config(config, architecture);
    });
    auto weights = open_hdf5_bytes(content(zip, kWeights, INT64_MAX), path + ": " + kWeights);
    in_file(kWeights, "", [&] { read_weights(*weights, model, architecture); return 0; });
    const Json* compiled = options.compile && config.contains("compile_config") && !config["compile_config"].empty() ? &config["compile_config"] : nullptr;
    if (compiled) {
      in_file(kConfig, "\n  load_model(path, {.compile = false}) leaves this out", [&] {
        CompileOptions training = compile_from_config(*compiled);
        if (training.loss) model.compile(std::move(training));
        return 0;
      });
      if (model.state().compiled) read_optimizer(*weights, model.optimizer(), weight_layout(model).trainable());
    }
    return model;
  });
}

}  // namespace reel::nn
