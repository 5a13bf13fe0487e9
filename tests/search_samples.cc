// Rows of looking up and counting: search.h, mask.h, unique values, and coordinates as numbers. All of them look at values on the host.
#include <algorithm>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;
using Line = std::vector<double>;
const auto to_int64 = [](DType) { return int64; };
const auto to_bool = [](DType) { return boolean; };

Array line(const Line& v) {
  Array y({int64_t(v.size())});
  y.v = v;
  return y;
}
Line ascending(Line v) {
  std::sort(v.begin(), v.end());
  return v;
}
// How many of `edges` lie below v, or with `closed` not above it.
double below(const Line& edges, double v, bool closed) {
  return double(std::count_if(edges.begin(), edges.end(), [&](double e) { return closed ? e <= v : e < v; }));
}
std::function<Array(const Arrays&)> each(std::function<double(const Line& first, double)> f) {
  return [f](const Arrays& a) {
    Array y(a[1].dims);
    for (size_t i = 0; i < y.v.size(); ++i) y.v[i] = f(ascending(a[0].v), a[1].v[i]);
    return y;
  };
}
Line unique_of(const Array& x) {
  Line v = ascending(x.v);
  v.erase(std::unique(v.begin(), v.end()), v.end());
  return v;
}

#define REEL_CALL(value) [](const Tensors& x) { return value; }

const AddRows places({
    {.name = "searchsorted", .shapes = {{6}, {2, 3}}, .call = REEL_CALL(searchsorted(sort(x[0]), x[1])),
     .formula = each([](const Line& e, double v) { return below(e, v, false); }), .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "bucketize", .shapes = {{6}, {2, 3}}, .call = REEL_CALL(bucketize(x[1], sort(x[0]), true)),
     .formula = each([](const Line& e, double v) { return below(e, v, true); }), .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "digitize", .shapes = {{6}, {2, 3}}, .call = REEL_CALL(digitize(x[1], sort(x[0]))),
     .formula = each([](const Line& e, double v) { return below(e, v, true); }), .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "digitize between descending bins", .shapes = {{6}, {2, 3}}, .call = REEL_CALL(digitize(x[1], sort(x[0], -1, true))),
     .formula = each([](const Line& e, double v) { return double(e.size()) - below(e, v, true); }),
     .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "isin", .shapes = {{4}, {2, 3}}, .call = REEL_CALL(isin(x[1], x[0])),
     .formula = each([](const Line& e, double v) { return double(std::count(e.begin(), e.end(), v) > 0); }), .answers = to_bool, .differentiable = false,
     .reads_values = true},
    {.name = "histogram", .shapes = {{3, 7}}, .call = REEL_CALL(histogram(x[0], 3, {{-2., 1.}}).counts),
     .formula = [](const Arrays& a) {
       Array y({3});
       for (double v : a[0].v)
         if (v >= -2 && v <= 1) ++y.v[size_t(std::min(v + 2, 2.))];
       return y;
     }, .answers = to_int64, .differentiable = false, .reads_values = true},
});

const AddRows found({
    {.name = "flatnonzero", .shapes = {{2, 3}}, .call = REEL_CALL(flatnonzero(x[0])),
     .formula = [](const Arrays& a) {
       Line at;
       for (size_t i = 0; i < 6; ++i)
         if (a[0].v[i] != 0) at.push_back(double(i));
       return line(at);
     }, .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "argwhere", .shapes = {{2, 3}}, .call = REEL_CALL(argwhere(x[0])),
     .formula = [](const Arrays& a) {
       Line at;
       a[0].each([&](const Ints& i) {
         if (a[0](i) != 0) at.insert(at.end(), {double(i[0]), double(i[1])});
       });
       Array y = line(at);
       y.dims = {int64_t(at.size()) / 2, 2};
       return y;
     }, .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "nonzero", .shapes = {{2, 3}}, .call = REEL_CALL(nonzero(x[0])[1]),
     .formula = [](const Arrays& a) {
       Line at;
       a[0].each([&](const Ints& i) {
         if (a[0](i) != 0) at.push_back(double(i[1]));
       });
       return line(at);
     }, .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "unique", .shapes = {{2, 5}}, .call = REEL_CALL(unique(x[0])), .formula = [](const Arrays& a) { return line(unique_of(a[0])); },
     .reads_values = true, .ulps = 0, .atol = 0},
    {.name = "unique_all", .shapes = {{2, 5}}, .call = REEL_CALL(unique_all(x[0]).counts),
     .formula = [](const Arrays& a) {
       Line counts;
       for (double v : unique_of(a[0])) counts.push_back(double(std::count(a[0].v.begin(), a[0].v.end(), v)));
       return line(counts);
     }, .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "unique_consecutive", .shapes = {{9}}, .call = REEL_CALL(unique_consecutive(x[0]).values),
     .formula = [](const Arrays& a) {
       Line v = a[0].v;
       v.erase(std::unique(v.begin(), v.end()), v.end());
       return line(v);
     }, .reads_values = true, .ulps = 0, .atol = 0},
});

const AddRows hot({
    {.name = "one_hot", .shapes = {{2, 3}}, .call = REEL_CALL(one_hot(x[0], 4)),
     .formula = [](const Arrays& a) {
       Array y({2, 3, 4});
       a[0].each([&](const Ints& i) { y({i[0], i[1], int64_t(a[0](i))}) = 1; });
       return y;
     }, .low = 0, .high = 3, .answers = [](DType) { return float32; }, .differentiable = false, .reads_values = true},
});

// Of integers alone; they stand for labels, positions and coordinates.
const AddRows numbers({
    {.name = "bincount", .shapes = {{9}}, .call = REEL_CALL(bincount(x[0], {}, 6)),
     .formula = [](const Arrays& a) {
       Array y({6});
       for (double v : a[0].v) ++y.v[size_t(v)];
       return y;
     }, .low = 0, .high = 4, .types = kInts, .answers = to_int64, .differentiable = false, .reads_values = true},
    {.name = "unravel_index", .shapes = {{2, 3}}, .call = REEL_CALL(unravel_index(x[0], {3, 4})[1]),
     .formula = each_element(REEL_F(double(int64_t(x[0]) % 4))), .low = 0, .high = 11, .types = kInts, .answers = to_int64, .differentiable = false,
     .reads_values = true},
    {.name = "ravel_multi_index", .shapes = {{2, 3}, {2, 3}}, .call = REEL_CALL(ravel_multi_index(x, {4, 5})),
     .formula = each_element(REEL_F(5 * x[0] + x[1])), .low = 0, .high = 3, .types = kInts, .answers = to_int64, .differentiable = false,
     .reads_values = true},
});

}  // namespace
}  // namespace reel::test
