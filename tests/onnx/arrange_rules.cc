// Operators that rearrange, make or look up values.
#include <algorithm>
#include <cmath>

#include "rules.h"

namespace reel::onnx {
namespace {

Shape shape_from(const std::vector<int64_t>& dims) { return Shape{std::span<const int64_t>(dims)}; }

Tensor transposed(const Call& c) {
  std::vector<int64_t> order = c.ints("perm");
  std::vector<int> axes(order.begin(), order.end());
  return axes.empty() ? transpose(c[0]) : transpose(c[0], std::span<const int>(axes));
}
Tensor reshaped(const Call& c) {
  std::vector<int64_t> dims = c.numbers(1);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == 0 && !c.i("allowzero", 0)) dims[i] = c[0].dim(int(i));
  int64_t known = 1;
  for (int64_t d : dims) known *= d < 0 ? 1 : d;
  for (int64_t& d : dims)
    if (d < 0) d = c[0].size() / std::max<int64_t>(known, 1);
  return reshape(c[0], shape_from(dims));
}
Tensor as_matrix(const Call& c) {
  int axis = positive(c.i("axis", 1), c[0]);
  int64_t rows = 1;
  for (int i = 0; i < axis; ++i) rows *= c[0].dim(i);
  return reshape(c[0], {rows, c[0].size() / std::max<int64_t>(rows, 1)});
}
Tensor unsqueezed(const Call& c) {
  std::vector<int64_t> axes = c.numbers(1);
  int64_t rank = c[0].rank() + int64_t(axes.size());
  for (int64_t& a : axes) a = a < 0 ? a + rank : a;
  std::sort(axes.begin(), axes.end());
  Tensor y = c[0];
  for (int64_t a : axes) y = expand_dims(y, int(a));
  return y;
}
Tensor squeezed(const Call& c) {
  std::vector<int64_t> axes = c.numbers(1);
  if (axes.empty()) return squeeze(c[0]);
  for (int64_t& a : axes) a = positive(a, c[0]);
  std::sort(axes.rbegin(), axes.rend());
  Tensor y = c[0];
  for (int64_t a : axes) y = squeeze(y, int(a));
  return y;
}
Tensors parts(const Call& c) {
  int axis = positive(c.i("axis", 0), c[0]);
  std::vector<int64_t> sizes = c.numbers(1);
  int64_t n = c[0].dim(axis), count = c.i("num_outputs", int64_t(c.node.outputs.size()));
  if (sizes.empty() && n % count == 0) return split(c[0], int(count), axis);
  if (sizes.empty()) {
    int64_t each = (n + count - 1) / count;
    for (int64_t k = 0; k < count; ++k) sizes.push_back(std::clamp<int64_t>(n - k * each, 0, each));
  }
  return split(c[0], std::span<const int64_t>(sizes), axis);
}
Tensor sliced(const Call& c) {
  std::vector<int64_t> starts = c.numbers(1), ends = c.numbers(2), axes = c.numbers(3), steps = c.numbers(4);
  Tensor y = c[0];
  for (size_t k = 0; k < starts.size(); ++k) {
    int axis = axes.empty() ? int(k) : positive(axes[k], y);
    Tensor front = move_axis(y, axis, 0);
    y = move_axis(front[slice(starts[k], ends[k], steps.empty() ? 1 : steps[k])], 0, axis);
  }
  return y;
}
Tensor tiled(const Call& c) {
  std::vector<int64_t> times = c.numbers(1);
  Tensor y = c[0];
  for (size_t i = 0; i < times.size(); ++i) y = concat(Tensors(size_t(times[i]), y), int(i));
  return y;
}
// "edge" and "reflect".
Tensor padded_by(const Call& c) {
  std::vector<int64_t> pads = c.numbers(1);
  Tensor y = c[0];
  std::string how = c.s("mode", "constant");
  for (int axis = 0; axis < y.rank(); ++axis) {
    int64_t n = y.dim(axis), before = pads[size_t(axis)], after = pads[size_t(axis + y.rank())];
    std::vector<int64_t> from;
    for (int64_t j = -before; j < n + after; ++j)
      from.push_back(how == "edge" ? std::clamp<int64_t>(j, 0, n - 1) : j < 0 ? -j : j >= n ? 2 * (n - 1) - j : j);
    y = take(y, tensor(from), axis);
  }
  return y;
}
Tensor space_to_depth(const Tensor& x, int64_t r) {
  int64_t n = x.dim(0), channels = x.dim(1), h = x.dim(2) / r, w = x.dim(3) / r;
  return reshape(transpose(reshape(x, {n, channels, h, r, w, r}), {0, 3, 5, 1, 2, 4}), {n, channels * r * r, h, w});
}
Tensor eye_like(const Call& c) {
  DType t = c.has("dtype") ? dtype_of_number(c.i("dtype", 1)) : c[0].dtype();
  int64_t rows = c[0].dim(0), columns = c[0].dim(1), k = c.i("k", 0);
  int64_t down = std::max<int64_t>(k, 0), right = std::max<int64_t>(-k, 0);
  return eye(rows + down, columns + right, t)[{slice(down, {}), slice(right, {})}];
}
Tensor one_hot_of(const Call& c) {
  int64_t depth = c[1].item<int64_t>(), axis = c.i("axis", -1);
  Tensor at = cast(c[0], int64), off = c[2][0], on = c[2][1];
  Tensor hot = one_hot(where(at < 0, at + depth, at), depth, c[2].dtype());
  return move_axis(hot * (on - off) + off, hot.rank() - 1, positive(axis, hot));
}
Tensor shape_of(const Call& c) {
  Tensor all = tensor(std::vector<int64_t>(c[0].shape().begin(), c[0].shape().end()));
  return all[slice(c.i("start", 0), c.has("end") ? std::optional<int64_t>(c.i("end", 0)) : std::nullopt)];
}
Tensor range(const Call& c) {
  auto bound = [&](size_t k) { return is_floating(c[0].dtype()) ? Scalar(c[k].item()) : Scalar(c[k].item<int64_t>()); };
  return cast(arange(bound(0), bound(1), bound(2)), c[0].dtype());
}
Tensor filled(const Call& c) {
  Tensor value = c.has("value") ? c.node.attributes.at("value").t : zeros({1});
  return broadcast_to(value[0], shape_from(c.numbers(0)));
}

const AddRules here({
    REEL_ONNX("Concat", concat(c.in, int(c.i("axis", 0)))), REEL_ONNX("Transpose", transposed(c)), REEL_ONNX("Reshape", reshaped(c)),
    REEL_ONNX("Flatten", as_matrix(c)), REEL_ONNX("Unsqueeze", unsqueezed(c)), REEL_ONNX("Squeeze", squeezed(c)),
    {"Split", parts}, REEL_ONNX("Slice", sliced(c)), REEL_ONNX("Tile", tiled(c)), REEL_ONNX("Pad", padded_by(c)),
    REEL_ONNX("SpaceToDepth", space_to_depth(c[0], c.i("blocksize", 1))), REEL_ONNX("EyeLike", eye_like(c)), REEL_ONNX("OneHot", one_hot_of(c)),
    REEL_ONNX("Shape", shape_of(c)), REEL_ONNX("Size", full({}, c[0].size(), int64)), REEL_ONNX("Range", range(c)),
    REEL_ONNX("ConstantOfShape", filled(c)), REEL_ONNX("Cast", cast(c[0], dtype_of_number(c.i("to", 1)))),
    REEL_ONNX("Gather", take(c[0], c[1], int(c.i("axis", 0)))),
    REEL_ONNX("GatherElements", take_along_axis(c[0], c[1], int(c.i("axis", 0)))),
});

}  // namespace
}  // namespace reel::onnx
