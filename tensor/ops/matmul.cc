#include "tensor/ops/matmul.h"

#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>
#include <algorithm>
#include <cstring>

#include "tensor/cpu/gemm_loops.h"
#include "tensor/cpu/level.h"
#include "tensor/cpu/convert_loops.h"
#include "tensor/cpu/product.h"
#include "tensor/cpu/reduce_loops.h"
#include "tensor/cpu/wide.h"
#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/complex.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/matmul_op.h"
#include "tensor/ops/product_sum.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/view.h"
#include "tensor/parallel.h"

namespace reel {

REEL_LEVELS(gemm_loops)

namespace {

const bool installed = install_gemm_loops();

// One matrix of a stack: a[i, j] stands at data[i * row + j * column].
template <class T> struct Matrix {
  T* data;
  int64_t row, column;
};

// Products up to this many multiplications go without packing; a row times a matrix pays for itself up to one that fits the cache.
// Of whole vectors the loops beat oneDNN further up (64 cubed: 266 against 224 GFLOP/s with AVX-512).
constexpr int64_t kSmall = 32 * 32 * 32, kSmallVectors = 64 * 64 * 64;
constexpr int64_t kSmallRow = 1 << 20, kLongDot = 512;
// A row times a matrix of this many numbers (5 us) is shared by threads that wait for work anyway: each then keeps its part of the matrix
// in its own second-level cache.
constexpr int64_t kSharedRow = 1 << 17;

// A row times a matrix, its columns shared among threads.
template <class T> [[gnu::noinline]] void share_row(int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, Matrix<T> c, bool add) {
  parallel_for(n, kSharedRow / 2 / k + 1, [&](int64_t begin, int64_t end) {
    if (b.column == 1) gemm_loops<T>.rows(1, end - begin, k, a.data, a.row, a.column, b.data + begin, b.row, c.data + begin, c.row, add);
    else gemm_loops<T>.dots(1, end - begin, k, a.data, a.row, b.data + begin * b.column, b.column, c.data + begin, c.row);
  });
}

// The product of two long vectors, which reads each of them once: a sum in the order of any other. False: they do not lie so.
template <class T> [[gnu::noinline]] bool long_dot(int64_t k, Matrix<const T> a, Matrix<const T> b, T* out) {
  if (a.column != 1 || b.row != 1) return false;
  constexpr int64_t kWork = 65536;  // elements worth a thread
  const RowLoops& row = row_loops[int(dtype_of<T>())];
  const ReduceLoops& sum = reduce_loops[int(Fold::kSum)][int(dtype_of<T>())];
  int64_t blocks = (k + kFoldBlock - 1) / kFoldBlock;
  if (blocks == 1) return row.dot(a.data, b.data, k, out), true;
  Tensor partial(new_body({blocks}, dtype_of<T>(), cpu(), {}));
  T* p = partial.raw<T>();
  parallel_for(blocks, kWork / kFoldBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) row.dot(a.data + i * kFoldBlock, b.data + i * kFoldBlock, std::min(kFoldBlock, k - i * kFoldBlock), p + i);
  });
  for (int64_t step = 1; step < blocks; step *= 2)
    for (int64_t i = 0; i + step < blocks; i += 2 * step) sum.combine(p + i, p + i + step, 1);
  *out = *p;
  return true;
}

// Inlined: handed over in memory, three matrices cost 25 ns.
template <class T>
[[gnu::always_inline]] inline bool small_gemm(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, Matrix<T> c, bool add = false) {
  if (m == 1 && n == 1 && k >= kLongDot && !add && long_dot(k, a, b, c.data)) return true;
  bool vectors = b.column == 1 && n % (64 / int64_t(sizeof(T))) == 0;
  // A row of doubles has no library to go to.
  bool row = m == 1 && ((std::is_same_v<T, double> && n > 1) || n * k <= kSmallRow);
  if (!row && m * n * k > (k <= 2 ? kSmallRow : vectors ? kSmallVectors : kSmall)) return false;
  bool by_rows = b.column == 1 || n == 1;
  if (!by_rows && (add || (b.row != 1 && k != 1) || (a.column != 1 && k != 1))) return false;
  if (m == 1 && n * k >= kSharedRow && n > 1 && (n * k > kSmallRow || threads_awake())) share_row(n, k, a, b, c, add);
  else if (by_rows) gemm_loops<T>.rows(m, n, k, a.data, a.row, a.column, b.data, b.row, c.data, c.row, add);
  else gemm_loops<T>.dots(m, n, k, a.data, a.row, b.data, b.column, c.data, c.row);
  return true;
}

