#pragma once
// What a side of the speed table provides: main.cc is the program of either. The names of rows and their workloads are the same on both.
#include <cstdint>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace reel::bench {

void start(int threads);  // before any row
void rows();              // every group but training

// Bytes of tensors: the most that lived at once since the last reset.
void reset_peak();
int64_t peak_bytes();

struct TrainingRow {
  const char* name;
  void (*run)(const char* name);
};
extern const std::vector<TrainingRow> training_rows;

inline bool memory = false;  // training rows count bytes instead of time, and all their batches are one

// A training step's rate; or the bytes that it needs with its weights and the optimizer's state, as mem_mlp_b1 for train_mlp_b1.
template <class F> void train_row(const char* name, int items, F&& step, int repeats = 7) {
  if (!memory) return row(name, items / seconds(step, repeats, 0.3), "items/s");
  for (int i = 0; i < 3; ++i) step();
  reset_peak();
  for (int i = 0; i < 3; ++i) step();
  row("mem_" + std::string(name).substr(6), double(peak_bytes()) / 1048576, "MiB");
}

// Milliseconds of f.
template <class F> void op_row(const std::string& name, F&& f) {
  if (wanted(name)) row(name, 1e3 * seconds(f, 7), "ms");
}

// The survey of single ops is long: it runs when the filter begins with its name alone.
inline bool each_asked() { return filter.starts_with("each"); }
// Microseconds of f.
template <class F> void each_row(const std::string& op, F&& f) {
  if (std::string name = "each_" + op; wanted(name)) row(name, 1e6 * seconds(f, 5), "us");
}

}  // namespace reel::bench
