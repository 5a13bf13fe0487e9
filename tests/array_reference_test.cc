// The array functions against stored answers of NumPy (tests/data/numpy/make.py).
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "reel.h"

using namespace reel;

namespace {

const NamedTensors& stored() {
  static const NamedTensors all = load_npz(REEL_TEST_DATA "/numpy/arrays.npz");
  return all;
}
Tensor get(const std::string& name) {
  for (const auto& [key, value] : stored())
    if (key == name) return value;
  throw Error("no stored array " + name);
}

// "" where shape and values agree; NaN equals NaN, floats to the tolerance of a few roundings.
std::string differs(const Tensor& got, const Tensor& expected) {
  if (!(got.shape() == expected.shape())) return "shape " + to_string(got.shape()) + ", NumPy's is " + to_string(expected.shape());
  if (is_floating(got.dtype()) != is_floating(expected.dtype()) || (got.dtype() == boolean) != (expected.dtype() == boolean))
    return std::string("dtype ") + name(got.dtype()) + ", NumPy's is " + name(expected.dtype());
  Tensor a = contiguous(cast(got, float64)), b = contiguous(cast(expected, float64));
  double tolerance = got.dtype() == float64 ? 1e-12 : 1e-5;
  for (int64_t i = 0; i < a.size(); ++i) {
    double x = a.raw<double>()[i], y = b.raw<double>()[i];
    if (std::isnan(x) != std::isnan(y) || (!std::isnan(y) && x != y && !(std::fabs(x - y) <= tolerance * (1 + std::fabs(y)))))
      return "element " + std::to_string(i) + " is " + std::to_string(x) + ", NumPy's is " + std::to_string(y);
  }
  return "";
}
struct Case {
  std::string name;
  std::function<Tensor()> call;
};
void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.name);
    std::string problem;
    try {
      problem = differs(c.call(), get(c.name));
    } catch (const Error& e) {
      problem = e.what();
    }
    CHECK(problem == "");
  }
}
// x after f wrote into a copy of it.
Tensor written(const Tensor& x, const std::function<void(Tensor&)>& f) {
  Tensor y = clone(x);
  f(y);
  return y;
}

const std::vector<double> kShares{0, 0.1, 0.25, 0.5, 0.77, 1};

}  // namespace

TEST_CASE("indexing by tensors gives NumPy's elements in NumPy's axes") {
  Tensor x = get("x"), m = get("m"), rows = tensor({{0}, {2}}), columns = tensor({1, 3, 1}), tf = tensor({true, false});
  check({
      {"index ids", [&] { return x[tensor({1, 0, -1})]; }},
      {"index ids slice", [&] { return x[{tensor({1, 0}), slice(1, 3)}]; }},
      {"index pair", [&] { return x[{tensor({1, 0}), tensor({2, -1})}]; }},
      {"index apart", [&] { return x[{tensor({1, 0}), slice(), tensor({2, -1})}]; }},
      {"index middle", [&] { return x[{slice(), rows, columns}]; }},
      {"index int apart", [&] { return x[{0, slice(), tensor({2, 3, 0})}]; }},
      {"index int beside", [&] { return x[{slice(), 1, tensor({2, 3, 0})}]; }},
      {"index ellipsis apart", [&] { return x[{tensor({1, 0}), ellipsis, tensor({2, -1})}]; }},
      {"index empty ellipsis", [&] { return x[{0, tensor({0, 1}), ellipsis, tensor({2, 0}), tensor({1, 1})}]; }},
      {"index newaxis apart", [&] { return x[{tensor({1, 0}), newaxis, tensor({2, 1})}]; }},
      {"index newaxis", [&] { return x[{newaxis, slice(), tensor({2, 1})}]; }},
      {"index mask", [&] { return x[remainder(x, 3) == 1]; }},
      {"index mask middle", [&] { return x[{slice(), m}]; }},
      {"index mask slice", [&] { return x[{slice(), m, slice(1, 3)}]; }},
      {"index mask ids", [&] { return x[{tensor({1}), m[{slice(), 0}]}]; }},
      {"index mask apart", [&] { return x[{tf, slice(), tensor({1, 2})}]; }},
      {"index scalar mask", [&] { return x[{tensor(true), 1}]; }},
      {"index no mask", [&] { return x[tensor(false)]; }},
      {"index number", [&] { return x[tensor(1)]; }},
      {"index reversed", [&] { return x[{slice({}, {}, -1), tensor({0, 2}), slice({}, {}, -2)}]; }},
  });
}

