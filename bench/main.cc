// The program of either side of the speed table, printing "name value unit":
//   bench [-t THREADS] [FILTER]     rows whose name contains FILTER
//   bench -l                        the names of the training rows
//   bench -m ROW                    the bytes that training row needs; of another name, nothing: the empty program
#include <cstdlib>
#include <cstring>

#include "bench/rows.h"

int main(int argc, char** argv) {
  using namespace reel::bench;
  int threads = 2;
  const char* only = nullptr;
  for (int i = 1; i < argc; ++i) {
    bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "-t") == 0 && more) threads = std::atoi(argv[++i]);
    else if (std::strcmp(argv[i], "-m") == 0 && more) only = argv[++i];
    else if (std::strcmp(argv[i], "-l") == 0) {
      for (const TrainingRow& r : training_rows) std::puts(r.name);
      return 0;
    } else filter = argv[i];
  }
  memory = only;
  start(threads);
  if (!memory) rows();
  for (const TrainingRow& r : training_rows)
    if (memory ? std::strcmp(r.name, only) == 0 : wanted(r.name)) r.run(r.name);
}
