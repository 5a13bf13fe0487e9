// Safetensors files against those of the reference library, and damaged ones.
#include "io/safetensors.h"

#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {

std::string file_of(const std::string& header, const std::string& data) {
  std::string s;
  for (int i = 0; i < 8; ++i) s += char(header.size() >> (8 * i));
  return s + header + data;
}

}  // namespace

TEST_CASE("a file of the reference library gives every dtype, value and text") {
  Metadata metadata;
  NamedTensors all = load_safetensors(sample("all.safetensors"), &metadata);
  CHECK(all.size() == 15);
  for (const auto& [name, x] : all) {
    CAPTURE(name);
    if (name == "scalar") {
      CHECK(x.rank() == 0);
      CHECK(x.item() == 2.5);
    } else if (name == "empty") {
      CHECK(x.shape() == Shape{0, 3});
    } else {
      REQUIRE(x.shape() == Shape{2, 3, 4});
      CHECK(std::string(reel::name(x.dtype())) == (name == "uint16" ? "int32" : name == "uint32" || name == "uint64" ? "int64" : name));
      for (int i = 0; i < 24; ++i)
        CHECK(x[i / 12][i / 4 % 3][i % 4].item() == (x.dtype() == boolean ? double(i % 2 == 0) : name[0] == 'u' ? i : i - 5));
    }
  }
  REQUIRE(metadata.size() == 2);
  for (const auto& [key, value] : metadata) CHECK(value == (key == "é" ? "\"quoted\"\n" : "safetensors"));
  CHECK_THROWS_WITH_AS(load_safetensors(sample("refused_float8.safetensors")), doctest::Contains("F8_E4M3\" of \"f8\" has no counterpart"), FileError);
}

TEST_CASE("round trip of every dtype in the given order, aligned, views stored as their own values alone") {
  TemporaryFolder folder;
  NamedTensors out;
  for (int t = 0; t < kDTypes; ++t)
    if (DType(t) != complex128) out.emplace_back(name(DType(t)), cast(arange(3), DType(t)));
  Tensor big = ones({1000, 100});
  out.emplace_back("slice \"of\" \xc3\xa9", big[3][{slice(0, 5)}]);
  out.emplace_back("transposed", transpose(reshape(arange(6), {2, 3})));
  out.emplace_back("scalar", tensor(0.5, float64));
  out.emplace_back("empty", zeros({0, 7}));
  save_safetensors(folder / "x", out, {{"step", "10"}, {"", ""}});
  Metadata metadata;
  NamedTensors in = load_safetensors(folder / "x", &metadata);
  CHECK(metadata == Metadata{{"step", "10"}, {"", ""}});
  REQUIRE(in.size() == out.size());
  for (size_t i = 0; i < in.size(); ++i) {
    CHECK(in[i].first == out[i].first);
    CHECK(in[i].second.dtype() == out[i].second.dtype());
    CHECK(in[i].second.shape() == out[i].second.shape());
    CHECK(to_string(in[i].second) == to_string(out[i].second));
  }
  CHECK(read_file(folder / "x").size() < 2000);
  save_safetensors(folder / "none", {});
  CHECK(load_safetensors(folder / "none").empty());
}

