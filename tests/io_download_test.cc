// Downloads: whole and checked, or nothing. Needs no network: files are fetched by their own url.
#include "io/download.h"

#include "tests/files.h"

using namespace reel;

namespace {
// printf abc | sha256sum
const std::string kSum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
}  // namespace

TEST_CASE("a download arrives whole, and what fails leaves neither a new file nor a changed one") {
  TemporaryFolder folder;
  write_file(folder / "source", "abc");
  std::string url = "file://" + (folder / "source"), target = folder / "new/folder/target";
  try {
    download(url, target, kSum, false);
  } catch (const FileError& e) {
    REQUIRE(std::string(e.what()).find("this build has no downloads") != std::string::npos);
    MESSAGE("skipped: " << e.what());
    return;
  }
  CHECK(read_file(target) == "abc");
  write_file(folder / "source", "abcd");
  CHECK_THROWS_WITH_AS(download(url, target, kSum, false), doctest::Contains("its SHA-256 is 88d4266f"), FileError);
  CHECK_THROWS_WITH_AS(download("file://" + (folder / "none"), target, "", false), doctest::Contains("at io_download_test.cc:"), FileError);
  CHECK_THROWS_AS(download("http://127.0.0.1:1/x", target, "", false), FileError);
  CHECK_THROWS_AS(download("gopher://127.0.0.1/x", target, "", false), FileError);
  CHECK_THROWS_AS(download(url, folder.path(), "", false), FileError);
  CHECK(read_file(target) == "abc");
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "new/folder"), {}) == 1);
  download(url, target, "", false);
  CHECK(read_file(target) == "abcd");
}
