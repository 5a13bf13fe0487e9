// The HDF5 library behind io/hdf5.h: a module of its own, opened on first use.
#include "io/hdf5_module.h"

#include <algorithm>
#include <cstring>

#include "io/file.h"
#include "io/hdf5_types.h"
#include "tensor/ops/copy.h"
#include "tensor/ops/create.h"

namespace reel::hdf5 {
namespace {

// A dataset may unpack to this many times what is stored of it (deflate reaches 1032), and to so many bytes from nothing: fill values.
constexpr uint64_t kMostUnpacked = 1100, kMostFilled = 16 << 20;

std::vector<std::string> components(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < path.size();) {
    size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// The buffer of a file in memory is ours and is only read: the library gets along without copies of it.
H5FD_file_image_callbacks_t borrowed(std::string* bytes) {
  H5FD_file_image_callbacks_t c{};
  c.image_malloc = [](size_t, H5FD_file_image_op_t, void* of) -> void* { return static_cast<std::string*>(of)->data(); };
  c.image_memcpy = [](void* to, const void*, size_t, H5FD_file_image_op_t, void*) { return to; };
  c.image_realloc = [](void*, size_t, H5FD_file_image_op_t, void*) -> void* { return nullptr; };
  c.image_free = [](void*, H5FD_file_image_op_t, void*) -> herr_t { return 0; };
  c.udata_copy = [](void* of) { return of; };
  c.udata_free = [](void*) -> herr_t { return 0; };
  c.udata = bytes;
  return c;
}

// Values of a dataset or an attribute, which the library reads by two functions of the same kind.
struct Stored {
  const std::string& file;
  std::string path;
  hid_t id;
  bool is_attribute;

  herr_t read(hid_t memory, void* to) const {
    return is_attribute ? H5Aread(id, memory, to) : H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
  }
  [[noreturn]] void fail(const std::string& problem) const { hdf5::fail(file, path, problem); }

  void check_size(const Shape& shape, uint64_t item_bytes) const {
    uint64_t bytes = uint64_t(shape.size()) * item_bytes, stored = is_attribute ? H5Aget_storage_size(id) : H5Dget_storage_size(id);
    if (bytes > kMostFilled && (bytes - kMostFilled) / kMostUnpacked > stored)
      fail("claims " + std::to_string(bytes) + " bytes, of which " + std::to_string(stored) + " are stored");
  }

  Shape shape(hid_t space) const {
    if (H5Sget_simple_extent_type(space) == H5S_NULL) return Shape{0};
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0) fail("its shape cannot be read" + reason());
    if (rank > kMaxRank) fail("has " + std::to_string(rank) + " axes, a tensor at most " + std::to_string(kMaxRank));
    hsize_t dims[kMaxRank];
    H5Sget_simple_extent_dims(space, dims, nullptr);
    int64_t extents[kMaxRank];
    for (int i = 0; i < rank; ++i) extents[i] = dims[i] > hsize_t(INT64_MAX) ? -1 : int64_t(dims[i]);
    try {
      Shape s(std::span<const int64_t>(extents, size_t(rank)));
      checked_bytes(s, 8);
      return s;
    } catch (const Error& e) {
      fail(e.what());
    }
  }

  std::vector<std::string> texts(hid_t type, const Shape& shape) const {
    std::vector<std::string> out;
    size_t count = size_t(shape.size());
    if (H5Tis_variable_str(type) > 0) {
      check_size(shape, sizeof(char*));
      Handle memory(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate_simple(1, std::vector<hsize_t>{count}.data(), nullptr), H5Sclose);
      H5Tset_size(memory, H5T_VARIABLE);
      H5Tset_cset(memory, H5Tget_cset(type));
      std::vector<char*> at(count);
      if (count && read(memory, at.data()) < 0) fail("cannot be read" + reason());
      for (const char* s : at) out.emplace_back(s ? s : "");
      if (count) H5Dvlen_reclaim(memory, space, H5P_DEFAULT, at.data());
      return out;
    }
    size_t bytes = H5Tget_size(type);
    check_size(shape, bytes);
    std::string all(count * bytes, '\0');
    if (!all.empty() && read(type, all.data()) < 0) fail("cannot be read" + reason());
    H5T_str_t padding = H5Tget_strpad(type);
    for (size_t i = 0; i < count; ++i) {
      std::string s = all.substr(i * bytes, bytes);
      if (padding == H5T_STR_NULLTERM) s = s.substr(0, s.find('\0'));
      s.resize(s.find_last_not_of(padding == H5T_STR_SPACEPAD ? ' ' : '\0') + 1);
      out.push_back(std::move(s));
    }
    return out;
  }

  Tensor numbers(const Meaning& m, hid_t type, const Shape& shape) const {
    check_size(shape, std::max<uint64_t>(H5Tget_size(type), uint64_t(item_size(m.dtype))));
    Tensor x = empty(shape, m.dtype);
    // Opaque bytes are read as they are; the library would cut a uint64 above int64's range down to its end.
    Handle memory = m.kind == Meaning::Kind::kOpaque16 ? Handle(H5Tcopy(type), H5Tclose)
                    : m.unsigned64                     ? Handle(H5Tcopy(H5T_NATIVE_UINT64), H5Tclose)
                                                       : memory_type(m.dtype);
    if (x.size() && read(memory, x.raw()) < 0) fail("cannot be read" + reason());
    if (m.unsigned64)
      for (int64_t v : x.values<int64_t>())
        if (v < 0) fail("the uint64 " + std::to_string(uint64_t(v)) + " does not fit the widest dtype here, int64");
    if (m.dtype == boolean)
      for (unsigned char *p = x.raw<unsigned char>(), *end = p + x.size(); p < end; ++p) *p = *p != 0;
    return x;
  }

  Hdf5Value value(bool opaque_is_bfloat16) const {
    NoGrad no_grad;
    Handle type(is_attribute ? H5Aget_type(id) : H5Dget_type(id), H5Tclose), space(is_attribute ? H5Aget_space(id) : H5Dget_space(id), H5Sclose);
    if (!type.open() || !space.open()) fail("its type or shape cannot be read" + reason());
    Meaning m = meaning_of(type);
    if (m.kind == Meaning::Kind::kUnreadable || (m.kind == Meaning::Kind::kOpaque16 && !opaque_is_bfloat16)) fail("holds " + m.problem + ", for which there is no tensor");
    Shape s = shape(space);
    if (m.kind == Meaning::Kind::kTexts) return {{}, H5Sget_simple_extent_type(space) == H5S_NULL ? std::vector<std::string>{} : texts(type, s)};
    return {numbers(m, type, s), {}};
  }
};

class Reader final : public Hdf5Reader {
 public:
  explicit Reader(const std::string& path) : name_(path) {
    File readable(path);  // the plain reasons: not there, a folder, not permitted
    Session session;
    Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_file_locking(access, false, true);  // read-only folders and network file systems know no locks
    open(access);
  }
  Reader(std::string bytes, const std::string& name) : name_(name), bytes_(std::move(bytes)) {
    if (bytes_.empty()) hdf5::fail(name_, "", "is no HDF5 file: it is empty");
    Session session;
    Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5FD_file_image_callbacks_t ours = borrowed(&bytes_);
    H5Pset_fapl_core(access, 1 << 16, false);
    H5Pset_file_image_callbacks(access, &ours);
    H5Pset_file_image(access, bytes_.data(), bytes_.size());
    open(access);
  }
  ~Reader() override {
    Session session;
    file_ = Handle();
  }

