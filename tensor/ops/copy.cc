#include "tensor/ops/copy.h"

#include <cstring>

#include "tensor/backend.h"
#include "tensor/cpu/elementwise.h"
#include "tensor/held.h"
#include "tensor/ops/copy_ops.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/create.h"
#include "tensor/ops/update.h"
#include "tensor/trace.h"

namespace reel {
namespace {

REEL_KERNEL(Cast, kCpu) { copy_values(out[0], in[0]); }
REEL_KERNEL(Copy, kCpu) { copy_values(out[0], in[0]); }

// The output lives elsewhere than the input, which the gate does not provide for: the copy is made first, then recorded as this op.
struct To {
  static constexpr const char* name = "to";
  static constexpr Keep keep = kNothing;
  Device from;
  Spec infer(Inputs in) const { return {in[0].shape(), in[0].dtype()}; }
  Grads vjp(const Vjp& v) const { return {to(v.gy(), from)}; }
};

Tensor move_values(const Tensor& x, Device device, Where where) {
  const Backend& b = backend(device.type == DeviceType::kCpu ? x.device() : device);
  Tensor packed = x.contiguous() ? x : contiguous(x, where);
  Tensor moved(new_body(x.shape(), x.dtype(), device, where));
  if (x.size()) b.copy(moved.raw(), device, packed.raw(), x.device(), x.bytes());
  return moved;
}

}  // namespace

Spec Cast::infer(Inputs in) const {
  if (is_complex(from) && !is_complex(to) && to != boolean)
    fail<DTypeError>(name, std::string(reel::name(from)) + " has no one value in " + reel::name(to) + " (real(z), imag(z), abs(z) and angle(z) are real)", in);
  return {in[0].shape(), to};
}
Grads Cast::vjp(const Vjp& v) const { return {reel::cast(is_complex(from) ? v.gy() : real(v.gy()), from)}; }

Tensor cast(const Tensor& x, DType dtype, Where where) {
  if (held("cast", x, where).dtype() == dtype) return x;
  return apply(Cast{dtype, x.dtype()}, x, where);
}

Tensor to(const Tensor& x, Device device, Where where) {
  if (held("to", x, where).device() == device || device == traced()) return x;
  if (device == symbolic()) throw DeviceError("to: a symbolic tensor is made by nn::Input");
  Tensor moved;
  try {
    NoGrad no_grad;
    moved = move_values(x, device, where);
  } catch (Error& e) {
    e.locate(where);
    throw;
  }
  if (recording() && x.has_history()) {
    To op{x.device()};
    const Tensor* in[] = {&x};
    x.body().history->record(Call{&op_type<To>(), &op, Inputs(in, 1), &moved, where});
  }
  return moved;
}

Tensor clone(const Tensor& x, Where where) { return apply(Copy{}, x, where); }
Tensor contiguous(const Tensor& x, Where where) { return held("contiguous", x, where).contiguous() ? x : clone(x, where); }

Tensor detach(const Tensor& x, Where where) {
  const Body& b = held("detach", x, where).body();
  if (b.device == traced()) [[unlikely]] return traced_of(x).detached(where);
  Tensor y(new_view(b, b.shape, b.strides, 0, where));
  y.body().made_by = b.made_by;
  y.body().is_view = b.is_view;
  return y;
}

void assign(const Tensor& x, const Tensor& value, Where where) {
  const Shape &s = held("assign", x, where).shape(), &v = held("assign", value, where).shape();
  if (x.device() == traced()) fail_at(DeviceError("assign: nothing is written in place inside vmap or jvp (build the tensor with stack or where)\n  a  " + describe(x)), where);
  bool fits = v.rank() <= s.rank();
  for (int i = 1; fits && i <= v.rank(); ++i) fits = v[v.rank() - i] == s[s.rank() - i] || v[v.rank() - i] == 1;
  if (!fits || value.device() != x.device()) {
    fail_at(ShapeError("assign: a value of shape " + to_string(v) + " does not broadcast to " + to_string(s) +
                         (value.device() != x.device() ? ", or lives on another device" : "") + "\n  a  " + describe(x) + "\n  b  " + describe(value)), where);
  }
  if (x.device() == symbolic()) fail_at(DeviceError("assign: a symbolic tensor has no values to write into\n  a  " + describe(x)), where);
  if (recording() && (value.has_history() || x.has_history())) return located(where, [&] { assign_recorded(x, value, where); });
  if (is_complex(value.dtype()) && !is_complex(x.dtype()))
    fail_at(DTypeError("assign: complex numbers are not written into real ones\n  a  " + describe(x) + "\n  b  " + describe(value)), where);
  begin_write(x, "assign", where);
  NoGrad no_grad;
  // Source and target may overlap: then the source is copied first.
  Tensor source = value.body().storage == x.body().storage ? clone(value, where) : value;
  // The kernels of cast take any strides on both sides and broadcast.
  Cast op{x.dtype(), source.dtype()};
  const Tensor* in[] = {&source};
  Tensor target = x;
  op_type<Cast>().kernels[int(x.device().type)](&op, Inputs(in, 1), &target);
}

void assign(const Tensor& x, Scalar value, Where where) {
  held("assign", x, where);
  assign(x, full({}, value, x.dtype(), x.device(), where), where);
}

int64_t first_nonfinite(const Tensor& x) {
  if (!is_inexact(x.dtype()) || x.size() == 0) return -1;
  Tensor flat = contiguous(detach(x));
  return visit_any(x.dtype(), [&]<class T>(T*) -> int64_t {
    if constexpr (is_complex_type<T>) {
      const T* p = flat.raw<const T>();
      for (int64_t i = 0; i < flat.size(); ++i)
        if (!__builtin_isfinite(p[i].re) || !__builtin_isfinite(p[i].im)) return i;
    } else if constexpr (!std::is_integral_v<T>) {
      const T* p = flat.raw<const T>();
      for (int64_t i = 0; i < flat.size(); ++i)
        if (!__builtin_isfinite(double(p[i]))) return i;
    }
    return -1;
  });
}

}  // namespace reel
