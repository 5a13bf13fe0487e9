// Reading within bounds; replacing files whole or not at all.
#include <sys/stat.h>

#include "io/file.h"
#include "tests/files.h"

using namespace reel;

TEST_CASE("a file that is not committed leaves nothing behind and the old content in place") {
  TemporaryFolder folder;
  write_file(folder / "a", "old");
  {
    NewFile file(folder / "a");
    file.write("new and longer");
    CHECK(folder.files() == 2);
  }
  CHECK(folder.files() == 1);
  CHECK(read_file(folder / "a") == "old");
  NewFile file(folder / "a");
  file.write("new");
  file.commit();
  CHECK(read_file(folder / "a") == "new");
  CHECK(folder.files() == 1);
}

TEST_CASE("replacing a file keeps its permissions and the link that leads to it") {
  TemporaryFolder folder;
  write_file(folder / "real", "old");
  REQUIRE(chmod((folder / "real").c_str(), 0640) == 0);
  std::filesystem::create_symlink("real", folder / "link");
  write_file(folder / "link", "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(read_file(folder / "real") == "new");
  struct stat s;
  REQUIRE(stat((folder / "real").c_str(), &s) == 0);
  CHECK((s.st_mode & 0777) == 0640);
}

TEST_CASE("devices, folders, pipes and missing files are errors with the path") {
  TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(write_file("/dev/null", "x"), doctest::Contains("/dev/null: is not a regular file"), FileError);
  CHECK_THROWS_WITH_AS(write_file(folder.path(), "x"), doctest::Contains("is a folder"), FileError);
  CHECK_THROWS_WITH_AS(write_file(folder / "none/x", "x"), doctest::Contains("none/x: cannot write beside it"), FileError);
  CHECK_THROWS_WITH_AS(read_file(folder.path()), doctest::Contains("is a folder"), FileError);
  CHECK_THROWS_WITH_AS(read_file(folder / "none"), doctest::Contains("No such file"), FileError);
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(read_file(folder / "pipe"), doctest::Contains("is not a regular file"), FileError);
}

TEST_CASE("a file above the limit is refused, and the error names the caller's line") {
  TemporaryFolder folder;
  write_file(folder / "a", "12345");
  CHECK(read_file(folder / "a", 5) == "12345");
  CHECK_THROWS_WITH_AS(read_file(folder / "a", 4), doctest::Contains("at io_file_test.cc:"), FileError);
  char byte;
  CHECK_THROWS_WITH_AS(File(folder / "a").read(5, &byte, 1), doctest::Contains("truncated"), FileError);
}
