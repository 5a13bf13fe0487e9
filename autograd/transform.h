#pragma once
// Functions made from functions: tangents, whole Jacobians, batches. They nest in any order, also around and inside grad.
#include "autograd/backward.h"
#include "autograd/function.h"
#include "tensor/trace.h"

namespace reel {

// --- forward mode: jvp.cc -----------------------------------------------------------------------------------------------------------

struct Dual {
  Tensors value, tangent;  // of each output; the tangent of one that does not depend on the inputs is zeros
};
// f(inputs) and its derivative along the tangents, in one pass forward and without a tape. A tangent has its input's shape and dtype; an
// empty one means none.
Dual jvp(const Function& f, const Tensors& inputs, const Tensors& tangents, Where where = {});

struct JacobianOptions {
  bool forward = false;  // column by column with jvp: better where there are fewer inputs than outputs
  int64_t chunk = 0;     // how many rows or columns at once; 0: all. Fewer take less memory
};
// d f(x) / d x, of shape [f(x)'s axes..., x's axes...]. Of complex numbers one tensor can hold three kinds: for real x and complex f(x) the
// derivative; for complex x and real f(x) the gradients dy/dre + i dy/dim, row by row, as backward and PyTorch's functional.jacobian have
// them; for both complex the derivative f'(z) of a holomorphic f, as JAX's with holomorphic = True. A function that is not holomorphic at x
// has no single one, and throws DTypeError (take real and imag of its value).
Tensor jacobian(const Function& f, const Tensor& x, JacobianOptions options = {}, Where where = {});
// Of a function of one element: [x's axes..., x's axes...]. Of real x alone: the gradient by complex numbers is not holomorphic in them, so
// that four real second derivatives belong to each pair, which no one number holds (hvp and vhp take complex x).
Tensor hessian(const Function& f, const Tensor& x, JacobianOptions options = {}, Where where = {});
// f(x) and the Hessian times v, without making it; vhp is the other side, v times the Hessian: the same for smooth f, computed by two
// reverse passes.
struct Product {
  Tensor value, product;
};
Product hvp(const Function& f, const Tensor& x, const Tensor& v, Where where = {});
Product vhp(const Function& f, const Tensor& x, const Tensor& v, Where where = {});

// The function x... -> gradients of f's one element by each input, themselves differentiable by what is recorded. Inside vmap and jvp the
// inputs count as fresh variables: a tape around the transformation does not reach through them.
Function grad(Function f);

// --- batches: vmap.cc ---------------------------------------------------------------------------------------------------------------

enum class Randomness : uint8_t { kError, kSame, kDifferent };
// An axis to map over, or none: the operand is the same for every element.
inline constexpr int kNoAxis = INT32_MIN;
struct VmapOptions {
  std::vector<int> in_axes = {};   // of each input; all 0 when empty
  std::vector<int> out_axes = {};  // of each output; all 0 when empty
  Randomness randomness = Randomness::kError;  // what random ops inside do: throw, draw once for all, or for each element
};
// The function that applies f to every slice of its inputs along in_axes and stacks the results, computed on whole batches: f sees
// tensors without that axis and runs once. Values cannot be looked at inside (item(), branching) and nothing is written in place. Ops
// without a batching rule are run slice by slice.
Function vmap(Function f, VmapOptions options = {});

namespace detail {
Tensors replay_grad(const Tensors& losses, const Tensors& inputs, const GradOptions& options, Where where);
Tensors traced_grad(const Tensors& losses, const Tensors& inputs, const GradOptions& options, Where where);
Tensor traced_variable(const Tensor& value, std::string name, Tracer* tracer, Where where);
}  // namespace detail

}  // namespace reel
