// Reel's side of the speed table: bench [-t THREADS] [FILTER] prints "name value unit".
#include <cstdlib>
#include <cstring>

#include "bench/measure.h"
#include "bench/rows.h"
#include "reel.h"

int main(int argc, char** argv) {
  int threads = 2;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "-t") == 0 && i + 1 < argc) threads = std::atoi(argv[++i]);
    else reel::bench::filter = argv[i];
  }
  reel::set_num_threads(threads);
  reel::set_random_seed(0);
  reel::bench::op_rows();
  reel::bench::training_rows();
}
