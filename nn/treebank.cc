#include "nn/treebank.h"

#include <unordered_map>

#include "io/file.h"
#include "nn/places.h"

namespace reel {
namespace {

class Vocabulary {
 public:
  explicit Vocabulary(std::vector<std::string>& words) : words_(&words) { words = {"<unk>"}; }
  int number(std::string_view word, bool learn) {
    std::string key(word);
    auto found = numbers_.find(key);
    if (found != numbers_.end()) return found->second;
    if (!learn) return 0;
    numbers_.emplace(key, int(words_->size()));
    words_->push_back(std::move(key));
    return int(words_->size()) - 1;
  }

 private:
  std::vector<std::string>* words_;
  std::unordered_map<std::string, int> numbers_;
};

// One line; a stack of open brackets instead of recursion, since the depth is the file's choice.
class LineParser {
 public:
  LineParser(const std::string& path, int64_t line, std::string_view text) : path_(path), line_(line), text_(text) {}

  std::vector<Tree::Node> parse(Vocabulary& words, bool learn) {
    struct Open {
      Tree::Node node;
      size_t column;
    };
    std::vector<Tree::Node> nodes;
    std::vector<Open> open;
    skip_space();
    do {
      if (peek() == '(') {
        if (!open.empty() && open.back().node.word >= 0) fail("a bracket after a word");
        if (!open.empty() && open.back().node.right >= 0) fail("a third child");
        size_t column = at_++;
        skip_space();
        open.push_back({{.label = label()}, column});
      } else if (peek() == ')' && !open.empty()) {
        Tree::Node done = open.back().node;
        if (done.word < 0 && done.right < 0) fail(done.left < 0 ? "a node without word or children" : "a node of a single child");
        ++at_;
        open.pop_back();
        nodes.push_back(done);
        if (!open.empty()) (open.back().node.left < 0 ? open.back().node.left : open.back().node.right) = int(nodes.size()) - 1;
      } else if (peek() == '\0') {
        fail(open.empty() ? "'(' expected" : "the bracket of column " + std::to_string(open.back().column + 1) + " is not closed");
      } else {
        if (open.empty()) fail("'(' expected");
        Tree::Node& node = open.back().node;
        if (node.word >= 0) fail("a second word");
        if (node.left >= 0) fail("a word beside a child");
        size_t end = text_.find_first_of("() \t", at_);
        if (end == std::string_view::npos) end = text_.size();
        node.word = words.number(text_.substr(at_, end - at_), learn);
        at_ = end;
      }
      skip_space();
    } while (!open.empty());
    if (at_ != text_.size()) fail("more text after the tree");
    return nodes;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  int label() {
    char c = peek(), after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c < '0' || c > '4' || (after != ' ' && after != '\t' && after != '(' && after != ')')) fail("a label 0 .. 4 expected");
    ++at_;
    return c - '0';
  }
  [[noreturn]] void fail(const std::string& problem) const {
    throw FileError(path_ + ":" + std::to_string(line_) + ":" + std::to_string(at_ + 1) + ": malformed tree: " + problem);
  }

  const std::string& path_;
  int64_t line_;
  std::string_view text_;
  size_t at_ = 0;
};

std::vector<Tree> load_trees(const std::string& path, Vocabulary& words, bool learn) {
  std::string content = read_file(path);
  std::vector<Tree> trees;
  std::string_view rest = content;
  for (int64_t line = 1; !rest.empty(); ++line) {
    size_t end = rest.find('\n');
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (text.find('\0') != std::string_view::npos) throw FileError(path + ":" + std::to_string(line) + ": a zero byte in the text");
    trees.emplace_back(LineParser(path, line, text).parse(words, learn));
  }
  if (trees.empty()) throw FileError(path + ": it holds no trees");
  return trees;
}

}  // namespace

Tree::Tree(std::vector<Node> nodes, Where where) {
  located(where, [&] {
    std::vector<bool> used(nodes.size());
    auto adopt = [&](int child, int parent) {
      if (child < 0 || child >= parent || used[size_t(child)])
        throw Error("tree: node " + std::to_string(parent) + " has the child " + std::to_string(child) + ", which " +
                    (child < 0 || child >= parent ? "does not stand before it" : "has a parent already"));
      used[size_t(child)] = true;
    };
    for (int i = 0; i < int(nodes.size()); ++i) {
      if (nodes[size_t(i)].left == -1 && nodes[size_t(i)].right == -1) continue;
      adopt(nodes[size_t(i)].left, i);
      adopt(nodes[size_t(i)].right, i);
    }
    for (size_t i = 0; i + 1 < nodes.size(); ++i)
      if (!used[i]) throw Error("tree: node " + std::to_string(i) + " has no parent");
    if (nodes.empty()) return;
    *this = Tree(std::make_shared<const std::vector<Node>>(std::move(nodes)), -1);
  });
}

Tree::Tree(std::shared_ptr<const std::vector<Node>> all, int at) : all_(std::move(all)), at_(at < 0 ? int(all_->size()) - 1 : at) {
  label = (*all_)[size_t(at_)].label;
  word = (*all_)[size_t(at_)].word;
}

bool Tree::leaf() const { return !all_ || (*all_)[size_t(at_)].left < 0; }

Tree Tree::left(Where where) const {
  if (leaf()) located(where, [] { throw IndexError("tree: a leaf has no left child"); });
  return Tree(all_, (*all_)[size_t(at_)].left);
}

Tree Tree::right(Where where) const {
  if (leaf()) located(where, [] { throw IndexError("tree: a leaf has no right child"); });
  return Tree(all_, (*all_)[size_t(at_)].right);
}

std::span<const Tree::Node> Tree::nodes() const {
  if (!all_) return {};
  return {all_->data(), size_t(at_) + 1};
}

Treebank load_treebank(const std::string& folder, Where where) {
  return located(where, [&] {
    Treebank bank;
    Vocabulary words(bank.words);
    bank.train = load_trees(folder + "/train.txt", words, true);
    bank.dev = load_trees(folder + "/dev.txt", words, false);
    bank.test = load_trees(folder + "/test.txt", words, false);
    return bank;
  });
}

Treebank datasets::sst(Where where) {
  return located(where, [&] {
    Places places;
    for (const std::string& folder : {data_folder(places), cache_folder(places)})
      if (!folder.empty() && places.has(folder + "/sst", {"train.txt", "dev.txt", "test.txt"})) return load_treebank(folder + "/sst");
    places.note("its train.txt, dev.txt and test.txt hold one tree a line, as in (3 (2 It) (4 (4 shines) (2 .))); datasets::synthetic_treebank needs no file");
    places.fail("sst: the Stanford Sentiment Treebank cannot be downloaded and was not found; looked in");
  });
}

}  // namespace reel
