#include <algorithm>
#include <cmath>

#include "io/file.h"
#include "nn/dice.h"
#include "nn/treebank.h"

namespace reel {
namespace {

struct Word {
  const char* text;
  int worth;
};
constexpr Word kContent[] = {{"superb", 2}, {"brilliant", 2}, {"wonderful", 2}, {"moving", 2}, {"good", 1}, {"funny", 1}, {"warm", 1}, {"clever", 1}, {"solid", 1}, {"fresh", 1},
                             {"the", 0}, {"film", 0}, {"story", 0}, {"plot", 0}, {"actor", 0}, {"scene", 0}, {"camera", 0}, {"director", 0}, {"and", 0}, {"with", 0},
                             {"slow", -1}, {"thin", -1}, {"stale", -1}, {"loud", -1}, {"bad", -1}, {"weak", -1}, {"awful", -2}, {"dreadful", -2}, {"boring", -2}, {"inept", -2}};
constexpr const char *kNegators[] = {"not", "never"}, *kIntensifiers[] = {"very", "extremely"};
// The numbers of the words: unknown, content, negators, intensifiers.
constexpr int kFirstNegator = 1 + int(std::size(kContent)), kFirstIntensifier = kFirstNegator + int(std::size(kNegators)),
              kWords = kFirstIntensifier + int(std::size(kIntensifiers));
constexpr int kMostLeaves = 24;

// Where a phrase of n words is divided: evenly anywhere, in the middle, or at one of its ends.
int left_words(int n, int style, Dice& dice) {
  switch (style) {
    case 0: return 1 + dice.below(n - 1);
    case 1: return n / 2;
    case 2: return dice.chance(0.8) ? 1 : 1 + dice.below(n - 1);
    default: return dice.chance(0.8) ? n - 1 : 1 + dice.below(n - 1);
  }
}

// Appends a phrase of n words and returns what it is worth; at most kMostLeaves deep.
int grow(std::vector<Tree::Node>& nodes, int n, int style, Dice& dice) {
  if (n == 1) {
    int word = dice.below(int(std::size(kContent)));
    nodes.push_back({.label = kContent[word].worth + 2, .word = word + 1});
    return kContent[word].worth;
  }
  int l = left_words(n, style, dice), worth;
  bool modified = l == 1 && dice.chance(0.4);
  bool negated = modified && dice.chance(0.5);
  int before = 0;
  if (modified) {
    int first = negated ? kFirstNegator : kFirstIntensifier, count = int(negated ? std::size(kNegators) : std::size(kIntensifiers));
    nodes.push_back({.label = 2, .word = first + dice.below(count)});
  } else {
    before = grow(nodes, l, style, dice);
  }
  int left = int(nodes.size()) - 1;
  int after = grow(nodes, n - l, style, dice);
  worth = std::clamp(negated ? -after : modified ? 2 * after : before + after, -2, 2);
  nodes.push_back({.label = worth + 2, .left = left, .right = int(nodes.size()) - 1});
  return worth;
}

std::vector<Tree> trees(int64_t count, uint64_t seed, uint64_t first_stream) {
  std::vector<Tree> made;
  for (int64_t i = 0; i < count; ++i) {
    Dice dice(seed, first_stream + uint64_t(i));
    // Short sentences are as frequent as long ones are in total.
    int n = int(std::exp(dice.uniform(0, std::log(kMostLeaves + 1.0))));
    std::vector<Tree::Node> nodes;
    grow(nodes, std::clamp(n, 1, kMostLeaves), dice.below(4), dice);
    made.emplace_back(std::move(nodes));
  }
  return made;
}

}  // namespace

Treebank datasets::synthetic_treebank(int64_t train_count, int64_t dev_count, int64_t test_count, uint64_t seed, Where where) {
  return located(where, [&] {
    if (train_count < 0 || dev_count < 0 || test_count < 0)
      throw ShapeError("synthetic_treebank: the counts must not be negative, got " + std::to_string(train_count) + ", " + std::to_string(dev_count) +
                       " and " + std::to_string(test_count));
    Treebank bank;
    bank.words.reserve(size_t(kWords));
    bank.words.push_back("<unk>");
    for (const Word& w : kContent) bank.words.push_back(w.text);
    for (const char* w : kNegators) bank.words.push_back(w);
    for (const char* w : kIntensifiers) bank.words.push_back(w);
    bank.train = trees(train_count, seed, 0);
    bank.dev = trees(dev_count, seed, uint64_t(1) << 62);
    bank.test = trees(test_count, seed, uint64_t(1) << 63);
    return bank;
  });
}

}  // namespace reel
