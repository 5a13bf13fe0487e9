// Rows of pool.h and pool_nd.h: each window's cells gathered, then folded.
#include <algorithm>
#include <cmath>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;
using Cells = std::vector<double>;

// The cells [begin, end) that output i sees along one axis of n.
struct Along {
  int64_t out, size, stride = 0, before = 0;  // stride 0: size; size 0: adaptive
  int64_t begin(int64_t i, int64_t n) const { return size ? std::max<int64_t>(0, i * (stride ? stride : size) - before) : i * n / out; }
  int64_t end(int64_t i, int64_t n) const {
    return size ? std::min(n, i * (stride ? stride : size) - before + size) : ((i + 1) * n + out - 1) / out;
  }
};

double most(const Cells& v) { return *std::max_element(v.begin(), v.end()); }
double mean_of(const Cells& v) {
  double s = 0;
  for (double x : v) s += x;
  return s / double(v.size());
}
double three_norm(const Cells& v) {
  double s = 0;
  for (double x : v) s += std::pow(std::fabs(x), 3);
  return std::cbrt(s);
}

std::function<Array(const Arrays&)> pooled(const std::vector<Along>& axes, double (*fold)(const Cells&)) {
  return [=](const Arrays& a) {
    const Array& x = a[0];
    Ints dims{x.dims[0]};
    for (const Along& along : axes) dims.push_back(along.out);
    dims.push_back(x.dims.back());
    Array y(dims);
    y.each([&](const Ints& o) {
      Cells cells;
      x.each([&](const Ints& i) {
        bool seen = i[0] == o[0] && i.back() == o.back();
        for (size_t k = 0; k < axes.size(); ++k)
          seen = seen && i[k + 1] >= axes[k].begin(o[k + 1], x.dims[k + 1]) && i[k + 1] < axes[k].end(o[k + 1], x.dims[k + 1]);
        if (seen) cells.push_back(x(i));
      });
      y(o) = fold(cells);
    });
    return y;
  };
}

#define REEL_CALL(value) [](const Tensors& x) { return value; }

const AddRows images({
    {.name = "max_pool2d", .shapes = {{2, 4, 5, 3}}, .call = REEL_CALL(max_pool2d(x[0], 2)),
     .formula = pooled({{2, 2}, {2, 2}}, most), .types = kFloats, .ulps = 0, .atol = 0},
    {.name = "max_pool2d of the same size", .shapes = {{1, 5, 4, 2}}, .call = REEL_CALL(max_pool2d(x[0], 3, {.strides = 2, .padding = "same"})),
     .formula = pooled({{3, 3, 2, 1}, {2, 3, 2}}, most), .types = kFloats, .ulps = 0, .atol = 0},
    {.name = "max_pool2d_with_indices", .shapes = {{2, 4, 5, 3}}, .call = REEL_CALL(max_pool2d_with_indices(x[0], {3, 2}, {.strides = {1, 2}}).values),
     .formula = pooled({{2, 3, 1}, {2, 2}}, most), .types = kFloats, .ulps = 0, .atol = 0},
    {.name = "average_pool2d", .shapes = {{2, 4, 5, 3}}, .call = REEL_CALL(average_pool2d(x[0], 2)),
     .formula = pooled({{2, 2}, {2, 2}}, mean_of), .types = kFloats},
    {.name = "average_pool2d of the same size", .shapes = {{1, 5, 4, 2}}, .call = REEL_CALL(average_pool2d(x[0], 3, {.strides = 2, .padding = "same"})),
     .formula = pooled({{3, 3, 2, 1}, {2, 3, 2}}, mean_of), .types = kFloats},
    {.name = "global_average_pool2d", .shapes = {{2, 3, 4, 2}}, .call = REEL_CALL(global_average_pool2d(x[0], true)),
     .formula = pooled({{1, 3}, {1, 4}}, mean_of), .answers = float_of},
    {.name = "lp_pool2d", .shapes = {{2, 4, 5, 2}}, .call = REEL_CALL(lp_pool2d(x[0], 3, {2, 3}, {2, 1})),
     .formula = pooled({{2, 2}, {3, 3, 1}}, three_norm), .types = kFloats},
    {.name = "max_unpool2d", .shapes = {{1, 2, 2, 2}}, .call = REEL_CALL(max_unpool2d(x[0], reshape(tensor({0, 11, 3, 3, 3, 0, 7, 7}), {1, 2, 2, 2}), {3, 4})),
     .formula = [](const Arrays& a) {
       Array y({1, 3, 4, 2});
       const Ints at{0, 11, 3, 3, 3, 0, 7, 7};
       for (size_t i = 0; i < 8; ++i) y.v[size_t(at[i]) * 2 + i % 2] += a[0].v[i];
       return y;
     }, .types = kNumbers},
});

const AddRows lines_and_volumes({
    {.name = "max_pool1d", .shapes = {{2, 7, 3}}, .call = REEL_CALL(max_pool1d(x[0], 3, {.strides = 2, .padding = {1, 1}})),
     .formula = pooled({{4, 3, 2, 1}}, most), .types = kFloats, .ulps = 0, .atol = 0},
    {.name = "average_pool1d", .shapes = {{2, 7, 3}}, .call = REEL_CALL(average_pool1d(x[0], 3, {.strides = 2, .padding = {1, 1}})),
     .formula = pooled({{4, 3, 2, 1}}, mean_of), .types = kFloats},
    {.name = "max_pool3d", .shapes = {{1, 3, 4, 3, 2}},
     .call = REEL_CALL(max_pool3d(x[0], {2, 2, 1}, {.strides = {1, 2, 2}, .padding = {AxisPadding(1, 0), AxisPadding(0, 1), AxisPadding(0, 0)}})),
     .formula = pooled({{3, 2, 1, 1}, {2, 2}, {2, 1, 2}}, most), .types = kFloats, .ulps = 0, .atol = 0},
    {.name = "average_pool3d", .shapes = {{1, 3, 4, 3, 2}},
     .call = REEL_CALL(average_pool3d(x[0], {2, 2, 1}, {.strides = {1, 2, 2}, .padding = {AxisPadding(1, 0), AxisPadding(0, 1), AxisPadding(0, 0)}})),
     .formula = pooled({{3, 2, 1, 1}, {2, 2}, {2, 1, 2}}, mean_of), .types = kFloats},
    {.name = "adaptive_average_pool", .shapes = {{2, 5, 7, 2}}, .call = REEL_CALL(adaptive_average_pool(x[0], {3, 4})),
     .formula = pooled({{3, 0}, {4, 0}}, mean_of), .types = kFloats},
    {.name = "adaptive_max_pool", .shapes = {{1, 4, 5, 3, 2}}, .call = REEL_CALL(adaptive_max_pool(x[0], {2, 3, 1})),
     .formula = pooled({{2, 0}, {3, 0}, {1, 0}}, most), .types = kFloats, .ulps = 0, .atol = 0},
});

}  // namespace
}  // namespace reel::test
