#pragma once
// Sentences as binary trees with a sentiment at every node: the Stanford Sentiment Treebank, and generated ones like it.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/where.h"

namespace reel {

// A tree, or one of its subtrees: a handle on shared nodes, cheap to copy. A model walks it by recursion (leaf, word, left, right)
// or visits nodes() in order, children first.
struct Tree {
  struct Node {
    int label = 0;             // 0 very negative, 1, 2 neutral, 3, 4 very positive
    int left = -1, right = -1;  // positions in nodes(), before this one; -1 at a leaf
    int word = -1;             // a leaf's number in the vocabulary
  };
  int label = 0;  // of this (sub)tree's root, as is
  int word = -1;

  Tree() = default;  // no nodes; a leaf without a word
  // The last node is the root. Throws Error unless every other node is the child of exactly one later node.
  explicit Tree(std::vector<Node> nodes, Where where = {});
  bool leaf() const;
  // Throws IndexError at a leaf.
  Tree left(Where where = {}) const;
  Tree right(Where where = {}) const;
  // The whole tree's nodes up to and with this root, children before parents. A subtree shares the span of its tree, cut off behind
  // its own root: what belongs to it is reached from nodes()[root()].
  std::span<const Node> nodes() const;
  int root() const { return at_; }

 private:
  Tree(std::shared_ptr<const std::vector<Node>> all, int at);
  std::shared_ptr<const std::vector<Node>> all_;
  int at_ = -1;
};

struct Treebank {
  std::vector<Tree> train, dev, test;
  std::vector<std::string> words;  // by number; 0 is "<unk>", any word that train does not have
};

// folder/{train,dev,test}.txt, one tree a line: (3 (2 It) (4 (4 shines) (2 .))), every node with its label 0 .. 4, every inner node with
// two children. Words are taken as written. FileError names file, line and column of what is malformed.
Treebank load_treebank(const std::string& folder, Where where = {});

namespace datasets {

// The Stanford Sentiment Treebank (Socher et al., 2013; 8544, 1101 and 2210 trees) from $REEL_DATA/sst or our cache folder
// ($XDG_CACHE_HOME, else ~/.cache, /reel/sst). It is not downloaded: a FileError says where its files are looked for.
Treebank sst(Where where = {});
// Generated trees of varied shapes, 1 to 24 words. A word is worth -2 .. 2; a phrase is worth the sum of its halves within -2 .. 2, but
// "not" or "never" in front of a phrase turns its sign, and "very" or "extremely" doubles it. The label is worth + 2; the
// modifiers themselves are neutral. A tree depends on seed and its number alone.
Treebank synthetic_treebank(int64_t train_count = 4000, int64_t dev_count = 500, int64_t test_count = 500, uint64_t seed = 0, Where where = {});

}  // namespace datasets
}  // namespace reel
