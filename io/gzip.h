#pragma once
// Decompression through zlib in steps the reader asks for, so that a small file cannot fill the memory.
#include <vector>

#include "io/source.h"

struct z_stream_s;

namespace reel {

// A gzip file (of one or several members), or the bare deflate stream of a zip entry.
class InflateSource final : public Source {
 public:
  enum class Format { kGzip, kDeflate };
  InflateSource(const File& file, int64_t offset, int64_t bytes, Format format);
  ~InflateSource() override;
  InflateSource(const InflateSource&) = delete;
  InflateSource& operator=(const InflateSource&) = delete;
  void read(void* to, int64_t bytes) override;
  void finish() override;
  int64_t at_most() const override;
  const File& file() const override { return in_.file(); }

 private:
  int64_t inflate_some(void* to, int64_t bytes);  // 0 at the end
  void next_member();

  PlainSource in_;
  Format format_;
  z_stream_s* stream_;
  std::vector<unsigned char> buffer_;
  bool ended_ = false;
};

// The content of a file, decompressed when it begins as a gzip file does. The file must outlive the source.
class AnySource {
 public:
  explicit AnySource(const File& file);
  ~AnySource() { delete source_; }
  AnySource(const AnySource&) = delete;
  AnySource& operator=(const AnySource&) = delete;
  Source& operator*() const { return *source_; }

 private:
  Source* source_;
};

}  // namespace reel
