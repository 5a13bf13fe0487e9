#pragma once
// Transformations that take ops over while they run: each call goes to the innermost tracer that one of its operands belongs to.
// vmap and jvp are tracers, a checkpoint that keeps some results is a remembrance.
#include "tensor/op.h"

namespace reel {

class Tracer {
 public:
  explicit Tracer(Device home);
  virtual ~Tracer();
  Tracer(const Tracer&) = delete;  // runs from its construction to its end, on one thread
  // The call, in terms of the values that stand behind its operands of this tracer.
  virtual void apply(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) = 0;
  // An op without operands; false leaves it as it is.
  virtual bool make(const OpType& type, const void* op, Tensor* out, Where where) = 0;

  const uint64_t id;      // another one for every tracer: a tensor that outlives its tracer finds none
  Tracer* const outer;
  const Device home;      // where the values live

 private:
  uint32_t mode_;
};

// The tracer of this thread that was entered last and still runs; null outside.
Tracer* innermost_tracer();
// What a tracer does itself concerns only those around it: until the end of the scope the innermost is `at`.
class TracerScope {
 public:
  explicit TracerScope(Tracer* at);
  ~TracerScope();
  TracerScope(const TracerScope&) = delete;

 private:
  Tracer* before_;
  uint32_t mode_;
};

// The history of a traced tensor: whose it is, and what a tracer knows of it.
class Traced : public History {
 public:
  uint64_t tracer = 0;
  virtual Tensor detached(Where where) const = 0;  // without what links it to others, still traced
  virtual Tensor value() const = 0;                // to look at; throws when there is more than one
  void record(const Call& call) final;
  void destroy() final { delete this; }
  virtual ~Traced() = default;
};
// The Traced of a tensor that lives on traced().
Traced& traced_of(const Tensor& x);
// Whether x belongs to this tracer.
bool belongs(const Tensor& x, const Tracer& tracer);
// A tensor of a shape and dtype whose history is `of` (taken over).
Tensor traced_tensor(const Shape& shape, DType dtype, Traced* of, Where where);

// Looks at every op of this thread while kRemember is set: may hand in results made before instead of running the kernel.
class Remembrance {
 public:
  virtual bool provide(const OpType& type, Tensor* out) = 0;
  virtual void made(const OpType& type, const Tensor* out) = 0;

 protected:
  ~Remembrance() = default;
};
class RemembranceScope {
 public:
  explicit RemembranceScope(Remembrance* r);
  ~RemembranceScope();
  RemembranceScope(const RemembranceScope&) = delete;

 private:
  Remembrance* before_;
  uint32_t mode_;
};
Remembrance* remembrance();

}  // namespace reel
