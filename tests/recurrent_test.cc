// Recurrent sequences against stored numbers of PyTorch, step-by-step formulas and corners.
#include "nn/recurrent.h"

#include <cmath>

#include "autograd/gradcheck.h"
#include "op_samples.h"
#include "stored_cases.h"
#include "tensor/ops/orthogonal.h"
#include "tensor/ops/recurrent.h"

using namespace reel;
using namespace reel::test;

namespace {

Tensor any(const Shape& s, uint64_t seed) { return samples(s, float64, -1, 1, seed); }

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
// One unit and one feature, written out.
const AddRows here({
    {.name = "simple_rnn", .shapes = {{2, 3, 1}, {1, 1}, {1, 1}, {1}}, .call = [](const Tensors& x) { return simple_rnn(x[0], x[1], x[2], x[3]).sequence; },
     .formula = [](const Arrays& a) {
       Array y({2, 3, 1});
       for (int64_t n = 0; n < 2; ++n)
         for (int64_t t = 0; t < 3; ++t)
           y({n, t, 0}) = std::tanh(a[0]({n, t, 0}) * a[1]({0, 0}) + a[3]({0}) + (t ? y({n, t - 1, 0}) : 0) * a[2]({0, 0}));
       return y;
     }, .low = -1, .high = 1, .answers = float_of, .atol = 16},
    {.name = "lstm", .shapes = {{2, 3, 1}, {1, 4}, {1, 4}, {4}}, .call = [](const Tensors& x) { return lstm(x[0], x[1], x[2], x[3]).sequence; },
     .formula = [](const Arrays& a) {
       Array y({2, 3, 1});
       for (int64_t n = 0; n < 2; ++n) {
         double h = 0, c = 0;
         for (int64_t t = 0; t < 3; ++t) {
           double z[4];
           for (int64_t k = 0; k < 4; ++k) z[k] = a[0]({n, t, 0}) * a[1]({0, k}) + a[3]({k}) + h * a[2]({0, k});
           c = sigmoid_of(z[1]) * c + sigmoid_of(z[0]) * std::tanh(z[2]);
           y({n, t, 0}) = h = sigmoid_of(z[3]) * std::tanh(c);
         }
       }
       return y;
     }, .low = -1, .high = 1, .answers = float_of, .atol = 16},
    {.name = "gru", .shapes = {{2, 3, 1}, {1, 3}, {1, 3}, {2, 3}}, .call = [](const Tensors& x) { return gru(x[0], x[1], x[2], x[3]).sequence; },
     .formula = [](const Arrays& a) {
       Array y({2, 3, 1});
       for (int64_t n = 0; n < 2; ++n) {
         double h = 0;
         for (int64_t t = 0; t < 3; ++t) {
           double z[3], r[3];
           for (int64_t k = 0; k < 3; ++k) z[k] = a[0]({n, t, 0}) * a[1]({0, k}) + a[3]({0, k}), r[k] = h * a[2]({0, k}) + a[3]({1, k});
           double u = sigmoid_of(z[0] + r[0]);
           y({n, t, 0}) = h = u * h + (1 - u) * std::tanh(z[2] + sigmoid_of(z[1] + r[1]) * r[2]);
         }
       }
       return y;
     }, .low = -1, .high = 1, .answers = float_of, .atol = 16},
});

}  // namespace

TEST_CASE("recurrent sequences agree with PyTorch, values and gradients") {
  StoredCases s("recurrent");
  s.check("simple", [](const Tensors& x) { return simple_rnn(x[0], x[1], x[2], x[3], x[4]).sequence; });
  s.check("lstm", [](const Tensors& x) { return lstm(x[0], x[1], x[2], x[3], x[4], x[5]).sequence; });
  s.check("gru", [](const Tensors& x) { return gru(x[0], x[1], x[2], x[3], x[4]).sequence; });
}

TEST_CASE("gradients of recurrent sequences, twice, with masks, states and the other direction") {
  Tensor mask = tensor({{true, false, true}, {false, true, true}});
  GradcheckOptions twice{.rtol = 1e-5, .atol = 1e-7, .second_order = true};
  for (const RecurrentOptions& o : {RecurrentOptions{}, RecurrentOptions{.mask = mask}, RecurrentOptions{.mask = mask, .backwards = true}}) {
    CHECK(gradcheck([&](const Tensors& v) { return square(simple_rnn(v[0], v[1], v[2], v[3], v[4], o).sequence); },
                    {any({2, 3, 2}, 1), any({2, 2}, 2), any({2, 2}, 3), any({2}, 4), any({2, 2}, 5)}, twice) == "");
    CHECK(gradcheck([&](const Tensors& v) {
            RecurrentResult y = lstm(v[0], v[1], v[2], v[3], v[4], v[5], o);
            return concat({square(reshape(y.sequence, {2, -1})), y.last * y.cell}, 1);
          }, {any({2, 3, 2}, 1), any({2, 8}, 2), any({2, 8}, 3), any({8}, 4), any({2, 2}, 5), any({2, 2}, 6)}, twice) == "");
    CHECK(gradcheck([&](const Tensors& v) { return square(gru(v[0], v[1], v[2], v[3], v[4], o).last); },
                    {any({2, 3, 2}, 1), any({2, 6}, 2), any({2, 6}, 3), any({2, 6}, 4), any({2, 2}, 5)}, twice) == "");
  }
}

