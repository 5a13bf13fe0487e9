#pragma once
// Tensors under their names, as files keep them; the order is the file's.
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace reel {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The tensor called `name`; throws Error listing the names there are.
const Tensor& named(const NamedTensors& tensors, const std::string& name, Where where = {});
// For writers: throws Error for a name that occurs twice or holds a zero byte, and for a tensor without values, before a file
// is begun. Returns contiguous host tensors; those that are such already are shared, not copied.
Tensors host_tensors(const NamedTensors& tensors);

}  // namespace reel
