#include "nn/dtype_policy.h"

#include <vector>

#include "tensor/error.h"

namespace reel::nn {
namespace {

struct Policy {
  const char* name;
  DType compute;
};
constexpr Policy kPolicies[] = {{"float32", float32}, {"mixed_bfloat16", bfloat16}, {"mixed_float16", float16}};
thread_local const Policy* current = &kPolicies[0];

}  // namespace

void set_dtype_policy(const std::string& name) {
  std::vector<std::string> known;
  for (const Policy& p : kPolicies) {
    if (name == p.name) {
      current = &p;
      return;
    }
    known.push_back(p.name);
  }
  unknown_name("dtype policy", name, known);
}
const char* dtype_policy() { return current->name; }
DType policy_dtype() { return current->compute; }

const char* policy_name(DType dtype) {
  for (const Policy& p : kPolicies)
    if (p.compute == dtype) return p.name;
  return kPolicies[0].name;
}
bool is_policy_name(const std::string& name) {
  for (const Policy& p : kPolicies)
    if (name == p.name) return true;
  return false;
}

}  // namespace reel::nn
