#pragma once
// Linear algebra in NumPy's names: matrices, real or complex, are the last two axes, axes before them a batch that is worked on in
// parallel. Answers have the operands' dtype, float32 for integers and bools; norms, singular values and the eigenvalues of eigh are real.
// Triangular factors and systems are computed in float32, float64 or complex128, all else in float64 or complex128. A matrix that a
// function cannot answer for (singular, not positive definite, not finite) throws Error naming its index in the batch. Gradients are of
// every order. Vectors of complex matrices have arbitrary phases: a loss that depends on them throws TapeError in backward.
#include "tensor/ops/reduce.h"

namespace reel::linalg {

// The lower triangular L with a = L L^H, or with upper the U with a = U^H U, of Hermitian (where real: symmetric) positive definite a
// [..., n, n]. Reads the lower (or upper) triangle alone; the gradient is that of a Hermitian matrix (Murray 2016).
Tensor cholesky(const Tensor& a, bool upper = false, Where where = {});
// x of a x = b from a's Cholesky factor: b [..., n] when it has one axis, else [..., n, k].
Tensor cholesky_solve(const Tensor& b, const Tensor& factor, bool upper = false, Where where = {});

// What qr answers: k = min(m, n) columns of q or all m, r alone (q is an empty handle), or LAPACK's reflections as NumPy's "raw" has them.
enum class QRMode : uint8_t { kReduced, kComplete, kR, kRaw };
struct QRResult { Tensor q, r; };
// a = q r with orthonormal columns of q [..., m, k] and upper triangular r [..., k, n]; k = min(m, n), or complete: q [..., m, m] and
// r [..., m, n]. Signs are LAPACK's, and r's diagonal is real. Gradients: Walter and Lehmann 2018, for m < n as PyTorch; undefined where the
// first min(m, n) columns are dependent (infinities or NaN), and an error for the complete q of m > n, which a does not determine. kRaw: q
// is the transposed [..., n, m] of what householder_product takes and r its tau [..., k], without gradients.
QRResult qr(const Tensor& a, QRMode mode = QRMode::kReduced, Where where = {});
// The first n columns of H(0) H(1) ... H(k-1), H(i) = I - tau[i] v v^H: v is zero before i, one at i, and column i of a [..., m, n] below
// it; tau [..., k]. The Q of LAPACK's geqrf.
Tensor householder_product(const Tensor& a, const Tensor& tau, Where where = {});

struct SVDResult { Tensor u, s, vh; };
// a = u diag(s) vh, s [..., k] descending, k = min(m, n); u [..., m, m] and vh [..., n, n], or u [..., m, k] and vh [..., k, n]. Signs of
// vectors are arbitrary. Gradients (Townsend 2016) of u and vh are infinite or NaN where they are not determined: where singular values
// repeat or, unless m = n, vanish. The surplus vectors of full_matrices have none: asking for it is an error.
SVDResult svd(const Tensor& a, bool full_matrices = true, Where where = {});
// The singular values alone, descending: [..., min(m, n)]. The gradient u diag(g) vh is defined everywhere.
Tensor svdvals(const Tensor& a, Where where = {});

struct EighResult { Tensor eigenvalues, eigenvectors; };
// Of Hermitian (where real: symmetric) a [..., n, n]: eigenvalues ascending [..., n] and orthonormal eigenvectors in columns [..., n, n].
// Reads the lower triangle alone, or the upper one. The gradient is that of a Hermitian matrix (Giles 2008); that of the vectors is
// infinite or NaN where eigenvalues repeat.
EighResult eigh(const Tensor& a, bool upper = false, Where where = {});
Tensor eigvalsh(const Tensor& a, bool upper = false, Where where = {});

struct EigResult { Tensor eigenvalues, eigenvectors; };
// Of any square a [..., n, n], real or complex: complex eigenvalues [..., n] in no order, and eigenvectors in columns [..., n, n], of length 1
// and with a real largest component as LAPACK's. Gradients are infinite or NaN where eigenvalues repeat.
EigResult eig(const Tensor& a, Where where = {});
Tensor eigvals(const Tensor& a, Where where = {});

struct LUFactors {
  Tensor lu;      // [..., m, n]: U on and above the diagonal, L below it, whose ones are not stored
  Tensor pivots;  // int64 [..., min(m, n)]: row i changed places with row pivots[i], in order
};
// a = P L U by Gaussian elimination with partial pivoting, packed as LAPACK's getrf; any matrix has factors.
LUFactors lu_factor(const Tensor& a, Where where = {});
struct LUResult { Tensor p, l, u; };
// The same as matrices: p [..., m, m], l [..., m, k], u [..., k, n].
LUResult lu(const Tensor& a, Where where = {});
// x of a x = b, or of a^T x = b, from lu_factor(a). b as in solve.
Tensor lu_solve(const LUFactors& factors, const Tensor& b, bool transposed = false, Where where = {});

// x of a x = b for square a [..., n, n]; b [n] is one right-hand side, any other b is [..., n, k]. Batches broadcast.
Tensor solve(const Tensor& a, const Tensor& b, Where where = {});
// The same for triangular a, of which the other triangle is not read; with unit_diagonal neither is the diagonal, which counts as ones.
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool lower = false, bool unit_diagonal = false, Where where = {});
Tensor inv(const Tensor& a, Where where = {});
// The Moore-Penrose inverse [..., n, m]: singular values up to rcond times the largest count as zeros; below 0 the dtype's epsilon times
// max(m, n). Gradient: Golub and Pereyra 1973, where the rank does not change nearby.
Tensor pinv(const Tensor& a, double rcond = -1, Where where = {});
struct LstsqResult {
  Tensor x;          // [..., n, k], or [n] for b [m]
  Tensor residuals;  // squared error of each right-hand side, [..., k]; none (a last axis of 0) unless m > n and every rank is n
  Tensor rank;       // int64 [...]
  Tensor s;          // the singular values of a
};
// The x of least norm that minimises |a x - b|; rcond as in pinv. Gradients flow to x and the residuals. Where ranks cannot be looked at
// (inside vmap, symbolic tensors) residuals are answered whenever m > n.
LstsqResult lstsq(const Tensor& a, const Tensor& b, double rcond = -1, Where where = {});

