#pragma once
// How long work shows itself: a bar redrawn in place on a terminal, plain lines elsewhere.
#include <chrono>
#include <string>

#include "nn/callbacks.h"

namespace reel::nn {

class Progress {
 public:
  // verbose: 0 nothing, 1 a bar, 2 one line at the end, -1 chosen by whether standard output is a terminal.
  Progress(int64_t steps, int verbose);
  void update(int64_t step, const Logs& logs);
  void finish(const Logs& logs);

 private:
  void draw(int64_t step, const Logs& logs, bool last);
  int64_t steps_;
  int verbose_;
  std::chrono::steady_clock::time_point start_, drawn_;
  size_t width_ = 0;
};

}  // namespace reel::nn
