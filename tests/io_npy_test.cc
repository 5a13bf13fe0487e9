// NumPy's files against NumPy's own, and damaged ones.
#include "io/npy.h"

#include <complex>

#include "reel.h"
#include "tests/files.h"

using namespace reel;

namespace {

// The samples' values: 0, 1, 2 ..., minus 5 in signed types, and whether the count is even for bool.
void check_counting(const Tensor& x, int first) {
  REQUIRE(x.shape() == Shape{2, 3, 4});
  for (int i = 0; i < 24; ++i) {
    double expected = x.dtype() == boolean ? i % 2 == 0 : i + first;
    CHECK(x[i / 12][i / 4 % 3][i % 4].item() == expected);
  }
}

void check_all_types(const NamedTensors& all) {
  struct Expected {
    const char* name;
    DType dtype;
  };
  for (auto [name, dtype] : {Expected{"bool", boolean}, {"uint8", uint8}, {"uint16", int32}, {"uint32", int64}, {"uint64", int64}, {"int8", int8},
                             {"int16", int16}, {"int32", int32}, {"int64", int64}, {"float16", float16}, {"float32", float32}, {"float64", float64}}) {
    CAPTURE(name);
    const Tensor& x = named(all, name);
    CHECK(x.dtype() == dtype);
    check_counting(x, name[0] == 'u' ? 0 : -5);
  }
}

}  // namespace

TEST_CASE("npz files of NumPy, stored and deflated, give every dtype and value") {
  for (const char* file : {"stored.npz", "deflated.npz"}) {
    CAPTURE(file);
    NamedTensors all = load_npz(sample(file));
    CHECK(all.size() == 12);
    check_all_types(all);
  }
}

TEST_CASE("npy files of NumPy in column-major order and big-endian give the same array") {
  check_counting(load_npy(sample("float32.npy")), -5);
  check_counting(load_npy(sample("fortran_float64.npy")), -5);
  check_counting(load_npy(sample("big_endian_float32.npy")), -5);
  check_counting(load_npy(sample("big_endian_fortran_int16.npy")), -5);
  CHECK(to_string(load_npy(sample("complex64.npy"))) == "[ 1.+2.j  -0.-0.5j  3.+0.j ]");
  Tensor z = load_npy(sample("complex128_big_endian.npy"));
  CHECK(z.dtype() == complex128);
  CHECK(array_equal(z, tensor({{std::complex<double>(1.5, -2)}, {std::complex<double>(0, 1e300)}}, complex128)));
  CHECK(load_npy(sample("fortran_float64.npy")).contiguous());
  CHECK(load_npy(sample("scalar_float64.npy")).item() == 2.5);
  CHECK(load_npy(sample("empty_uint8.npy")).shape() == Shape{0, 3});
}

TEST_CASE("save_npy writes the bytes that numpy.save writes") {
  TemporaryFolder folder;
  for (const char* name : {"float32.npy", "vector_int64.npy", "scalar_float64.npy", "empty_uint8.npy"}) {
    CAPTURE(name);
    save_npy(folder / name, load_npy(sample(name)));
    CHECK(read_file(folder / name) == read_file(sample(name)));
  }
}

TEST_CASE("what npy holds and a tensor cannot is refused by name") {
  CHECK_THROWS_WITH_AS(load_npy(sample("refused_object.npy")), doctest::Contains("pickled Python objects"), FileError);
  CHECK_THROWS_WITH_AS(load_npy(sample("refused_text.npy")), doctest::Contains("text"), FileError);
  CHECK_THROWS_WITH_AS(load_npy(sample("refused_record.npy")), doctest::Contains("records"), FileError);
  CHECK_THROWS_WITH_AS(load_npy(sample("refused_bfloat16.npy")), doctest::Contains("bfloat16"), FileError);
  CHECK_THROWS_WITH_AS(load_npy(sample("huge_uint64.npy")), doctest::Contains("9223372036854775808 at position 1"), FileError);
}

TEST_CASE("npz round trip of every dtype but bfloat16, of views, scalars and empty tensors") {
  TemporaryFolder folder;
  NamedTensors out;
  for (int t = 0; t < kDTypes; ++t)
    if (DType(t) != bfloat16) out.emplace_back(name(DType(t)), cast(reshape(arange(24), {2, 3, 4}), DType(t)));
  out.emplace_back("transposed/kernel:0", transpose(out.back().second));
  out.emplace_back("every second", out[0].second[{slice(), slice(), slice({}, {}, -2)}]);
  out.emplace_back("scalar", tensor(1.5));
  out.emplace_back("empty", zeros({3, 0}));
  out.emplace_back("", ones({2}));
  save_npz(folder / "x.npz", out);
  NamedTensors in = load_npz(folder / "x.npz");
  REQUIRE(in.size() == out.size());
  for (size_t i = 0; i < in.size(); ++i) {
    CHECK(in[i].first == out[i].first);
    CHECK(in[i].second.dtype() == out[i].second.dtype());
    CHECK(to_string(in[i].second) == to_string(out[i].second));
  }
}

