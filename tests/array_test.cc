// What rows and stored answers cannot say of the array functions: errors, views, writing rules, slopes at zeros, empties, threads.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "autograd/gradcheck.h"
#include "reel.h"

using namespace reel;

namespace {

const GradcheckOptions kTwice{.rtol = 1e-5, .atol = 1e-7, .second_order = true};

Tensor noise(const Shape& shape, unsigned seed, DType dtype = float64) {
  std::mt19937 r(seed);
  std::uniform_real_distribution<double> d(-2, 2);
  Tensor x = empty(shape, float64);
  for (double& v : x.mutable_values<double>()) v = d(r);
  return cast(x, dtype);
}
bool same(const Tensor& a, const Tensor& b) {
  Tensor x = contiguous(a), y = contiguous(b);
  return x.shape() == y.shape() && x.dtype() == y.dtype() && (x.size() == 0 || std::memcmp(x.raw(), y.raw(), size_t(x.bytes())) == 0);
}
// f's answer is the same for one thread and for two.
template <class F> bool same_for_any_threads(F&& f) {
  set_num_threads(1);
  Tensor one = f();
  set_num_threads(2);
  Tensor two = f();
  set_num_threads(0);
  return same(one, two);
}

}  // namespace

TEST_CASE("an index tensor out of range names value, axis and extent, and nothing is written") {
  Tensor x = zeros({3, 4});
  CHECK_THROWS_WITH_AS(x[tensor({0, 3})], doctest::Contains("index: index 3 of axis 0 with 3 elements"), IndexError);
  CHECK_THROWS_WITH_AS(x[tensor({0, 3})], doctest::Contains("array_test.cc:"), IndexError);
  CHECK_THROWS_WITH_AS((x[{slice(), tensor({-5})}]), doctest::Contains("index -5 of axis 1 with 4 elements"), IndexError);
  CHECK_THROWS_WITH_AS((x[{tensor({0, 5}), tensor({0, 0})}] = 1), doctest::Contains("index 5 of axis 0"), IndexError);
  CHECK_THROWS_WITH_AS(x[tensor({true, false})], doctest::Contains("a mask of shape [2] for axis 0 with 3 elements"), IndexError);
  CHECK_THROWS_WITH_AS(x[tensor({0.5})], doctest::Contains("must hold integers or bools, not float32"), DTypeError);
  CHECK_THROWS_WITH_AS((x[{tensor({0}), 0, tensor({0})}]), doctest::Contains("3 indices for 2 axes"), IndexError);
  CHECK_THROWS_AS((x[{tensor({0, 1}), tensor({0, 1, 2})}]), ShapeError);
  CHECK_THROWS_AS((x[{tensor({0, 1}), 4}]), IndexError);
  CHECK_THROWS_WITH_AS(x[Tensor()], doctest::Contains("index: an operand is an empty Tensor"), Error);
  CHECK_THROWS_AS((x[{tensor({0}), Tensor()}]), Error);
  CHECK_THROWS_WITH_AS(x[tensor({0, 1})] = ones({3, 4}), doctest::Contains("a value of shape [3, 4] does not broadcast to [2, 4]"), ShapeError);
  CHECK_THROWS_WITH_AS(x[tensor({0, 1})] += ones({2, 2, 4}), doctest::Contains("is not written into a"), ShapeError);
  CHECK_THROWS_AS(index_put(x, tensor({7}), tensor(1.)), IndexError);
  CHECK_THROWS_AS(index_put(x, tensor({1, 2}), ones({3})), ShapeError);
  CHECK_THROWS_AS(put(x, tensor({12}), tensor(1.)), IndexError);
  CHECK(same(x, zeros({3, 4})));
}

