#include "io/image.h"

#include <png.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "io/file.h"
#include "tensor/mode.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"

namespace reel {
namespace {

// libpng is C: it reports errors by a jump, which must not cross a destructor. Everything with one stands in the callers below,
// and these run between the jumps with plain pointers only.
struct Problem {
  char text[256] = "";
};
[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* p = static_cast<Problem*>(png_get_error_ptr(png));
  std::strncpy(p->text, message, sizeof p->text - 1);
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

struct Bytes {
  const char* at;
  size_t left;
};
void take_bytes(png_structp png, png_bytep to, size_t bytes) {
  auto* in = static_cast<Bytes*>(png_get_io_ptr(png));
  if (bytes > in->left) png_error(png, "truncated");
  std::memcpy(to, in->at, bytes);
  in->at += bytes, in->left -= bytes;
}
void append_bytes(png_structp png, png_bytep data, size_t bytes) {
  bool failed = false;
  try {
    static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(data), bytes);
  } catch (const std::bad_alloc&) {
    failed = true;
  }
  if (failed) png_error(png, "no memory");
}

struct Size {
  int64_t height, width, channels;
};
bool read_head(png_structp png, png_infop info, Size* size) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  *size = {int64_t(png_get_image_height(png, info)), int64_t(png_get_image_width(png, info)), int64_t(png_get_channels(png, info))};
  return true;
}
bool read_rows(png_structp png, png_infop info, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_read_image(png, rows);
  png_read_end(png, info);
  return true;
}
bool write_image(png_structp png, png_infop info, Size size, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png))) return false;
  constexpr int kColours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, png_uint_32(size.width), png_uint_32(size.height), 8, kColours[size.channels - 1], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  png_write_image(png, rows);
  png_write_end(png, info);
  return true;
}

std::vector<png_bytep> rows_of(const Tensor& x, Size size) {
  std::vector<png_bytep> rows;
  for (int64_t i = 0; i < size.height; ++i) rows.push_back(x.raw<png_byte>() + i * size.width * size.channels);
  return rows;
}

struct Reading {
  Problem problem;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &problem, &on_error, &on_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  ~Reading() { png_destroy_read_struct(&png, &info, nullptr); }
};
struct Writing {
  Problem problem;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &problem, &on_error, &on_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  ~Writing() { png_destroy_write_struct(&png, &info); }
};

}  // namespace

Tensor load_png(const std::string& path, Where where) {
  std::string content = read_file(path, int64_t(1) << 32, where);
  return located(where, [&] {
    auto fail = [&](const std::string& problem) { throw FileError(path + ": " + problem); };
    if (content.size() < 8 || png_sig_cmp(reinterpret_cast<png_const_bytep>(content.data()), 0, 8) != 0) fail("is not a PNG file");
    Reading r;
    if (!r.info) throw OutOfMemory(path + ": no memory to read it");
    Bytes bytes{content.data(), content.size()};
    png_set_read_fn(r.png, &bytes, &take_bytes);
    Size size{};
    if (!read_head(r.png, r.info, &size)) fail(std::string("damaged PNG: ") + r.problem.text);
    // Deflate packs 1032 bytes into one at best, and a pixel of one bit, paletted with transparency, becomes four bytes.
    if (size.height * size.width / 8 > int64_t(content.size()) * 1032)
      fail("damaged PNG: " + std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels cannot come from " +
           std::to_string(content.size()) + " bytes");
    Tensor x = empty({size.height, size.width, size.channels}, uint8);
    std::vector<png_bytep> rows = rows_of(x, size);
    if (!read_rows(r.png, r.info, rows.data())) fail(std::string("damaged PNG: ") + r.problem.text);
    return x;
  });
}

void save_png(const std::string& path, const Tensor& x, Where where) {
  located(where, [&] {
    if (x.dtype() != uint8)
      throw DTypeError("save_png: the image must be uint8 (of values in [0, 1]: cast(x * 255, uint8))\n  a  " + describe(x));
    Size size{x.rank() > 0 ? x.dim(0) : 0, x.rank() > 1 ? x.dim(1) : 0, x.rank() == 3 ? x.dim(2) : 1};
    if (x.rank() < 2 || x.rank() > 3 || size.channels < 1 || size.channels > 4 || size.height < 1 || size.width < 1 ||
        size.height > PNG_UINT_31_MAX || size.width > PNG_UINT_31_MAX)
      throw ShapeError("save_png: the image must be [height, width] or [height, width, 1 .. 4], not empty\n  a  " + describe(x));
    NoGrad no_grad;
    Tensor host = contiguous(to(x, cpu()));
    Writing w;
    if (!w.info) throw OutOfMemory(path + ": no memory to write it");
    std::string content;
    png_set_write_fn(w.png, &content, &append_bytes, nullptr);
    std::vector<png_bytep> rows = rows_of(host, size);
    if (!write_image(w.png, w.info, size, rows.data())) throw FileError(path + ": " + w.problem.text);
    write_file(path, content, where);
  });
}

}  // namespace reel