TEST_CASE("writing through tensors as indices") {
  Tensor x = get("x"), m = get("m"), line = arange(6) * 10;
  check({
      {"write mask", [&] { return written(x, [](Tensor& y) { y[remainder(y, 3) == 1] = -1; }); }},
      {"write twice", [&] { return written(x, [](Tensor& y) { y[tensor({1, 1, 0})] = reshape(tensor({5, 6, 7}), {3, 1, 1, 1}); }); }},
      {"write pair", [&] { return written(x, [](Tensor& y) { y[{tensor({1, 0}), slice(), tensor({2, -1})}] = reshape(arange(3), {3, 1}); }); }},
      {"write middle", [&] { return written(x, [&](Tensor& y) { y[{slice(), m, slice(1, 3)}] = arange(2); }); }},
      {"write add", [&] { return written(x, [](Tensor& y) { y[tensor({1, 1, 0})] += 100; }); }},
      {"write add_at", [&] { return written(x, [](Tensor& y) { add_at(y, {tensor({1, 1, 0}), slice(), tensor({0, 0, 3})}, tensor(100)); }); }},
      {"put", [&] { return written(line, [](Tensor& y) { put(y, tensor({1, -1, 3}), tensor({7, 8})); }); }},
      // The functional form agrees with the assignments.
      {"write twice", [&] { return index_put(x, tensor({1, 1, 0}), reshape(tensor({5, 6, 7}), {3, 1, 1, 1})); }},
      {"write middle", [&] { return index_put(x, {slice(), m, slice(1, 3)}, arange(2)); }},
      {"write add_at", [&] { return index_put(x, {tensor({1, 1, 0}), slice(), tensor({0, 0, 3})}, tensor(100), true); }},
  });
}

TEST_CASE("order and order statistics") {
  Tensor f = get("f"), g = get("g"), ties = get("ties");
  std::vector<Case> cases{
      {"sort", [&] { return sort(f); }},
      {"argsort", [&] { return argsort(f); }},
      {"sort 0", [&] { return sort(g, 0); }},
      {"argsort ties", [&] { return argsort(ties); }},
      {"lexsort", [&] { return lexsort({ties[0], ties[1]}); }},
      {"median", [&] { return median(g, {0, 2}); }},
      {"median nan", [&] { return median(f, 1); }},
      {"nanmedian", [&] { return nanmedian(f, 1); }},
      {"nanquantile", [&] { return nanquantile(f, 0.3, 1, "linear", true); }},
      {"percentile", [&] { return percentile(g, 40, {0, 1}); }},
  };
  for (const char* method : {"linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
                             "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"})
    cases.push_back({std::string("quantile ") + method, [&g, method] { return quantile(g, kShares, -1, method); }});
  for (std::string of : {"ties", "f"}) {
    Uniques u = unique_all(get(of));
    cases.push_back({"unique " + of, [u] { return u.values; }});
    cases.push_back({"unique index " + of, [u] { return u.index; }});
    cases.push_back({"unique inverse " + of, [u] { return u.inverse; }});
    cases.push_back({"unique counts " + of, [u] { return u.counts; }});
  }
  Tensor two = remainder(ties[{slice(), slice(2)}], 2);
  Uniques rows = unique_all(two, 0);
  cases.push_back({"unique rows", [&] { return rows.values; }});
  cases.push_back({"unique rows index", [&] { return rows.index; }});
  cases.push_back({"unique rows inverse", [&] { return rows.inverse; }});
  cases.push_back({"unique rows counts", [&] { return rows.counts; }});
  cases.push_back({"unique columns", [&] { return unique_all(two, 1).values; }});
  check(cases);
}

