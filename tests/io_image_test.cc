// PNG files of all kinds as uint8 tensors.
#include "io/image.h"

#include "reel.h"
#include "tests/files.h"

using namespace reel;

TEST_CASE("every kind of PNG gives the values it stores") {
  Tensor bits = load_png(sample("grey_1bit.png"));
  REQUIRE(bits.shape() == Shape{2, 10, 1});
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 10; ++x) CHECK(bits.at<uint8_t>(y, x, 0) == ((x + y) % 2 == 0 ? 255 : 0));

  Tensor palette = load_png(sample("palette_alpha.png"));
  REQUIRE(palette.shape() == Shape{1, 3, 4});
  const int expected[] = {255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 255, 255};
  for (int i = 0; i < 12; ++i) CHECK(palette.values<uint8_t>()[size_t(i)] == expected[i]);

  Tensor deep = load_png(sample("rgb_16bit.png"));
  REQUIRE(deep.shape() == Shape{2, 2, 3});
  for (int i = 0; i < 12; ++i) CHECK(deep.values<uint8_t>()[size_t(i)] == 0x11 * i);

  Tensor interlaced = load_png(sample("grey_interlaced.png"));
  REQUIRE(interlaced.shape() == Shape{8, 8, 1});
  for (int i = 0; i < 64; ++i) CHECK(interlaced.values<uint8_t>()[size_t(i)] == i);
}

TEST_CASE("save_png and load_png are inverse for 1 to 4 channels and for views") {
  TemporaryFolder folder;
  for (int64_t channels = 1; channels <= 4; ++channels) {
    Tensor x = cast(reshape(arange(5 * 7 * channels), {5, 7, channels}), uint8);
    save_png(folder / "x.png", x);
    Tensor y = load_png(folder / "x.png");
    CHECK(y.shape() == x.shape());
    CHECK(to_string(y) == to_string(x));
  }
  Tensor flat = cast(reshape(arange(12), {3, 4}), uint8);
  save_png(folder / "x.png", transpose(flat));
  Tensor y = load_png(folder / "x.png");
  CHECK(y.shape() == Shape{4, 3, 1});
  CHECK(y.at<uint8_t>(1, 2, 0) == 9);
}

TEST_CASE("what is no image is refused") {
  TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(save_png(folder / "x.png", ones({2, 2})), doctest::Contains("must be uint8"), DTypeError);
  CHECK_THROWS_AS(save_png(folder / "x.png", zeros({2}, uint8)), ShapeError);
  CHECK_THROWS_AS(save_png(folder / "x.png", zeros({2, 2, 5}, uint8)), ShapeError);
  CHECK_THROWS_AS(save_png(folder / "x.png", zeros({0, 2}, uint8)), ShapeError);
  CHECK(folder.files() == 0);
  write_file(folder / "x.png", "not an image");
  CHECK_THROWS_WITH_AS(load_png(folder / "x.png"), doctest::Contains("is not a PNG file\n  at io_image_test.cc"), FileError);
}

TEST_CASE("PNG files cut or damaged anywhere give FileError") {
  TemporaryFolder folder;
  for (const char* name : {"palette_alpha.png", "grey_interlaced.png", "rgb_16bit.png"})
    accepted_damages(read_file(sample(name)), folder / "x.png", size_t(-1), [](const std::string& p) { return load_png(p); });
}