  const std::string& name() const override { return name_; }

  Kind kind(const std::string& path) const override {
    Session session;
    Kind found;
    find(path, &found);
    return found;
  }

  std::vector<std::string> members(const std::string& group) const override {
    Session session;
    Handle g = opened(group, Kind::kGroup);
    std::vector<std::string> names;
    herr_t went = H5Literate(g, H5_INDEX_NAME, H5_ITER_INC, nullptr,
                             [](hid_t, const char* n, const H5L_info_t*, void* to) -> herr_t {
                               static_cast<std::vector<std::string>*>(to)->push_back(n);
                               return 0;
                             },
                             &names);
    if (went < 0) fail(group, "its members cannot be listed" + reason());
    return names;
  }

  Hdf5Value read(const std::string& path) const override {
    Session session;
    Handle d = opened(path, Kind::kDataset);
    Handle made(H5Dget_create_plist(d), H5Pclose);
    if (!made.open()) fail(path, "cannot be read" + reason());
    if (H5Pget_layout(made) == H5D_VIRTUAL || H5Pget_external_count(made) > 0) fail(path, "its values lie in other files, which are not followed");
    Handle type(H5Dget_type(d), H5Tclose);
    bool marked = type.open() && meaning_of(type).kind == Meaning::Kind::kOpaque16 && H5Aexists(d, "dtype") > 0;
    if (marked) {
      Handle a(H5Aopen(d, "dtype", H5P_DEFAULT), H5Aclose);
      Hdf5Value v = Stored{name_, path + "\" attribute \"dtype", a, true}.value(false);
      marked = v.texts.size() == 1 && v.texts[0] == "bfloat16";
    }
    return Stored{name_, path, d, false}.value(marked);
  }

