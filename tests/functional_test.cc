// Models in models: symbolic graphs, Sequentials and structs inside one another, shared layers and plain ops.
#include <doctest/doctest.h>

#include "reel.h"

using namespace reel;

namespace {
template <class M> std::string names(const M& model) {
  std::string s;
  for (auto& [path, w] : nn::weights(model)) s += (s.empty() ? "" : " ") + path;
  return s;
}
bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && all(a == b).item<bool>(); }
}  // namespace

TEST_CASE("a Sequential and a functional model as layers of others") {
  nn::Sequential body({nn::Dense(4, {.activation = "relu"}), nn::Flatten()}, {.name = "body"}), tail{nn::Dense(2)};
  nn::Sequential whole{body, tail};
  Tensor x = ones({3, 5});
  CHECK(same(whole(x), tail(body(x))));
  CHECK(names(whole) == "body/dense/kernel body/dense/bias sequential/dense/kernel sequential/dense/bias");
  nn::Sequential copy = whole;
  CHECK(copy.record() == whole.record());
  nn::Sequential braced({body, tail});
  CHECK(braced.layers().size() == 2);

  Tensor in = nn::Input({5});
  nn::Model inner(in, nn::Dense(5)(body(in)), {.name = "inner"});
  Tensor again = nn::Input({5});
  nn::Model outer(again, inner(inner(again)) + again);
  CHECK(outer.layers().size() == 1);  // called twice, there once
  CHECK(same(outer(x), inner(inner(x)) + x));
  CHECK(names(outer) == "inner/body/dense/kernel inner/body/dense/bias inner/dense/kernel inner/dense/bias");
  CHECK(outer.count_params() == 5 * 4 + 4 + 4 * 5 + 5);
  nn::Sequential around{outer, nn::Dense(1)};
  CHECK(around(x).shape() == Shape{3, 1});
  CHECK(outer.summary().find("inner (Functional)") != std::string::npos);
}

TEST_CASE("plain ops and variables on symbolic inputs belong to the model") {
  Tensor w = variable(ones({5, 2}), "w"), in = nn::Input({5});
  nn::Model m(in, relu(10 - (matmul(in, w) - 1)));
  Tensor x = ones({3, 5});
  CHECK(same(m(x), full({3, 2}, 6)));
  CHECK_THROWS_WITH_AS(nn::Model(in, in + detach(in)), doctest::Contains("symbolic but not computed from nn::Input"), Error);
  CHECK_THROWS_AS(nn::Model(in, detach(in)), Error);
  CHECK(names(m) == "w");
  m.compile({.optimizer = nn::SGD({.learning_rate = 0.5}), .loss = "mse"});
  m.train_on_batch(x, zeros({3, 2}));
  CHECK(w.at<float>(0, 0) > 1);
}

TEST_CASE("several inputs and outputs; structs, Flatten and Dropout on symbolic tensors") {
  struct Twice {
    nn::Dense dense{3};
    Tensor operator()(const Tensor& x) const { return dense(dense(x)); }
  };
  Tensor image = nn::Input({4, 4, 1}), side = nn::Input({3});
  Training on;
  Tensor flat = nn::Dropout(0.5)(nn::Flatten()(image));
  CHECK(flat.shape()[1] == 16);
  Twice twice;
  nn::Model m({image, side}, {nn::Dense(2)(nn::concatenate({flat, twice(side)})), side * 2}, {.name = "forked"});
  Training off(false);
  Tensors y = m.outputs({ones({2, 4, 4, 1}), ones({2, 3})});
  CHECK(y.size() == 2);
  CHECK(y[0].shape() == Shape{2, 2});
  CHECK(same(y[1], full({2, 3}, 2)));
  CHECK_THROWS_WITH_AS(m({ones({2, 4, 4, 1}), ones({2, 3})}), doctest::Contains("Model: has 2 outputs: outputs(x) gives them all"), Error);
  // What Dropout does is decided when the model runs, and anew each time.
  nn::Model dropped(image, flat);
  Tensor x = ones({2, 4, 4, 1});
  CHECK(same(dropped(x), ones({2, 16})));
  Training again;
  Tensor first = dropped(x);
  CHECK_FALSE(same(first, ones({2, 16})));
  CHECK_FALSE(same(first, dropped(x)));
}

TEST_CASE("a user's functions as loss, activation and initializer") {
  nn::Sequential model{nn::Dense(2, {.activation = [](const Tensor& x) { return x * 3; }, .kernel_initializer = 1, .bias_initializer = 0.5})};
  CHECK(same(model(ones({1, 2})), full({1, 2}, 7.5)));
  model.compile({.optimizer = "sgd", .loss = [](const Tensor& t, const Tensor& p) { return mean(abs(t - p), -1); },
                 .metrics = {nn::Metric("half", [](const Tensor& t, const Tensor&) { return t * 0 + 0.5; })}});
  nn::Logs logs = model.train_on_batch(ones({1, 2}), zeros({1, 2}));
  CHECK(logs["loss"] == 7.5);
  CHECK(logs["half"] == 0.5);
}

