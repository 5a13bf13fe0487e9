#pragma once
// Kernels compute in float or double: operands and answers of 16 bits pass through float.
#include <algorithm>

#include "tensor/ops/copy.h"

namespace reel {

inline DType wide_dtype(DType t) { return t == float64 ? float64 : float32; }
// x in row-major order as float or double; call under NoGrad.
inline Tensor wide(const Tensor& x) { return contiguous(cast(x, wide_dtype(x.dtype()))); }

// Where a kernel writes an answer of any float dtype: the answer itself, or a float buffer that finish() rounds into it.
class WideAnswer {
 public:
  explicit WideAnswer(const Tensor& out)
      : out_(out), wide_(wide_dtype(out.dtype()) == out.dtype() ? out : Tensor(new_body(out.shape(), float32, cpu(), {}))) {}
  template <class T> T* data() const { return wide_.raw<T>(); }
  const Tensor& tensor() const { return wide_; }
  void finish() const {
    if (wide_.get() != out_.get()) assign(detach(out_), wide_);
  }

 private:
  Tensor out_, wide_;
};

// f(zero of the type that a tensor of dtype t is computed in).
template <class F> void visit_wide(DType t, F&& f) {
  if (t == float64) f(double(0));
  else f(float(0));
}
// The dtype that float ops on these operands answer in.
inline DType promoted_float(Inputs in) {
  DType t = in[0].dtype();
  for (int i = 1; i < in.size(); ++i) t = promote(t, in[i].dtype());
  return is_floating(t) ? t : float32;
}

}  // namespace reel
