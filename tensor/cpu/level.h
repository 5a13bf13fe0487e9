#pragma once
// Instruction-set levels of the CPU kernels: x86-64 (any), v3 (AVX2, FMA) and v4 (AVX-512); chosen when the library is loaded.
namespace reel {

enum class CpuLevel { kBase, kV3, kV4 };
// The best level this machine and this build have, or the lower one that REEL_CPU_LEVEL=base|v3|v4 names.
CpuLevel cpu_level();

}  // namespace reel