TEST_CASE("a name given to an indexing expression is a tensor like any other") {
  Tensor x = tensor({1., 2., 3.}), y = tensor({7., 8.});
  auto z = x[tensor({0, 2})];
  z = y;
  CHECK(z.get() == y.get());
  z = x[tensor({1})];
  z += 10;
  CHECK(to_string(z) == "[12.]");
  auto w = x[tensor({0})];
  w = z;
  CHECK(w.get() == z.get());
  CHECK(to_string(x) == "[1. 2. 3.]");
  z = y;
  CHECK_THROWS_AS(std::move(z) = y, Error);  // no longer an expression that writes
}

TEST_CASE("writing through index tensors keeps the rules of writing in place") {
  Tensor x = zeros({4}), alias = x, mask = tensor({true, false, true, false});
  x[mask] = tensor({1., 2.}, float64);
  CHECK(to_string(alias) == "[1. 0. 2. 0.]");
  x[tensor({3, 3})] += 5;
  x[tensor({0, 0, 2})] *= tensor({2., 3., 4.});
  CHECK(to_string(x) == "[3. 0. 8. 5.]");
  x[tensor({1, 2, 3})] = x[tensor({0, 1, 2})];  // read before it is written
  CHECK(to_string(x) == "[3. 3. 0. 8.]");
  Tensor n = arange(4);
  n[n] = tensor({3, 2, 1, 0});  // the index is the target
  CHECK(to_string(n) == "[3 2 1 0]");
  CHECK_THROWS_AS(n[tensor({0})] += 0.5, DTypeError);
  // A saved value that is overwritten is noticed; variables and recorded values are refused.
  Tensor w = variable(tensor({1., 2.}), "w"), c = tensor({3., 4.}), loss = sum(w * c);
  c[tensor({0})] = 9;
  CHECK_THROWS_WITH_AS(backward(loss), doctest::Contains("was overwritten"), TapeError);
  CHECK_THROWS_AS(w[tensor({0})] = 1, TapeError);
  CHECK_THROWS_AS((w * 2)[tensor({0})] = 1, TapeError);
  CHECK_THROWS_WITH_AS(c[tensor({0})] = w[0], doctest::Contains("index_put makes a new tensor"), TapeError);
  CHECK_THROWS_AS(add_at(w, tensor({0}), tensor(1.)), TapeError);
  CHECK_THROWS_AS(broadcast_to(zeros({1}), {3})[tensor({0})] = 1, ShapeError);
  {
    NoGrad no_grad;
    w[tensor({true, false})] = 7;
  }
  CHECK(to_string(w) == "[7. 2.]");
  Tensor big = zeros({600, 500}), ids = remainder(arange(400000) * 7919, 600);
  CHECK(same_for_any_threads([&] {
    Tensor y = clone(big);
    y[{ids, remainder(arange(400000) * 31, 500)}] = cast(arange(400000), float32);
    return y;
  }));
}

TEST_CASE("an indexing expression by tensors is a tensor like others") {
  Tensor x = arange(5), y = x[tensor({4, 0})];
  y = x[tensor({1, 2})];  // another handle, not a write
  CHECK(to_string(x) == "[0 1 2 3 4]");
  CHECK(to_string(y) == "[1 2]");
  CHECK(x[tensor({3})].item<int64_t>() == 3);
  CHECK((x[tensor({1, 2})] * 2).at<int64_t>(1) == 4);
  CHECK(x[empty({0, 2}, int64)].shape() == Shape{0, 2});
  CHECK(zeros({0, 3})[empty({0}, int64)].shape() == Shape{0, 3});
  CHECK(zeros({2, 0})[tensor({{1, 0}})].shape() == Shape{1, 2, 0});
  CHECK(tensor(3)[tensor(true)].shape() == Shape{1});
  CHECK(nonzero(tensor({{0, 1}, {2, 0}}))[0].at<int64_t>(1) == 1);
  CHECK(argwhere(tensor(5)).shape() == Shape{1, 0});
  CHECK_THROWS_AS(nonzero(tensor(5)), ShapeError);
  CHECK(same(ravel_multi_index(unravel_index(arange(24), {2, 3, 4}), {2, 3, 4}), arange(24)));
  CHECK_THROWS_AS(unravel_index(tensor({24}), {2, 3, 4}), IndexError);
}

