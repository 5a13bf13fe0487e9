#include "tensor/ops/grid.h"

#include <algorithm>
#include <cmath>

#include "tensor/held.h"
#include "tensor/ops/arithmetic.h"
#include "tensor/ops/comparison.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

// Whether column - k <= row.
Tensor below(int64_t rows, int64_t columns, int64_t k) { return arange(columns < 0 ? rows : columns) - k <= reshape(arange(rows), {-1, 1}); }

// Rows and columns of a triangle's elements: of each row those up to (from) diagonal k.
Tensors places(const char* op, int64_t rows, int64_t columns, int64_t k, bool lower) {
  if (columns < 0) columns = rows;
  if (rows < 0) throw ShapeError(std::string(op) + ": " + std::to_string(rows) + " rows");
  using Wide = __int128;
  const Wide extents[] = {Shape{rows}.size(), Shape{columns}.size()}, shift = Wide(k) + lower;  // below 2^62, or an error
  auto edge = [&](int64_t row) { return int64_t(std::clamp<Wide>(row + shift, 0, extents[1])); };  // the first column beyond the diagonal, or on it
  // Left of the edges: nothing up to row `first`, one more in each up to `full`, all columns from there on.
  const Wide first = std::clamp<Wide>(-shift, 0, rows), full = std::clamp<Wide>(columns - shift, first, rows);
  const Wide left = (full - first) * (first + full - 1 + 2 * shift) / 2 + (rows - full) * columns;
  const Wide count = lower ? left : extents[0] * extents[1] - left;
  const Shape shape{int64_t(std::min<Wide>(count, INT64_MAX))};
  Tensor row = empty(shape, int64), column = empty(shape, int64);
  int64_t *r = row.raw<int64_t>(), *c = column.raw<int64_t>();
  // Only rows that have elements, however many others there are.
  for (int64_t i = lower ? int64_t(first) : 0, end = count == 0 ? 0 : lower ? rows : int64_t(full); i < end; ++i)
    for (int64_t j = lower ? 0 : edge(i), last = lower ? edge(i) : columns; j < last; ++j) *r++ = i, *c++ = j;
  return {row, column};
}

// count values f(0) ... f(count - 1), in dtype.
template <class F> Tensor spaced(const char* op, int64_t count, DType dtype, F&& f) {
  if (count < 0) throw ShapeError(std::string(op) + ": " + std::to_string(count) + " values");
  Tensor x = empty({count}, float64);
  for (int64_t i = 0; i < count; ++i) x.raw<double>()[i] = f(i);
  return cast(x, dtype);
}

}  // namespace

Tensor full_like(const Tensor& x, Scalar value, Where where) {
  held("full_like", x, where);
  return full(x.shape(), value, x.dtype(), x.device(), where);
}
Tensor empty_like(const Tensor& x, Where where) {
  held("empty_like", x, where);
  return empty(x.shape(), x.dtype(), x.device(), where);
}

Tensor logspace(double start, double stop, int64_t count, double base, DType dtype, Where where) {
  return formula(where, [&] {
    double step = count > 1 ? (stop - start) / double(count - 1) : 0;
    return spaced("logspace", count, dtype, [&](int64_t i) { return std::pow(base, i + 1 == count && i > 0 ? stop : start + double(i) * step); });
  });
}
Tensor geomspace(double start, double stop, int64_t count, DType dtype, Where where) {
  return formula(where, [&] {
    if (start == 0 || stop == 0 || (start < 0) != (stop < 0) || std::isnan(start + stop))
      throw Error("geomspace: from " + std::to_string(start) + " to " + std::to_string(stop) + " there is no constant factor");
    double low = std::log(std::fabs(start)), step = count > 1 ? (std::log(std::fabs(stop)) - low) / double(count - 1) : 0;
    return spaced("geomspace", count, dtype, [&](int64_t i) {
      return i == 0 ? start : i + 1 == count ? stop : std::copysign(std::exp(low + double(i) * step), start);
    });
  });
}

Tensors meshgrid(const Tensors& vectors, std::string_view indexing, Where where) {
  return formula(where, [&] {
    if (indexing != "xy" && indexing != "ij") unknown_name("indexing of meshgrid", indexing, {"xy", "ij"});
    if (vectors.size() > kMaxRank) throw ShapeError("meshgrid: more than 8 vectors");
    Shape s;
    for (const Tensor& v : vectors) {
      if (v.rank() > 1) throw ShapeError("meshgrid: needs vectors\n  a  " + describe(v));
      s.push(v.size());
    }
    bool swapped = indexing == "xy" && s.rank() > 1;
    Shape grid = s;
    if (swapped) grid[0] = s[1], grid[1] = s[0];
    Tensors out;
    for (int i = 0; i < s.rank(); ++i) {
      Shape line;
      int axis = swapped && i < 2 ? 1 - i : i;
      for (int k = 0; k < s.rank(); ++k) line.push(k == axis ? s[i] : 1);
      out.push_back(broadcast_to(reshape(vectors[size_t(i)], line), grid));
    }
    return out;
  });
}
Tensor indices(const Shape& shape, Where where) {
  return formula(where, [&] {
    if (shape.rank() == kMaxRank) throw ShapeError("indices: the result has more than 8 axes");
    if (shape.rank() == 0) return empty({0}, int64);
    Tensors lines;
    for (int64_t d : shape) lines.push_back(arange(d));
    return stack(meshgrid(lines, "ij"));
  });
}
Tensor tri(int64_t rows, int64_t columns, int64_t k, DType dtype, Where where) {
  return formula(where, [&] { return cast(below(rows, columns, k), dtype); });
}
Tensors tril_indices(int64_t rows, int64_t columns, int64_t k, Where where) {
  return formula(where, [&] { return places("tril_indices", rows, columns, k, true); });
}
Tensors triu_indices(int64_t rows, int64_t columns, int64_t k, Where where) {
  return formula(where, [&] { return places("triu_indices", rows, columns, k, false); });
}

}  // namespace reel
