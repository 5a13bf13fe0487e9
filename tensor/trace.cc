#include "tensor/trace.h"

#include <atomic>

namespace reel {
namespace {
thread_local Tracer* innermost = nullptr;
thread_local Remembrance* remembering = nullptr;

uint64_t next_id() {
  static std::atomic<uint64_t> id{0};
  return ++id;
}
}  // namespace

Tracer::Tracer(Device where_values_live) : id(next_id()), outer(innermost), home(where_values_live), mode_(detail::mode) {
  innermost = this;
  detail::mode |= kTracing;
}
Tracer::~Tracer() {
  innermost = outer;
  detail::mode = mode_;
}
Tracer* innermost_tracer() { return innermost; }

TracerScope::TracerScope(Tracer* at) : before_(innermost), mode_(detail::mode) {
  innermost = at;
  if (!at) detail::mode &= ~(kTracing | kNoRandom | kEachRandom);
}
TracerScope::~TracerScope() {
  innermost = before_;
  detail::mode = (detail::mode & ~(kTracing | kNoRandom | kEachRandom)) | (mode_ & (kTracing | kNoRandom | kEachRandom));
}

void Traced::record(const Call& call) { fail<DeviceError>(call.type->name, "an operand belongs to a vmap or jvp that has ended", call.in); }
Traced& traced_of(const Tensor& x) { return *static_cast<Traced*>(x.body().history); }
bool belongs(const Tensor& x, const Tracer& tracer) { return x && x.device() == traced() && traced_of(x).tracer == tracer.id; }

Tensor traced_tensor(const Shape& shape, DType dtype, Traced* of, Where where) {
  Tensor x(new_body(shape, dtype, traced(), where));
  x.body().history = of;
  return x;
}

RemembranceScope::RemembranceScope(Remembrance* r) : before_(remembering), mode_(detail::mode & kRemember) {
  remembering = r;
  detail::mode = r ? detail::mode | kRemember : detail::mode & ~kRemember;
}
RemembranceScope::~RemembranceScope() {
  remembering = before_;
  detail::mode = (detail::mode & ~kRemember) | mode_;
}
Remembrance* remembrance() { return remembering; }

}  // namespace reel
