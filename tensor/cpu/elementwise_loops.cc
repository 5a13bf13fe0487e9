// Compiled once per instruction-set level; REEL_LEVEL is base, v3 or v4.
#include "tensor/cpu/convert_loops.h"
#include "tensor/ops/elementwise_list.h"

namespace reel {
namespace {
template <class... O> void install(OpList<O...>) { (install_loops<O>(), ...); }
}  // namespace

#define REEL_JOIN_(a, b) a##b
#define REEL_JOIN(a, b) REEL_JOIN_(a, b)
void REEL_JOIN(install_elementwise_loops_, REEL_LEVEL)() {
  install(ElementwiseOps{});
  install_convert_loops();
}
}  // namespace reel