TEST_CASE("searching and counting") {
  Tensor f = get("f"), g = get("g"), ties = get("ties"), edges = tensor({-1.0, -0.5, 0.0, 0.25, 2.0}, float64);
  Tensor weights = slice_axis(reshape(g, {-1}), 0, 0, 36);
  check({
      {"searchsorted left", [&] { return searchsorted(tensor({1, 2, 2, 3}), ties); }},
      {"searchsorted right", [&] { return searchsorted(tensor({1, 2, 2, 3}), ties, "right"); }},
      {"searchsorted right", [&] { return searchsorted(tensor({2, 3, 1, 2}), ties, "right", tensor({2, 0, 3, 1})); }},
      {"searchsorted nan", [&] { return searchsorted(tensor({0., 1., double(NAN)}, float64), f); }},
      {"digitize", [&] { return digitize(g, edges); }},
      {"digitize right", [&] { return digitize(ties, tensor({3, 2, 0}), true); }},
      {"digitize down", [&] { return digitize(ties, tensor({3, 2, 0})); }},
      {"isin", [&] { return isin(ties, tensor({1, 4, 9})); }},
      {"bincount", [&] { return bincount(reshape(ties, {-1}), {}, 8); }},
      {"bincount weights", [&] { return bincount(reshape(ties, {-1}), weights); }},
      {"histogram", [&] { return histogram(g, 7).counts; }},
      {"histogram edges", [&] { return histogram(g, 7).edges; }},
      {"histogram density", [&] { return histogram(ties, 4, {{0, 4}}, {}, true).counts; }},
      {"histogram weights", [&] { return histogram(ties, tensor({0, 1, 1, 3, 4}), reshape(weights, {4, 9})).counts; }},
  });
}

TEST_CASE("differences, integrals and reductions without NaN") {
  Tensor f = get("f"), g = get("g"), ties = get("ties"), w = abs(g[0]) + 0.1;
  std::vector<Case> cases{
      {"diff", [&] { return diff(g, 2, 1, tensor(0., float64)); }},
      {"ediff1d", [&] { return ediff1d(ties, tensor(7), tensor({9, 8})); }},
      {"trapezoid", [&] { return trapezoid(g, 0.5, 1); }},
      {"trapezoid x", [&] { return trapezoid(g, tensor({0, 1, 4}), 1); }},
      {"nansum", [&] { return nansum(f, 0); }},
      {"nanprod", [&] { return nanprod(f, 0); }},
      {"nanmean", [&] { return nanmean(f, 0); }},
      {"nanvar", [&] { return nanvar(f, 0); }},
      {"nanmax", [&] { return nanmax(f, 0); }},
      {"nanmin", [&] { return nanmin(f, 0); }},
      {"nanargmax", [&] { return nanargmax(f, 1); }},
      {"average", [&] { return average(g[1], w, 0); }},
      {"average line", [&] { return average(g, tensor({1, 2, 3}, float64), 1); }},
      {"cov", [&] { return cov(g[0]); }},
      {"cov columns", [&] { return cov(g[0], false, 0); }},
      {"cov weights", [&] { return cov(g[0], true, 1, tensor({1, 2, 3, 1, 1, 2}), w[0]); }},
      {"corrcoef", [&] { return corrcoef(g[0]); }},
      {"norm inf", [&] { return norm(g, INFINITY, 1); }},
      {"norm -inf", [&] { return norm(g, -INFINITY, 1); }},
  };
  for (int p = 0; p < 4; ++p) cases.push_back({"norm " + std::to_string(p), [&g, p] { return norm(g, p, 1); }});
  check(cases);
}

