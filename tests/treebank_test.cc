// Trees: reading the treebank's format, its errors, and the rule of the generated ones.
#include "nn/treebank.h"

#include <algorithm>

#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {

Treebank bank_of(const TemporaryFolder& folder, const std::string& train, const std::string& dev = "(2 x)\n") {
  write_file(folder / "train.txt", train);
  write_file(folder / "dev.txt", dev);
  write_file(folder / "test.txt", "(2 x)");
  return load_treebank(folder.path());
}

int count_leaves(const Tree& t) { return t.leaf() ? 1 : count_leaves(t.left()) + count_leaves(t.right()); }

}  // namespace

TEST_CASE("a tree is read as written, by recursion and node by node") {
  TemporaryFolder folder;
  Treebank bank = bank_of(folder, "\n(3 (2 It) (4 (4 shines\xc2\xa0x) (2 -LRB-)))\r\n  (0   It )  \n", "(1 (2 unheard) (2 It))");
  REQUIRE(bank.train.size() == 2);
  CHECK(bank.words == std::vector<std::string>{"<unk>", "It", "shines\xc2\xa0x", "-LRB-"});
  const Tree& t = bank.train[0];
  CHECK(t.label == 3);
  CHECK(!t.leaf());
  CHECK(t.left().word == 1);
  CHECK(t.right().label == 4);
  CHECK(t.right().left().word == 2);
  CHECK(t.right().right().word == 3);
  REQUIRE(t.nodes().size() == 5);
  CHECK(t.root() == 4);
  for (int i = 0; i < 5; ++i) {
    CHECK(t.nodes()[size_t(i)].left < i);
    CHECK(t.nodes()[size_t(i)].right < i);
  }
  CHECK(bank.train[1].leaf());
  CHECK(bank.train[1].label == 0);
  CHECK(bank.dev[0].left().word == 0);
  CHECK(bank.dev[0].right().word == 1);
  CHECK_THROWS_WITH_AS(t.left().left(), doctest::Contains("a leaf has no left child\n  at treebank_test.cc:"), IndexError);
  CHECK_THROWS_AS(Tree().right(), IndexError);
}

TEST_CASE("malformed trees name file, line and column") {
  TemporaryFolder folder;
  struct Bad {
    const char *line, *why;
  };
  for (auto [line, why] : {Bad{"2 x)", ":2:1: malformed tree: '(' expected"}, {")", "'(' expected"}, {"(5 x)", ":2:2: malformed tree: a label 0 .. 4 expected"}, {"(x)", "a label"},
                           {"(22 x)", "a label"}, {"(2)", ":2:3: malformed tree: a node without word or children"}, {"(2 x", "the bracket of column 1 is not closed"},
                           {"(2 (2 x) (2 y)", "the bracket of column 1 is not closed"}, {"(2 x y)", "a second word"}, {"(2 (2 x))", "a node of a single child"},
                           {"(2 (2 x) (2 y) (2 z))", ":2:16: malformed tree: a third child"}, {"(2 (2 x) y)", "a word beside a child"}, {"(2 x (2 y))", "a bracket after a word"},
                           {"(2 x))", "more text after the tree"}, {"(2 x) (2 y)", "more text"}, {"(", "a label"}}) {
    CAPTURE(line);
    CHECK_THROWS_WITH_AS(bank_of(folder, std::string("(2 ok)\n") + line), doctest::Contains(why), FileError);
  }
  CHECK_THROWS_WITH_AS(bank_of(folder, "(2 ok)\n(2 x"), doctest::Contains("train.txt:2:5:"), FileError);
  CHECK_THROWS_WITH_AS(bank_of(folder, "\n\n"), doctest::Contains("holds no trees"), FileError);
  CHECK_THROWS_WITH_AS(load_treebank(folder / "none"), doctest::Contains("none/train.txt: cannot open"), FileError);
}

TEST_CASE("a tree a million brackets deep is read without recursion") {
  TemporaryFolder folder;
  std::string deep, close;
  for (int i = 0; i < 1000000; ++i) deep += "(2 ";
  Treebank bank;
  CHECK_THROWS_WITH_AS(bank_of(folder, deep), doctest::Contains("train.txt:1:"), FileError);
  deep.clear();
  for (int i = 0; i < 1000000; ++i) deep += "(2(2 a)", close += ")";
  bank = bank_of(folder, deep + "(2 b)" + close);
  CHECK(bank.train[0].nodes().size() == 2000001);
}

