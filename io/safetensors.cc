#include "io/safetensors.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "io/values.h"
#include "tensor/mode.h"

namespace reel {
namespace {

using K = StoredType::Kind;
using nlohmann::json;

constexpr int64_t kLongestHeader = 16 << 20;
constexpr size_t kMostTensors = 1000000, kLongestName = 4096;
constexpr const char* kMetadata = "__metadata__";

struct TypeName {
  const char* name;
  StoredType type;
};
constexpr TypeName kTypes[] = {{"BOOL", {K::kBool, 1}}, {"U8", {K::kUnsigned, 1}}, {"I8", {K::kInt, 1}}, {"I16", {K::kInt, 2}},
                               {"I32", {K::kInt, 4}}, {"I64", {K::kInt, 8}}, {"F16", {K::kFloat, 2}}, {"BF16", {K::kBFloat, 2}},
                               {"F32", {K::kFloat, 4}}, {"F64", {K::kFloat, 8}}, {"U16", {K::kUnsigned, 2}}, {"U32", {K::kUnsigned, 4}},
                               {"U64", {K::kUnsigned, 8}}, {"C64", {K::kComplex, 8}}};

struct Record {
  std::string name;
  std::string type;
  Shape shape;
  StoredType stored;
  std::vector<int64_t> dims, offsets;
  bool has_shape = false, has_offsets = false;
};

// Takes the table as the parser meets it, so that keys given twice are seen and nothing but the table's own form is kept.
class Table : public json::json_sax_t {
 public:
  explicit Table(const File& file) : file_(&file) {}
  std::vector<Record> records;
  Metadata metadata;

  bool key(string_t& k) override {
    if (level_ == 1) {
      if (k.size() > kLongestName || k.find('\0') != std::string::npos) fail("a name is longer than 4096 bytes or holds a zero byte");
      if (!seen_.insert(k).second) fail("\"" + k + "\" occurs twice");
      in_metadata_ = k == kMetadata;
      if (in_metadata_) return true;
      if (records.size() == kMostTensors) fail("more than " + std::to_string(kMostTensors) + " tensors");
      records.emplace_back().name = k;
    } else if (in_metadata_) {
      if (!seen_metadata_.insert(k).second) fail("the metadata \"" + k + "\" occur twice");
      metadata.emplace_back(k, "");
    }
    key_ = k;
    return true;
  }
  bool start_object(std::size_t) override {
    if (in_list_ || level_ == 2) fail("an object at an unexpected place");
    ++level_;
    key_.clear();
    return true;
  }
  bool end_object() override {
    if (level_ == 2 && !in_metadata_) {
      const Record& r = records.back();
      if (r.type.empty() || !r.has_shape || !r.has_offsets) fail("\"" + r.name + "\" lacks its dtype, shape or data_offsets");
    }
    --level_;
    return true;
  }
  bool start_array(std::size_t) override {
    bool& has = key_ == "shape" ? record("a list").has_shape : record("a list").has_offsets;
    if (in_list_ || (key_ != "shape" && key_ != "data_offsets")) fail("a list at an unexpected place");
    if (has) fail("\"" + key_ + "\" of \"" + records.back().name + "\" occurs twice");
    return in_list_ = has = true;
  }
  bool end_array() override {
    in_list_ = false;
    return true;
  }
  bool number_unsigned(number_unsigned_t n) override {
    Record& r = record("a number");
    if (!in_list_) fail("a number at an unexpected place");
    if (n > uint64_t(INT64_MAX)) fail("the number " + std::to_string(n) + " is too large");
    std::vector<int64_t>& list = key_ == "shape" ? r.dims : r.offsets;
    if (list.size() > size_t(kMaxRank)) fail("\"" + key_ + "\" of \"" + r.name + "\" has more than " + std::to_string(kMaxRank) + " numbers");
    list.push_back(int64_t(n));
    return true;
  }
  bool string(string_t& s) override {
    if (level_ == 2 && in_metadata_) {
      metadata.back().second = s;
      return true;
    }
    Record& r = record("a text");
    if (in_list_ || key_ != "dtype" || !r.type.empty()) fail("a text at an unexpected place");
    r.type = s;
    return true;
  }
  bool number_integer(number_integer_t n) override { fail("the negative number " + std::to_string(n)); }
  bool number_float(number_float_t, const string_t& text) override { fail("the number " + text + ", which is not an integer"); }
  bool null() override { fail("a null"); }
  bool boolean(bool) override { fail("a truth value"); }
  bool binary(binary_t&) override { fail("binary data"); }
  bool parse_error(std::size_t at, const std::string&, const json::exception&) override {
    fail("no JSON at character " + std::to_string(at));
  }
  [[noreturn]] void fail(const std::string& problem) const { file_->fail("damaged safetensors header: " + problem); }

 private:
  // The tensor whose description is being read.
  Record& record(const char* what) {
    if (level_ != 2 || in_metadata_) fail(std::string(what) + " at an unexpected place");
    return records.back();
  }

