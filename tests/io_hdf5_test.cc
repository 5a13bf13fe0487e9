// HDF5: round trips, files of h5py and others, damaged ones.
#include <doctest/doctest.h>

#include <set>

#include "io/hdf5.h"
#include "io/npy.h"
#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {

std::string message(const auto& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}
bool same(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && (a.size() == 0 || all(a == b).item<bool>());
}
std::unique_ptr<Hdf5Reader> again(const Hdf5Writer& w) { return open_hdf5_bytes(w.bytes(), "memory.h5"); }

struct Seen {
  int numbers = 0, texts = 0, refused = 0, attributes = 0, refused_attributes = 0, links = 0;
  std::set<std::string> kinds_of_error;
};
// Everything there is below a group, read; groups may contain themselves.
void visit(const Hdf5Reader& file, const std::string& path, int depth, Seen& seen, bool with_attributes = true) {
  if (with_attributes) for (const std::string& a : file.attributes(path)) try {
      file.attribute(path, a);
      ++seen.attributes;
    } catch (const FileError&) {
      ++seen.refused_attributes;
    }
  switch (file.kind(path)) {
    case Hdf5Reader::Kind::kGroup:
      if (depth < 6)
        for (const std::string& m : file.members(path)) {
          std::string below = path + "/" + m;
          if (file.kind(below) == Hdf5Reader::Kind::kLink) ++seen.links;
          else visit(file, below, depth + 1, seen, with_attributes);
        }
      break;
    case Hdf5Reader::Kind::kDataset:
      try {
        (file.read(path).numbers ? seen.numbers : seen.texts) += 1;
      } catch (const FileError& e) {
        ++seen.refused;
        CHECK(std::string(e.what()).find(path) != std::string::npos);
        CHECK(std::string(e.what()).find(file.name()) != std::string::npos);
      }
      break;
    default: break;
  }
}

}  // namespace

TEST_CASE("hdf5: every dtype comes back, of any layout, also empty, scalar and of eight axes") {
  auto w = new_hdf5();
  Tensors kept;
  for (DType t : {boolean, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64}) {
    Tensor x = cast(tensor({{0., 1., -2.5}, {3., 0., 100.}}), t);
    if (t == boolean) x = tensor({{0., 1., 1.}, {1., 0., 1.}}) > 0.5;
    for (const Tensor& v : {x, transpose(x), x[0][1], zeros({0, 3}, t), reshape(x, {1, 1, 1, 2, 1, 3, 1, 1})}) {
      w->write("a/b" + std::to_string(kept.size()), v);
      kept.push_back(v);
    }
  }
  auto r = again(*w);
  for (size_t i = 0; i < kept.size(); ++i) {
    CAPTURE(i);
    CHECK(same(r->read("a/b" + std::to_string(i)).numbers, kept[i]));
  }
  CHECK(w->bytes() == w->bytes());
}

TEST_CASE("hdf5: groups and attributes") {
  auto w = new_hdf5();
  w->group("one/two");
  w->group("one");
  CHECK_THROWS_WITH_AS(w->write("z", ones({2}, complex64)), doctest::Contains("no complex64 here"), DTypeError);
  for (int i : {0, 2, 10, 1}) w->write("one/" + std::to_string(i), full({}, i));
  w->attribute("", "title", std::string("gr\u00f6\u00dfer"));
  w->attribute("one", "names", std::vector<std::string>{"a", "", "long enough to be elsewhere"});
  w->attribute("one", "none", std::vector<std::string>{});
  w->attribute("one/2", "numbers", tensor({1., 2.}));
  auto r = again(*w);
  CHECK(r->members("one") == std::vector<std::string>{"0", "1", "10", "2", "two"});
  CHECK(r->members("/one/two/").empty());
  CHECK(r->attribute("", "title").text("title") == "gr\u00f6\u00dfer");
  CHECK(r->attribute("one", "names").texts == std::vector<std::string>{"a", "", "long enough to be elsewhere"});
  CHECK(r->attribute("one", "none").texts.empty());
  CHECK(to_string(r->attribute("one/2", "numbers").numbers) == "[1. 2.]");
  CHECK(r->attributes("one") == std::vector<std::string>{"names", "none"});
  CHECK(r->kind("one") == Hdf5Reader::Kind::kGroup);
  CHECK(r->kind("one/2") == Hdf5Reader::Kind::kDataset);
  CHECK(r->kind("one/2/3") == Hdf5Reader::Kind::kNothing);
  CHECK(r->kind("./one") == Hdf5Reader::Kind::kNothing);
}

