#pragma once
// Bytes in order, from part of a file or decompressed on the way: readers of formats need not know which.
#include <cstdint>

#include "io/file.h"

namespace reel {

class Source {
 public:
  virtual ~Source() = default;
  // Exactly that many bytes; FileError when fewer are left.
  virtual void read(void* to, int64_t bytes) = 0;
  // Throws FileError unless everything was read and, where the format has one, the checksum agrees.
  virtual void finish() = 0;
  // No more than that many bytes can still come: what a reader checks before it allocates for a size that the file claims.
  virtual int64_t at_most() const = 0;
  virtual const File& file() const = 0;
};

// `bytes` bytes of a file from `offset` on; the file must outlive it.
class PlainSource final : public Source {
 public:
  PlainSource(const File& file, int64_t offset, int64_t bytes);
  explicit PlainSource(const File& file) : PlainSource(file, 0, file.size()) {}
  void read(void* to, int64_t bytes) override;
  void finish() override;
  int64_t at_most() const override { return left_; }
  const File& file() const override { return *file_; }

 private:
  const File* file_;
  int64_t at_, left_;
};

}  // namespace reel