TEST_CASE("of elements named more than once the last update has the gradient; ties share it") {
  Tensor x = variable(zeros({3})), v = variable(tensor({1., 2., 3.}));
  backward(sum(index_put(x, tensor({1, 1, 0}), v) * tensor({1., 10., 100.})));
  CHECK(to_string(gradient(v)) == "[ 0. 10.  1.]");
  CHECK(to_string(gradient(x)) == "[  0.   0. 100.]");
  Tensor u = variable(tensor({2., 2., 1.})), b = variable(tensor({2., 0.}));
  backward(sum(scatter_reduce(b, 0, tensor({0, 0, 1}), u, "amax")));
  CHECK(gradient(b).at<float>(0) == doctest::Approx(1 / 3.));
  CHECK(gradient(u).at<float>(1) == doctest::Approx(1 / 3.));
  CHECK(gradient(u).at<float>(2) == 1);
}

TEST_CASE("products have slopes at zeros, to second order") {
  Tensor one = tensor({{2., 0., 3., -1.}, {1., 2., 3., 4.}}, float64), two = tensor({{2., 0., 3., 0.}, {0., 0., 0., 4.}}, float64);
  for (const Tensor& x : {one, two}) {
    CHECK(gradcheck([](const Tensors& v) { return cumprod(v[0], 1); }, {x}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& v) { return cumprod(v[0], 0); }, {x}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& v) { return prod(v[0], 1); }, {x}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& v) { return prod(v[0], {0, 1}); }, {x}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& v) { return nanprod(v[0], 0); }, {x}, kTwice) == "");
    CHECK(gradcheck([](const Tensors& v) { return segment_prod(v[0], tensor({0, 0})); }, {x}, kTwice) == "");
    Tensor ids = tensor({2, 0, 2, 2, 1, 2, 0, 2}), flat = reshape(x, {8});
    CHECK(gradcheck([&](const Tensors& v) { return segment_prod(v[0], ids, 4); }, {flat}, kTwice) == "");
    for (bool include : {true, false}) {
      auto product = [&](const Tensors& v) { return scatter_reduce(v[0], 1, tensor({{0, 0, 0, 3}, {2, 2, -2, 0}}), v[1], "prod", include); };
      CHECK(gradcheck(product, {x, flip(x, 1)}, kTwice) == "");
    }
  }
  CHECK(cumprod(tensor({2., 0., INFINITY}), 0).at<float>(1) == 0);
  Tensor x = variable(tensor({-INFINITY, -INFINITY, 1., 2.}, float64)), y = logcumsumexp(x, 0);
  CHECK(y.at<double>(1) == -INFINITY);
  backward(sum(y[slice(2, {})]));
  CHECK(gradient(x).at<double>(0) == 0);
  CHECK(gradient(x).at<double>(3) == doctest::Approx(1 / (1 + std::exp(-1.))));
  CHECK(logcumsumexp(tensor({1000., 1000.}), 0).at<float>(1) == doctest::Approx(1000.6931));
  CHECK(gradcheck([](const Tensors& v) { return norm(v[0], 2, 1); }, {one}, kTwice) == "");
  Tensor zero = variable(zeros({3}));
  backward(norm(zero));
  CHECK(to_string(gradient(zero)) == "[0. 0. 0.]");
}

