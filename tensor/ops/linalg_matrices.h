#pragma once
// What the functions of linalg.h share: checks, working dtypes, triangles and diagonals as formulas, the loop over a batch.
#include <atomic>
#include <complex>
#include <utility>

#include "tensor/op.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/linalg.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel::linalg {

using C128 = std::complex<double>;  // how kernels see Complex128

// Systems are computed in float32, float64 or complex128. Decompositions are so in float64 or complex128 whatever the dtype: what decides
// about their errors is the matrix's condition, not its storage, and their templates are compiled half as often.
inline DType working(DType t) { return is_complex(t) ? DType::kC128 : t == DType::kF64 ? t : DType::kF32; }
inline DType wide(DType t) { return is_complex(t) ? DType::kC128 : DType::kF64; }
inline DType answered(DType t) { return is_inexact(t) ? t : DType::kF32; }
// x as its functions compute it, and a result as the caller of x gets it.
inline Tensor worked(const Tensor& x) { return cast(x, working(x.dtype())); }
inline Tensor widened(const Tensor& x) { return cast(x, wide(x.dtype())); }
inline Tensor as_answer(const Tensor& y, DType asked) { return cast(y, answered(asked)); }

// Throw ShapeError naming op and operand.
void check_matrix(const char* op, const Tensor& x);
void check_square(const char* op, const Tensor& x);

// Gradient rules conjugate what they keep (see conj), so that most transposes in them are adjoints, x^H.
inline Tensor transposed(const Tensor& x) { return swapaxes(x, -1, -2); }
inline Tensor adjoint(const Tensor& x) { return conj(transposed(x)); }
Tensor hermitian(const Tensor& x);  // (x + x^H) / 2
// x on and below the diagonal that lies `offset` above the main one, or on and above it; zeros elsewhere.
Tensor lower_part(const Tensor& x, int64_t offset = 0);
Tensor upper_part(const Tensor& x, int64_t offset = 0);
Tensor diagonal_matrix(const Tensor& d);  // [..., n] to [..., n, n]
Tensor identity_like(const Tensor& x);    // of x's last axis and dtype
// The phases of complex vectors mean nothing: a loss that depends on them has no gradient, and this throws TapeError. `along` is what the
// loss asks of each vector along itself, where a phase shows as an imaginary part, beside roundings of `turned`'s largest element.
void check_phase(const char* op, const Tensor& turned, const Tensor& along, const Tensor& vectors);
// x with the axes before its matrices broadcast to `batch`.
Tensor with_batch(const Tensor& x, const Shape& batch);
// The shape before the matrices; of two operands, broadcast. Throws ShapeError.
Shape batch_of(const Tensor& x);
Shape common_batch(const char* op, const Tensor& a, const Tensor& b);
// a and b [..., n, k] of a x = b, checked, in one working dtype and with one batch.
std::pair<Tensor, Tensor> system(const char* op, const Tensor& a, const Tensor& b);
Shape joined(Shape batch, std::initializer_list<int64_t> matrix);  // batch, then matrix

// b [n] as a column where it stands for one right-hand side; x of it is a vector again.
template <class F> Tensor right_hand_side(const Tensor& b, F&& f) {
  return b.rank() == 1 ? squeeze(f(expand_dims(b, -1)), -1) : f(b);
}

int64_t matrices_in(const Tensor& x);  // the size of the batch
[[noreturn]] void refuse_matrix(const char* op, const char* trouble, const Tensor& x, int64_t index);
// f(i) for each matrix of x, at about `work` operations each; f answers whether it could. Throws Error for the first that could not:
// "op: matrix [1, 2] of the batch is singular".
template <class F> void each_matrix(const char* op, const Tensor& x, double work, const char* trouble, F&& f) {
  int64_t count = matrices_in(x);
  std::atomic<int64_t> failed{count};
  parallel_for(count, work > 3e4 ? 1 : int64_t(3e4 / (work + 1)) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (f(i)) continue;
      for (int64_t at = failed; i < at && !failed.compare_exchange_weak(at, i);) {}
    }
  });
  if (failed < count) refuse_matrix(op, trouble, x, failed);
}
template <class T> bool all_finite(const T* x, int64_t n) {
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i] - x[i];
  return sum == T(0);
}
// f(T*) for the dtypes that systems are computed in, and for those of decompositions.
template <class F> void visit_working(DType t, F&& f) {
  if (t == DType::kC128) f(static_cast<C128*>(nullptr));
  else t == DType::kF64 ? f(static_cast<double*>(nullptr)) : f(static_cast<float*>(nullptr));
}
template <class F> void visit_wide(DType t, F&& f) { t == DType::kC128 ? f(static_cast<C128*>(nullptr)) : f(static_cast<double*>(nullptr)); }

// What several families build on, without checks of their own: operands in a working dtype, batches equal.
Tensor solved(const Tensor& a, const Tensor& b, const char* refuse);  // refuse: whom to blame for a singular matrix; null: infinities
Tensor solved_triangular(const Tensor& a, const Tensor& b, bool lower, bool unit = false, const char* refuse = nullptr);

}  // namespace reel::linalg
