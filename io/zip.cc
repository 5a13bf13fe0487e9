#include "io/zip.h"

#include <zlib.h>

#include <algorithm>

namespace reel {
namespace {

constexpr uint32_t kLocalMark = 0x04034b50, kEntryMark = 0x02014b50, kEndMark = 0x06054b50, kEnd64Mark = 0x06064b50, kLocator64Mark = 0x07064b50;
constexpr int64_t kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr int64_t kLongestTable = 256 << 20;
constexpr uint32_t kIn64 = 0xffffffff;  // a 32-bit field whose value stands in the zip64 record
constexpr uint16_t kZip64Field = 1;
constexpr uint16_t kEncrypted = 1, kUtf8 = 1 << 11;

// Little-endian numbers of 2, 4 and 8 bytes; the caller has checked that they are there.
uint64_t number(const char* at, int bytes) {
  uint64_t n = 0;
  for (int i = 0; i < bytes; ++i) n |= uint64_t(uint8_t(at[i])) << (8 * i);
  return n;
}
uint16_t u16(const char* at) { return uint16_t(number(at, 2)); }
uint32_t u32(const char* at) { return uint32_t(number(at, 4)); }
int64_t i64(const char* at) { return int64_t(number(at, 8)); }

void put(std::string& to, uint64_t n, int bytes) {
  for (int i = 0; i < bytes; ++i) to += char(n >> (8 * i));
}

std::string bytes_at(const File& file, int64_t offset, int64_t bytes) {
  std::string s(size_t(bytes), '\0');
  file.read(offset, s.data(), bytes);
  return s;
}

// Fills in what an entry of the table leaves to its zip64 record: the values that are there stand in this order.
void read_zip64(const File& file, std::string_view extra, int64_t* const fields[3]) {
  while (extra.size() >= 4) {
    size_t length = u16(extra.data() + 2);
    if (length > extra.size() - 4) break;
    if (u16(extra.data()) == kZip64Field) {
      std::string_view rest = extra.substr(4, length);
      for (int i = 0; i < 3; ++i) {
        if (*fields[i] != int64_t(kIn64)) continue;
        if (rest.size() < 8) file.fail("damaged zip64 record");
        *fields[i] = i64(rest.data());
        rest.remove_prefix(8);
      }
      return;
    }
    extra.remove_prefix(4 + length);
  }
}

uint32_t checksum(uint32_t so_far, const char* data, size_t bytes) {
  if (bytes == 0) return so_far;  // of no buffer zlib answers the checksum of nothing
  return uint32_t(crc32_z(so_far, reinterpret_cast<const Bytef*>(data), bytes));
}

}  // namespace

ZipReader::ZipReader(const std::string& path) : file_(path) { read_table(); }

void ZipReader::read_table() {
  // The end record is found from behind: only a comment of at most 65535 bytes follows it.
  int64_t tail = std::min<int64_t>(file_.size(), kEndBytes + 65535);
  std::string last = bytes_at(file_, file_.size() - tail, tail);
  int64_t at = tail - kEndBytes;
  while (at >= 0 && !(u32(&last[size_t(at)]) == kEndMark && at + kEndBytes + u16(&last[size_t(at + 20)]) == tail)) --at;
  if (at < 0) file_.fail("is not a zip archive, or a truncated one: its table of contents is missing");
  const char* end = &last[size_t(at)];
  int64_t count = u16(end + 10), bytes = u32(end + 12), offset = u32(end + 16);
  if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != count) file_.fail("is one part of a divided zip archive");
  int64_t table_end = file_.size() - tail + at;
  if (int64_t locator = table_end - kLocator64Bytes; locator >= 0 && u32(bytes_at(file_, locator, 4).data()) == kLocator64Mark) {
    int64_t end64 = i64(bytes_at(file_, locator, kLocator64Bytes).data() + 8);
    if (end64 < 0 || end64 > locator - kEnd64Bytes) file_.fail("damaged zip64 end record");
    std::string record = bytes_at(file_, end64, kEnd64Bytes);
    if (u32(record.data()) != kEnd64Mark) file_.fail("damaged zip64 end record");
    count = i64(&record[32]), bytes = i64(&record[40]), offset = i64(&record[48]);
    table_end = end64;
  }
  if (bytes < 0 || offset < 0 || offset > table_end || bytes != table_end - offset || count < 0 || count > bytes / kEntryBytes || bytes > kLongestTable)
    file_.fail("damaged zip table of contents: " + std::to_string(count) + " entries in " + std::to_string(bytes) + " bytes at offset " +
               std::to_string(offset) + ", which must end at " + std::to_string(table_end));