// How many blocks a product is cut into, at most: a function of its size alone, so that the bits do not depend on the threads.
int64_t blocks(int64_t m, int64_t n, int64_t k) {
  double flop = 2. * double(m) * double(n) * double(k);
  return flop < 1e6 ? 1 : flop < 3e8 ? 2 : flop < 8e9 ? 4 : 16;
}

// One axis of a product, cut into pieces of a multiple of 16.
struct Cut {
  int64_t extent, pieces = 1;
  int64_t step() const { return ((extent + pieces - 1) / pieces + 15) / 16 * 16; }
  int64_t count() const { return (extent + step() - 1) / step(); }
};

// How a library sees a matrix with a unit stride along one axis: row by row with this stride, or transposed. One of a single row or column
// may say either stride.
struct Layout {
  bool transposed;
  int64_t stride;
};
template <class T> Layout layout(const Matrix<T>& x, int64_t rows, int64_t columns) {
  bool transposed = x.column != 1 && columns > 1;
  return {transposed, std::max<int64_t>({transposed ? x.column : x.row, transposed ? rows : columns, 1})};
}

// The blocks of a product as f(ta, tb, m, n, k, a, row stride of a, b, row stride of b, c, row stride of c, number of its piece of the sum), for
// row-major matrices with a unit stride along one axis. Every block has its operands packed anew, so blocks near cubes cost least (2048: 94 % of
// the rate of the whole product, 16 stripes 87 %). The sum is cut too where that is the longest: its pieces after the first have products
// of their own, which are added to c in order.
template <class T, class C, class F> void in_blocks(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, Matrix<C> c, F&& f) {
  constexpr bool kSums = sizeof(C) >= sizeof(float);  // shorter ones would be rounded in between
  constexpr int64_t kMostParts = 1 << 22;           // elements beside c
  Layout left = layout(a, m, k), right = layout(b, k, n), to = layout(c, m, n);
  Cut rows{m}, columns{n}, sum{k};
  for (int64_t count = blocks(m, n, k); count > 1; count /= 2) {
    bool by_rows = left.transposed && right.transposed ? rows.step() > columns.step() : rows.step() >= columns.step();
    Cut& longest = by_rows ? rows : columns;
    bool by_sum = kSums && sum.step() > longest.step() && 2 * sum.pieces * m * n <= kMostParts;
    (by_sum ? sum : longest).pieces *= 2;
  }
  Tensor parts(sum.count() > 1 ? new_body({sum.count() - 1, m, n}, dtype_of<C>(), cpu(), {}) : nullptr);
  int64_t blocks_of_one = rows.count() * columns.count();
  parallel_tasks(sum.count() * blocks_of_one, [&](int64_t task) {
    int64_t piece = task / blocks_of_one, block = task % blocks_of_one;
    int64_t p = piece * sum.step(), i = block / columns.count() * rows.step(), j = block % columns.count() * columns.step();
    C* at = piece ? parts.raw<C>() + (piece - 1) * m * n + i * n + j : c.data + i * c.row + j;
    f(left.transposed, right.transposed, std::min(rows.step(), m - i), std::min(columns.step(), n - j), std::min(sum.step(), k - p),
      a.data + i * a.row + p * a.column, left.stride, b.data + p * b.row + j * b.column, right.stride, at, piece ? n : to.stride, piece);
  });
  if constexpr (kSums)
    for (int64_t piece = 1; piece < sum.count(); ++piece)
      parallel_for(m, std::max<int64_t>(1, (1 << 15) / n), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const C* from = parts.raw<const C>() + ((piece - 1) * m + i) * n;
          C* at = c.data + i * c.row;
          for (int64_t j = 0; j < n; ++j) at[j] += from[j];
        }
      });
}

template <class T>
  requires std::is_floating_point_v<T>
