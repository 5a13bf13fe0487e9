#pragma once
// Zip archives as npz files need them: stored and deflated entries are read, stored ones written.
// Format: PKWARE's APPNOTE 6.3; archives and entries above 4 GiB use its zip64 records.
#include "io/gzip.h"

namespace reel {

class ZipReader {
 public:
  struct Entry {
    std::string name;
    int64_t bytes;             // unpacked
    int64_t offset, packed;    // of its data in the file
    uint32_t crc;
    bool deflated;
  };
  // Reads and checks the table of contents. FileError when the archive is truncated, damaged, encrypted or in parts, when two
  // entries share a name or overlap, or one is compressed by other means than deflate.
  explicit ZipReader(const std::string& path);
  const File& file() const { return file_; }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  void read_table();
  void locate_data(Entry& entry, int64_t header, int64_t table) const;

  File file_;
  std::vector<Entry> entries_;
};

// The content of one entry; finish() compares its checksum.
class ZipSource final : public Source {
 public:
  ZipSource(const ZipReader& zip, const ZipReader::Entry& entry);
  ~ZipSource() override { delete packed_; }
  ZipSource(const ZipSource&) = delete;
  ZipSource& operator=(const ZipSource&) = delete;
  void read(void* to, int64_t bytes) override;
  void finish() override;
  int64_t at_most() const override;
  const File& file() const override { return packed_->file(); }

 private:
  Source* packed_;
  int64_t left_;
  uint32_t expected_, crc_;
};

class ZipWriter {
 public:
  explicit ZipWriter(const std::string& path) : file_(path) {}
  // One entry, its content in two pieces.
  void add(const std::string& name, std::string_view head, std::string_view body = {});
  // Writes the table of contents and puts the archive under its name.
  void commit();

 private:
  NewFile file_;
  std::string table_;
  int64_t count_ = 0;
};

}  // namespace reel
