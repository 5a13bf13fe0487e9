// Weights by name, in safetensors or npz files.
#include <algorithm>

#include "io/npy.h"
#include "io/safetensors.h"
#include "nn/state.h"
#include "tensor/ops/copy.h"

namespace reel::nn {
namespace {

bool ends_with(const std::string& s, const char* end) {
  std::string e = end;
  return s.size() >= e.size() && s.compare(s.size() - e.size(), e.size(), e) == 0;
}
[[noreturn]] void unknown_ending(const std::string& path) {
  throw FileError(path + ": weights are kept in .safetensors or .npz files, by the file's ending");
}
std::string list(const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string s = std::string("\n  ") + title + ":";
  for (size_t i = 0; i < names.size() && i < 20; ++i) s += (i ? ", " : " ") + names[i];
  if (names.size() > 20) s += " and " + std::to_string(names.size() - 20) + " more";
  return s;
}

}  // namespace

void Model::save_weights(const std::string& path) const {
  NamedTensors named;
  for (auto& [name, w] : weights()) named.emplace_back(name, detach(w.value));
  if (ends_with(path, ".safetensors")) save_safetensors(path, named);
  else if (ends_with(path, ".npz")) save_npz(path, named);
  else unknown_ending(path);
}

LoadReport Model::load_weights(const std::string& path, bool strict) {
  if (!ends_with(path, ".safetensors") && !ends_with(path, ".npz")) unknown_ending(path);
  NamedTensors file = ends_with(path, ".npz") ? load_npz(path) : load_safetensors(path);
  auto model = weights();
  LoadReport report;
  std::vector<std::pair<Tensor, Tensor>> pairs;
  std::vector<bool> used(file.size());
  for (auto& [name, w] : model) {
    auto it = std::find_if(file.begin(), file.end(), [&, &n = name](auto& f) { return f.first == n; });
    if (it == file.end()) {
      report.missing.push_back(name);
      continue;
    }
    used[size_t(it - file.begin())] = true;
    if (it->second.shape() == w.value.shape()) pairs.emplace_back(w.value, it->second);
    else report.mismatched.push_back(name + ": file " + to_string(it->second.shape()) + ", model " + to_string(w.value.shape()));
  }
  for (size_t i = 0; i < file.size(); ++i)
    if (!used[i]) report.unexpected.push_back(file[i].first);
  if (strict && !report.complete())
    throw FileError(path + ": does not fit the model \"" + name() + "\"; nothing was changed" + list("missing in the file", report.missing) +
                    list("unexpected in the file", report.unexpected) + list("of another shape", report.mismatched));
  NoGrad no_grad;
  for (auto& [to, from] : pairs) assign(to, from);
  return report;
}

}  // namespace reel::nn