  std::vector<std::string> attributes(const std::string& path) const override {
    Session session;
    Handle o = opened(path, Kind::kOther);
    std::vector<std::string> names;
    herr_t went = H5Aiterate2(o, H5_INDEX_NAME, H5_ITER_INC, nullptr,
                              [](hid_t, const char* n, const H5A_info_t*, void* to) -> herr_t {
                                static_cast<std::vector<std::string>*>(to)->push_back(n);
                                return 0;
                              },
                              &names);
    if (went < 0) fail(path, "its attributes cannot be listed" + reason());
    return names;
  }

  Hdf5Value attribute(const std::string& path, const std::string& attribute_name) const override {
    Session session;
    Handle o = opened(path, Kind::kOther);
    Handle a(H5Aopen(o, attribute_name.c_str(), H5P_DEFAULT), H5Aclose);
    if (!a.open()) fail(path, "has no readable attribute \"" + attribute_name + "\"" + reason());
    return Stored{name_, path + "\" attribute \"" + attribute_name, a, true}.value(false);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& problem) const { hdf5::fail(name_, path.empty() ? "/" : path, problem); }

  void open(hid_t access) {
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);  // damaged files leave things open
    H5PLset_loading_state(0);  // a file does not choose code to be loaded
    file_ = Handle(H5Fopen(name_.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
    if (!file_.open()) hdf5::fail(name_, "", "is no HDF5 file, or a damaged one" + reason());
  }

  // Step by step, so that a link to another place or file is seen before it is followed.
  Handle find(const std::string& path, Kind* found) const {
    *found = Kind::kGroup;
    Handle at(H5Oopen(file_, "/", H5P_DEFAULT), H5Oclose);
    if (!at.open()) fail("", "cannot be opened" + reason());
    for (const std::string& part : components(path)) {
      *found = Kind::kNothing;
      if (part == "." || H5Iget_type(at) != H5I_GROUP || H5Lexists(at, part.c_str(), H5P_DEFAULT) <= 0) return {};
      H5L_info_t link;
      if (H5Lget_info(at, part.c_str(), &link, H5P_DEFAULT) < 0) fail(path, "cannot be opened" + reason());
      *found = Kind::kLink;
      if (link.type != H5L_TYPE_HARD) return {};
      at = Handle(H5Oopen(at, part.c_str(), H5P_DEFAULT), H5Oclose);
      if (!at.open()) fail(path, "cannot be opened" + reason());
      H5I_type_t type = H5Iget_type(at);
      *found = type == H5I_GROUP ? Kind::kGroup : type == H5I_DATASET ? Kind::kDataset : Kind::kOther;
    }
    return at;
  }
  Handle opened(const std::string& path, Kind expected) const {  // kOther: anything that is there
    Kind kind;
    Handle o = find(path, &kind);
    if (kind == Kind::kNothing) fail(path, "is not there");
    if (kind == Kind::kLink) fail(path, "is a link to another place, which is not followed");
    if (expected != Kind::kOther && kind != expected) fail(path, expected == Kind::kGroup ? "is no group" : "is no dataset");
    return o;
  }

  std::string name_, bytes_;
  Handle file_;
};

class Writer final : public Hdf5Writer {
 public:
  Writer() {
    Session session;
    Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fapl_core(access, 1 << 20, false);
    file_ = Handle(H5Fcreate("reel.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
    if (!file_.open()) fail("", "cannot be made" + reason());
  }
  ~Writer() override {
    Session session;
    file_ = Handle();
  }

  void group(const std::string& path) override {
    Session session;
    make_group(path);
  }

  void write(const std::string& path, const Tensor& x) override {
    if (!x) fail(path, "the tensor holds nothing");
    NoGrad no_grad;
    Tensor host = contiguous(to(x, cpu()));
    Session session;
    size_t slash = path.rfind('/');
    if (slash != std::string::npos) make_group(path.substr(0, slash));
    if (components(path).empty() || H5Lexists(file_, path.c_str(), H5P_DEFAULT) > 0) fail(path, "is there already");
    Handle type = stored_type(x.dtype()), space = space_of(x.shape()), how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_obj_track_times(how, false);  // the same tensors make the same file
    Handle d(H5Dcreate2(file_, path.c_str(), type, space, H5P_DEFAULT, how, H5P_DEFAULT), H5Dclose);
    if (!d.open() || (x.size() && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, host.raw()) < 0)) fail(path, "cannot be written" + reason());
    if (x.dtype() == bfloat16) attribute(path, "dtype", std::string("bfloat16"));
  }

  void attribute(const std::string& path, const std::string& name, const std::string& text) override {
    Session session;
    put(path, name, Handle(H5Screate(H5S_SCALAR), H5Sclose), {text});
  }
  void attribute(const std::string& path, const std::string& name, const std::vector<std::string>& texts) override {
    Session session;
    put(path, name, space_of({int64_t(texts.size())}), texts);
  }
  void attribute(const std::string& path, const std::string& name, const Tensor& x) override {
    if (!x) fail(path, "the tensor of its attribute \"" + name + "\" holds nothing");
    NoGrad no_grad;
    Tensor host = contiguous(to(x, cpu()));
    Session session;
    put(path, name, stored_type(x.dtype()), space_of(x.shape()), host.size() ? host.raw() : nullptr);
  }

  std::string bytes() const override {
    Session session;
    H5Fflush(file_, H5F_SCOPE_GLOBAL);
    ssize_t n = H5Fget_file_image(file_, nullptr, 0);
    std::string all(n > 0 ? size_t(n) : 0, '\0');
    if (n <= 0 || H5Fget_file_image(file_, all.data(), all.size()) != n) fail("", "cannot be put together" + reason());
    return all;
  }

 private:
  [[noreturn]] static void fail(const std::string& path, const std::string& problem) { hdf5::fail("new HDF5 file", path, problem); }

  void make_group(const std::string& path) {
    std::string at;
    for (const std::string& part : components(path)) {
      at += "/" + part;
      if (part == ".") fail(path, "\".\" is no name");
      H5O_info_t info;
      if (H5Lexists(file_, at.c_str(), H5P_DEFAULT) > 0) {
        if (H5Oget_info_by_name(file_, at.c_str(), &info, H5P_DEFAULT) < 0 || info.type != H5O_TYPE_GROUP) fail(at, "is there already, and no group");
        continue;
      }
      Handle g(H5Gcreate2(file_, at.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
      if (!g.open()) fail(at, "cannot be made" + reason());
    }
  }

  static Handle space_of(const Shape& shape) {
    if (shape.rank() == 0) return Handle(H5Screate(H5S_SCALAR), H5Sclose);
    std::vector<hsize_t> dims(shape.begin(), shape.end());
    return Handle(H5Screate_simple(shape.rank(), dims.data(), nullptr), H5Sclose);
  }

  void put(const std::string& path, const std::string& name, const Handle& space, const std::vector<std::string>& texts) {
    Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    std::vector<const char*> at;
    for (const std::string& t : texts) {
      if (t.find('\0') != std::string::npos) fail(path, "a text of its attribute \"" + name + "\" holds a zero byte");
      at.push_back(t.c_str());
    }
    put(path, name, type, space, at.empty() ? nullptr : at.data());
  }
  void put(const std::string& path, const std::string& name, const Handle& type, const Handle& space, const void* data) {
    std::string from = components(path).empty() ? "/" : path;
    if (from != "/" && H5Lexists(file_, from.c_str(), H5P_DEFAULT) <= 0) fail(path, "is not there to get an attribute");
    Handle o(H5Oopen(file_, from.c_str(), H5P_DEFAULT), H5Oclose);
    if (H5Aexists(o, name.c_str()) > 0) fail(path, "has an attribute \"" + name + "\" already");
    Handle a(H5Acreate2(o, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (!a.open() || (data && H5Awrite(a, type, data) < 0)) fail(path, "its attribute \"" + name + "\" cannot be written" + reason());
  }

  Handle file_;
};

}  // namespace
}  // namespace reel::hdf5

extern "C" const reel::Hdf5Module* reel_hdf5() {
  using namespace reel;
  static const Hdf5Module module{[](const std::string& path) -> Hdf5Reader* { return new hdf5::Reader(path); },
                                 [](std::string bytes, const std::string& name) -> Hdf5Reader* { return new hdf5::Reader(std::move(bytes), name); },
                                 []() -> Hdf5Writer* { return new hdf5::Writer; }};
  return &module;
}
