// Reel's side of the speed table.
#include "reel.h"

#include "bench/groups.h"
#include "bench/rows.h"

namespace reel::bench {

void start(int threads) {
  set_num_threads(threads);
  set_random_seed(0);
}
void rows() {
  limit_rows();
  op_rows();
  product_rows();
  layer_rows();
  array_rows();
  each_rows();
}
void reset_peak() { reset_peak_memory(); }
int64_t peak_bytes() { return memory_stats().peak_bytes; }

}  // namespace reel::bench
