#pragma once
// Mixed precision: inside an Autocast scope each op computes in the precision that its own declaration asks for (tensor/op.h).
#include <memory>

#include "tensor/mode.h"
#include "tensor/tensor.h"

namespace reel {

// `Autocast scope(bfloat16);`: until the end of the scope, on this thread, products (matmul, convolutions, attention, recurrent layers) take
// float32 operands as 16 bits, and what overflows or cancels there (exponentials, softmax, sums, losses) takes operands of 16 bits as
// float32; all else takes what it gets (normalizations compute in float32 and answer in the dtype of x). Other dtypes stay as they are, and
// so does a call with a float64 or complex operand. The casts are recorded: gradients arrive in the dtype of the variable. Scopes nest, and
// float32 turns casting off within another scope; gradient rules run without it. A variable is cast once for all its uses in the outermost
// scope, until it changes.
class Autocast {
 public:
  // Throws DTypeError unless dtype is float16, bfloat16 or float32. With `alone` casts that surrounding scopes have made are not used.
  explicit Autocast(DType dtype, bool alone = false, Where where = {});
  ~Autocast();
  Autocast(const Autocast&) = delete;

  struct Casts;  // of variables, in the outermost scope

 private:
  DType before_;
  Autocast* outermost_;
  ModeScope mode_;
  std::unique_ptr<Casts> casts_;
  friend Tensor autocast_to(const Tensor& x, DType dtype, Where where);
};

// The 16-bit dtype of the scope this thread is in; float32 outside.
DType autocast_dtype();
// x as dtype: cast, but a variable within a scope that has done so already is not cast again.
Tensor autocast_to(const Tensor& x, DType dtype, Where where = {});
// y + bias as layers add it: within a scope a float32 bias takes the 16 bits of y, where the promoted sum would be float32 again.
Tensor add_bias(const Tensor& y, const Tensor& bias, Where where = {});

}  // namespace reel