void gemm(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, Matrix<T> c, bool add = false) {
  if (small_gemm(m, n, k, a, b, c, add)) return;
  // A matrix times a vector is a row times the transposed one.
  bool column = std::is_same_v<T, double> && n == 1 && m > 1 && c.row == 1;
  if (column && small_gemm<T>(1, m, k, {b.data, 0, b.row}, {a.data, a.column, a.row}, {c.data, m, 1}, add)) return;
  in_blocks(m, n, k, a, b, c,
            [&](bool ta, bool tb, int64_t m, int64_t n, int64_t k, auto* x, int64_t lda, auto* y, int64_t ldb, auto* z, int64_t ldc, int64_t piece) {
    product(ta, tb, m, n, k, T(1), x, lda, y, ldb, T(add && piece == 0), z, ldc);
  });
}
void gemm(int64_t m, int64_t n, int64_t k, Matrix<const BFloat16> a, Matrix<const BFloat16> b, Matrix<float> c) {
  in_blocks(m, n, k, a, b, c,
            [](bool ta, bool tb, int64_t m, int64_t n, int64_t k, auto* x, int64_t lda, auto* y, int64_t ldb, auto* z, int64_t ldc, int64_t) {
    product(ta, tb, m, n, k, x, lda, y, ldb, z, ldc);
  });
}
void gemm(int64_t m, int64_t n, int64_t k, Matrix<const BFloat16> a, Matrix<const BFloat16> b, Matrix<BFloat16> c) {
  in_blocks(m, n, k, a, b, c,
            [](bool ta, bool tb, int64_t m, int64_t n, int64_t k, auto* x, int64_t lda, auto* y, int64_t ldb, BFloat16* z, int64_t ldc, int64_t) {
    Tensor sums(new_body({m, n}, float32, cpu(), {}));
    product(ta, tb, m, n, k, x, lda, y, ldb, sums.raw<float>(), n);
    auto round = convert_loops.at[int(float32)][int(bfloat16)];
    if (ldc == n) return round(z, sums.raw(), m * n);
    for (int64_t i = 0; i < m; ++i) round(z + i * ldc, sums.raw<float>() + i * n, n);
  });
}

// Other dtypes: Eigen, rows split by size alone.
template <class T>
  requires(!std::is_floating_point_v<T>)
void gemm(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, Matrix<T> c) {
  using Dynamic = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  using M = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  int64_t count = blocks(m, n, k), step = (m + count - 1) / count;
  parallel_tasks((m + step - 1) / step, [&](int64_t i) {
    int64_t at = i * step, size = std::min(step, m - at);
    Eigen::Map<const M, 0, Dynamic> x(a.data + at * a.row, size, k, Dynamic(a.row, a.column)), y(b.data, k, n, Dynamic(b.row, b.column));
    Eigen::Map<M, 0, Dynamic>(c.data + at * c.row, size, n, Dynamic(c.row, c.column)).noalias() = x * y;
  });
}

// A view whose matrices have a unit stride along one axis, without broadcasting inside the matrix.
Tensor with_unit_stride(const Tensor& x) {
  const Body& b = x.body();
  int r = b.shape.rank();
  int64_t row = b.strides[r - 2], column = b.strides[r - 1], rows = b.shape[r - 2], columns = b.shape[r - 1];
  bool row_major = (column == 1 || columns == 1) && (row >= columns || rows == 1);
  bool column_major = (row == 1 || rows == 1) && (column >= rows || columns == 1);
  return row_major || column_major ? x : clone(x);
}

template <class T, class C = T> void run_matmul(const Tensor& a, const Tensor& b, const Tensor& out) {
  NoGrad no_grad;
  Tensor x = with_unit_stride(a), y = with_unit_stride(b);
  int r = out.rank();
  int64_t m = out.shape()[r - 2], n = out.shape()[r - 1], k = a.shape()[-1];
  if (out.size() == 0) return;
  if (k == 0) {
    std::memset(out.raw(), 0, size_t(out.bytes()));
    return;
  }
  auto strides = [](const Tensor& t) -> std::pair<int64_t, int64_t> {
    const Body& body = t.body();
    int rank = body.shape.rank();
    return {body.shape[rank - 2] == 1 ? std::max<int64_t>(body.shape[rank - 1], 1) : body.strides[rank - 2],
            body.shape[rank - 1] == 1 ? 1 : body.strides[rank - 1]};
  };
  auto [xr, xc] = strides(x);
  auto [yr, yc] = strides(y);
  int64_t count = out.size() / (m * n);
  // Where matrix i of the broadcast stack starts in an operand.
  auto start = [&](const Tensor& t, int64_t i) {
    const Body& body = t.body();
    int shift = r - body.shape.rank();
    int64_t at = 0;
    for (int axis = r - 3; axis >= 0; --axis) {
      int64_t index = i % out.shape()[axis];
      i /= out.shape()[axis];
      if (axis >= shift && body.shape[axis - shift] != 1) at += index * body.strides[axis - shift];
    }
    return at;
  };
  auto one = [&](int64_t i) {
    gemm(m, n, k, Matrix<const T>{x.raw<const T>() + start(x, i), xr, xc}, Matrix<const T>{y.raw<const T>() + start(y, i), yr, yc},
         Matrix<C>{out.raw<C>() + i * m * n, n, 1});
  };
  if (count == 1) return one(0);
  parallel_for(count, std::max<int64_t>(1, (1 << 19) / (m * n * k)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) one(i);
  });
}

