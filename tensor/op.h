#pragma once
// The op scheme. An op is a struct whose members are its attributes:
//
//   struct Matmul {
//     static constexpr const char* name = "matmul";
//     static constexpr Keep keep = kIn;              // what its gradient rule wants to see again
//     static constexpr bool complex = true;          // takes complex operands too; without it they are refused
//     static constexpr Precision precision = kLow;   // what an Autocast scope does with its operands; without it nothing
//     Spec infer(Inputs in) const;                   // shape and dtype rule; the only place that throws
//     Grads vjp(const Vjp& v) const;                 // gradient rule, written in ops
//   };
//   REEL_KERNEL(Matmul, kCpu) { ... in[0] ... out[0] ... op ... }
//   Tensor matmul(const Tensor& a, const Tensor& b, Where where) { return apply(Matmul{}, a, b, where); }
//
// apply is the one gate: it infers, promotes, allocates, runs the kernel and lets the inputs' history record the call.
#include <array>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include "tensor/formula.h"
#include "tensor/mode.h"
#include "tensor/tensor.h"

namespace reel {

class Deferred;  // tensor/deferred.h

// The inputs of one call, by address: no counting on the way in.
class Inputs {
 public:
  Inputs(const Tensor* const* at, int count) : at_(at), count_(count) {}
  const Tensor& operator[](int i) const { return *at_[i]; }
  int size() const { return count_; }

 private:
  const Tensor* const* at_;
  int count_;
};

// One operand as the inputs of a call, for checks outside of infer.
struct OneInput {
  const Tensor* at[1];
  Inputs in;
  explicit OneInput(const Tensor& x) : at{&x}, in(at, 1) {}
};

// What infer answers for one output.
struct Spec {
  Shape shape;
  DType dtype;
  // The dtype all inputs are cast to before the kernel sees them (the cast is recorded); kAsIs leaves them.
  static constexpr DType kAsIs = DType(255);
  DType compute = kAsIs;
  Device device = {};           // of an op without inputs
  bool view = false;            // the output is a view of input 0 with the strides and offset below; no kernel runs
  int64_t offset = 0;
  int64_t strides[kMaxRank];

  Spec() {}
  Spec(const Shape& s, DType d) : shape(s), dtype(d) {}
  Spec(const Shape& s, DType d, DType compute_dtype) : shape(s), dtype(d), compute(compute_dtype) {}
};

// Which dtypes an elementwise op's `value` is compiled for; f16 and bf16 compute in float.
enum Types : uint8_t { kFloats = 1, kInts = 2, kBools = 4, kComplex = 8, kNumbers = kFloats | kInts, kAny = kNumbers | kBools };
constexpr Types operator|(Types a, Types b) { return Types(uint8_t(a) | uint8_t(b)); }

// What the tape keeps for an op's gradient rule.
enum Keep : uint16_t {
  kNothing = 0, kIn0 = 1, kIn1 = 2, kIn2 = 4, kIn = 63,
  kOut = 64,
  kShapes = 128,
  kCross = 256,  // of two inputs: each only when the other needs a gradient, as in a product
};
constexpr Keep operator|(Keep a, Keep b) { return Keep(uint16_t(a) | uint16_t(b)); }

// What an Autocast scope (tensor/autocast.h) does with the operands of an op.
enum Precision : uint8_t {
  kAsGiven,  // nothing: they are promoted as everywhere
  kLow,      // float32 is cast to the 16 bits of the scope: products, whose sums are float32 inside
  kHigh,     // 16 bits are cast to float32, and so is the answer: what overflows or cancels
};

// Gradients by input; an absent tensor means none. Up to four stand inline.
class Grads {
 public:
  template <class... T>
    requires(sizeof...(T) <= 4 && (std::is_convertible_v<T, Tensor> && ...))
  Grads(T&&... g) : count_(sizeof...(T)), few_{Tensor(std::forward<T>(g))...} {}
  explicit Grads(Tensors many) : count_(int(many.size())), many_(std::move(many)) {}
  Tensor& operator[](int i) { return many_.empty() ? few_[i] : many_[i]; }
  int size() const { return count_; }

 private:
  int count_;
  Tensor few_[4];
  Tensors many_;
};

// What a gradient rule may look at. Tensors it returns carry their history, so a rule written in ops has gradients itself.
class Vjp {
 public:
  virtual Tensor gy(int output = 0) const = 0;      // the incoming gradient; zeros when that output was not used
  virtual bool has_gy(int output) const = 0;
  virtual Tensor in(int i) const = 0;               // needs kIn (or that input's bit)
  virtual Tensor out(int output = 0) const = 0;     // needs kOut
  virtual Shape shape(int i) const = 0;             // of input i; needs kShapes, or the output has the same
  virtual bool needs(int i) const = 0;              // whether anybody asks for the gradient of input i
  // What other users of input i have contributed to its gradient so far, where the rule may add its own part in place (and then answers
  // an absent gradient); else empty. Spares a rule that touches little, or comes often for one weight, a tensor of the whole size.
  virtual Tensor sum(int i) const = 0;
  // Where the contributions to the gradient of input i wait that need not be written out yet, for a rule that leaves its own there (and
  // then answers an absent gradient); null where none may wait.
  virtual std::unique_ptr<Deferred>* deferred(int i) const = 0;
  virtual int inputs() const = 0;
  // The rule has asked for its incoming gradients and its outputs for the last time: where the tape is not kept they are given back before
  // it goes on, but for what it holds itself.
  virtual void done_with_outputs() const {}