TEST_CASE("NaN stands last, and zeros of either sign are equal") {
  const float nan = NAN;
  Tensor x = tensor({2.f, nan, -1.f, 0.f, -0.f, INFINITY, -INFINITY});
  CHECK(to_string(argsort(x)) == "[6 2 3 4 0 5 1]");
  CHECK(to_string(argsort(x, -1, true)) == "[5 0 3 4 2 6 1]");
  CHECK(std::signbit(sort(tensor({0.f, -0.f})).at<float>(1)));
  CHECK(std::isnan(topk(x, 2).values.at<float>(0)));
  CHECK(topk(x, 2, 0, false).indices.at<int64_t>(1) == 2);
  CHECK(std::isnan(cummax(x, 0).values.at<float>(6)));
  CHECK(cummax(tensor({1, 3, 3, 2}), 0).indices.at<int64_t>(2) == 2);
  CHECK(unique(tensor({nan, 1.f, nan})).size() == 2);
  CHECK(same(unique_consecutive(tensor({1, 1, 2, 2, 1})).values, tensor({1, 2, 1})));
  CHECK(same(unique_consecutive(tensor({1, 1, 2, 2, 1})).counts, tensor({2, 2, 1})));
  // Integers whose keys share a word with their positions and such as are counted, and others that lie too far apart for it.
  Tensor mixed = remainder(arange(3000) * 7919, 1013) - 500;
  for (DType t : {int64, int32, int16, int8, uint8})
    for (int64_t far : {int64_t(0), int64_t(1) << 40, std::numeric_limits<int64_t>::max() - 600}) {
      if (far && t != int64) continue;
      Tensor y = cast(mixed, t) + cast(full({}, far, int64), t), order = argsort(y), back = argsort(y, -1, true), z = take(y, order);
      if (far) y = concat({y, tensor({-far, far})}), order = argsort(y), back = argsort(y, -1, true), z = take(y, order);
      int64_t n = y.size();
      Tensor left = slice_axis(z, 0, 0, n - 1), right = slice_axis(z, 0, 1, n - 1), down = take(y, back);
      CHECK(all(logical_or(left < right, logical_and(left == right, diff(order) > 0))).item<bool>());
      CHECK(same(flip(down, 0), z));
      CHECK(all(logical_or(slice_axis(down, 0, 0, n - 1) > slice_axis(down, 0, 1, n - 1), diff(back) > 0)).item<bool>());
      Uniques u = unique_all(y), runs = unique_consecutive(z);
      CHECK(same(u.values, runs.values));
      CHECK(same(u.counts, runs.counts));
      CHECK(same(take(order, runs.index), u.index));
      CHECK(same(take(u.values, u.inverse), y));
    }
  CHECK(mode(tensor({3, 1, 3, 1})).values.item<int64_t>() == 1);
  for (DType t : {int64, float64, int32, float32, int16, uint8, float16, bfloat16}) {
    Tensor y = cast(noise({3, 5000}, 4) * 60, t), z = sort(y, 1);
    CHECK(same(take_along_axis(y, argsort(y, 1), 1), z));
    CHECK(all(z[{slice(), slice(1, {})}] >= z[{slice(), slice(-1)}]).item<bool>());
    CHECK(same(topk(y, 9, 1, false).values, z[{slice(), slice(9)}]));
    CHECK(same(topk(y, 9, 1).indices, argsort(y, 1, true)[{slice(), slice(9)}]));
    CHECK(same(flip(z, 1), sort(y, 1, true)));
  }
  // Long rows, of which most is passed over many elements at a time.
  Tensor odd = arange(20011) % 500 == 70;
  for (DType t : {float32, float64}) {
    Tensor y = noise({2, 20011}, 5, t);
    for (double value : {double(NAN), double(INFINITY), -double(INFINITY), 0.25}) {
      for (const Tensor& row : {where(odd, value, y), where(odd, y, value)}) {
        CHECK(same(topk(row, 300, 1, false).indices, argsort(row, 1)[{slice(), slice(300)}]));
        CHECK(same(topk(row, 300, 1).indices, argsort(where(isnan(row), INFINITY, row), 1, true)[{slice(), slice(300)}]));
        CHECK(same(kthvalue(row, 41, 1).indices, argsort(row, 1)[{slice(), slice(40, 41)}][{slice(), 0}]));
      }
    }
  }
}

