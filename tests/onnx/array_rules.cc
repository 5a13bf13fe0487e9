// Operators that scan, look up, choose and scatter: NumPy's and PyTorch's array functions.
#include "rules.h"

namespace reel::onnx {
namespace {

// A scan along the axis that the second input names, from the end with `reverse`; `exclusive` leaves each element itself out.
template <class F> Tensor scanned(const Call& c, double first, F&& scan) {
  int axis = positive(c[1].item<int64_t>(), c[0]);
  bool reverse = c.i("reverse", 0) != 0;
  Tensor x = reverse ? flip(c[0], axis) : c[0], y = cast(scan(x, axis), x.dtype());
  if (c.i("exclusive", 0)) {
    Tensor before = slice_axis(y, axis, 0, y.dim(axis) - 1);
    std::vector<std::pair<int64_t, int64_t>> widths(size_t(y.rank()), {0, 0});
    widths[size_t(axis)] = {1, 0};
    y = pad(before, std::span<const std::pair<int64_t, int64_t>>(widths), first);
  }
  return reverse ? flip(y, axis) : y;
}

// The last axis of indices as one tensor of indices for each of its elements.
Tensors coordinates(const Tensor& indices) { return unstack(indices, -1); }
// The first axes are common to data and indices, the others are named.
Tensor gathered(const Call& c) {
  int64_t batch = c.i("batch_dims", 0);
  Tensors at = coordinates(c[1]);
  std::vector<AnyIndex> index;
  for (int64_t b = 0; b < batch; ++b) {
    Shape s;
    for (int i = 0; i + 1 < c[1].rank(); ++i) s.push(i == b ? c[0].dim(i) : 1);
    index.push_back(reshape(arange(c[0].dim(int(b))), s));
  }
  index.insert(index.end(), at.begin(), at.end());
  return c[0][AnyIndices(std::move(index))];
}

// ONNX's names of PyTorch's folds; "" replaces.
std::string fold_of(const Call& c) {
  static const std::map<std::string, std::string> names{{"none", ""}, {"add", "sum"}, {"mul", "prod"}, {"max", "amax"}, {"min", "amin"}};
  return names.at(c.s("reduction", "none"));
}
Tensor scattered(const Tensor& x, int axis, const Tensor& index, const Tensor& updates, const std::string& fold) {
  return fold.empty() ? scatter(x, axis, index, updates) : scatter_reduce(x, axis, index, updates, fold);
}
// Updates of elements or slices: each place is one row of the data seen as a matrix.
Tensor scattered_at(const Call& c) {
  int named = int(c[1].dim(-1));
  Shape places;
  for (int i = 0; i < named; ++i) places.push(c[0].dim(i));
  int64_t rows = places.size(), width = c[0].size() / rows;
  Tensor row = reshape(ravel_multi_index(coordinates(c[1]), places), {-1, 1});
  Tensor updates = reshape(c[2], {row.dim(0), width});
  return reshape(scattered(reshape(c[0], {rows, width}), 0, broadcast_to(row, updates.shape()), updates, fold_of(c)), c[0].shape());
}

Tensors ranked(const Call& c) {
  Ranked r = topk(c[0], c[1].item<int64_t>(), int(c.i("axis", -1)), c.i("largest", 1) != 0);
  return {r.values, r.indices};
}
Tensor triangle(const Call& c) {
  int64_t k = c[1] ? c[1].item<int64_t>() : 0;
  return c.i("upper", 1) ? triu(c[0], k) : tril(c[0], k);
}

const AddRules here({
    REEL_ONNX("CumSum", scanned(c, 0, [](const Tensor& x, int axis) { return cumsum(x, axis); })),
    REEL_ONNX("CumProd", scanned(c, 1, [](const Tensor& x, int axis) { return cumprod(x, axis); })),
    REEL_ONNX("Einsum", einsum(c.s("equation"), c.in)), REEL_ONNX("GatherND", gathered(c)), REEL_ONNX("NonZero", transpose(argwhere(c[0]))),
    REEL_ONNX("Scatter", scatter(c[0], int(c.i("axis", 0)), c[1], c[2])),
    REEL_ONNX("ScatterElements", scattered(c[0], int(c.i("axis", 0)), c[1], c[2], fold_of(c))), REEL_ONNX("ScatterND", scattered_at(c)),
    {"TopK", ranked}, REEL_ONNX("Trilu", triangle(c)),
});

}  // namespace
}  // namespace reel::onnx