TEST_CASE("the fused gradients through time are those of the formula") {
  Tensor x = variable(any({37, 5, 3}, 1)), w = variable(any({3, 16}, 2)), u = variable(any({4, 16}, 3)), b = variable(any({16}, 4));
  Tensor wg = variable(any({3, 12}, 5)), ug = variable(any({4, 12}, 6)), bg = variable(any({2, 12}, 7)), mask = any({37, 5}, 8) > -0.3;
  auto both = [&](auto&& f, const Tensors& at) {
    Tensor y = f();
    Tensor g = any(y.shape(), 9);
    Tensors fused = grad(f(), at, {.gradient = g}), formula = grad(f(), at, {.gradient = g, .create_graph = true});
    for (size_t i = 0; i < at.size(); ++i) CHECK(StoredCases::distance(fused[i], formula[i]) < 1e-12);
  };
  both([&] { return lstm(x, w, u, b, {}, {}, {.mask = mask}).sequence; }, {x, w, u, b});
  both([&] { return lstm(x, w, u, b).cell; }, {x, w, u, b});
  both([&] { return gru(x, wg, ug, bg, {}, {.mask = mask}).sequence; }, {x, wg, ug, bg});
}

TEST_CASE("masked steps hold the state, and backwards answers in the order of processing") {
  Tensor x = any({1, 4, 2}, 1), w = any({2, 12}, 2), u = any({3, 12}, 3);
  Tensor all = lstm(x, w, u, {}, {}, {}, {.mask = tensor({{false, true, false, true}})}).sequence;
  Tensor short_one = lstm(concat({x[{slice(), slice(1, 2)}], x[{slice(), slice(3, 4)}]}, 1), w, u).sequence;
  CHECK(max(abs(all[{0, 0}])).item() == 0);
  CHECK(StoredCases::distance(all[{0, 1}], short_one[{0, 0}]) < 1e-14);
  CHECK(same_bits(all[{0, 1}], all[{0, 2}]));
  CHECK(StoredCases::distance(all[{0, 3}], short_one[{0, 1}]) < 1e-14);
  CHECK(same_bits(lstm(x, w, u, {}, {}, {}, {.backwards = true}).sequence, lstm(flip(x, 1), w, u).sequence));
}

TEST_CASE("sequences of nothing") {
  Tensor w = variable(ones({2, 12})), u = variable(ones({3, 12}));
  CHECK(lstm(empty({0, 4, 2}), w, u).sequence.shape() == Shape{0, 4, 3});
  RecurrentResult y = lstm(empty({2, 0, 2}), w, u, {}, ones({2, 3}));
  CHECK(y.sequence.shape() == Shape{2, 0, 3});
  CHECK(y.last.at<float>(1, 1) == 1);
  backward(sum(lstm(variable(empty({0, 4, 2})), w, u).sequence));
  CHECK(max(abs(gradient(u))).item() == 0);
}

TEST_CASE("what cannot recur says why") {
  Tensor x = ones({2, 4, 2}), w = ones({2, 12}), u = ones({3, 12});
  CHECK_THROWS_WITH_AS(lstm(ones({4, 2}), w, u), doctest::Contains("lstm: x must be [n, steps, features]"), ShapeError);
  CHECK_THROWS_WITH_AS(lstm(x, ones({5, 12}), u), doctest::Contains("the kernel must be [2, 12]"), ShapeError);
  CHECK_THROWS_WITH_AS(gru(x, w, u), doctest::Contains("the recurrent weights must be [units, 3 units]"), ShapeError);
  CHECK_THROWS_WITH_AS(lstm(x, w, u, ones({3})), doctest::Contains("the bias must be [12]"), ShapeError);
  CHECK_THROWS_WITH_AS(lstm(x, w, u, {}, ones({3, 3})), doctest::Contains("the initial state must be [2, 3]"), ShapeError);
  CHECK_THROWS_WITH_AS(lstm(x, w, u, {}, {}, {}, {.mask = ones({2, 4})}), doctest::Contains("the mask must be bool [2, 4]"), ShapeError);
  CHECK_THROWS_WITH_AS(lstm(x, w, u, ones({3})), doctest::Contains("at recurrent_test.cc:"), ShapeError);
}