TEST_CASE("order, scans and sums give the same bits for any number of threads") {
  Tensor x = noise({300, 700}, 1, float32), ids = remainder(arange(300) * 17, 40);
  CHECK(same_for_any_threads([&] { return argsort(x, 0); }));
  CHECK(same_for_any_threads([&] { return cumsum(x, 0); }));
  CHECK(same_for_any_threads([&] { return cumprod(x, 1); }));
  CHECK(same_for_any_threads([&] { return segment_prod(x, ids); }));
  CHECK(same_for_any_threads([&] { return segment_max(x, ids); }));
  CHECK(same_for_any_threads([&] { return histogram(x, 50).counts; }));
  CHECK(same_for_any_threads([&] { return flatnonzero(x > 0); }));
  CHECK(same_for_any_threads([&] { return einsum("ij,kj,il->kl", {x, x, x}); }));
}

TEST_CASE("views share storage, and the functions that say so make them") {
  Tensor x = arange(24), m = reshape(x, {2, 3, 4});
  auto shares = [&](const Tensor& y) { return y.body().storage == x.body().storage; };
  CHECK(shares(diagonal(m, 1, 1, 2)));
  CHECK(shares(moveaxis(m, 0, 2)));
  CHECK(shares(rot90(m, 3)));
  CHECK(shares(unstack(m, 1)[2]));
  CHECK(shares(array_split(x, 5)[4]));
  CHECK(shares(sliding_window_view(m, {2}, {2})));
  CHECK(shares(as_strided(x, {4, 4}, {5, 1})));
  CHECK(shares(atleast_3d(x)));
  CHECK(shares(trim_zeros(x)));
  CHECK(!shares(tile(x, {1})));
  CHECK(!shares(m[tensor({0, 1})]));
  diagonal(m[0])[0] = 100;
  CHECK(x.at<int64_t>(0) == 100);
  CHECK(diagonal(zeros({2, 3}), 7).shape() == Shape{0});
  CHECK(diagonal(zeros({2, 3}), -9).shape() == Shape{0});
  CHECK(sliding_window_view(zeros({3}), {3}).shape() == Shape{1, 3});
  CHECK(same(chunk(arange(5), 3)[2], tensor({4})));
  CHECK(chunk(arange(7), 5).size() == 4);
  CHECK(same(reshape(sliding_window_view(transpose(m), {2}, {0})[{1, 0, 1}], {2}), tensor({13, 14})));
}

TEST_CASE("empty tensors and tensors of no axes") {
  Tensor none = zeros({0}), number = tensor(3.);
  CHECK(sort(none).size() == 0);
  CHECK(cumsum(zeros({2, 0}), 1).shape() == Shape{2, 0});
  CHECK(cumprod(zeros({0, 2}), 0).shape() == Shape{0, 2});
  CHECK(std::isnan(median(none).item()));
  CHECK(std::isnan(quantile(zeros({2, 0}), 0.5, 1).at<float>(1)));
  CHECK(median(number).item() == 3);
  CHECK(unique(none).size() == 0);
  CHECK(unique_all(zeros({0, 3}), 0).values.shape() == Shape{0, 3});
  CHECK(bincount(zeros({0}, int64)).size() == 0);
  CHECK(histogram(none, 3).counts.size() == 3);
  CHECK(isin(none, none).size() == 0);
  CHECK(!isin(number, none).item<bool>());
  CHECK(tile(none, {3}).size() == 0);
  CHECK(roll(none, 2).size() == 0);
  CHECK(segment_sum(zeros({0, 3}), zeros({0}, int64)).shape() == Shape{0, 3});
  CHECK(same(segment_sum(zeros({0, 3}), zeros({0}, int64), 2), zeros({2, 3})));
  CHECK(embedding_bag(ones({2, 3}), zeros({0}, int64), tensor({0, 0})).shape() == Shape{2, 3});
  CHECK(einsum("ij,jk", {zeros({2, 0}), zeros({0, 3})}).shape() == Shape{2, 3});
  CHECK(tensordot(number, number, 0).item() == 9);
  CHECK(outer(none, ones({2})).shape() == Shape{0, 2});
  CHECK(norm(none).item() == 0);
  CHECK(nanmax(tensor({double(NAN), double(NAN)})).item() != nanmax(tensor({1.})).item());
  CHECK(softmax(number, Axes{}).item() == 1);
  CHECK(meshgrid({}).empty());
  CHECK(same(multi_dot({ones({3}), ones({3, 2}), ones({2})}), full({}, 6.)));
  CHECK(same(linalg::matrix_power(tensor({{1, 1}, {1, 0}}), 10), tensor({{89, 55}, {55, 34}})));
}

