#include "tensor/ops/linalg_matrices.h"

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/create.h"

namespace reel::linalg {
namespace {

// Whether column - row is at most (or at least) offset, for every element of an [m, n] matrix.
Tensor triangle(int64_t m, int64_t n, int64_t offset, bool lower) {
  Tensor i = expand_dims(arange(m), 1) + offset, j = arange(n);
  return lower ? j <= i : j >= i;
}
Tensor diagonal_mask(int64_t n) { return expand_dims(arange(n), 1) == arange(n); }

}  // namespace

void check_matrix(const char* op, const Tensor& x) {
  const Tensor* in[] = {&x};
  if (x.rank() < 2) fail(op, "needs matrices: at least two axes", Inputs(in, 1));
}
void check_square(const char* op, const Tensor& x) {
  check_matrix(op, x);
  const Tensor* in[] = {&x};
  if (x.shape()[-1] != x.shape()[-2])
    fail(op, "needs square matrices, not " + std::to_string(x.shape()[-2]) + " by " + std::to_string(x.shape()[-1]), Inputs(in, 1));
}

Tensor hermitian(const Tensor& x) { return 0.5 * (x + adjoint(x)); }
Tensor lower_part(const Tensor& x, int64_t offset) { return reel::where(triangle(x.shape()[-2], x.shape()[-1], offset, true), x, 0); }
Tensor upper_part(const Tensor& x, int64_t offset) { return reel::where(triangle(x.shape()[-2], x.shape()[-1], offset, false), x, 0); }
Tensor diagonal_matrix(const Tensor& d) { return reel::where(diagonal_mask(d.shape()[-1]), expand_dims(d, -1), 0); }
Tensor identity_like(const Tensor& x) { return eye(x.shape()[-1], -1, x.dtype()); }

void check_phase(const char* op, const Tensor& turned, const Tensor& along, const Tensor& vectors) {
  if (!is_complex(along.dtype()) || along.device() != cpu() || along.size() == 0) return;
  NoGrad no_grad;
  Tensor phase = max(abs(imag(along)), -1), size = max(abs(turned), {-2, -1});
  if (!any(phase > 1e-5 * size).item<bool>()) return;
  const Tensor* in[] = {&vectors};
  fail<TapeError>(op, "the loss depends on the phases of complex vectors, which are arbitrary: it has no gradient", Inputs(in, 1));
}

Shape batch_of(const Tensor& x) { return Shape(std::span<const int64_t>(x.shape().begin(), size_t(x.rank() - 2))); }
Shape joined(Shape batch, std::initializer_list<int64_t> matrix) {
  for (int64_t d : matrix) batch.push(d);
  return batch;
}
Tensor with_batch(const Tensor& x, const Shape& batch) {
  Shape s = joined(batch, {x.shape()[-2], x.shape()[-1]});
  return s == x.shape() ? x : broadcast_to(x, s);
}
Shape common_batch(const char* op, const Tensor& a, const Tensor& b) {
  Shape x = batch_of(a), y = batch_of(b), s;
  int rank = x.rank() > y.rank() ? x.rank() : y.rank();
  for (int i = 0; i < rank; ++i) {
    int ix = i - (rank - x.rank()), iy = i - (rank - y.rank());
    int64_t dx = ix < 0 ? 1 : x[ix], dy = iy < 0 ? 1 : y[iy];
    const Tensor* in[] = {&a, &b};
    if (dx != dy && dx != 1 && dy != 1)
      fail(op, "batches do not broadcast: axis " + std::to_string(i - rank - 2) + " is " + std::to_string(dx) + " in a and " +
                   std::to_string(dy) + " in b", Inputs(in, 2));
    s.push(dx == 1 ? dy : dx);
  }
  return s;
}

std::pair<Tensor, Tensor> system(const char* op, const Tensor& a, const Tensor& b) {
  check_square(op, a);
  check_matrix(op, b);
  const Tensor* in[] = {&a, &b};
  if (a.shape()[-1] != b.shape()[-2])
    fail(op, "a has " + std::to_string(a.shape()[-1]) + " rows, b has " + std::to_string(b.shape()[-2]), Inputs(in, 2));
  Shape batch = common_batch(op, a, b);
  DType t = working(promote(a.dtype(), b.dtype()));
  return {with_batch(cast(a, t), batch), with_batch(cast(b, t), batch)};
}

int64_t matrices_in(const Tensor& x) {
  int64_t n = 1;
  for (int i = 0; i < x.rank() - 2; ++i) n *= x.shape()[i];
  return n;
}

void refuse_matrix(const char* op, const char* trouble, const Tensor& x, int64_t index) {
  Shape batch = batch_of(x), at = batch;
  for (int i = batch.rank() - 1; i >= 0; --i) at[i] = index % batch[i], index /= batch[i];
  const Tensor* in[] = {&x};
  std::string which = batch.rank() ? "matrix " + to_string(at) + " of the batch " : "the matrix ";
  fail<Error>(op, which + trouble, Inputs(in, 1));
}

}  // namespace reel::linalg