// sum += a^T b for the gradient of a weight that a tape uses more than once.
bool add_product(const Tensor& sum, const Tensor& a, const Tensor& b) {
  if (!sum || sum.dtype() != float32 || a.dtype() != float32 || b.dtype() != float32) return false;
  if (sum.rank() != 2 || a.rank() != 2 || b.rank() != 2 || !a.contiguous() || !b.contiguous() || sum.size() == 0 || a.size() == 0) return false;
  int64_t k = a.shape()[0], m = a.shape()[1], n = b.shape()[1];
  transposed_product(k, m, n, a.raw<const float>(), b.raw<const float>(), sum.raw<float>(), true);
  return true;
}

// Two small float matrices as they come from a tape or a layer: nothing to prepare.
bool run_small(const Body& a, const Body& b, const Body& c) {
  if (c.dtype != DType::kF32 || c.shape.rank() != 2 || a.shape.rank() != 2 || b.shape.rank() != 2 || c.size == 0) return false;
  int64_t m = c.shape[0], n = c.shape[1], k = a.shape[1];
  if (k == 0 || b.strides[1] != 1) return false;
  return small_gemm<float>(m, n, k, {static_cast<const float*>(a.data), a.strides[0], a.strides[1]}, {static_cast<const float*>(b.data), b.strides[0], 1},
                    {static_cast<float*>(c.data), n, 1});
}

// Operands of 16 bits; out of theirs or of float32.
void run_half(const Tensor& a, const Tensor& b, const Tensor& out) {
  bool small = out.size() * a.shape()[-1] <= kSmall;
  if (a.dtype() == bfloat16 && has_bfloat_product() && !small)
    return out.dtype() == float32 ? run_matmul<BFloat16, float>(a, b, out) : run_matmul<BFloat16>(a, b, out);
  // Otherwise oneDNN 2.6 has no product of float16, and none of bfloat16 that beats the casts.
  NoGrad no_grad;
  WideAnswer wide(out);
  Tensor x = cast(a, float32), y = cast(b, float32);
  if (!run_small(x.body(), y.body(), wide.tensor().body())) run_matmul<float>(x, y, wide.tensor());
  wide.finish();
}

// A product of 16 bits whose sums are not rounded: the gradient of a weight that a cast made, on its way to float32.
struct WideMatmul {
  static constexpr const char* name = Matmul::name;
  static constexpr Keep keep = kNothing;
  static constexpr bool broadcasts = true;
  Spec infer(Inputs in) const {
    Spec s = Matmul{}.infer(in);
    s.dtype = float32;
    return s;
  }
  Grads vjp(const Vjp&) const { throw TapeError("matmul: the product of a gradient is not recorded so"); }
  double flop(Inputs in, const Tensor* out) const { return Matmul{}.flop(in, out); }
};
REEL_KERNEL(WideMatmul, kCpu) { run_half(in[0], in[1], out[0]); }

REEL_KERNEL(Matmul, kCpu) {
  if (run_small(in[0].body(), in[1].body(), out[0].body())) return;
  DType t = out[0].dtype();
  if (t == DType::kF16 || t == DType::kBF16) return run_half(in[0], in[1], out[0]);
  visit(t, [&]<class T>(T*) {
    if constexpr (!std::is_same_v<T, Half> && !std::is_same_v<T, BFloat16> && !std::is_same_v<T, bool>) run_matmul<T>(in[0], in[1], out[0]);
  });
}

}  // namespace

void transposed_product(int64_t rows, int64_t m, int64_t n, const float* a, const float* b, float* to, bool add) {
  gemm(m, n, rows, Matrix<const float>{a, 1, m}, Matrix<const float>{b, n, 1}, Matrix<float>{to, n, 1}, add);
}
void transposed_product(int64_t rows, int64_t m, int64_t n, const double* a, const double* b, double* to) {
  gemm(m, n, rows, Matrix<const double>{a, 1, m}, Matrix<const double>{b, n, 1}, Matrix<double>{to, n, 1});
}
void transposed_product(int64_t rows, int64_t m, int64_t n, const BFloat16* a, const BFloat16* b, float* to) {
  gemm(m, n, rows, Matrix<const BFloat16>{a, 1, m}, Matrix<const BFloat16>{b, n, 1}, Matrix<float>{to, n, 1});
}