TEST_CASE("shapes, joins and grids") {
  Tensor x = get("x"), ties = get("ties"), line = arange(6) * 10;
  std::vector<Case> cases{
      {"rot90", [&] { return rot90(x, 3, {1, 3}); }},
      {"rot90 1", [&] { return rot90(x); }},
      {"roll", [&] { return roll(x, 7); }},
      {"roll axes", [&] { return roll(x, {1, -2}, {1, 3}); }},
      {"moveaxis", [&] { return moveaxis(x, {0, 1}, {-1, 0}); }},
      {"rollaxis", [&] { return rollaxis(x, 3, 1); }},
      {"diagonal", [&] { return diagonal(x, -1, 2, 3); }},
      {"diag", [&] { return diag(line, -2); }},
      {"trace", [&] { return trace(x, 1, 1, 3); }},
      {"tril", [&] { return tril(x, -1); }},
      {"triu", [&] { return triu(x, 1); }},
      {"windows", [&] { return sliding_window_view(x, {2, 3}, {1, 3}); }},
      {"strided", [&] { return as_strided(line, {3, 2}, {-1, -2}, 5); }},
      {"tile", [&] { return tile(ties, {2, 1, 3}); }},
      {"repeat", [&] { return repeat(x, 2, 2); }},
      {"repeat each", [&] { return repeat(x, tensor({2, 0, 3}), 1); }},
      {"block", [&] { return block({{ties, ones({4, 2}, int64)}, {zeros({1, 11}, int64)}}); }},
      {"insert", [&] { return insert(x, tensor({1, 3, 1, -1}), reshape(arange(4), {4, 1}), 2); }},
      {"insert one", [&] { return insert(ties, tensor(2), tensor({1, 2, 3, 4}), 1); }},
      {"delete", [&] { return delete_at(x, tensor({0, -1}), 3); }},
      {"column_stack", [&] { return column_stack({ties[0], transpose(ties[slice(1, {})])}); }},
      {"dstack", [&] { return dstack({ties, ties + 1}); }},
      {"indices", [&] { return indices({2, 3}); }},
      {"geomspace", [&] { return geomspace(-1, -1000, 4, float64); }},
      {"logspace", [&] { return logspace(0, 2, 5, 3, float64); }},
      {"triu_indices", [&] { return stack(triu_indices(3, 5, 1)); }},
      {"meshgrid", [&] { return stack(meshgrid({line[slice(2)], line[slice(3)], line[slice(4)]})); }},
  };
  for (const char* mode : {"reflect", "symmetric", "edge", "wrap"})
    cases.push_back({std::string("pad ") + mode, [&x, mode] { return pad(x[0], {{2, 1}, {0, 9}, {6, 0}}, mode); }});
  check(cases);
}

TEST_CASE("products and Einstein sums") {
  Tensor a = get("a"), b = get("b"), c = get("c");
  Tensor a3 = a[{ellipsis, slice(3)}], square = a3[0], b0 = b[{0, slice(), slice(3)}];
  std::vector<Case> cases{
      {"tensordot", [&] { return tensordot(a, b, {1, 2}, {1, 0}); }},
      {"kron", [&] { return kron(a, c); }},
      {"cross", [&] { return cross(a3, b0); }},
      {"cross 2", [&] { return cross(a[{ellipsis, slice(2)}], b0); }},
      {"inner", [&] { return inner(a, transpose(b)); }},
      {"dot", [&] { return dot(a, swapaxes(b, 0, 1)); }},
  };
  auto sums = [&](const char* subscripts, const Tensors& operands) {
    cases.push_back({std::string("einsum ") + subscripts, [=] { return einsum(subscripts, operands); }});
  };
  sums("ijk,kjl,li->", {a, b, c});
  sums("ijk,kjl,li->i", {a, b, c});
  sums("ijk,kjl,lm", {a, b, c});
  sums("ijk->kj", {a});
  sums("...i,ij->...j", {b, c});
  sums("iji->j", {a[{ellipsis, slice(2)}]});
  sums("ii", {square});
  sums("i...,i...->...", {a, a});
  sums("ij,kl->ikjl", {c, c});
  sums("ijk,ijk->ij", {a, a});
  sums("bij,bjk->bik", {a, swapaxes(a, 1, 2)});
  sums("ij,ij,ij->j", {c, c, c});
  sums("...,...", {a, a[{slice(1), slice(1)}]});
  sums("ii,i->i", {square, square[{slice(), 0}]});
  check(cases);
}