  std::string table = bytes_at(file_, offset, bytes);
  std::string_view rest = table;
  for (int64_t i = 0; i < count; ++i) {
    size_t whole = rest.size() < size_t(kEntryBytes) ? 0 : size_t(kEntryBytes) + u16(&rest[28]) + u16(&rest[30]) + u16(&rest[32]);
    if (!whole || whole > rest.size() || u32(rest.data()) != kEntryMark) file_.fail("damaged zip table of contents at entry " + std::to_string(i));
    Entry e;
    e.name = rest.substr(size_t(kEntryBytes), u16(&rest[28]));
    int method = u16(&rest[10]);
    if (u16(&rest[8]) & kEncrypted) file_.fail("its entry \"" + e.name + "\" is encrypted");
    if (method != 0 && method != 8)
      file_.fail("its entry \"" + e.name + "\" is compressed by method " + std::to_string(method) + "; 0 (stored) and 8 (deflate) are read");
    e.deflated = method == 8;
    e.crc = u32(&rest[16]);
    e.packed = u32(&rest[20]), e.bytes = u32(&rest[24]);
    int64_t header = u32(&rest[42]);
    int64_t* fields[] = {&e.bytes, &e.packed, &header};
    read_zip64(file_, rest.substr(size_t(kEntryBytes) + u16(&rest[28]), u16(&rest[30])), fields);
    locate_data(e, header, offset);
    entries_.push_back(std::move(e));
    rest.remove_prefix(whole);
  }
  if (!rest.empty()) file_.fail("damaged zip table of contents: " + std::to_string(rest.size()) + " bytes follow its last entry");

  std::vector<const Entry*> sorted;
  for (const Entry& e : entries_) sorted.push_back(&e);
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) { return a->name < b->name; });
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i]->name == sorted[i - 1]->name) file_.fail("two entries are called \"" + sorted[i]->name + "\"");
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i]->offset < sorted[i - 1]->offset + sorted[i - 1]->packed)
      file_.fail("the entries \"" + sorted[i - 1]->name + "\" and \"" + sorted[i]->name + "\" overlap");
}

void ZipReader::locate_data(Entry& e, int64_t header, int64_t table) const {
  if (header < 0 || header > table - kLocalBytes) file_.fail("damaged zip archive: its entry \"" + e.name + "\" begins at offset " + std::to_string(header));
  std::string local = bytes_at(file_, header, kLocalBytes);
  if (u32(local.data()) != kLocalMark) file_.fail("damaged zip archive: no entry stands at offset " + std::to_string(header));
  e.offset = header + kLocalBytes + u16(&local[26]) + u16(&local[28]);
  if (e.packed < 0 || e.bytes < 0 || e.offset > table || e.packed > table - e.offset || (!e.deflated && e.packed != e.bytes) ||
      u16(&local[26]) != e.name.size() || bytes_at(file_, header + kLocalBytes, int64_t(e.name.size())) != e.name)
    file_.fail("damaged zip archive: its entry \"" + e.name + "\" does not agree with the table of contents");
}

ZipSource::ZipSource(const ZipReader& zip, const ZipReader::Entry& e) : left_(e.bytes), expected_(e.crc), crc_(0) {
  if (e.deflated) packed_ = new InflateSource(zip.file(), e.offset, e.packed, InflateSource::Format::kDeflate);
  else packed_ = new PlainSource(zip.file(), e.offset, e.packed);
}