// [...]: of a singular matrix 0, whose gradient is the matrix of cofactors.
Tensor det(const Tensor& a, Where where = {});
struct SlogdetResult { Tensor sign, logabsdet; };
// det(a) = sign * exp(logabsdet), safe from overflow; of a singular matrix 0 and -infinity. Of complex a the sign has length 1.
SlogdetResult slogdet(const Tensor& a, Where where = {});

// exp(a) = I + a + a^2 / 2! + ... for square a (Higham 2005). Gradient by the exponential of a block matrix (Mathias 1996).
Tensor matrix_exp(const Tensor& a, Where where = {});
// a times itself n times; the identity for 0, powers of the inverse below.
Tensor matrix_power(const Tensor& a, int64_t n, Where where = {});
// int64: how many singular values are above tol, which below 0 is the largest times max(m, n) times the dtype's epsilon. Tensors of fewer
// than two axes have rank 1, or 0 when all is zero.
Tensor matrix_rank(const Tensor& a, double tol = -1, Where where = {});

// Which norm: none given (of vectors 2, of matrices "fro"), a number (infinity included), "fro" or "nuc".
struct NormOrder {
  enum class Kind : uint8_t { kDefault, kNumber, kFrobenius, kNuclear };
  Kind kind = Kind::kDefault;
  double p = 2;
  NormOrder() = default;
  template <class T>
    requires std::is_arithmetic_v<T>
  NormOrder(T number) : kind(Kind::kNumber), p(double(number)) {}
  NormOrder(const char* name);  // throws Error listing the names on another one
};
// NumPy's norm. Over one axis of vectors: inf, -inf, 0 (how many are not zero) or (sum |x|^p)^(1/p). Over two axes of matrices: "fro",
// "nuc", 1 and -1 (largest and smallest column sum), inf and -inf (row sums), 2 and -2 (singular values). Without axes x is a vector or
// a matrix, or with the default order anything, flattened. The gradient of a norm that is 0 is 0.
Tensor norm(const Tensor& x, NormOrder order = {}, Axes axes = {}, bool keepdims = false, Where where = {});
// norm(a, p) * norm(inv(a), p); by default, and for 2 and -2, the ratio of extreme singular values (a need not be square then). Of a
// singular matrix infinity.
Tensor cond(const Tensor& a, NormOrder order = {}, Where where = {});

}  // namespace reel::linalg