Spec Matmul::infer(Inputs in) const {
  const Tensor &a = in[0], &b = in[1];
  DType t = promote(a.dtype(), b.dtype());
  if (t == DType::kBool) fail<DTypeError>(name, "is not defined for bool (cast to a number first)", in);
  if (a.shape()[-1] != b.shape()[-2])
    fail(name, "inner axes differ: a has " + std::to_string(a.shape()[-1]) + ", b has " + std::to_string(b.shape()[-2]), in);
  // The stacks broadcast as shapes of their own.
  int r = std::max(a.rank(), b.rank());
  Shape s;
  for (int i = 0; i < r - 2; ++i) {
    int ia = i - (r - a.rank()), ib = i - (r - b.rank());
    int64_t x = ia < 0 ? 1 : a.shape()[ia], y = ib < 0 ? 1 : b.shape()[ib];
    if (x != y && x != 1 && y != 1)
      fail(name, "stacks do not broadcast: axis " + std::to_string(i - r) + " is " + std::to_string(x) + " in a and " + std::to_string(y) + " in b", in);
    s.push(x == 1 ? y : x);
  }
  s.push(a.shape()[-2]);
  s.push(b.shape()[-1]);
  return {s, t, t};
}
// One product where the second matrix is everybody's, else stacks of matrices with the batch in front.
Tensor Matmul::batch(const Batch& b) const {
  Tensor x = b.in(0), y = b.in(1);
  int rank = std::max(x.rank() - b.has(0), y.rank() - b.has(1));
  if (b.has(0) && !b.has(1) && rank == 2) {
    Shape s = x.shape();
    Tensor flat = apply(*this, reshape(x, {s[0] * s[1], s[2]}, b.where()), y, b.where());
    return reshape(flat, {s[0], s[1], y.shape()[1]}, b.where());
  }
  auto aligned = [&](const Tensor& t, bool has) {
    if (!has || t.rank() == rank + 1) return t;
    Shape s{b.size()};
    for (int i = t.rank() - 1; i < rank; ++i) s.push(1);
    for (int i = 1; i < t.rank(); ++i) s.push(t.shape()[i]);
    return reshape(t, s, b.where());
  };
  return apply(*this, aligned(x, b.has(0)), aligned(y, b.has(1)), b.where());
}
Grads Matmul::vjp(const Vjp& v) const {
  Tensor first = v.needs(0) ? apply(Matmul{}, v.gy(), swapaxes(v.in(1), -1, -2), {}) : Tensor{};
  if (!v.needs(1) || defer_product(v, 1, v.in(0), v.gy()) || add_product(v.sum(1), v.in(0), v.gy())) return {first};
  Tensor x = swapaxes(v.in(0), -1, -2), gy = v.gy();
  bool wide = !recording() && (gy.dtype() == float16 || gy.dtype() == bfloat16) && gy.device() == cpu() && x.device() == cpu();
  return {first, wide ? apply(WideMatmul{}, x, gy, {}) : apply(Matmul{}, x, gy, {})};
}

namespace {
// The parts' products: four of real matrices, two when one operand is real.
Tensor complex_matmul(const Tensor& a, const Tensor& b, Where where) {
  return formula(where, [&] {
    if (!is_complex(a.dtype())) return complex(matmul(a, real(b)), matmul(a, imag(b)));
    if (!is_complex(b.dtype())) return complex(matmul(real(a), b), matmul(imag(a), b));
    Tensor ar = real(a), ai = imag(a), br = real(b), bi = imag(b);
    return complex(matmul(ar, br) - matmul(ai, bi), matmul(ar, bi) + matmul(ai, br));
  });
}
}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, Where where) {
  if (!a || !b) [[unlikely]] held("matmul", a, where), held("matmul", b, where);
  if (is_complex(a.dtype()) || is_complex(b.dtype())) [[unlikely]] return complex_matmul(a, b, where);
  if (a.rank() == 2 && b.rank() == 2) [[likely]] return apply(Matmul{}, a, b, where);
  if (a.rank() == 0 || b.rank() == 0) {
    const Tensor* in[] = {&a, &b};
    fail_at(ShapeError(failure("matmul", "an operand has no axes (use *)", Inputs(in, 2))), where);
  }
  if (a.rank() == 1) {
    Tensor y = matmul(expand_dims(a, 0, where), b, where);
    return squeeze(y, -2 + (b.rank() == 1), where);
  }
  if (b.rank() == 1) return squeeze(matmul(a, expand_dims(b, 1, where), where), -1, where);
  // One matrix for a whole stack is one large product, and its gradient too.
  if (b.rank() == 2 && a.shape()[-1] == b.shape()[0] && a.size() > 0) {
    Shape s = a.shape();
    s[-1] = b.shape()[1];
    return reshape(apply(Matmul{}, reshape(a, {-1, a.shape()[-1]}, where), b, where), s, where);
  }
  return apply(Matmul{}, a, b, where);
}

}  // namespace reel