 protected:
  ~Vjp() = default;
};

// What a batching rule may look at: operands that carry the batch as their first axis, among others that do not.
class Batch {
 public:
  virtual bool has(int i) const = 0;    // whether operand i carries the batch
  virtual Tensor in(int i) const = 0;   // operand i, the batch leading where it has one
  virtual Tensor whole(int i) const = 0;  // the same, repeated over the batch where it has none
  virtual int64_t size() const = 0;
  virtual int inputs() const = 0;
  virtual bool each_random() const = 0;  // every element of the batch draws its own numbers
  virtual Where where() const = 0;
  // `op` called on whole operands: the rule of an op that treats leading axes alike.
  template <class O> auto call(const O& op) const;

 protected:
  ~Batch() = default;
};

using Kernel = void (*)(const void* op, Inputs in, Tensor* out);

// One record an op type, made by the compiler.
struct OpType {
  const char* name;
  const char* type_name;  // the C++ type, for debuggers that show the attributes
  Keep keep;
  bool broadcasts;        // gradients may have the broadcast shape, the engine sums them back
  uint8_t outputs;
  uint16_t attribute_bytes;
  const Kernel* kernels;  // by DeviceType
  void (*infer)(const void* op, Inputs in, Spec* out);
  Grads (*vjp)(const void* op, const Vjp& v);
  void (*copy)(void* to, const void* from);  // null: plain bytes
  void (*drop)(void* op);
  std::string (*attributes)(const void* op);  // "axis=1"; null when the op does not say
  bool views;        // answers a view of its input
  bool elementwise;  // operands broadcast and every element is computed alone
  bool complex;      // takes complex operands; the gate refuses them for all other ops
  // The op on a whole batch at once; false: no rule, or not for these operands. Null: no rule.
  bool (*batch)(const void* op, const Batch& b, Tensor* out);
  // Multiplications and additions of a call, for profiles; null when the op does not say.
  double (*flop)(const void* op, Inputs in, const Tensor* out);
  Precision precision;
};

// One call as the history sees it.
struct Call {
  const OpType* type;
  const void* op;
  Inputs in;
  Tensor* out;
  Where where;
};

// Filled by whoever links or loads a device's kernels.
template <class O> struct Kernels {
  static inline Kernel on[kDeviceTypes] = {};
};

namespace detail {
template <class O> consteval uint8_t outputs() {
  if constexpr (requires { O::outputs; }) return O::outputs;
  else return 1;
}
template <class O> consteval bool broadcasts() {
  if constexpr (requires { O::broadcasts; }) return O::broadcasts;
  else return false;
}
template <class O> constexpr const char* type_name() { return __PRETTY_FUNCTION__; }
// Constructs the answers where they are wanted: a Spec is too large to be copied for every small op.
template <class O> void infer(const void* op, Inputs in, Spec* out) {
  if constexpr (outputs<O>() == 1) {
    new (out) Spec(static_cast<const O*>(op)->infer(in));
  } else {
    auto specs = static_cast<const O*>(op)->infer(in);
    for (int i = 0; i < outputs<O>(); ++i) new (out + i) Spec(specs[i]);
  }
}
template <class O> consteval Precision precision() {
  if constexpr (requires { O::precision; }) return O::precision;
  else return kAsGiven;
}
template <class O> std::string attributes(const void* op) { return static_cast<const O*>(op)->attributes(); }
template <class O> consteval auto attributes_of() -> std::string (*)(const void*) {
  if constexpr (requires(const O& o) { o.attributes(); }) return &attributes<O>;
  else return nullptr;
}
template <class O> consteval bool views() {
  if constexpr (requires { O::views; }) return O::views;
  else return false;
}
template <class O> consteval bool elementwise() {
  if constexpr (requires { O::arity; O::answers_bool; }) return true;
  else return false;
}
template <class O> consteval bool complex() {
  if constexpr (requires { O::complex; }) return O::complex;
  else if constexpr (elementwise<O>()) return O::types & kComplex;
  else if constexpr (requires { O::views; }) return true;
  else return false;
}
// A rule `Tensor batch(const Batch&) const` (or an array of them); an empty answer means "not for these operands".
template <class O> bool batch(const void* op, const Batch& b, Tensor* out) {
  if constexpr (outputs<O>() == 1) {
    out[0] = static_cast<const O*>(op)->batch(b);
  } else {
    auto made = static_cast<const O*>(op)->batch(b);
    for (int i = 0; i < outputs<O>(); ++i) out[i] = std::move(made[size_t(i)]);
  }
  return bool(out[0]);
}
template <class O> consteval auto batch_of() -> bool (*)(const void*, const Batch&, Tensor*) {
  if constexpr (requires(const O& o, const Batch& b) { o.batch(b); }) return &batch<O>;
  else return nullptr;
}
template <class O> consteval auto flop_of() -> double (*)(const void*, Inputs, const Tensor*) {
  if constexpr (requires(const O& o, Inputs in, const Tensor* out) { o.flop(in, out); })
    return [](const void* op, Inputs in, const Tensor* out) -> double { return static_cast<const O*>(op)->flop(in, out); };
  else return nullptr;
}
void apply(const OpType& type, const void* op, Inputs in, Tensor* out, Where where);
}  // namespace detail

template <class O> inline constexpr OpType op_type_of{
      O::name, detail::type_name<O>(), O::keep, detail::broadcasts<O>(), detail::outputs<O>(),
      std::is_empty_v<O> ? uint16_t(0) : uint16_t(sizeof(O)), Kernels<O>::on, &detail::infer<O>,
      [](const void* op, const Vjp& v) -> Grads { return static_cast<const O*>(op)->vjp(v); },
      std::is_trivially_copyable_v<O> ? nullptr : +[](void* to, const void* from) { new (to) O(*static_cast<const O*>(from)); },
      std::is_trivially_destructible_v<O> ? nullptr : +[](void* op) { static_cast<O*>(op)->~O(); },
      detail::attributes_of<O>(), detail::views<O>(), detail::elementwise<O>(), detail::complex<O>(),
      detail::batch_of<O>(), detail::flop_of<O>(), detail::precision<O>()};
template <class O> constexpr const OpType& op_type() { return op_type_of<O>; }

// apply(Op{...}, inputs..., where): a Tensor, or an array of them for an op with several outputs.
template <class O> auto apply(const O& op, Inputs in, Where where) {
  if constexpr (detail::outputs<O>() == 1) {
    Tensor out;
    detail::apply(op_type<O>(), &op, in, &out, where);
    return out;
  } else {
    std::array<Tensor, detail::outputs<O>()> out;
    detail::apply(op_type<O>(), &op, in, out.data(), where);
    return out;
  }
}
template <class O> auto apply(const O& op, Where where) { return apply(op, Inputs(nullptr, 0), where); }
template <class O> auto apply(const O& op, const Tensor& a, Where where) {
  const Tensor* in[] = {&a};
  return apply(op, Inputs(in, 1), where);
}
template <class O> auto apply(const O& op, const Tensor& a, const Tensor& b, Where where) {
  const Tensor* in[] = {&a, &b};
  return apply(op, Inputs(in, 2), where);
}
template <class O> auto apply(const O& op, const Tensor& a, const Tensor& b, const Tensor& c, Where where) {
  const Tensor* in[] = {&a, &b, &c};
  return apply(op, Inputs(in, 3), where);
}
template <class O> auto apply(const O& op, const Tensors& inputs, Where where) {
  std::vector<const Tensor*> in;
  in.reserve(inputs.size());
  for (const Tensor& t : inputs) in.push_back(&t);
  return apply(op, Inputs(in.data(), int(in.size())), where);
}

template <class O> auto Batch::call(const O& op) const {
  Tensors all;
  for (int i = 0; i < inputs(); ++i) all.push_back(whole(i));
  return apply(op, all, where());
}

// Shape s of one element of a batch of n, with the batch.
Shape batch_shape(int64_t n, const Shape& s);

// Throws E with "op: why" and a line for each operand; apply adds the line of the call and the layer path.
std::string failure(const char* op, const std::string& why, Inputs in);
template <class E = ShapeError> [[noreturn]] void fail(const char* op, const std::string& why, Inputs in) {
  throw E(failure(op, why, in));
}

// A user's axis in [-rank, rank) as one in [0, rank); throws IndexError naming op and axis.
int normalize_axis(const char* op, int64_t axis, int rank, Inputs in);

}  // namespace reel

// Defines op O's kernel for a device and puts it in the table when the program or module is loaded.
#define REEL_KERNEL(O, device)                                                                       \
  static void device##_kernel_of_##O(const O& op, ::reel::Inputs in, ::reel::Tensor* out);           \
  [[maybe_unused]] static const bool device##_kernel_of_##O##_is_there =                             \
      (::reel::Kernels<O>::on[int(::reel::DeviceType::device)] =                                     \
           [](const void* op, ::reel::Inputs in, ::reel::Tensor* out) {                              \
             device##_kernel_of_##O(*static_cast<const O*>(op), in, out);                            \
           },                                                                                        \
       true);                                                                                        \
  static void device##_kernel_of_##O([[maybe_unused]] const O& op, [[maybe_unused]] ::reel::Inputs in, \
                                     [[maybe_unused]] ::reel::Tensor* out)