TEST_CASE("a save that is refused leaves the old file") {
  TemporaryFolder folder;
  save_npz(folder / "x.npz", {{"a", ones({2})}});
  std::string old = read_file(folder / "x.npz");
  CHECK_THROWS_WITH_AS(save_npz(folder / "x.npz", {{"a", ones({2})}, {"b", zeros({1}, bfloat16)}}), doctest::Contains("bfloat16"), DTypeError);
  CHECK_THROWS_WITH_AS(save_npz(folder / "x.npz", {{"a", ones({2})}, {"a", ones({3})}}), doctest::Contains("two tensors are called \"a\""), Error);
  CHECK_THROWS_AS(save_npz(folder / "x.npz", {{"a", Tensor()}}), Error);
  CHECK_THROWS_AS(save_npz(folder / "x.npz", {{std::string("a\0b", 3), ones({1})}}), Error);
  CHECK_THROWS_WITH_AS(save_npy(folder / "x.npy", zeros({1}, bfloat16)), doctest::Contains("at io_npy_test.cc:"), DTypeError);
  CHECK(read_file(folder / "x.npz") == old);
  CHECK(folder.files() == 1);
}

TEST_CASE("a npy header that claims more than the file holds is refused before anything is allocated") {
  TemporaryFolder folder;
  auto with_header = [&](std::string h, std::string data) {
    h.resize(118, ' ');
    write_file(folder / "x.npy", std::string("\x93NUMPY\x01\0\x76\0", 10) + h + data);
    return folder / "x.npy";
  };
  std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  CHECK(load_npy(with_header("{\"shape\":(2L,),'fortran_order':True,'descr':'<f4'}", std::string(8, '\0'))).size() == 2);
  reset_peak_memory();
  int64_t before = memory_stats().peak_bytes;
  for (const char* shape : {"(1152921504606846976,)}", "(4294967296, 4294967296)}", "(9223372036854775807,)}", "(99999999999999999999,)}", "(-1,)}",
                            "(1,1,1,1,1,1,1,1,1)}", "(2)}x", "(2,", "2}", "(2,), 'shape': (2,)}", "(2,), 'x': 1}", "(3,)}", "(1,)}"}) {
    CAPTURE(shape);
    CHECK_THROWS_AS(load_npy(with_header(start + shape, std::string(8, '\0'))), FileError);
  }
  CHECK_THROWS_AS(load_npy(with_header("{'descr': '<f4', 'shape': (2,)}", std::string(8, '\0'))), FileError);
  CHECK(memory_stats().peak_bytes - before < 1000);
}

TEST_CASE("npy and npz files cut or damaged anywhere give FileError") {
  TemporaryFolder folder;
  accepted_damages(read_file(sample("vector_int64.npy")), folder / "x.npy", 128, [](const std::string& p) { return load_npy(p); });
  std::string stored = folder / "small.npz";
  save_npz(stored, {{"a", arange(3)}, {"b", zeros({2, 2})}});
  auto load = [](const std::string& p) { return load_npz(p); };
  accepted_damages(read_file(stored), folder / "x.npz", size_t(-1), load);
  accepted_damages(read_file(sample("deflated.npz")), folder / "x.npz", 600, load);
}

TEST_CASE("a damaged value in a npz is found by its checksum") {
  TemporaryFolder folder;
  save_npz(folder / "x.npz", {{"kernel", ones({4})}});
  std::string content = read_file(folder / "x.npz");
  content[30 + 10 + 128] ^= 1;
  write_file(folder / "x.npz", content);
  CHECK_THROWS_WITH_AS(load_npz(folder / "x.npz"), doctest::Contains("checksum does not agree: the data are damaged\n  in its entry \"kernel.npy\""), FileError);
}

TEST_CASE("samples of other programs load") {
  std::string folder = real_data("numpy");
  if (folder.empty()) return;
  int files = 0;
  for (const auto& e : std::filesystem::recursive_directory_iterator(folder)) {
    CAPTURE(e.path().string());
    bool one = e.path().extension() == ".npy", several = e.path().extension() == ".npz";
    if (one) CHECK_NOTHROW(load_npy(e.path()));
    if (several) CHECK_NOTHROW(load_npz(e.path()));
    files += one || several;
  }
  CHECK(files == 30);
  auto sum_of = [&](const char* file) { return sum(cast(load_npy(folder + "/xtensor/" + file), float64)).item(); };
  CHECK(sum_of("double.le.npy") == doctest::Approx(sum_of("double_fortran.le.npy")));
  CHECK(to_string(load_npy(folder + "/xtensor/bool.le.npy")) == to_string(load_npy(folder + "/xtensor/bool_fortran.le.npy")));
}