TEST_CASE("integrals along any axis, of parts of long lines too") {
  for (int axis : {0, 1, 2}) {
    Tensor x = noise({3, 70, 67}, unsigned(axis)), half = full({x.shape()[axis]}, 0.5);
    half[0] = 0.25;
    half[-1] = 0.25;
    Shape line{1, 1, 1};
    line[axis] = x.shape()[axis];
    CHECK(max(abs(trapezoid(x, 0.5, axis) - sum(x * reshape(half, line), axis))).item() < 1e-12);
  }
  Tensor longer = noise({2, 200000}, 4, float32);
  CHECK(max(abs(cast(trapezoid(longer), float64) - trapezoid(cast(longer, float64)))).item() < 1e-3);
  CHECK(same_for_any_threads([&] { return trapezoid(longer); }));
  CHECK(trapezoid(ones({200000})).item() == 199999);
  CHECK(gradcheck([](const Tensors& v) { return square(trapezoid(v[0], 0.5, 0)); }, {noise({3, 2}, 5)}, kTwice) == "");
  CHECK(gradcheck([](const Tensors& v) { return square(trapezoid(v[0])); }, {noise({2, 1}, 5)}, kTwice) == "");
}

TEST_CASE("bags of a batch of tables, and of a batch of ids") {
  Tensor tables = reshape(cast(arange(24), float64), {2, 4, 3}), ids = tensor({{3, 0, 1, 1, 2, 0, 3}, {1, 1, 2, 0, 0, 3, 2}}), starts = tensor({0, 5, 5});
  for (const char* fold : {"sum", "mean"}) {
    Tensor y = vmap([&](const Tensor& t) { return embedding_bag(t, ids[0], starts, fold); })({tables})[0];
    Tensor z = vmap([&](const Tensor& at) { return embedding_bag(tables[0], at, starts, fold); })({ids})[0];
    for (int64_t i = 0; i < 2; ++i) {
      CHECK(all(y[i] == embedding_bag(tables[i], ids[0], starts, fold)).item<bool>());
      CHECK(all(z[i] == embedding_bag(tables[0], ids[i], starts, fold)).item<bool>());
    }
  }
  // Bags that end in their first, their fourth and a later row, one that is empty.
  Tensor table = variable(ones({4, 3}));
  Tensor bags = embedding_bag(table, ids[0], starts, "sum");
  CHECK(to_string(bags) == "[[5. 5. 5.]\n [0. 0. 0.]\n [2. 2. 2.]]");
  backward(sum(bags * tensor({{1.}, {10.}, {100.}})));
  CHECK(to_string(gradient(table)) == "[[101. 101. 101.]\n [  2.   2.   2.]\n [  1.   1.   1.]\n [101. 101. 101.]]");
}

