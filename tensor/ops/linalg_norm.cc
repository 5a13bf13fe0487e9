#include <algorithm>
#include <cmath>

#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/exponential.h"
#include "tensor/ops/linalg_matrices.h"

namespace reel::linalg {
namespace {

using Kind = NormOrder::Kind;

// f(total) where the total is above 0, else 0 with gradient 0.
template <class F> Tensor above_zero(const Tensor& total, F&& f) {
  Tensor zero = total == 0;
  return reel::where(zero, 0, f(reel::where(zero, 1, total)));
}

Tensor square_root_of_squares(const Tensor& x, Axes axes) {
  return above_zero(sum(square(x), axes, true), [](const Tensor& t) { return sqrt(t); });
}

// Over one axis, which stays as an axis of 1.
Tensor vector_norm(const Tensor& x, double p, int axis) {
  if (p == INFINITY) return max(abs(x), axis, true);
  if (p == -INFINITY) return min(abs(x), axis, true);
  if (p == 0) return cast(sum(x != 0, axis, true), x.dtype());
  if (p == 1) return sum(abs(x), axis, true);
  if (p == 2) return square_root_of_squares(x, axis);
  Tensor total = sum(p > 0 ? above_zero(abs(x), [&](const Tensor& t) { return pow(t, p); }) : pow(abs(x), p), axis, true);
  return above_zero(total, [&](const Tensor& t) { return pow(t, 1 / p); });
}

Tensor matrix_norm(const Tensor& x, NormOrder order, int row, int column) {
  if (order.kind == Kind::kFrobenius || order.kind == Kind::kDefault) return square_root_of_squares(x, {row, column});
  double p = order.p;
  if (order.kind == Kind::kNumber && std::fabs(p) != 2) {
    bool rows = std::isinf(p);
    Tensor sums = sum(abs(x), rows ? column : row, true);
    return p > 0 ? max(sums, rows ? row : column, true) : min(sums, rows ? row : column, true);
  }
  std::vector<int> order_of_axes;
  for (int i = 0; i < x.rank(); ++i)
    if (i != row && i != column) order_of_axes.push_back(i);
  order_of_axes.push_back(row);
  order_of_axes.push_back(column);
  Tensor s = svdvals(transpose(x, order_of_axes));
  Tensor y = order.kind == Kind::kNuclear ? sum(s, -1) : p > 0 ? max(s, -1) : min(s, -1);
  Shape kept = x.shape();
  kept[row] = kept[column] = 1;
  return reshape(y, kept);
}

std::string spelled(NormOrder order) {
  if (order.kind == Kind::kFrobenius) return "\"fro\"";
  if (order.kind == Kind::kNuclear) return "\"nuc\"";
  std::string s = std::to_string(order.p);
  while (s.ends_with('0')) s.pop_back();
  return s.ends_with('.') ? s.substr(0, s.size() - 1) : s;
}

}  // namespace

NormOrder::NormOrder(const char* name) {
  std::string_view n = name;
  if (n == "fro") kind = Kind::kFrobenius;
  else if (n == "nuc") kind = Kind::kNuclear;
  else unknown_name("order of a norm", n, {"fro", "nuc"});
}

Tensor norm(const Tensor& x, NormOrder order, Axes axes, bool keepdims, Where where) {
  return formula(where, [&] {
    const Tensor* in[] = {&x};
    Inputs inputs(in, 1);
    // Sums of sizes know nothing of phases; only what singular values decide does.
    bool by_singular_values = order.kind == Kind::kNuclear || (order.kind == Kind::kNumber && std::fabs(order.p) == 2);
    bool of_vectors = axes.count == 1 || (axes.count == 0 && x.rank() == 1);
    Tensor values = is_complex(x.dtype()) && (of_vectors || !by_singular_values) ? abs(x) : worked(x), y;
    bool everything = axes.count == 0;
    if (everything && order.kind == Kind::kDefault) {
      y = square_root_of_squares(values, {});
    } else {
      int count = everything ? x.rank() : axes.count, at[2] = {0, 1};
      if (count != 1 && count != 2) fail("norm", "needs one axis (vectors) or two (matrices), not " + std::to_string(count), inputs);
      if (!everything)
        for (int i = 0; i < count; ++i) at[i] = normalize_axis("norm", axes.at[i], x.rank(), inputs);
      if (count == 2 && at[0] == at[1]) fail("norm", "the two axes are the same", inputs);
      bool named = order.kind == Kind::kFrobenius || order.kind == Kind::kNuclear;
      bool of_matrices = named || order.kind == Kind::kDefault || std::isinf(order.p) || std::fabs(order.p) == 1 || std::fabs(order.p) == 2;
      if (std::isnan(order.p) || (count == 1 ? named : !of_matrices))
        fail<Error>("norm", "there is no norm of order " + spelled(order) + " of " + (count == 1 ? "vectors" : "matrices"), inputs);
      y = count == 1 ? vector_norm(values, order.p, at[0]) : matrix_norm(values, order, at[0], at[1]);
      everything = false;
      if (!keepdims) {
        if (count == 2) y = squeeze(y, std::max(at[0], at[1]));
        y = squeeze(y, count == 2 ? std::min(at[0], at[1]) : at[0]);
      }
    }
    if (everything && !keepdims) y = reshape(y, Shape{});
    return as_answer(y, part_dtype(x.dtype()));
  });
}

Tensor cond(const Tensor& a, NormOrder order, Where where) {
  return formula(where, [&] {
    check_matrix("cond", a);
    const Tensor* in[] = {&a};
    if (a.shape()[-1] == 0 || a.shape()[-2] == 0) fail("cond", "is not defined for matrices without elements", Inputs(in, 1));
    Tensor m = worked(a), y;
    if (order.kind == Kind::kDefault || (order.kind == Kind::kNumber && std::fabs(order.p) == 2)) {
      Tensor s = svdvals(m);
      Tensor largest = squeeze(slice_axis(s, -1, 0, 1), -1), least = squeeze(slice_axis(s, -1, s.shape()[-1] - 1, 1), -1);
      y = order.p < 0 ? least / largest : largest / least;
    } else {
      check_square("cond", a);
      Tensor inverse = solved(m, broadcast_to(identity_like(m), m.shape()), nullptr);
      y = norm(m, order, {-2, -1}) * norm(inverse, order, {-2, -1});
    }
    // Infinite minus infinite on the way to an inverse that is not there; NaN of a itself stays.
    Tensor lost = logical_and(isnan(y), logical_not(isnan(sum(m, {-2, -1}))));
    return as_answer(reel::where(lost, INFINITY, y), part_dtype(a.dtype()));
  });
}

}  // namespace reel::linalg
