#pragma once
// Decompositions of one matrix whose templates take long to compile, in sources of their own, without ops. Matrices lie by rows.
#include <complex>
#include <cstdint>

namespace reel::linalg {

// a [m, n] = u diag(s) vh; full: u [m, m] and vh [n, n], else k = min(m, n) columns and rows. Without u and vh (null) values alone. False
// when a is not finite. For complex a through the real values of a bidiagonal matrix.
bool singular_values(const double* a, int64_t m, int64_t n, bool full, double* u, double* s, double* vh);
bool singular_values(const std::complex<double>* a, int64_t m, int64_t n, bool full, std::complex<double>* u, double* s, std::complex<double>* vh);

// a [n, n] = vectors diag(values) vectors^-1, of vectors in columns and of any length; null: values alone. False when a is not finite or its
// eigenvalues did not converge. Of Hermitian a, of which the upper triangle is not read: values ascending, orthonormal vectors.
bool eigenvalues(const double* a, int64_t n, std::complex<double>* values, std::complex<double>* vectors);
bool eigenvalues(const std::complex<double>* a, int64_t n, std::complex<double>* values, std::complex<double>* vectors);
bool hermitian_eigenvalues(const double* a, int64_t n, double* values, double* vectors);
bool hermitian_eigenvalues(const std::complex<double>* a, int64_t n, double* values, std::complex<double>* vectors);

// a [m, n] becomes its L and U in place; row i changed places with row pivots[i], for each of the min(m, n) pivots in order.
void eliminate(float* a, int64_t m, int64_t n, int64_t* pivots);
void eliminate(double* a, int64_t m, int64_t n, int64_t* pivots);
void eliminate(std::complex<double>* a, int64_t m, int64_t n, int64_t* pivots);
// x [n, k] becomes a^-1 x, or a^-T x, from what eliminate made of a [n, n].
void solve_eliminated(const float* lu, const int64_t* pivots, int64_t n, bool transpose, float* x, int64_t k);
void solve_eliminated(const double* lu, const int64_t* pivots, int64_t n, bool transpose, double* x, int64_t k);
void solve_eliminated(const std::complex<double>* lu, const int64_t* pivots, int64_t n, bool transpose, std::complex<double>* x, int64_t k);

}  // namespace reel::linalg
