#include "nn/layer.h"

#include <map>
#include <mutex>

namespace reel::nn {
namespace {

std::string fresh_name(std::string_view type) {
  static std::mutex mutex;
  static std::map<std::string, int> used;
  std::string base = snake_case(type);
  std::lock_guard lock(mutex);
  int n = used[base]++;
  return n ? base + "_" + std::to_string(n) : base;
}

}  // namespace

std::string snake_case(std::string_view type) {
  std::string s;
  for (size_t i = 0; i < type.size(); ++i) {
    bool upper = type[i] >= 'A' && type[i] <= 'Z';
    bool after_digit = i > 0 && type[i - 1] >= '0' && type[i - 1] <= '9';
    bool after_lower = i > 0 && type[i - 1] >= 'a' && type[i - 1] <= 'z';
    bool starts_word = i + 1 < type.size() && type[i + 1] >= 'a' && type[i + 1] <= 'z' && i > 0 && !after_digit;
    if (upper && (after_lower || starts_word)) s += '_';
    s += upper ? char(type[i] - 'A' + 'a') : type[i];
  }
  return s;
}

LayerRecord::LayerRecord(std::string_view type, std::string_view name, bool built)
    : type(type), name(name.empty() ? fresh_name(type) : std::string(name)), named(!name.empty()), built(built) {}

const Tensor& LayerRecord::add_weight(const char* weight_name, const Tensor& initial, bool trainable) {
  // A first call that failed may have got this far.
  std::erase_if(weights, [&](const Weight& w) { return w.name == weight_name; });
  weights.push_back({weight_name, trainable ? variable(initial, name + "/" + weight_name) : initial, trainable});
  return weights.back().value;
}

namespace {
std::recursive_mutex& building() {
  static std::recursive_mutex mutex;
  return mutex;
}
}  // namespace
LayerRecord::Building::Building() { building().lock(); }
LayerRecord::Building::~Building() { building().unlock(); }

void visit_record(LayerRecord& record, const std::string& path, WeightVisitor& visitor) {
  if (!record.built) return visitor.unbuilt(path.empty() ? record.name : path);
  for (Weight& w : record.weights) visitor.weight((path.empty() ? record.name : path) + "/" + w.name, w);
}

void visit_tensor(const Tensor& tensor, const std::string& path, WeightVisitor& visitor) {
  if (!tensor) return;
  Weight w{path, tensor, is_variable(tensor)};
  visitor.weight(path, w);
}

void WeightList::weight(const std::string& path, Weight& weight) {
  for (auto& [seen_path, seen] : found)
    if (seen.value.body().storage == weight.value.body().storage) return;
  found.emplace_back(path, weight);
}
void WeightList::unbuilt(const std::string& path) {
  throw Error("the layer \"" + path + "\" has no weights yet: it learns their shapes from its first input; call the model on data first");
}

}  // namespace reel::nn