TEST_CASE("mistakes name the function, the numbers and the line") {
  Tensor x = ones({2, 3}), line = arange(4);
  CHECK_THROWS_WITH_AS(sort(x, 2), doctest::Contains("axis 2 is outside the 2 axes"), IndexError);
  CHECK_THROWS_WITH_AS(sort(x, 2), doctest::Contains("array_test.cc:"), IndexError);
  CHECK_THROWS_AS(sort(tensor(1.)), IndexError);
  CHECK_THROWS_WITH_AS(topk(x, 4), doctest::Contains("4 elements of axis 1 with 3"), IndexError);
  CHECK_THROWS_AS(kthvalue(x, 0), IndexError);
  CHECK_THROWS_WITH_AS(partition(x, 3), doctest::Contains("kth 3 of axis 1 with 3 elements"), IndexError);
  CHECK_THROWS_WITH_AS(quantile(x, 1.5), doctest::Contains("outside [0, 1]"), Error);
  CHECK_THROWS_WITH_AS(quantile(x, 0.5, {}, "linar"), doctest::Contains("\"linear\""), Error);
  CHECK_THROWS_WITH_AS(bincount(tensor({1, -2})), doctest::Contains("negative number -2"), IndexError);
  CHECK_THROWS_AS(bincount(tensor({1.})), DTypeError);
  CHECK_THROWS_WITH_AS(digitize(x, tensor({1, 3, 2})), doctest::Contains("bins must ascend or descend"), Error);
  CHECK_THROWS_AS(searchsorted(x, x), ShapeError);
  CHECK_THROWS_AS(histogram(x, 0), ShapeError);
  CHECK_THROWS_AS(histogram(tensor({double(NAN)}), 3), Error);
  CHECK_THROWS_WITH_AS(scatter_reduce(x, 0, tensor({{0}}), x, "max"), doctest::Contains("\"amax\""), Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, tensor({{3}})), doctest::Contains("gather: index 3 at position [0, 0] is outside the 3 elements of the axis"), IndexError);
  CHECK_THROWS_WITH_AS(index_copy(x, tensor({0}), ones({2, 3})), doctest::Contains("updates must be [1, 3]"), ShapeError);
  CHECK_THROWS_AS(segment_sum(x, tensor({0, -9})), IndexError);
  CHECK_THROWS_AS(segment_sum(x, tensor({0})), ShapeError);
  CHECK_THROWS_WITH_AS(embedding_bag(x, tensor({0, 1}), tensor({0, 5})), doctest::Contains("bag 0 runs from 0 to 5 of 2 ids"), IndexError);
  CHECK_THROWS_WITH_AS(masked_scatter(x, ones({2, 3}, boolean), ones({5})), doctest::Contains("6 elements, source has 5"), ShapeError);
  CHECK_THROWS_AS(masked_fill(x, ones({4, 2, 3}, boolean), 1), ShapeError);
  CHECK_THROWS_AS(masked_fill(x, x, 1), DTypeError);
  CHECK_THROWS_WITH_AS(as_strided(line, {3, 2}, {2, 1}), doctest::Contains("as_strided: elements from 0"), IndexError);
  CHECK_THROWS_AS(as_strided(line, {2}, {-1}), IndexError);
  CHECK_THROWS_AS(as_strided(line, {1 << 30, 1 << 30}, {int64_t(1) << 40, int64_t(1) << 40}), IndexError);
  CHECK_THROWS_AS(sliding_window_view(line, {5}), ShapeError);
  CHECK_THROWS_AS(pad(zeros({0}), {{1, 0}}, "edge"), ShapeError);
  CHECK_THROWS_WITH_AS(pad(x, {{1, 0}, {0, 0}}, "mirror"), doctest::Contains("\"reflect\""), Error);
  CHECK_THROWS_AS(tile(x, {int64_t(1) << 62}), Error);
  CHECK_THROWS_AS(repeat(x, int64_t(1) << 62), Error);
  CHECK_THROWS_AS(repeat(x, tensor({1, -1}), 0), ShapeError);
  CHECK_THROWS_AS(insert(line, tensor(5), tensor(1), 0), IndexError);
  CHECK_THROWS_AS(delete_at(line, tensor({4}), 0), IndexError);
  CHECK_THROWS_AS(block({{x, x}, x}), ShapeError);
  CHECK_THROWS_AS(moveaxis(x, {0, 0}, {0, 1}), IndexError);
  CHECK_THROWS_AS(geomspace(0, 1), Error);
  CHECK_THROWS_WITH_AS(einsum("ij,jk", {x, x}), doctest::Contains("j is 3 and, in operand 1, 2"), ShapeError);
  CHECK_THROWS_WITH_AS(einsum("ij->k", {x}), doctest::Contains("k stands in the answer only"), ShapeError);
  CHECK_THROWS_AS(einsum("i", {x}), ShapeError);
  CHECK_THROWS_AS(einsum("ij,ij", {x}), ShapeError);
  CHECK_THROWS_AS(einsum("i1", {x}), ShapeError);
  CHECK_THROWS_WITH_AS(tensordot(x, x, {0}, {1}), doctest::Contains("axis 0 of a has 2 elements, axis 1 of b 3"), ShapeError);
  CHECK_THROWS_AS(cross(ones({4}), ones({4})), ShapeError);
  CHECK_THROWS_AS(linalg::matrix_power(x, 2), ShapeError);
  CHECK_THROWS_AS(multi_dot({x, x}), ShapeError);
  CHECK_THROWS_AS(linear_recurrence(x, line, 0), ShapeError);
  CHECK_THROWS_AS(diff(x, -1), ShapeError);
  CHECK_THROWS_AS(average(x, ones({2})), ShapeError);
}

