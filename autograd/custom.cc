#include "autograd/custom.h"

#include "autograd/custom_op.h"
#include "autograd/node.h"
#include "tensor/ops/copy.h"

namespace reel {
namespace {

thread_local detail::CustomCounts counts{};

constexpr int kMostOutputs = 8;

std::string count(size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

// A function as an op: infer runs it, since only its results tell their shapes, and the kernel hands them over.
template <int kOutputs, CustomKind kKind> struct Custom {
  static constexpr const char* name = kKind == CustomKind::kCheckpoint ? "checkpoint" : "custom_gradient";
  static constexpr bool kInputs = kKind != CustomKind::kGradients, kOutput = kKind == CustomKind::kOutputs;
  static constexpr bool complex = true;
  static constexpr Keep keep = kShapes | (kInputs ? kIn : kNothing) | (kOutput ? kOut : kNothing);
  static constexpr int outputs = kOutputs;
  CustomCall call;
  auto infer(Inputs in) const {
    if (call.made.empty()) {
      Tensors x;
      for (int i = 0; i < in.size(); ++i) x.push_back(in[i]);
      NoGrad no_grad;
      call.made = call.forward(x);
    }
    if (call.made.size() != kOutputs)
      throw TapeError(std::string(call.name) + ": the function answered " + count(call.made.size(), "tensor") + ", " + std::to_string(kOutputs) + " before");
    std::array<Spec, kOutputs> specs;
    for (size_t i = 0; i < kOutputs; ++i) specs[i] = Spec(call.made[i].shape(), call.made[i].dtype());
    if constexpr (kOutputs == 1) return specs[0];
    else return specs;
  }
  Grads vjp(const Vjp& v) const {
    size_t n = size_t(v.inputs());
    Tensors all;
    for (int i = 0; i < kOutputs; ++i) all.push_back(is_inexact(call.dtypes[i]) ? v.gy(i) : Tensor());
    for (int i = 0; i < v.inputs(); ++i) all.push_back(kInputs ? v.in(i) : Tensor());
    for (int i = 0; i < kOutputs; ++i) all.push_back(kOutput ? v.out(i) : Tensor());
    detail::CustomCounts before = std::exchange(counts, {kOutputs, n});
    struct Back {
      detail::CustomCounts& to;
      ~Back() { counts = to; }
    } back{before};
    Tensors g = call.backward(all);
    if (g.size() != n)
      throw TapeError(std::string(call.name) + ": backward answered " + count(g.size(), "gradient") + " for " + count(n, "input"));
    for (int i = 0; i < v.inputs(); ++i)
      if (Tensor& x = g[size_t(i)]; x && kKind != CustomKind::kCheckpoint && !(x.shape() == v.shape(i)))
        throw ShapeError(std::string(call.name) + ": backward's gradient of input " + std::to_string(i) + " must have its shape " + to_string(v.shape(i)) +
                         "\n  a  " + describe(x));
    return Grads(std::move(g));
  }
};
template <int kOutputs, CustomKind kKind> void hand_over(const void* op, Inputs, Tensor* out) {
  const CustomCall& call = static_cast<const Custom<kOutputs, kKind>*>(op)->call;
  for (int i = 0; i < kOutputs; ++i) {
    Tensor y = detach(call.made[size_t(i)], out[i].body().where);
    y.body().made_by = out[i].body().made_by;
    y.body().output = uint8_t(i);
    out[i] = std::move(y);
  }
  call.made.clear();
}

template <int kOutputs, CustomKind kKind> Tensors run(const CustomCall& call, const Tensors& inputs, Where where) {
  using Op = Custom<kOutputs, kKind>;
  [[maybe_unused]] static const bool installed = [] {
    for (DeviceType d : {DeviceType::kCpu, DeviceType::kCuda}) Kernels<Op>::on[int(d)] = &hand_over<kOutputs, kKind>;
    return true;
  }();
  return detail::as_tensors(apply(Op{call}, inputs, where));
}
template <int kOutputs> Tensors run(const CustomCall& call, const Tensors& inputs, CustomKind kind, Where where) {
  switch (kind) {
    case CustomKind::kGradients: return run<kOutputs, CustomKind::kGradients>(call, inputs, where);
    case CustomKind::kInputs: return run<kOutputs, CustomKind::kInputs>(call, inputs, where);
    case CustomKind::kOutputs: return run<kOutputs, CustomKind::kOutputs>(call, inputs, where);
    default: return run<kOutputs, CustomKind::kCheckpoint>(call, inputs, where);
  }
}
template <int... kIs> Tensors run_any(std::integer_sequence<int, kIs...>, int outputs, const CustomCall& call, const Tensors& inputs, CustomKind kind, Where where) {
  Tensors y;
  ((outputs == kIs + 1 ? void(y = run<kIs + 1>(call, inputs, kind, where)) : void()), ...);
  return y;
}

}  // namespace

detail::CustomCounts detail::custom_counts() { return counts; }
void detail::wrong_count(int takes, size_t given) {
  throw Error("a function of " + count(size_t(takes), "tensor") + " was called with " + std::to_string(given));
}

Tensors run_custom(CustomCall call, const Tensors& inputs, Tensors made, CustomKind kind, Where where) {
  bool within_trace = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) throw Error(std::string(call.name) + ": input " + std::to_string(i) + " is an empty Tensor");
    within_trace |= inputs[i].device() == traced();
  }
  // How many outputs there are shows when the function has run.
  if (made.empty()) {
    NoGrad no_grad;
    made = call.forward(inputs);
  }
  if (made.empty() || made.size() > kMostOutputs)
    throw TapeError(std::string(call.name) + ": a function answers 1 to " + std::to_string(kMostOutputs) + " tensors, this one " + std::to_string(made.size()));
  for (size_t i = 0; i < made.size(); ++i) {
    if (!made[i]) throw TapeError(std::string(call.name) + ": the function's result " + std::to_string(i) + " is an empty Tensor");
    call.dtypes[i] = made[i].dtype();
  }
  int outputs = int(made.size());
  if (!within_trace) call.made = std::move(made);  // in vmap and jvp it runs again, on what stands behind the inputs
  return run_any(std::make_integer_sequence<int, kMostOutputs>(), outputs, call, inputs, kind, where);
}

Tensors detail::apply_custom(const Function& forward, const Function& backward, Wants wants, const Tensors& inputs, const char* name, Where where) {
  return located(where, [&] {
    CustomKind kind = wants == Wants::kGradients ? CustomKind::kGradients : wants == Wants::kInputs ? CustomKind::kInputs : CustomKind::kOutputs;
    return run_custom({.forward = forward, .backward = backward, .name = name}, inputs, {}, kind, where);
  });
}

Tensor stop_gradient(const Tensor& x, Where where) { return detach(x, where); }

}  // namespace reel
