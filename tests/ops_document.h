#pragma once
// docs/ops.md, made from the headers of tensor/ops, the rows of samples and the kernels that are there.
#include <string>
#include <vector>

namespace reel::test {

// One function of a header in tensor/ops.
struct OpEntry {
  std::string family;     // the header, "reduce"
  std::string name;       // "argmax"
  std::string signature;  // "argmax(x, axis, keepdims = false)"
  std::string comment;    // what stands above its declaration, in one line
};
std::vector<OpEntry> op_entries();  // in the order of the headers
// Whether a row of samples tests the function of this name.
bool has_row(const std::string& name);
std::string ops_document();

}  // namespace reel::test