TEST_CASE("nodes that are no tree are refused") {
  using Nodes = std::vector<Tree::Node>;
  CHECK_THROWS_WITH_AS(Tree(Nodes{{.word = 1}, {.word = 2}}), doctest::Contains("node 0 has no parent"), Error);
  CHECK_THROWS_WITH_AS(Tree(Nodes{{.left = 0, .right = 1}}), doctest::Contains("does not stand before it"), Error);
  CHECK_THROWS_WITH_AS(Tree(Nodes{{.word = 1}, {.left = 0, .right = 0}}), doctest::Contains("has a parent already"), Error);
  CHECK_THROWS_AS(Tree(Nodes{{.word = 1}, {.left = 0}}), Error);
  CHECK_THROWS_AS(Tree(Nodes{{.word = 1}, {.left = -2, .right = -2}}), Error);
  CHECK(Tree(Nodes{}).nodes().empty());
}

TEST_CASE("the Stanford Sentiment Treebank has its known counts") {
  if (real_data("sst").empty()) return;
  Treebank bank = datasets::sst();
  auto labels = [](const std::vector<Tree>& trees) {
    std::vector<int> n(5);
    for (const Tree& t : trees) ++n[size_t(t.label)];
    return n;
  };
  CHECK(labels(bank.train) == std::vector<int>{1092, 2218, 1624, 2322, 1288});
  CHECK(labels(bank.dev) == std::vector<int>{139, 289, 229, 279, 165});
  CHECK(labels(bank.test) == std::vector<int>{279, 633, 389, 510, 399});
  for (const Tree& t : bank.train) CHECK(int(t.nodes().size()) == 2 * count_leaves(t) - 1);
}

TEST_CASE("without its files sst says where it looked and what they look like") {
  TemporaryFolder folder;
  Setting data("REEL_DATA", nullptr), cache("XDG_CACHE_HOME", folder.path().c_str());
  CHECK_THROWS_WITH_AS(datasets::sst(), doctest::Contains("/reel/sst/train.txt: no such file"), FileError);
  CHECK_THROWS_WITH_AS(datasets::sst(), doctest::Contains("(3 (2 It) (4 (4 shines) (2 .)))"), FileError);
}

TEST_CASE("generated trees obey their rule at every node, have varied shapes and depend on seed and number alone") {
  Treebank bank = datasets::synthetic_treebank(500, 50, 20, 3);
  CHECK(bank.train.size() == 500);
  CHECK(bank.dev.size() == 50);
  CHECK(bank.test.size() == 20);
  auto worth = [](const std::string& w) {
    auto in = [&](std::initializer_list<const char*> list) { return std::find(list.begin(), list.end(), w) != list.end(); };
    return in({"superb", "brilliant", "wonderful", "moving"}) ? 2 : in({"good", "funny", "warm", "clever", "solid", "fresh"}) ? 1
         : in({"slow", "thin", "stale", "loud", "bad", "weak"}) ? -1 : in({"awful", "dreadful", "boring", "inept"}) ? -2 : 0;
  };
  int modifiers = 0, left_deep = 0, right_deep = 0, most = 0, single = 0;
  std::vector<int> labels(5);
  for (const Tree& t : bank.train) {
    auto nodes = t.nodes();
    for (const Tree::Node& n : nodes) {
      if (n.left < 0) {
        REQUIRE((n.word > 0 && n.word < int(bank.words.size())));
        CHECK(n.label == worth(bank.words[size_t(n.word)]) + 2);
        continue;
      }
      const Tree::Node &a = nodes[size_t(n.left)], &b = nodes[size_t(n.right)];
      std::string first = a.word >= 0 ? bank.words[size_t(a.word)] : "";
      int expected = a.label - 2 + b.label - 2;
      if (first == "not" || first == "never") expected = 2 - b.label, ++modifiers;
      if (first == "very" || first == "extremely") expected = 2 * (b.label - 2), ++modifiers;
      CHECK(n.label == std::clamp(expected, -2, 2) + 2);
      left_deep += a.left >= 0 && b.left < 0;
      right_deep += b.left >= 0 && a.left < 0;
    }
    ++labels[size_t(t.label)];
    most = std::max(most, count_leaves(t));
    single += t.leaf();
  }
  CHECK(modifiers > 100);
  CHECK(left_deep > 100);
  CHECK(right_deep > 100);
  CHECK(most > 20);
  CHECK(single > 5);
  for (int n : labels) CHECK(n > 40);

  Treebank again = datasets::synthetic_treebank(10, 0, 0, 3), other = datasets::synthetic_treebank(10, 0, 0, 4);
  auto spelled = [](const std::vector<Tree>& trees) {
    std::string s;
    for (size_t i = 0; i < 10; ++i)
      for (const Tree::Node& n : trees[i].nodes()) s += std::to_string(n.word) + "," + std::to_string(n.left) + ";";
    return s;
  };
  CHECK(spelled(again.train) == spelled(bank.train));
  CHECK(spelled(other.train) != spelled(bank.train));
  CHECK_THROWS_AS(datasets::synthetic_treebank(1, -1, 1), ShapeError);
}
