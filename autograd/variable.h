#pragma once
// Variables: tensors that training changes. Everything computed from one is recorded, and backward leaves its gradient here.
#include <string>

#include "tensor/tensor.h"

namespace reel {

struct Gradient;  // tensor/deferred.h

// The same values as a variable; only floats. The name appears in errors and files.
Tensor variable(const Tensor& value, std::string name = {}, Where where = {});
bool is_variable(const Tensor& x);
const std::string& variable_name(const Tensor& variable);
void rename_variable(const Tensor& variable, std::string name);

// What backward accumulated, or an empty handle. The optimizers consume it.
Tensor gradient(const Tensor& variable);
// The same of a variable as backward left it, which may not be written out yet.
Gradient gradient_as_left(const Tensor& variable);
void set_gradient(const Tensor& variable, const Tensor& gradient);
void clear_gradient(const Tensor& variable);

}  // namespace reel