TEST_CASE("ops called on symbolic tensors follow the batch") {
  Tensor x = reshape(arange(12.), {3, 4});
  auto same = [&](Tensor (*f)(const Tensor&)) {
    Tensor in = nn::Input({4});
    nn::Model model(in, f(in));
    for (const Tensor& batch : {x, x[slice(0, 1)], transpose(reshape(arange(20.), {4, 5}))})
      if (!array_equal(model(batch), f(batch))) return false;
    return true;
  };
  CHECK(same([](const Tensor& t) { return reshape(t, {-1, 2, 2}); }));
  CHECK(same([](const Tensor& t) { return reshape(reshape(t, {-1, 1}), {t.dim(0), 4}); }));
  CHECK(same([](const Tensor& t) { return expand_dims(t, 1); }));
  CHECK(same([](const Tensor& t) { return t[{slice(), newaxis, slice(1, 3)}]; }));
  CHECK(same([](const Tensor& t) { return t[{slice(), -1}]; }));
  CHECK(same([](const Tensor& t) { return t[-1]; }));
  CHECK(same([](const Tensor& t) { return t[slice(0, 1)]; }));
  CHECK(same([](const Tensor& t) { return t[slice({}, {}, -1)]; }));
  CHECK(same([](const Tensor& t) { return t[{slice(), slice({}, {}, -2)}]; }));
  CHECK(same([](const Tensor& t) { return pad(t, {{0, 0}, {2, 1}}); }));
  CHECK(same([](const Tensor& t) { return broadcast_to(expand_dims(t, 1), {t.dim(0), 5, 4}); }));
  CHECK(same([](const Tensor& t) { return stack({t, split(concat({t, t}, 1), 2, 1)[1]}, 1); }));
  CHECK(same([](const Tensor& t) { return einsum("bi,bj->bij", {t, tile(t, {1, 2})}); }));
  CHECK(same([](const Tensor& t) { return mean(t); }));
  CHECK(same([](const Tensor& t) { return mean(t, 0) + mean(t, {0, 1}); }));
  CHECK(same([](const Tensor& t) { return t - mean(t, 0, true) + mean(t, 1, true); }));
  CHECK(same([](const Tensor& t) { return var(t, 0) + reel::std(t, 0, true); }));
  CHECK(same([](const Tensor& t) { return var(concat({t, t}), 0, false, 1); }));

  // What holds the extent of the batch in a constant is refused when the model is made, a slice or view beyond a batch when it is called.
  Tensor in = nn::Input({4});
  CHECK_THROWS_WITH_AS(nn::Model(in, in + broadcast_to(ones({4}), in.shape())), doctest::Contains("Model: add depends on how many samples there are"), ShapeError);
  CHECK_THROWS_WITH_AS(nn::Model(in, in[slice(1, {})]), doctest::Contains("Model: slice depends on how many samples there are"), ShapeError);
  CHECK_THROWS_WITH_AS(nn::Model(in, in[slice({}, {}, 2)]), doctest::Contains("Model: slice depends on how many samples there are"), ShapeError);
  CHECK_THROWS_WITH_AS(nn::Model(in, pad(in, {{1, 2}, {0, 0}})), doctest::Contains("Model: pad depends on how many samples there are"), ShapeError);
  CHECK_THROWS_WITH_AS(nn::Model(in, in[slice(0, 5)])(x), doctest::Contains("slice: elements 0 to 4 of axis 0 with 3"), IndexError);
  CHECK_THROWS_WITH_AS(nn::Model(in, diagonal(in))(x), doctest::Contains("elements 0 to 3 of axis 0 with 3"), IndexError);
  CHECK_THROWS_WITH_AS(nn::Model(in, in * 2)(Tensor()), doctest::Contains("Model: an operand is an empty Tensor"), Error);
}

TEST_CASE("a first call that fails leaves nothing of its weights behind") {
  static int calls = 0;
  nn::Dense dense(3, {.bias_initializer = [](const Shape& s) {
                    if (calls++ == 0) throw std::runtime_error("not yet");
                    return zeros(s);
                  }});
  CHECK_THROWS_AS(dense(ones({1, 2})), std::runtime_error);
  dense(ones({1, 5}));
  CHECK(nn::weights(dense).size() == 2);
  CHECK(nn::weights(dense)[0].second.value.shape() == Shape{5, 3});
  nn::Dense wrong(3, {.kernel_initializer = [](const Shape&) { return zeros({1}); }}), none(3, {.kernel_initializer = [](const Shape&) { return Tensor(); }});
  CHECK_THROWS_WITH_AS(wrong(ones({1, 2})), doctest::Contains("Initializer: the function answered [1] for a weight of shape [2, 3]"), ShapeError);
  CHECK_THROWS_WITH_AS(none(ones({1, 2})), doctest::Contains("Initializer: the function answered an empty Tensor"), ShapeError);
}
