// The layers of docs/writing_a_layer.md, compiled and checked.
#include <doctest/doctest.h>

#include <reel.h>

namespace mine {

using namespace reel;

struct Residual {
  nn::Dense inner{16, {.activation = "relu"}}, outer{16};
  Tensor operator()(const Tensor& x) const { return x + outer(inner(x)); }
};

struct Scale {
  Tensor factor = variable(tensor(1.), "factor");
  Tensor operator()(const Tensor& x) const { return x * factor; }
};

struct Tower {
  std::vector<Residual> blocks = std::vector<Residual>(3);
  Scale scale;
  nn::Dense head{2};
  Tensor operator()(Tensor x) const {
    for (const Residual& block : blocks) x = block(x);
    return head(scale(x));
  }
};

struct TreeLstm {
  nn::Embedding words{20000, 300};
  nn::Dense leaf{150}, join{150};
  nn::Dense label{5};
  Tensor operator()(const Tree& t) const {
    if (t.leaf()) return tanh(leaf(words(t.word)));
    return tanh(join(concat({(*this)(t.left()), (*this)(t.right())}, -1)));
  }
};

class Cached {
 public:
  explicit Cached(int64_t units) : dense_(units) {}
  Tensor operator()(const Tensor& x) const { return dense_(x); }
  template <class F> void fields(F&& f) const { f("dense", dense_); }

 private:
  nn::Dense dense_;
};

}  // namespace mine

TEST_CASE("the layers of the documentation") {
  using namespace mine;
  Tensor x = ones({4, 16}), y = zeros({4}, int64);
Tower tower;
Tensor logits = tower(x);                                    // the first call makes the weights
for (auto& [path, weight] : nn::weights(tower)) print(path + "\n"); // blocks/0/inner/kernel ... scale/factor, head/kernel, head/bias
backward(nn::sparse_categorical_crossentropy(y, logits, {.from_logits = true}));
nn::SGD({.learning_rate = 0.1}).step(nn::trainable_variables(tower));

nn::Model model(Tower{});                                    // compile, fit, evaluate, predict, save_weights ...
nn::Sequential mixed{nn::Dense(16), Residual{}, nn::Dense(2)};
  auto weights = nn::weights(tower);
  CHECK(weights.size() == 3 * 4 + 1 + 2);
  CHECK(weights[0].first == "blocks/0/inner/kernel");
  CHECK(weights[12].first == "scale/factor");
  CHECK(weights[14].first == "head/bias");
  mixed(x);
  CHECK(mixed.weights()[2].first == "residual/inner/kernel");
  model.compile({.loss = nn::SparseCategoricalCrossentropy({.from_logits = true})});
  CHECK(model.fit(x, y, {.verbose = 0}).logs.size() == 1);
  CHECK(model.weights()[0].first == "blocks/0/inner/kernel");
  Cached cached(3);
  cached(x);
  CHECK(nn::weights(cached)[0].first == "dense/kernel");
  TreeLstm trees;
  CHECK(trees(Tree({{2, -1, -1, 1}, {2, -1, -1, 2}, {2, 0, 1}})).shape() == Shape{150});
  nn::Model wrapped(Cached(2), {.name = "cached"});
  CHECK(wrapped(x).shape() == Shape{4, 2});
}
