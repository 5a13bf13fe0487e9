// Weights alone: by name in safetensors and npz files, by the places of their layers in Keras's .weights.h5.
#include <algorithm>

#include "io/file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "nn/keras_format.h"
#include "tensor/ops/copy.h"

namespace reel::nn {
namespace {

bool ends_with(const std::string& s, const char* end) {
  std::string e = end;
  return s.size() >= e.size() && s.compare(s.size() - e.size(), e.size(), e) == 0;
}
constexpr const char* kKerasWeights = ".weights.h5";

[[noreturn]] void unknown_ending(const std::string& path, Where where) {
  fail_at(FileError(path + ": weights are kept in .safetensors, .npz or .weights.h5 files, by the file's ending"), where);
}
std::string list(const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string s = std::string("\n  ") + title + ":";
  for (size_t i = 0; i < names.size() && i < 20; ++i) s += (i ? ", " : " ") + names[i];
  if (names.size() > 20) s += " and " + std::to_string(names.size() - 20) + " more";
  return s;
}

}  // namespace

void Model::save_weights(const std::string& path, Where where) const {
  located(where, [&] {
    if (ends_with(path, kKerasWeights)) return write_file(path, weights_bytes(*this, true));
    NamedTensors named;
    for (auto& [name, w] : weights()) named.emplace_back(name, detach(w.value));
    if (ends_with(path, ".safetensors")) save_safetensors(path, named, {}, where);
    else if (ends_with(path, ".npz")) save_npz(path, named, where);
    else unknown_ending(path, where);
  });
}

LoadReport Model::load_weights(const std::string& path, bool strict, Where where) {
  return located(where, [&] {
    if (!ends_with(path, ".safetensors") && !ends_with(path, ".npz") && !ends_with(path, kKerasWeights)) unknown_ending(path, where);
    std::unique_ptr<Hdf5Reader> keras;
    NamedTensors file;
    std::vector<std::pair<std::string, Weight>> model;
    WeightLayout layout;
    if (ends_with(path, kKerasWeights)) {
      keras = open_hdf5(path);
      layout = weight_layout(*this);
      for (const WeightLayout::Place& p : layout.places) model.emplace_back(p.path, *p.weight);
      for (auto& [name, at] : stored_weights(*keras)) file.emplace_back(name, keras->read(at).numbers);
    } else {
      file = ends_with(path, ".npz") ? load_npz(path, where) : load_safetensors(path, nullptr, where);
      model = weights();
    }
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
      if (it->second && it->second.shape() == w.value.shape()) pairs.emplace_back(w.value, it->second);
      else report.mismatched.push_back(name + ": file " + (it->second ? to_string(it->second.shape()) : "of texts") + ", model " + to_string(w.value.shape()));
    }
    for (size_t i = 0; i < file.size(); ++i)
      if (!used[i]) report.unexpected.push_back(file[i].first);
    if (strict && !report.complete())
      throw FileError(path + ": does not fit the model \"" + name() + "\"; nothing was changed" + list("missing in the file", report.missing) +
                      list("unexpected in the file", report.unexpected) + list("of another shape", report.mismatched));
    NoGrad no_grad;
    if (keras && report.complete() && state_->compiled) read_optimizer(*keras, state_->compiled->optimizer, layout.trainable());
    for (auto& [to, from] : pairs) assign(to, cast(from, to.dtype()));
    return report;
  });
}

}  // namespace reel::nn
