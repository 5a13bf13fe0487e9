#pragma once
// Products of vectors, matrices and tensors: NumPy's dot family, Einstein sums and chains, all written in matmul.
#include "tensor/op.h"

namespace reel {

// NumPy's dot: of vectors the inner product, of matrices matmul, a number multiplies; else the last axis of a with the last but one of b.
Tensor dot(const Tensor& a, const Tensor& b, Where where = {});
// The inner product of the flattened tensors.
Tensor vdot(const Tensor& a, const Tensor& b, Where where = {});
// Sums of products over the last axes of both: a's other axes, then b's.
Tensor inner(const Tensor& a, const Tensor& b, Where where = {});
// a[i] * b[j] of the flattened tensors.
Tensor outer(const Tensor& a, const Tensor& b, Where where = {});
// Matrix [m, n] times vector [n].
Tensor mv(const Tensor& matrix, const Tensor& vector, Where where = {});
// Stacks of matrices, [b, m, k] times [b, k, n], without broadcasting.
Tensor bmm(const Tensor& a, const Tensor& b, Where where = {});
// Sums of products over the last `axes` axes of a and the first of b, or over the named axes in pairs.
Tensor tensordot(const Tensor& a, const Tensor& b, int axes = 2, Where where = {});
Tensor tensordot(const Tensor& a, const Tensor& b, const std::vector<int>& a_axes, const std::vector<int>& b_axes, Where where = {});
// The Kronecker product: every element of a times all of b, as blocks.
Tensor kron(const Tensor& a, const Tensor& b, Where where = {});
// The vector product of vectors of 3 (or 2, with a third of 0) along the last axis, or along `axis`; two of 2 give its one component.
Tensor cross(const Tensor& a, const Tensor& b, int axis = -1, Where where = {});

// NumPy's einsum: "ij,jk->ik", "...ij->...ji", "ii->i", "ij->" and so on; without "->" the letters that stand once, in alphabetical order.
// Axes of 1 broadcast. More than two operands are contracted in pairs, the cheapest next (Smith and Gray 2018 call this order greedy).
Tensor einsum(std::string_view subscripts, const Tensors& operands, Where where = {});
// The product of two or more matrices in the order of fewest multiplications; the first and last may be vectors.
Tensor multi_dot(const Tensors& matrices, Where where = {});
// PyTorch's name for multi_dot.
Tensor chain_matmul(const Tensors& matrices, Where where = {});

// beta * c + alpha * a b for matrices, and for stacks of them.
Tensor addmm(const Tensor& c, const Tensor& a, const Tensor& b, double beta = 1, double alpha = 1, Where where = {});
Tensor baddbmm(const Tensor& c, const Tensor& a, const Tensor& b, double beta = 1, double alpha = 1, Where where = {});
// PyTorch's linear: x [..., in] times the transposed weight [out, in], plus bias [out] when there is one.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Where where = {});
// PyTorch's bilinear: y[..., o] = x1[..., i] weight[o, i, j] x2[..., j] + bias[o].
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias = {}, Where where = {});

}  // namespace reel
