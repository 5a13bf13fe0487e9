// Reads every #include of the tree: fails on an arrow that the folders' order does not draw, and on heavy headers in light ones.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// Folder -> folders it may include from; its own always. Nobody includes cuda.
const std::map<std::string, std::set<std::string>> kArrows{
    {"tensor", {}},
    {"autograd", {"tensor"}},
    {"io", {"tensor"}},
    {"nn", {"autograd", "tensor", "io"}},
    {"cuda", {"tensor"}},
    {"apps", {"nn", "io", "autograd", "tensor"}},
};
const std::vector<std::string> kHeavy{"Eigen/", "unsupported/Eigen", "absl/", "spdlog/", "<iostream>", "<functional>"};

struct Include {
  std::string file, target;
  int line;
  bool quoted;
};

bool is_source(const fs::path& p) {
  static const std::set<std::string> endings{".h", ".cc", ".cu", ".cuh", ".hpp", ".cpp"};
  return endings.count(p.extension().string()) > 0;
}

std::vector<Include> includes_of(const fs::path& root, const std::string& folder) {
  std::vector<Include> found;
  if (!fs::exists(root / folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (!entry.is_regular_file() || !is_source(entry.path())) continue;
    std::ifstream in(entry.path());
    std::string text;
    for (int line = 1; std::getline(in, text); ++line) {
      size_t at = text.find_first_not_of(" \t");
      if (at == std::string::npos || text[at] != '#') continue;
      at = text.find_first_not_of(" \t", at + 1);
      if (at == std::string::npos || text.compare(at, 7, "include") != 0) continue;
      size_t open = text.find_first_of("\"<", at);
      if (open == std::string::npos) continue;
      size_t close = text.find_first_of("\">", open + 1);
      found.push_back({fs::relative(entry.path(), root).string(), text.substr(open, close - open + 1), line, text[open] == '"'});
    }
  }
  return found;
}

// What is wrong with an #include, or nothing.
std::string problem(const Include& i) {
  std::string folder = i.file.substr(0, i.file.find('/')), name = i.target.substr(1, i.target.size() - 2);
  std::string to = name.find('/') == std::string::npos ? "" : name.substr(0, name.find('/'));
  if (i.target.rfind("<cuda/std/", 0) == 0) return "";  // the toolkit's standard library, not our folder
  const auto& allowed = kArrows.at(folder);
  if (i.quoted && folder != "apps" && name == "reel.h") return "the umbrella header is for users";
  if (kArrows.count(to) && to != folder && !allowed.count(to)) return folder + " does not see " + to;
  if (folder == "tensor" && fs::path(i.file).extension() == ".h")
    for (const std::string& heavy : kHeavy)
      if (i.target.find(heavy) != std::string::npos) return "a header of tensor/ stays light";
  return "";
}

}  // namespace

TEST_CASE("every #include follows the arrows of the folders") {
  fs::path root = REEL_SOURCE_ROOT;
  int seen = 0;
  for (const auto& [folder, allowed] : kArrows)
    for (const Include& i : includes_of(root, folder)) {
      ++seen;
      CAPTURE(i.file);
      CAPTURE(i.line);
      CAPTURE(i.target);
      CHECK(problem(i) == "");
    }
  CHECK(seen > 100);
}

TEST_CASE("the check of includes sees what is wrong") {
  CHECK(problem({"tensor/op.cc", "\"autograd/node.h\"", 1, true}) == "tensor does not see autograd");
  CHECK(problem({"io/npy.cc", "\"nn/layer.h\"", 1, true}) == "io does not see nn");
  CHECK(problem({"nn/dense.cc", "\"cuda/kernels.h\"", 1, true}) == "nn does not see cuda");
  CHECK(problem({"tensor/op.h", "<functional>", 1, false}) != "");
  CHECK(problem({"tensor/op.cc", "<functional>", 1, false}) == "");
  CHECK(problem({"tensor/cpu/a.h", "<Eigen/Core>", 1, false}) != "");
  CHECK(problem({"nn/dense.cc", "\"reel.h\"", 1, true}) != "");
  CHECK(problem({"apps/train.cc", "\"reel.h\"", 1, true}) == "");
}

TEST_CASE("every header opens with a sentence that says what it is for") {
  fs::path root = REEL_SOURCE_ROOT;
  for (const auto& [folder, allowed] : kArrows) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".h") continue;
      std::ifstream in(entry.path());
      std::string first, second;
      std::getline(in, first);
      std::getline(in, second);
      CAPTURE(entry.path().string());
      CHECK(first == "#pragma once");
      CHECK(second.substr(0, 3) == "// ");
    }
  }
}
