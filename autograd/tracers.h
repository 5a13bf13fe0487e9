#pragma once
// The two tracers: what they hang on a tensor, and how grad and variable go through them.
#include "autograd/transform.h"

namespace reel {

// A value with its derivative along the direction that a jvp runs in.
class Tangents final : public Traced {
 public:
  Tensor primal, tangent;
  std::string origin() const override { return primal.origin(); }
  Tensor detached(Where where) const override;
  Tensor value() const override { return primal; }
};
class JvpTracer final : public Tracer {
 public:
  using Tracer::Tracer;
  void apply(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) override;
  bool make(const OpType&, const void*, Tensor*, Where) override { return false; }
  // x with a tangent; an absent one leaves x as it is.
  Tensor dual(const Tensor& x, const Tensor& tangent, Where where) const;
  Tensor primal(const Tensor& x) const;
  Tensor tangent(const Tensor& x) const;  // empty when there is none
};

// All elements of a batch, which is the first axis of `all`.
class Batched final : public Traced {
 public:
  Tensor all;
  std::string origin() const override { return all.origin(); }
  Tensor detached(Where where) const override;
  Tensor value() const override;
};
class VmapTracer final : public Tracer {
 public:
  VmapTracer(Device home, int64_t size, Randomness randomness);
  void apply(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) override;
  bool make(const OpType& type, const void* op, Tensor* out, Where where) override;
  Tensor wrap(const Tensor& all, Where where) const;
  bool has(const Tensor& x) const { return belongs(x, *this); }
  Tensor all(const Tensor& x) const;                  // without the wrapper, where x has one
  Tensor whole(const Tensor& x, Where where) const;   // repeated over the batch where x has none
  const int64_t size;
  const Randomness randomness;
};

// Whether a variable stands behind all that tracers hung on x: gradients by x are gradients by it.
bool is_variable_beneath(Tensor x);
// Whether a tape leads to x, behind all that tracers hung on it: one traced tensor has a history of its tracer's alone.
bool is_recorded_beneath(const Tensor& x);

}  // namespace reel
