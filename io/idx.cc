#include "io/idx.h"

#include "io/gzip.h"
#include "io/values.h"

namespace reel {
namespace {

StoredType stored_type(const File& file, int code) {
  using K = StoredType::Kind;
  switch (code) {
    case 0x08: return {K::kUnsigned, 1, true};
    case 0x09: return {K::kInt, 1, true};
    case 0x0b: return {K::kInt, 2, true};
    case 0x0c: return {K::kInt, 4, true};
    case 0x0d: return {K::kFloat, 4, true};
    case 0x0e: return {K::kFloat, 8, true};
    default: file.fail("is not an idx file, or damaged: the type code " + std::to_string(code) + " is unknown");
  }
}

}  // namespace

Tensor load_idx(const std::string& path, Where where) {
  return located(where, [&] {
    File file(path);
    AnySource any(file);
    Source& source = *any;
    unsigned char magic[4];
    source.read(magic, 4);
    if (magic[0] != 0 || magic[1] != 0) file.fail("is not an idx file: it does not begin with two zero bytes");
    StoredType type = stored_type(file, magic[2]);
    std::vector<int64_t> dims;
    for (int i = 0; i < magic[3]; ++i) {
      unsigned char b[4];
      source.read(b, 4);
      dims.push_back(int64_t(b[0]) << 24 | int64_t(b[1]) << 16 | int64_t(b[2]) << 8 | int64_t(b[3]));
    }
    Tensor x = read_values(source, type, checked_shape(file, dims));
    source.finish();
    return x;
  });
}

}  // namespace reel