TEST_CASE("an LSTM has the same bits for one and two threads") {
  Tensor x = cast(any({50, 6, 9}, 1), float32), w = cast(any({9, 80}, 2), float32), u = cast(any({20, 80}, 3), float32);
  Tensors result[2];
  for (int threads = 1; threads <= 2; ++threads) {
    set_num_threads(threads);
    Tensor vx = variable(x), vw = variable(w), vu = variable(u), y = lstm(vx, vw, vu).sequence;
    backward(sum(square(y)));
    result[threads - 1] = {y, gradient(vx), gradient(vw), gradient(vu)};
  }
  set_num_threads(0);
  for (size_t i = 0; i < 4; ++i) CHECK(same_bits(result[0][i], result[1][i]));
}

TEST_CASE("recurrent layers: weights, the unrolled form, wrappers") {
  nn::LSTM layer(3, {.return_sequences = true});
  Tensor x = cast(any({2, 5, 4}, 1), float32);
  Tensor y = layer(x);
  auto w = nn::weights(layer);
  REQUIRE(w.size() == 3);
  CHECK(w[1].second.name == "recurrent_kernel");
  CHECK(to_string(w[2].second.value) == "[0. 0. 0. 1. 1. 1. 0. 0. 0. 0. 0. 0.]");
  CHECK(y.shape() == Shape{2, 5, 3});
  // A function in place of a name takes the step-by-step form, which must agree.
  auto check = [&](const auto& fused, const auto& unrolled) {
    fused(x), unrolled(x);
    NoGrad no_grad;
    auto a = nn::weights(fused), b = nn::weights(unrolled);
    for (size_t i = 0; i < a.size(); ++i) assign(b[i].second.value, a[i].second.value);
    nn::RecurrentCall call{.mask = tensor({{true, true, false, true, true}, {false, true, true, true, false}})};
    CHECK(StoredCases::distance(fused(x, call), unrolled(x, call)) < 1e-6);
  };
  auto squash = [](const Tensor& v) { return tanh(v); };
  check(layer, nn::LSTM(3, {.activation = squash, .return_sequences = true}));
  check(nn::GRU(3, {.go_backwards = true}), nn::GRU(3, {.activation = squash, .go_backwards = true}));
  check(nn::SimpleRNN(3), nn::SimpleRNN(3, {.activation = squash}));
  CHECK(nn::weights([&] { nn::GRU g(3, {.reset_after = false}); g(x); return g; }())[2].second.value.shape() == Shape{9});

  Tensors states = layer.with_state(x);
  REQUIRE(states.size() == 3);
  CHECK(same_bits(states[1], y[{slice(), -1}]));
  Tensors halves = layer.with_state(x[{slice(), slice(0, 2)}]);
  Tensor rest = layer(x[{slice(), slice(2, 5)}], {.initial_state = {halves[1], halves[2]}});
  CHECK(StoredCases::distance(rest, y[{slice(), slice(2, 5)}]) < 1e-6);

  nn::Bidirectional both(nn::GRU(3, {.return_sequences = true}));
  CHECK(both(x).shape() == Shape{2, 5, 6});
  CHECK(nn::weights(both).size() == 6);
  CHECK(nn::Bidirectional(nn::LSTM(3), {.merge_mode = "sum"})(x).shape() == Shape{2, 3});
  CHECK_THROWS_AS(nn::Bidirectional(nn::LSTM(3), {.merge_mode = "max"}), Error);
  nn::TimeDistributed steps(nn::Dense(7));
  CHECK(steps(x).shape() == Shape{2, 5, 7});
  CHECK(nn::weights(steps).size() == 2);
  {
    Training training;
    CHECK(nn::LSTM(3, {.dropout = 0.5, .recurrent_dropout = 0.5})(x).shape() == Shape{2, 3});
  }
  auto in = nn::Input({5, 4});
  nn::Model model(in, nn::Dense(2)(nn::Bidirectional(nn::LSTM(3))(in)));
  CHECK(model(x).shape() == Shape{2, 2});
}

TEST_CASE("orthogonal matrices are orthogonal") {
  for (const Shape& s : {Shape{5, 5}, Shape{3, 8}, Shape{8, 3}, Shape{2, 3, 4}}) {
    Tensor q = reshape(orthogonal(s, 2), {-1, s[-1]});
    bool wide = q.shape()[1] > q.shape()[0];
    Tensor product = wide ? matmul(q, transpose(q)) : matmul(transpose(q), q);
    CHECK(StoredCases::distance(product, 4 * eye(product.shape()[0])) < 1e-5);
  }
  CHECK_THROWS_AS(orthogonal({3}), ShapeError);
}