TEST_CASE("hdf5: mistakes name the file and the path") {
  auto w = new_hdf5();
  w->write("x/y", ones({2}));
  CHECK(message([&] { w->write("x/y", ones({2})); }) == "new HDF5 file: \"x/y\": is there already");
  CHECK(message([&] { w->write("x/y/z", ones({2})); }) == "new HDF5 file: \"/x/y\": is there already, and no group");
  CHECK(message([&] { w->attribute("q", "a", std::string("t")); }) == "new HDF5 file: \"q\": is not there to get an attribute");
  CHECK_THROWS_AS(w->write("", ones({2})), FileError);
  CHECK_THROWS_AS(w->write("v", Tensor()), FileError);
  CHECK_THROWS_AS(w->attribute("x", "a", std::string("a\0b", 3)), FileError);
  auto r = again(*w);
  CHECK(message([&] { r->read("x/z"); }) == "memory.h5: \"x/z\": is not there");
  CHECK(message([&] { r->read("x"); }) == "memory.h5: \"x\": is no dataset");
  CHECK(message([&] { r->members("x/y"); }) == "memory.h5: \"x/y\": is no group");
  CHECK(message([&] { r->attribute("x", "a"); }).find("memory.h5: \"x\": has no readable attribute \"a\"") == 0);
  CHECK(message([] { open_hdf5_bytes("not HDF5", "text.h5"); }).find("text.h5: is no HDF5 file") == 0);
  CHECK_THROWS_AS(open_hdf5_bytes("", "nothing.h5"), FileError);
  TemporaryFolder folder;
  CHECK(message([&] { open_hdf5(folder / "absent.h5"); }).find("cannot open: No such file") != std::string::npos);
  CHECK(message([&] { open_hdf5(folder.path()); }).find("is a folder") != std::string::npos);
}

TEST_CASE("hdf5: a file cut short or with a bit turned is an error or readable, never a crash") {
  auto w = new_hdf5();
  w->write("layers/dense/vars/0", ones({2, 2}));
  w->attribute("layers/dense/vars", "name", std::string("dense"));
  std::string good = w->bytes();
  TemporaryFolder folder;
  int opened = 0;
  auto attempt = [&](std::string content) {
    try {
      Seen seen;
      auto r = open_hdf5_bytes(std::move(content), "damaged.h5");
      ++opened;
      visit(*r, "", 0, seen, false);
    } catch (const FileError&) {
    }
  };
  for (size_t n = 0; n < good.size(); n += 31) attempt(good.substr(0, n));
  CHECK(opened == 0);
  for (size_t bit = 0; bit < 8 * good.size(); bit += 23) {
    std::string damaged = good;
    damaged[bit / 8] = char(damaged[bit / 8] ^ (1 << (bit % 8)));
    attempt(damaged);
  }
  CHECK(opened > 0);
}

TEST_CASE("hdf5: files of other libraries") {
  std::string folder = real_data("hdf5");
  if (folder.empty()) return;
  std::map<std::string, Seen> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".hdf5") continue;
    CAPTURE(entry.path().string());
    auto r = open_hdf5(entry.path().string());
    visit(*r, "", 0, files[entry.path().filename().string()]);
  }
  CHECK(files.size() == 33);
  // Compound, opaque, ragged and array elements, and h5py's own compression (two of the lzf datasets; three were kept uncompressed).
  const std::map<std::string, int> refused{{"compound_datasets_earliest.hdf5", 10}, {"compound_datasets_latest.hdf5", 10}, {"issue318_example.hdf5", 1},
                                           {"opaque_datasets_earliest.hdf5", 2}, {"opaque_datasets_latest.hdf5", 2},
                                           {"test_compressed_chunked_datasets_earliest.hdf5", 2}, {"test_compressed_chunked_datasets_latest.hdf5", 2},
                                           {"test_multidimensional_array.hdf5", 2}, {"test_vlen_datasets_earliest.hdf5", 22}, {"test_vlen_datasets_latest.hdf5", 22}};
  for (auto& [name, s] : files) {
    CAPTURE(name);
    auto it = refused.find(name);
    CHECK(s.refused == (it == refused.end() ? 0 : it->second));
  }
  // Against what h5py reads (tests/data/io/make_hdf5.py).
  for (auto& [key, expected] : load_npz(sample("hdf5_values.npz"))) {
    CAPTURE(key);
    size_t colon = key.find(':');
    Hdf5Value v;
    try {
      v = open_hdf5(folder + "/" + key.substr(0, colon))->read(key.substr(colon + 1));
    } catch (const FileError&) {
      CHECK(refused.count(key.substr(0, colon)) == 1);
      continue;
    }
    if (v.numbers) {
      CHECK(same(v.numbers, expected));
    } else {
      std::string joined;
      for (size_t i = 0; i < v.texts.size(); ++i) joined += (i ? "\n" : "") + v.texts[i];
      auto bytes = expected.values<uint8_t>();
      CHECK(joined == std::string(bytes.begin(), bytes.end()));
    }
  }
}
