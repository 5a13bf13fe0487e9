#pragma once
// The groups of rows, a file each: X_rows() stands in X.cc and, of the peer, in libtorch_X.cc.
namespace reel::bench {
void limit_rows();  // what the machine can do: Reel's side only
double peak_flop_per_second();  // of multiplications and additions in float, all threads
void op_rows();
void product_rows();
void layer_rows();
void array_rows();
void each_rows();  // a survey: only when the filter begins with "each"
}  // namespace reel::bench
