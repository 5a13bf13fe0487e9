// The kernels of the elementwise ops. Compiled once per family: REEL_FAMILY is Arithmetic, Activation ..., REEL_FAMILY_HEADER its header.
#include "tensor/gpu/elementwise.cuh"
#include REEL_FAMILY_HEADER

namespace reel::gpu {
namespace {

template <class O> struct Table {
  static inline Launchers launchers;
};
template <class O> void install() {
  Table<O>::launchers = launchers_of<O>();
  Kernels<O>::on[int(DeviceType::kCuda)] = [](const void* op, Inputs in, Tensor* out) {
    run_elementwise(O::name, Table<O>::launchers, op, in, out[0]);
  };
}

template <class... O> bool install_list(OpList<O...>) {
  (install<O>(), ...);
  return true;
}
#define REEL_LIST_(family) family##Ops
#define REEL_LIST(family) REEL_LIST_(family)
[[maybe_unused]] const bool installed = install_list(REEL_LIST(REEL_FAMILY){});

}  // namespace
}  // namespace reel::gpu
