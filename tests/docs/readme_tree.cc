// The tree network of README.md, called on a generated tree.
#include <doctest/doctest.h>

#include "reel.h"

using namespace reel;

namespace {

struct TreeLstm {
  nn::Embedding words{20000, 300};
  nn::Dense leaf{150}, join{150};
  nn::Dense label{5};
  Tensor operator()(const Tree& t) const {
    if (t.leaf()) return tanh(leaf(words(t.word)));
    return tanh(join(concat({(*this)(t.left()), (*this)(t.right())}, -1)));
  }
};

}  // namespace

TEST_CASE("the tree network of the front page trains on a tree") {
  Treebank bank = datasets::synthetic_treebank(4, 1, 1);
  TreeLstm model;
  Tensor scores = model.label(model(bank.train[1]));
  CHECK(scores.shape() == Shape{5});
  backward(nn::sparse_categorical_crossentropy(tensor({bank.train[1].label}), expand_dims(scores, 0), {.from_logits = true}));
  int with_gradient = 0;
  for (const Tensor& v : nn::trainable_variables(model)) with_gradient += bool(gradient(v));
  CHECK(with_gradient == 7);
}
