#pragma once
// Keras's dtype policies: in which precision the layers made from now on compute. Their weights stay float32.
#include <optional>
#include <string>

#include "tensor/autocast.h"

namespace reel::nn {

// For this thread: "mixed_bfloat16" or "mixed_float16": what is made from now on computes as within an Autocast scope of that dtype;
// "float32", as at the start: as the caller does. A model made under "mixed_float16" trains with a scaled loss. Another name throws.
void set_dtype_policy(const std::string& name);
const char* dtype_policy();

// The same as the dtype that layers compute in.
DType policy_dtype();
const char* policy_name(DType dtype);
bool is_policy_name(const std::string& name);

// Until the end of the scope the policy is `name`; for what makes layers on behalf of others.
class DtypePolicyScope {
 public:
  explicit DtypePolicyScope(const std::string& name) : before_(dtype_policy()) { set_dtype_policy(name); }
  ~DtypePolicyScope() { set_dtype_policy(before_); }
  DtypePolicyScope(const DtypePolicyScope&) = delete;

 private:
  const char* before_;
};

// While a layer that was made under a policy is called.
class UnderPolicy {
 public:
  explicit UnderPolicy(DType compute) {
    if (compute != float32) casting_.emplace(compute);
  }

 private:
  std::optional<Autocast> casting_;
};

}  // namespace reel::nn
