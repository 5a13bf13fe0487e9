#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace reel {
namespace {

// The most that one call asks the system for; Linux itself stops at 2^31 - 4096.
constexpr int64_t kOneCall = int64_t(1) << 30;

std::string system_problem(const char* doing) { return std::string(doing) + ": " + std::strerror(errno); }

const char* kind_of(mode_t mode) { return S_ISDIR(mode) ? "is a folder" : "is not a regular file"; }

}  // namespace

File::File(const std::string& path) : path_(path) {
  // Without O_NONBLOCK opening a pipe would wait for its writer.
  handle_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (handle_ < 0) fail(system_problem("cannot open"));
  struct stat s;
  std::string problem;
  if (fstat(handle_, &s) != 0) problem = system_problem("cannot examine");
  else if (!S_ISREG(s.st_mode)) problem = kind_of(s.st_mode);
  if (!problem.empty()) {
    close(handle_);
    fail(problem);
  }
  size_ = int64_t(s.st_size);
}

File::~File() { close(handle_); }

void File::fail(const std::string& problem) const { throw FileError(path_ + ": " + problem); }

void File::read(int64_t offset, void* to, int64_t bytes) const {
  if (offset < 0 || bytes < 0 || offset > size_ || bytes > size_ - offset)
    fail("truncated: " + std::to_string(bytes) + " bytes expected at offset " + std::to_string(offset) + ", the file has " +
         std::to_string(size_) + " bytes");
  char* at = static_cast<char*>(to);
  while (bytes > 0) {
    ssize_t got = pread(handle_, at, size_t(std::min(bytes, kOneCall)), off_t(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(system_problem("cannot read"));
    if (got == 0) fail("became shorter while it was read");
    at += got, offset += got, bytes -= got;
  }
}

NewFile::NewFile(const std::string& path) : path_(path), target_(path) {
  if (char* real = realpath(path.c_str(), nullptr)) {
    target_ = real;
    std::free(real);
  }
  struct stat s;
  bool exists = stat(target_.c_str(), &s) == 0;
  if (exists && !S_ISREG(s.st_mode)) throw FileError(path_ + ": " + kind_of(s.st_mode));
  static std::atomic<int> serial{0};
  do {
    beside_ = target_ + "." + std::to_string(getpid()) + "-" + std::to_string(serial.fetch_add(1)) + ".part";
    handle_ = open(beside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (handle_ < 0 && errno == EEXIST);
  if (handle_ < 0) throw FileError(path_ + ": " + system_problem("cannot write beside it"));
  // A failure here, as on file systems without permissions, costs only the old permissions.
  if (exists) (void)!fchmod(handle_, s.st_mode & 07777);
}

NewFile::~NewFile() {
  if (handle_ < 0) return;
  close(handle_);
  unlink(beside_.c_str());
}

void NewFile::fail(const char* doing) { throw FileError(path_ + ": " + system_problem(doing)); }

void NewFile::write(const void* data, int64_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    ssize_t put = ::write(handle_, at, size_t(std::min(bytes, kOneCall)));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("cannot write");
    at += put, size_ += put, bytes -= put;
  }
}

void NewFile::commit() {
  if (fsync(handle_) != 0) fail("cannot bring to disk");
  if (rename(beside_.c_str(), target_.c_str()) != 0) fail("cannot rename the finished file");
  close(handle_);
  handle_ = -1;
  // The rename itself is on disk once the folder is; where folders cannot be synchronised there is nothing more to do.
  size_t slash = target_.rfind('/');
  int folder = open(slash == std::string::npos ? "." : target_.substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

std::string read_file(const std::string& path, int64_t limit, Where where) {
  return located(where, [&] {
    File file(path);
    if (file.size() > limit) file.fail("has " + std::to_string(file.size()) + " bytes, more than the limit of " + std::to_string(limit));
    std::string content(size_t(file.size()), '\0');
    file.read(0, content.data(), file.size());
    return content;
  });
}

void write_file(const std::string& path, std::string_view content, Where where) {
  located(where, [&] {
    NewFile file(path);
    file.write(content);
    file.commit();
  });
}

}  // namespace reel
