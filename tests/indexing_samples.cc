// Rows of indexing by tensors, masks, scatters and segments.
#include <algorithm>

#include "op_samples.h"

namespace reel::test {
namespace {

using Ints = std::vector<int64_t>;

const auto no_bool = Types(kFloats | kInts);

// y starts as a[0]; f(y, a) changes it.
std::function<Array(const Arrays&)> changed(std::function<void(Array&, const Arrays&)> f) {
  return [f](const Arrays& a) {
    Array y = a[0];
    f(y, a);
    return y;
  };
}
// Rows of a[1] folded into rows of a[0] along the first axis.
std::function<Array(const Arrays&)> rows_folded(Ints at, double (*f)(double, double)) {
  return changed([at, f](Array& y, const Arrays& a) {
    a[1].each([&](const Ints& i) {
      double& to = y({at[size_t(i[0])], i[1]});
      to = f(to, a[1](i));
    });
  });
}
// The rows of a[0] folded by segment, the first of each as it is; without f sums, or means.
std::function<Array(const Arrays&)> segments(double empty, double (*f)(double, double), bool mean = false) {
  return [=](const Arrays& a) {
    Array y({4, 3}, empty);
    Ints ids{2, 0, 2, 0, 3}, count(4);
    for (int64_t row = 0; row < 5; ++row) {
      int64_t s = ids[size_t(row)];
      bool first = count[size_t(s)]++ == 0;
      for (int64_t k = 0; k < 3; ++k) {
        double v = a[0]({row, k});
        y({s, k}) = first ? v : f ? f(y({s, k}), v) : y({s, k}) + v;
      }
    }
    if (mean) y.each([&](const Ints& i) { y(i) /= double(std::max<int64_t>(1, count[size_t(i[0])])); });
    return y;
  };
}
double product(double a, double b) { return a * b; }
double larger(double a, double b) { return std::max(a, b); }
double smaller(double a, double b) { return std::min(a, b); }

Tensor ids() { return tensor({2, 0, 2, 0, 3}); }

const AddRows indexing({
    {.name = "index by a tensor", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return x[0][{slice(), tensor({3, 0, -1, 3})}]; },
     .formula = [](const Arrays& a) {
       Array y({3, 4});
       Ints at{3, 0, 3, 3};
       y.each([&](const Ints& i) { y(i) = a[0]({i[0], at[size_t(i[1])]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "index apart", .shapes = {{3, 2, 4}},
     .call = [](const Tensors& x) { return x[0][{tensor({{2}, {0}}), slice({}, {}, -1), tensor({1, 1, 3})}]; },
     .formula = [](const Arrays& a) {
       Array y({2, 3, 2});
       Ints rows{2, 0}, columns{1, 1, 3};
       y.each([&](const Ints& i) { y(i) = a[0]({rows[size_t(i[0])], 1 - i[2], columns[size_t(i[1])]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "index by a mask", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return x[0][tensor({{true, false, true}, {false, true, true}})]; },
     .formula = [](const Arrays& a) {
       Array y({4});
       y.v = {a[0].v[0], a[0].v[2], a[0].v[4], a[0].v[5]};
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "index_put", .shapes = {{3, 4}, {3, 1}},
     .call = [](const Tensors& x) { return index_put(x[0], {tensor({2, 0, 2}), slice(1, 3)}, x[1]); },
     .formula = changed([](Array& y, const Arrays& a) {
       Ints at{2, 0, 2};
       for (size_t i = 0; i < 3; ++i)
         for (int64_t k = 1; k < 3; ++k) y({at[i], k}) = a[1].v[i];
     }), .ulps = 0, .atol = 0},
    {.name = "index_put accumulating", .shapes = {{3, 4}, {3}},
     .call = [](const Tensors& x) { return index_put(x[0], {tensor({2, 0, 2}), tensor({1, 1, 1})}, x[1], true); },
     .formula = changed([](Array& y, const Arrays& a) {
       Ints at{2, 0, 2};
       for (size_t i = 0; i < 3; ++i) y({at[i], 1}) += a[1].v[i];
     }), .types = no_bool},
    {.name = "masked_select", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return masked_select(x[0], tensor({true, false, true})); },
     .formula = [](const Arrays& a) {
       Array y({4});
       y.v = {a[0].v[0], a[0].v[2], a[0].v[3], a[0].v[5]};
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "compress", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return compress(tensor({false, true}), x[0], 1); },
     .formula = [](const Arrays& a) {
       Array y({2, 1});
       y.v = {a[0].v[1], a[0].v[4]};
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "masked_fill", .shapes = {{2, 3}, {}}, .call = [](const Tensors& x) { return masked_fill(x[0], tensor({true, false, true}), x[1]); },
     .formula = changed([](Array& y, const Arrays& a) { for (size_t i : {0, 2, 3, 5}) y.v[i] = a[1].v[0]; }), .ulps = 0, .atol = 0},
    {.name = "masked_scatter", .shapes = {{2, 3}, {7}},
     .call = [](const Tensors& x) { return masked_scatter(x[0], tensor({true, false, true}), x[1]); },
     .formula = changed([](Array& y, const Arrays& a) { size_t k = 0; for (size_t i : {0, 2, 3, 5}) y.v[i] = a[1].v[k++]; }), .ulps = 0, .atol = 0},
    {.name = "take", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return take(x[0], tensor({{3, 0}, {-1, 3}}), 1); },
     .formula = [](const Arrays& a) {
       Array y({3, 2, 2});
       Ints at{3, 0, 3, 3};
       y.each([&](const Ints& i) { y(i) = a[0]({i[0], at[size_t(2 * i[1] + i[2])]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "embedding", .shapes = {{4, 3}}, .call = [](const Tensors& x) { return embedding(x[0], tensor({{3, 0}, {1, 3}})); },
     .formula = [](const Arrays& a) {
       Array y({2, 2, 3});
       Ints at{3, 0, 1, 3};
       y.each([&](const Ints& i) { y(i) = a[0]({at[size_t(2 * i[0] + i[1])], i[2]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "take_along_axis", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return take_along_axis(x[0], tensor({{2, 0}, {1, 1}, {-1, 3}}), 1); },
     .formula = [](const Arrays& a) {
       Array y({3, 2});
       Ints at{2, 0, 1, 1, 3, 3};
       y.each([&](const Ints& i) { y(i) = a[0]({i[0], at[size_t(2 * i[0] + i[1])]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "extract", .shapes = {{2, 3}}, .call = [](const Tensors& x) { return extract(tensor({{true, false, true}, {false, true, true}}), x[0]); },
     .formula = [](const Arrays& a) {
       Array y({4});
       y.v = {a[0].v[0], a[0].v[2], a[0].v[4], a[0].v[5]};
       return y;
     }, .ulps = 0, .atol = 0},
});

const AddRows scatters({
    {.name = "scatter_add", .shapes = {{4, 3}, {3, 3}}, .call = [](const Tensors& x) { return scatter_add(x[0], tensor({1, -1, 1}), x[1]); },
     .formula = rows_folded({1, 3, 1}, [](double a, double b) { return a + b; }), .types = no_bool},
    {.name = "index_add", .shapes = {{4, 3}, {3, 3}}, .call = [](const Tensors& x) { return index_add(x[0], tensor({2, 0, 2}), x[1]); },
     .formula = rows_folded({2, 0, 2}, [](double a, double b) { return a + b; }), .types = no_bool},
    {.name = "add_along_axis", .shapes = {{3, 4}, {3, 2}},
     .call = [](const Tensors& x) { return add_along_axis(x[0], tensor({{2, 2}, {0, 1}, {-1, 0}}), x[1], 1); },
     .formula = changed([](Array& y, const Arrays& a) {
       Ints at{2, 2, 0, 1, 3, 0};
       a[1].each([&](const Ints& i) { y({i[0], at[size_t(2 * i[0] + i[1])]}) += a[1](i); });
     }), .types = no_bool},
    {.name = "index_copy", .shapes = {{4, 3}, {3, 3}}, .call = [](const Tensors& x) { return index_copy(x[0], tensor({1, -1, 1}), x[1]); },
     .formula = rows_folded({1, 3, 1}, [](double, double b) { return b; }), .ulps = 0, .atol = 0},
    {.name = "index_fill", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return index_fill(x[0], tensor({2, 0}), 1, 1); },
     .formula = changed([](Array& y, const Arrays&) { y.each([&](const Ints& i) { if (i[1] == 0 || i[1] == 2) y(i) = 1; }); }), .ulps = 0, .atol = 0},
    {.name = "put_along_axis", .shapes = {{3, 4}, {3, 1}},
     .call = [](const Tensors& x) { return put_along_axis(x[0], tensor({{2}, {0}, {-1}}), x[1], 1); },
     .formula = changed([](Array& y, const Arrays& a) {
       Ints at{2, 0, 3};
       for (int64_t i = 0; i < 3; ++i) y({i, at[size_t(i)]}) = a[1].v[size_t(i)];
     }), .ulps = 0, .atol = 0},
    {.name = "gather", .shapes = {{3, 4}}, .call = [](const Tensors& x) { return gather(x[0], 0, tensor({{2, 0, 1}, {0, 0, -1}})); },
     .formula = [](const Arrays& a) {
       Array y({2, 3});
       Ints at{2, 0, 1, 0, 0, 2};
       y.each([&](const Ints& i) { y(i) = a[0]({at[size_t(i[0] * 3 + i[1])], i[1]}); });
       return y;
     }, .ulps = 0, .atol = 0},
    {.name = "scatter", .shapes = {{3, 4}, {3, 4}}, .call = [](const Tensors& x) { return scatter(x[0], 1, tensor({{2, 0}, {1, 1}}), x[1]); },
     .formula = changed([](Array& y, const Arrays& a) {
       y({0, 2}) = a[1]({0, 0});
       y({0, 0}) = a[1]({0, 1});
       y({1, 1}) = a[1]({1, 1});
     }), .ulps = 0, .atol = 0},
    {.name = "scatter_reduce sum", .shapes = {{2, 3}, {2, 3}},
     .call = [](const Tensors& x) { return scatter_reduce(x[0], 1, tensor({{0, 0, 2}, {1, 1, 1}}), x[1], "sum"); },
     .formula = changed([](Array& y, const Arrays& a) {
       Ints at{0, 0, 2, 1, 1, 1};
       a[1].each([&](const Ints& i) { y({i[0], at[size_t(3 * i[0] + i[1])]}) += a[1](i); });
     }), .types = no_bool, .atol = 16},
    {.name = "scatter_reduce prod", .shapes = {{2, 3}, {2, 3}},
     .call = [](const Tensors& x) { return scatter_reduce(x[0], 1, tensor({{0, 0, 2}, {1, 1, 1}}), x[1], "prod"); },
     .formula = changed([](Array& y, const Arrays& a) {
       Ints at{0, 0, 2, 1, 1, 1};
       a[1].each([&](const Ints& i) { y({i[0], at[size_t(3 * i[0] + i[1])]}) *= a[1](i); });
     }), .types = no_bool},
    {.name = "scatter_reduce mean", .shapes = {{2, 3}, {2, 3}},
     .call = [](const Tensors& x) { return scatter_reduce(x[0], 1, tensor({{0, 0, 2}, {1, 1, 1}}), x[1], "mean", false); },
     .formula = changed([](Array& y, const Arrays& a) {
       y.v[0] = (a[1].v[0] + a[1].v[1]) / 2;
       y.v[2] = a[1].v[2];
       y.v[4] = (a[1].v[3] + a[1].v[4] + a[1].v[5]) / 3;
     }), .types = kFloats, .atol = 16},
    {.name = "scatter_reduce amax", .shapes = {{2, 3}, {2, 3}},
     .call = [](const Tensors& x) { return scatter_reduce(x[0], 1, tensor({{0, 0, 2}, {1, 1, 1}}), x[1], "amax"); },
     .formula = changed([](Array& y, const Arrays& a) {
       Ints at{0, 0, 2, 1, 1, 1};
       a[1].each([&](const Ints& i) { double& to = y({i[0], at[size_t(3 * i[0] + i[1])]}); to = std::max(to, a[1](i)); });
     }), .types = no_bool, .ulps = 0, .atol = 0},
    {.name = "scatter_reduce amin without self", .shapes = {{2, 3}, {2, 3}},
     .call = [](const Tensors& x) { return scatter_reduce(x[0], 1, tensor({{0, 0, 2}, {1, 1, 1}}), x[1], "amin", false); },
     .formula = changed([](Array& y, const Arrays& a) {
       y.v[0] = std::min(a[1].v[0], a[1].v[1]);
       y.v[2] = a[1].v[2];
       y.v[4] = std::min({a[1].v[3], a[1].v[4], a[1].v[5]});
     }), .types = no_bool, .ulps = 0, .atol = 0},
    {.name = "segment_sum", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return segment_sum(x[0], ids()); },
     .formula = segments(0, nullptr), .types = no_bool, .atol = 8},
    {.name = "segment_mean", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return segment_mean(x[0], ids()); },
     .formula = segments(0, nullptr, true),
     .answers = float_of, .atol = 8},
    {.name = "segment_prod", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return segment_prod(x[0], ids()); },
     .formula = segments(1, product), .types = no_bool},
    {.name = "segment_max", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return segment_max(x[0], ids()); },
     .formula = segments(0, larger), .types = no_bool, .ulps = 0, .atol = 0},
    {.name = "segment_min", .shapes = {{5, 3}}, .call = [](const Tensors& x) { return segment_min(x[0], ids()); },
     .formula = segments(0, smaller), .types = no_bool, .ulps = 0, .atol = 0},
    {.name = "embedding_bag", .shapes = {{4, 2}, {5}},
     .call = [](const Tensors& x) { return embedding_bag(x[0], tensor({1, 3, 1, 0, 2}), tensor({0, 2, 2}), "sum", x[1]); },
     .formula = [](const Arrays& a) {
       Array y({3, 2});
       Ints row{1, 3, 1, 0, 2}, bag{0, 0, 2, 2, 2};
       for (size_t i = 0; i < 5; ++i)
         for (int64_t k = 0; k < 2; ++k) y({bag[i], k}) += a[0]({row[i], k}) * a[1].v[i];
       return y;
     }, .types = no_bool, .atol = 16},
    {.name = "embedding_bag mean", .shapes = {{4, 2}}, .call = [](const Tensors& x) { return embedding_bag(x[0], tensor({{1, 3}, {1, 0}})); },
     .formula = [](const Arrays& a) {
       Array y({2, 2});
       for (int64_t k = 0; k < 2; ++k) y({0, k}) = (a[0]({1, k}) + a[0]({3, k})) / 2, y({1, k}) = (a[0]({1, k}) + a[0]({0, k})) / 2;
       return y;
     }, .answers = float_of, .atol = 16},
});

}  // namespace
}  // namespace reel::test