int64_t ZipSource::at_most() const { return std::min(left_, packed_->at_most()); }

void ZipSource::read(void* to, int64_t bytes) {
  if (bytes > left_) file().fail("truncated: " + std::to_string(bytes) + " bytes expected, " + std::to_string(left_) + " are left of the entry");
  packed_->read(to, bytes);
  crc_ = checksum(crc_, static_cast<const char*>(to), size_t(bytes));
  left_ -= bytes;
}

void ZipSource::finish() {
  if (left_) file().fail(std::to_string(left_) + " bytes too many");
  packed_->finish();
  if (crc_ != expected_) file().fail("its checksum does not agree: the data are damaged");
}

void ZipWriter::add(const std::string& name, std::string_view head, std::string_view body) {
  if (name.size() > 65535) throw Error("zip: the name of an entry has " + std::to_string(name.size()) + " bytes, at most 65535 are possible");
  uint64_t offset = uint64_t(file_.size()), bytes = head.size() + body.size();
  bool big = bytes >= kIn64, far = offset >= kIn64;
  uint32_t crc = checksum(checksum(0, head.data(), head.size()), body.data(), body.size());
  // What the local header and the table have in common, up to the length of the extra field.
  auto common = [&](std::string& to, int extra) {
    put(to, big || far ? 45 : 20, 2);  // the version of the format a reader must know
    put(to, kUtf8, 2);
    put(to, 0, 2);                     // stored
    put(to, 0x00210000, 4);            // 1 January 1980: the same tensors make the same file
    put(to, crc, 4);
    put(to, big ? kIn64 : bytes, 4);
    put(to, big ? kIn64 : bytes, 4);
    put(to, name.size(), 2);
    put(to, uint64_t(extra), 2);
  };
  std::string local;
  put(local, kLocalMark, 4);
  common(local, big ? 20 : 0);
  local += name;
  if (big) put(local, kZip64Field, 2), put(local, 16, 2), put(local, bytes, 8), put(local, bytes, 8);
  file_.write(local);
  file_.write(head);
  file_.write(body);

  int fields = (big ? 16 : 0) + (far ? 8 : 0);
  put(table_, kEntryMark, 4);
  put(table_, big || far ? 45 : 20, 2);
  common(table_, fields ? 4 + fields : 0);
  put(table_, 0, 2 + 2 + 2);  // no comment, part 0, no attributes inside ...
  put(table_, 0, 4);          // ... or outside
  put(table_, far ? kIn64 : offset, 4);
  table_ += name;
  if (fields) put(table_, kZip64Field, 2), put(table_, uint64_t(fields), 2);
  if (big) put(table_, bytes, 8), put(table_, bytes, 8);
  if (far) put(table_, offset, 8);
  ++count_;
}

void ZipWriter::commit() {
  uint64_t offset = uint64_t(file_.size()), bytes = table_.size(), count = uint64_t(count_);
  std::string end;
  if (offset >= kIn64 || bytes >= kIn64 || count >= 0xffff) {
    put(end, kEnd64Mark, 4), put(end, kEnd64Bytes - 12, 8);
    put(end, 45, 2), put(end, 45, 2), put(end, 0, 4), put(end, 0, 4);
    put(end, count, 8), put(end, count, 8), put(end, bytes, 8), put(end, offset, 8);
    put(end, kLocator64Mark, 4), put(end, 0, 4), put(end, offset + bytes, 8), put(end, 1, 4);
  }
  put(end, kEndMark, 4), put(end, 0, 4);
  put(end, std::min<uint64_t>(count, 0xffff), 2), put(end, std::min<uint64_t>(count, 0xffff), 2);
  put(end, std::min<uint64_t>(bytes, kIn64), 4), put(end, std::min<uint64_t>(offset, kIn64), 4), put(end, 0, 2);
  file_.write(table_);
  file_.write(end);
  file_.commit();
}

}  // namespace reel
