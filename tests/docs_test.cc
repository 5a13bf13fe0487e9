// Every ```cpp block of the documentation stands verbatim in a file under tests/docs that is compiled and run.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {
namespace fs = std::filesystem;

std::string read(const fs::path& p) {
  std::ifstream in(p);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> cpp_blocks(const std::string& text) {
  const std::string open = "```cpp\n";
  std::vector<std::string> blocks;
  for (size_t at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    at += open.size();
    size_t close = text.find("\n```", at);
    blocks.push_back(text.substr(at, close == std::string::npos ? close : close + 1 - at));
  }
  return blocks;
}
}  // namespace

TEST_CASE("code in the documentation is code that was compiled") {
  fs::path root = REEL_SOURCE_ROOT;
  std::vector<std::string> compiled;
  for (const auto& entry : fs::directory_iterator(root / "tests" / "docs"))
    if (entry.path().extension() == ".cc") compiled.push_back(read(entry.path()));
  std::vector<fs::path> pages;
  if (fs::exists(root / "README.md")) pages.push_back(root / "README.md");
  for (const auto& entry : fs::directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  int seen = 0;
  for (const fs::path& page : pages)
    for (const std::string& block : cpp_blocks(read(page))) {
      ++seen;
      bool found = false;
      for (const std::string& file : compiled) found |= file.find(block) != std::string::npos;
      CAPTURE(page.filename().string());
      CAPTURE(block);
      CHECK(found);
    }
  CHECK(seen >= 2);
}