TEST_CASE("a header that is no table of tiled tensors is refused before anything is allocated") {
  TemporaryFolder folder;
  const std::string eight(8, '\1');
  auto entry = [](const char* name, const char* type, const char* shape, const char* offsets) {
    return std::string("\"") + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
  };
  auto load = [&](const std::string& header, const std::string& data) {
    write_file(folder / "x", file_of(header, data));
    return load_safetensors(folder / "x");
  };
  std::string a = entry("a", "F32", "[1]", "[0,4]"), b = entry("b", "F32", "[1]", "[4,8]");
  CHECK(load("{" + b + "," + a + "}", eight).size() == 2);
  CHECK(load("{\"__metadata__\":{}," + entry("a", "BOOL", "[2,4]", "[0,8]") + "}   ", std::string(8, '\5'))[0].second.at<bool>(1, 3));
  reset_peak_memory();
  int64_t before = memory_stats().peak_bytes;
  struct Bad {
    const char* why;
    std::string header;
  };
  for (const auto& [why, header] : {
           Bad{"begin at 2", "{" + a + "," + entry("b", "F16", "[3]", "[2,8]") + "}"},
           {"begin at 6", "{" + a + "," + entry("b", "F16", "[1]", "[6,8]") + "}"},
           {"too long", "{" + a + "}"},
           {"truncated", "{" + a + "," + entry("b", "F32", "[2]", "[4,12]") + "}"},
           {"do not agree", "{" + entry("a", "F32", "[3]", "[0,8]") + "}"},
           {"do not agree", "{" + entry("a", "F32", "[2]", "[8,0]") + "}"},
           {"do not agree", "{" + entry("a", "F32", "[2]", "[0,8,9]") + "}"},
           {"overflow 64 bits", "{" + entry("a", "F32", "[1152921504606846976]", "[0,4611686018427387904]") + "}"},
           {"truncated", "{" + entry("a", "F32", "[576460752303423488]", "[0,2305843009213693952]") + "}"},
           {"more elements than", "{" + entry("a", "U8", "[4294967296,4294967296,2]", "[0,8]") + "}"},
           {"too large", "{" + entry("a", "U8", "[18446744073709551615]", "[0,8]") + "}"},
           {"-8", "{" + entry("a", "U8", "[-8]", "[0,8]") + "}"},
           {"8.5", "{" + entry("a", "U8", "[8.5]", "[0,8]") + "}"},
           {"more than 8", "{" + entry("a", "U8", "[1,1,1,1,1,1,1,1,1,8]", "[0,8]") + "}"},
           {"no counterpart", "{" + entry("a", "F8_E5M2", "[8]", "[0,8]") + "}"},
           {"occurs twice", "{" + a + "," + entry("a", "F32", "[1]", "[4,8]") + "}"},
           {"occurs twice", "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"shape\":[8],\"data_offsets\":[0,8]}}"},
           {"occur twice", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"},
           {"lacks", "{\"a\":{\"dtype\":\"U8\",\"shape\":[8]}}"},
           {"unexpected place", "{\"a\":{\"dtype\":\"U8\",\"shape\":[[8]],\"data_offsets\":[0,8]}}"},
           {"unexpected place", "{\"a\":{\"dtype\":[\"U8\"],\"shape\":[8],\"data_offsets\":[0,8]}}"},
           {"unexpected place", "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8],\"more\":{}}}"},
           {"unexpected place", "{\"__metadata__\":{\"k\":1}}"},
           {"unexpected place", "{\"a\":7}"},
           {"unexpected place", "{\"a\":[]}"},
           {"null", "{\"a\":null}"},
           {"zero byte", "{" + entry("a\\u0000b", "U8", "[8]", "[0,8]") + "}"},
           {"does not begin with {", " {" + a + "," + b + "}"},
           {"does not begin with {", std::string(100000, '[')},
           {"no JSON", "{" + a},
           {"no JSON", "{" + a + "," + b + "} x"},
           {"no JSON", "{\"\xff\":{}}"},
       }) {
    CAPTURE(header.substr(0, 200));
    CHECK_THROWS_WITH_AS(load(header, eight), doctest::Contains(why), FileError);
  }
  CHECK_THROWS_WITH_AS(load("{" + entry(std::string(5000, 'n').c_str(), "U8", "[8]", "[0,8]") + "}", eight), doctest::Contains("4096"), FileError);
  CHECK(memory_stats().peak_bytes - before < 1000);
  write_file(folder / "x", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10));
  CHECK_THROWS_WITH_AS(load_safetensors(folder / "x"), doctest::Contains("16 MiB"), FileError);
}

TEST_CASE("safetensors files cut anywhere or with any header bit turned give FileError or another whole file") {
  TemporaryFolder folder;
  save_safetensors(folder / "good", {{"a", arange(3)}, {"b", zeros({2, 2}, float16)}}, {{"k", "v"}});
  std::string good = read_file(folder / "good");
  size_t header = good.size() - 3 * 8 - 4 * 2;
  accepted_damages(good, folder / "x", header, [](const std::string& p) {
    int64_t bytes = 0;
    for (const auto& [name, x] : load_safetensors(p)) bytes += x.bytes();
    CHECK(bytes == 3 * 8 + 4 * 2);
  });
}

TEST_CASE("names and texts that the format cannot hold are refused and the old file stays") {
  TemporaryFolder folder;
  save_safetensors(folder / "x", {{"a", ones({2})}});
  std::string old = read_file(folder / "x");
  CHECK_THROWS_WITH_AS(save_safetensors(folder / "x", {{"\xff", ones({2})}}), doctest::Contains("not UTF-8"), Error);
  CHECK_THROWS_WITH_AS(save_safetensors(folder / "x", {{"__metadata__", ones({2})}}), doctest::Contains("cannot be called"), Error);
  CHECK_THROWS_AS(save_safetensors(folder / "x", {{std::string(5000, 'n'), ones({2})}}), Error);
  CHECK_THROWS_AS(save_safetensors(folder / "x", {{"a", ones({2})}, {"a", ones({2})}}), Error);
  CHECK_THROWS_AS(save_safetensors(folder / "x", {{"a", ones({2})}}, {{"k", "1"}, {"k", "2"}}), Error);
  CHECK_THROWS_AS(save_safetensors(folder / "x", {{"a", Tensor()}}), Error);
  CHECK(read_file(folder / "x") == old);
  CHECK(folder.files() == 1);
}

TEST_CASE("safetensors samples of other programs load") {
  std::string folder = real_data("safetensors");
  if (folder.empty()) return;
  NamedTensors mlp = load_safetensors(folder + "/dfdx_mnist_mlp.safetensors");
  int64_t parameters = 0;
  for (const auto& [name, x] : mlp) {
    parameters += x.size();
    CHECK(x.dtype() == float32);
  }
  CHECK(parameters == 784 * 512 + 512 + 512 * 128 + 128 + 128 * 32 + 32 + 32 * 10 + 10);
  CHECK(!load_safetensors(folder + "/candle_jfk-codes.safetensors").empty());
  CHECK(!load_safetensors(folder + "/hf_overall.safetensors").empty());
}
