#include "nn/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace reel::nn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kBar = 20;

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

// Keras's spelling: 3s, 1:05, 120ms a step.
std::string duration(double s) {
  char text[32];
  if (s >= 3600) std::snprintf(text, sizeof text, "%d:%02d:%02d", int(s) / 3600, int(s) / 60 % 60, int(s) % 60);
  else if (s >= 60) std::snprintf(text, sizeof text, "%d:%02d", int(s) / 60, int(s) % 60);
  else std::snprintf(text, sizeof text, "%.0fs", s);
  return text;
}
std::string per_step(double s) {
  char text[32];
  if (s >= 1) std::snprintf(text, sizeof text, "%.1fs/step", s);
  else if (s >= 1e-3) std::snprintf(text, sizeof text, "%.0fms/step", s * 1e3);
  else std::snprintf(text, sizeof text, "%.0fus/step", s * 1e6);
  return text;
}

}  // namespace

Progress::Progress(int64_t steps, int verbose) : steps_(steps), verbose_(verbose >= 0 ? verbose : isatty(STDOUT_FILENO) ? 1 : 2), start_(Clock::now()), drawn_(start_) {}

void Progress::draw(int64_t step, const Logs& logs, bool last) {
  double elapsed = seconds(Clock::now() - start_);
  std::string line = std::to_string(step) + "/" + std::to_string(steps_);
  if (verbose_ == 1) {
    int done = steps_ ? int(kBar * step / steps_) : kBar;
    line += " ";
    for (int i = 0; i < kBar; ++i) line += i < done ? "\u2501" : "\u2500";
  }
  double each = step ? elapsed / double(step) : 0;
  line += last ? " " + duration(elapsed) + " " + per_step(each) : " ETA " + duration(each * double(steps_ - step));
  for (auto& [name, value] : logs.values) {
    char text[64];
    std::snprintf(text, sizeof text, std::fabs(value) > 1e-3 || value == 0 ? " - %s: %.4f" : " - %s: %.4e", name.c_str(), value);
    line += text;
  }
  if (verbose_ == 1) {
    size_t length = line.size();
    if (length < width_) line.append(width_ - length, ' ');
    width_ = length;
    std::printf("\r%s%s", line.c_str(), last ? "\n" : "");
  } else {
    std::printf("%s\n", line.c_str());
  }
  std::fflush(stdout);
}

void Progress::update(int64_t step, const Logs& logs) {
  if (verbose_ != 1) return;
  auto now = Clock::now();
  if (seconds(now - drawn_) < 0.05) return;
  drawn_ = now;
  draw(step, logs, false);
}
void Progress::finish(const Logs& logs) {
  if (verbose_ != 0) draw(steps_, logs, true);
}

}  // namespace reel::nn