TEST_CASE("what has no values yet is refused where values are read, and shaped where they are not") {
  Tensor x = nn::Input({4});
  CHECK(sort(x).rank() == 2);
  CHECK(cumsum(x, 1).rank() == 2);
  CHECK_THROWS_AS(unique(x), DeviceError);
  CHECK_THROWS_AS(median(x), DeviceError);
  CHECK_THROWS_AS(mode(x), DeviceError);
  CHECK_THROWS_AS(histogram(x, 3), DeviceError);
  CHECK_THROWS_AS(isin(x, ones({2})), DeviceError);
  CHECK_THROWS_AS(nonzero(x), DeviceError);
  CHECK_THROWS_AS(x[x > 0], DeviceError);
  CHECK_THROWS_AS(ones({3})[cast(x, int64)], DeviceError);
  CHECK_THROWS_AS(gather(ones({3, 4}), 0, cast(x, int64)), DeviceError);
  CHECK_THROWS_AS(bincount(cast(reshape(x, {-1}), int64)), DeviceError);
}

TEST_CASE("integer products of every dtype") {
  for (DType t : {uint8, int8, int16, int32, int64}) {
    Tensor a = cast(reshape(arange(6), {2, 3}), t), y = matmul(a, transpose(a));
    CHECK(y.dtype() == t);
    CHECK(same(cast(y, int64), tensor({{5, 14}, {14, 50}})));
    CHECK(same(einsum("ij,kj->ik", {a, a}), y));
  }
}

TEST_CASE("counting many numbers gives the same for any number of threads, few bins or many") {
  Generator g{12};
  for (int64_t bins : {1, 7, 1000, 90000}) {
    Tensor x = randint({300000}, 0, bins, int64, g);
    std::vector<int64_t> expected(size_t(bins), 0);
    for (int64_t i = 0; i < x.size(); ++i) ++expected[size_t(x.raw<const int64_t>()[i])];
    for (int threads : {1, 2}) {
      set_num_threads(threads);
      Tensor counts = bincount(x, {}, bins);
      set_num_threads(0);
      REQUIRE(counts.size() == bins);
      CHECK(std::equal(expected.begin(), expected.end(), counts.raw<const int64_t>()));
    }
  }
}

TEST_CASE("a padded array has its value all around, for every size of element") {
  for (DType t : {uint8, float16, float32, int64, complex128}) {
    CAPTURE(name(t));
    for (int64_t width : {1, 5, 4100}) {
      Tensor x = cast(full({3, width}, 2), t), y = pad(x, {{2, 1}, {4, 3}}, 7);
      REQUIRE(y.shape() == Shape{6, width + 7});
      Tensor inside = slice_axis(slice_axis(y, 0, 2, 3), 1, 4, width);
      CHECK(array_equal(inside, x));
      CHECK(count_nonzero(y == cast(full({}, 7), t)).item<int64_t>() == y.size() - x.size());
    }
  }
}
