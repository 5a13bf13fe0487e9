#include "io/named.h"

#include <algorithm>

#include "tensor/ops/copy.h"

namespace reel {

const Tensor& named(const NamedTensors& tensors, const std::string& name, Where where) {
  for (const auto& [n, x] : tensors)
    if (n == name) return x;
  std::vector<std::string> valid;
  for (const auto& t : tensors) valid.push_back(t.first);
  try {
    unknown_name("tensor name", name, valid);
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
}

Tensors host_tensors(const NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& t : tensors) names.push_back(t.first);
  std::sort(names.begin(), names.end());
  for (size_t i = 0; i < names.size(); ++i) {
    if (i && names[i] == names[i - 1]) throw Error("two tensors are called \"" + names[i] + "\"");
    if (names[i].find('\0') != std::string::npos) throw Error("the name of a tensor holds a zero byte: \"" + std::string(names[i].c_str()) + "...\"");
  }
  NoGrad no_grad;
  Tensors host;
  for (const auto& [name, x] : tensors) {
    if (!x) throw Error("the tensor \"" + name + "\" holds nothing");
    host.push_back(contiguous(to(x, cpu())));
  }
  return host;
}

}  // namespace reel
