#pragma once
// Where random numbers come from: a seed, and a serial that counts the random ops. Element i of an op depends on (seed, serial, i)
// alone: the samples are the same for any number of threads, any layout and any device.
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reel {

// The numbers of one random op.
struct Draw {
  uint64_t seed = 0, serial = 0;
};

struct Generator {
  uint64_t seed = 0, serial = 0;
  // The serial for one more op; may be called from several threads.
  uint64_t draw();
};
// The one that ops use when none is given; it starts with seed 0, so that two runs of a program draw the same.
Generator& default_generator();
// Gives the default generator a seed and starts its serial over.
void set_random_seed(uint64_t seed);
// The next draw of a generator, as the random ops take it; throws where random numbers are refused (vmap).
Draw next_draw(Generator& generator);

// Until the end of the scope this thread's draws are noted in `draws`, or (again) taken from there instead of from their generators.
// Taking more than was noted throws: the work is not the one that was noted.
class DrawScope {
 public:
  DrawScope(std::vector<Draw>& draws, bool again);
  ~DrawScope();
  DrawScope(const DrawScope&) = delete;

 private:
  friend Draw next_draw(Generator& generator);
  std::vector<Draw>& draws_;
  bool again_;
  size_t taken_ = 0;
  DrawScope* outer_;
};

}  // namespace reel
