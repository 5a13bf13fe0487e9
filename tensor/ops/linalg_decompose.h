#pragma once
// Decompositions of one matrix whose templates take long to compile, each in a source of its own. Row-major, not overwritten.
#include <cstdint>

namespace reel::linalg {

// a [m, n] = u diag(s) vh; full: u [m, m] and vh [n, n], else k = min(m, n) columns and rows. Without u and vh (null) values alone. False
// when a is not finite.
bool singular_values(const float* a, int64_t m, int64_t n, bool full, float* u, float* s, float* vh);
bool singular_values(const double* a, int64_t m, int64_t n, bool full, double* u, double* s, double* vh);

}  // namespace reel::linalg
