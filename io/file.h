#pragma once
// Files read at checked offsets, and files that appear under their name only when they are complete.
#include <cstdint>
#include <string>
#include <string_view>

#include "tensor/error.h"

namespace reel {

// A regular file open for reading. Every failure, a read past the end among them, is a FileError that names it.
class File {
 public:
  explicit File(const std::string& path);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }
  void read(int64_t offset, void* to, int64_t bytes) const;
  // Throws FileError "path: problem".
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  std::string path_;
  int handle_ = -1;
  int64_t size_ = 0;
};

// A file being written beside its final name, in the same folder. commit() brings it to disk and renames it, so that whoever
// opens `path` finds the old content or the new one, whole; without commit() nothing stays behind. A link is followed, an
// existing file's permissions are kept, and a device or folder under that name is refused.
class NewFile {
 public:
  explicit NewFile(const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  int64_t size() const { return size_; }  // bytes written so far
  void write(const void* data, int64_t bytes);
  void write(std::string_view text) { write(text.data(), int64_t(text.size())); }
  void commit();

 private:
  [[noreturn]] void fail(const char* doing);

  std::string path_, target_, beside_;  // as given, without links, and what is written
  int handle_ = -1;
  int64_t size_ = 0;
};

// A whole file; one longer than `limit` bytes is refused before anything is read.
std::string read_file(const std::string& path, int64_t limit = int64_t(1) << 32, Where where = {});
// Replaces or makes a file as NewFile does.
void write_file(const std::string& path, std::string_view content, Where where = {});

}  // namespace reel
