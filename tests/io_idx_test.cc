// The idx format in every type, plain and gzipped.
#include "io/idx.h"

#include <zlib.h>

#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {

std::string gzipped(const std::string& content, const std::string& scratch) {
  gzFile f = gzopen(scratch.c_str(), "wb9");
  REQUIRE(gzwrite(f, content.data(), unsigned(content.size())) == int(content.size()));
  REQUIRE(gzclose(f) == Z_OK);
  return read_file(scratch);
}

std::string idx(int type, std::string dims, std::string data) { return std::string("\0\0", 2) + char(type) + char(dims.size() / 4) + dims + data; }
const std::string kTwo("\0\0\0\2", 4);

}  // namespace

TEST_CASE("idx numbers of every type are turned from big-endian") {
  TemporaryFolder folder;
  auto load = [&](const std::string& content) {
    write_file(folder / "x", content);
    return load_idx(folder / "x");
  };
  struct Case {
    int type;
    DType dtype;
    std::string data;
    double first, second;
  };
  for (const Case& c : {Case{0x08, uint8, "\x01\xff", 1, 255}, {0x09, int8, "\x01\xff", 1, -1}, {0x0b, int16, std::string("\x01\x02\xff\xfe", 4), 258, -2},
                        {0x0c, int32, std::string("\0\0\1\0\xff\xff\xff\xff", 8), 256, -1}, {0x0d, float32, std::string("\x3f\x80\0\0\xc0\x20\0\0", 8), 1, -2.5},
                        {0x0e, float64, std::string("\x3f\xf0\0\0\0\0\0\0\xc0\x04\0\0\0\0\0\0", 16), 1, -2.5}}) {
    CAPTURE(c.type);
    Tensor x = load(idx(c.type, kTwo, c.data));
    CHECK(x.dtype() == c.dtype);
    CHECK(x.shape() == Shape{2});
    CHECK(x[0].item() == c.first);
    CHECK(x[1].item() == c.second);
  }
  Tensor matrix = load(idx(8, kTwo + std::string("\0\0\0\3", 4), "abcdef"));
  CHECK(matrix.shape() == Shape{2, 3});
  CHECK(matrix.at<uint8_t>(1, 0) == 'd');
  CHECK(load(idx(8, "", "x")).rank() == 0);
  CHECK_THROWS_WITH_AS(load(idx(7, kTwo, "ab")), doctest::Contains("type code 7"), FileError);
  CHECK_THROWS_WITH_AS(load(idx(8, kTwo, "abc")), doctest::Contains("1 bytes too many"), FileError);
  CHECK_THROWS_WITH_AS(load("a text"), doctest::Contains("is not an idx file"), FileError);
}

TEST_CASE("a gzipped idx file gives the same, also of several members") {
  TemporaryFolder folder;
  std::string plain = idx(8, kTwo + std::string("\0\0\1\0", 4), std::string(512, 'z'));
  write_file(folder / "one.gz", gzipped(plain, folder / "scratch"));
  write_file(folder / "two.gz", gzipped(plain.substr(0, 100), folder / "scratch") + gzipped(plain.substr(100), folder / "scratch"));
  for (const char* name : {"one.gz", "two.gz"}) {
    Tensor x = load_idx(folder / name);
    CHECK(x.shape() == Shape{2, 256});
    CHECK(sum(cast(x, int64)).item<int64_t>() == 512 * 'z');
  }
}

TEST_CASE("idx files cut or damaged anywhere give FileError, and a small file cannot ask for much memory") {
  TemporaryFolder folder;
  std::string plain = idx(8, kTwo + std::string("\0\0\0\4", 4), "12345678");
  auto load = [](const std::string& p) { return load_idx(p); };
  accepted_damages(plain, folder / "x", 12, load);
  accepted_damages(gzipped(plain, folder / "scratch"), folder / "x", size_t(-1), load);
  reset_peak_memory();
  int64_t before = memory_stats().peak_bytes;
  std::string huge = idx(8, std::string("\x7f\xff\xff\xff\x7f\xff\xff\xff", 8), "x");
  for (const std::string& content : {huge, gzipped(huge, folder / "scratch"), idx(8, std::string(36, '\1'), "x")}) {
    write_file(folder / "x", content);
    CHECK_THROWS_AS(load_idx(folder / "x"), FileError);
  }
  CHECK(memory_stats().peak_bytes - before < 1000);
  write_file(folder / "x", gzipped(plain, folder / "scratch") + "tail");
  CHECK_THROWS_AS(load_idx(folder / "x"), FileError);
}
