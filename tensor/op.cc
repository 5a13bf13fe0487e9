#include "tensor/op.h"

#include "tensor/autocast.h"
#include "tensor/backend.h"
#include "tensor/ops/copy.h"
#include "tensor/profile.h"
#include "tensor/trace.h"

namespace reel {

std::string failure(const char* op, const std::string& why, Inputs in) {
  std::string s = std::string(op) + ": " + why;
  for (int i = 0; i < in.size() && i < 8; ++i) s += "\n  " + std::string(1, char('a' + i)) + "  " + describe(in[i]);
  if (in.size() > 8) s += "\n  ... and " + std::to_string(in.size() - 8) + " more";
  return s;
}

Shape batch_shape(int64_t n, const Shape& s) {
  if (s.rank() == kMaxRank) throw ShapeError("vmap: with the batch the result would have more than " + std::to_string(kMaxRank) + " axes");
  Shape r{n};
  for (int64_t d : s) r.push(d);
  return r;
}

int normalize_axis(const char* op, int64_t axis, int rank, Inputs in) {
  if (axis < -rank || axis >= rank)
    fail<IndexError>(op, "axis " + std::to_string(axis) + " is outside the " + std::to_string(rank) + " axes", in);
  return int(axis < 0 ? axis + rank : axis);
}

namespace detail {
namespace {

constexpr int kMostOutputs = 8;

[[noreturn]] void no_kernel(const OpType& type, Device device, Inputs in) {
  std::string has;
  const char* names[] = {"cpu", "cuda"};
  for (int i = 0; i < 2; ++i)
    if (type.kernels[i]) has += (has.empty() ? "" : ", ") + std::string(names[i]);
  fail<DeviceError>(type.name, "no " + to_string(device) + " kernel (has: " + has + ")", in);
}

[[noreturn]] void not_complex(const OpType& type, Inputs in) {
  fail<DTypeError>(type.name, "is not defined for complex numbers (real(z), imag(z), abs(z) and angle(z) are real)", in);
}

[[noreturn]] void out_of_trace(const OpType& type, Inputs in) {
  fail<DeviceError>(type.name, "an operand belongs to a vmap or jvp that has ended, or to another thread's", in);
}

// Cold checks on the inputs: every handle holds something, all on one device, no stale view.
[[gnu::noinline]] void check_inputs(const OpType& type, Inputs in) {
  for (int i = 0; i < in.size(); ++i) {
    if (!in[i]) throw Error(std::string(type.name) + ": operand " + std::string(1, char('a' + i)) + " is an empty Tensor (default-constructed or moved from)");
  }
  for (int i = 0; i < in.size(); ++i)
    if (in[i].device() == traced()) out_of_trace(type, in);
  for (int i = 0; i < in.size(); ++i)
    if (in[i].device() == symbolic()) return;  // real weights may meet symbolic inputs: the result is symbolic
  for (int i = 1; i < in.size(); ++i)
    if (in[i].device() != in[0].device()) fail<DeviceError>(type.name, "operands live on different devices (to(x, device) moves)", in);
}

[[gnu::noinline]] void apply_cast(const OpType& type, const void* op, Inputs in, DType compute, Tensor* out, Where where) {
  std::vector<Tensor> cast_in;
  std::vector<const Tensor*> at;
  cast_in.reserve(size_t(in.size()));
  for (int i = 0; i < in.size(); ++i) {
    cast_in.push_back(in[i].dtype() == compute ? in[i] : cast(in[i], compute, where));
    at.push_back(&cast_in[size_t(i)]);
  }
  apply(type, op, Inputs(at.data(), in.size()), out, where);
}

[[gnu::noinline]] void check_finite(const OpType& type, Inputs in, const Tensor& out) {
  if (!is_inexact(out.dtype()) || out.device() != cpu()) return;
  int64_t at = first_nonfinite(out);
  if (at >= 0) fail<Error>(type.name, "the result is not finite at element " + std::to_string(at) + " (REEL_CHECK=nan)", in);
}

// Non-leaf values that were overwritten after they were recorded must not enter the tape again.
[[gnu::noinline]] void stale(const OpType& type, int i, Inputs in) {
  fail<TapeError>(type.name, std::string("operand ") + char('a' + i) + " was overwritten at " + to_string(in[i].body().storage->written) +
                                 " after it was recorded; its gradient would be wrong", in);
}

// The innermost tracer that an operand belongs to takes the call over.
[[gnu::noinline]] bool trace(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) {
  Tracer* t = innermost_tracer();
  if (in.size() == 0) return t && t->make(type, op, out, where);
  for (; t; t = t->outer)
    for (int i = 0; i < in.size(); ++i)
      if (belongs(in[i], *t)) {
        t->apply(type, op, in, out, where);
        return true;
      }
  return false;
}

// What an Autocast scope casts operands of this op from and to; false when they are as they should be.
bool wants_cast(const OpType& type, Inputs in, DType* to) {
  *to = type.precision == kLow ? autocast_dtype() : float32;
  bool any = false;
  for (int i = 0; i < in.size(); ++i) {
    if (!in[i]) return false;
    DType t = in[i].dtype();
    if (t == float64 || is_complex(t)) return false;
    any |= type.precision == kLow ? t == float32 : t == float16 || t == bfloat16;
  }
  return any;
}
[[gnu::noinline]] void apply_autocast(const OpType& type, const void* op, Inputs in, DType to, Tensor* out, Where where) {
  Tensors cast_in;
  std::vector<const Tensor*> at;
  cast_in.reserve(size_t(in.size()));
  for (int i = 0; i < in.size(); ++i) {
    cast_in.push_back(is_floating(in[i].dtype()) ? autocast_to(in[i], to, where) : in[i]);
    at.push_back(&cast_in[size_t(i)]);
  }
  apply(type, op, Inputs(at.data(), in.size()), out, where);
}

void run_profiled(Kernel kernel, const OpType& type, const void* op, Inputs in, Tensor* out, Where where) {
  ModeScope as_given(0, kAutocast);  // a kernel may be written in ops
  if (!(reel::mode() & kProfile)) return kernel(op, in, out);
  int64_t bytes = 0;
  for (int i = 0; i < in.size(); ++i) bytes += in[i].bytes();
  for (int i = 0; i < type.outputs; ++i) bytes += out[i].bytes();
  ProfileSpan span(type.name, where, bytes, type.flop ? type.flop(op, in, out) : 0);
  kernel(op, in, out);
}
[[gnu::noinline]] bool remember(const OpType& type, Tensor* out) { return remembrance()->provide(type, out); }

// The values of an op without operands that asked for the place of a traced tensor.
[[gnu::noinline]] Device home_of_traced(const OpType& type, Inputs in) {
  Tracer* t = innermost_tracer();
  if (in.size() || !t) out_of_trace(type, in);
  return t->home;
}

template <bool kLong> [[gnu::always_inline]] inline void run(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) {
  // One look at the inputs says whether they agree on a device and who would record.
  History* recorder = nullptr;
  bool same_device = true, complex = false;
  const Body* first = in.size() ? in[0].get() : nullptr;
  for (int i = 0; i < in.size(); ++i) {
    const Body* b = in[i].get();
    if (!b || !first || b->device != first->device) [[unlikely]] {
      same_device = false;
      break;
    }
    if (b->history && !recorder) recorder = b->history;
    complex |= is_complex(b->dtype);
  }
  if (!same_device) [[unlikely]] {
    check_inputs(type, in);
    for (int i = 0; i < in.size(); ++i) complex |= is_complex(in[i].dtype());
  }
  if (complex && !type.complex) [[unlikely]] not_complex(type, in);

  alignas(Spec) char space[sizeof(Spec) * kMostOutputs];  // filled by infer
  Spec* spec = reinterpret_cast<Spec*>(space);
  type.infer(op, in, spec);
  if (spec->compute != Spec::kAsIs)
    for (int i = 0; i < in.size(); ++i)
      if (in[i].dtype() != spec->compute) [[unlikely]] return apply_cast(type, op, in, spec->compute, out, where);

  Device device = !first ? spec->device : same_device ? first->device : symbolic();
  if (spec->view) {
    if (device == traced()) [[unlikely]] out_of_trace(type, in);
    Body* b = new_view(*first, spec->shape, spec->strides, spec->offset, where);
    b->made_by = &type;
    out[0] = Tensor(b);
  } else {
    Kernel kernel = type.kernels[int(device.type)];
    if (!kernel && device != symbolic()) [[unlikely]] {
      if (device == traced()) device = home_of_traced(type, in);
      backend(device);  // loading the module may bring it
      kernel = type.kernels[int(device.type)];
      if (!kernel) no_kernel(type, device, in);
    }
    for (int i = 0; i < type.outputs; ++i) {
      Body* b = new_body(spec[i].shape, spec[i].dtype, device, where);
      b->made_by = &type;
      b->output = uint8_t(i);
      out[i] = Tensor(b);
    }
    bool provided = false;
    if constexpr (kLong) provided = (reel::mode() & kRemember) && device != symbolic() && remember(type, out);
    if (device != symbolic() && !provided) [[likely]] {
      if constexpr (kLong) run_profiled(kernel, type, op, in, out, where);
      else kernel(op, in, out);
    }
  }
  uint32_t m = reel::mode();
  if (device == symbolic()) [[unlikely]] {
    for (int i = 0; i < in.size(); ++i)
      if (in[i].device() == symbolic() && in[i].body().history) return in[i].body().history->record(Call{&type, op, in, out, where});
    return;
  }
  if (recorder && !(m & kNoRecord)) {
    for (int i = 0; i < in.size(); ++i) {
      const Body& b = *in[i].get();
      if (b.history && b.version != b.storage->version.load(std::memory_order_relaxed) && !b.history->is_variable()) [[unlikely]] stale(type, i, in);
    }
    recorder->record(Call{&type, op, in, out, where});
  }
  if constexpr (kLong) {
    if (m & kRemember) remembrance()->made(type, out);
    if (m & kCheckNan)
      for (int i = 0; i < type.outputs; ++i) check_finite(type, in, out[i]);
  }
}

// Where anything unusual is on: operands are cast, tracers take calls over, checkpoints keep results, results are checked, formulas have
// their caller's line.
[[gnu::noinline]] void run_observed(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) {
  DType to;
  if ((reel::mode() & kAutocast) && type.precision != kAsGiven && wants_cast(type, in, &to)) return apply_autocast(type, op, in, to, out, where);
  if ((reel::mode() & kTracing) && trace(type, op, in, out, where)) return;
  run<true>(type, op, in, out, where);
}

}  // namespace

void apply(const OpType& type, const void* op, Inputs in, Tensor* out, Where where) {
  try {
    uint32_t m = reel::mode();
    if (m & (kFormula | kObserved)) [[unlikely]] return run_observed(type, op, in, out, m & kFormula ? formula_line : where);
    run<false>(type, op, in, out, where);
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
}

}  // namespace detail
}  // namespace reel