  const File* file_;
  std::unordered_set<std::string> seen_, seen_metadata_;
  std::string key_;
  int level_ = 0;
  bool in_list_ = false, in_metadata_ = false;
};

// Resolves dtypes and shapes, and checks that the tensors tile the data without gap or overlap. Returns the records by offset.
std::vector<const Record*> check(const File& file, Table& table, int64_t data_bytes) {
  std::vector<const Record*> sorted;
  for (Record& r : table.records) {
    const TypeName* t = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& n) { return r.type == n.name; });
    if (t == std::end(kTypes)) file.fail("the dtype \"" + r.type.substr(0, 32) + "\" of \"" + r.name + "\" has no counterpart here");
    r.stored = t->type;
    r.shape = checked_shape(file, r.dims);
    if (r.offsets.size() != 2 || r.offsets[0] > r.offsets[1] || r.offsets[1] - r.offsets[0] != checked_bytes(r.shape, r.stored.bytes))
      file.fail("the data_offsets of \"" + r.name + "\" do not agree with its dtype " + r.type + " and shape " + to_string(r.shape));
    sorted.push_back(&r);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Record* a, const Record* b) { return a->offsets < b->offsets; });
  int64_t at = 0;
  for (const Record* r : sorted) {
    if (r->offsets[0] != at)
      file.fail("the data of \"" + r->name + "\" begin at " + std::to_string(r->offsets[0]) + ", where its neighbour ends at " + std::to_string(at));
    at = r->offsets[1];
  }
  if (at != data_bytes)
    file.fail((at > data_bytes ? "truncated: " : "too long: ") + std::to_string(at) + " bytes of data are described, " + std::to_string(data_bytes) +
              " are there");
  return sorted;
}

const char* type_name(DType t) {
  for (const TypeName& n : kTypes)
    if (dtype_of(n.type) == t) return n.name;
  return "";
}

std::string quoted(const std::string& text) {
  if (text.size() > kLongestHeader) throw Error("save_safetensors: a text of " + std::to_string(text.size()) + " bytes does not fit the header");
  try {
    return json(text).dump();
  } catch (const json::exception&) {
    throw Error("save_safetensors: the name or text \"" + text.substr(0, 80) + "\" is not UTF-8");
  }
}

}  // namespace

NamedTensors load_safetensors(const std::string& path, Metadata* metadata, Where where) {
  return located(where, [&] {
    NoGrad no_grad;
    File file(path);
    unsigned char length[8];
    file.read(0, length, 8);
    uint64_t n = 0;
    for (int i = 7; i >= 0; --i) n = n << 8 | length[i];
    if (n > uint64_t(kLongestHeader)) file.fail("is not a safetensors file, or damaged: its header claims " + std::to_string(n) + " bytes; 16 MiB are possible");
    std::string text(size_t(std::min(int64_t(n), file.size() - 8)), '\0');
    if (text.size() < n) file.fail("truncated: its header has " + std::to_string(n) + " bytes, the file " + std::to_string(file.size()));
    file.read(8, text.data(), int64_t(n));
    Table table(file);
    if (text.empty() || text[0] != '{') table.fail("it does not begin with {");
    json::sax_parse(text, &table);

    std::vector<const Record*> sorted = check(file, table, file.size() - 8 - int64_t(n));
    NamedTensors tensors(table.records.size());
    PlainSource source(file, 8 + int64_t(n), file.size() - 8 - int64_t(n));
    for (const Record* r : sorted) {
      auto& [name, x] = tensors[size_t(r - table.records.data())];
      name = r->name;
      x = read_values(source, r->stored, r->shape);
    }
    if (metadata) *metadata = std::move(table.metadata);
    return tensors;
  });
}

void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata, Where where) {
  located(where, [&] {
    if (tensors.size() > kMostTensors) throw Error("save_safetensors: more than " + std::to_string(kMostTensors) + " tensors");
    for (const auto& [name, x] : tensors) {
      if (x && x.dtype() == complex128)
        throw DTypeError("save_safetensors: the format knows no complex128 (cast to complex64, or save_npz keeps it)\n  a  " + describe(x));
      if (name == kMetadata || name.size() > kLongestName)
        throw Error("save_safetensors: a tensor cannot be called \"" + name.substr(0, 80) + "\"" + (name == kMetadata ? "" : "...: 4096 bytes are possible"));
    }
    Tensors host = host_tensors(tensors);

    std::vector<size_t> order(host.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return item_size(host[a].dtype()) > item_size(host[b].dtype()); });
    std::vector<int64_t> begin(host.size());
    int64_t at = 0;
    for (size_t i : order) begin[i] = at, at += host[i].bytes();

    std::string header = "{";
    std::unordered_set<std::string> seen;
    for (size_t i = 0; i < metadata.size(); ++i) {
      if (!seen.insert(metadata[i].first).second) throw Error("save_safetensors: the metadata \"" + metadata[i].first + "\" occur twice");
      header += (i ? "," : "\"__metadata__\":{") + quoted(metadata[i].first) + ":" + quoted(metadata[i].second) + (i + 1 == metadata.size() ? "}" : "");
    }
    for (size_t i = 0; i < host.size(); ++i) {
      header += (header.size() > 1 ? "," : "") + quoted(tensors[i].first) + ":{\"dtype\":\"" + type_name(host[i].dtype()) + "\",\"shape\":[";
      for (int k = 0; k < host[i].rank(); ++k) header += (k ? "," : "") + std::to_string(host[i].shape()[k]);
      header += "],\"data_offsets\":[" + std::to_string(begin[i]) + "," + std::to_string(begin[i] + host[i].bytes()) + "]}";
    }
    header += "}";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    if (int64_t(header.size()) > kLongestHeader) throw Error("save_safetensors: names, shapes and metadata take " + std::to_string(header.size()) + " bytes; 16 MiB are possible");

    std::string length;
    for (int i = 0; i < 8; ++i) length += char(uint64_t(header.size()) >> (8 * i));
    NewFile file(path);
    file.write(length + header);
    for (size_t i : order) file.write(host[i].raw(), host[i].bytes());
    file.commit();
  });
}

}  // namespace reel
