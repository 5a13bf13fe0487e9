#include "io/npy.h"

#include <cstring>
#include <optional>

#include "io/values.h"
#include "io/zip.h"
#include "tensor/mode.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/view.h"

namespace reel {
namespace {

constexpr int64_t kLongestHeader = 64 << 10;  // NumPy itself stops at 10000

// The header is a Python dictionary of three entries: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderText {
 public:
  HeaderText(const File& file, std::string_view text) : file_(&file), text_(text) {}
  bool take(std::string_view token) {
    skip_space();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) fail("'" + std::string(token) + "' expected");
  }
  std::string quoted() {
    skip_space();
    char quote = at_ < text_.size() ? text_[at_] : '\0';
    size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail("a quoted word expected");
    std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  bool truth() {
    if (take("True")) return true;
    expect("False");
    return false;
  }
  int64_t number() {
    skip_space();
    int64_t n = 0;
    size_t first = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      if (__builtin_mul_overflow(n, int64_t(10), &n) || __builtin_add_overflow(n, int64_t(text_[at_] - '0'), &n)) fail("an extent above 2^63");
    if (at_ == first) fail("an extent expected");
    take("L");  // Python 2 wrote its long integers so
    return n;
  }
  void end() {
    skip_space();
    if (at_ != text_.size()) fail("nothing more expected");
  }
  [[noreturn]] void fail(const std::string& problem) const {
    file_->fail("damaged npy header: " + problem + " at character " + std::to_string(at_) + " of \"" + std::string(text_.substr(0, 200)) + "\"");
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  const File* file_;
  std::string_view text_;
  size_t at_ = 0;
};

StoredType stored_type(const File& file, const std::string& descr) {
  using K = StoredType::Kind;
  std::string_view d = descr;
  char order = d.empty() ? '\0' : d[0];
  if (order == '<' || order == '>' || order == '|' || order == '=') d.remove_prefix(1);
  StoredType t{K::kBool, 1, order == '>'};
  if (d == "b1" || d == "?") return t;
  if (d.size() == 2 && std::strchr("iuf", d[0]) && std::strchr("1248", d[1])) {
    t.kind = d[0] == 'i' ? K::kInt : d[0] == 'u' ? K::kUnsigned : K::kFloat;
    t.bytes = d[1] - '0';
    if (d != "f1") return t;
  }
  if (d == "c8" || d == "c16") return {K::kComplex, d == "c8" ? 8 : 16, order == '>'};
  char kind = d.empty() ? '\0' : d[0];
  const char* what = kind == 'c' ? "extended complex numbers" : kind == 'f' ? "an extended float" : kind == 'U' || kind == 'S' || kind == 'a' ? "text"
                   : kind == 'M' || kind == 'm' ? "dates" : kind == 'O' ? "pickled Python objects"
                   : d == "V2" ? "raw bytes, which is what numpy.save makes of bfloat16; keep that in a safetensors file" : kind == 'V' ? "raw bytes" : "an unknown type";
  file.fail("its dtype '" + descr + "' (" + what + ") has no counterpart here");
}

struct Header {
  StoredType type;
  bool fortran_order;
  std::vector<int64_t> dims;
};

Header parse_header(const File& file, std::string_view text) {
  HeaderText t(file, text);
  std::optional<std::string> descr;
  std::optional<bool> fortran;
  std::optional<std::vector<int64_t>> dims;
  t.expect("{");
  while (!t.take("}")) {
    std::string key = t.quoted();
    t.expect(":");
    if (key == "descr" && !descr) {
      if (t.take("[")) file.fail("it holds records with named fields, which have no counterpart here");
      descr = t.quoted();
    } else if (key == "fortran_order" && !fortran) {
      fortran = t.truth();
    } else if (key == "shape" && !dims) {
      dims.emplace();
      t.expect("(");
      while (!t.take(")")) {
        dims->push_back(t.number());
        if (!t.take(",")) {
          t.expect(")");
          break;
        }
      }
    } else {
      t.fail("the key '" + key + "' is unknown or occurs twice");
    }
    if (!t.take(",")) {
      t.expect("}");
      break;
    }
  }
  t.end();
  if (!descr || !fortran || !dims) t.fail("one of 'descr', 'fortran_order' and 'shape' is missing");
  return {stored_type(file, *descr), *fortran, std::move(*dims)};
}

Tensor read_npy(Source& source) {
  const File& file = source.file();
  unsigned char start[8], length[4] = {};
  source.read(start, 8);
  if (std::memcmp(start, "\x93NUMPY", 6) != 0) file.fail("is not an npy file: it does not begin with \\x93NUMPY");
  if (start[6] < 1 || start[6] > 3) file.fail("npy version " + std::to_string(start[6]) + " is unknown; 1, 2 and 3 are read");
  source.read(length, start[6] == 1 ? 2 : 4);
  int64_t n = int64_t(length[0]) | int64_t(length[1]) << 8 | int64_t(length[2]) << 16 | int64_t(length[3]) << 24;
  if (n > kLongestHeader) file.fail("damaged npy header: it claims " + std::to_string(n) + " bytes");
  std::string text(size_t(n), '\0');
  source.read(text.data(), n);
  Header h = parse_header(file, text);
  // Column-major values are those of the transposed array in row-major order.
  if (h.fortran_order) h.dims = {h.dims.rbegin(), h.dims.rend()};
  Tensor x = read_values(source, h.type, checked_shape(file, h.dims));
  source.finish();
  return h.fortran_order ? contiguous(transpose(x)) : x;
}

std::string npy_header(const Tensor& x) {
  static constexpr const char* kDescr[kDTypes] = {"|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<f2", "", "<f4", "<f8", "<c8", "<c16"};
  std::string h = std::string("{'descr': '") + kDescr[int(x.dtype())] + "', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < x.rank(); ++i) h += (i ? ", " : "") + std::to_string(x.shape()[i]);
  h += x.rank() == 1 ? ",), }" : "), }";
  // The values begin at a multiple of 64 bytes.
  size_t whole = (10 + h.size() + 1 + 63) / 64 * 64;
  h.append(whole - 10 - h.size() - 1, ' ');
  h += '\n';
  return std::string("\x93NUMPY\x01\0", 8) + char(h.size() & 255) + char(h.size() >> 8) + h;
}

void refuse_bfloat(const Tensor& x, const char* op) {
  if (x.dtype() == bfloat16)
    throw DTypeError(std::string(op) + ": npy files know no bfloat16 (cast to float32, or save_safetensors keeps it)\n  a  " + describe(x));
}

}  // namespace

Tensor load_npy(const std::string& path, Where where) {
  return located(where, [&] {
    NoGrad no_grad;
    File file(path);
    PlainSource source(file);
    return read_npy(source);
  });
}

void save_npy(const std::string& path, const Tensor& x, Where where) {
  located(where, [&] {
    refuse_bfloat(x, "save_npy");
    Tensor host = host_tensors({{"", x}})[0];
    NewFile file(path);
    file.write(npy_header(host));
    file.write(host.raw(), host.bytes());
    file.commit();
  });
}

NamedTensors load_npz(const std::string& path, Where where) {
  return located(where, [&] {
    NoGrad no_grad;
    ZipReader zip(path);
    NamedTensors tensors;
    for (const ZipReader::Entry& e : zip.entries()) {
      std::string_view name = e.name;
      if (name.ends_with('/')) continue;
      if (name.ends_with(".npy")) name.remove_suffix(4);
      try {
        ZipSource source(zip, e);
        tensors.emplace_back(name, read_npy(source));
      } catch (Error& error) {
        error.add("in its entry \"" + e.name + "\"");
        throw;
      }
    }
    return tensors;
  });
}

void save_npz(const std::string& path, const NamedTensors& tensors, Where where) {
  located(where, [&] {
    for (const auto& [name, x] : tensors) refuse_bfloat(x, "save_npz");
    Tensors host = host_tensors(tensors);
    ZipWriter zip(path);
    for (size_t i = 0; i < host.size(); ++i) {
      std::string header = npy_header(host[i]);
      zip.add(tensors[i].first + ".npy", header, {host[i].raw<const char>(), size_t(host[i].bytes())});
    }
    zip.commit();
  });
}

}  // namespace reel
