#pragma once
// Where a tensor's values live.
#include <cstdint>

namespace reel {

enum class DeviceType : uint8_t { kCpu, kCuda, kSymbolic, kTraced };
inline constexpr int kDeviceTypes = 4;

// A symbolic tensor has a shape and a dtype but no values: functional models are built from such. A traced one stands for values that a
// transformation (vmap, jvp) keeps for it: tensor/trace.h.
struct Device {
  DeviceType type = DeviceType::kCpu;
  uint8_t index = 0;
  friend constexpr bool operator==(Device, Device) = default;
};
constexpr Device cpu() { return {}; }
constexpr Device cuda(int index = 0) { return {DeviceType::kCuda, uint8_t(index)}; }
constexpr Device symbolic() { return {DeviceType::kSymbolic, 0}; }
constexpr Device traced() { return {DeviceType::kTraced, 0}; }

}  // namespace reel
