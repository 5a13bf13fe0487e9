#pragma once
// Where random numbers come from: a seed, and a serial that counts the random ops. Element i of an op depends on (seed, serial, i)
// alone: the samples are the same for any number of threads, any layout and any device.
#include <cstdint>

namespace reel {

struct Generator {
  uint64_t seed = 0, serial = 0;
  // The serial for one more op; may be called from several threads.
  uint64_t draw();
};
// The one that ops use when none is given; it starts with seed 0, so that two runs of a program draw the same.
Generator& default_generator();
// Gives the default generator a seed and starts its serial over.
void set_random_seed(uint64_t seed);

}  // namespace reel
