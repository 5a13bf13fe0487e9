#pragma once
// Instruction-set levels of the CPU kernels: x86-64 (any), v3 (AVX2, FMA) and v4 (AVX-512); chosen when the library is loaded.
namespace reel {

enum class CpuLevel { kBase, kV3, kV4 };
// The best level this machine and this build have, or the lower one that REEL_CPU_LEVEL=base|v3|v4 names.
CpuLevel cpu_level();

// Declares `bool install_<name>()`, which fills a table of loops from the best level: every level's loops define
// install_<name>_base, _v3 and _v4 (REEL_LEVEL_FUNCTION).
#ifdef REEL_HAVE_LEVELS
#define REEL_LEVELS(name)                                              \
  void install_##name##_base();                                        \
  void install_##name##_v3();                                          \
  void install_##name##_v4();                                          \
  [[maybe_unused]] static bool install_##name() {                      \
    if (cpu_level() == CpuLevel::kV4) install_##name##_v4();           \
    else if (cpu_level() == CpuLevel::kV3) install_##name##_v3();      \
    else install_##name##_base();                                      \
    return true;                                                       \
  }
#else
#define REEL_LEVELS(name)                              \
  void install_##name##_base();                        \
  [[maybe_unused]] static bool install_##name() {      \
    install_##name##_base();                           \
    return true;                                       \
  }
#endif

// In a file that is compiled once per level: the name of its install function there.
#define REEL_LEVEL_FUNCTION__(name, level) install_##name##_##level
#define REEL_LEVEL_FUNCTION_(name, level) REEL_LEVEL_FUNCTION__(name, level)
#define REEL_LEVEL_FUNCTION(name) REEL_LEVEL_FUNCTION_(name, REEL_LEVEL)

}  // namespace reel
