// Compiled once per instruction-set level and family: REEL_FAMILY is Arithmetic, Activation ..., and REEL_FAMILY_HEADER its header.
#include "tensor/cpu/level.h"
#include "tensor/cpu/loop.h"
#include REEL_FAMILY_HEADER

namespace reel {
namespace {
template <class... O> void install(OpList<O...>) { (install_loops<O>(), ...); }
}  // namespace

#define REEL_LIST_(family) family##Ops
#define REEL_LIST(family) REEL_LIST_(family)
void REEL_LEVEL_FUNCTION(REEL_FAMILY)() { install(REEL_LIST(REEL_FAMILY){}); }

}  // namespace reel
