#pragma once
// The groups of benchmark rows; names and workloads are those of bench/libtorch.cc.
namespace reel::bench {
void op_rows();
void training_rows();
}  // namespace reel::bench
